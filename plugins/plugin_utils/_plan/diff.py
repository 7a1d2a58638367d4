# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The difference of two plans, as flows: what becomes admitted or published, what is no longer, and the devices
touched.

    fe01: 10.3.0.0/16 newly admitted to TCP 5061
    fe01: 10.4.0.7 no longer admitted to TCP 5061
    rp01: meet.contoso.com on 203.0.113.31 newly published, TCP 443 to 10.1.0.11 port 4443
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from .._base.addresses import ANY, ANY_PORT, AddressSet, PortSet
from .._base.changes import Cause
from .._base.match_space import Box, subtract
from .._load_balancers.model import MemberState
from .._publications.model import EFFECTS, EffectKind, Publication
from .documents import plain
from .model import DnsRecord, FirewallRule, HostPlan, Inputs, IpsecExemption, Plan, PoolPlan, VirtualService

# Who has the DNS records of a plan, beside the devices of the inventory.
DNS_OBJECTS = "DNS"
_SERVES = (MemberState.ACTIVE, MemberState.BACKUP)


class _Flow(NamedTuple):
    """Where one name leads: address and port of the proxy, address and port of a member that takes traffic."""

    host_name: str
    address: str
    port: int
    member: str
    node_port: int


def publication_texts(before: Sequence[Publication], after: Sequence[Publication]) -> list[str]:
    """Return what changes between the publications of two plans of one host, flows first."""
    old, new = _flows_of_publications(before), _flows_of_publications(after)
    flows = [
        *_publication_flow_texts(new - old, "newly published"),
        *_publication_flow_texts(old - new, "no longer published"),
    ]
    found, wanted = ({item.name: item for item in items} for items in (before, after))
    both = sorted(found.keys() & wanted.keys())
    return flows + [text for name in both for text in _further_publication_texts(found[name], wanted[name])]


def _flows_of_publications(items: Sequence[Publication]) -> set[_Flow]:
    return {flow for item in items for flow in _publication_flows(item)}


def _publication_flows(item: Publication) -> Iterator[_Flow]:
    ports = ((item.https_port, item.https_node_port), (item.http_port, item.http_node_port))
    serving = [member.address for member in item.members if member.state in _SERVES]
    return (
        _Flow(name, address, port, member, node_port)
        for name in item.host_names
        for address in item.listens
        for member in serving
        for port, node_port in ports
    )


def _publication_flow_texts(flows: set[_Flow], verdict: str) -> list[str]:
    grouped: dict[tuple[str, int, str, int], list[str]] = {}
    for flow in sorted(flows):
        grouped.setdefault((flow.address, flow.port, flow.member, flow.node_port), []).append(flow.host_name)
    return sorted(
        f"{', '.join(names)} on {address} {verdict}, TCP {port} to {member} port {node_port}"
        for (address, port, member, node_port), names in grouped.items()
    )


def _further_publication_texts(old: Publication, new: Publication) -> Iterator[str]:
    """Yield what else differs of a publication, and what clients notice of it; its members where no flow shows them.
    """
    before, after = _publication_properties(old), _publication_properties(new)
    shown_as_flows = {"members"} if _flows_of_publications([old]) != _flows_of_publications([new]) else set()
    keys = [key for key in before if before[key] != after[key] and key not in shown_as_flows]
    if keys:
        noticed = any(EFFECTS.get(key) is EffectKind.CERTIFICATE for key in keys)
        changed = ", ".join(f"{key} {before[key]} -> {after[key]}" for key in keys)
        yield f"publication {old.name} changed: {changed}" + (f" ({EffectKind.CERTIFICATE.text})" if noticed else "")


def _publication_properties(item: Publication) -> dict[str, str]:
    """Return what flows do not show of a publication that is in both plans."""
    return {
        "mode": item.mode.value,
        "certificate": item.certificate or "none",
        "ca": item.ca or "none",
        "idle_seconds": str(item.idle_seconds),
        "members": ", ".join(f"{member.address} {member.state.value}" for member in item.members),
    }


_FURTHER_LIMITS = ("service", "interfaces", "interfacetypes", "icmp_type_code", "security")
_SETTINGS = ("policy", "load_balancer", "reverse_proxy")
_Named = TypeVar("_Named", FirewallRule, IpsecExemption, VirtualService, DnsRecord)


