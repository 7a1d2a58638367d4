# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of pools: members, load balancing, virtual addresses, names of other pools and hosts."""

from __future__ import annotations

from collections.abc import Iterator

from .._base.addresses import AddressSet
from .._base.errors import Problem, correction, name_correction, names_text, one_of, shown
from .._catalogue.model import BALANCED_ROLES, ROLES
from . import pool_fields as f
from . import variables as v
from .build import Check, Draft
from .checks_hosts import addresses_of, pool_names
from .fields import Field, Record
from .model import Method, Pool

_WEB_ROLES = ("frontend", "directors")
_METHODS = one_of(method.value for method in Method)
# What the members of a pool must agree on.
_COMMON = (v.VERSION, v.FEATURES_ON, v.MEDIA_PORTS, v.MEDIA_PORT_OVERRIDES, v.CLIENT_NETWORKS, v.PHONE_NETWORKS)
_NAMES_APART = "give each pool names of its own"


def _pool_place(name: str, key: str = "") -> str:
    return f"pool {name}" + (f", {key}" if key else "")


def _pools_with_records(draft: Draft) -> Iterator[tuple[Pool, Record]]:
    for name, pool in draft.topology.pools.items():
        yield pool, draft.pool_records[name]


def pool_roles(draft: Draft) -> Iterator[Problem]:
    """Refuse a pool without a role that exists."""
    for name, record in draft.pool_records.items():
        if name in draft.topology.pools or not record.good(f.ROLE):
            continue
        text = record[f.ROLE]
        message = f"{shown(text)} is not a role" if text else "the pool has no role"
        yield Problem(
            _pool_place(name, "role"),
            message,
            one_of(ROLES),
            correction(text, ROLES, "add the role that its members play"),
        )


def keys_of_role(draft: Draft) -> Iterator[Problem]:
    """Refuse keys that pools of this role do not have."""
    for pool, record in _pools_with_records(draft):
        for key, roles in f.ROLES_OF_KEY.items():
            if key in record.values and pool.role not in roles:
                yield Problem(
                    _pool_place(pool.name, key),
                    f"a pool of role {pool.role} has no {key}",
                    f"pools of role {', '.join(roles)}",
                    "remove it",
                )


def members_exist(draft: Draft) -> Iterator[Problem]:
    """Refuse a pool without members."""
    for pool, _record in _pools_with_records(draft):
        if not pool.members:
            group = draft.groups.group_of(pool.role)
            fix = f"set lync_pool: {pool.name} on its members, or remove the pool"
            yield Problem(_pool_place(pool.name), "the pool has no members", f"hosts of group {group}", fix)


def members_agree(draft: Draft) -> Iterator[Problem]:
    """Refuse members of one pool that differ in what a pool has in common."""
    for pool, _record in _pools_with_records(draft):
        for variable in _COMMON:
            yield from _compare_members(draft, pool, variable)


def _compare_members(draft: Draft, pool: Pool, variable: Field[object]) -> Iterator[Problem]:
    records = [(name, draft.host_records[name]) for name in pool.members]
    records = [(name, record) for name, record in records if record.good(variable)]
    for name, record in records[1:]:
        if record[variable] != records[0][1][variable]:
            written = [draft.inventory[host].variables.get(variable.name, "not set") for host in (records[0][0], name)]
            message = f"hosts {records[0][0]} and {name} differ: {shown(written[0])} and {shown(written[1])}"
            yield Problem(
                _pool_place(pool.name, variable.name), message, "one value within a pool", "set it once for the pool"
            )
            return


def roles_balanced(draft: Draft) -> Iterator[Problem]:
    """Refuse hardware load balancing of a role that no load balancer takes, and DNS load balancing of web servers."""
    for pool, record in _pools_with_records(draft):
        unfit = {Method.HLB: pool.role not in BALANCED_ROLES, Method.DNS: pool.role == "office_web_apps"}
        if unfit.get(pool.method) and pool.role != "standard_edition" and record.good(f.LOAD_BALANCING):
            allowed = "hlb, none" if pool.role == "office_web_apps" else "dns, none"
            message = f"a pool of role {pool.role} cannot have load_balancing {pool.method.value}"
            yield Problem(_pool_place(pool.name, "load_balancing"), message, allowed, "write one of them")


