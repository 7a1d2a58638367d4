# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers of the REST interface -> objects in the form of AS3's traces, for services that AS3 knows nothing of."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..._base.untyped import Object, items, mapping, text
from .objects import DeviceObject

_KINDS = {
    "ltm virtual": "ltm/virtual?expandSubcollections=true",
    "ltm virtual-address": "ltm/virtual-address",
    "ltm pool": "ltm/pool?expandSubcollections=true",
    "ltm monitor tcp": "ltm/monitor/tcp",
    "ltm persistence source-addr": "ltm/persistence/source-addr",
    "ltm profile tcp": "ltm/profile/tcp",
    "ltm profile udp": "ltm/profile/udp",
    "ltm profile fastl4": "ltm/profile/fastl4",
}
_WORDS = {
    "ipProtocol": "ip-protocol",
    "sourceAddressTranslation": "source-address-translation",
    "loadBalancingMode": "load-balancing-mode",
    "idleTimeout": "idle-timeout",
    "trafficGroup": "traffic-group",
    "priorityGroup": "priority-group",
}


def rest_objects(collection: Callable[[str], list[Object]]) -> dict[str, DeviceObject]:
    """Return the objects of all partitions by path; collection reads one of the interface's collections."""
    return {path: found for command, place in _KINDS.items() for path, found in _read(command, collection(place))}


def _read(command: str, found: list[Object]) -> Iterator[tuple[str, DeviceObject]]:
    for item in found:
        yield text(item.get("fullPath")), DeviceObject(command, {**_worded(item), **_nested(item)})


def _worded(item: Object) -> dict[str, object]:
    return {_WORDS.get(name, name): value for name, value in item.items()}


def _nested(item: Object) -> dict[str, object]:
    """Return what the interface spreads over lists and sub-collections, as the traces have it."""
    found: dict[str, object] = {}
    if "persist" in item:
        found["persist"] = {_path(mapping(entry)): {} for entry in items(item["persist"])}
    if "profilesReference" in item:
        found["profiles"] = {text(entry.get("fullPath")): entry for entry in _sub(item, "profilesReference")}
    if "membersReference" in item:
        found["members"] = {text(entry.get("fullPath")): _worded(entry) for entry in _sub(item, "membersReference")}
    if item.get("vlansEnabled"):
        found["vlans-enabled"] = True
    if text(item.get("inheritedTrafficGroup")) == "true":
        found["traffic-group"] = "default"
    return found


def _path(reference: Object) -> str:
    """Return the path of a reference: partition, folder where there is one, name."""
    parts = (text(reference.get(name)) for name in ("partition", "subPath", "name"))
    return "/" + "/".join(part for part in parts if part)


def _sub(item: Object, name: str) -> list[Object]:
    return [mapping(entry) for entry in items(mapping(item.get(name)).get("items"))]