@dataclass(frozen=True)
class Difference:
    """What changes from one plan to another.

    lines: one flow, service or record a line, by device. devices: inventory names that the change touches, sorted.
    cause: CATALOGUE where another version of the collection and its catalogue is the only one; None where the
    inventory changed too, or a plan does not tell. objects: names of what differs, by the device that has it; DNS
    records under DNS_OBJECTS.
    """

    lines: tuple[str, ...]
    devices: tuple[str, ...]
    cause: Cause | None = None
    objects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_mixed: bool = False


def difference(before: Plan, after: Plan) -> Difference:
    """Return what changes from the plan before to the plan after."""
    lines: list[str] = []
    devices: set[str] = set()
    for name in sorted({*before.hosts, *after.hosts}):
        host, new_host = before.hosts.get(name), after.hosts.get(name)
        found = _host_lines(name, host, new_host) if host != new_host else []
        lines += found
        devices |= {name} if found else set()
    for name in sorted({*before.pools, *after.pools}):
        pool, new_pool = before.pools.get(name), after.pools.get(name)
        found = _pool_lines(name, pool, new_pool) if pool != new_pool else []
        lines += found
        devices |= _balancers_touched(pool, new_pool) if found else set()
    cause = _only_cause(before.inputs, after.inputs)
    objects = _differing_objects(before, after) if cause else {}
    return Difference(tuple(lines), tuple(sorted(devices)), cause, objects, _is_mixed(before.inputs, after.inputs))


def _only_cause(before: Inputs, after: Inputs) -> Cause | None:
    """Return why plans of these inputs differ, where there is one answer."""
    is_same = bool(before.inventory) and before.inventory == after.inventory
    return Cause.CATALOGUE if is_same and before != after else None


def _is_mixed(before: Inputs, after: Inputs) -> bool:
    """Return whether both the inventory and the catalogue are others than before."""
    is_known = bool(before.inventory and after.inventory)
    return is_known and before.inventory != after.inventory and before.catalogue != after.catalogue


def _differing_objects(before: Plan, after: Plan) -> dict[str, frozenset[str]]:
    """Return the names of what differs, by the device that has it."""
    old, new = dict(_owned_objects(before)), dict(_owned_objects(after))
    found: dict[str, set[str]] = {}
    for key in sorted(key for key in {**old, **new} if old.get(key) != new.get(key)):
        device, _kind, _full_name, name = key
        found.setdefault(device, set()).add(name)
    return {device: frozenset(names) for device, names in found.items()}


def _owned_objects(plan: Plan) -> Iterator[tuple[tuple[str, str, str, str], object]]:
    """Yield each rule, exemption, publication, service and record; its key: device, kind, full name, name."""
    for name, host in plan.hosts.items():
        yield from (((name, "rule", item.name, item.name), item) for item in host.firewall_rules)
        yield from (((name, "exemption", item.name, item.name), item) for item in host.ipsec_exemptions)
        yield from (((name, "publication", item.name, item.name), item) for item in host.publications or ())
    for pool in plan.pools.values():
        for service in pool.virtual_services:
            yield from (((name, "service", service.name, service.name), service) for name in service.balancers)
        yield from (((DNS_OBJECTS, "record", _full_name(item), item.name), item) for item in pool.dns_records)


def _host_lines(name: str, old: HostPlan | None, new: HostPlan | None) -> list[str]:
    old_rules, new_rules = (plan.firewall_rules if plan else () for plan in (old, new))
    before, after = _admitted_boxes(old_rules), _admitted_boxes(new_rules)
    flows = _flow_texts(after, before, "newly admitted") + _flow_texts(before, after, "no longer admitted")
    blocks = _item_texts(_blocking_rules(old_rules), _blocking_rules(new_rules), "blocking rule")
    old_exemptions, new_exemptions = (plan.ipsec_exemptions if plan else () for plan in (old, new))
    exemptions = _item_texts(old_exemptions, new_exemptions, "IPsec exemption")
    old_published, new_published = ((plan.publications or ()) if plan else () for plan in (old, new))
    published = publication_texts(old_published, new_published)
    settings = _setting_texts(old, new) if old and new else []
    # New names, descriptions, rules split or joined.
    renamed = old_rules != new_rules and not flows and not blocks
    only_rules = ["firewall rules change, what they admit does not"] if renamed else []
    return [f"{name}: {text}" for text in [*flows, *blocks, *exemptions, *published, *only_rules, *settings]]


