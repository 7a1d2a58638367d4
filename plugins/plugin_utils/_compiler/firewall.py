# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Catalogue x topology x host -> Windows Firewall rules, and the rows that open nothing with the reason.

One rule per (row, port set, transport); rules that say the same are merged and list the rows of all.
Rules that do not depend on the host's own address are made once per kind of host (see _Context).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .._base.addresses import ANY, ANY_PORT, AddressSet, PortSet
from .._catalogue.model import (
    CLIENT_RANGES,
    DEFAULT_MEDIA_PORTS,
    PUBLISHED_PORTS,
    RELATIONS,
    Catalogue,
    Direction,
    Interface,
    Peer,
    PortRow,
    PortSide,
    PortSpec,
    Transport,
)
from .._inventory.model import Host, MemberState
from .._plan.model import MONITOR_RULE, FirewallRule, NotOpened
from .peers import Directory, is_wanted, local_addresses
from .ports import PoolPorts
from .relations import OF_NAMED_SERVERS

# (pool, interface, transport, port) -> addresses of the balancers that connect to that port of the pool's members.
BalancerPeers = Mapping[tuple[str, Interface, Transport, int], AddressSet]

_ADMIT_TCP = ("tcp", "any")
_BALANCERS = ("load_balancers",)


@dataclass(frozen=True)
class HostRules:
    """The firewall rules of one host and the rows that opened nothing."""

    rules: tuple[FirewallRule, ...] = ()
    not_opened: tuple[NotOpened, ...] = ()


@dataclass(frozen=True)
class Origin:
    """The provenance of a rule, as fields of FirewallRule."""

    rows: tuple[str, ...]
    applications: tuple[str, ...]
    services: tuple[str, ...]
    peer_classes: tuple[str, ...]
    component_roles: tuple[str, ...]
    interface: str

    @classmethod
    def of(cls, row: PortRow, peer_classes: tuple[str, ...], component_roles: tuple[str, ...]) -> Origin:
        """Return the provenance of a rule that a row of the catalogue asks for."""
        applications, services = (tuple(filter(None, [text])) for text in (row.application, row.service))
        interface = row.interface.value
        return cls(row_names(row.rows, row.id), applications, services, peer_classes, component_roles, interface)


@dataclass(frozen=True)
class _Flow:
    """One row resolved for one host: ports, and the peers that use them."""

    ports: PortSet
    other_ports: PortSet
    peers: AddressSet
    program: str | None = None


