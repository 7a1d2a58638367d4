# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Builds the pools of a topology from their records and their members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._catalogue.model import Version
from . import pool_fields as f
from .draft import RoleGroups
from .fields import Record
from .model import Host, Method, Pool


def members_by_pool(hosts: Iterable[Host], roles: Mapping[str, str | None]) -> dict[str, list[Host]]:
    """Return the members of every pool: hosts that name it and play its role; roles is the role of each pool."""
    found: dict[str, list[Host]] = {name: [] for name in roles}
    for host in hosts:
        if host.pool in found and roles[host.pool] in pool_roles_of(host):
            found[host.pool].append(host)
    return found


def pool_roles_of(host: Host) -> frozenset[str]:
    """Return the roles that the pool of a host may have: a collocated Mediation Server is in its Front End's pool."""
    return host.roles - {"mediation"} if host.collocated else host.roles


def pool_role(record: Record, groups: RoleGroups) -> str | None:
    """Return the role of a pool's entry, None when it has none that exists."""
    return groups.role_named(record[f.ROLE])


def build_pool(name: str, role: str, record: Record, members: list[Host]) -> Pool:
    """Return a pool; what its members must have in common is taken from the first."""
    methods = record[f.LOAD_BALANCING] if record.good(f.LOAD_BALANCING) else {}
    return Pool(
        name=name,
        role=role,
        method=methods.get("internal", Method.NONE),
        version=members[0].version if members else Version.LYNC_2010,
        members=tuple(host.name for host in members),
        vip=record[f.VIP],
        web_vip=record[f.WEB_VIP] or record[f.VIP],
        external_vips=record[f.EXTERNAL_VIPS],
        external_web_vip=record[f.EXTERNAL_WEB_VIP],
        balancers=_balancers(role, record),
        web_fqdn=record[f.WEB_FQDN],
        external_web_fqdn=record[f.EXTERNAL_WEB_FQDN],
        external_fqdns=record[f.EXTERNAL_FQDNS],
        monitoring_port=record[f.MONITORING_PORT],
        backup_pool=record[f.BACKUP_POOL],
        sql=record[f.SQL],
        file_share=record[f.FILE_SHARE],
        vendor=record[f.VENDOR],
        site=record[f.SITE],
        tls=record[f.TLS],
    )


def _balancers(role: str, record: Record) -> Mapping[str, tuple[str, ...]]:
    sides = f.SIDES if role == "edge" else f.SIDES[:1]
    given = record[f.BALANCER]
    return {side: given[side] for side in sides if given.get(side)}
