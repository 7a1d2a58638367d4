# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files in which an earlier version had services of nginx: read, left alone where they serve TCP, and removed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.driver import monitor_name
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Monitor
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.driver import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.provider import (
    NginxProvider,
    refuse_services,
)
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
@pytest.mark.parametrize("check_mode", [True, False])
def test_tcp_services_of_an_earlier_version_are_left_as_they_are(text: str, check_mode: bool) -> None:
    host = MemoryHost(files={PATH: text})
    result = answer(NginxProvider(Task(State.REPLACED, ()), host.remote, PATH), check_mode)
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
    host.files[PATH] = OLD
    assert answer(NginxProvider(Task(State.DELETED, ()), host.remote, PATH))["changed"] and PATH not in host.files


@pytest.mark.parametrize("address", ["*", "lb01", "10.1.0.10\0"])
def test_a_file_with_an_address_that_is_none_is_read_as_one_that_is_not_known(address: str) -> None:
    text = OLD.replace("listen 10.1.0.100:", f"listen {address}:")
    assert text != OLD
    result = answer(NginxProvider(Task(State.GATHERED, ()), MemoryHost(files={PATH: text}).remote, PATH))
    assert result["failed"] and f"{PATH} cannot be read whole" in result["msg"]


@pytest.mark.parametrize("state", [State.REPLACED, State.MERGED])
def test_nginx_takes_no_service_any_more(state: State) -> None:
    with pytest.raises(InvalidInputError) as raised:
        refuse_services(Task(state, (STUN,)))
    refuse_services(Task(State.DELETED, (STUN,)))
    assert str(raised.value.problems[0]) == (
        "services: nginx carries none any more: sip-5061; allowed: state deleted; fix: use msuc.lync.haproxy_services "
        "for TCP, and msuc.lync.nftables_udp_services for UDP"
    )
