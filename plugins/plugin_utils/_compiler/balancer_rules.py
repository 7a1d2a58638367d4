# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topology x load balancer -> the firewall rules of a balancer that is a Linux host: who may come to the virtual addresses on it.

A virtual address is open to the peers of the row behind it, as a member of the pool knows them. What a balancer sends to members,
monitors too, is outbound and needs no rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .._base.addresses import ANY, AddressSet
from .._catalogue.model import Direction, Interface
from .._inventory.model import Host, MemberState, Platform, Pool
from .._plan.model import FirewallRule
from .firewall import Origin, merged, named
from .peers import Directory, is_wanted
from .services import Listener, ServicePolicy


class BalancerRules:
    """Makes the rules of load balancers."""

    def __init__(self, directory: Directory, services: ServicePolicy) -> None:
        self._directory = directory
        self._services = services

    def of(self, host: Host) -> tuple[FirewallRule, ...]:
        """Return the rules of one balancer, in the order of pools and rows; none for an appliance, a retired one, and any other host."""
        if "load_balancers" not in host.roles or host.platform is not Platform.LINUX or host.member_state is MemberState.RETIRED:
            return ()
        pools = self._directory.topology.pools.values()
        return merged(rule for pool in pools for rule in named(list(self._pool_rules(pool, host))))

    def _pool_rules(self, pool: Pool, balancer: Host) -> Iterator[FirewallRule]:
        for listener in self._services.listeners(pool):
            if balancer.name in pool.balancers.get(listener.side, ()):
                peers = self._peers(listener, pool)
                reachable = peers if peers == ANY else peers.of_families(listener.vips.families)
                if reachable:
                    yield _rule(listener, pool, reachable, self._origin(listener, pool))

    def _origin(self, listener: Listener, pool: Pool) -> Origin:
        members = [self._directory.topology.hosts[name] for name in pool.members]
        features = frozenset(feature for member in members for feature in member.features)
        peers = self._directory.peer_roles(listener.row.peers, features)
        return replace(Origin.of(listener.row, peers, ("load_balancers",)), interface=Interface.ANY.value)

    def _peers(self, listener: Listener, pool: Pool) -> AddressSet:
        """Return who a member of the pool expects on the row."""
        row = listener.row
        members = (self._directory.topology.hosts[name] for name in pool.members)
        return AddressSet.union_of(
            self._directory.addresses(peer, member, web=row.web is not None)
            for member in members
            for peer in row.peers
            if is_wanted(peer, member.features)
        )


def _rule(listener: Listener, pool: Pool, peers: AddressSet, origin: Origin) -> FirewallRule:
    row = listener.row
    return FirewallRule(
        name=f"Lync {row.id} of {pool.name} ({listener.transport.value.upper()} in)",
        direction=Direction.IN.value,
        protocol=listener.transport.value,
        localport=(str(listener.port),),
        remoteport=("any",),
        localip=listener.vips.to_text(),
        remoteip=peers.to_text(),
        description=f"Virtual address of {pool.name}: {row.service or row.note}",
        **vars(origin),
    )
