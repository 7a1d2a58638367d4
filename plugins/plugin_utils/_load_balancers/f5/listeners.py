# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who else has an address of a BIG-IP: virtual servers and virtual addresses of every partition but the tenant's.

AS3 sees its tenant only, and fails half-way (0107176c) or shares traffic with somebody else. What is not ours is never
written; its removal is text for the day of the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..._base.untyped import Object, text
from ..conflicts import Conflict, Listener
from ..model import Service
from .client import BigIp
from .objects import (
    DeviceObject,
    Objects,
    destination,
    profile_kinds,
    rest_objects,
    service_of,
    split_domain,
    virtual_of,
)

_VIRTUALS = "ltm/virtual?$select=fullPath,destination,ipProtocol,appService"
_ADDRESSES = "ltm/virtual-address?$select=fullPath,address,appService"


def others(device: BigIp, tenant: str, tenants: frozenset[str]) -> Iterator[Listener]:
    """Yield every virtual server and virtual address of the device outside the tenant: two requests.

    An address of Common alone is shared by AS3 itself. tenants: the names of those that AS3 knows.
    """
    for item in device.collection(_VIRTUALS):
        address, port = destination(DeviceObject("ltm virtual", item))
        if port:
            yield from _listener(item, address, port, text(item.get("ipProtocol")) or "any", tenant, tenants)
    for item in device.collection(_ADDRESSES):
        if _partition(item) != "Common":
            yield from _listener(item, text(item.get("address")), 0, "any", tenant, tenants)


def _listener(
    item: Object, address: str, port: int, protocol: str, tenant: str, tenants: frozenset[str]
) -> Iterator[Listener]:
    try:
        found, domain = split_domain(address)
    except ValueError:  # any, any6 and the like: no address of one service
        return
    partition, path, iapp = _partition(item), text(item.get("fullPath")), text(item.get("appService"))
    if partition != tenant:
        kind = "virtual" if port else "virtual-address"
        yield Listener(
            owner=_owner(path, iapp, "virtual server" if port else "virtual address", partition in tenants),
            address=found,
            port=port,
            protocol=protocol,
            domain="" if domain is None else f"route_domain {domain}",
            path=path,
            removal=(f"delete sys application service {iapp}" if iapp else f"delete ltm {kind} {path}",),
        )


def _partition(item: Object) -> str:
    return text(item.get("fullPath")).strip("/").partition("/")[0]


def _owner(path: str, iapp: str, kind: str, is_tenant: bool) -> str:
    if iapp:
        return f"iApp {iapp} ({kind} {path})"
    if is_tenant:
        return f"AS3 tenant {path.strip('/').partition('/')[0]} ({kind} {path})"
    return f"{kind} {path}, made by hand"


def same_route_domain(service: Service, listener: Listener) -> bool:
    """Return whether a listener is in the route domain of a service."""
    domain = service.options.get("route_domain")
    return listener.domain == ("" if domain is None else f"route_domain {domain}")


def conflict_text(service: Service, listener: Listener) -> str:
    """Return a conflict as a sentence for the user."""
    socket = f"{service.vip} port {service.port} ({service.protocol})"
    place = socket if listener.port else f"address {service.vip}"
    return f"pool {service.pool} is stopped: {place} of {service.name} belongs to {listener.owner}"


def nearest(found: Iterable[Conflict]) -> list[Conflict]:
    """Return one conflict per service: with who has its port, else with who has its address."""
    chosen: dict[str, Conflict] = {}
    for conflict in sorted(found, key=lambda conflict: conflict.listener.port == 0):
        chosen.setdefault(conflict.service.name, conflict)
    return list(chosen.values())


def compared(device: BigIp, found: Sequence[Conflict]) -> tuple[Conflict, ...]:
    """Return the conflicts with what is there as a service.

    The device is read only when there is one, a request a kind.
    """
    if not any(conflict.listener.port for conflict in found):
        return tuple(found)
    objects = rest_objects(device.collection)
    return tuple(_compared_with(conflict, objects) for conflict in found)


def _compared_with(conflict: Conflict, objects: Objects) -> Conflict:
    path = conflict.listener.path
    if not conflict.listener.port or path not in objects:
        return conflict
    return conflict.compared_with(service_of(virtual_of(path, objects, profile_kinds(()))))
