# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From Ansible's hostvars to an inventory, and from that to a topology or the list of everything that is wrong with it.

    read_topology({"fe01": InventoryHost("fe01", ("all", "frontend"), {"ansible_host": "10.1.0.11", ...})})

Of hostvars, only the variables that the collection knows are touched. Templating a value costs far more than reading
it, and deployment variables are one object that all hosts share, so a value without template marks is taken as it
stands, and looked through once.

Values are read first, each distinct one once; hosts and pools are built of them; then the checks run over the
whole, in the order of CHECKS. Everything is linear in the number of hosts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from .._base.errors import InvalidInputError
from . import (
    checks_balancers,
    checks_edge,
    checks_hosts,
    checks_meaning,
    checks_names,
    checks_pools,
    checks_records,
    checks_servers,
)
from . import pool_fields as f
from . import variables as v
from .build import Check, Draft, RoleGroups, build_host, build_pool, members_by_pool, pool_of, pool_role, with_own_pools
from .fields import Record
from .model import Host, InventoryHost, Pool, Topology
from .settings import Settings, is_ours, unknown_variables

_OTHERS = frozenset({"ansible_host", "ansible_connection", "ansible_port"})
_MARKS = ("{{", "{%", "{#")

HostVars = Mapping[str, Mapping[str, object]]


def read_inventory(hostvars: HostVars) -> dict[str, InventoryHost]:
    """Return every host of a hostvars mapping with its groups and the variables lync_*, ansible_host and connection
    keys.

    A template that cannot be resolved stays as its text, so that validation names it with its place. A host without
    any group is none of the inventory: older versions of Ansible list their implicit localhost there.
    """
    templated: dict[int, tuple[object, bool]] = {}
    hosts = (_read_host(str(name), hostvars, templated) for name in hostvars)
    return {host.name: host for host in hosts if host.groups}


def _read_host(name: str, hostvars: HostVars, templated: dict[int, tuple[object, bool]]) -> InventoryHost:
    raw = _raw_variables(name, hostvars)
    wanted = {key: value for key, value in raw.items() if key in _OTHERS or is_ours(key)}
    groups = raw.get("group_names", ())
    for key, value in wanted.items():
        if _is_templated(value, templated):
            wanted[key] = _resolve_template(name, key, value, hostvars)
    return InventoryHost(
        name, tuple(str(group) for group in groups) if isinstance(groups, (list, tuple)) else (), wanted
    )


def _raw_variables(name: str, hostvars: HostVars) -> Mapping[str, object]:
    """Return a host's variables untemplated where Ansible offers that, else as they come."""
    raw_get = getattr(hostvars, "raw_get", None)
    found: object = raw_get(name) if raw_get else hostvars[name]
    return found if isinstance(found, Mapping) else {}


def _is_templated(value: object, templated: dict[int, tuple[object, bool]]) -> bool:
    """Return whether a value holds template marks; the value is kept beside the answer so that its id stays its own."""
    if isinstance(value, str):
        return any(mark in value for mark in _MARKS)
    if not isinstance(value, (Mapping, list, tuple)):
        return False
    known = templated.get(id(value))
    if known is None:
        templated[id(value)] = (value, False)  # for a value that holds itself
        parts = list(value.values()) if isinstance(value, Mapping) else value
        known = templated[id(value)] = (value, any(_is_templated(part, templated) for part in parts))
    return known[1]


def _resolve_template(name: str, key: str, raw: object, hostvars: HostVars) -> object:
    try:
        return hostvars[name][key]
    except Exception:  # whatever a template raises: the text itself is what the user has to look at
        return raw


_CHECKS = (checks_hosts, checks_pools, checks_servers, checks_names, checks_balancers, checks_meaning)
ERROR_CHECKS: tuple[Check, ...] = tuple(check for room in (*_CHECKS, checks_edge) for check in room.ERRORS)
WARNING_CHECKS: tuple[Check, ...] = tuple(check for room in (*_CHECKS, checks_records) for check in room.WARNINGS)


