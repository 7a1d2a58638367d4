# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan for people: hosts and pools as plain text tables for a terminal, and who talks to whom by role.

Hosts with equal plans share a block; addresses have the names that people gave them.

    Flow(source="clients", destination="frontend", transport="tcp", port="5061", rows=("S2",), application="SIP/TLS",
         interface="any")

Flows are for the flow matrix and the drawing of a report. Their roles, peers and applications are the provenance that
each rule of the plan carries; the peer of a rule without any is "other".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .._base.screen import EVERYTHING, SCREEN_COLUMNS, hosts_text, indented, shortened, table
from .._base.untyped import counted
from .model import DnsRecord, FirewallRule, HostPlan, IpsecExemption, Plan, PoolPlan, VirtualService, row_order
from .names import Names

_LIST_WIDTH = 96


@dataclass(frozen=True)
class Page:
    """How plans are shown.

    columns: of the screen. is_whole: lists in full, with the rows of the catalogue. links: where to read about a row.
    """

    names: Names = field(default_factory=Names)
    columns: int = SCREEN_COLUMNS
    is_whole: bool = False
    links: Mapping[str, str] = field(default_factory=dict)

    def listed(self, texts: Sequence[str]) -> str:
        """Return texts with commas; those that are too many are counted."""
        return shortened(texts, EVERYTHING if self.is_whole else _LIST_WIDTH)

    def table(self, columns: Sequence[_Column], rows: Iterable[Iterable[str]]) -> str:
        """Return rows as a table without the columns that nobody wants here, or that are any everywhere."""
        lines = [tuple(row) for row in rows]
        kept = [
            number
            for number, (title, _cell) in enumerate(columns)
            if (title != _ROWS or self.is_whole) and (title != _BOUND or any(line[number] != "any" for line in lines))
        ]
        header = [columns[number][0] for number in kept]
        return indented(table(header, [[line[number] for number in kept] for line in lines], self.columns - 2))


_Column = tuple[str, Callable[..., str]]
_ROWS, _BOUND = "rows", "bound to"


def plan_text(plan: Plan, page: Page) -> str:
    """Return a whole plan: hosts with equal plans share a block, then the pools, and with links where rows are from."""
    blocks: dict[str, list[HostPlan]] = {}
    for host in plan.hosts.values():
        blocks.setdefault(_host_body(host, page), []).append(host)
    parts = ["\n".join(_host_block(hosts, body, page)) for body, hosts in blocks.items()]
    parts += [pool_plan(pool, page) for pool in plan.pools.values()]
    rows = {row for host in plan.hosts.values() for item in _with_rows(host) for row in item.rows}
    rows |= {row for pool in plan.pools.values() for service in pool.virtual_services for row in service.rows}
    return "\n\n".join([*parts, *(_link_lines(rows, page) if page.is_whole else ())])


def _with_rows(host: HostPlan) -> tuple[FirewallRule | IpsecExemption, ...]:
    return (*host.firewall_rules, *host.ipsec_exemptions)


def host_plan(plan: HostPlan, page: Page | None = None) -> str:
    """Return the rules of a host as a table, its exemptions as another, with what is not opened counted under it."""
    shown = page or Page()
    return "\n".join(_host_block([plan], _host_body(plan, shown), shown))


def _host_block(hosts: Sequence[HostPlan], body: str, page: Page) -> list[str]:
    title, _line, rest = body.partition("\n")
    names = hosts_text([host.host for host in hosts], EVERYTHING if page.is_whole else _LIST_WIDTH)
    bound = [line for host in hosts for line in _bound_addresses(host)]
    return [f"{names}: {title}", *map(indented, bound), rest]


def _bound_addresses(host: HostPlan) -> Iterator[str]:
    """Yield the addresses of a host by its interfaces, where rules are bound to some."""
    found: dict[str, str] = {}
    for rule in host.firewall_rules:
        if "any" not in rule.localip and rule.interface != "any":
            found.setdefault(rule.interface, ", ".join(rule.localip))
    if found:
        yield f"{host.host}: {'; '.join(f'{name} {addresses}' for name, addresses in found.items())}"


