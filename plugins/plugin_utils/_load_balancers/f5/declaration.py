# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services <-> one AS3 declaration: one tenant, one application per pool, names that follow from the services alone.

Nothing in it tells when or by whom it was made: a changed remark makes AS3 delete and create the virtual. Text and
order are stable, so that the same services give the same declaration byte for byte. It is read in each form in which
AS3 keeps and returns it: base, full, which carries every default, and expanded, which has absolute pointers; both
wrap nothing else around what was declared.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..._base.errors import InvalidInputError, Problem, shown, understood
from ..._base.untyped import Object, items, mapping, number, text
from ..model import MemberDown, MemberState, PersistenceKind, Service
from .objects import ACTIVE_PRIORITY, ALGORITHMS, BACKUP_PRIORITY, CLOSING_ACTION, PoolMember, Virtual, service_of
from .options import Prefix, encoded, faults, own_profile, profile_kind

SCHEMA_VERSION = "3.30.0"
"""The oldest AS3 that takes controls.dryRun and controls.traceResponse as query parameters."""
LABEL = "msuc.lync"
"""Marks a tenant as one that is written from here: a tenant is owned as a whole, so nobody else's may be taken."""
Json = dict[str, object]
_CLASSES = {"tcp": "Service_TCP", "udp": "Service_UDP", "fastl4": "Service_L4"}
_PROFILE_CLASSES = {"tcp": "TCP_Profile", "udp": "UDP_Profile", "fastl4": "L4_Profile"}
_PROFILE_PROPERTIES = {"tcp": "profileTCP", "udp": "profileUDP", "fastl4": "profileL4"}
_VLANS = {"allow_vlans": "allowVlans", "reject_vlans": "rejectVlans"}
_ADMIN_STATES = {MemberState.DRAINING: "disable", MemberState.DISABLED: "offline"}


def declaration(services: Sequence[Service], tenant: str) -> Json:
    """Return the declaration; without services it removes the tenant. Raises InvalidInputError with every reason."""
    problems = faults(services)
    if problems:
        raise InvalidInputError(problems)
    pools: dict[str, list[Service]] = defaultdict(list)
    for service in sorted(services, key=lambda service: service.name):
        pools[service.pool].append(service)
    vips = _vips_of_groups(services)
    applications = {
        encoded(Prefix.APPLICATION, pool): _declare_application(pools[pool], vips) for pool in sorted(pools)
    }
    return {
        "class": "ADC",
        "schemaVersion": SCHEMA_VERSION,
        "id": "msuc.lync",
        "updateMode": "selective",
        tenant: {"class": "Tenant", "label": LABEL, **applications} if services else {"class": "Tenant"},
    }


def declaration_text(document: object) -> str:
    """Return a declaration as text for people and files."""
    return json.dumps(document, indent=2) + "\n"