def method_fits(draft: Draft) -> Iterator[Problem]:
    """Refuse several servers without a load balancing method."""
    for pool, record in _pools_with_records(draft):
        count = len(draft.members(pool))
        if (
            pool.role not in BALANCED_ROLES
            or count < 2
            or pool.method is not Method.NONE
            or not record.good(f.LOAD_BALANCING)
        ):
            continue
        method = "load_balancing is none" if record.has(f.LOAD_BALANCING) else "load_balancing is not set"
        yield Problem(
            _pool_place(pool.name, "load_balancing"),
            f"the pool has {count} servers and {method}",
            "hlb, dns; none for one server",
            "write hlb or dns",
        )


def sides_of_method(draft: Draft) -> Iterator[Problem]:
    """Refuse a method per interface outside the Edge, and an Edge whose two interfaces do not have one method."""
    for pool, record in _pools_with_records(draft):
        methods = record[f.LOAD_BALANCING]
        if not record.good(f.LOAD_BALANCING) or not methods:
            continue
        texts = [methods[side].value if side in methods else "not set" for side in f.SIDES]
        if texts[0] != texts[1]:
            message = f"internal is {texts[0]} and external is {texts[1]}"
            yield Problem(
                _pool_place(pool.name, "load_balancing"),
                message,
                f"one of {_METHODS} for both interfaces",
                "write one method",
            )


def vips_present(draft: Draft) -> Iterator[Problem]:
    """Refuse a pool without the virtual addresses that hardware load balancing needs."""
    for pool, record in _pools_with_records(draft):
        if pool.method is not Method.HLB or pool.role not in BALANCED_ROLES:
            continue
        if not pool.vip and record.good(f.VIP):
            yield Problem(
                _pool_place(pool.name, "vip"),
                "load_balancing is hlb and there is no VIP",
                "an IPv4 or IPv6 address",
                "set vip",
            )


def vips_listened_on(draft: Draft) -> Iterator[Problem]:
    """Refuse a virtual address that no balancer serves by the pool's method: records would lead to nobody."""
    for pool, record in _pools_with_records(draft):
        fields: tuple[Field[object], ...] = (f.VIP, f.WEB_VIP, f.EXTERNAL_WEB_VIP, f.EXTERNAL_VIPS)
        unserved = {Method.NONE: fields, Method.DNS: (f.EXTERNAL_VIPS,)}.get(pool.method, ())
        is_said = len(draft.members(pool)) > 1 and pool.method is Method.NONE  # by method_fits
        is_known = record.good(f.LOAD_BALANCING) and pool.role in BALANCED_ROLES and not is_said
        for key in unserved if is_known else ():
            if record.has(key) and record.good(key) and pool.role in f.ROLES_OF_KEY.get(key.name, (pool.role,)):
                message = f"load_balancing is {pool.method.value}, so that nobody listens on {key.name}"
                allowed = "hlb, or dns for a VIP of web services"
                yield Problem(_pool_place(pool.name, key.name), message, allowed, "write the method, or remove the VIP")


def web_vip_present(draft: Draft) -> Iterator[Problem]:
    """Refuse several Front End or Director servers with DNS load balancing whose web services have no VIP."""
    for pool, record in _pools_with_records(draft):
        needed = pool.role in _WEB_ROLES and pool.method is Method.DNS and len(draft.members(pool)) > 1
        if needed and not record[f.WEB_VIP] and record.good(f.WEB_VIP):
            message = "DNS load balancing does not cover the web services, and there is no VIP for them"
            yield Problem(
                _pool_place(pool.name, "web_vip"),
                message,
                "an IPv4 or IPv6 address",
                "set web_vip, web_fqdn and balancer",
            )


