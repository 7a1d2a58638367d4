# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of hosts: names, roles, pools they name, addresses, networks, versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from .._base.addresses import AddressSet
from .._base.errors import Problem, hosts_text, name_correction, names_text, nearest, one_of, shown
from .._catalogue.model import DEFAULT_MEDIA_PORTS, POOLED_ROLES, ROLES, Version
from . import variables as v
from .build import Check, Draft, ansible_address, pool_roles_of
from .model import Host, Platform

# Names of hosts are names of plan files.
# They also stand in scripts that are handed out.
_HOST_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\Z|[0-9a-fA-F:][0-9a-fA-F:.]*\Z")
_ALONE = ("frontend", "standard_edition", "directors", "edge")  # servers that share no machine with each other
_WITH_MEDIATION = ("frontend", "standard_edition")
# The versions that have a role, where not all have it.
VERSIONS_OF_ROLE: Mapping[str, tuple[Version, ...]] = {
    **dict.fromkeys(("av_conferencing", "monitoring", "archiving"), (Version.LYNC_2010,)),
    "persistent_chat": (Version.LYNC_2010, Version.LYNC_2013, Version.SFB_2015),
    "video_interop": (Version.SFB_2015, Version.SFB_2019, Version.SFB_SE),
}
# In these roles a host is a peer or a device: no rule of its own needs to know the clients.
_NEEDS_NO_CLIENTS = frozenset(role for role, managed in ROLES.items() if not managed) | {"load_balancers"}
# Ranges of one server; the client's range is on other machines.
_OF_SERVERS = ("audio", "video", "application_sharing")
# A Mediation Server has audio and nothing else.
_ONE_KIND_OF_MEDIA = frozenset(("mediation",))
_RANGES_APART = "give each kind of media a range of its own, so that its packets can be marked"


def _host_place(host: Host, variable: str = "") -> str:
    return f"host {host.name}" + (f", {variable}" if variable else "")


def host_names(draft: Draft) -> Iterator[Problem]:
    """Refuse names of hosts that cannot be names of files."""
    for host in draft.topology.hosts.values():
        if not _HOST_NAME.match(host.name):
            message = f"{shown(host.name)} cannot be the name of a plan file"
            yield Problem(
                _host_place(host), message, "letters, digits, dots, hyphens, underscores, no dot in front", "rename it"
            )


def renamed_groups(draft: Draft) -> Iterator[Problem]:
    """Refuse a group in lync_groups that no host is in."""
    if not draft.groups.renamed:
        return
    existing = {group for host in draft.inventory.values() for group in host.groups}
    for role, group in draft.groups.renamed.items():
        if group and group not in existing:
            fix = name_correction(group, existing, "write the name of a group that has hosts")
            yield Problem(f"lync_groups.{role}", f"no host is in a group {shown(group)}", names_text(existing), fix)


def groups_of_classes(draft: Draft) -> Iterator[Problem]:
    """Refuse a group in lync_classes that no host is in."""
    if not draft.groups.classes:
        return
    existing = {group for host in draft.inventory.values() for group in host.groups}
    for name, groups in draft.groups.classes.items():
        for group in (group for group in groups if group not in existing):
            fix = name_correction(group, existing, "write the name of a group that has hosts")
            yield Problem(f"lync_classes.{name}", f"no host is in a group {shown(group)}", names_text(existing), fix)


def prefixed_groups(draft: Draft) -> Iterator[Problem]:
    """Refuse a lync_group_prefix with which no host is in the group of any role."""
    prefix = draft.groups.prefix
    existing = {group for host in draft.inventory.values() for group in host.groups}
    wanted = {draft.groups.group_of(role) for role in ROLES if role not in draft.groups.renamed}
    if prefix and not existing & wanted:
        message = f"no host is in a group of a role whose name begins with {shown(prefix)}"
        fix = name_correction(f"{prefix}frontend", existing, "write what the groups of the roles begin with")
        yield Problem("lync_group_prefix", message, one_of(wanted), fix)


def role_combinations(draft: Draft) -> Iterator[Problem]:
    """Refuse roles that cannot share a server."""
    for host in draft.topology.hosts.values():
        alone = [role for role in _ALONE if role in host.roles]
        if "mediation" in host.roles and not host.roles & set(_WITH_MEDIATION):
            alone += ["mediation"] if alone else []
        if len(alone) > 1:
            message = f"roles {' and '.join(alone)} cannot share a server"
            yield Problem(
                _host_place(host),
                message,
                "one role of a server, or mediation beside frontend or standard_edition",
                "take the host out of a group",
            )


def pools_without_role(draft: Draft) -> Iterator[Problem]:
    """Refuse a host that names a pool and is in no group of a role."""
    groups = [draft.groups.group_of(role) for role in ROLES]
    for name, host in draft.inventory.items():
        record = draft.host_records[name]
        if name in draft.topology.hosts or not record[v.POOL]:
            continue
        near = next(filter(None, (nearest(group, groups) for group in host.groups)), "")
        fix = f"put the host into group {near}" if near else "put the host into the group of its role"
        yield Problem(
            f"host {name}, lync_pool",
            f"the host names pool {record[v.POOL]} and is in no group of a role",
            one_of(groups),
            fix,
        )