class FirewallPolicy:
    """Makes the firewall rules of hosts."""

    def __init__(
        self, catalogue: Catalogue, directory: Directory, pool_ports: PoolPorts, balancer_peers: BalancerPeers
    ) -> None:
        self._rows = [row for row in catalogue.ports if row.enabled]
        self._listeners = _listening_ports(catalogue)
        self._directory = directory
        self._pool_ports = pool_ports
        self._balancer_peers = balancer_peers
        self._rows_cache: dict[object, list[PortRow]] = {}
        self._contexts: dict[object, int] = {}
        self._rule_cache: dict[object, HostRules] = {}

    def host_rules(self, host: Host) -> HostRules:
        """Return the rules of one host, in the catalogue's order; none for a retired host."""
        if host.member_state is MemberState.RETIRED:
            return HostRules()
        named = host.name if self._directory.relations.is_named(host) else None
        context = self._contexts.setdefault((named, *_rule_context(host)), len(self._contexts))
        made = [self._row_rules(row, host, context) for row in self._applicable(host)]
        rules = merged([*(rule for part in made for rule in part.rules), *self._monitor_rules(host)])
        own = local_addresses(host)
        rules = tuple(rule for rule in rules if not _stays_on_host(rule, own))
        return HostRules(rules, tuple(sorted({item for part in made for item in part.not_opened})))

    def closed_ports(self, rules: Iterable[FirewallRule]) -> tuple[str, ...]:
        """Return the TCP ports of listeners of the catalogue to which no rule of a host lets anybody in; none where no
        rule lets anything in, since that firewall is not ours.
        """
        incoming = [rule for rule in rules if rule.direction == "in" and rule.enabled and rule.action == "allow"]
        opening = (rule for rule in incoming if rule.protocol in _ADMIT_TCP)
        opened = PortSet.parse(text for rule in opening for text in rule.localport)
        return (self._listeners - opened).to_text() if incoming else ()

    def _applicable(self, host: Host) -> list[PortRow]:
        own = self._directory.relations.components(host)
        served = self._directory.relations.served_versions(host)
        key = (host.roles, host.classes, host.version, served, self._directory.holds_cms(host), own)
        if key not in self._rows_cache:
            self._rows_cache[key] = [row for row in self._rows if self._applies(row, host)]
        return self._rows_cache[key]

    def _applies(self, row: PortRow, host: Host) -> bool:
        return (
            self._is_of_version(row, host)
            and row.collocated in (None, host.collocated)
            and self._directory.is_member(host, row.component)
        )

    def _is_of_version(self, row: PortRow, host: Host) -> bool:
        """Return whether a version has a row; servers with databases have that of the pools that name them."""
        served = self._directory.relations.served_versions(host) if row.component in OF_NAMED_SERVERS else ()
        return bool(row.versions.intersection(served or (host.version,)))

    def _row_rules(self, row: PortRow, host: Host, context: int) -> HostRules:
        bound = bound_address(row.interface, host)
        key = (row.id, bound, context)
        if key not in self._rule_cache:
            self._rule_cache[key] = self._make(row, host, bound)
        return self._rule_cache[key]

    def _make(self, row: PortRow, host: Host, bound: AddressSet | None) -> HostRules:
        reason = _explain_closed_row(row, host)
        if reason:
            return HostRules(not_opened=_not_opened(row, reason))
        flows = list(self._flows(row, host))
        origin = self._origin(row, host)
        rules = [
            _rule_of_row(row, transport, flow, bound, origin)
            for flow in flows
            for transport in self._transports(row, host, flow, bound)
        ]
        why = self._missing(row, host, bool(flows), bool(rules))
        return HostRules(tuple(named(rules)), _not_opened(row, why, self._empty_classes(row, host)))

    def _origin(self, row: PortRow, host: Host) -> Origin:
        roles = tuple(sorted(host.roles & self._directory.roles_of(row.component)))
        # Where features leave a row no peer, it is open to the load balancers alone that pass it on.
        peers = self._directory.peer_roles(row.peers, host.features) or _BALANCERS
        return Origin.of(row, peers, roles)

    def _missing(self, row: PortRow, host: Host, has_flows: bool, has_rules: bool) -> str:
        """Return why a row opens less than it could, empty when it opens all."""
        if has_flows and not has_rules:
            return "its peers have no address of the family of the address that it is bound to"
        if empty := self._empty_classes(row, host):
            return f"no member of: {', '.join(empty)}"
        return "" if has_rules else _feature_is_off({feature for peer in row.peers for feature in peer.features})

    def _transports(
        self, row: PortRow, host: Host, flow: _Flow, bound: AddressSet | None
    ) -> Iterator[tuple[Transport, AddressSet]]:
        for transport in row.transports:
            peers = flow.peers | self._balancers(row, host, transport, flow.ports)
            if bound is not None and peers != ANY:
                peers = peers.of_families(bound.families)
            if peers:
                yield transport, peers

    def _balancers(self, row: PortRow, host: Host, transport: Transport, ports: PortSet) -> AddressSet:
        """Return the balancers that come to any of a row's ports; of a range they take none."""
        if row.direction is Direction.OUT or host.pool is None:
            return AddressSet()
        interface = row.interface if "edge" in host.roles else Interface.ANY
        keys = ((host.pool, interface, transport, first) for first, _last in ports.pairs)
        return AddressSet.union_of(self._balancer_peers[key] for key in keys if key in self._balancer_peers)

    def _flows(self, row: PortRow, host: Host) -> Iterator[_Flow]:
        other = self._ports(row.other_port, host) if row.other_port else ANY_PORT
        program = host.client_program if row.port.media in ("client", *CLIENT_RANGES) else None
        if row.port.gateway_sip is not None:
            yield from self._gateway_flows(row.port.gateway_sip, row, host, other)
            return
        for ports, peers in self._peers_by_port(row, host).items():
            if peers or self._is_balanced(row, host, ports):
                yield _Flow(ports, other, peers, program)
        rewriting = (
            self._directory.external_web_vips(row.peers)
            if row.direction is Direction.OUT and row.web == "external"
            else None
        )
        if rewriting:
            yield _Flow(_published_ports(row, self._ports(row.port, host)), other, rewriting, program)

    def _peers_by_port(self, row: PortRow, host: Host) -> dict[PortSet, AddressSet]:
        """Return the peers of a row by the ports on which it meets them: pools may have moved what it leads to."""
        usual, moved = self._ports(row.port, host), self._pool_ports.moved(row)
        if not moved:
            return {usual: AddressSet.union_of(self._peer_addresses(row, peer, host) for peer in row.peers)}
        pools: dict[PortSet, set[str | None]] = {}
        for name in (None, *self._directory.topology.pools):
            pools.setdefault(moved.get(name or "", usual), set()).add(name)
        groups = {ports: frozenset(pools[ports]) for ports in sorted(pools, key=lambda each: each.pairs)}
        return {
            ports: AddressSet.union_of(self._peer_addresses(row, peer, host, among) for peer in row.peers)
            for ports, among in groups.items()
        }

    def _monitor_rules(self, host: Host) -> Iterator[FirewallRule]:
        """Yield the rules for a pool's monitoring port, which no row of the catalogue can know."""
        pool = self._directory.topology.pools.get(host.pool or "")
        port = pool.monitoring_port if pool else None
        for interface in Interface if port else ():
            peers = self._balancer_peers.get((host.pool or "", interface, Transport.TCP, port or 0))
            bound = bound_address(interface, host) if "edge" in host.roles else None
            if peers:
                yield _monitor_rule(PortSet.of(port or 0), interface, bound, peers)

    def _is_balanced(self, row: PortRow, host: Host, ports: PortSet) -> bool:
        return any(self._balancers(row, host, transport, ports) for transport in row.transports)

    def _gateway_flows(self, default: PortSet, row: PortRow, host: Host, other: PortSet) -> Iterator[_Flow]:
        """Yield a flow per SIP port, since gateways need not listen on the same one."""
        by_port: dict[PortSet, list[AddressSet]] = {}
        for gateway in self._directory.gateways_of(host):
            port = PortSet.parse(gateway.sip_ports) if gateway.sip_ports else default
            by_port.setdefault(port, []).append(gateway.addresses)
        for port in sorted(by_port, key=lambda ports: ports.pairs):
            yield _Flow(port, other, AddressSet.union_of(by_port[port]))

    def _peer_addresses(
        self, row: PortRow, peer: Peer, host: Host, among: frozenset[str | None] | None = None
    ) -> AddressSet:
        if not is_wanted(peer, host.features):
            return AddressSet()
        return self._directory.addresses(peer, host, web=row.web is not None, among=among)

    def _empty_classes(self, row: PortRow, host: Host) -> list[str]:
        wanted = [peer for peer in row.peers if is_wanted(peer, host.features) and peer.peer_class not in RELATIONS]
        return sorted(
            {peer.peer_class for peer in wanted if not self._directory.addresses(peer, host, web=row.web is not None)}
        )

    def _ports(self, spec: PortSpec, host: Host) -> PortSet:
        return host_ports(spec, host) or self._directory.relations.sql_ports(spec, host) or PortSet()


