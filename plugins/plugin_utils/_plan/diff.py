# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The difference of two plans, as flows: what becomes admitted, what is no longer, and the devices touched.

    fe01: 10.3.0.0/16 newly admitted to TCP 5061
    fe01: 10.4.0.7 no longer admitted to TCP 5061

Both plans are given as documents of their files (plan_files.read), by path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .._base.addresses import ANY, AddressSet
from .._base.match_space import Box, subtract
from .._base.ports import ANY as ANY_PORT
from .._base.ports import PortSet
from .._report.published import publication_texts
from .files import Document

_FURTHER_LIMITS = ("service", "interfaces", "interfacetypes", "icmp_type_code", "security")


@dataclass(frozen=True)
class Difference:
    """What changes from one plan to another.

    lines: one flow, service or record a line, by device. devices: inventory names that the change touches, sorted.
    """

    lines: tuple[str, ...]
    devices: tuple[str, ...]


def difference(before: Mapping[str, Document], after: Mapping[str, Document]) -> Difference:
    """Return what changes from the plan before to the plan after."""
    lines: list[str] = []
    devices: set[str] = set()
    for path in sorted({*before, *after}):
        old, new = before.get(path, {}), after.get(path, {})
        if old != new:
            compare = _host_lines if path.startswith("hosts/") else _pool_lines
            found = compare(old, new)
            lines += found
            devices.update(_devices(old, new) if found else ())
    return Difference(tuple(lines), tuple(sorted(devices)))


def _host_lines(old: Document, new: Document) -> list[str]:
    name = new.get("host") or old.get("host")
    before, after = _boxes(old), _boxes(new)
    flows = _flow_texts(after, before, "newly admitted") + _flow_texts(before, after, "no longer admitted")
    exemptions = _item_texts(old, new, "ipsec_exemptions", "IPsec exemption")
    blocks = _item_texts(_blocks(old), _blocks(new), "firewall_rules", "blocking rule")
    published = publication_texts(_items(old, "publications"), _items(new, "publications"))
    return [f"{name}: {text}" for text in [*flows, *blocks, *exemptions, *published, *_only_rules(old, new, flows + blocks)]]


def _blocks(document: Document) -> Document:
    return {"firewall_rules": [rule for rule in _items(document, "firewall_rules") if rule.get("action") == "block"]}


def _only_rules(old: Document, new: Document, flows: list[str]) -> list[str]:
    """Say that rules change although no flow does: new names, descriptions, rules split or joined."""
    same = old.get("firewall_rules", []) == new.get("firewall_rules", [])
    return [] if same or flows else ["firewall rules change, what they admit does not"]


def _pool_lines(old: Document, new: Document) -> list[str]:
    name = new.get("pool") or old.get("pool")
    services = _item_texts(old, new, "virtual_services", "virtual service")
    return [f"{name}: {text}" for text in services + _item_texts(old, new, "dns_records", "DNS record")]


def _item_texts(old: Document, new: Document, section: str, noun: str) -> list[str]:
    before, after = _by_name(old, section), _by_name(new, section)
    added = [f"{noun} {name} added" for name in after if name not in before]
    changed = [f"{noun} {name} changed: {_changed_keys(before[name], after[name])}" for name in after if name in before and before[name] != after[name]]
    return sorted(added + changed + [f"{noun} {name} removed" for name in before if name not in after])


def _changed_keys(old: Document, new: Document) -> str:
    return ", ".join(f"{key} {old.get(key)} -> {new.get(key)}" for key in sorted({*old, *new}) if old.get(key) != new.get(key))


def _by_name(document: Document, section: str) -> dict[str, Document]:
    return {" ".join(str(item[key]) for key in ("name", "type", "view") if key in item): item for item in _items(document, section)}


def _items(document: Document, section: str) -> list[Document]:
    items = document.get(section, [])
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _devices(old: Document, new: Document) -> list[str]:
    """Return the inventory names that a changed file is about: the host, or the balancers of the services that differ."""
    hosts = [str(document["host"]) for document in (old, new) if "host" in document]
    before, after = _items(old, "virtual_services"), _items(new, "virtual_services")
    differ = [item for item in before if item not in after] + [item for item in after if item not in before]
    return hosts + [str(name) for service in differ for name in _texts(service, "balancers")]


def _flow_texts(boxes: Iterable[Box], others: list[Box], verdict: str) -> list[str]:
    left: list[Box] = []
    for box in boxes:
        left += subtract(box, others + left)
    return sorted({_flow_text(box, verdict) for box in left})


def _flow_text(box: Box, verdict: str) -> str:
    near = "" if box.localip == ANY else f" on {_words(box.localip)}"
    program = f" of {box.program}" if box.program else ""
    source = "" if box.remoteport == ANY_PORT else f" from port {_words(box.remoteport)}"
    if box.direction == "in":
        return f"{_words(box.remoteip)} {verdict} to {box.protocol.upper()} {_words(box.localport)}{near}{source}{program}"
    ports = f"{box.protocol.upper()} {_words(box.remoteport)}"
    local = "" if box.localport == ANY_PORT else f" from port {_words(box.localport)}"
    return f"outbound {ports} to {_words(box.remoteip)}{local}{near}{program} {verdict}"


def _words(members: AddressSet | PortSet) -> str:
    return ", ".join(members.to_text())


def _boxes(document: Document) -> list[Box]:
    rules = _items(document, "firewall_rules")
    return [_box(rule) for rule in rules if rule.get("enabled") and rule.get("action") == "allow"]


def _box(rule: Document) -> Box:
    return Box(
        direction=str(rule["direction"]),
        protocol=str(rule["protocol"]),
        localip=AddressSet.parse(_texts(rule, "localip")),
        localport=PortSet.parse(_texts(rule, "localport")),
        remoteip=AddressSet.parse(_texts(rule, "remoteip")),
        remoteport=PortSet.parse(_texts(rule, "remoteport")),
        program=_limits(rule),
    )


def _limits(rule: Document) -> str | None:
    """Return what else a rule is limited to, as one text: flows are compared within the same limits."""
    found = [str(rule["program"])] if rule.get("program") else []
    found += [f"{name} {rule[name] if isinstance(rule[name], str) else ', '.join(_texts(rule, name))}" for name in _FURTHER_LIMITS if rule.get(name)]
    return ", ".join(found) or None


def _texts(item: Document, key: str) -> list[str]:
    value = item.get(key, [])
    return [str(text) for text in value] if isinstance(value, list) else []
