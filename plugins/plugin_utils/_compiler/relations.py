# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who uses whose databases and shares: what sql and file_share of pools mean to the servers that they name.

    Relations(topology, classes).database_users(sql01)      # the members of the pools that name sql01 under sql

A server that no pool names keeps serving every Front End Server, since nobody says whom else it serves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from .._base.addresses import PortSet
from .._catalogue.model import PortSpec, Version
from .._inventory.model import Host, Pool, SqlServer, Topology

# Components on servers that run nothing of the product.
OF_NAMED_SERVERS = frozenset(
    ("databases", "database_copies", "database_witnesses", "report_servers", "file_servers"),
)


class Relations:
    """Answers of one topology about databases, shares and the Central Management store."""

    def __init__(self, topology: Topology, classes: Mapping[str, tuple[str, ...]]) -> None:
        self._topology = topology
        self._classes = classes
        self._components: Mapping[str, Callable[[Host], bool]] = {
            "databases": self._holds_databases,
            "database_copies": lambda host: bool(self._sql_where(host, lambda sql: host.name in sql.copies)),
            "database_witnesses": lambda host: bool(self._sql_where(host, lambda sql: host.name == sql.witness)),
            "report_servers": lambda host: bool(self._pools_where(host, lambda pool: _has_reports(pool, host))),
            "share_holders": self._holds_share,
        }

    def components(self, host: Host) -> tuple[str, ...]:
        """Return the classes of components that a host belongs to because of what pools say of it."""
        return tuple(name for name, holds in self._components.items() if holds(host))

    def is_named(self, host: Host) -> bool:
        """Return whether what others may reach on a host follows from pools that name it."""
        return bool(host.roles & {"back_end", "file_servers"}) or host.name in self._names

    def served_versions(self, host: Host) -> tuple[Version, ...]:
        """Return the versions of the pools that name a server without the product for databases or shares."""
        if not host.roles & {"back_end", "file_servers"}:
            return ()
        return tuple(sorted({pool.version for pool in self._pools_where(host, lambda pool: host.name in _named(pool))}))

    def database_users(self, host: Host) -> Iterable[Host]:
        """Return the hosts that ask the databases of a host."""
        pools = self._pools_where(host, lambda pool: pool.sql is not None and host.name in pool.sql.nodes)
        return self._members(pools) if pools else self._all("frontend")

    def report_users(self, host: Host) -> Iterable[Host]:
        """Return the hosts from which the reports of a host are deployed."""
        return self._members(self._pools_where(host, lambda pool: _has_reports(pool, host)))

    def share_users(self, host: Host) -> Iterable[Host]:
        """Return the hosts that use the shares of a host: a paired pool copies the data of the other one, from 2013 on,
        when Front End Servers do it themselves.
        """
        holds = self._holds_share(host)
        own = (host.pool or host.name) if holds else ""
        pools = self._pools_where(host, lambda pool: host.name in pool.file_share or pool.name == own)
        if not pools:
            return self._all("frontend") if "file_servers" in host.roles else ()
        paired = [pool for pool in pools if not (holds and pool.version is Version.LYNC_2010)]
        backups = [self._topology.pools[pool.backup_pool] for pool in paired if pool.backup_pool]
        chat = any(pool.role == "persistent_chat" for pool in pools)
        return [*self._members([*pools, *backups]), *(self._all("frontend") if chat else ())]

    def store_readers(self, host: Host) -> Iterable[Host]:
        """Return the servers that read the Central Management store, where a host may come to hold it."""
        pools = self._store_pools
        holds = host.pool in pools or host.name in pools
        if "standard_edition" in host.roles and holds:
            return self._all("setup_servers")
        named = self._sql_where(host, lambda sql: host.name in sql.nodes, pools)
        return self._all("setup_servers") if named else ()

    def database_partners(self, host: Host) -> Iterable[Host]:
        """Return whom a server keeps copies of databases alike with, and the witness; of a witness, the copies."""
        found = self._sql_where(host, lambda sql: host.name in sql.copies or host.name == sql.witness)
        names = {name for sql in found for name in (*sql.copies, sql.witness) if name and name != host.name}
        return [other for name, other in self._topology.hosts.items() if name in names]

    def sql_ports(self, spec: PortSpec, host: Host) -> PortSet | None:
        """Return the ports that a row leaves to the pools that a host serves or uses; the row's when none says."""
        if spec.sql_mirror is not None:
            found = [sql.mirror_port for sql in self._sql_where(host, lambda sql: host.name in sql.copies)]
        elif spec.sql_witness is not None:
            found = [sql.witness_port for sql in self._sql_where(host, lambda sql: host.name == sql.witness)]
        else:
            pools = self._pools_where(host, lambda pool: pool.sql is not None and self._is_of(pool, host))
            found = [port for pool in pools if pool.sql for port in pool.sql.ports]
        return PortSet.parse(sorted(set(found))) if found else spec.default

    def _is_of(self, pool: Pool, host: Host) -> bool:
        return pool.name == (host.pool or host.name) or (pool.sql is not None and host.name in pool.sql.nodes)

    def _holds_databases(self, host: Host) -> bool:
        is_witness = bool(self._sql_where(host, lambda sql: host.name == sql.witness))
        holds = bool(self._sql_where(host, lambda sql: host.name in sql.nodes))
        return "back_end" in host.roles and (holds or not is_witness)

    def _holds_share(self, host: Host) -> bool:
        """Return whether a Front End Server holds a share: named by a pool, or a Standard Edition server by itself."""
        if not host.roles & {"frontend", "standard_edition"}:
            return False
        own = self._topology.pools.get(host.pool or host.name)
        is_own = "standard_edition" in host.roles and not (own and own.file_share)
        return is_own or bool(self._pools_where(host, lambda pool: host.name in pool.file_share))

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name for pool in self._topology.pools.values() for name in _named(pool))

    @cached_property
    def _naming_pools(self) -> Mapping[str, list[Pool]]:
        """Return the pools that name a host for their databases or shares, by its name, and each by its own."""
        found: dict[str, list[Pool]] = {}
        for pool in self._topology.pools.values():
            for name in dict.fromkeys((pool.name, *_named(pool))):
                found.setdefault(name, []).append(pool)
        return found

    @cached_property
    def _store_pools(self) -> frozenset[str]:
        """Return the pools that hold the Central Management store or take it over: the backup pool does."""
        name = self._topology.central_management_pool
        pool = self._topology.pools.get(name or "")
        return frozenset(filter(None, (name, pool.backup_pool if pool else None)))

    def _pools_where(self, host: Host, is_meant: Callable[[Pool], bool]) -> list[Pool]:
        """Return the pool of a host and those that name it, as far as they are meant, in the order of the topology."""
        names = dict.fromkeys((host.name, host.pool or host.name))
        found = {pool.name: pool for name in names for pool in self._naming_pools.get(name, ()) if is_meant(pool)}
        return sorted(found.values(), key=lambda pool: self._places[pool.name])

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self._topology.pools)}

    def _sql_where(
        self, host: Host, is_meant: Callable[[SqlServer], bool], names: Iterable[str] = ()
    ) -> list[SqlServer]:
        pools = self._pools_where(host, lambda pool: not names or pool.name in names)
        return [pool.sql for pool in pools if pool.sql and is_meant(pool.sql)]

    def _members(self, pools: Iterable[Pool]) -> list[Host]:
        hosts = [self._topology.hosts[name] for pool in pools for name in pool.members]
        return [host for host in hosts if host.is_alive]

    def _all(self, name: str) -> list[Host]:
        roles = set(self._classes.get(name, (name,)))
        hosts = [host for host in self._topology.hosts.values() if host.roles & roles]
        return [host for host in hosts if host.is_alive]


def _has_reports(pool: Pool, host: Host) -> bool:
    return pool.sql is not None and pool.sql.reports and host.name in pool.sql.hosts


def _named(pool: Pool) -> Iterator[str]:
    yield from pool.file_share
    if pool.sql:
        yield from pool.sql.nodes
        yield from filter(None, [pool.sql.witness])
