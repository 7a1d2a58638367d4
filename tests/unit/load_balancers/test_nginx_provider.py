# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nginx as the carrier of UDP: files of an earlier version, room for clients, who watches its members."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.module_utils._udp_health import health, table_text, watched
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.driver import monitor_name
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Monitor
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.driver import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.provider import NginxProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task

from .memory_devices import MemoryHost
from .results import SERVICE, answer

PATH = "/etc/nginx/modules-enabled/90-msuc-lync.conf"
STUN = replace(SERVICE, protocol="udp", source_nat=False, monitor=Monitor(443, 10, 2), idle_seconds=180)
# What version 0.1 wrote of it.
EARLIER = (
    DRIVER.render([STUN])
    .text.replace("$remote_addr:$remote_port", "$remote_addr")
    .replace("proxy_timeout 180s", "proxy_timeout 1800s")
    .replace(f"        # asked as {monitor_name(STUN)}\n", "")
)


def brought(host: MemoryHost, state: State = State.REPLACED, **more: Any) -> Mapping[str, Any]:
    provider = NginxProvider(Task(state, (STUN,)), lambda given: {**host.remote(given), **more}, PATH)
    return answer(provider, check_mode=True)


def watching(text: str, **seen: Any) -> dict[str, Any]:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"is_managed": True, "seen": {"digest": digest, "down": [], "unasked": [], "error": "", **seen}}


def test_a_file_of_the_earlier_version_is_understood_and_written_anew() -> None:
    host = MemoryHost(files={PATH: EARLIER})
    kept = brought(host, State.MERGED)
    assert "failed" not in kept and kept["warnings"] == []
    properties = {item["property"] for change in kept["changes"] for item in change["properties"]}
    assert properties == {"idle_seconds", "monitor"}


@pytest.mark.parametrize(
    ("main", "room"),
    [
        ("events { worker_connections 768; }", 384),
        ("worker_rlimit_nofile 4096;\nevents { worker_connections 16384; }", 2048),
        ("events { }", 256),
    ],
)
def test_too_little_room_is_refused_before_a_write(main: str, room: int) -> None:
    host = MemoryHost(files={}, others=[("/etc/nginx/nginx.conf", main)])
    result = brought(host)
    assert result["failed"] and f"room for {room} ports of clients" in result["msg"]
    assert set(host.operations) == {"gather"}


def test_a_service_that_does_not_watch_the_file_as_it_is_is_started() -> None:
    text = DRIVER.render([STUN]).text
    for watch, lines in (
        (watching(text), []),
        ({"is_managed": True, "seen": None}, ["start msuc-lync-udp.service"]),
        (watching("an older file"), ["start msuc-lync-udp.service"]),
        ({"is_managed": False, "seen": None}, []),
    ):
        result = brought(MemoryHost(files={PATH: text}), watch=watch)
        assert result["lines"] == lines and result["changed"] == bool(lines)
        assert any("no systemd" in text for text in result["warnings"]) is not watch["is_managed"]


def test_what_it_cannot_tell_is_a_warning_and_who_is_down_is_told() -> None:
    text = DRIVER.render([STUN]).text
    watch = watching(text, down=[f"10.1.0.11 {STUN.node_port}"], unasked=["10.1.0.12"], error="no such file")
    result = brought(MemoryHost(files={PATH: text}), watch=watch)
    assert result["health"] == {"up": len(STUN.members) - 1, "down": [f"{STUN.name} 10.1.0.11"]}
    assert any("asks nobody of 10.1.0.12" in each for each in result["warnings"])
    assert any("no such file" in each for each in result["warnings"])


def test_what_the_service_reads_and_writes() -> None:
    wanted = replace(STUN, vip="2001:db8::100", members=(replace(STUN.members[0], address="2001:db8::11"),))
    assert watched(DRIVER.render([wanted]).text) == {(monitor_name(STUN), "2001:db8::11", STUN.node_port)}
    said = "1\n# be_id\n3 lync-monitor-x 1 10.1.0.11 10.1.0.11 0 0 1 1 5 6 3 4\n"
    assert health(said) == {("lync-monitor-x", "10.1.0.11"): False}
    for strange in ("", "Can't find the target PID", "2\n"):
        with pytest.raises(ValueError, match="HAProxy answers"):
            health(strange)
    script = table_text({("10.1.0.11", 3478), ("2001:db8::11", 3478)}, "t")
    assert "    ip daddr 10.1.0.11 udp dport 3478 reject\n" in script
    assert "    ip6 daddr 2001:db8::11 udp dport 3478 reject\n" in script