def balancers_known(draft: Draft) -> Iterator[Problem]:
    """Refuse hardware load balancing without a balancer, and balancers that are not in the group of load balancers."""
    known = {host.name for host in draft.hosts_with("load_balancers")}
    group = draft.groups.group_of("load_balancers")
    for pool, record in _pools_with_records(draft):
        for side in f.SIDES if pool.role == "edge" else f.SIDES[:1]:
            if pool.method is Method.HLB and not pool.balancers.get(side) and record.good(f.BALANCER):
                message = f"load_balancing is hlb and the {side} side has no balancer"
                yield Problem(
                    _pool_place(pool.name, "balancer"), message, names_text(known), f"name a host of group {group}"
                )
        for name in sorted({name for names in record[f.BALANCER].values() for name in names} - known):
            fix = name_correction(name, known, f"add the host to group {group}")
            yield Problem(
                _pool_place(pool.name, "balancer"),
                f"{shown(name)} is not a host of group {group}",
                names_text(known),
                fix,
            )


def standard_edition_alone(draft: Draft) -> Iterator[Problem]:
    """Refuse load balancing and several servers in a pool of role standard_edition."""
    for pool, record in _pools_with_records(draft):
        if pool.role != "standard_edition":
            continue
        given = [one.name for one in (f.BALANCER, f.VIP) if record.has(one)]
        given += ["load_balancing"] if pool.method is not Method.NONE else []
        for key in given:
            message = "a Standard Edition server cannot be load balanced"
            yield Problem(
                _pool_place(pool.name, key), message, "load_balancing: none", "remove it, or use role frontend"
            )
        count = len(draft.members(pool))
        if count > 1:
            message = f"a Standard Edition pool is one server, this has {count}"
            yield Problem(_pool_place(pool.name), message, "one member", "use role frontend")


def backup_pools(draft: Draft) -> Iterator[Problem]:
    """Refuse a backup pool that does not exist or does not name this pool as its own backup."""
    for pool, _record in _pools_with_records(draft):
        if not pool.backup_pool:
            continue
        other = draft.pool_records.get(pool.backup_pool)
        place, others = _pool_place(pool.name, "backup_pool"), sorted(set(draft.pool_records) - {pool.name})
        if other is None or pool.backup_pool == pool.name:
            message = "a pool cannot back itself up" if other else f"there is no pool {shown(pool.backup_pool)}"
            yield Problem(
                place, message, names_text(others), name_correction(pool.backup_pool, others, "name another pool")
            )
        elif other[f.BACKUP_POOL] != pool.name and other.good(f.BACKUP_POOL):
            message = f"pool {pool.backup_pool} does not name this pool as its backup, and a backup is mutual"
            yield Problem(place, message, fix=f"set backup_pool: {pool.name} for pool {pool.backup_pool}")


def central_management_pool(draft: Draft) -> Iterator[Problem]:
    """Refuse a lync_central_management_pool that does not exist."""
    name, known = draft.topology.central_management_pool, pool_names(draft)
    if name and name not in known and draft.pools_readable:
        fix = name_correction(name, known, "name a pool of lync_pools")
        yield Problem("lync_central_management_pool", f"there is no pool {shown(name)}", names_text(known), fix)


def dns_hosts(draft: Draft) -> Iterator[Problem]:
    """Refuse a windows_host of lync_dns_servers that is not in the inventory."""
    for index, server in enumerate(draft.topology.dns_servers):
        name = server.windows_host
        if name and name not in draft.inventory:
            fix = name_correction(name, draft.inventory, "add the host to the inventory")
            yield Problem(
                f"lync_dns_servers[{index}].windows_host",
                f"there is no host {shown(name)}",
                "names of the inventory",
                fix,
            )


def vips_of(pool: Pool, record: Record) -> Iterator[tuple[str, AddressSet]]:
    """Yield (key, addresses) of the virtual addresses that were given, those of the Edge's external services apart."""
    yield "vip", pool.vip
    yield "web_vip", record[f.WEB_VIP] - pool.vip  # the web services may share the pool's VIP
    yield "external_web_vip", pool.external_web_vip


