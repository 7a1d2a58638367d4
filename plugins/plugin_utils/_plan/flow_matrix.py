# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who talks to whom: the flows that a plan admits, by role, for the flow matrix and the drawing of a report.

    Flow(source="clients", destination="frontend", transport="tcp", port="5061", rows=("S2",), application="SIP/TLS",
         interface="any")

Roles, peers and applications are the provenance that each rule of the plan carries; the peer of a rule without any is
"other".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .model import FirewallRule, HostPlan

OTHER = "other"
INTERNET, ANY_ADDRESS = "any", "any_address"
_PERIMETER = ("edge", "reverse_proxy")
"""Only here any peer is the Internet; elsewhere it is, for instance, a client of DHCP that has no address yet."""


@dataclass(frozen=True, order=True)
class Flow:
    """One flow between two roles or classes; port as in the plan: a number, a range a-b, several with commas."""

    source: str
    destination: str
    transport: str
    port: str
    rows: tuple[str, ...]
    application: str
    interface: str


def flows(hosts: Iterable[HostPlan]) -> tuple[Flow, ...]:
    """Return the flows that the plans of hosts admit, sorted, each once however many hosts have it."""
    found: set[Flow] = set()
    for host in hosts:
        for rule in admitting_rules(host):
            found.update(_flows_of(rule, host))
    return tuple(sorted(found))


def admitting_rules(host: HostPlan) -> Iterator[FirewallRule]:
    """Yield the enabled allow rules of a host's plan."""
    return (rule for rule in host.firewall_rules if rule.enabled and rule.action == "allow")


def port_text(rule: FirewallRule) -> str:
    """Return the port that tells what a rule is for: that of the host, or of the peer where it goes out to one."""
    local, remote = ", ".join(rule.localport), ", ".join(rule.remoteport)
    return remote if rule.direction == "out" and remote != "any" else local


def _flows_of(rule: FirewallRule, host: HostPlan) -> Iterator[Flow]:
    for role in rule.component_roles or host.roles:
        for peer in rule.peer_classes or (OTHER,):
            other = ANY_ADDRESS if peer == INTERNET and role not in _PERIMETER else peer
            source, destination = (other, role) if rule.direction == "in" else (role, other)
            yield Flow(
                source=source,
                destination=destination,
                transport=rule.protocol,
                port=port_text(rule),
                rows=rule.rows,
                application=", ".join(rule.applications),
                interface=rule.interface,
            )
