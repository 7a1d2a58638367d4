# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a BIG-IP really has -> services.

AS3's traces of a tenant, and answers of the REST interface for everything else.

AS3's stored declaration says what was asked for once; a change by hand is seen only in the objects of the device.
A declaration, AS3's traces and the REST interface spell the same things differently; each is read into a Virtual, and
only here it becomes a Service. Times are seconds on all of them. A monitor's timeout is how long it waits in all:
down after n failures of an interval each is n x interval + 1 second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ..._base.addresses import parse_address
from ..._base.errors import shown, understood
from ..._base.untyped import Object, items, mapping, number, text
from ..model import Member, MemberDown, MemberState, Monitor, Persistence, PersistenceKind, Service
from .options import PROFILES, Prefix, decoded

ALGORITHMS = {"least-connections": "least-connections-member", "round-robin": "round-robin"}
CLOSING_ACTION = "reset"
"""What a pool does with connections of a member that its monitor finds down, where they are closed."""
BACKUP_PRIORITY = 5
_EVERY_PORT = ("any", "*", "0")
_PORT, _PORT_MAXIMUM = re.compile(r"[0-9]{1,5}\Z"), 65535
ACTIVE_PRIORITY = 10
_ADMIN_STATES = {"disable": MemberState.DRAINING, "offline": MemberState.DISABLED}


@dataclass(frozen=True)
class PoolMember:
    """A member of a pool: admin_state is AS3's word (enable, disable, offline)."""

    address: str
    port: int
    admin_state: str = "enable"
    priority: int = 0


@dataclass(frozen=True)
class Virtual:
    """A virtual server with all that it points to.

    application, name, affinity: names of the objects. layer4: it forwards packets (FastL4) and ends no connection.
    profile: path of a profile that is not ours, whose values are not known. seconds of persistence 0: none.
    node_port: of a pool without members, where the text tells it. monitor: port, interval, timeout; monitor_kind: tcp,
    or AS3's word for another, none without one.
    """

    application: str
    name: str
    vip: str
    port: int
    protocol: str
    layer4: bool = False
    members: tuple[PoolMember, ...] = ()
    node_port: int = 0
    algorithm: str = "round-robin"
    service_down: str = "none"
    monitor: tuple[int, int, int] = (0, 5, 16)
    monitor_kind: str = "tcp"
    affinity: str = ""
    affinity_seconds: int = 0
    idle_seconds: int | None = None
    nagle: bool = True
    profile: str = ""
    snat: str = "auto"
    options: Mapping[str, object] = field(default_factory=dict)


