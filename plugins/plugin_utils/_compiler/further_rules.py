# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Host -> the rules of its plan that are not of rows for its own roles: of virtual addresses, of its management, and
those of the site.

A virtual address on a Linux load balancer is open to the peers of the row behind it, as a member of the pool knows
them. What a balancer sends to members, monitors too, is outbound and needs no rule. Rules that no row knows trace to
the variable that asked for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from .._base.addresses import ANY, AddressSet, PortSet
from .._catalogue.model import Direction, Interface
from .._firewall.rule import ANY_TEXT, Rule, protocol_text
from .._inventory.model import Host, MemberState, Platform, Pool
from .._plan.model import EXTRA_RULES, MANAGEMENT_RULE, FirewallRule
from .firewall import Origin, merged, named
from .peers import Directory
from .services import Listener, ServicePolicy

_UNLIMITED = {"edge": "no", "security": "notrequired"}
_TEXTS, _LISTS = ("program", "service", "edge", "security"), ("interfaces", "interfacetypes", "icmp_type_code")


def additions(host: Host, management_networks: AddressSet) -> tuple[FirewallRule, ...]:
    """Return the additional rules of a host, by their names; none for a retired host."""
    if host.member_state is MemberState.RETIRED:
        return ()
    has_management = host.management_ports and host.platform is not Platform.APPLIANCE
    management = (_management_rule(host.management_ports, management_networks),) if has_management else ()
    return (*management, *(_plan_rule(rule) for rule in sorted(host.extra_rules, key=lambda rule: rule.name)))


def _management_rule(ports: tuple[int, ...], networks: AddressSet) -> FirewallRule:
    return FirewallRule(
        name="Lync management (TCP in)",
        rows=(MANAGEMENT_RULE,),
        peer_classes=("management",),
        direction="in",
        protocol="tcp",
        localport=PortSet.parse(ports).to_text(),
        remoteport=(ANY_TEXT,),
        localip=(ANY_TEXT,),
        remoteip=networks.to_text(),
        description="From where the host is managed.",
    )


def _plan_rule(rule: Rule) -> FirewallRule:
    """Return a rule in the words of a plan, which leaves out what is no limit."""
    return FirewallRule(
        name=rule.name,
        rows=(EXTRA_RULES,),
        direction=rule.direction,
        protocol=protocol_text(rule.protocol),
        localport=rule.localport.to_text(),
        remoteport=rule.remoteport.to_text(),
        localip=rule.localip.addresses.to_text(),
        remoteip=rule.remoteip.addresses.to_text(),
        description=rule.description,
        action=rule.action,
        enabled=rule.enabled,
        profiles=tuple(sorted(rule.profiles)),
        **_further_limits(rule),
    )


def _further_limits(rule: Rule) -> dict[str, Any]:
    """Return what else limits a rule; what does not is left out."""
    texts = {name: getattr(rule, name) for name in _TEXTS if getattr(rule, name) != _UNLIMITED.get(name, "")}
    return {**texts, **{name: tuple(sorted(getattr(rule, name))) for name in _LISTS if getattr(rule, name)}}


class BalancerRules:
    """Makes the rules of load balancers."""

    def __init__(self, directory: Directory, services: Callable[[Pool], ServicePolicy]) -> None:
        self._directory = directory
        self._services = services

    def of(self, host: Host) -> tuple[FirewallRule, ...]:
        """Return the rules of one balancer, by the names of pools and in the order of rows; none for an appliance, a
        retired one, and any other host.
        """
        if (
            "load_balancers" not in host.roles
            or host.platform is not Platform.LINUX
            or host.member_state is MemberState.RETIRED
        ):
            return ()
        pools = sorted(self._directory.topology.pools.values(), key=lambda pool: pool.name)
        return merged(rule for pool in pools for rule in named(list(self._pool_rules(pool, host))))

    def _pool_rules(self, pool: Pool, balancer: Host) -> Iterator[FirewallRule]:
        services = self._services(pool)
        for listener in services.listeners(pool):
            if balancer.name in pool.balancers.get(listener.side, ()):
                peers = services.clients(listener, pool)
                reachable = peers if peers == ANY else peers.of_families(listener.vips.families)
                if reachable:
                    yield _virtual_address_rule(listener, pool, reachable, self._origin(listener, pool))

    def _origin(self, listener: Listener, pool: Pool) -> Origin:
        members = [self._directory.topology.hosts[name] for name in pool.members]
        features = frozenset(feature for member in members for feature in member.features)
        peers = self._directory.peer_roles(listener.row.peers, features)
        return replace(Origin.of(listener.row, peers, ("load_balancers",)), interface=Interface.ANY.value)


def _virtual_address_rule(listener: Listener, pool: Pool, peers: AddressSet, origin: Origin) -> FirewallRule:
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
