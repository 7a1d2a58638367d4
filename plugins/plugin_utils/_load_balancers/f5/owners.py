# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who owns an address of the device that a service wants, what it does there, and the lines that would remove it.

The device is looked through as a whole, every partition: AS3 sees its tenant only, and fails half-way (0107176c) or
shares traffic with somebody else. What is not ours is never written; its removal is text for the day of the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from ..._base.untyped import Object, text
from ..model import Service
from ..results import plain
from .client import BigIp
from .objects import DeviceObject, Objects, destination, profile_kinds, virtual_of
from .rest import rest_objects
from .virtual import service_of, split_domain

VIRTUALS = "ltm/virtual?$select=fullPath,destination,ipProtocol,appService"
ADDRESSES = "ltm/virtual-address?$select=fullPath,address,appService"
_NOT_COMPARED = frozenset({"name", "pool"})


@dataclass(frozen=True)
class Owned:
    """A virtual server or virtual address of somebody else. port 0: the address alone."""

    path: str
    address: str
    domain: int | None
    port: int
    protocol: str
    iapp: str

    @property
    def partition(self) -> str:
        """Return the partition that it is in."""
        return self.path.strip("/").partition("/")[0]


@dataclass(frozen=True)
class Conflict:
    """A service that cannot be had, because owner has its address; differences compare what is there with the service."""

    service: Service
    owned: Owned
    owner: str
    differences: tuple[tuple[str, object, object], ...] = ()

    @property
    def words(self) -> str:
        """Return one sentence for the user."""
        service = self.service
        place = f"{service.vip} port {service.port} ({service.protocol})" if self.owned.port else f"address {service.vip}"
        return f"pool {service.pool} is stopped: {place} of {service.name} belongs to {self.owner}"

    def plain(self) -> dict[str, object]:
        """Return the conflict as plain data."""
        compared = [{"field": name, "there": there, "wanted": wanted} for name, there, wanted in self.differences]
        return {"service": self.service.name, "pool": self.service.pool, "owner": self.owner, "path": self.owned.path, "differences": compared}


def foreign(device: BigIp, tenant: str) -> tuple[Owned, ...]:
    """Return every virtual server and virtual address of the device outside the tenant: two requests."""
    found = [*map(_virtual, device.collection(VIRTUALS)), *map(_address, device.collection(ADDRESSES))]
    return tuple(owned for owned in found if owned is not None and owned.partition != tenant)


def conflicts(services: Sequence[Service], owned: Iterable[Owned], tenants: frozenset[str]) -> tuple[Conflict, ...]:
    """Return the services whose address or port somebody else has; an address of Common alone is shared by AS3 itself."""
    ports: dict[tuple[str, int | None, int], list[Owned]] = {}
    for item in owned:
        if item.port or item.partition != "Common":
            ports.setdefault((item.address, item.domain, item.port), []).append(item)
    return tuple(conflict for service in services for conflict in _of(service, ports, tenants))


def _of(service: Service, ports: Mapping[tuple[str, int | None, int], Sequence[Owned]], tenants: frozenset[str]) -> Iterator[Conflict]:
    domain = service.options.get("route_domain")
    key = (service.vip, domain if isinstance(domain, int) else None)
    same = [item for item in ports.get((*key, service.port), ()) if item.protocol in (service.protocol, "any")]
    for item in (same or list(ports.get((*key, 0), ())))[:1]:
        yield Conflict(service, item, _owner(item, tenants))


def _owner(item: Owned, tenants: frozenset[str]) -> str:
    kind = "virtual server" if item.port else "virtual address"
    if item.iapp:
        return f"iApp {item.iapp} ({kind} {item.path})"
    if item.partition in tenants:
        return f"AS3 tenant {item.partition} ({kind} {item.path})"
    return f"{kind} {item.path}, made by hand"


def compared(device: BigIp, found: Sequence[Conflict], read: Callable[[BigIp], Objects]) -> tuple[Conflict, ...]:
    """Return the conflicts with what is there compared field by field; the device is read only when there is one."""
    if not any(conflict.owned.port for conflict in found):
        return tuple(found)
    objects = read(device)
    return tuple(_compared(conflict, objects) for conflict in found)


def _compared(conflict: Conflict, objects: Objects) -> Conflict:
    if conflict.owned.path not in objects or not conflict.owned.port:
        return conflict
    there = service_of(virtual_of(conflict.owned.path, objects, profile_kinds(())))
    names = [field.name for field in fields(Service) if field.name not in _NOT_COMPARED]
    pairs = [(name, plain(getattr(there, name)), plain(getattr(conflict.service, name))) for name in names]
    return replace(conflict, differences=tuple(pair for pair in pairs if pair[1] != pair[2]))


def whole_device(device: BigIp) -> Objects:
    """Return the balancing objects of all partitions, for the comparison: one request a kind."""
    return rest_objects(device.collection)


def removal(found: Iterable[Conflict]) -> list[str]:
    """Return the tmsh lines that remove what is in the way, for the cut-over; nothing here ever runs them."""
    return sorted({_removal_line(conflict.owned) for conflict in found})


def _removal_line(item: Owned) -> str:
    if item.iapp:
        return f"delete sys application service {item.iapp}"
    return f"delete ltm {'virtual' if item.port else 'virtual-address'} {item.path}"


def _virtual(item: Object) -> Owned | None:
    address, port = destination(DeviceObject("ltm virtual", item))
    return _owned(item, address, port, text(item.get("ipProtocol")) or "any") if port else None


def _address(item: Object) -> Owned | None:
    return _owned(item, text(item.get("address")), 0, "any")


def _owned(item: Object, address: str, port: int, protocol: str) -> Owned | None:
    try:
        found, domain = split_domain(address)
    except ValueError:  # any, any6 and the like: no address of one service
        return None
    return Owned(text(item.get("fullPath")), found, domain, port, protocol, text(item.get("appService")))
