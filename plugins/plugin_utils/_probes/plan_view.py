# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What probes are made of: the hosts, virtual services, names and DNS servers of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from .._catalogue.model import Catalogue, Direction, PortRow, PortSide, Transport
from .._inventory.model import DnsServer
from .._plan.files import Document
from .._plan.flow_matrix import row_of, texts
from .planned import PlannedHost

_ASKING = ("windows", "linux")
_ADDRESSES = ("A", "AAAA")


@dataclass(frozen=True)
class Service:
    """A virtual service with members that take traffic; monitor_port: the TCP port by which the balancer knows that a member is well, 0 for none."""

    name: str
    pool: str
    rows: tuple[str, ...]
    vip: str
    port: int
    protocol: str
    node_port: int
    members: tuple[PlannedHost, ...]
    member_addresses: tuple[str, ...]
    balancers: tuple[str, ...]
    source_nat: bool
    monitor_port: int = 0


@dataclass(frozen=True)
class Record:
    """A DNS record set of the plan."""

    name: str
    type: str
    values: tuple[str, ...]
    zone: str
    view: str
    pool: str


@dataclass(frozen=True)
class Deployment:
    """A plan, ready to be probed; asking: names of the hosts that are in this run."""

    hosts: Mapping[str, PlannedHost]
    services: tuple[Service, ...]
    records: tuple[Record, ...]
    servers: tuple[DnsServer, ...] = ()
    asking: frozenset[str] = frozenset()
    rows: Mapping[str, PortRow] = field(default_factory=dict)

    @classmethod
    def of(
        cls, documents: Iterable[Document], pools: Sequence[Document], catalogue: Catalogue, servers: Sequence[DnsServer] = (), asking: Iterable[str] = ()
    ) -> Deployment:
        """Return the deployment of the plan documents of hosts and pools."""
        found = [document for document in documents if document.get("managed") and document.get("member_state") != "retired"]
        hosts = {host.name: host for host in map(PlannedHost.of, found)}
        by_address = {address: host for host in hosts.values() for address in host.addresses}
        services = tuple(service for pool in pools for service in _services(pool, by_address))
        records = tuple(record for pool in pools for record in _records(pool))
        return cls(hosts, services, records, tuple(servers), frozenset(asking), {row.id: row for row in catalogue.ports})

    @property
    def sources(self) -> tuple[PlannedHost, ...]:
        """Return the hosts of the run that a probe can start from."""
        return tuple(host for host in self.hosts.values() if host.platform in _ASKING and host.addresses and host.name in self.asking)

    @property
    def destinations(self) -> tuple[PlannedHost, ...]:
        """Return the hosts that are asked."""
        return tuple(self.hosts.values())

    @cached_property
    def catalogue_ports(self) -> frozenset[int]:
        """Return the single TCP ports that the catalogue lists as listeners."""
        rows = (row for row in self.rows.values() if row.direction is Direction.IN and row.port_side is PortSide.LOCAL and Transport.TCP in row.transports)
        return frozenset(first for row in rows if row.port.ports for first, last in row.port.ports.pairs if first == last)

    @cached_property
    def certificate_names(self) -> Mapping[str, tuple[str, ...]]:
        """Return per host what a certificate of it may be for; nothing when no full name of it is known."""
        return {name: self._names_of(host) for name, host in self.hosts.items()}

    def application(self, rule_name: str) -> str:
        """Return what the catalogue says is spoken under a rule."""
        row = row_of({"name": rule_name}, self.rows)
        return row.application if row else ""

    def _names_of(self, host: PlannedHost) -> tuple[str, ...]:
        known = {record.name for record in self.records if record.type in _ADDRESSES and set(record.values) & set(host.addresses)}
        known |= set(self.names_of_pool(host.pool)) if host.pool else set()
        return tuple(sorted(known | {host.name})) if known or "." in host.name else ()

    def names_of_pool(self, pool: str, vip: str = "") -> tuple[str, ...]:
        """Return what a certificate of a pool, or at a virtual address, may be for."""
        own = {record.name for record in self.records if record.type in _ADDRESSES and (record.pool == pool or vip in record.values)}
        return tuple(sorted(own | ({pool} if "." in pool else set())))


def _services(pool: Document, by_address: Mapping[str, PlannedHost]) -> Iterable[Service]:
    for item in cast("list[Mapping[str, object]]", pool.get("virtual_services", [])):
        members = tuple({host.name: host for address in texts(item, "members") if (host := by_address.get(address))}.values())
        if members:
            yield Service(
                name=str(item["name"]),
                pool=str(pool["pool"]),
                rows=texts(item, "rows"),
                vip=str(item["vip"]),
                port=int(str(item["port"])),
                protocol=str(item["protocol"]),
                node_port=int(str(item["node_port"])),
                members=members,
                member_addresses=texts(item, "members"),
                balancers=texts(item, "balancers"),
                source_nat=bool(item["source_nat"]),
                monitor_port=_monitor_port(item),
            )


def _monitor_port(item: Mapping[str, object]) -> int:
    monitor = item.get("monitor")
    return int(str(monitor.get("port") or 0)) if isinstance(monitor, Mapping) else 0


def _records(pool: Document) -> Iterable[Record]:
    for item in cast("list[Mapping[str, object]]", pool.get("dns_records", [])):
        name, kind, zone, view = (str(item[key]) for key in ("name", "type", "zone", "view"))
        yield Record(name.lower(), kind, texts(item, "values"), zone.lower(), view, str(pool["pool"]))
