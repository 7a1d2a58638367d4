# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers of the REST interface of a BIG-IP as objects, spelled as AS3's traces have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..._base.untyped import Object, items, mapping, text
from .objects import DeviceObject

_COLLECTIONS = {
    "ltm virtual": "ltm/virtual?expandSubcollections=true",
    "ltm virtual-address": "ltm/virtual-address",
    "ltm pool": "ltm/pool?expandSubcollections=true",
    "ltm monitor tcp": "ltm/monitor/tcp",
    "ltm persistence source-addr": "ltm/persistence/source-addr",
    "ltm profile tcp": "ltm/profile/tcp",
    "ltm profile udp": "ltm/profile/udp",
    "ltm profile fastl4": "ltm/profile/fastl4",
}
_TRACE_NAMES = {
    "ipProtocol": "ip-protocol",
    "sourceAddressTranslation": "source-address-translation",
    "loadBalancingMode": "load-balancing-mode",
    "serviceDownAction": "service-down-action",
    "idleTimeout": "idle-timeout",
    "trafficGroup": "traffic-group",
    "priorityGroup": "priority-group",
}


def rest_objects(collection: Callable[[str], list[Object]]) -> dict[str, DeviceObject]:
    """Return the objects of all partitions by path; collection reads one of the interface's collections."""
    return {
        path: found
        for command, place in _COLLECTIONS.items()
        for path, found in _read_collection(command, collection(place))
    }


def _read_collection(command: str, found: list[Object]) -> Iterator[tuple[str, DeviceObject]]:
    for item in found:
        yield text(item.get("fullPath")), DeviceObject(command, {**_trace_properties(item), **_nest_as_traces(item)})


def _trace_properties(item: Object) -> dict[str, object]:
    return {_TRACE_NAMES.get(name, name): value for name, value in item.items()}


def _nest_as_traces(item: Object) -> dict[str, object]:
    """Return what the interface spreads over lists and sub-collections, as the traces have it."""
    found: dict[str, object] = {}
    if "persist" in item:
        found["persist"] = {_reference_path(mapping(entry)): {} for entry in items(item["persist"])}
    if "profilesReference" in item:
        found["profiles"] = {
            text(entry.get("fullPath")): entry for entry in _sub_collection(item, "profilesReference")
        }
    if "membersReference" in item:
        found["members"] = {
            text(entry.get("fullPath")): _trace_properties(entry)
            for entry in _sub_collection(item, "membersReference")
        }
    if item.get("vlansEnabled"):
        found["vlans-enabled"] = True
    if text(item.get("inheritedTrafficGroup")) == "true":
        found["traffic-group"] = "default"
    return found


def _reference_path(reference: Object) -> str:
    """Return the path of a reference: partition, folder where there is one, name."""
    parts = (text(reference.get(name)) for name in ("partition", "subPath", "name"))
    return "/" + "/".join(part for part in parts if part)


def _sub_collection(item: Object, name: str) -> list[Object]:
    return [mapping(entry) for entry in items(mapping(item.get(name)).get("items"))]
