# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands before pools: catalogue x pool -> virtual services of the pool's load balancers, topology -> what reverse
proxies publish.

Figures and rules are Microsoft's load balancing pages': web services are monitored on the SIP port, idle 1800 s,
source affinity 20 minutes, cookie MS-WSMAN for Lync 2010 external web services, no source NAT on the A/V Edge,
Nagle off on port 443 of the Edge.

A proxy publishes per pool its external web name, and what exists once in a deployment at the home pool. External web
services have ports of their own on the members, also behind a virtual address, unless the pool's balancer takes 443 and
80 for them (external_web_vip); the proxy listens on 443 and 80.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from .._base.addresses import ANY, AddressSet
from .._catalogue.model import (
    PUBLISHED_PORTS,
    Catalogue,
    Direction,
    Interface,
    LoadBalancer,
    PortRow,
    Scope,
    Transport,
    Version,
)
from .._inventory.model import Host, MemberState, Method, Pool, Topology
from .._inventory.naming import published_names
from .._load_balancers.model import Member, affinity_group
from .._load_balancers.model import MemberState as Serves
from .._load_balancers.nftables.driver import CLIENTS
from .._load_balancers.registry import options_of
from .._plan.model import VirtualService
from .._publications.model import Publication, TlsMode
from .firewall import BalancerPeers, bound_address, joined, row_names
from .peers import Directory, is_wanted, own_addresses
from .ports import PoolPorts

IDLE_SECONDS = 1800
SOURCE_AFFINITY_SECONDS = 1200
MONITOR_INTERVAL_SECONDS = 10
MONITOR_FAILURES = 2
HTTPS_PORT = 443
COOKIE_NAME = "MS-WSMAN"
_BALANCED = {Method.HLB: (LoadBalancer.HLB, LoadBalancer.ALWAYS), Method.DNS: (LoadBalancer.ALWAYS,), Method.NONE: ()}
_BALANCED_WHOLE = ("reverse_proxy", "office_web_apps")
_EXTERNAL = (Interface.ACCESS, Interface.WEB_CONFERENCING, Interface.AV)


@dataclass(frozen=True)
class Listener:
    """One balanced port of a pool: where the balancer listens, which port of the members takes it."""

    row: PortRow
    transport: Transport
    vips: AddressSet
    port: int
    node_port: int

    @property
    def side(self) -> str:
        """Return which side of the pool's balancers it belongs to: internal or external."""
        return "external" if self.row.interface in _EXTERNAL else "internal"


