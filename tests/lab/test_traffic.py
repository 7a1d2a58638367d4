# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Traffic through real proxies while plans change: nothing fails, nothing is dropped, clients keep their members.

LYNC_BENCH=1, as `make bench` sets it, runs the whole counts; otherwise seconds are few.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import MemberState, Monitor

from ..simulators.proxies import (
    MEMBERS,
    PORTS,
    VIP,
    Members,
    greeted,
    ipv6_addresses,
    needs_haproxy,
    running_haproxy,
    services,
)
from .lab import ROOT

FULL = bool(os.environ.get("LYNC_BENCH"))
RELOADS = 10 if FULL else 4
LONG = 300 if FULL else 100


def under_load(work: Callable[[], None], *arguments: object) -> dict[str, Any]:
    """Run the load in a process of its own, the work beside it; return what came of the load."""
    command = [sys.executable, "-m", "tests.lab.traffic", str(arguments[0]), VIP, *map(str, arguments[1:])]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    time.sleep(0.5)
    work()
    output, _errors = process.communicate(timeout=120)
    found: dict[str, Any] = json.loads(output)
    return found


def told(text: str) -> None:
    """Print a measured figure, also past pytest's capture."""
    print(f"\n{text}", file=sys.__stdout__, flush=True)


def alive(connection: socket.socket) -> bool:
    try:
        connection.sendall(b"still here")
        return connection.recv(64) == b"still here"
    except OSError:
        return False


@needs_haproxy
def test_reloads_and_draining_fail_nothing_and_drop_nothing(tmp_path: Path) -> None:
    with running_haproxy(tmp_path) as proxy, Members():
        proxy.bring(services())
        long = [
            socket.create_connection((VIP, PORTS[1]), 5, (f"127.0.2.{number % 250 + 1}", 0)) for number in range(LONG)
        ]
        assert all(connection.recv(64) for connection in long)

        def reload() -> None:
            for turn in range(RELOADS):
                done = proxy.bring(services(idle_seconds=61 + turn))
                assert done["lines"][-1] == "reload"
                time.sleep(0.3)

        rate = 600 if FULL else 500
        reloaded = under_load(reload, "new", rate, RELOADS * (1.0 if FULL else 0.8) + 2)
        dropped = sum(not alive(connection) for connection in long)
        drained = under_load(
            lambda: (
                proxy.bring(services(states={MEMBERS[0]: MemberState.DRAINING}, idle_seconds=60 + RELOADS)) and None
            ),
            "new",
            300,
            2,
        )
        still_dropped = sum(not alive(connection) for connection in long)
        for connection in long:
            connection.close()
    told(
        f"HAProxy, {RELOADS} reloads: {reloaded['new']} new connections, {reloaded['failed']} failed; "
        f"{dropped} of {LONG} long ones dropped"
    )
    told(
        f"HAProxy, a member drained: {drained['new']} new connections, {drained['failed']} failed; "
        f"{still_dropped} of {LONG} long ones dropped"
    )
    assert (reloaded["failed"], dropped, drained["failed"], still_dropped) == (0, 0, 0, 0), (reloaded, drained)
    assert reloaded["members"] == list(MEMBERS) and reloaded["new"] > rate * 2


@needs_haproxy
def test_clients_keep_one_member_over_ports_and_reloads(tmp_path: Path) -> None:
    clients = [f"127.0.4.{number}" for number in range(1, 31)]

    def members_of() -> list[set[str]]:
        return [{greeted(port, client) for port in PORTS} for client in clients]

    with running_haproxy(tmp_path) as proxy, Members():
        proxy.bring(services())
        before = members_of()
        assert proxy.bring(services(idle_seconds=90))["lines"][-1] == "reload"
        after = members_of()
    spread = sorted(sum(found == {member} for found in before) for member in MEMBERS)
    told(
        f"HAProxy, 30 clients over 4 ports: {sum(len(found) > 1 for found in before)} split, "
        f"{sum(b != a for b, a in zip(before, after, strict=True))} moved"
    )
    assert all(len(found) == 1 and not next(iter(found)).startswith("failed") for found in before)
    assert before == after
    assert spread[0] >= 4, spread


@needs_haproxy
def test_idle_connections_end_at_their_time_and_a_sick_member_leaves_all_services(tmp_path: Path) -> None:
    interval = 1
    with running_haproxy(tmp_path) as proxy, Members() as members:
        want = tuple(replace(each, idle_seconds=2, monitor=Monitor(15061, interval, 2)) for each in services())
        proxy.bring(want)
        with socket.create_connection((VIP, PORTS[0]), 5) as idle:
            idle.recv(64)
            start = time.monotonic()
            assert idle.recv(64) == b""
            ended = time.monotonic() - start
        sick = next(iter({greeted(PORTS[2], "127.0.5.9")}))
        members.stop(sick, 15061)
        stopped = time.monotonic()
        while any(sick in {greeted(port, f"127.0.5.{number}") for number in range(1, 12)} for port in PORTS[1:]):
            assert time.monotonic() - stopped < 3 * interval
        left = time.monotonic() - stopped
        members.listen(sick, 15061)
    told(
        f"HAProxy, idle time of 2 s: closed after {ended:.2f} s; "
        f"member without 5061: out of all services after {left:.2f} s of an interval of {interval} s"
    )
    assert 1.9 <= ended <= 2.8
    assert left <= 2 * interval + 0.3  # the last look at it takes a moment


@needs_haproxy
def test_ipv6_from_the_virtual_address_to_the_members(tmp_path: Path) -> None:
    with ipv6_addresses(10) as addresses:
        vip, members, clients = addresses[0], addresses[1:4], addresses[4:]
        want = services(PORTS[:2], vip=vip, members=members)
        with running_haproxy(tmp_path / "tcp") as proxy, Members(members, PORTS[:2]):
            proxy.bring(services(PORTS[:2], vip=vip, members=members[:2]))
            added = proxy.bring(want)
            assert added["lines"][-1] == "reload", added["lines"]
            before = [{greeted(port, client, vip) for port in PORTS[:2]} for client in clients]
            assert proxy.bring(services(PORTS[:2], vip=vip, members=members, idle_seconds=90))["lines"][-1] == "reload"
            after = [{greeted(port, client, vip) for port in PORTS[:2]} for client in clients]
        assert before == after and all(len(found) == 1 for found in before) and set.union(*before) <= set(members), (
            before
        )
    told(f"IPv6: {len(clients)} clients over 2 TCP ports, 0 moved by a reload")
