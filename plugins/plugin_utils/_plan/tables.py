# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan for people: hosts and pools as plain text tables for a terminal, and who talks to whom by role.

    Flow(source="clients", destination="frontend", transport="tcp", port="5061", rows=("S2",), application="SIP/TLS",
         interface="any")

Flows are for the flow matrix and the drawing of a report. Their roles, peers and applications are the provenance that
each rule of the plan carries; the peer of a rule without any is "other".
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .model import FirewallRule, HostPlan, IpsecExemption, PoolPlan, VirtualService

_LIST_WIDTH = 48


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows under a header in aligned columns, without trailing blanks."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def indented(text: str) -> str:
    """Return a text moved two columns to the right."""
    return textwrap.indent(text, "  ")


def host_plan(plan: HostPlan) -> str:
    """Return the rules of a host as a table, its exemptions as another, with what is not opened counted under it."""
    title = f"{plan.host} ({', '.join(plan.roles)}, version {plan.version})"
    parts = [title]
    if plan.firewall_rules:
        parts.append(
            indented(table(("rule", "rows", "port", "from/to", "bound to"), map(_rule_row, plan.firewall_rules)))
        )
    else:
        parts.append("  no firewall rules")
    if plan.ipsec_exemptions:
        header = ("IPsec exemption", "rows", "port", "from/to", "bound to")
        parts.append(indented(table(header, map(_exemption_row, plan.ipsec_exemptions))))
    if plan.mirror_peers:
        parts.append(
            "  need the mirror of these where they require IPsec: "
            f"{shortened([peer.name for peer in plan.mirror_peers])}"
        )
    tail = [
        f"{len(plan.ipsec_exemptions)} IPsec exemptions",
        f"{len({item.row for item in plan.not_opened})} rows not fully opened",
    ]
    return "\n".join([*parts, f"  {', '.join(tail)}"])


def pool_plan(plan: PoolPlan) -> str:
    """Return the virtual services of a pool as a table, with its DNS records counted under it."""
    lines = [f"{plan.pool} ({plan.role}, {plan.method})"]
    if plan.virtual_services:
        lines.append(
            indented(
                table(
                    ("service", "rows", "listens on", "members", "persistence"),
                    map(_service_row, plan.virtual_services),
                )
            )
        )
    return "\n".join([*lines, f"  {len(plan.virtual_services)} virtual services, {len(plan.dns_records)} DNS records"])


def _rule_row(rule: FirewallRule) -> tuple[str, ...]:
    ports = rule.remoteport if rule.direction == "out" and rule.localport == ("any",) else rule.localport
    return (
        rule.name,
        shortened(rule.rows),
        f"{rule.protocol} {','.join(ports)}",
        shortened(rule.remoteip),
        shortened(rule.localip),
    )


def _exemption_row(exemption: IpsecExemption) -> tuple[str, ...]:
    where = f"{exemption.protocol} {','.join(exemption.localport)}"
    return (
        exemption.name,
        shortened(exemption.rows),
        where,
        shortened(exemption.remoteip),
        shortened(exemption.localip),
    )


def _service_row(service: VirtualService) -> tuple[str, ...]:
    where = f"{service.vip} {service.protocol} {service.port}"
    members = f"{','.join(service.members)} port {service.node_port}"
    persistence = service.persistence
    return (
        service.name,
        shortened(service.rows),
        where,
        members,
        f"{persistence['type']} {persistence['seconds']} s" if "seconds" in persistence else str(persistence["type"]),
    )


def shortened(texts: Sequence[str]) -> str:
    """Return texts joined with commas; what does not fit 48 columns is counted: "10.1.0.0/24, 10.2.0.7 and 5 more"."""
    shown: list[str] = []
    for text in texts:
        if shown and len(", ".join([*shown, text])) > _LIST_WIDTH:
            return f"{', '.join(shown)} and {len(texts) - len(shown)} more"
        shown.append(text)
    return ", ".join(shown)


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
            found.update(_rule_flows(rule, host))
    return tuple(sorted(found))


def admitting_rules(host: HostPlan) -> Iterator[FirewallRule]:
    """Yield the enabled allow rules of a host's plan."""
    return (rule for rule in host.firewall_rules if rule.enabled and rule.action == "allow")


def port_text(rule: FirewallRule) -> str:
    """Return the port that tells what a rule is for: that of the host, or of the peer where it goes out to one."""
    local, remote = ", ".join(rule.localport), ", ".join(rule.remoteport)
    return remote if rule.direction == "out" and remote != "any" else local


def _rule_flows(rule: FirewallRule, host: HostPlan) -> Iterator[Flow]:
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
