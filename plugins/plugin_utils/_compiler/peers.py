# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is who: which hosts a class of the catalogue means, and which addresses a peer class means to one host.

Answers are memoised by what they depend on (pool, site, networks), never by host, so that a plan costs
the same per host however large the deployment is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from .._base.addresses import ANY, AddressSet
from .._catalogue.check import COMPONENT_CLASSES
from .._catalogue.model import PART_OF, Catalogue, Peer, Scope
from .._inventory.model import Host, Pool, Topology
from .relations import Relations

# Classes whose members a site limits (design contract: clients, phones and gateways).
_SITE_BOUND = frozenset({"clients", "phones", "pstn_gateways"})
# Classes that pools make of each server that they name.
_RELATED = frozenset({"database_users", "report_users", "share_users", "store_readers", "database_partners"})


class Directory:
    """Looks up hosts and addresses by class, for one topology and one catalogue."""

    def __init__(self, topology: Topology, catalogue: Catalogue) -> None:
        self.topology = topology
        self._classes = catalogue.classes
        self.relations = Relations(topology, catalogue.classes)
        self._cache: dict[tuple[object, ...], AddressSet] = {}
        self._pool_hosts: dict[str, tuple[Host, ...]] = {}
        self._special: dict[str, Callable[[Host], AddressSet]] = {
            "any": lambda _host: ANY,
            "any_internal": self._any_internal,
            "clients": self.clients,
            "phones": lambda host: host.phone_networks,
            "media_networks": lambda _host: topology.media_networks,
            "management": self._management,
            "cms_master": lambda _host: own_addresses(self._cms_master),
            "cms_replicas": lambda _host: own_addresses(self._cms_replicas),
            "backup_pool": self._backup_pool,
            "database_users": lambda host: own_addresses(self.relations.database_users(host)),
            "report_users": lambda host: own_addresses(self.relations.report_users(host)),
            "share_users": lambda host: own_addresses(self.relations.share_users(host)),
            "store_readers": lambda host: own_addresses(self.relations.store_readers(host)),
            "database_partners": lambda host: own_addresses(self.relations.database_partners(host)),
        }

    def roles_of(self, name: str) -> frozenset[str]:
        """Return the roles that a class or role name stands for."""
        return frozenset(self._classes.get(name, (name,)))

    def peer_roles(self, peers: Iterable[Peer], features: frozenset[str]) -> tuple[str, ...]:
        """Return what the classes of peers are with these features on: roles where they are servers, else the classes
        themselves.
        """
        classes = (PART_OF.get(peer.peer_class, peer.peer_class) for peer in peers if is_wanted(peer, features))
        return tuple(sorted({role for name in classes for role in self._classes.get(name, (name,))}))

    def is_member(self, host: Host, name: str) -> bool:
        """Return whether a host belongs to a component class of the catalogue."""
        if name == "cms_master":
            return self.holds_cms(host)
        if name == "cms_replicas":
            return bool(host.roles & self.roles_of("replicas")) and not self._is_lone_master(host)
        if name in COMPONENT_CLASSES:
            return name in self.relations.components(host)
        return bool((host.roles | host.classes) & self.roles_of(name))

    def holds_cms(self, host: Host) -> bool:
        """Return whether the Central Management store is in this host's pool."""
        master = self.topology.central_management_pool
        return master is not None and master in (host.pool, host.name) and bool(host.roles & self.roles_of("frontend"))

    def _is_lone_master(self, host: Host) -> bool:
        """Return whether a host is the only one that can be master: in a pool any member can, and the others are its
        replicas.
        """
        return self.holds_cms(host) and len(self.pool_hosts(host)) == 1

    def addresses(
        self, peer: Peer, host: Host, web: bool = False, among: frozenset[str | None] | None = None
    ) -> AddressSet:
        """Return the addresses that a peer means to a host.

        web: the pools' web addresses count as theirs. among: of these pools alone, None in it for hosts of no pool.
        """
        key = self._key(peer, host, web, among)
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._look_up(peer, host, web, among)
        return found

    def _key(self, peer: Peer, host: Host, web: bool, among: frozenset[str | None] | None) -> tuple[object, ...]:
        name = peer.peer_class
        own = peer.scope is Scope.OWN_POOL or name == "backup_pool"
        networks = (
            (host.client_networks, host.phone_networks) if name in ("any_internal", "clients", "phones") else None
        )
        place = (host.site, host.pool or host.name) if name in _SITE_BOUND or name == "any_internal" else None
        related = host.name if name in _RELATED else None
        return (name, peer.vips, web, (host.pool or host.name) if own else None, place, networks, related, among)

    def _look_up(self, peer: Peer, host: Host, web: bool, among: frozenset[str | None] | None) -> AddressSet:
        special = self._special.get(peer.peer_class)
        if special is not None:
            return special(host)
        roles = self.roles_of(peer.peer_class)
        members = own_addresses(
            member for member in self._members(peer, host, roles) if among is None or member.pool in among
        )
        return members | self._vips(peer, host, roles, web, among) if peer.vips else members

    def _members(self, peer: Peer, host: Host, roles: frozenset[str]) -> Iterable[Host]:
        if peer.scope is Scope.OWN_POOL:
            return [member for member in self.pool_hosts(host) if member.roles & roles]
        candidates = (member for role in sorted(roles) for member in self._by_role.get(role, ()))
        return [member for member in candidates if _serves_host(peer.peer_class, member, host)]

    def pool_hosts(self, host: Host) -> tuple[Host, ...]:
        """Return the members of a host's pool that are not retired; the host alone when it has none."""
        if host.pool is None:
            return (host,)
        return self._pool_hosts.get(host.pool) or self._index_pool(host.pool)

    def _index_pool(self, name: str) -> tuple[Host, ...]:
        members = (self.topology.hosts[member] for member in self.topology.pools[name].members)
        return self._pool_hosts.setdefault(name, tuple(member for member in members if member.is_alive))

    def gateways_of(self, host: Host) -> list[Host]:
        """Return the PSTN gateways that serve a host's pool, in the inventory's order."""
        return [
            gateway
            for gateway in self._by_role.get("pstn_gateways", ())
            if _serves_host("pstn_gateways", gateway, host)
        ]

    def _vips(
        self, peer: Peer, host: Host, roles: frozenset[str], web: bool, among: frozenset[str | None] | None
    ) -> AddressSet:
        wanted = {host.pool} if peer.scope is Scope.OWN_POOL else among
        pools = (
            pool
            for pool in self.topology.pools.values()
            if pool.role in roles and (wanted is None or pool.name in wanted)
        )
        return AddressSet.union_of(vip for pool in pools for vip in _pool_vips(pool, web))

    def external_web_vips(self, peers: Iterable[Peer]) -> AddressSet:
        """Return the addresses on which balancers take the external web services of the peers' pools and rewrite the
        port.
        """
        roles = {role for peer in peers if peer.vips for role in self.roles_of(peer.peer_class)}
        return AddressSet.union_of(
            pool.external_web_vip for pool in self.topology.pools.values() if pool.role in roles
        )

    @cached_property
    def _by_role(self) -> dict[str, list[Host]]:
        index: dict[str, list[Host]] = {}
        for host in (host for host in self.topology.hosts.values() if host.is_alive):
            for role in (*host.roles, *host.classes):
                index.setdefault(role, []).append(host)
        return index

    def _of_class(self, name: str) -> list[Host]:
        return [host for role in sorted(self.roles_of(name)) for host in self._by_role.get(role, ())]

    def clients(self, host: Host) -> AddressSet:
        """Return where the clients of a host are: the client networks, and clients of the inventory."""
        members = [member for member in self._by_role.get("clients", ()) if _serves_host("clients", member, host)]
        return host.client_networks | own_addresses(members)

    def _management(self, _host: Host) -> AddressSet:
        return self.topology.management_networks | own_addresses(self._by_role.get("admin_hosts", ()))

    def _any_internal(self, host: Host) -> AddressSet:
        return self.clients(host) | host.phone_networks | self.topology.media_networks | self._all_servers

    @cached_property
    def _all_servers(self) -> AddressSet:
        outside = self._outer_balancers
        return own_addresses(
            host
            for host in self.topology.hosts.values()
            if host.roles and host.is_alive and host.name not in outside
        )

    @cached_property
    def _outer_balancers(self) -> frozenset[str]:
        """Return the load balancers that stand on the external side of Edge pools alone: what they reach, services
        say.
        """
        sides = {
            side: {name for pool in self.topology.pools.values() for name in pool.balancers.get(side, ())}
            for side in ("internal", "external")
        }
        return frozenset(sides["external"] - sides["internal"])

    @cached_property
    def _cms_master(self) -> tuple[Host, ...]:
        return tuple(host for host in self._of_class("frontend") if self.holds_cms(host))

    @cached_property
    def _cms_replicas(self) -> tuple[Host, ...]:
        return tuple(host for host in self._of_class("replicas") if not self._is_lone_master(host))

    def _backup_pool(self, host: Host) -> AddressSet:
        pool = self.topology.pools.get(host.pool or "")
        if pool is None or pool.backup_pool is None:
            return AddressSet()
        return own_addresses(self._index_pool(pool.backup_pool))


