# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of Contoso enforced on real packets: what it allows passes, through the load balancers too, and nothing else does."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.haproxy import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.options import read_services
from ansible_collections.msuc.lync.plugins.plugin_utils.linux.lines import lines_of
from ansible_collections.msuc.lync.plugins.plugin_utils.linux.table import Table
from ansible_collections.msuc.lync.plugins.plugin_utils.plan_files import parsed, rendered
from ansible_collections.msuc.lync.plugins.plugin_utils.policy.compile import compile_inventory

from ..lab.netns import needs_namespaces
from ..lab.proxies import HAPROXY, needs_haproxy
from ..unit.policy.examples import example
from .flows import HostFlows, allowed, not_allowed, ports_of
from .network import Network
from .probes import REFUSED, SILENT, Probe, Servers

pytestmark = [needs_namespaces, needs_haproxy]

ZONES = {
    "clients": ("10.10.0.0/16", "10.12.0.0/16", "2001:db8:10::/48"),
    "perimeter": ("10.2.0.0/16", "203.0.113.0/24"),
    "internal": ("10.0.0.0/8", "2001:db8:1::/48"),
}
NOT_ALLOWED = 2500
MAIN = """global
    maxconn 4000
    stats socket {socket} mode 600 level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
"""


@dataclass
class Deployment:
    """Contoso as packets."""

    network: Network
    servers: Servers
    hosts: dict[str, HostFlows]
    pools: list[dict[str, object]]
    members: dict[tuple[str, int, str], frozenset[str]]
    sockets: dict[str, Path]

    def expected(self, probe: Probe) -> frozenset[str]:
        """Return who may answer: the host itself, or the members behind a virtual address."""
        return self.members.get((probe.target, probe.port, probe.protocol), frozenset({self.network.place_of(probe.target)}))

    def firewall(self, name: str, rules: HostFlows) -> None:
        """Give a host the table of its rules."""
        table = Table("drop", tuple(line for rule in rules.rules for line in lines_of(rule)))
        self.network.run(name, ["nft", "-f", "-"], table.script())