def vips_unique(draft: Draft) -> Iterator[Problem]:
    """Refuse a VIP that a host other than a load balancer holds, or that is used twice."""
    holders = (host for host in draft.topology.hosts.values() if "load_balancers" not in host.roles)
    hosts = {one: host.name for host in holders for one in addresses_of(host).each()}
    used: dict[str, str] = {}
    for pool, record in _pools_with_records(draft):
        given = [*vips_of(pool, record), ("external_vips", AddressSet.union_of(pool.external_vips.values()))]
        for key, one in ((key, one) for key, addresses in given for one in addresses.each()):
            place = _pool_place(pool.name, key)
            if one in hosts:
                message = f"{one} is an address of host {hosts[one]}"
                yield Problem(place, message, "an address that no host holds", "give the pool an address of its own")
            if used.setdefault(one, place) != place:
                yield Problem(
                    place,
                    f"{one} is used twice, also by {used[one]}",
                    "an address for one use",
                    "correct one of the two",
                )


def web_balancer(draft: Draft) -> Iterator[Problem]:
    """Warn about a web VIP that no balancer of the inventory serves."""
    for pool, _record in _pools_with_records(draft):
        if pool.method is Method.DNS and (pool.web_vip or pool.external_web_vip) and not pool.balancers:
            message = "the balancer of the web VIP is not named, so the members do not admit its addresses"
            yield Problem(_pool_place(pool.name, "balancer"), message, fix="name it")


def unused_vip(draft: Draft) -> Iterator[Problem]:
    """Warn about a VIP that DNS load balancing does not use."""
    for pool, _record in _pools_with_records(draft):
        if pool.method is Method.DNS and pool.vip:
            message = "load_balancing is dns: the name of the pool stands for its members, and the VIP is not used"
            yield Problem(_pool_place(pool.name, "vip"), message, fix="remove it")


def no_central_management(draft: Draft) -> Iterator[Problem]:
    """Warn when nobody says where the Central Management Store is."""
    servers = [*draft.hosts_with("frontend"), *draft.hosts_with("standard_edition")]
    if servers and not draft.deployment.has(v.CENTRAL_MANAGEMENT_POOL):
        message = "not set, so the rows of the replication of the configuration open nothing"
        yield Problem(
            "lync_central_management_pool", message, fix="name the pool that holds the Central Management Store"
        )


def _names_of(pool: Pool) -> Iterator[tuple[str, str, str]]:
    """Yield (view, key, name) of each name of a pool."""
    yield "internal", "name of the pool", pool.name
    if pool.web_fqdn:
        yield "internal", "web_fqdn", pool.web_fqdn
    if pool.external_web_fqdn:
        yield "external", "external_web_fqdn", pool.external_web_fqdn
    for service, name in pool.external_fqdns.items():
        if name:
            yield "external", f"external_fqdns.{service}", name


def names_unique(draft: Draft) -> Iterator[Problem]:
    """Refuse a name that two pools have in one view: it can lead to one of them only."""
    holders: dict[tuple[str, str], str] = {}
    for pool in draft.topology.pools.values():
        for view, key, name in _names_of(pool):
            other = holders.setdefault((view, name.lower()), pool.name)
            if other != pool.name:
                yield Problem(
                    f"pool {pool.name}, {key}",
                    f"{shown(name)} is also a name of pool {other}",
                    "a name for one pool in each view",
                    _NAMES_APART,
                )


ERRORS: tuple[Check, ...] = (
    pool_roles, keys_of_role, members_exist, members_agree, roles_balanced, method_fits, sides_of_method, vips_present,
    vips_listened_on, web_vip_present, balancers_known,
    standard_edition_alone, backup_pools, central_management_pool, dns_hosts, vips_unique, names_unique,
)  # fmt: skip
WARNINGS: tuple[Check, ...] = (web_balancer, unused_vip, no_central_management)