def is_wanted(peer: Peer, features: frozenset[str]) -> bool:
    """Return whether a peer of a row counts with these features on."""
    return not peer.features or bool(features.intersection(peer.features))


def own_addresses(hosts: Iterable[Host]) -> AddressSet:
    """Return the addresses from which hosts speak inside the deployment (the internal ones, a balancer's own)."""
    return AddressSet.union_of(_inside_addresses(host) for host in hosts)


def local_addresses(host: Host) -> AddressSet:
    """Return every address that the inventory says is on the host's network cards."""
    own = (host.addresses, host.internal_address, host.external_address, host.pstn_address)
    return AddressSet.union_of([*own, *host.external_addresses.values()])


def _inside_addresses(host: Host) -> AddressSet:
    return host.internal_address or host.balancer_addresses or host.addresses


def _pool_vips(pool: Pool, web: bool) -> tuple[AddressSet, ...]:
    return (pool.vip, pool.web_vip) if web else (pool.vip,)


def _serves_host(peer_class: str, member: Host, host: Host) -> bool:
    """Return whether a member of a site-bound class belongs to the host's site and pool."""
    if peer_class not in _SITE_BOUND:
        return True
    same_site = member.site is None or host.site is None or member.site == host.site
    return same_site and (not member.serves_pools or (host.pool or host.name) in member.serves_pools)