def _services(pools: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the TCP services; monitors of a test ask more often."""
    found = [service for pool in pools for service in pool["virtual_services"] if service["protocol"] == "tcp"]  # type: ignore[attr-defined]
    return [{**service, "monitor": {**service["monitor"], "interval_seconds": 1}} for service in found]


@contextlib.contextmanager
def deployment(folder: Path) -> Iterator[Deployment]:
    """Make the network, the servers, the load balancers and the firewalls of the example."""
    inventory = example("contoso")
    documents = parsed(rendered(compile_inventory(inventory)))
    plans = {str(each["host"]): each for path, each in documents.items() if path.startswith("hosts/")}
    pools = [each for path, each in documents.items() if path.startswith("pools/")]
    services = _services(pools)
    spoken = {name: inventory[name].variables.get("lync_balancer_addresses", []) for name in plans}
    addresses = {name: list(dict.fromkeys([*spoken[name], *plan["addresses"]])) for name, plan in plans.items()}  # type: ignore[misc]
    for service in (service for pool in pools for service in pool["virtual_services"]):
        addresses[service["balancers"][0]] += [service["vip"]] if service["vip"] not in addresses[service["balancers"][0]] else []
    hosts = {name: HostFlows.of(plan, addresses[name]) for name, plan in plans.items()}
    with Network(addresses, ZONES) as network, contextlib.ExitStack() as stack:
        servers = Servers(network)
        stack.callback(servers.close)
        balancers = {str(name) for service in services for name in service["balancers"]}  # type: ignore[attr-defined]
        members = {
            (str(service["vip"]), int(str(service["port"])), "tcp"): frozenset(network.place_of(str(member)) for member in service["members"])
            for service in services
        }  # type: ignore[attr-defined]
        made = Deployment(network, servers, hosts, pools, members, {name: folder / f"{name}.sock" for name in balancers})
        for name, host in hosts.items():
            ports = {("udp" if rule.protocol == 17 else "tcp", port) for rule in host.inbound for port in ports_of(rule)}
            servers.serve(name, {(protocol, port) for protocol, port in ports if name not in balancers or protocol == "udp"})
            if host.rules:
                made.firewall(name, host)
        # The plan assumes it: the appliance in front of the A/V Edge keeps the client's address, and answers come back through it.
        network.return_through("lb02")
        for name in sorted(balancers):
            stack.enter_context(_haproxy(made, name, [service for service in services if name in service["balancers"]], folder))  # type: ignore[operator]
        yield made


@contextlib.contextmanager
def _haproxy(made: Deployment, name: str, services: list[dict[str, object]], folder: Path) -> Iterator[None]:
    path = folder / f"{name}.cfg"
    path.write_text(MAIN.format(socket=made.sockets[name]) + DRIVER.render(read_services(services)).text, encoding="utf-8")
    process = made.network.start(name, [str(HAPROXY), "-db", "-q", "-f", str(path)])
    try:
        end = time.monotonic() + 20
        while not made.sockets[name].exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        assert made.sockets[name].exists() and process.poll() is None
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def contoso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("packets")) as made:
        yield made


def wrong(made: Deployment, probes: list[Probe]) -> list[str]:
    """Return the allowed flows that did not pass, or were answered by somebody else."""
    outcomes = made.servers.run(probes, seconds=8)
    return [f"{probe}: {outcome}" for probe, outcome in outcomes.items() if outcome not in made.expected(probe)]


def test_every_flow_that_the_plan_allows_passes(contoso: Deployment) -> None:
    probes = allowed(contoso.hosts.values())
    assert {probe.protocol for probe in probes} == {"tcp", "udp"} and {":" in probe.target for probe in probes} == {True, False}
    through = {(probe.target, probe.port) for probe in probes} & {(vip, port) for vip, port, _protocol in contoso.members}
    assert len(through) > 30
    found = wrong(contoso, probes)
    assert found == [], f"{len(found)} of {len(probes)}\n" + "\n".join(found[:20])


def test_what_is_published_to_the_internet_passes_through_the_appliance(contoso: Deployment) -> None:
    """Its own firewall is no part of the plan, that of the members is."""
    probes = [Probe("198.51.100.7", vip, port, protocol) for vip, port, protocol in contoso.members if vip.startswith("203.0.113.")]
    assert probes and wrong(contoso, probes) == []


def test_members_admit_the_monitors_of_their_balancers(contoso: Deployment) -> None:
    end = time.monotonic() + 20
    down = ["?"]
    while down and time.monotonic() < end:
        time.sleep(0.5)
        down = [line for path in contoso.sockets.values() for line in _states(path) if line.split()[5] != "2"]
    assert down == []


def _states(path: Path) -> list[str]:
    text = subprocess.run(["python3", "-c", _ASK, str(path)], capture_output=True, text=True, check=True).stdout
    return [line for line in text.splitlines()[2:] if line.strip()]


_ASK = """import socket, sys
with socket.socket(socket.AF_UNIX) as one:
    one.connect(sys.argv[1]); one.sendall(b"show servers state\\n")
    print(b"".join(iter(lambda: one.recv(65536), b"")).decode())"""


def test_nothing_else_passes(contoso: Deployment) -> None:
    closed = [host for host in contoso.hosts.values() if host.rules]
    probes = not_allowed(closed, NOT_ALLOWED)
    assert {contoso.network.place_of(probe.target) for probe in probes} == {host.name for host in closed}
    outcomes = contoso.servers.run(probes, seconds=1, early=False)
    passed = [f"{probe}: {outcome}" for probe, outcome in outcomes.items() if outcome != SILENT]
    assert passed == [], f"{len(passed)} of {len(probes)}\n" + "\n".join(passed[:20])
    # It is the firewall that stops them: without it each of the same packets arrives.
    for host in closed:
        contoso.network.run(host.name, ["nft", "delete", "table", "inet", "msuc_lync"])
    left = [probe for probe in probes if probe.protocol == "tcp"]
    open_now = contoso.servers.run(left, seconds=8)
    for host in closed:
        contoso.firewall(host.name, host)
    assert [str(probe) for probe, outcome in open_now.items() if outcome == SILENT] == []


def test_a_rule_too_few_and_a_rule_too_many_are_noticed(contoso: Deployment) -> None:
    host = contoso.hosts["fe01"]
    name = "Lync fe-sip-tls (TCP in)"
    fewer = HostFlows(host.name, host.addresses, tuple(rule for rule in host.rules if rule.name != name))
    probes = [probe for probe in allowed([host]) if name in probe.why][:20]
    try:
        contoso.firewall("fe01", fewer)
        outcomes = contoso.servers.run(probes, seconds=1, early=False)
        assert {outcome for probe, outcome in outcomes.items() if not fewer.admits(probe)} == {SILENT}
        contoso.network.run("fe01", ["nft", "add", "rule", "inet", "msuc_lync", "allowed_in", "tcp", "dport", "9999", "accept"])
        assert set(contoso.servers.run([Probe("192.0.2.9", "10.1.0.11", 9999, "tcp")], seconds=8).values()) == {REFUSED}
    finally:
        contoso.firewall("fe01", host)
