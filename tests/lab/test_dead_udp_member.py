# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""UDP through real nginx beside real HAProxy: a member without power is left, and Debian's limits are refused.

LYNC_BENCH=1 takes the intervals of a deployment, 10 s, and 5,000 ports of clients.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.module_utils import _udp_health
from ansible_collections.msuc.lync.plugins.module_utils._balancer_files import waited
from ansible_collections.msuc.lync.plugins.modules import nginx_remote
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Monitor, Service

from ..simulators.proxies import (
    MEMBERS,
    VIP,
    Members,
    Proxy,
    needs_haproxy,
    needs_nginx,
    running_haproxy,
    running_nginx,
    services,
)
from .test_dead_member import NFT, without_power
from .test_traffic import told

pytestmark = [
    needs_haproxy,
    needs_nginx,
    pytest.mark.skipif(NFT is None or os.geteuid() != 0, reason="to take power from a member takes root and nftables"),
]
FULL = bool(os.environ.get("LYNC_BENCH"))
INTERVAL, PORTS = (10, 5000) if FULL else (1, 600)
BAR = 2 * INTERVAL + 5
TABLE = f"lync_udp_{os.getpid()}"


def stun() -> tuple[Service, ...]:
    (tcp,) = services((13478,))
    return (replace(tcp, protocol="udp", name="stun-13478", monitor=Monitor(15061, INTERVAL, 2)),)


def asking() -> tuple[Service, ...]:
    return tuple(replace(each, monitor=Monitor(15061, INTERVAL, 2)) for each in services((15061,)))


@contextlib.contextmanager
def watching(nginx: Proxy, haproxy: Proxy) -> Iterator[Path]:
    """Run what the service runs on a host with systemd."""
    status = nginx.folder / "status.json"
    arguments = [str(nginx.path), str(haproxy.fixed["master_socket"]), str(status), TABLE]
    program = subprocess.Popen([sys.executable, _udp_health.__file__, *arguments])
    try:
        assert waited(10, status.exists)
        yield status
    finally:
        program.terminate()
        program.wait()


@contextlib.contextmanager
def clients(count: int) -> Iterator[list[socket.socket]]:
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limit, min(most, count + 1000)), most))
    found = []
    try:
        for number in range(count):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            found.append(one)
            one.bind((f"127.0.8.{number % 250 + 1}", 0))
            one.connect((VIP, 13478))
            one.setblocking(False)
        yield found
    finally:
        for one in found:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))


def answered(ones: list[socket.socket], seconds: float = 1) -> dict[int, str]:
    """Return who answered each client; a few hundred are sent to before answers are read."""
    found: dict[int, str] = {}
    for start in range(0, len(ones), 200):
        for one in ones[start : start + 200]:
            with contextlib.suppress(OSError):
                one.send(b"x")
        end = time.monotonic() + seconds
        part = set(range(start, min(start + 200, len(ones))))
        while part - found.keys() and time.monotonic() < end:
            for number in part - found.keys():
                with contextlib.suppress(OSError):
                    found[number] = ones[number].recv(64).split()[0].decode()
            time.sleep(0.002)
    return found


def _table() -> str:
    listed = subprocess.run([str(NFT), "list", "table", "inet", TABLE], capture_output=True, text=True, check=False)
    return listed.stdout


def test_all_clients_are_answered_again_when_a_member_lost_power(tmp_path: Path) -> None:
    with (
        running_haproxy(tmp_path / "tcp") as haproxy,
        running_nginx(tmp_path / "udp") as nginx,
        Members(ports=(15061,)),
        Members(ports=(13478,), protocol="udp"),
    ):
        haproxy.bring(asking())
        nginx.bring(stun())
        with watching(nginx, haproxy), clients(200) as ones:
            before = answered(ones)
            assert len(before) == len(ones) and set(before.values()) == set(MEMBERS)
            with without_power(MEMBERS[0]):
                start = time.monotonic()
                silent = len(ones) - len(answered(ones, 0.5))
                waited(2 * BAR, lambda: len(answered(ones, 0.5)) == len(ones))
                seconds = time.monotonic() - start
                after = answered(ones)
            moved = [number for number in before if before[number] != after[number]]
            assert waited(BAR, lambda: "udp dport" not in _table())
        assert _table() == ""
    told(
        f"nginx, a UDP member without power: {silent} of {len(ones)} clients silent, "
        f"all answered after {seconds:.1f} s of {BAR} s; {len(moved)} moved"
    )
    assert silent and seconds <= BAR
    assert {before[number] for number in moved} == {MEMBERS[0]}