class ServicePolicy:
    """Makes the virtual services of pools, and says which balancer addresses the members must admit."""

    def __init__(self, catalogue: Catalogue, directory: Directory, pool_ports: PoolPorts) -> None:
        self._rows = [row for row in catalogue.ports if row.enabled and row.direction is Direction.IN]
        self._directory = directory
        self._pool_ports = pool_ports
        self._topology = directory.topology

    def virtual_services(self, pool: Pool) -> tuple[VirtualService, ...]:
        """Return the virtual services of a pool, in the catalogue's order, one per VIP address and port."""
        services: dict[tuple[str, int, str], VirtualService] = {}
        for listener in self.listeners(pool):
            for family in sorted(listener.vips.families):
                service = self._service(pool, listener, family)
                key = (service.vip, service.port, service.protocol)
                first = services.get(key)
                services[key] = replace(first, rows=joined(first.rows, service.rows)) if first else service
        return tuple(services.values())

    def balancer_peers(self, pools: Iterable[Pool]) -> BalancerPeers:
        """Return, per member port, the addresses of the balancers that connect to it: with source NAT, and monitors.
        """
        peers: dict[tuple[str, Interface, Transport, int], AddressSet] = {}
        for pool in pools:
            for listener in self.listeners(pool):
                for key in self._touched(pool, listener):
                    peers[key] = peers.get(key, AddressSet()) | self._balancer_addresses(pool, listener.side)
        return peers

    def clients(self, listener: Listener, pool: Pool) -> AddressSet:
        """Return who a member of the pool expects on the row of a listener."""
        row = listener.row
        members = (self._topology.hosts[name] for name in pool.members)
        return AddressSet.union_of(
            self._directory.addresses(peer, member, web=row.web is not None)
            for member in members
            for peer in row.peers
            if is_wanted(peer, member.features)
        )

    def _touched(self, pool: Pool, listener: Listener) -> Iterator[tuple[str, Interface, Transport, int]]:
        interface = listener.row.interface if pool.role == "edge" else Interface.ANY
        if _source_nat(listener):
            yield pool.name, interface, listener.transport, listener.node_port
        yield pool.name, interface, Transport.TCP, self._monitor_port(pool, listener)

    def _monitor_port(self, pool: Pool, listener: Listener) -> int:
        """Return the TCP port that tells whether a member is well.

        Front End and Director: the pool's monitoring port, or that of SIP, for every service, so that a member whose
        Front End service stopped leaves all of them. Edge: the port itself, that of STUN over TCP for STUN over UDP.
        """
        if pool.role in ("frontend", "directors"):
            return pool.monitoring_port or self._pool_ports.of(pool, "sip")
        if pool.role != "edge" or listener.transport is Transport.TCP:
            return pool.monitoring_port or listener.node_port
        if listener.side == "external":
            return self._topology.hosts[pool.members[0]].edge_ports["av"]
        return self._pool_ports.of(pool, "internal_av")

    def _balancer_addresses(self, pool: Pool, side: str) -> AddressSet:
        return own_addresses(self._topology.hosts[name] for name in pool.balancers.get(side, ()))

    def listeners(self, pool: Pool) -> Iterator[Listener]:
        """Yield every balanced port of a pool, in the catalogue's order."""
        members = [self._topology.hosts[name] for name in pool.members]
        for row in self._rows if members else ():
            if self._is_balanced(row, pool, members):
                for transport in row.transports:
                    yield from _row_listeners(row, transport, pool, members[0])

    def _is_balanced(self, row: PortRow, pool: Pool, members: list[Host]) -> bool:
        return (
            pool.version in row.versions
            and _takes_row(row, pool)
            and (not row.features or bool(members[0].features.intersection(row.features)))
            and any(
                self._directory.is_member(host, row.component) and row.collocated in (None, host.collocated)
                for host in members
            )
        )

    def _service(self, pool: Pool, listener: Listener, family: int) -> VirtualService:
        row, vip = listener.row, listener.vips.of_families(frozenset({family})).to_text()[0]
        members = self._members(pool, row, family)
        suffix = "-v6" if family == 6 else ""
        return VirtualService(
            name=f"{pool.name}-{row.id}-{listener.port}{suffix}",
            pool=pool.name,
            rows=row_names(row.rows, row.id),
            vip=vip,
            port=listener.port,
            protocol=listener.transport.value,
            node_port=listener.node_port,
            members=members["active"],
            disabled_members=members["joining"],
            draining_members=members["draining"],
            backup_members=members["backup"],
            persistence=_choose_persistence(row, pool, vip),
            idle_seconds=IDLE_SECONDS,
            monitor={
                "type": "tcp",
                "port": self._monitor_port(pool, listener),
                "interval_seconds": MONITOR_INTERVAL_SECONDS,
                "failures": MONITOR_FAILURES,
            },
            source_nat=_source_nat(listener),
            nagle=not (pool.role == "edge" and listener.node_port == HTTPS_PORT),
            balancers=pool.balancers.get(listener.side, ()),
            options=self._options(pool, listener, family),
        )

    def _members(self, pool: Pool, row: PortRow, family: int) -> dict[str, tuple[str, ...]]:
        """Return the addresses of the members by what they do: active, backup, draining, joining, retired."""
        found: dict[str, list[str]] = {state: [] for state in ("backup", *(state.value for state in MemberState))}
        for host in (self._topology.hosts[name] for name in pool.members):
            if row.collocated in (None, host.collocated):
                stands_by = host.backup_member and host.member_state is MemberState.ACTIVE
                found["backup" if stands_by else host.member_state.value] += (
                    _node_addresses(host, row).of_families(frozenset({family})).to_text()[:1]
                )
        return {state: tuple(addresses) for state, addresses in found.items()}

    def _options(self, pool: Pool, listener: Listener, family: int) -> dict[str, object]:
        """Return the vendor options that the driver of the service has: the pool's before those of its first balancer.

        Who may use a service is one where the host's own rules do not see who comes.
        """
        unit = next((self._topology.hosts[name] for name in pool.balancers.get(listener.side, ())), None)
        known = options_of(unit.balancer_driver or "", (listener.transport.value,)) if unit else {}
        given = {**(unit.balancer_vendor if unit else {}), **pool.vendor}
        clients = self.clients(listener, pool) if CLIENTS in known else ANY
        found = {} if clients == ANY else {CLIENTS: list(clients.of_families(frozenset({family})).to_text())}
        return {**found, **{name: given[name] for name in known if name in given}}


