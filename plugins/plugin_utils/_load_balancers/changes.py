# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""want x have -> changes of virtual services, each with what it does to traffic.

Services are matched by name. Whether something of the device is ours is the driver's to know (prefix, tenant, file):
have holds our services only. State merged keeps what is not wanted; replaced and overridden remove it; deleted removes
the wanted names, and everything of ours when there are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum

from .driver import MODIFIES, Impact
from .model import Service


class State(str, Enum):
    """The states of the modules of load balancers."""

    MERGED = "merged"
    REPLACED = "replaced"
    DELETED = "deleted"
    GATHERED = "gathered"
    RENDERED = "rendered"
    PARSED = "parsed"


class Kind(str, Enum):
    """What happens to a service."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True)
class Change:
    """One service that changes; fields are the names of the fields that differ, impact what that does to traffic."""

    kind: Kind
    name: str
    before: Service | None
    after: Service | None
    fields: tuple[str, ...] = ()
    impact: Impact = MODIFIES

    @property
    def members_only(self) -> bool:
        """Return whether nothing but members changes."""
        return self.fields == ("members",)


_ADDS = Impact("adds a virtual; nothing else is touched")
_REMOVES = Impact("removes the virtual: its connections end", recreates=True)


def plan_changes(want: Sequence[Service], have: Sequence[Service], state: State, impacts: Mapping[str, Impact]) -> tuple[Change, ...]:
    """Return the changes in their safe order: additions, changes, removals; each sorted by name."""
    wanted, present = ({service.name: service for service in services} for services in (want, have))
    if state is State.DELETED:
        return tuple(_removal(present[name]) for name in sorted(present) if not wanted or name in wanted)
    added = [Change(Kind.ADD, name, None, wanted[name], impact=_ADDS) for name in sorted(wanted.keys() - present.keys())]
    both = sorted(wanted.keys() & present.keys())
    changed = [_change(present[name], wanted[name], impacts) for name in both if present[name] != wanted[name]]
    stale = sorted(present.keys() - wanted.keys()) if state is State.REPLACED else []
    return (*added, *changed, *(_removal(present[name]) for name in stale))


def _removal(service: Service) -> Change:
    return Change(Kind.REMOVE, service.name, service, None, impact=_REMOVES)


def _change(before: Service, after: Service, impacts: Mapping[str, Impact]) -> Change:
    names = tuple(field.name for field in fields(Service) if getattr(before, field.name) != getattr(after, field.name))
    return Change(Kind.CHANGE, after.name, before, after, names, _worst(impacts.get(name, impacts.get("", MODIFIES)) for name in names))


def _worst(impacts: Iterable[Impact]) -> Impact:
    found = list(impacts)
    words = "; ".join(sorted({impact.words for impact in found}))
    return Impact(words, any(impact.recreates for impact in found))


def applied(have: Sequence[Service], changes: Iterable[Change]) -> tuple[Service, ...]:
    """Return what is there after the changes, sorted by name."""
    after = {service.name: service for service in have}
    for change in changes:
        after.pop(change.name, None)
        if change.after is not None:
            after[change.name] = change.after
    return tuple(after[name] for name in sorted(after))
