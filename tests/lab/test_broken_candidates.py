# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Broken candidates never go live.

Whatever is wrong with the file, the old service keeps serving and the error names the line.
"""

from __future__ import annotations

from pathlib import Path

from ..simulators.proxies import (
    MEMBERS,
    OTHER,
    PORTS,
    VIP,
    Members,
    Proxy,
    greeted,
    needs_haproxy,
    running_haproxy,
    services,
)

_FIRST = f"bind {VIP}:15061"
# What is broken, the text that is replaced, its replacement, a word of the error besides the line.
HAPROXY_MUTATIONS = [
    ("time unit", "timeout client 60s", "timeout client 60x", ""),
    ("algorithm", "balance source", "balance sauce", ""),
    ("unknown backend", f"default_backend lync-pool01.contoso.com-{PORTS[0]}", "default_backend nobody", "nobody"),
    ("address", _FIRST, "bind 127.0.0.300:15061", ""),
    ("port", _FIRST, f"bind {VIP}:150610", ""),
    ("address that the host lacks", _FIRST, "bind 192.0.2.77:15061", "192.0.2.77"),
    ("listener twice in the file", f"bind {VIP}:{PORTS[1]}", _FIRST, "listened on twice"),
    ("listener of another file", _FIRST, f"bind {OTHER}:18080", "listened on twice"),
    ("port of a range of another file", _FIRST, f"bind {OTHER}:18070-18090", "listened on twice"),
    ("no timeout of the server", "    timeout server 60s\n", "", "timeout server"),
    ("no timeout of the client", "    timeout client 60s\n", "", "timeout client"),
    ("no timeout of the connection", "    timeout connect 3s\n", "", "timeout connect"),
    ("unknown word", "option redispatch", "option redispath", "redispath"),
    ("unknown section", "frontend lync-", "frontent lync-", "frontent"),
    ("tracked server that is not there", "track lync-monitor-", "track lync-nobody-", ""),
    (
        "name of a server twice",
        f"server {MEMBERS[1]} {MEMBERS[1]}:15061 track",
        f"server {MEMBERS[0]} {MEMBERS[1]}:15061 track",
        "",
    ),
    ("weight", "weight 100", "weight 1000", "weight"),
    ("hash", "hash-type consistent", "hash-type constant", ""),
    ("mode", "mode tcp", "mode udp", "udp"),
    ("fall", "fall 2", "fall none", ""),
    ("id of a server", " id ", " id -", ""),
    ("defaults that are not there", "from msuc-lync", "from nowhere", "nowhere"),
    ("open quote", "mode tcp", 'mode "tcp', ""),
    (
        "more connections than descriptors",
        "defaults msuc-lync",
        "global\n    maxconn 999999999\n\ndefaults msuc-lync",
        "maxconn",
    ),
]


def refused(proxy: Proxy, name: str, content: str) -> str:
    """Return why the host refuses a content; the file and the process stay as they were."""
    digest = str(proxy.remote({"operation": "gather", "path": str(proxy.path)})["digest"])
    before = proxy.text()
    arguments = {"operation": "apply", "path": str(proxy.path), "content": content, "expected": digest, "seconds": 3}
    answer = proxy.remote(arguments)
    assert answer.get("failed"), f"{name}: a broken candidate went live"
    assert proxy.text() == before
    return str(answer["msg"])


@needs_haproxy
def test_haproxy_never_runs_a_broken_candidate(tmp_path: Path) -> None:
    assert len(HAPROXY_MUTATIONS) >= 20
    with running_haproxy(tmp_path) as proxy, Members():
        proxy.bring(services())
        served = {greeted(PORTS[0], f"127.0.2.{number}") for number in range(1, 6)}
        for name, old, new, word in HAPROXY_MUTATIONS:
            assert old in proxy.text(), name
            message = refused(proxy, name, proxy.text().replace(old, new, 1))
            assert word in message, (name, message)
            assert f"{proxy.path}:" in message or "descriptors" in message, (name, message)
            assert not any(answer.startswith("failed") for answer in served | {greeted(PORTS[0])}), name
        assert not proxy.bring(services())["changed"]