def _takes_row(row: PortRow, pool: Pool) -> bool:
    """Return whether a pool's balancer takes a row; the tables have no value for servers that are balanced as a whole,
    with all that others ask of them.
    """
    if pool.role in _BALANCED_WHOLE:
        return pool.method is Method.HLB and any(peer.scope is not Scope.OWN_POOL for peer in row.peers)
    return row.load_balancer.get(pool.version) in _BALANCED[pool.method]


def _row_listeners(row: PortRow, transport: Transport, pool: Pool, member: Host) -> Iterator[Listener]:
    """Yield where the balancer listens for a row; nothing when the pool has no virtual address for it."""
    rewritten = row.web == "external" and pool.external_web_vip
    vips = pool.external_web_vip if rewritten else _virtual_address(row, pool)
    published = PUBLISHED_PORTS.get(row.listener or "") if rewritten else None
    if vips and published and row.port.first:
        yield Listener(row, transport, vips, published, row.port.first)
        return
    for node_port in _node_ports(row, member) if vips else ():
        yield Listener(row, transport, vips, node_port, node_port)


def _virtual_address(row: PortRow, pool: Pool) -> AddressSet:
    if row.interface in _EXTERNAL:
        return pool.external_vips.get(row.interface.value, AddressSet())
    if row.web or pool.method is Method.DNS:
        return pool.web_vip
    return pool.vip


def _node_ports(row: PortRow, member: Host) -> tuple[int, ...]:
    """Return the single ports of a row; a range is media or dynamic RPC, which no balancer takes."""
    if row.port.edge_service is not None:
        return (member.edge_ports[row.port.edge_service],)
    pairs = row.port.ports.pairs if row.port.ports else ()
    return tuple(first for first, last in pairs if first == last)


def _node_addresses(host: Host, row: PortRow) -> AddressSet:
    if host.roles & {"edge", "reverse_proxy"}:
        return bound_address(row.interface, host) or host.addresses
    return host.addresses


def _choose_persistence(row: PortRow, pool: Pool, vip: str) -> dict[str, object]:
    """Return by what clients come back; the services of one virtual address share what they know of a client."""
    if row.web != "external":
        return {"type": "source", "seconds": SOURCE_AFFINITY_SECONDS, "group": affinity_group(pool.name, vip)}
    if pool.version is Version.LYNC_2010:
        return {"type": "cookie", "name": COOKIE_NAME}
    return {"type": "none"}


def _source_nat(listener: Listener) -> bool:
    return listener.row.interface is not Interface.AV


_STATES = {
    MemberState.ACTIVE: Serves.ACTIVE,
    MemberState.JOINING: Serves.DISABLED,
    MemberState.DRAINING: Serves.DRAINING,
}
_WEB_ROLES = ("frontend", "directors", "standard_edition", "office_web_apps")
_WEB_LISTENERS = ("external_web_https", "external_web_http")


