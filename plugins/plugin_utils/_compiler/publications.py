# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topology -> what reverse proxies publish: per pool its external web name, and what exists once in a deployment at
the home pool.

External web services listen on 4443 and 8080 of the members, also behind a virtual address, unless the pool's balancer
takes 443 and 80 for them (external_web_vip); the proxy listens on 443 and 80.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._base.addresses import AddressSet
from .._inventory.model import Host, MemberState, Method, Pool, Topology
from .._inventory.pool_names import home_pool, published_names
from .._load_balancers.model import Member
from .._load_balancers.model import MemberState as Serves
from .._publications.model import Publication, TlsMode

_STATES = {
    MemberState.ACTIVE: Serves.ACTIVE,
    MemberState.JOINING: Serves.DISABLED,
    MemberState.DRAINING: Serves.DRAINING,
}
_WEB_ROLES = ("frontend", "directors", "standard_edition")
_NODE_PORTS, _REWRITTEN_PORTS = (4443, 8080), (443, 80)


class PublishingPolicy:
    """Makes the publications of reverse proxies."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._home = home_pool(topology)

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
        names, members = published_names(pool, self._topology, self._home is pool), self._members(pool)
        if names and any(member.state in (Serves.ACTIVE, Serves.BACKUP) for member in members):
            https, http = _REWRITTEN_PORTS if _balanced(pool) and pool.external_web_vip else _NODE_PORTS
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

    def _members(self, pool: Pool) -> tuple[Member, ...]:
        """Return the virtual address of a pool's web services, or its members where there is none; one address each.
        """
        hosts = [self._topology.hosts[name] for name in pool.members]
        vip = (pool.external_web_vip or pool.web_vip) if _balanced(pool) else AddressSet()
        if vip:
            return (Member(_one(vip)),) if any(host.member_state is MemberState.ACTIVE for host in hosts) else ()
        return tuple(
            sorted(Member(_one(host.addresses), _state(host)) for host in hosts if host.member_state in _STATES)
        )


def _balanced(pool: Pool) -> bool:
    return pool.method is not Method.NONE


def _state(host: Host) -> Serves:
    return (
        Serves.BACKUP if host.backup_member and host.member_state is MemberState.ACTIVE else _STATES[host.member_state]
    )


def _one(addresses: AddressSet) -> str:
    """Return one address of a set, IPv4 before IPv6."""
    return addresses.of_families(frozenset({min(addresses.families)})).each()[0]
