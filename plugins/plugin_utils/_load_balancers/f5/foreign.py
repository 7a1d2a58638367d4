# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who else has an address of a BIG-IP.

AS3 sees its tenant only, and fails half-way (0107176c) or shares traffic with somebody else: so virtual servers and
virtual addresses of every other partition are read too. What is not ours is never written; its removal is text for the
day of the change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..._base.errors import DeviceError
from ..._base.untyped import Object, text
from ..conflicts import Conflict, Listener, Unreadable
from ..model import Service
from .client import BigIp
from .objects import (
    DeviceObject,
    Objects,
    address_of,
    destination,
    profile_kinds,
    read_service,
    split_domain,
)
from .rest import rest_objects

_VIRTUALS = "ltm/virtual?$select=fullPath,destination,ipProtocol,appService"
_ADDRESSES = "ltm/virtual-address?$select=fullPath,address,appService"
_NODES = "ltm/node?$select=fullPath,address"
# What BIG-IP writes for no address in particular.
_NO_ADDRESS = ("any", "any6", "0.0.0.0", "::")
_UNREAD_DOMAIN = "a route domain that cannot be read"


def others(device: BigIp, tenant: str, tenants: frozenset[str]) -> Iterator[Listener]:
    """Yield every virtual server and virtual address of the device outside the tenant: two requests.

    An address of Common alone is shared by AS3 itself. tenants: the names of those that AS3 knows. What cannot be read
    may listen on any port, and where its address cannot be read, on any address.
    """
    virtuals, addresses = device.collection(_VIRTUALS), device.collection(_ADDRESSES)
    # A destination names its virtual address, which as a rule has its address for a name.
    named = {text(item.get("fullPath")): text(item.get("address")) for item in addresses}
    for item in virtuals:
        if _partition_of(item) != tenant:
            yield from _foreign_virtual(item, named, tenants)
    for item in addresses:
        if _partition_of(item) not in ("Common", tenant):
            yield from _foreign_listener(item, text(item.get("address")), 0, "any", tenants)


def node_conflicts(device: BigIp, services: Sequence[Service], tenant: str) -> Iterator[Conflict]:
    """Yield the members whose address is a node of another partition, one per service: one request.

    A device has one node of an address and route domain, so that AS3 would fail with 01020066. Those of Common it uses.
    """
    nodes: dict[tuple[str, object], str] = {}
    for item in device.collection(_NODES):
        if _partition_of(item) not in ("Common", tenant):
            nodes[_known_place(text(item.get("address")))] = text(item.get("fullPath"))
    for service in services:
        domain = service.options.get("route_domain")
        taken = [member.address for member in service.members if (member.address, domain) in nodes]
        if taken:
            yield _node_conflict(service, taken[0], nodes[taken[0], domain])


def _known_place(address: str) -> tuple[str, int | None]:
    """Return an address and its route domain; nodes by name (FQDN), and those that cannot be read, are nobody's."""
    try:
        return split_domain(address)
    except ValueError:
        return address, None


def _node_conflict(service: Service, address: str, path: str) -> Conflict:
    owner = f"node {path}"
    message = f"pool {service.pool} is stopped: the member {address} of {service.name} is {owner}"
    removal = (f"delete ltm node {path}",)
    return Conflict(service, Listener(owner, address, 0, "any", path=path, removal=removal), message)


def _foreign_virtual(item: Object, named: Mapping[str, str], tenants: frozenset[str]) -> Iterator[Listener]:
    place = text(item.get("destination"))
    try:
        address, port = destination(DeviceObject("ltm virtual", item))
    except ValueError as error:
        path = text(item.get("fullPath"))
        found = Unreadable(_name_owner(path, "", "virtual server", False), address_of(place), str(error))
        yield replace(found.listener, domain=_UNREAD_DOMAIN, path=path)
        return
    if port:
        known = named.get(f"{place.rpartition('/')[0]}/{address}", address)
        protocol = text(item.get("ipProtocol")) or "any"
        yield from _foreign_listener(item, known, port, protocol, tenants)


def _foreign_listener(
    item: Object, address: str, port: int, protocol: str, tenants: frozenset[str]
) -> Iterator[Listener]:
    if address.partition("%")[0] in _NO_ADDRESS:  # it takes what no virtual server of its own has
        return
    path, iapp = text(item.get("fullPath")), text(item.get("appService"))
    owner = _name_owner(path, iapp, "virtual server" if port else "virtual address", _partition_of(item) in tenants)
    try:
        found, domain = split_domain(address)
    except ValueError as error:
        yield replace(Unreadable(owner, address, str(error)).listener, domain=_UNREAD_DOMAIN, path=path)
        return
    kind = "virtual" if port else "virtual-address"
    yield Listener(
        owner=owner,
        address=found,
        port=port,
        protocol=protocol,
        domain="" if domain is None else f"route_domain {domain}",
        path=path,
        removal=(f"delete sys application service {iapp}" if iapp else f"delete ltm {kind} {path}",),
    )


def _partition_of(item: Object) -> str:
    return text(item.get("fullPath")).strip("/").partition("/")[0]


def _name_owner(path: str, iapp: str, kind: str, is_tenant: bool) -> str:
    if iapp:
        return f"iApp {iapp} ({kind} {path})"
    if is_tenant:
        return f"AS3 tenant {path.strip('/').partition('/')[0]} ({kind} {path})"
    return f"{kind} {path}, made by hand"


def same_route_domain(service: Service, listener: Listener) -> bool:
    """Return whether a listener is in the route domain of a service."""
    domain = service.options.get("route_domain")
    return listener.domain in ("" if domain is None else f"route_domain {domain}", _UNREAD_DOMAIN)


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
    try:
        return conflict.compared_with(read_service(path, objects, profile_kinds(())))
    except DeviceError:  # of somebody else: it is in the way, whatever it is
        return conflict