def _vips_of_groups(services: Sequence[Service]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for service in services:
        found[service.persistence.group].add(service.vip)
    return found


def _declare_application(services: Sequence[Service], vips: Mapping[str, set[str]]) -> Json:
    content: dict[str, Json] = {}
    for service in services:
        content.update(_declare_objects(service, len(vips[service.persistence.group]) > 1))
    return {"class": "Application", "template": "generic", **{name: content[name] for name in sorted(content)}}


def _declare_objects(service: Service, several_vips: bool) -> dict[str, Json]:
    """Return the objects of one service by name; services of a pool share monitors, profiles and affinity."""
    found = {
        encoded(Prefix.SERVICE, service.name): _declare_service(service),
        encoded(Prefix.POOL, service.name): _declare_pool(service),
        _monitor_name(service): _declare_monitor(service),
    }
    if service.persistence.kind is PersistenceKind.SOURCE:
        found[_persist_name(service)] = _declare_persistence(service, several_vips)
    if not own_profile(service):
        found[_profile_name(service)] = _declare_profile(service)
    if "traffic_group" in service.options:
        address: Json = {
            "class": "Service_Address",
            "virtualAddress": _scope_address(service, service.vip),
            "trafficGroup": service.options["traffic_group"],
        }
        found[_address_name(service)] = address
    return found


def _declare_service(service: Service) -> Json:
    kind = profile_kind(service)
    profile = own_profile(service)
    address: object = (
        {"use": _address_name(service)} if "traffic_group" in service.options else _scope_address(service, service.vip)
    )
    found: Json = {
        "class": _CLASSES[kind],
        "virtualAddresses": [address],
        "virtualPort": service.port,
        "pool": encoded(Prefix.POOL, service.name),
        # AS3's own default is source-address: a service without affinity has to say so.
        "persistenceMethods": [{"use": _persist_name(service)}]
        if service.persistence.kind is PersistenceKind.SOURCE
        else [],
        _PROFILE_PROPERTIES[kind]: {"bigip": profile} if profile else {"use": _profile_name(service)},
        "snat": _declare_snat(service),
    }
    vlans = {
        theirs: [{"bigip": path} for path in sorted(map(str, items(service.options[option])))]
        for option, theirs in _VLANS.items()
        if option in service.options
    }
    return {**found, **vlans}


def _declare_snat(service: Service) -> object:
    if not service.source_nat:
        return "none"
    pool = service.options.get("snat_pool")
    return {"bigip": pool} if pool else "auto"


def _declare_pool(service: Service) -> Json:
    backed = any(member.state is MemberState.BACKUP for member in service.members)
    # A pool without members still tells the port that its members will have.
    states = [state for state in MemberState if any(member.state is state for member in service.members)] or [
        MemberState.ACTIVE
    ]
    return {
        "class": "Pool",
        "loadBalancingMode": ALGORITHMS[service.algorithm],
        **({"serviceDownAction": CLOSING_ACTION} if service.member_down is MemberDown.CLOSE else {}),
        "monitors": [{"use": _monitor_name(service)}],
        "members": [_declare_members(service, state, backed) for state in states],
    }


def _declare_members(service: Service, state: MemberState, backed: bool) -> Json:
    """Return one entry of a pool's members: all addresses of one state."""
    addresses = [
        _scope_address(service, member.address) for member in sorted(service.members) if member.state is state
    ]
    found: Json = {"servicePort": service.node_port, "serverAddresses": addresses}
    if state in _ADMIN_STATES:
        found["adminState"] = _ADMIN_STATES[state]
    if backed and state in (MemberState.ACTIVE, MemberState.BACKUP):
        found["priorityGroup"] = BACKUP_PRIORITY if state is MemberState.BACKUP else ACTIVE_PRIORITY
    return found


def _declare_monitor(service: Service) -> Json:
    monitor = service.monitor
    timeout = monitor.failures * monitor.interval_seconds + 1
    return {
        "class": "Monitor",
        "monitorType": "tcp",
        "targetPort": monitor.port,
        "interval": monitor.interval_seconds,
        "timeout": timeout,
    }


def _declare_persistence(service: Service, several_vips: bool) -> Json:
    found: Json = {"class": "Persist", "persistenceMethod": "source-address", "duration": service.persistence.seconds}
    if service.persistence.group:
        found["matchAcrossVirtualPorts"] = True
        if several_vips:
            found["matchAcrossVirtualAddresses"] = True
    return found


def _declare_profile(service: Service) -> Json:
    kind = profile_kind(service)
    found: Json = {"class": _PROFILE_CLASSES[kind], "idleTimeout": service.idle_seconds}
    return {**found, "nagle": "disable"} if kind == "tcp" and not service.nagle else found


def _monitor_name(service: Service) -> str:
    return f"monitor-tcp-{service.monitor.port}-{service.monitor.interval_seconds}-{service.monitor.failures}"


def _profile_name(service: Service) -> str:
    kind = profile_kind(service)
    return f"{kind}-{service.idle_seconds}{'-nodelay' if kind == 'tcp' and not service.nagle else ''}"


def _persist_name(service: Service) -> str:
    group = service.persistence.group
    return encoded(Prefix.AFFINITY, group) if group else encoded(Prefix.PERSIST, service.name)


def _address_name(service: Service) -> str:
    return encoded(Prefix.ADDRESS, _scope_address(service, service.vip))


def _scope_address(service: Service, address: str) -> str:
    domain = service.options.get("route_domain")
    return address if domain is None else f"{address}%{domain}"


# Reading.

_PROTOCOLS = {"Service_TCP": "tcp", "Service_UDP": "udp", "Service_L4": "tcp"}
_READ_PROFILE_PROPERTIES = {"Service_TCP": "profileTCP", "Service_UDP": "profileUDP", "Service_L4": "profileL4"}


# AS3's words for profiles of the device, and which it takes where none is named (its src/lib/properties.json, and the
# defaults of its schema): what they do to idle connections and Nagle is known by their paths alone.
_BUILT_IN_PROFILES = {
    "normal": "/Common/f5-tcp-progressive", "lan": "/Common/f5-tcp-lan", "wan": "/Common/f5-tcp-wan",
    "mobile": "/Common/f5-tcp-mobile", "normal udp": "/Common/udp", "basic": "/Common/fastL4",
}
_USUAL_PROFILES = {"Service_TCP": "normal", "Service_UDP": "normal udp", "Service_L4": "basic"}


def parsed(document: object) -> tuple[Service, ...]:
    """Return the services of a declaration, sorted by name; raises InvalidInputError when it is no declaration."""
    adc = body(document)
    found = [service for tenant, tree in tenants(adc) for service in _read_services(tenant, tree)]
    return tuple(sorted(found, key=lambda service: service.name))


def left_out(document: object) -> list[str]:
    """Return the services of a declaration that parsed leaves out, with their classes; raises InvalidInputError."""
    services = [
        (f"/{tenant}/{name}/{item}", text(mapping(content).get("class")))
        for tenant, tree in tenants(body(document))
        for name, application in applications(tree)
        for item, content in application.items()
    ]
    others = [(place, kind) for place, kind in services if kind.startswith("Service_") and kind not in _PROTOCOLS]
    return [
        f"{place} is left out: {kind} is not of the classes {', '.join(_PROTOCOLS)}"
        for place, kind in sorted(others)
        if kind != "Service_Address"
    ]


def body(document: object) -> Object:
    """Return the ADC object of a document that may be a request (AS3), a declaration (ADC), or an answer."""
    found = mapping(document)
    if text(found.get("class")) not in ("AS3", "ADC"):
        found = mapping(found.get("declaration"))
    if found.get("class") == "AS3":
        found = mapping(found.get("declaration"))
    if found.get("class") != "ADC":
        problem = Problem(
            "declaration",
            f"{shown(document)} is no AS3 declaration",
            allowed="an object of class ADC or AS3",
            fix="give the whole declaration",
        )
        raise InvalidInputError([problem])
    return found


def tenants(adc: Object) -> Iterator[tuple[str, Object]]:
    """Yield name and content of each tenant."""
    yield from ((name, mapping(tree)) for name, tree in adc.items() if mapping(tree).get("class") == "Tenant")


def applications(tenant: Object) -> Iterator[tuple[str, Object]]:
    """Yield name and content of each application of a tenant."""
    yield from ((name, mapping(tree)) for name, tree in tenant.items() if mapping(tree).get("class") == "Application")


@dataclass(frozen=True)
class _Scope:
    """Where a pointer of an application leads: its own objects first, then those of Shared."""

    application: Object
    shared: Object

    def target(self, pointer: object) -> tuple[str, Object]:
        """Return name and object of a pointer: text, or an object with use."""
        path = text(mapping(pointer).get("use") or (pointer if isinstance(pointer, str) else ""))
        name = path.rpartition("/")[2]
        return name, mapping(self.application.get(name) or self.shared.get(name))


def _read_services(tenant: str, tree: Object) -> Iterator[Service]:
    for name, application in applications(tree):
        scope = _Scope(application, mapping(tree.get("Shared")))
        for item, content in application.items():
            if text(mapping(content).get("class")) in _PROTOCOLS:
                with understood(f"/{tenant}/{name}/{item}"):
                    service = service_of(_read_virtual(name, item, mapping(content), scope))
                yield service


def _read_virtual(application: str, name: str, service: Object, scope: _Scope) -> Virtual:
    kind = text(service["class"])
    pool = scope.target(service.get("pool"))[1]
    members = tuple(member for entry in items(pool.get("members")) for member in _pool_members(mapping(entry)))
    affinity, persist = scope.target(next(iter(items(service.get("persistenceMethods"))), ""))
    address, options = _read_address(service, scope)
    pointer = service.get(_READ_PROFILE_PROPERTIES[kind])
    profile = scope.target(pointer)[1]
    monitor = next(iter(items(pool.get("monitors"))), "")
    return Virtual(
        application=application,
        name=name,
        vip=address,
        port=number(service.get("virtualPort")),
        protocol=text(service.get("layer4")) or _PROTOCOLS[kind],
        layer4=kind == "Service_L4",
        members=members,
        node_port=number(mapping(next(iter(items(pool.get("members"))), None)).get("servicePort")),
        algorithm=text(pool.get("loadBalancingMode", "round-robin")),
        service_down=text(pool.get("serviceDownAction", "none")),
        monitor=_read_monitor(scope.target(monitor)[1]),
        monitor_kind=_read_monitor_kind(monitor, scope),
        affinity=affinity,
        affinity_seconds=number(persist.get("duration", 180))
        if persist.get("persistenceMethod") == "source-address"
        else 0,
        idle_seconds=number(profile["idleTimeout"]) if "idleTimeout" in profile else None,
        nagle=profile.get("nagle") != "disable",
        profile=_profile_path(kind, pointer),
        snat=_read_snat(service.get("snat", "auto")),
        options=options,
    )


def _read_address(service: Object, scope: _Scope) -> tuple[str, dict[str, object]]:
    """Return the virtual address, and the options that go with it."""
    first = next(iter(items(service.get("virtualAddresses"))), "")
    target = scope.target(first)[1]
    group = text(target.get("trafficGroup", "default"))
    vlans = {
        option: sorted(text(mapping(item).get("bigip")) for item in items(service[theirs]))
        for option, theirs in _VLANS.items()
        if theirs in service
    }
    options: dict[str, object] = {**({"traffic_group": group} if group != "default" else {}), **vlans}
    return text(target.get("virtualAddress") or first), options


def _pool_members(entry: Object) -> Iterator[PoolMember]:
    addresses = [text(address) for address in items(entry.get("serverAddresses"))]
    addresses += [text(mapping(server).get("address")) for server in items(entry.get("servers"))]
    for address in addresses:
        yield PoolMember(
            address,
            number(entry.get("servicePort")),
            text(entry.get("adminState", "enable")),
            number(entry.get("priorityGroup")),
        )


def _read_monitor(monitor: Object) -> tuple[int, int, int]:
    return number(monitor.get("targetPort")), number(monitor.get("interval", 5)), number(monitor.get("timeout", 16))


def _read_monitor_kind(pointer: object, scope: _Scope) -> str:
    """Return the kind of a monitor: declared, one of the device (bigip), or AS3's name of a built-in one."""
    declared = text(scope.target(pointer)[1].get("monitorType"))
    name = text(mapping(pointer).get("bigip") or (pointer if isinstance(pointer, str) else ""))
    return declared or name.rpartition("/")[2] or "none"


def _profile_path(kind: str, pointer: object) -> str:
    """Return the path of a profile of the device: by its path, or by AS3's word for a built-in one.

    Empty for one that is declared. Raises ValueError for anything else.
    """
    if isinstance(pointer, Mapping):
        path, declared = text(pointer.get("bigip") or pointer.get("ingress")), "use" in pointer
        if not path and not declared:
            raise ValueError(f"profile {shown(pointer)} is not understood")
        return path
    word = text(pointer) or _USUAL_PROFILES[kind]
    word = "normal udp" if (kind, word) == ("Service_UDP", "normal") else word
    if word not in _BUILT_IN_PROFILES:
        raise ValueError(f"profile {shown(word)} is not understood")
    return _BUILT_IN_PROFILES[word]


def _read_snat(value: object) -> str:
    return text(mapping(value).get("bigip")) if isinstance(value, dict) else text(value)