# More texts than a host has addresses, so that a longer list needs no look.
_MOST_ADDRESSES = 8


def _stays_on_host(rule: FirewallRule, own: AddressSet) -> bool:
    """Return whether a rule is about the host itself alone: Windows Firewall does not look at such packets."""
    return len(rule.remoteip) <= _MOST_ADDRESSES and AddressSet.parse(rule.remoteip) <= own


def _monitor_rule(port: PortSet, interface: Interface, bound: AddressSet | None, peers: AddressSet) -> FirewallRule:
    return FirewallRule(
        name=f"Lync balancer-monitor-{interface.value} (TCP in)",
        rows=(MONITOR_RULE,),
        peer_classes=_BALANCERS,
        interface=interface.value,
        direction="in",
        protocol="tcp",
        localport=port.to_text(),
        remoteport=("any",),
        localip=bound.to_text() if bound else ("any",),
        remoteip=peers.to_text(),
        description="Monitoring port of the pool, asked by its load balancers.",
    )


def _listening_ports(catalogue: Catalogue) -> PortSet:
    """Return the single TCP ports that the catalogue lists as listeners, those of rows that are not enabled too."""
    listeners = (
        row.port.ports
        for row in catalogue.ports
        if row.direction is Direction.IN and row.port_side is PortSide.LOCAL and Transport.TCP in row.transports
    )
    pairs = (pair for ports in listeners if ports is not None for pair in ports.pairs)
    return PortSet.parse(first for first, last in pairs if first == last)


def bound_address(interface: Interface, host: Host) -> AddressSet | None:
    """Return the local address that a row of an interface is bound to, None when it is bound to none."""
    if interface is Interface.ANY:
        return None
    if interface is Interface.INTERNAL:
        return host.internal_address or (host.addresses if "edge" in host.roles else None)
    if interface is Interface.EXTERNAL:
        return host.external_address or None
    if interface is Interface.PSTN:
        return host.pstn_address or None
    return host.external_addresses[interface.value]


def host_ports(spec: PortSpec, host: Host) -> PortSet | None:
    """Return the ports that a row names as numbers or as ports of the host itself, None for those of others."""
    if spec.ports is not None:
        return spec.ports
    if spec.own_sip:
        return PortSet.parse(host.sip_ports)
    if spec.media is not None:
        return media_range(spec.media, host)
    return PortSet.of(host.edge_ports[spec.edge_service]) if spec.edge_service is not None else None


def media_range(name: str, host: Host) -> PortSet:
    """Return a range of a host; kinds of media of the client that have none of their own use its common one."""
    return host.media_ports.get(name) or host.media_ports["client"]