def service_of(virtual: Virtual) -> Service:
    """Return the service of the model; names that are not ours are taken as they stand."""
    vip, domain = split_domain(virtual.vip)
    port, interval, timeout = virtual.monitor
    node_port = virtual.node_port or (virtual.members[0].port if virtual.members else virtual.port)
    passes = virtual.layer4 or virtual.protocol == "udp"
    return Service(
        name=_model_name(Prefix.SERVICE, virtual.name),
        pool=_model_name(Prefix.APPLICATION, virtual.application),
        vip=vip,
        port=virtual.port,
        protocol=virtual.protocol,
        node_port=node_port,
        members=_model_members(virtual.members),
        monitor=Monitor(
            port or node_port,
            interval,
            max(1, (timeout - 1) // interval) if interval else 1,
            virtual.monitor_kind,
        ),
        persistence=_virtual_persistence(virtual),
        idle_seconds=1800 if virtual.idle_seconds is None else virtual.idle_seconds,
        source_nat=virtual.snat != "none",
        nagle=not virtual.layer4 if passes else virtual.nagle,
        algorithm=next(
            (word for word, theirs in ALGORITHMS.items() if theirs == virtual.algorithm), virtual.algorithm
        ),
        member_down=MemberDown.CLOSE if virtual.service_down == CLOSING_ACTION else MemberDown.KEEP,
        options=_vendor_options(virtual, domain),
    )


def split_domain(place: str) -> tuple[str, int | None]:
    """Return the canonical address and the route domain of 10.1.0.100%5."""
    address, _mark, domain = place.partition("%")
    return str(parse_address(address)), int(domain) if domain else None


def _model_name(prefix: Prefix, name: str) -> str:
    found = decoded(prefix, name)
    return name if found is None else found


def _model_members(members: tuple[PoolMember, ...]) -> tuple[Member, ...]:
    first = max((member.priority for member in members), default=0)
    return tuple(
        sorted(Member(split_domain(member.address)[0], _state_of_pool_member(member, first)) for member in members)
    )


def _state_of_pool_member(member: PoolMember, first: int) -> MemberState:
    if member.admin_state in _ADMIN_STATES:
        return _ADMIN_STATES[member.admin_state]
    return MemberState.BACKUP if member.priority < first or member.priority == BACKUP_PRIORITY else MemberState.ACTIVE


def _virtual_persistence(virtual: Virtual) -> Persistence:
    if not virtual.affinity_seconds:
        return Persistence()
    return Persistence(
        PersistenceKind.SOURCE, virtual.affinity_seconds, group=decoded(Prefix.AFFINITY, virtual.affinity) or ""
    )


def _vendor_options(virtual: Virtual, domain: int | None) -> dict[str, object]:
    kind = "fastl4" if virtual.layer4 else virtual.protocol
    found = {
        "fast_l4": True if virtual.layer4 else None,
        "route_domain": domain,
        "snat_pool": virtual.snat if virtual.snat.startswith("/") else None,
        PROFILES[kind]: virtual.profile or None,
    }
    return {**virtual.options, **{name: value for name, value in found.items() if value is not None}}


# Traces of AS3.

_PROFILE_COMMANDS = {"ltm profile tcp": "tcp", "ltm profile udp": "udp", "ltm profile fastl4": "fastl4"}
MODELLED = frozenset(
    (
        *("destination", "ip-protocol", "pool", "persist", "profiles"),
        *("source-address-translation", "vlans", "vlans-enabled", "vlans-disabled"),
        *("members", "load-balancing-mode", "service-down-action", "monitor", "interval", "timeout"),
        *("match-across-services", "match-across-virtuals", "idle-timeout"),
        *("nagle", "address", "traffic-group"),
    )
)
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
    if not isinstance(trace, Mapping):
        raise TypeError(f"the trace is {shown(trace)}, not an object")
    return {path: _traced_object(path, item) for path, item in trace.items()}


def _traced_object(path: str, item: object) -> DeviceObject:
    """Return one object of a trace; raises TypeError: by an object that is read by half, it seems to be gone."""
    command, properties = mapping(item).get("command"), mapping(item).get("properties", {})
    if not isinstance(command, str) or not isinstance(properties, Mapping):
        raise TypeError(f"the trace of {path} is {shown(item)}")
    return DeviceObject(command, properties)


def services(objects: Objects, profile_kinds: Mapping[str, str]) -> tuple[Service, ...]:
    """Return the services of a device's objects, sorted by name.

    profile_kinds: path -> kind (tcp, udp, fastl4) of profiles that the objects do not hold: a tenant's traces name
    those of Common by their paths alone.
    """
    found = [read_service(path, objects, profile_kinds) for path in virtual_paths(objects)]
    return tuple(sorted(found, key=lambda service: service.name))


def read_service(path: str, objects: Objects, profile_kinds: Mapping[str, str]) -> Service:
    """Return a virtual server as a service; raises AnswerError that names it."""
    with understood(path):
        return service_of(virtual_of(path, objects, profile_kinds))


def profile_kinds(services_known: Iterable[Service]) -> dict[str, str]:
    """Return path -> kind of the profiles that the options of some services name."""
    named = {
        str(service.options[option]): kind
        for service in services_known
        for kind, option in PROFILES.items()
        if option in service.options
    }
    return {**_COMMON_PROFILES, **named}


def virtual_paths(objects: Objects) -> Iterator[str]:
    """Yield the paths of the virtual servers that balance over a pool or could.

    Forwarding ones have no port of their own. Raises AnswerError for one that does not say where it listens.
    """
    for path, item in sorted(objects.items()):
        if item.command == "ltm virtual":
            with understood(path):
                _address, port = destination(item)
            if port:
                yield path


def virtual_of(path: str, objects: Objects, profile_kinds: Mapping[str, str]) -> Virtual:
    """Return a virtual server with what it points to."""
    found = objects[path].properties
    pool = _properties_at(objects, text(found.get("pool")))
    monitor = next(iter(_object_names(pool.get("monitor"))), "")
    address, port = destination(objects[path])
    affinity = next(iter(mapping(found.get("persist"))), "")
    persist = objects.get(affinity, DeviceObject(""))
    kind, profile_path, profile = _transport_profile(found, objects, profile_kinds)
    partition, _slash, rest = path.strip("/").partition("/")
    return Virtual(
        application=rest.rpartition("/")[0] or partition,
        name=path.rpartition("/")[2],
        vip=address,
        port=port,
        protocol=text(found.get("ip-protocol")) or "tcp",
        layer4=kind == "fastl4",
        members=tuple(
            _read_pool_member(name, mapping(item)) for name, item in sorted(mapping(pool.get("members")).items())
        ),
        algorithm=text(pool.get("load-balancing-mode", "round-robin")),
        service_down=text(pool.get("service-down-action", "none")),
        monitor=_monitor_times(_properties_at(objects, monitor)),
        monitor_kind=_monitor_kind(monitor, objects),
        affinity=affinity.rpartition("/")[2],
        affinity_seconds=number(persist.properties.get("timeout", 180))
        if persist.command == "ltm persistence source-addr"
        else 0,
        idle_seconds=number(profile["idle-timeout"]) if "idle-timeout" in profile else None,
        nagle=profile.get("nagle") != "disable" and profile.get("nagle") != "disabled",
        profile="" if profile else profile_path,
        snat=_translation_of(mapping(found.get("source-address-translation"))),
        options=_virtual_options(found, address, objects),
    )


def destination(virtual: DeviceObject) -> tuple[str, int]:
    """Return address and port of /Common/10.1.0.100:443, or of /Common/2001:db8::1.443 for IPv6; port 0 for any.

    Raises ValueError for anything else.
    """
    place = text(virtual.properties.get("destination")).rpartition("/")[2]
    mark = "." if place.count(":") > 1 else ":"
    address, found, port = place.rpartition(mark)
    if port in _EVERY_PORT:
        return address, 0
    if not found or not _PORT.match(port) or int(port) > _PORT_MAXIMUM:
        raise ValueError(f"destination {shown(place)} has no port")
    return address, int(port)


def address_of(place: str) -> str:
    """Return the address of a destination whose port cannot be read, without its route domain; any text."""
    name = place.rpartition("/")[2]
    return re.split(r"[:%]", name)[0] if name.count(":") < 2 else name.rpartition(".")[0].partition("%")[0]


def _properties_at(objects: Objects, path: str) -> Object:
    return objects.get(path, DeviceObject("")).properties


def _object_names(value: object) -> list[str]:
    """Return the names of an object whose keys they are, or of text such as "/Common/a and /Common/b"."""
    return (
        list(value) if isinstance(value, Mapping) else [word for word in text(value).split() if word.startswith("/")]
    )


def _transport_profile(virtual: Object, objects: Objects, kinds: Mapping[str, str]) -> tuple[str, str, Object]:
    """Return kind, path and properties of the profile of the transport; of one that is not known the path alone."""
    paths = _object_names(virtual.get("profiles"))
    for path in paths:
        kind = _PROFILE_COMMANDS.get(objects.get(path, DeviceObject("")).command)
        if kind:
            return kind, path, objects[path].properties
    path = next(iter(paths), "")
    return kinds.get(path, ""), path, {}


def _read_pool_member(name: str, item: Object) -> PoolMember:
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


def _monitor_times(monitor: Object) -> tuple[int, int, int]:
    place = text(monitor.get("destination"))
    port = place.rpartition("." if place.count(":") > 1 or place.startswith("*.") else ":")[2]
    return number(port), number(monitor.get("interval", 5)), number(monitor.get("timeout", 16))


def _monitor_kind(path: str, objects: Objects) -> str:
    """Return the kind of a monitor by its command, that of a built-in one, which is known by its path, by its name."""
    command = objects.get(path, DeviceObject("")).command
    return command.rpartition(" ")[2] or path.rpartition("/")[2] or "none"


def _translation_of(translation: Object) -> str:
    kind = text(translation.get("type"))
    return text(translation.get("pool")) if kind == "snat" else "none" if kind in ("", "none") else "auto"


def _virtual_options(virtual: Object, address: str, objects: Objects) -> dict[str, object]:
    vlans = (
        sorted(_object_names(virtual.get("vlans")))
        if isinstance(virtual.get("vlans"), Mapping)
        else sorted(map(text, items(virtual.get("vlans"))))
    )
    group = next(
        (text(item.properties.get("traffic-group")) for item in objects.values() if _is_address(item, address)),
        "default",
    )
    found: dict[str, object] = {"traffic_group": group} if group not in ("default", "") else {}
    return {**found, **_vlan_options(vlans, enabled="vlans-enabled" in virtual)}


def _vlan_options(vlans: list[str], *, enabled: bool) -> dict[str, object]:
    """Return where a virtual listens: on these alone, which may be none, or on all others; on all says nothing."""
    if enabled:
        return {"allow_vlans": vlans}
    return {"reject_vlans": vlans} if vlans else {}


def _is_address(item: DeviceObject, address: str) -> bool:
    return item.command == "ltm virtual-address" and text(item.properties.get("address")) == address