def test_debians_limits_are_refused_before_a_write_and_with_ours_all_are_served(tmp_path: Path) -> None:
    with running_nginx(tmp_path) as nginx, Members(ports=(13478,), protocol="udp"):
        main = nginx.folder / "nginx.conf"
        good = main.read_text(encoding="utf-8")
        debian = re.sub("worker_rlimit_nofile [0-9]+;", "", good).replace("connections 16384", "connections 768")
        main.write_text(debian, encoding="utf-8")
        with pytest.raises(DeviceError, match="room for 384 ports of clients"):
            nginx.bring(stun(), check=True)
        with pytest.raises(DeviceError, match="worker_rlimit_nofile 32768"):
            nginx.bring(stun())
        nobody = tuple(replace(each, members=()) for each in stun())
        assert not nginx.path.exists() and nginx.bring(nobody, check=True)["changed"]
        main.write_text(good, encoding="utf-8")
        nginx.bring(stun())
        with clients(PORTS) as ones:
            found = answered(ones)
    told(f"nginx, {PORTS} ports of clients at a time: {len(found)} answered")
    assert len(found) == PORTS


def test_what_nobody_asks_is_told(tmp_path: Path) -> None:
    with running_haproxy(tmp_path / "tcp") as haproxy, running_nginx(tmp_path / "udp") as nginx:
        nginx.bring(stun())
        with watching(nginx, haproxy) as status:
            assert waited(5, lambda: all(member in status.read_text(encoding="utf-8") for member in MEMBERS))
            assert '"unasked": ["' in status.read_text(encoding="utf-8")


# Of systemd as much as is asked of it: a unit is started by its ExecStart, and stopped.
_SYSTEMCTL = """#!/bin/sh
echo "$@" >>{folder}/calls
case "$1" in
    restart) [ -e {folder}/pid ] && kill $(cat {folder}/pid)
        $(sed -n 's/^ExecStart=//p' {folder}/unit) >{folder}/log 2>&1 & echo $! >{folder}/pid ;;
    disable) kill $(cat {folder}/pid); rm {folder}/pid ;;
esac
"""


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "systemd"
    folder.mkdir()
    program = folder / "systemctl"
    program.write_text(_SYSTEMCTL.format(folder=folder), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}:/usr/sbin")
    monkeypatch.setattr(nginx_remote, "_UNIT", str(folder / "unit"))
    monkeypatch.setattr(nginx_remote, "_has_systemd", lambda: True)
    for name, value in (("PROGRAM", "lib/udp_health.py"), ("STATUS", "status.json")):
        monkeypatch.setattr(_udp_health, name, str(folder / value))
    monkeypatch.setattr(_udp_health, "TABLE", TABLE)
    yield folder
    if (folder / "pid").exists():
        subprocess.run([str(program), "disable"], check=False)


def test_the_service_is_installed_started_again_and_removed(tmp_path: Path, systemd: Path) -> None:
    with running_haproxy(tmp_path / "tcp") as haproxy, running_nginx(tmp_path / "udp") as nginx:
        nginx.fixed = {**nginx.fixed, "master_socket": str(haproxy.fixed["master_socket"])}
        haproxy.bring(asking())
        assert nginx.bring(stun())["lines"][-1] == "reload"
        assert "enable msuc-lync-udp.service" in (systemd / "calls").read_text(encoding="utf-8")
        status = systemd / "status.json"
        assert waited(20, lambda: all(member in status.read_text(encoding="utf-8") for member in MEMBERS))
        again = nginx.bring(stun())
        assert (again["changed"], again["warnings"]) == (False, [])
        assert again["health"]["up"] == 0 and len(again["health"]["down"]) == len(MEMBERS)
        subprocess.run([str(systemd / "systemctl"), "disable"], check=True)
        status.unlink()
        found = nginx.bring(stun(), check=True)
        assert found["changed"] and found["lines"] == ["start msuc-lync-udp.service"]
        assert nginx.bring(stun())["changed"] and not nginx.bring(stun())["changed"]
        assert json.loads(status.read_text(encoding="utf-8"))["error"] == ""
        nginx.bring((), State.DELETED)
        assert not (systemd / "unit").exists() and not (systemd / "pid").exists()
        assert waited(5, lambda: _table() == "")
