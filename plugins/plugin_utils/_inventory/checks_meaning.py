# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of input that means less than it seems: groups that are nearly roles, variables and features that nothing
reads where they are set, and a version that nobody wrote.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._base.errors import Problem, hosts_text, one_of, shown, slips
from .._catalogue.model import ROLES
from . import variables as v
from .build import Check, Draft
from .meaning import FEATURE_VERSIONS, MEANINGS, PRODUCT_ROLES, VERSIONED_ROLES, Loss
from .model import Host, MemberState

# Of a short name, two letters are half of it.
_SHORT_NAME = 6


def _strays(draft: Draft) -> list[str]:
    """Return the hosts without a role that do not say that they leave."""
    return [
        name
        for name in draft.inventory
        if name not in draft.topology.hosts
        and name not in draft.leaving
        and draft.host_records[name][v.MEMBER_STATE] is not MemberState.RETIRED
    ]


def misspelt_groups(draft: Draft) -> Iterator[Problem]:
    """Refuse a group that is nearly the group of a role and has a host that plays none."""
    existing = {group for host in draft.inventory.values() for group in host.groups}
    # Of what lync_groups names and nobody is in, another check speaks; of hosts that name a pool as well.
    groups = [
        draft.groups.group_of(role)
        for role in ROLES
        if draft.groups.group_of(role) in existing or role not in draft.groups.renamed
    ]
    own = {"all", "ungrouped", *draft.deployment[v.LOCAL_GROUPS]}
    holders: dict[str, list[str]] = {}
    for name in (name for name in _strays(draft) if not draft.host_records[name].has(v.POOL)):
        for group in draft.inventory[name].groups:
            if group not in own:
                holders.setdefault(group, []).append(name)
    for group, hosts in holders.items():
        near = next((role_group for role_group in groups if _is_nearly(group, role_group)), "")
        if near:
            message = f"group {shown(group)} is no group of a role, so that the plan has nothing for its hosts"
            fix = f"did you mean {near}? Otherwise list {group} in {v.LOCAL_GROUPS.name}"
            yield Problem(hosts_text(hosts), message, one_of(groups), fix)


def _is_nearly(name: str, right: str) -> bool:
    """Return whether a name is another in the singular or plural, with hyphens, or with up to two slips of a key."""
    plain, wanted = (text.lower().replace("-", "_").replace(" ", "_") for text in (name, right))
    if _singular(plain) == _singular(wanted) or plain.replace("_", "") == wanted.replace("_", ""):
        return True
    return slips(plain, wanted) <= (2 if len(wanted) >= _SHORT_NAME else 1)


def _singular(name: str) -> str:
    return f"{name.removesuffix('ies')}y" if name.endswith("ies") else name.removesuffix("s")


def variables_without_role(draft: Draft) -> Iterator[Problem]:
    """Refuse variables of roles on hosts without one; what all hosts have, or share with a host of the role, is no
    sign that somebody meant these.
    """
    shared = _shared_values(draft)
    for name in _strays(draft):
        given = draft.inventory[name].variables
        found = sorted(key for key in MEANINGS.keys() & given.keys() if given[key] is not None and key != v.POOL.name)
        found = [key for key in found if (key, id(given[key])) not in shared and not _is_everywhere(draft, key)]
        if found:
            message = f"the host is in no group of a role, and nothing reads {', '.join(found)}"
            groups = one_of(draft.groups.group_of(role) for role in ROLES)
            fix = "put the host into the group of its role, or remove the variables; lync_retire takes it out of use"
            yield Problem(f"host {name}", message, groups, fix)


def _shared_values(draft: Draft) -> frozenset[tuple[str, int]]:
    """Return (variable, identity) of the values that hosts with a role have; True and small numbers are one object
    wherever they stand, so they say nothing.
    """
    values = (
        (key, host.variables[key])
        for name, host in draft.inventory.items()
        if name in draft.topology.hosts
        for key in MEANINGS.keys() & host.variables.keys()
    )
    return frozenset((key, id(value)) for key, value in values if not isinstance(value, (bool, int)))


def _is_everywhere(draft: Draft, name: str) -> bool:
    return all(name in host.variables for host in draft.inventory.values())


