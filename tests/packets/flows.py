# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The flows of a plan as probes: those that it allows, and as many that it does not as are wanted.

    allowed(plan) -> [Probe("10.10.3.4", "10.1.0.11", 5061, "tcp", "fe01: Lync fe-sip-tls (TCP in)"), ...]

Of each range of ports and of each range of addresses the first, the last and one in the middle stand for all.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import ANY, AddressSet, Intervals
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import mappings
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.options import rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule

from .probes import Probe

PROTOCOLS = {6: "tcp", 17: "udp"}
# Who stands for anybody: the internet (RFC 5737, RFC 3849), a client, a server that the plan does not know.
ANYBODY = ("198.51.100.7", "2001:db8:ffff::7", "10.10.77.7", "2001:db8:10::77", "10.1.0.200")
STRANGERS = (
    "192.0.2.9",
    "198.51.100.99",
    "2001:db8:ffff::99",
    "10.99.0.5",
    "10.1.0.222",
    "10.2.0.99",
    "10.8.0.9",
    "10.11.0.1",
    "2001:db8:1::99",
    "10.9.0.77",
    "10.50.0.222",
    "10.57.0.9",
    "10.59.0.77",
    "172.20.1.99",
    "2001:db8:50::99",
)


@dataclass(frozen=True)
class HostFlows:
    """A managed host: its addresses, virtual ones too, and its rules."""

    name: str
    addresses: tuple[str, ...]
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, plan: Mapping[str, object], addresses: Iterable[str]) -> HostFlows:
        """Return the host of a plan document; a service that limits a rule on Windows is left out."""
        rules = mappings(plan["firewall_rules"])
        options = [{name: value for name, value in rule.items() if name != "service"} for rule in rules]
        return cls(str(plan["host"]), tuple(addresses), rules_from_options(options))

    @property
    def inbound(self) -> tuple[Rule, ...]:
        """Return the rules of what comes in."""
        return tuple(rule for rule in self.rules if rule.direction == "in")

    def admits(self, probe: Probe) -> bool:
        """Return whether a rule of the plan admits a probe."""
        source, target = AddressSet.parse([probe.source]), AddressSet.parse([probe.target])
        return any(
            PROTOCOLS.get(rule.protocol, probe.protocol) == probe.protocol
            and source <= rule.remoteip.addresses
            and target <= rule.localip.addresses
            and any(first <= probe.port <= last for first, last in rule.localport.ports.pairs)
            for rule in self.inbound
        )


def allowed(hosts: Iterable[HostFlows]) -> list[Probe]:
    """Return the flows that the rules of hosts admit, by samples; what a host says to itself is left out."""
    return sorted(
        {
            probe
            for host in hosts
            for rule in host.inbound
            for probe in _of_rule(host, rule)
            if probe.source not in host.addresses
        }
    )


def _of_rule(host: HostFlows, rule: Rule) -> Iterator[Probe]:
    for target in host.addresses:
        if AddressSet.parse([target]) <= rule.localip.addresses:
            family = ipaddress.ip_address(target).version
            for source in _sources(rule.remoteip.addresses, family):
                for port in ports_of(rule):
                    yield Probe(source, target, port, PROTOCOLS[rule.protocol], f"{host.name}: {rule.name}")


def _sources(addresses: AddressSet, family: int) -> Iterator[str]:
    if addresses == ANY:
        yield from (text for text in ANYBODY if ipaddress.ip_address(text).version == family)
        return
    kind = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    yield from (str(kind(number)) for number in _samples(addresses.ipv4 if family == 4 else addresses.ipv6))


def _samples(pairs: Intervals) -> list[int]:
    return sorted({number for first, last in pairs for number in (first, (first + last) // 2, last)})


def ports_of(rule: Rule) -> list[int]:
    """Return the ports of the host that stand for those of a rule."""
    return _samples(rule.localport.ports.pairs)


def not_allowed(hosts: Sequence[HostFlows], count: int, seed: int = 5061) -> list[Probe]:
    """Return flows that no rule admits, mostly near misses: open ports from elsewhere, neighbours of open ports, other
    addresses.
    """
    chance = random.Random(seed)
    everybody = sorted({source for host in hosts for source in host.addresses} | {*ANYBODY, *STRANGERS})
    open_ports = sorted({port for host in hosts for rule in host.inbound for port in ports_of(rule)})
    found: set[Probe] = set()
    while len(found) < count:
        host = chance.choice(hosts)
        target = chance.choice(host.addresses)
        port = chance.choice([chance.choice(open_ports), chance.choice(open_ports) + 1, chance.randint(1, 65535)])
        source = chance.choice([each for each in everybody if (":" in each) == (":" in target)])
        probe = Probe(source, target, min(port, 65535), chance.choice(["tcp", "tcp", "udp"]))
        if source not in host.addresses and not host.admits(probe):
            found.add(probe)
    return sorted(found)
