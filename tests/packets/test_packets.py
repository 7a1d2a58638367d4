# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plans of the full examples enforced on real packets: what they allow passes, through the load balancers too, and
nothing else does.
"""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..simulators.netns import needs_namespaces
from ..simulators.proxies import needs_haproxy
from ..simulators.ring import needs_ring
from .deployment import APPLIANCE, AV, AV_VIP, CONTOSO, FABRIKAM, Deployment, deployment
from .flows import ANYBODY, HostFlows, allowed, not_allowed
from .probes import REFUSED, SILENT, Probe

pytestmark = [needs_namespaces, needs_haproxy, needs_ring]

NOT_ALLOWED = 2500


@pytest.fixture(scope="module", params=[CONTOSO, FABRIKAM], ids=lambda example: example.name)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("packets"), request.param) as found:
        yield found


# What only Contoso has: a balancer before its Edge Servers; and what is shown once for all.
contoso_alone = pytest.mark.parametrize("made", [CONTOSO], indirect=True, ids=["contoso"])


def wrong(made: Deployment, probes: list[Probe]) -> list[str]:
    """Return the allowed flows that did not pass, or were answered by somebody else."""
    outcomes = made.servers.run(probes, seconds=8)
    return [f"{probe}: {outcome}" for probe, outcome in outcomes.items() if outcome not in made.expected(probe)]


def test_every_flow_that_the_plan_allows_passes(made: Deployment, capsys: pytest.CaptureFixture[str]) -> None:
    probes = allowed(made.hosts.values())
    kinds = ((probe.protocol, (probe.target, probe.port, probe.protocol) in made.members) for probe in probes)
    sent = Counter(
        ("IPv6" if ":" in probe.target else "IPv4", *kind) for probe, kind in zip(probes, kinds, strict=True)
    )
    with capsys.disabled():
        words = (
            f"{number} {family} {kind}{' through virtual addresses' * proxied}"
            for (family, kind, proxied), number in sorted(sent.items())
        )
        print(f"\nsent: {', '.join(words)}")
    balanced = {protocol for _vip, _port, protocol in made.members}
    assert "tcp" in balanced and all(
        sent[family, protocol, False] > 100 and (sent[family, protocol, True] > 1 or protocol not in balanced)
        for family in ("IPv4", "IPv6")
        for protocol in ("tcp", "udp")
    ), sent
    found = wrong(made, probes)
    assert found == [], f"{len(found)} of {len(probes)}\n" + "\n".join(found[:20])


@contoso_alone
def test_what_is_published_to_the_internet_passes_through_the_balancer_and_the_av_edge_sees_who_asks(
    made: Deployment,
) -> None:
    own = made.hosts[APPLIANCE].addresses
    probes = [
        Probe(source, *key)
        for key in made.members
        if key[0] in own
        for source in ANYBODY
        if (":" in source) == (":" in key[0])
    ]
    kept = [probe for probe in probes if probe.target in (AV_VIP, "203.0.113.12")]
    assert {(probe.protocol, ":" in probe.target) for probe in kept} == {
        ("tcp", False),
        ("tcp", True),
        ("udp", False),
        ("udp", True),
    }
    made.servers.forget()
    assert wrong(made, kept) == []
    for protocol, port in (("tcp", 443), ("udp", 3478)):
        seen = set().union(*(made.servers.peers[name, protocol, port] for name in AV))
        # The balancer itself only asks whether they are well.
        assert set(ANYBODY) <= seen <= {*ANYBODY, *own}
        ends = set().union(*(made.servers.ends[name, protocol, port] for name in AV))
        foreign = {end for end in ends if end[0] in ANYBODY} - made.servers.own_ends
        assert not foreign, f"ports of clients that they do not have, which STUN would tell them: {foreign}"
    made.servers.forget()
    assert wrong(made, [probe for probe in probes if probe not in kept]) == []
    seen = set().union(*(made.servers.peers[name, "tcp", port] for name in AV for port in (443, 5061)))
    assert seen and seen <= set(own), "the other services translate the source"


def test_members_admit_the_monitors_of_their_balancers(made: Deployment) -> None:
    end = time.monotonic() + 20
    down = ["?"]
    while down and time.monotonic() < end:
        time.sleep(0.5)
        down = [line for path in made.sockets.values() for line in _states(path) if line.split()[5] != "2"]
    assert down == []


def _states(path: Path) -> list[str]:
    text = subprocess.run(["python3", "-c", _ASK, str(path)], capture_output=True, text=True, check=True).stdout
    return [line for line in text.splitlines()[2:] if line.strip()]


_ASK = """import socket, sys
with socket.socket(socket.AF_UNIX) as one:
    one.connect(sys.argv[1]); one.sendall(b"show servers state\\n")
    print(b"".join(iter(lambda: one.recv(65536), b"")).decode())"""


def test_nothing_else_passes(made: Deployment) -> None:
    closed = [host for host in made.hosts.values() if host.rules]
    probes = not_allowed(closed, NOT_ALLOWED)
    assert {made.network.place_of(probe.target) for probe in probes} == {host.name for host in closed}
    outcomes = made.servers.run(probes, seconds=1, early=False)
    passed = [f"{probe}: {outcome}" for probe, outcome in outcomes.items() if outcome != SILENT]
    assert passed == [], f"{len(passed)} of {len(probes)}\n" + "\n".join(passed[:20])
    # It is the firewall that stops them: without it each of the same packets arrives.
    for host in closed:
        made.network.run(host.name, ["nft", "delete", "table", "inet", "msuc_lync"])
    left = [probe for probe in probes if probe.protocol == "tcp"]
    open_now = made.servers.run(left, seconds=8)
    for host in closed:
        made.firewall(host.name, host)
    assert [str(probe) for probe, outcome in open_now.items() if outcome == SILENT] == []


@contoso_alone
def test_a_rule_too_few_and_a_rule_too_many_are_noticed(made: Deployment) -> None:
    host = made.hosts["fe01"]
    name = "Lync fe-sip-tls (TCP in)"
    fewer = HostFlows(host.name, host.addresses, tuple(rule for rule in host.rules if rule.name != name))
    probes = [probe for probe in allowed([host]) if name in probe.why][:20]
    try:
        made.firewall("fe01", fewer)
        outcomes = made.servers.run(probes, seconds=1, early=False)
        assert {outcome for probe, outcome in outcomes.items() if not fewer.admits(probe)} == {SILENT}
        made.network.run(
            "fe01", ["nft", "add", "rule", "inet", "msuc_lync", "allowed_in", "tcp", "dport", "9999", "accept"]
        )
        assert set(made.servers.run([Probe("192.0.2.9", "10.1.0.11", 9999, "tcp")], seconds=8).values()) == {REFUSED}
    finally:
        made.firewall("fe01", host)