def _setting_texts(old: HostPlan, new: HostPlan) -> list[str]:
    """Return which settings of a host change, in the names of the plan file."""
    pairs = [(getattr(old, name), getattr(new, name)) for name in _SETTINGS]
    changed = [_changed_keys(plain(before), plain(after)) for before, after in pairs]
    return [f"settings changed: {text}" for text in changed if text]


def _blocking_rules(rules: Iterable[FirewallRule]) -> list[FirewallRule]:
    return [rule for rule in rules if rule.action == "block"]


def _pool_lines(name: str, old: PoolPlan | None, new: PoolPlan | None) -> list[str]:
    old_services, new_services = (plan.virtual_services if plan else () for plan in (old, new))
    old_records, new_records = (plan.dns_records if plan else () for plan in (old, new))
    services = _item_texts(old_services, new_services, "virtual service")
    return [f"{name}: {text}" for text in services + _item_texts(old_records, new_records, "DNS record")]


def _item_texts(old: Iterable[_Named], new: Iterable[_Named], noun: str) -> list[str]:
    before, after = _by_name(old), _by_name(new)
    added = [f"{noun} {name} added" for name in after if name not in before]
    both = [name for name in after if name in before and before[name] != after[name]]
    changed = [f"{noun} {name} changed: {_changed_keys(plain(before[name]), plain(after[name]))}" for name in both]
    return sorted(added + changed + [f"{noun} {name} removed" for name in before if name not in after])


def _changed_keys(old: object, new: object) -> str:
    """Return the keys of two documents that differ, with both values."""
    before, after = (item if isinstance(item, Mapping) else {} for item in (old, new))
    keys = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    return ", ".join(f"{key} {before.get(key)} -> {after.get(key)}" for key in keys)


def _by_name(items: Iterable[_Named]) -> dict[str, _Named]:
    return {_full_name(item): item for item in items}


def _full_name(item: FirewallRule | IpsecExemption | VirtualService | DnsRecord) -> str:
    """Return what tells an item from the others of its section: record sets of one name have several types and views.
    """
    return f"{item.name} {item.type} {item.view}" if isinstance(item, DnsRecord) else item.name


def _balancers_touched(old: PoolPlan | None, new: PoolPlan | None) -> set[str]:
    """Return the balancers of the services that differ."""
    before, after = (plan.virtual_services if plan else () for plan in (old, new))
    differ = [item for item in before if item not in after] + [item for item in after if item not in before]
    return {name for service in differ for name in service.balancers}


def _flow_texts(boxes: Iterable[Box], others: list[Box], verdict: str) -> list[str]:
    left: list[Box] = []
    for box in boxes:
        left += subtract(box, others + left)
    return sorted({_box_text(box, verdict) for box in left})


def _box_text(box: Box, verdict: str) -> str:
    near = "" if box.localip == ANY else f" on {_set_text(box.localip)}"
    program = f" of {box.program}" if box.program else ""
    source = "" if box.remoteport == ANY_PORT else f" from port {_set_text(box.remoteport)}"
    if box.direction == "in":
        ports = f"{box.protocol.upper()} {_set_text(box.localport)}"
        return f"{_set_text(box.remoteip)} {verdict} to {ports}{near}{source}{program}"
    ports = f"{box.protocol.upper()} {_set_text(box.remoteport)}"
    local = "" if box.localport == ANY_PORT else f" from port {_set_text(box.localport)}"
    return f"outbound {ports} to {_set_text(box.remoteip)}{local}{near}{program} {verdict}"


def _set_text(members: AddressSet | PortSet) -> str:
    return ", ".join(members.to_text())


def _admitted_boxes(rules: Iterable[FirewallRule]) -> list[Box]:
    return [_rule_box(rule) for rule in rules if rule.enabled and rule.action == "allow"]


def _rule_box(rule: FirewallRule) -> Box:
    return Box(
        direction=rule.direction,
        protocol=rule.protocol,
        localip=AddressSet.parse(rule.localip),
        localport=PortSet.parse(rule.localport),
        remoteip=AddressSet.parse(rule.remoteip),
        remoteport=PortSet.parse(rule.remoteport),
        program=_rule_limits(rule),
    )


def _rule_limits(rule: FirewallRule) -> str | None:
    """Return what else a rule is limited to, as one text: flows are compared within the same limits."""
    found = [rule.program] if rule.program else []
    for name in _FURTHER_LIMITS:
        value = getattr(rule, name)
        found += [f"{name} {value if isinstance(value, str) else ', '.join(value)}"] if value else []
    return ", ".join(found) or None