def pool_membership(draft: Draft) -> Iterator[Problem]:
    """Refuse a pooled role without a pool, a pool that does not exist, and a pool of another role."""
    unknown: dict[str, list[str]] = {}
    for host in draft.topology.hosts.values():
        if not host.pool:
            yield from _without_pool(draft, host)
        elif host.pool not in draft.pool_records and draft.pools_readable:
            unknown.setdefault(host.pool, []).append(host.name)
        else:
            yield from _pool_of_other_role(draft, host)
    for pool, hosts in unknown.items():
        fix = name_correction(pool, draft.pool_records, "add the pool to lync_pools")
        yield Problem(f"{hosts_text(hosts)}, lync_pool", f"there is no pool {shown(pool)}", _pools_text(draft), fix)


def _without_pool(draft: Draft, host: Host) -> Iterator[Problem]:
    if not draft.host_records[host.name].good(v.POOL):
        return
    for role in POOLED_ROLES:
        if role in pool_roles_of(host):
            yield Problem(
                _host_place(host, "lync_pool"),
                f"a host of role {role} needs a pool",
                _pools_text(draft),
                "set lync_pool",
            )


def _pools_text(draft: Draft) -> str:
    return names_text(draft.pool_records) or "none, lync_pools is empty"


def _pool_of_other_role(draft: Draft, host: Host) -> Iterator[Problem]:
    pool = draft.topology.pools.get(host.pool or "")
    if pool is None:
        return
    if pool.role not in pool_roles_of(host):
        message = f"pool {pool.name} has role {pool.role}, the host has {one_of(pool_roles_of(host))}"
        fix = f"name a pool of the host's role, or put the host into group {draft.groups.group_of(pool.role)}"
        yield Problem(_host_place(host, "lync_pool"), message, fix=fix)


def addresses_present(draft: Draft) -> Iterator[Problem]:
    """Refuse a host without an address; a name is never resolved."""
    for host in draft.topology.hosts.values():
        if host.addresses or not draft.host_records[host.name].good(v.ADDRESS, v.INTERNAL_ADDRESS):
            continue
        variable = "lync_internal_address" if "edge" in host.roles else "lync_address"
        given = draft.inventory[host.name].variables.get("ansible_host")
        if given is None:
            message, fix = (
                "the Edge Server has no internal address" if "edge" in host.roles else "the host has no address",
                f"set {variable} or ansible_host",
            )
        else:
            message, fix = (
                f"ansible_host is {shown(given)}, not an address, and {variable} is not set",
                f"set {variable}; names are not resolved",
            )
        yield Problem(_host_place(host, variable), message, "IPv4 or IPv6 addresses", fix)


def addresses_unique(draft: Draft) -> Iterator[Problem]:
    """Refuse an address that two hosts hold; load balancers may share floating ones with each other only."""
    owners: dict[str, Host] = {}
    for host in draft.topology.hosts.values():
        for one in addresses_of(host).each():
            owner = owners.setdefault(one, host)
            if owner is not host:
                message = f"{one} is also an address of host {owner.name}"
                yield Problem(_host_place(host), message, "an address of its own", "correct one of the two")
    for host in draft.hosts_with("load_balancers"):
        for one in host.balancer_addresses.each():
            owner = owners.get(one, host)
            if owner is not host and "load_balancers" not in owner.roles:
                message = f"{one} is an address of host {owner.name}"
                yield Problem(
                    _host_place(host, "lync_balancer_addresses"),
                    message,
                    "addresses of the balancer",
                    "correct one of the two",
                )


def addresses_of(host: Host) -> AddressSet:
    """Return every address that a host holds itself."""
    external = host.external_addresses.values()
    return AddressSet.union_of(
        [host.addresses, host.internal_address, host.external_address, host.pstn_address, *external]
    )


def client_networks_present(draft: Draft) -> Iterator[Problem]:
    """Refuse servers that do not know their clients, in one problem for all of them."""
    without = [host.name for host in draft.topology.hosts.values() if _lacks_clients(draft, host)]
    if without:
        place = f"{hosts_text(without)}, lync_client_networks"
        allowed = "addresses, networks, ranges, or [any]"
        yield Problem(
            place, "the networks of the clients are not set", allowed, "set lync_client_networks for group all"
        )


def _lacks_clients(draft: Draft, host: Host) -> bool:
    if host.client_networks or not draft.host_records[host.name].good(v.CLIENT_NETWORKS):
        return False
    return bool(host.roles - _NEEDS_NO_CLIENTS) and host.is_alive