def _misplaced(draft: Draft, loss: Loss) -> Iterator[Problem]:
    """Yield the variables that mean nothing on any host with a role that has the value."""
    for name, meaning in MEANINGS.items():
        if meaning.loss is not loss:
            continue
        holders: dict[str, list[Host]] = {}
        for host in draft.topology.hosts.values():
            value = draft.inventory[host.name].variables.get(name)
            if value is not None and name not in draft.host_records[host.name].bad:
                holders.setdefault(repr(value), []).append(host)
        for hosts in holders.values():
            if not any(meaning.holds_for(host) for host in hosts):
                place = f"{hosts_text(host.name for host in hosts)}, {name}"
                yield Problem(place, "it means nothing on this kind of host", meaning.text, "remove it, or correct it")


def misplaced_variables(draft: Draft) -> Iterator[Problem]:
    """Refuse a variable that nothing reads on any host that it is set for."""
    return _misplaced(draft, Loss.ERROR)


def useless_variables(draft: Draft) -> Iterator[Problem]:
    """Warn about a variable that nothing reads on any host that it is set for, where that does little harm."""
    return _misplaced(draft, Loss.WARNING)


def features_of_versions(draft: Draft) -> Iterator[Problem]:
    """Refuse a feature that no version of the servers has which have it on."""
    for feature, versions in FEATURE_VERSIONS.items():
        hosts = [host for host in _servers(draft) if feature in host.features]
        if hosts and not any(host.version in versions for host in hosts):
            found = ", ".join(sorted({host.version.value for host in hosts}))
            message = f"version {found} has no {feature}, so that it opens nothing"
            allowed = f"versions {', '.join(version.value for version in versions)}"
            place = f"{hosts_text(host.name for host in hosts)}, {v.FEATURES_ON.name}"
            yield Problem(place, message, allowed, f"remove {feature}, or correct the version")


def _servers(draft: Draft) -> Iterator[Host]:
    for host in draft.topology.hosts.values():
        if host.roles & PRODUCT_ROLES and draft.host_records[host.name].good(v.VERSION, v.FEATURES_ON):
            yield host


def versions_present(draft: Draft) -> Iterator[Problem]:
    """Refuse servers whose version nobody wrote, in one problem for all of them."""
    without = [host.name for host in draft.topology.hosts.values() if _lacks_version(draft, host)]
    if without:
        place = f"{hosts_text(without)}, {v.VERSION.name}"
        message = "the version of the product is not set"
        yield Problem(place, message, ", ".join(v.VERSIONS), "set lync_version for group all")


def _lacks_version(draft: Draft, host: Host) -> bool:
    needs = host.roles & PRODUCT_ROLES or (host.managed and host.roles & VERSIONED_ROLES)
    leaves = host.member_state is MemberState.RETIRED
    return bool(needs) and not leaves and not draft.host_records[host.name].has(v.VERSION)


def push_without_federation(draft: Draft) -> Iterator[Problem]:
    """Warn about mobility whose notifications have no way out: phones are told by a federated service of Microsoft."""
    mobile = [host.name for host in _servers(draft) if "mobility" in host.features]
    if mobile and not any("federation" in host.features for host in draft.hosts_with("edge")):
        message = "mobility is on and federation is not, so that push notifications stay off"
        yield Problem(f"{hosts_text(mobile)}, {v.FEATURES_ON.name}", message, fix="add federation, or expect no push")


_OUTSIDE = ("federation", "public_im", "legacy_federation", "xmpp")


def outside_without_edge(draft: Draft) -> Iterator[Problem]:
    """Warn about partners that nothing leads to, because there is no Edge Server."""
    found = sorted({feature for host in _servers(draft) for feature in host.features & set(_OUTSIDE)})
    if found and not any(draft.hosts_with("edge")):
        yield Problem(v.FEATURES_ON.name, f"there is no Edge Server, so that {', '.join(found)} opens nothing")


ERRORS: tuple[Check, ...] = (
    misspelt_groups, variables_without_role, misplaced_variables, versions_present, features_of_versions,
)  # fmt: skip
WARNINGS: tuple[Check, ...] = (
    useless_variables, push_without_federation, outside_without_edge,
)  # fmt: skip
