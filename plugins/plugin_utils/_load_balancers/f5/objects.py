# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a BIG-IP really has -> services: AS3's traces of a tenant, and answers of the REST interface for everything else.

AS3's stored declaration says what was asked for once; a change by hand is seen only in the objects of the device.
Both sources are read into one form, that of the traces: path -> command (ltm virtual, ltm pool ...) and properties.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..._base.untyped import Object, items, mapping, number, text
from ..model import Service
from .virtual import PROFILES, PoolMember, Virtual, service_of

_PROFILE_COMMANDS = {"ltm profile tcp": "tcp", "ltm profile udp": "udp", "ltm profile fastl4": "fastl4"}
MODELLED = frozenset(
    {
        "destination", "ip-protocol", "pool", "persist", "profiles", "source-address-translation", "vlans", "vlans-enabled", "vlans-disabled",
        "members", "load-balancing-mode", "monitor", "interval", "timeout", "match-across-services", "match-across-virtuals",
        "idle-timeout", "nagle", "address", "traffic-group",
    }
)  # fmt: skip
"""Properties of objects that are read into a field of a service."""
_COMMON_PROFILES: Mapping[str, str] = {"/Common/fastL4": "fastl4", "/Common/udp": "udp"}


@dataclass(frozen=True)
class DeviceObject:
    """One object of the device."""

    command: str
    properties: Object = field(default_factory=dict)


Objects = Mapping[str, DeviceObject]


def traced(trace: object) -> dict[str, DeviceObject]:
    """Return the objects of one of AS3's traces (Current, Desired): path -> command, properties."""
    return {path: DeviceObject(text(mapping(item).get("command")), mapping(mapping(item).get("properties"))) for path, item in mapping(trace).items()}


def services(objects: Objects, profile_kinds: Mapping[str, str]) -> tuple[Service, ...]:
    """Return the services of a device's objects, sorted by name.

    profile_kinds: path -> kind (tcp, udp, fastl4) of profiles that the objects do not hold: a tenant's traces name those
    of Common by their paths alone.
    """
    found = [service_of(virtual_of(path, objects, profile_kinds)) for path in virtual_paths(objects)]
    return tuple(sorted(found, key=lambda service: service.name))


def profile_kinds(services_known: Iterable[Service]) -> dict[str, str]:
    """Return path -> kind of the profiles that the options of some services name."""
    named = {str(service.options[option]): kind for service in services_known for kind, option in PROFILES.items() if option in service.options}
    return {**_COMMON_PROFILES, **named}


def virtual_paths(objects: Objects) -> Iterator[str]:
    """Yield the paths of the virtual servers that balance over a pool or could; forwarding ones have no port of their own."""
    yield from (path for path, item in sorted(objects.items()) if item.command == "ltm virtual" and destination(item)[1])


def virtual_of(path: str, objects: Objects, profile_kinds: Mapping[str, str]) -> Virtual:
    """Return a virtual server with what it points to."""
    found = objects[path].properties
    pool = _properties(objects, text(found.get("pool")))
    address, port = destination(objects[path])
    affinity = next(iter(mapping(found.get("persist"))), "")
    persist = objects.get(affinity, DeviceObject(""))
    kind, profile_path, profile = _profile(found, objects, profile_kinds)
    partition, _slash, rest = path.strip("/").partition("/")
    return Virtual(
        application=rest.rpartition("/")[0] or partition,
        name=path.rpartition("/")[2],
        vip=address,
        port=port,
        protocol=text(found.get("ip-protocol")) or "tcp",
        layer4=kind == "fastl4",
        members=tuple(_member(name, mapping(item)) for name, item in sorted(mapping(pool.get("members")).items())),
        algorithm=text(pool.get("load-balancing-mode", "round-robin")),
        monitor=_monitor(_properties(objects, next(iter(_names(pool.get("monitor"))), ""))),
        affinity=affinity.rpartition("/")[2],
        affinity_seconds=number(persist.properties.get("timeout", 180)) if persist.command == "ltm persistence source-addr" else 0,
        idle_seconds=number(profile["idle-timeout"]) if "idle-timeout" in profile else None,
        nagle=profile.get("nagle") != "disable" and profile.get("nagle") != "disabled",
        profile="" if profile else profile_path,
        snat=_snat(mapping(found.get("source-address-translation"))),
        options=_options(found, address, objects),
    )


def destination(virtual: DeviceObject) -> tuple[str, int]:
    """Return address and port of /Common/10.1.0.100:443, or of /Common/2001:db8::1.443 for IPv6; port 0 for any."""
    place = text(virtual.properties.get("destination")).rpartition("/")[2]
    mark = "." if place.count(":") > 1 else ":"
    address, _mark, port = place.rpartition(mark)
    return address, number(port)


def _properties(objects: Objects, path: str) -> Object:
    return objects.get(path, DeviceObject("")).properties


def _names(value: object) -> list[str]:
    """Return the names of an object whose keys they are, or of text such as "/Common/a and /Common/b"."""
    return list(value) if isinstance(value, Mapping) else [word for word in text(value).split() if word.startswith("/")]


def _profile(virtual: Object, objects: Objects, kinds: Mapping[str, str]) -> tuple[str, str, Object]:
    """Return kind, path and properties of the profile of the transport; of one that is not known the path alone."""
    paths = _names(virtual.get("profiles"))
    for path in paths:
        kind = _PROFILE_COMMANDS.get(objects.get(path, DeviceObject("")).command)
        if kind:
            return kind, path, objects[path].properties
    path = next(iter(paths), "")
    return kinds.get(path, ""), path, {}


def _member(name: str, item: Object) -> PoolMember:
    place = name.rpartition("/")[2]
    address, _mark, port = place.rpartition("." if place.count(":") > 1 else ":")
    down = text(item.get("state")).startswith("user-down")
    disabled = "disabled" in text(item.get("session"))
    return PoolMember(
        address=text(item.get("address")) or address,
        port=number(port),
        admin_state="offline" if down else "disable" if disabled else "enable",
        priority=number(item.get("priority-group")),
    )


def _monitor(monitor: Object) -> tuple[int, int, int]:
    place = text(monitor.get("destination"))
    port = place.rpartition("." if place.count(":") > 1 or place.startswith("*.") else ":")[2]
    return number(port), number(monitor.get("interval", 5)), number(monitor.get("timeout", 16))


def _snat(translation: Object) -> str:
    kind = text(translation.get("type"))
    return text(translation.get("pool")) if kind == "snat" else "none" if kind in ("", "none") else "auto"


def _options(virtual: Object, address: str, objects: Objects) -> dict[str, object]:
    vlans = sorted(_names(virtual.get("vlans"))) if isinstance(virtual.get("vlans"), Mapping) else sorted(map(text, items(virtual.get("vlans"))))
    group = next((text(item.properties.get("traffic-group")) for item in objects.values() if _is_address(item, address)), "default")
    found: dict[str, object] = {"traffic_group": group} if group not in ("default", "") else {}
    return {**found, "allow_vlans": vlans} if vlans and "vlans-enabled" in virtual else found


def _is_address(item: DeviceObject, address: str) -> bool:
    return item.command == "ltm virtual-address" and text(item.properties.get("address")) == address