def roles_of_version(draft: Draft) -> Iterator[Problem]:
    """Refuse roles that the host's version does not have."""
    for host in draft.topology.hosts.values():
        if not draft.host_records[host.name].good(v.VERSION):
            continue
        for role in sorted(host.roles & VERSIONS_OF_ROLE.keys()):
            if host.version not in VERSIONS_OF_ROLE[role]:
                allowed = ", ".join(version.value for version in VERSIONS_OF_ROLE[role])
                message = f"version {host.version.value} has no role {role}"
                fix = f"take the host out of group {draft.groups.group_of(role)}, or correct its version"
                yield Problem(_host_place(host, "lync_version"), message, allowed, fix)


def gateway_pools(draft: Draft) -> Iterator[Problem]:
    """Refuse pools in lync_gateway_pools that do not exist."""
    known = pool_names(draft)
    for host in draft.topology.hosts.values():
        for name in host.serves_pools:
            if name not in known:
                fix = name_correction(name, known, "add the pool to lync_pools")
                yield Problem(
                    _host_place(host, "lync_gateway_pools"), f"there is no pool {shown(name)}", names_text(known), fix
                )


def management_networks_present(draft: Draft) -> Iterator[Problem]:
    """Refuse rules of management that would admit nobody, in one problem for all of them."""
    asking = [host.name for host in draft.topology.hosts.values() if host.management_ports]
    if asking and not draft.topology.management_networks and draft.deployment.good(v.MANAGEMENT_NETWORKS):
        message = "there is nobody to be admitted: lync_management_networks is not set"
        yield Problem(
            f"{hosts_text(asking)}, lync_management_rule", message, fix="set lync_management_networks for group all"
        )


def pool_names(draft: Draft) -> frozenset[str]:
    """Return what counts as the name of a pool: keys of lync_pools, and Standard Edition servers by inventory name."""
    return frozenset([*draft.pool_records, *(host.name for host in draft.hosts_with("standard_edition"))])


def lone_balancer_address(draft: Draft) -> Iterator[Problem]:
    """Warn about an appliance whose only address is the one that Ansible connects to."""
    for host in draft.hosts_with("load_balancers"):
        connected = ansible_address(draft.inventory[host.name])
        if host.platform is Platform.APPLIANCE and connected and host.balancer_addresses == connected:
            message = (
                f"the only source address is {connected.to_text()[0]}, which ansible_host manages the appliance by"
            )
            yield Problem(
                _host_place(host, "lync_balancer_addresses"),
                message,
                fix="list every address that connections and monitors come from",
            )


def group_chat(draft: Draft) -> Iterator[Problem]:
    """Warn about Persistent Chat in 2010, which the port tables do not cover."""
    for host in draft.hosts_with("persistent_chat"):
        if host.version is Version.LYNC_2010:
            message = "2010 has Group Chat, for which the catalogue has no rows"
            yield Problem(_host_place(host, "lync_version"), message, fix="add its ports with lync_extra_rows")


def unused_address(draft: Draft) -> Iterator[Problem]:
    """Warn about lync_address on a host whose lync_internal_address is used in its place."""
    for host in draft.topology.hosts.values():
        given = draft.host_records[host.name][v.ADDRESS]
        if given and given != host.addresses:
            message = f"{', '.join(given.to_text())} is not used beside lync_internal_address"
            yield Problem(_host_place(host, "lync_address"), message, fix="leave it out, or make the two equal")


def media_ranges_apart(draft: Draft) -> Iterator[Problem]:
    """Warn about ranges that overlap, except two that both are the documented defaults; once per distinct setting, and
    for hosts that have the kinds of media.
    """
    holders: dict[tuple[str, ...], list[str]] = {}
    for host in draft.topology.hosts.values():
        if host.media_ports is not DEFAULT_MEDIA_PORTS:
            holders.setdefault(tuple(_overlapping_ranges(host)), []).append(host.name)
    for messages, hosts in holders.items():
        for message in messages:
            yield Problem(f"{hosts_text(hosts)}, lync_media_ports", message, fix=_RANGES_APART)


def _overlapping_ranges(host: Host) -> Iterator[str]:
    ranges = host.media_ports
    kinds = () if host.roles <= _ONE_KIND_OF_MEDIA else _OF_SERVERS
    for one, other in combinations(kinds, 2):
        documented = all(ranges[name] == DEFAULT_MEDIA_PORTS[name] for name in (one, other))
        if not documented and ranges[one] & ranges[other]:
            first, second = (f"{name} {', '.join(ranges[name].to_text())}" for name in (one, other))
            yield f"{first} and {second} overlap"


ERRORS: tuple[Check, ...] = (
    host_names, renamed_groups, groups_of_classes, prefixed_groups, role_combinations, pools_without_role,
    pool_membership,
    addresses_present, addresses_unique,
    client_networks_present, roles_of_version, gateway_pools, management_networks_present,
)  # fmt: skip
WARNINGS: tuple[Check, ...] = (lone_balancer_address, group_chat, unused_address, media_ranges_apart)