def _host_body(plan: HostPlan, page: Page) -> str:
    """Return what is equal of hosts that share a block: a line of roles and version, and all that follows."""
    parts = [f"{', '.join(plan.roles)}, version {plan.version}"]
    for columns, items in ((_RULE_COLUMNS, plan.firewall_rules), (_EXEMPTION_COLUMNS, plan.ipsec_exemptions)):
        if items:
            rows = ([cell(item, plan, page) for _title, cell in columns] for item in items)
            parts.append(page.table(columns, rows))
    if not plan.firewall_rules:
        parts.insert(1, "  no firewall rules")
    if plan.mirror_peers:
        names = page.listed([peer.name for peer in plan.mirror_peers])
        parts.append(f"  need the mirror of these where they require IPsec: {names}")
    closed = len({item.row for item in plan.not_opened})
    counts = [counted(len(plan.firewall_rules), "rule"), counted(len(plan.ipsec_exemptions), "IPsec exemption")]
    return "\n".join([*parts, f"  {', '.join(counts)}, {counted(closed, 'row')} of the catalogue not fully opened"])


def _port_cell(item: FirewallRule | IpsecExemption, _plan: HostPlan, _page: Page) -> str:
    outward = isinstance(item, FirewallRule) and item.direction == "out" and item.localport == ("any",)
    return f"{item.protocol} {','.join(item.remoteport if outward else item.localport)}"


def _bound_cell(item: FirewallRule | IpsecExemption, plan: HostPlan, page: Page) -> str:
    """Return to which of its own addresses a host binds a rule: an interface, where the line above has its addresses.
    """
    interface = item.interface if isinstance(item, FirewallRule) else _interface_of(item.localip, plan)
    if "any" in item.localip:
        return "any"
    if interface != "any":
        return interface
    own = set(item.localip) <= set(plan.addresses)
    return "own addresses" if own and set(item.localip) >= set(plan.addresses) else page.listed(item.localip)


def _interface_of(localip: Sequence[str], plan: HostPlan) -> str:
    bound = (rule for rule in plan.firewall_rules if rule.localip == tuple(localip) and rule.interface != "any")
    return next((rule.interface for rule in bound), "any")


_RULE_COLUMNS: tuple[_Column, ...] = (
    ("rule", lambda item, _plan, _page: item.name),
    (_ROWS, lambda item, _plan, page: page.listed(item.rows)),
    ("port", _port_cell),
    ("from/to", lambda item, _plan, page: page.listed(page.names.of(item.remoteip))),
    (_BOUND, _bound_cell),
)
_EXEMPTION_COLUMNS = (("IPsec exemption", _RULE_COLUMNS[0][1]), *_RULE_COLUMNS[1:])


def pool_plan(plan: PoolPlan, page: Page | None = None) -> str:
    """Return the virtual services of a pool as a table, and its DNS records as another."""
    shown = page or Page()
    lines = [f"{plan.pool} (pool, {plan.role}, load balancing: {plan.method})"]
    if plan.virtual_services:
        rows = ([cell(item, plan, shown) for _title, cell in _SERVICE_COLUMNS] for item in plan.virtual_services)
        lines.append(shown.table(_SERVICE_COLUMNS, rows))
    if plan.dns_records:
        lines.append(shown.table(_RECORD_COLUMNS, map(_record_row, plan.dns_records)))
    counts = [counted(len(plan.virtual_services), "virtual service"), counted(len(plan.dns_records), "DNS record")]
    return "\n".join([*lines, f"  {', '.join(counts)}"])


def _members_cell(service: VirtualService, _plan: PoolPlan, page: Page) -> str:
    return f"{page.listed(page.names.of(service.members))} port {service.node_port}"


def _persistence_cell(service: VirtualService, _plan: PoolPlan, _page: Page) -> str:
    persistence = service.persistence
    return f"{persistence['type']} {persistence['seconds']} s" if "seconds" in persistence else str(persistence["type"])


_SERVICE_COLUMNS: tuple[_Column, ...] = (
    ("service", lambda item, plan, _page: item.name.removeprefix(f"{plan.pool}-")),
    (_ROWS, lambda item, _plan, page: page.listed(item.rows)),
    ("listens on", lambda item, _plan, _page: f"{item.vip} {item.protocol} {item.port}"),
    ("members", _members_cell),
    ("persistence", _persistence_cell),
)


def _record_row(record: DnsRecord) -> tuple[str, ...]:
    return (record.name, record.type, record.view, ", ".join(record.values))


_RECORD_COLUMNS: tuple[_Column, ...] = tuple((title, str) for title in ("DNS record", "type", "view", "values"))


def _link_lines(rows: Iterable[str], page: Page) -> list[str]:
    """Return where to read about rows, those of one page on one line."""
    by_link: dict[str, list[str]] = {}
    for row in sorted(rows, key=row_order):
        if row in page.links:
            by_link.setdefault(page.links[row], []).append(row)
    lines = [indented(f"{', '.join(names)}: {link}") for link, names in by_link.items()]
    return ["\n".join(["Rows of the catalogue, and a page about them (docs/catalogue.md):", *lines])] if lines else []


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
