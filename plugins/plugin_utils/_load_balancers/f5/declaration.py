# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An AS3 declaration -> services, in each form in which AS3 keeps and returns it: base, full and expanded.

Full carries every default, expanded has absolute pointers; both wrap nothing else around what was declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..._base.errors import InvalidInputError, Problem, shown
from ..._base.untyped import Object, items, mapping, number, text
from ..model import Service
from .virtual import PoolMember, Virtual, service_of

_PROTOCOLS = {"Service_TCP": "tcp", "Service_UDP": "udp", "Service_L4": "tcp"}
_PROFILE_PROPERTIES = {"Service_TCP": "profileTCP", "Service_UDP": "profileUDP", "Service_L4": "profileL4"}


def parsed(document: object) -> tuple[Service, ...]:
    """Return the services of a declaration, sorted by name; raises InvalidInputError when it is no declaration."""
    adc = body(document)
    found = [service_of(virtual) for _tenant, tree in tenants(adc) for virtual in _virtuals(tree)]
    return tuple(sorted(found, key=lambda service: service.name))


def body(document: object) -> Object:
    """Return the ADC object of a document that may be a request (AS3), a declaration (ADC), or an answer."""
    found = mapping(document)
    if text(found.get("class")) not in ("AS3", "ADC"):
        found = mapping(found.get("declaration"))
    if found.get("class") == "AS3":
        found = mapping(found.get("declaration"))
    if found.get("class") != "ADC":
        problem = Problem("declaration", f"{shown(document)} is no AS3 declaration", allowed="an object of class ADC or AS3", fix="give the whole declaration")
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


def _virtuals(tenant: Object) -> Iterator[Virtual]:
    for name, application in applications(tenant):
        scope = _Scope(application, mapping(tenant.get("Shared")))
        for item, content in application.items():
            if mapping(content).get("class") in _PROTOCOLS:
                yield _virtual(name, item, mapping(content), scope)


def _virtual(application: str, name: str, service: Object, scope: _Scope) -> Virtual:
    kind = text(service["class"])
    pool = scope.target(service.get("pool"))[1]
    members = tuple(member for entry in items(pool.get("members")) for member in _pool_members(mapping(entry)))
    affinity, persist = scope.target(next(iter(items(service.get("persistenceMethods"))), ""))
    address, options = _address(service, scope)
    pointer = service.get(_PROFILE_PROPERTIES[kind])
    profile = scope.target(pointer)[1]
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
        monitor=_monitor(scope.target(next(iter(items(pool.get("monitors"))), ""))[1]),
        affinity=affinity,
        affinity_seconds=number(persist.get("duration", 180)) if persist.get("persistenceMethod") == "source-address" else 0,
        idle_seconds=number(profile["idleTimeout"]) if "idleTimeout" in profile else None,
        nagle=profile.get("nagle") != "disable",
        profile=text(mapping(pointer).get("bigip")),
        snat=_snat(service.get("snat", "auto")),
        options=options,
    )


def _address(service: Object, scope: _Scope) -> tuple[str, dict[str, object]]:
    """Return the virtual address, and the options that go with it."""
    first = next(iter(items(service.get("virtualAddresses"))), "")
    target = scope.target(first)[1]
    group = text(target.get("trafficGroup", "default"))
    vlans = sorted(text(mapping(item).get("bigip")) for item in items(service.get("allowVlans")))
    options: dict[str, object] = {**({"traffic_group": group} if group != "default" else {}), **({"allow_vlans": vlans} if vlans else {})}
    return text(target.get("virtualAddress") or first), options


def _pool_members(entry: Object) -> Iterator[PoolMember]:
    addresses = [text(address) for address in items(entry.get("serverAddresses"))]
    addresses += [text(mapping(server).get("address")) for server in items(entry.get("servers"))]
    for address in addresses:
        yield PoolMember(address, number(entry.get("servicePort")), text(entry.get("adminState", "enable")), number(entry.get("priorityGroup")))


def _monitor(monitor: Object) -> tuple[int, int, int]:
    return number(monitor.get("targetPort")), number(monitor.get("interval", 5)), number(monitor.get("timeout", 16))


def _snat(value: object) -> str:
    return text(mapping(value).get("bigip")) if isinstance(value, dict) else text(value)