# What version 0.1 wrote of TCP services, beside one of UDP.
WITH_TCP = """# Written by Ansible, msuc.lync.nginx_stream_services; changes by hand are undone by the next run.
stream {
    upstream lync-fe-5061 {
        hash $remote_addr consistent;
        server 10.1.0.11:5061 max_fails=2 fail_timeout=10s;
        server 10.1.0.12:5061 max_fails=2 fail_timeout=10s down;
    }
    server {
        # pool: pool01.contoso.com
        listen 10.1.0.100:5061 so_keepalive=on;
        proxy_pass lync-fe-5061;
        proxy_timeout 1800s;
        proxy_connect_timeout 5s;
        tcp_nodelay off;
    }

    upstream lync-fe-web-443 {
        server [2001:db8::11]:4443 max_fails=2 fail_timeout=10s;
    }
    server {
        # pool: pool01.contoso.com
        listen [2001:db8::100]:443 so_keepalive=on;
        proxy_pass lync-fe-web-443;
        proxy_timeout 1200s;
        proxy_connect_timeout 5s;
        tcp_nodelay on;
    }
"""
OLD = WITH_TCP + "\n" + EARLIER.partition("stream {\n")[2]
SERVED = "10.1.0.100:5061, [2001:db8::100]:443"


@pytest.mark.parametrize("text", [OLD, OLD.replace("5s", "6s", 1), OLD.replace("hash $remote_addr", "hash"), OLD[:-80]])
@pytest.mark.parametrize("state", [State.REPLACED, State.MERGED])
@pytest.mark.parametrize("check_mode", [True, False])
def test_tcp_services_of_an_earlier_version_are_left_as_they_are(text: str, state: State, check_mode: bool) -> None:
    host = MemoryHost(files={PATH: text})
    result = answer(NginxProvider(Task(state, (STUN,)), host.remote, PATH), check_mode)
    assert result["failed"] and not result["changed"] and "nothing was written" in result["msg"]
    assert (host.files[PATH], host.operations) == (text, ["gather"])
    if text == OLD:
        assert f"TCP services of an earlier version, on {SERVED}, and" in result["msg"]
        assert "fix: with lync_balancer_driver: haproxy" in result["msg"] and "state deleted" in result["msg"]


def test_tcp_services_of_an_earlier_version_are_read_and_go_when_that_is_asked() -> None:
    host = MemoryHost(files={PATH: OLD})
    found = answer(NginxProvider(Task(State.GATHERED, ()), host.remote, PATH))["gathered"]
    assert [(each["protocol"], each["vip"], each["port"]) for each in found] == [
        ("tcp", "10.1.0.100", 5061),
        ("tcp", "2001:db8::100", 443),
        ("udp", STUN.vip, STUN.port),
    ]
    tcp = tuple(each for each in DRIVER.parse(OLD) if each.protocol == "tcp")
    part = answer(NginxProvider(Task(State.DELETED, tcp[:1]), host.remote, PATH))
    assert part["failed"] and host.files[PATH] == OLD
    gone = answer(NginxProvider(Task(State.DELETED, tcp), host.remote, PATH))
    assert gone["changed"] and gone["summary"]["removed"] == 2
    assert [each.name for each in DRIVER.parse(host.files[PATH])] == [STUN.name]
    again = answer(NginxProvider(Task(State.REPLACED, (STUN,)), host.remote, PATH))
    assert again["changed"] and host.files[PATH] == DRIVER.render([STUN]).text
    host.files[PATH] = OLD
    assert answer(NginxProvider(Task(State.DELETED, ()), host.remote, PATH))["changed"] and PATH not in host.files


def test_a_service_of_tcp_is_refused_with_the_module_that_carries_it() -> None:
    with pytest.raises(InvalidInputError) as raised:
        NginxProvider(Task(State.REPLACED, (STUN, SERVICE)), MemoryHost().remote, PATH)
    assert str(raised.value.problems[0]) == (
        "service sip-5061: nginx carries no TCP service: it asks no member whether it is well; allowed: protocol udp; "
        "fix: use msuc.lync.haproxy_services for it"
    )