def read_topology(inventory: Mapping[str, InventoryHost], leaving: Collection[str] = ()) -> Topology:
    """Return the topology of an inventory, hosts by name; raises InvalidInputError with all problems of all hosts.

    Variables may hold values of any type that YAML has. What is allowed but worth saying is in Topology.warnings.
    leaving: hosts that this run retires.
    """
    settings = Settings(inventory)
    draft = replace(_build_draft(inventory, settings), leaving=frozenset(leaving))
    errors = [problem for check in ERROR_CHECKS for problem in check(draft)]
    errors += unknown_variables(inventory, draft.deployment)
    errors += [problem for problem, warning in settings.findings() if not warning]
    if errors:
        raise InvalidInputError(errors)
    warnings = [problem for check in WARNING_CHECKS for problem in check(draft)]
    warnings += [problem for problem, warning in settings.findings() if warning]
    return replace(draft.topology, warnings=tuple(sorted(set(warnings))))


def sketch_topology(inventory: Mapping[str, InventoryHost]) -> Topology:
    """Return what of a topology can be read, whatever is wrong with the inventory: for emergencies, where no plan is
    made.
    """
    return _build_draft(inventory, Settings(inventory)).topology


def _build_draft(inventory: Mapping[str, InventoryHost], settings: Settings) -> Draft:
    deployment = settings.of_deployment(v.DEPLOYMENT_VARIABLES)
    renamed = {role: group for role, group in deployment[v.GROUPS].items() if group}
    groups = RoleGroups(renamed, deployment[v.GROUP_PREFIX], deployment[v.CLASSES])
    records = {name: settings.of_host(host, v.HOST_VARIABLES) for name, host in inventory.items()}
    hosts = _build_hosts(inventory, groups, records, deployment[v.POOLS])
    pool_records = with_own_pools(hosts.values(), deployment[v.POOLS])
    pools = _build_pools(hosts, groups, pool_records)
    return Draft(inventory, groups, deployment, _build_topology(hosts, pools, deployment), records, pool_records)


def _build_hosts(
    inventory: Mapping[str, InventoryHost],
    groups: RoleGroups,
    records: Mapping[str, Record],
    pools: Mapping[str, Record],
) -> dict[str, Host]:
    roles_of: dict[tuple[str, ...], frozenset[str]] = {}
    hosts: dict[str, Host] = {}
    for name, host in inventory.items():
        if host.groups not in roles_of:
            roles_of[host.groups] = groups.roles_of(host.groups)
        classes = groups.classes_of(host.groups) if groups.classes else frozenset()
        if roles_of[host.groups] or classes:
            pool = pools.get(pool_of(name, roles_of[host.groups], records[name]) or "")
            hosts[name] = replace(
                build_host(host, roles_of[host.groups], records[name], pool[f.SITE] if pool else None), classes=classes
            )
    return hosts


def _build_pools(hosts: Mapping[str, Host], groups: RoleGroups, records: Mapping[str, Record]) -> dict[str, Pool]:
    roles = {name: pool_role(record, groups) for name, record in records.items()}
    members = members_by_pool(hosts.values(), roles)
    return {name: build_pool(name, role, records[name], members[name]) for name, role in roles.items() if role}


def _build_topology(hosts: Mapping[str, Host], pools: Mapping[str, Pool], deployment: Record) -> Topology:
    return Topology(
        hosts=hosts,
        pools=pools,
        central_management_pool=deployment[v.CENTRAL_MANAGEMENT_POOL],
        management_networks=deployment[v.MANAGEMENT_NETWORKS],
        media_networks=deployment[v.MEDIA_NETWORKS],
        sip_domains=deployment[v.SIP_DOMAINS],
        simple_urls=deployment[v.SIMPLE_URLS_OF],
        dns_servers=deployment[v.DNS_SERVERS],
        home_pools=deployment[v.HOME_POOLS],
        federation_pool=deployment[v.FEDERATION_POOL],
        time_server=deployment[v.TIME_SERVER],
        extra_records=deployment[v.EXTRA_DNS_RECORDS],
        ipsec=deployment[v.IPSEC],
        ipsec_remote_networks=deployment[v.IPSEC_REMOTE_NETWORKS],
        ipsec_ports=deployment[v.IPSEC_PORTS],
        extra_rows=deployment[v.EXTRA_ROWS],
        row_overrides=deployment[v.ROW_OVERRIDES],
    )
