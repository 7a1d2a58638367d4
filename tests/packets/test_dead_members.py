# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members of the full example lose power in the middle of traffic, of TCP and of UDP at the same time."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator, Mapping

import pytest

from ..simulators.netns import needs_namespaces
from ..simulators.proxies import needs_haproxy
from ..simulators.ring import needs_ring
from .deployment import AV_VIP, CONTOSO, Deployment, deployment
from .probes import Probe

pytestmark = [needs_namespaces, needs_haproxy, needs_ring]

# Two intervals of a monitor, which asks each second here, and 5 s.
BAR_SECONDS = 2 * 1 + 5
SIGNED_IN = [Probe(f"10.10.{number}.7", "10.1.0.100", 5061, "tcp") for number in range(60)]
TALKING = [Probe(f"198.51.{number}.7", "203.0.113.12", 3478, "udp") for number in range(101, 131)]
TALKING += [Probe(f"2001:db8:99::{number}", AV_VIP, 3478, "udp") for number in range(1, 31)]
CLOSED = "closed"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("dead"), CONTOSO) as found:
        yield found


Clients = Mapping[Probe, socket.socket]


@contextlib.contextmanager
def clients(made: Deployment, probes: list[Probe]) -> Iterator[Clients]:
    """Have a client of each probe, with a port of its own for all of the time."""
    found = made.servers.clients(probes)
    try:
        yield found
    finally:
        for one in found.values():
            one.close()


def heard(ones: Clients, seconds: float) -> dict[Probe, str]:
    """Return what each client heard first, a name, or that its connection was closed; those that hear are not waited
    for.
    """
    found: dict[Probe, str] = {}
    end = time.monotonic() + seconds
    while len(found) < len(ones) and time.monotonic() < end:
        for probe in ones.keys() - found.keys():
            try:
                found[probe] = ones[probe].recv(64).decode() or CLOSED
            except BlockingIOError:
                continue
            except OSError:
                found[probe] = CLOSED
        time.sleep(0.01)
    return found


def asked(ones: Clients, seconds: float = 0.3) -> dict[Probe, str]:
    """Let every client send a datagram; return who answers, after what came late was thrown away."""
    for one in ones.values():
        with contextlib.suppress(OSError):
            while one.recv(64):
                pass
        with contextlib.suppress(OSError):
            one.send(b"who")
    return heard(ones, seconds)


def wait_for_members(made: Deployment) -> None:
    """Wait until both balancers lead to every member."""
    end = time.monotonic() + 20
    expected = {"fe01", "fe02", "fe03", "edge01", "edge02"}
    while time.monotonic() < end:
        names = made.servers.run([*SIGNED_IN, *TALKING], seconds=2).values()
        if expected <= set(names):
            return
    raise AssertionError(f"not all members take clients: {sorted(set(names))}")


def test_nobody_stays_with_a_member_without_power(made: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    wait_for_members(made)
    made.servers.forget()
    power = contextlib.ExitStack()
    with made.servers.keeping(), made.servers.working(), clients(made, SIGNED_IN) as tcp, clients(made, TALKING) as udp:
        before, talked = heard(tcp, 8), asked(udp, 8)
        assert set(before.values()) == {"fe01", "fe02", "fe03"} and len(before) == len(tcp)
        assert set(talked.values()) == {"edge01", "edge02"} and len(talked) == len(udp)
        on_dead = {probe: one for probe, one in tcp.items() if before[probe] == "fe01"}
        power.enter_context(made.network.without_power("fe01"))
        power.enter_context(made.network.without_power("edge01"))
        with power:
            start = time.monotonic()
            silent = len(udp) - len(asked(udp))
            while len(answered := asked(udp)) < len(udp) and time.monotonic() < start + 3 * BAR_SECONDS:
                pass
            of_udp = time.monotonic() - start
            closed = heard(on_dead, max(0.1, start + 3 * BAR_SECONDS - time.monotonic()))
            of_tcp = time.monotonic() - start
            assert set(answered.values()) == {"edge02"} and len(answered) == len(udp)
            assert closed == dict.fromkeys(on_dead, CLOSED)
            assert heard({probe: one for probe, one in tcp.items() if probe not in on_dead}, 0.1) == {}
            with clients(made, SIGNED_IN) as again:
                after = heard(again, 8)
    moved = [probe for probe in SIGNED_IN if after.get(probe) != before[probe]]
    with capsys.disabled():
        print(
            f"\nwithout power in the middle of traffic: {silent} of {len(udp)} UDP clients silent, all answered after "
            f"{of_udp:.1f} s; {len(on_dead)} of {len(tcp)} sessions closed after {of_tcp:.1f} s; bar {BAR_SECONDS} s"
        )
    assert silent and of_udp <= BAR_SECONDS and of_tcp <= BAR_SECONDS
    assert moved == list(on_dead) and set(after.values()) == {"fe02", "fe03"}
    # Edge Servers saw each client with the port that it has, before and after.
    own = made.servers.own_ends
    ends = made.servers.ends["edge01", "udp", 3478] | made.servers.ends["edge02", "udp", 3478]
    strange = {end for end in ends if end[0] in {probe.source for probe in TALKING}} - own
    assert not strange, f"ports of clients that they do not have: {strange}"
