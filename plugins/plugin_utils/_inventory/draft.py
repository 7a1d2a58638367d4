# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A topology on the way to be checked: what was built, and what the user had written for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .._base.errors import Problem
from .._catalogue.vocabulary import ROLES
from .fields import Record
from .model import Host, InventoryHost, MemberState, Pool, Topology
from .variables import POOLS


@dataclass(frozen=True)
class RoleGroups:
    """Which groups stand for which roles: the plain names, except where lync_groups names another."""

    renamed: Mapping[str, str]

    def group_of(self, role: str) -> str:
        """Return the name of the group that stands for a role."""
        return self.renamed.get(role, role)

    def roles_of(self, groups: tuple[str, ...]) -> frozenset[str]:
        """Return the roles of a host in these groups."""
        return frozenset(role for role in ROLES if self.group_of(role) in groups)

    def role_named(self, text: str) -> str | None:
        """Return the role that a text means: a role, or the group that stands for one; None for any other text."""
        return text if text in ROLES else next((role for role, group in self.renamed.items() if group == text), None)


@dataclass(frozen=True)
class Draft:
    """A topology that may hold faults, with the records that it was built of.

    host_records hold the variables of every host of the inventory, with a role or not. A check that follows from
    a value which could not be read would say a thing twice: it asks the record first whether the value is good.
    """

    inventory: Mapping[str, InventoryHost]
    groups: RoleGroups
    deployment: Record
    topology: Topology
    host_records: Mapping[str, Record]
    pool_records: Mapping[str, Record]

    @property
    def pools_readable(self) -> bool:
        """Return whether lync_pools could be read, so that a pool which is not there is one that nobody wrote."""
        return bool(self.pool_records) or self.deployment.good(POOLS)

    def members(self, pool: Pool) -> list[Host]:
        """Return the members of a pool that are not retired."""
        found = [self.topology.hosts[name] for name in pool.members]
        return [host for host in found if host.member_state is not MemberState.RETIRED]

    def hosts_with(self, role: str) -> Iterator[Host]:
        """Yield the hosts that play a role."""
        return (host for host in self.topology.hosts.values() if role in host.roles)


Check = Callable[[Draft], Iterator[Problem]]
