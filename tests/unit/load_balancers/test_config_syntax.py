# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The grammars of HAProxy and nginx as far as they are read: endpoints, times, and who listens in files of others."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.config_syntax import (
    EVERY_PORT,
    Endpoint,
    haproxy_sections,
    listeners_of,
    nginx_blocks,
    port_of,
    read_endpoint,
    seconds_of,
    split_endpoint,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.conflicts import find_conflicts
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Monitor, Service

ENDPOINTS = [
    ("10.1.0.100:443", ("10.1.0.100", 443)),
    ("[2001:db8::1]:443", ("2001:db8::1", 443)),
    ("ipv6@[2001:db8::1]:443", ("2001:db8::1", 443)),
    (":443", ("*", 443)),
    ("443", ("*", 443)),
]


@pytest.mark.parametrize(("text", "expected"), ENDPOINTS)
def test_endpoints(text: str, expected: tuple[str, int]) -> None:
    assert split_endpoint(text) == expected


@pytest.mark.parametrize(
    ("text", "unit", "seconds"), [("60s", "ms", 60), ("5m", "s", 300), ("90000", "ms", 90), ("1h", "s", 3600)]
)
def test_times(text: str, unit: str, seconds: int) -> None:
    assert seconds_of(text, unit) == seconds


def test_what_is_no_time_or_has_no_port_is_an_error() -> None:
    with pytest.raises(KeyError):
        seconds_of("60x", "s")
    with pytest.raises(ValueError, match="is no address with one port"):
        port_of("abns@name")


def test_lines_keep_their_numbers() -> None:
    text = "# head\nfrontend a\n    bind :1  # here\n\nbackend b\n    server x 10.1.0.1:1\n"
    sections = list(haproxy_sections(text))
    assert [(section.head, section.number) for section in sections] == [(("frontend", "a"), 2), (("backend", "b"), 5)]
    assert sections[0].lines[0].tokens == ("bind", ":1")
    blocks = list(nginx_blocks("http {\n  server { listen 80; }\n}\n"))
    assert [(block.head, block.number) for block in blocks] == [(("server",), 2), (("http",), 1), ((), 0)]


def test_who_listens_in_files_of_others_and_as_other_processes() -> None:
    answer = {
        "files": [
            ("/etc/haproxy/a.cfg", "frontend web\n    bind :::80,10.1.0.1:81\n"),
            ("/ours", "frontend x\n    bind :1\n"),
        ],
        "listeners": [{"process": "dnsmasq", "pid": 7, "address": "10.1.0.1", "port": 53, "protocol": "udp"}],
    }
    found = [
        (item.owner, item.address, item.port, item.protocol) for item in listeners_of(answer, "haproxy", ("/ours",))
    ]
    assert found == [
        ("frontend web of /etc/haproxy/a.cfg", "0.0.0.0", 80, "tcp"),
        ("frontend web of /etc/haproxy/a.cfg", "10.1.0.1", 81, "tcp"),
        ("process dnsmasq (pid 7)", "10.1.0.1", 53, "udp"),
    ]
    nginx = {"files": [("/etc/nginx/x.conf", "server { listen 10.1.0.1:53 udp; listen 80; }")]}
    assert [(item.address, item.port, item.protocol) for item in listeners_of(nginx, "nginx")] == [
        ("10.1.0.1", 53, "udp"),
        ("0.0.0.0", 80, "tcp"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.1.0.100:443", Endpoint("10.1.0.100", (443, 443))),
        (":9000-9004", Endpoint("*", (9000, 9004))),
        ("*:80", Endpoint("*", (80, 80))),
        ("443", Endpoint("*", (443, 443))),
        ("3478-3490", Endpoint("*", (3478, 3490))),
        ("[2001:db8::1]:443", Endpoint("2001:db8::1", (443, 443))),
        ("[2001:db8::1]", Endpoint("2001:db8::1", None)),
        (":::80", Endpoint("::", (80, 80))),
        ("ipv6@[2001:db8::1]:443", Endpoint("2001:db8::1", (443, 443))),
        ("stream+ipv4@10.1.0.1:80-90", Endpoint("10.1.0.1", (80, 90))),
        ("quic4@*:443", Endpoint("*", (443, 443), "udp")),
        ("quic6@:443", Endpoint("*", (443, 443), "udp")),
        ("udp@10.1.0.1:514", Endpoint("10.1.0.1", (514, 514), "udp")),
        ("dgram+ipv4@10.1.0.1:514", Endpoint("10.1.0.1", (514, 514), "udp")),
        ("10.1.0.1:$PORT", Endpoint("10.1.0.1", EVERY_PORT)),
        ("10.1.0.1:9000-$LAST", Endpoint("10.1.0.1", EVERY_PORT)),
        ("unix@/run/x.sock", None),
        ("/run/x.sock", None),
        ("unix:/run/x.sock", None),
        ("abns@name", None),
        ("fd@4", None),
    ],
)
def test_an_endpoint_is_read_in_every_form(text: str, found: Endpoint | None) -> None:
    assert read_endpoint(text) == found


@pytest.mark.parametrize(
    ("driver", "text", "protocol", "stopped"),
    [
        ("haproxy", "listen x\n bind *:16060-16070\n", "tcp", {16060, 16065, 16070}),
        ("haproxy", "listen x\n bind 10.1.0.100:80-90\n", "tcp", {80, 90}),
        ("haproxy", "listen x\n bind quic4@*:443\n", "tcp", set()),
        ("haproxy", "listen x\n bind quic4@*:443\n", "udp", {443}),
        ("haproxy", "log-forward x\n dgram-bind 10.1.0.100:3478\n", "udp", {3478}),
        ("haproxy", 'listen x\n bind "$WHERE:443"\n', "tcp", {443}),
        ("haproxy", "listen x\n bind 10.1.0.100:${PORT}\n", "tcp", {1, 443, 16065}),
        ("nginx", "stream { server { listen 3478-3490 udp; } }", "udp", {3478, 3490}),
        ("nginx", "stream { server { listen *:3478-3490 udp reuseport; } }", "udp", {3478, 3490}),
        ("nginx", "http { server { listen 10.1.0.100:443 quic; } }", "tcp", set()),
        ("nginx", "http { server { listen 10.1.0.100:443 quic; } }", "udp", {443}),
        ("nginx", "http { server { listen 10.1.0.100; } }", "tcp", {80}),
        ("nginx", "http { server { listen localhost:16065; } }", "tcp", {16065}),
        ("nginx", "http { server { listen unix:/run/x.sock; } }", "tcp", set()),
    ],
)
def test_a_listener_of_somebody_else_stops_its_ports_and_no_others(
    driver: str, text: str, protocol: str, stopped: set[int]
) -> None:
    ports = (1, 80, 90, 91, 443, 3477, 3478, 3490, 3491, 16059, 16060, 16065, 16070, 16071)
    want = [Service(f"s{port}", "p", "10.1.0.100", port, protocol, port, (), Monitor(port)) for port in ports]
    found = find_conflicts(want, listeners_of({"files": [("/etc/theirs", text)]}, driver))
    expected = set(ports) if "${PORT}" in text else stopped
    assert {conflict.service.port for conflict in found} == expected
