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
