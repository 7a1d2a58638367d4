# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses and ports of somebody else in each form that real HAProxy and real nginx take: the program listens there,
and the pool that wants it is stopped with the owner's name.
"""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import listening, waited
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError

from ..simulators.proxies import (
    OTHER,
    STREAM_MODULE,
    VIP,
    Proxy,
    needs_haproxy,
    needs_nginx,
    running_haproxy,
    running_nginx,
    services,
)
from ..simulators.ring import udp_proxy

_WAYS = {"haproxy": "frontend theirs of", "nginx": "process nginx"}


def _listens(protocol: str, port: int) -> bool:
    return any((kind, number) == (protocol, port) for kind, _address, number in listening())


def _with_addresses(form: str) -> str:
    """Return a form with the addresses of this process, which names of tests must not have."""
    return form.replace("VIP", VIP).replace("OTHER", OTHER)


def _stopped(proxy: Proxy, port: int, protocol: str, owner: str) -> None:
    found = proxy.bring(tuple(replace(each, protocol=protocol) for each in services((port,))), check=True)
    assert found["failed"] and f"{protocol} {VIP} port {port} belongs to {owner}" in found["msg"]


@needs_haproxy
@pytest.mark.parametrize(
    "form",
    ["*:16060-16070", ":16060-16070", "ipv4@*:16065", "VIP:16064-16065", "OTHER:16060,VIP:16065", "[::]:16065"],
)
def test_haproxy(tmp_path: Path, form: str) -> None:
    with running_haproxy(tmp_path) as proxy:
        theirs = f"frontend theirs\n    mode tcp\n    bind {_with_addresses(form)}\n    default_backend none\n"
        (proxy.path.parent / "20-theirs.cfg").write_text(theirs, encoding="utf-8")
        proxy.module.Host({**proxy.fixed, "path": str(proxy.path), "seconds": 10}).reload(set())
        assert waited(5, lambda: _listens("tcp", 16065))
        _stopped(proxy, 16065, "tcp", _WAYS["haproxy"])
        assert "failed" not in proxy.bring(services((16165,)), check=True)


@needs_haproxy
def test_a_socket_that_haproxy_inherited(tmp_path: Path) -> None:
    with socket.create_server((VIP, 16065)) as given, running_haproxy(tmp_path, given) as proxy:
        theirs = f"frontend theirs\n    mode tcp\n    bind fd@{given.fileno()}\n    default_backend none\n"
        (proxy.path.parent / "20-theirs.cfg").write_text(theirs, encoding="utf-8")
        proxy.module.Host({**proxy.fixed, "path": str(proxy.path), "seconds": 10}).reload(set())
        given.close()
        _stopped(proxy, 16065, "tcp", "process haproxy, which inherited the socket,")
        # What nobody but the running process can try is not written.
        with pytest.raises(DeviceError, match="cannot use file descriptor"):
            proxy.bring(services((16165,)))
        assert proxy.text() == ""


@needs_haproxy
@needs_nginx
@pytest.mark.parametrize(
    ("form", "protocol"),
    [
        ("16060-16070 udp", "udp"),
        ("*:16060-16070 udp reuseport", "udp"),
        ("VIP:16065 udp", "udp"),
        ("16065", "tcp"),
        ("VIP:16064-16066", "tcp"),
        ("[::]:16060-16070 ipv6only=off", "tcp"),
    ],
)
def test_nginx(tmp_path: Path, form: str, protocol: str) -> None:
    with running_nginx(tmp_path) as proxy:
        theirs = f"stream {{ server {{ listen {_with_addresses(form)}; return theirs; }} }}\n"
        (proxy.path.parent / "80-theirs.conf").write_text(theirs, encoding="utf-8")
        assert proxy.process and STREAM_MODULE.is_file()
        os.kill(proxy.process.pid, signal.SIGHUP)
        assert waited(5, lambda: _listens(protocol, 16065)), (proxy.folder / "error.log").read_text()
        # Both know nginx by what its process listens on.
        if protocol == "udp":
            _stopped(udp_proxy(tmp_path), 16065, protocol, _WAYS["nginx"])
            return
        with running_haproxy(tmp_path / "tcp") as haproxy:
            _stopped(haproxy, 16065, protocol, _WAYS["nginx"])
