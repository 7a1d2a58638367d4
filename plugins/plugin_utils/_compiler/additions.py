# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Host -> the rules of its plan that no row of the catalogue knows: those of other roles, and that of its management.

They trace to the variable that asked for them, as other rules trace to their rows.
"""

from __future__ import annotations

from typing import Any

from .._base.addresses import AddressSet
from .._base.ports import PortSet
from .._firewall.rule import ANY_TEXT, Rule, protocol_text
from .._inventory.model import Host, MemberState, Platform
from .._plan.model import EXTRA_RULES, MANAGEMENT_RULE, FirewallRule

_UNLIMITED = {"edge": "no", "security": "notrequired"}
_TEXTS, _LISTS = ("program", "service", "edge", "security"), ("interfaces", "interfacetypes", "icmp_type_code")


def additions(host: Host, management_networks: AddressSet) -> tuple[FirewallRule, ...]:
    """Return the additional rules of a host, by their names; none for a retired host."""
    if host.member_state is MemberState.RETIRED:
        return ()
    has_management = host.management_ports and host.platform is not Platform.APPLIANCE
    management = (_management_rule(host.management_ports, management_networks),) if has_management else ()
    return (*management, *(_planned(rule) for rule in sorted(host.extra_rules, key=lambda rule: rule.name)))


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


def _planned(rule: Rule) -> FirewallRule:
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
        **_limits(rule),
    )


def _limits(rule: Rule) -> dict[str, Any]:
    """Return what else limits a rule; what does not is left out."""
    texts = {name: getattr(rule, name) for name in _TEXTS if getattr(rule, name) != _UNLIMITED.get(name, "")}
    return {**texts, **{name: tuple(sorted(getattr(rule, name))) for name in _LISTS if getattr(rule, name)}}
