# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The grammars of HAProxy and nginx as far as they are read: endpoints, times, and who listens in files of others."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.config_syntax import (
    haproxy_sections,
    listeners_of,
    nginx_blocks,
    port_of,
    seconds_of,
    split_endpoint,
)

ENDPOINTS = [
    ("10.1.0.100:443", ("10.1.0.100", 443)),
    ("[2001:db8::1]:443", ("2001:db8::1", 443)),
    ("ipv6@[2001:db8::1]:443", ("2001:db8::1", 443)),
    (":443", ("*", 443)),
    ("443", ("*", 443)),
    ("abns@name", ("*", 0)),
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
    with pytest.raises(ValueError, match="has no port"):
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