def narrow_client_range(host: Host, name: str = "client") -> bool:
    """Return whether a range of the client is narrower than the default, which is every unprivileged port."""
    return media_range(name, host) != DEFAULT_MEDIA_PORTS["client"]


def row_names(rows: tuple[str, ...], row_id: str) -> tuple[str, ...]:
    """Return what traces an item to its row: numbers of the first edition, or the id of a row that it lacks."""
    return rows or (row_id,)


def merged(rules: Iterable[FirewallRule]) -> tuple[FirewallRule, ...]:
    """Return the rules with those that say the same made one, under the first one's name, with the rows of all."""
    found: dict[tuple[object, ...], FirewallRule] = {}
    for rule in rules:
        key = (
            rule.direction,
            rule.protocol,
            rule.localport,
            rule.remoteport,
            rule.localip,
            rule.remoteip,
            rule.program,
        )
        twin = found.get(key)
        found[key] = rule if twin is None else _merge_rule_origins(twin, rule)
    return tuple(found.values())


def _merge_rule_origins(rule: FirewallRule, other: FirewallRule) -> FirewallRule:
    """Return a rule with the provenance of both; its interface stays, since both are bound to the same address."""
    return replace(
        rule,
        rows=joined(rule.rows, other.rows),
        applications=joined(rule.applications, other.applications),
        services=joined(rule.services, other.services),
        peer_classes=tuple(sorted({*rule.peer_classes, *other.peer_classes})),
        component_roles=tuple(sorted({*rule.component_roles, *other.component_roles})),
    )


def joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    """Return the rows of one and then those of other that one lacks."""
    return one + tuple(row for row in other if row not in one)


def _rule_context(host: Host) -> tuple[object, ...]:
    """Return all that the rules of a row depend on besides the row and the bound address."""
    return (
        host.pool or host.name,
        host.site,
        host.roles,
        host.features,
        host.client_networks,
        host.phone_networks,
        tuple(sorted((name, ports.pairs) for name, ports in host.media_ports.items())),
        tuple(sorted(host.edge_ports.items())),
        host.sip_ports,
        host.classes,
        host.client_program,
    )


def _explain_closed_row(row: PortRow, host: Host) -> str:
    if row.features and not host.features.intersection(row.features):
        return _feature_is_off(row.features)
    if row.port.own_sip and not host.sip_ports:
        return "lync_sip_port is not set"
    is_client = row.port.media in ("client", *CLIENT_RANGES)
    if is_client and not narrow_client_range(host, row.port.media or "") and not host.client_program:
        fix = "set lync_client_program, or lync_media_ports.client to a narrower range"
        return f"any unprivileged port would be opened: {fix}"
    return ""


def _published_ports(row: PortRow, ports: PortSet) -> PortSet:
    """Return the ports of an external web VIP that a balancer rewrites to these ports of the members."""
    published = PUBLISHED_PORTS.get(row.listener or "")
    return PortSet.of(published) if published else ports


def _feature_is_off(features: Iterable[str]) -> str:
    return f"feature {' or '.join(sorted(features))} is not in lync_features"


def _rule_of_row(
    row: PortRow, transport: tuple[Transport, AddressSet], flow: _Flow, bound: AddressSet | None, origin: Origin
) -> FirewallRule:
    protocol, peers = transport
    local, remote = (
        (flow.ports, flow.other_ports) if row.port_side is PortSide.LOCAL else (flow.other_ports, flow.ports)
    )
    return FirewallRule(
        name=f"Lync {row.id} ({protocol.value.upper()} {row.direction.value})",
        direction=row.direction.value,
        protocol=protocol.value,
        localport=local.to_text(),
        remoteport=remote.to_text(),
        localip=bound.to_text() if bound else ("any",),
        remoteip=peers.to_text(),
        description=f"{row.service}: {row.note}" if row.service else row.note,
        program=flow.program,
        **vars(origin),
    )


def named(rules: list[FirewallRule]) -> list[FirewallRule]:
    """Return the rules of one row with names that differ: the port is added where one name would come twice."""
    names = [rule.name for rule in rules]
    return [
        rule if names.count(rule.name) == 1 else replace(rule, name=f"{rule.name[:-1]} {_join_ports(rule)})")
        for rule in rules
    ]


def _join_ports(rule: FirewallRule) -> str:
    return ",".join(rule.remoteport if rule.direction == "out" else rule.localport)


def _not_opened(row: PortRow, why: str, empty_classes: Iterable[str] = ()) -> tuple[NotOpened, ...]:
    names = row_names(row.rows, row.id) if why else ()
    return tuple(NotOpened(name, why, row.id, tuple(empty_classes)) for name in names)