class PublishingPolicy:
    """Makes the publications of reverse proxies."""

    def __init__(self, topology: Topology, pool_ports: PoolPorts) -> None:
        self._topology = topology
        self._pool_ports = pool_ports

    @cached_property
    def forwarding(self) -> str:
        """Return which ports a proxy passes to which, per pool where they differ; nothing where no pool has any."""
        pools: dict[str, list[str]] = {}
        for pool in (each for each in self._topology.pools.values() if each.role in _WEB_ROLES):
            if pool.role != "office_web_apps":
                https, http = (self._pool_ports.of(pool, name) for name in _WEB_LISTENERS)
                pools.setdefault(f"443 to {https} and 80 to {http}", []).append(pool.name)
        if len(pools) < 2:
            return "".join(pools)
        return "; ".join(f"{text} of {', '.join(sorted(names))}" for text, names in sorted(pools.items()))

    def publications(self, host: Host) -> tuple[Publication, ...] | None:
        """Return what a host publishes, by pool; None when it is no reverse proxy that is configured."""
        if "reverse_proxy" not in host.roles or not host.reverse_proxy_driver:
            return None
        if host.member_state is MemberState.RETIRED:
            return ()
        listens = (host.external_address or host.addresses).each()
        pools = (pool for pool in self._topology.pools.values() if pool.role in _WEB_ROLES)
        return tuple(
            found for pool in sorted(pools, key=lambda each: each.name) for found in self._publication(pool, listens)
        )

    def _publication(self, pool: Pool, listens: tuple[str, ...]) -> Iterator[Publication]:
        names, members = published_names(pool, self._topology), self._members(pool)
        if names and any(member.state in (Serves.ACTIVE, Serves.BACKUP) for member in members):
            https, http = self._ports_behind(pool)
            yield Publication(
                name=pool.name,
                host_names=names,
                listens=tuple(sorted(listens)),
                members=members,
                https_node_port=https,
                http_node_port=http,
                mode=TlsMode(pool.tls.mode),
                certificate=pool.tls.certificate,
                ca=pool.tls.ca,
            )

    def _ports_behind(self, pool: Pool) -> tuple[int, ...]:
        """Return the ports to which a proxy passes HTTPS and HTTP: those of the external web services, unless a
        balancer rewrites them or the servers have one web site for everybody.
        """
        rewritten = _is_load_balanced(pool) and bool(pool.external_web_vip)
        if rewritten or pool.role == "office_web_apps":
            return tuple(PUBLISHED_PORTS[name] for name in _WEB_LISTENERS)
        return tuple(self._pool_ports.of(pool, name) for name in _WEB_LISTENERS)

    def _members(self, pool: Pool) -> tuple[Member, ...]:
        """Return the virtual address of a pool's web services, or its members where there is none; one address each.
        """
        hosts = [self._topology.hosts[name] for name in pool.members]
        vip = (pool.external_web_vip or pool.web_vip) if _is_load_balanced(pool) else AddressSet()
        if vip:
            return (
                (Member(_first_address(vip)),)
                if any(host.member_state is MemberState.ACTIVE for host in hosts)
                else ()
            )
        return tuple(
            sorted(
                Member(_first_address(host.addresses), _serving_state(host))
                for host in hosts
                if host.member_state in _STATES
            )
        )


def _is_load_balanced(pool: Pool) -> bool:
    return pool.method is not Method.NONE


def _serving_state(host: Host) -> Serves:
    return (
        Serves.BACKUP if host.backup_member and host.member_state is MemberState.ACTIVE else _STATES[host.member_state]
    )


def _first_address(addresses: AddressSet) -> str:
    """Return one address of a set, IPv4 before IPv6."""
    return addresses.of_families(frozenset({min(addresses.families)})).each()[0]
