# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The values of a published topology, alike for both of its dialects.

Names are in lower case. A key names a cluster or service inside of one document; where is the place in it for people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

DEFAULT_USAGE = "default"


@dataclass(frozen=True)
class Interface:
    """A network interface; address and nat_address are empty where the topology says all, which is to say unknown."""

    side: str
    number: int
    address: str
    nat_address: str


@dataclass(frozen=True)
class Machine:
    """One server; of a cluster of one machine the name is the cluster's."""

    name: str
    interfaces: tuple[Interface, ...]

    def on_side(self, side: str) -> tuple[Interface, ...]:
        """Return the interfaces of a side, by number."""
        found = (interface for interface in self.interfaces if interface.side == side)
        return tuple(sorted(found, key=lambda interface: interface.number))


@dataclass(frozen=True)
class Cluster:
    """What Topology Builder calls a pool: servers under one name, of the product or of others.

    is_replica: they get a copy of the Central Management store.
    """

    key: str
    name: str
    site: str
    machines: tuple[Machine, ...]
    where: str
    is_replica: bool = True

    @property
    def place(self) -> str:
        """Return the place in the file and the name."""
        return f"{self.where} {self.name}"


@dataclass(frozen=True)
class SqlInstance:
    """One instance of SQL Server; primary_node: with AlwaysOn the only node that is named."""

    key: str
    cluster: str
    name: str
    primary_node: str
    where: str


@dataclass(frozen=True)
class Port:
    """One listener of a service.

    owner: without urn:component: and the like. protocol: as the topology has it, in lower case. count: how many ports
    from the number on, 0 where it says none. configured_number, configured_name: what others connect to instead, 0 and
    empty where it says none.
    """

    owner: str
    usage: str
    side: str
    interface: int
    number: int
    protocol: str
    count: int
    configured_number: int
    configured_name: str
    where: str


@dataclass(frozen=True)
class Dependency:
    """What a service depends on: the key of another, and for what, in lower case."""

    service: str
    usage: str


@dataclass(frozen=True)
class Service:
    """One service on a cluster, or on an instance of SQL Server; details: attributes of the element of its own."""

    key: str
    role: str
    version: int
    cluster: str
    instance: str
    dependencies: tuple[Dependency, ...]
    ports: tuple[Port, ...]
    details: Mapping[str, str]
    where: str


@dataclass(frozen=True)
class Site:
    """One site; is_remote: a branch of a central one."""

    key: str
    name: str
    is_remote: bool


@dataclass(frozen=True)
class Published:
    """A whole topology.

    dialect: builder or published. simple_urls: by the names of lync_simple_urls; None where the file has none of them.
    unread: elements and attributes that are not understood, a line each.
    """

    name: str
    dialect: str
    is_published: bool
    sip_domains: tuple[str, ...]
    simple_urls: Mapping[str, tuple[str, ...]] | None
    sites: Mapping[str, Site]
    clusters: Mapping[str, Cluster]
    instances: Mapping[str, SqlInstance]
    services: Mapping[str, Service]
    unread: tuple[str, ...] = field(default=())

    @cached_property
    def _on_cluster(self) -> Mapping[str, tuple[Service, ...]]:
        found: dict[str, list[Service]] = {}
        for service in self.services.values():
            found.setdefault(service.cluster, []).append(service)
        return {key: tuple(services) for key, services in found.items()}

    def services_on(self, cluster: str) -> tuple[Service, ...]:
        """Return the services of a cluster, those on its instances of SQL Server too."""
        return self._on_cluster.get(cluster, ())

    def needed(self, services: tuple[Service, ...], usage: str = DEFAULT_USAGE) -> Iterator[Service]:
        """Yield the services that some depend on for a usage, each once."""
        keys = dict.fromkeys(
            one.service for service in services for one in service.dependencies if usage in one.usage
        )
        return (self.services[key] for key in keys)

    @property
    def machine_count(self) -> int:
        """Return how many machines the topology names."""
        return sum(len(cluster.machines) for cluster in self.clusters.values())
