# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of the SQL and file servers that pools name: that they exist, and what each is for."""

from __future__ import annotations

from collections.abc import Iterator

from .._base.errors import Problem, hosts_text, name_correction, names_text, shown
from .._catalogue.model import Version
from . import pool_fields as f
from .build import Check, Draft
from .model import Pool

# Mirroring ended with 2019 (deprecated-2019.md), AlwaysOn came with 2015 (back-end-server high availability).
_MIRRORING = (Version.LYNC_2013, Version.SFB_2015)
_ALWAYS_ON = (Version.SFB_2015, Version.SFB_2019, Version.SFB_SE)


def _servers_of(pool: Pool) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield (key, names of hosts) of the servers that a pool uses."""
    if pool.sql:
        yield "sql.hosts", pool.sql.hosts
        yield "sql.mirror", tuple(filter(None, [pool.sql.mirror]))
        yield "sql.witness", tuple(filter(None, [pool.sql.witness]))
    yield "file_share.hosts", pool.file_share


def copies_of_databases(draft: Draft) -> Iterator[Problem]:
    """Refuse a server that is its own mirror or witness, and ways to keep copies that the version does not have."""
    for pool in draft.topology.pools.values():
        sql = pool.sql
        if sql is None or not draft.pool_records[pool.name].good(f.SQL):
            continue
        names = [*sql.nodes, *([sql.witness] if sql.witness else [])]
        if len(set(names)) < len(names):
            message = f"a server stands twice among hosts, mirror and witness: {names_text(names)}"
            yield Problem(f"pool {pool.name}, sql", message, "one part for each server", "remove it once")
        for key, given, versions in (("mirror", sql.mirror, _MIRRORING), ("listener", sql.listener, _ALWAYS_ON)):
            if given and pool.version not in versions:
                allowed = f"versions {', '.join(version.value for version in versions)}"
                message = f"version {pool.version.value} does not support it"
                yield Problem(f"pool {pool.name}, sql.{key}", message, allowed, "remove it")


def named_hosts(draft: Draft) -> Iterator[Problem]:
    """Refuse SQL and file servers that are not hosts of the topology."""
    for pool in draft.topology.pools.values():
        for key, names in _servers_of(pool):
            group = draft.groups.group_of("back_end" if key.startswith("sql") else "file_servers")
            for name in (name for name in names if name not in draft.topology.hosts):
                message = (
                    f"host {shown(name)} plays no role"
                    if name in draft.inventory
                    else f"there is no host {shown(name)}"
                )
                fix = name_correction(name, draft.topology.hosts, f"add the host to group {group}")
                yield Problem(
                    f"pool {pool.name}, {key}",
                    message,
                    f"hosts of the inventory, as of group {group}",
                    fix,
                )


def servers_of_nobody(draft: Draft) -> Iterator[Problem]:
    """Warn about managed SQL and file servers that no pool names, so that they are open to all Front Ends."""
    named = {name for pool in draft.topology.pools.values() for _key, names in _servers_of(pool) for name in names}
    for role, key in (("back_end", "sql"), ("file_servers", "file_share")):
        hosts = [host.name for host in draft.hosts_with(role) if host.managed and host.name not in named]
        if hosts:
            message = f"no pool names it under {key}, so that it is open to every Front End Server and to nobody else"
            yield Problem(hosts_text(hosts), message, fix=f"name it under {key} of the pools that use it")


ERRORS: tuple[Check, ...] = (named_hosts, copies_of_databases)
WARNINGS: tuple[Check, ...] = (servers_of_nobody,)
