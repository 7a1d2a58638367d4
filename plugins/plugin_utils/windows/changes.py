# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to change on a host so that it has the wanted rules: a plan of changes, in order.

    plan_changes(want, have, State.REPLACED, Phase.ALL)
    -> Changes(now=(Change(kind=Kind.ADD, name="SIP", ...), ...), later=())

Rules are matched by name within the owned group. Rules outside the group are foreign: they are looked at to say
what a change really does, and never written. Phases let a deployment open everywhere before it closes anywhere:
what OPEN does never ends an admission, and CLOSE does the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from .admission import Movement, movement
from .options import OWNED_GROUP
from .rule import Rule, differing

LOCAL, GROUP_POLICY = "local", "group_policy"


class State(str, Enum):
    """What the list of rules means for the owned group."""

    MERGED = "merged"
    REPLACED = "replaced"
    DELETED = "deleted"
    GATHERED = "gathered"


class Phase(str, Enum):
    """Which part of the changes is made now."""

    ALL = "all"
    OPEN = "open"
    CLOSE = "close"


class Kind(str, Enum):
    """What happens to a rule."""

    ADD = "add"
    CHANGE = "change"
    DISABLE = "disable"
    REMOVE = "remove"


@dataclass(frozen=True)
class Present:
    """A rule that is on the host: its value, and its COM properties as gathered, by which the host finds it again.

    store: "local", or "group_policy" for a rule that is read from there and never written.
    """

    rule: Rule
    com: Mapping[str, object]
    store: str = LOCAL


@dataclass(frozen=True)
class Change:
    """One change of one rule; before is None for an addition, after is None for a removal.

    reason: why, in words. moves: what it does to admission. effect: the same in words, seen beside the other rules
    of the host; changes_admission is False where another rule admits the same anyway.
    """

    kind: Kind
    name: str
    reason: str
    before: Present | None
    after: Rule | None
    effect: str = ""
    changes_admission: bool = False

    @property
    def moves(self) -> Movement:
        """Return what the change does to admission, looked at alone."""
        return movement(None if self.before is None else self.before.rule, self.after)

    @property
    def properties(self) -> tuple[str, ...]:
        """Return the names of the properties that differ; none for an addition or a removal."""
        return differing(self.before.rule, self.after) if self.before is not None and self.after is not None else ()


@dataclass(frozen=True)
class Changes:
    """The changes of one phase in the order in which to make them, and those that are left for another phase."""

    now: tuple[Change, ...] = ()
    later: tuple[Change, ...] = ()


def plan_changes(
    want: Sequence[Rule], have: Sequence[Present], state: State = State.REPLACED, phase: Phase = Phase.ALL, group: str = OWNED_GROUP
) -> Changes:
    """Return the changes that make the owned group of have what state says about want.

    DELETED looks at the names of want only, and removes the whole group when there is none. GATHERED changes nothing.
    The result depends on nothing else, and is empty when it is computed again after it was applied.
    """
    own: dict[str, list[Present]] = {}
    for present in have:
        if present.rule.group == group and present.store == LOCAL:
            own.setdefault(present.rule.name, []).append(present)
    changes = sorted(_PLANNERS[state](want, own), key=_order)
    return _PHASES[phase](changes)


def applied(have: Sequence[Present], changes: Iterable[Change]) -> tuple[Present, ...]:
    """Return what the host has after the changes; rules that the changes make have no COM properties."""
    left = list(have)
    for change in changes:
        at = next((index for index, present in enumerate(left) if present is change.before), len(left))
        left[at : at + 1] = [] if change.after is None else [Present(change.after, {})]
    return tuple(left)


def _merged(want: Sequence[Rule], own: Mapping[str, list[Present]]) -> list[Change]:
    return [change for rule in want for change in _one_name(rule, own.get(rule.name, []))]


def _replaced(want: Sequence[Rule], own: Mapping[str, list[Present]]) -> list[Change]:
    wanted = {rule.name for rule in want}
    unwanted = (present for name, presents in own.items() if name not in wanted for present in presents)
    return _merged(want, own) + [_removal(present, "it is not wanted") for present in unwanted]


def _deleted(want: Sequence[Rule], own: Mapping[str, list[Present]]) -> list[Change]:
    names = {rule.name for rule in want} or set(own)
    return [_removal(present, "it is to be deleted") for name in names for present in own.get(name, [])]


_PLANNERS = {State.MERGED: _merged, State.REPLACED: _replaced, State.DELETED: _deleted, State.GATHERED: lambda want, own: []}


def _one_name(rule: Rule, matches: Sequence[Present]) -> list[Change]:
    """Return the changes that leave exactly one rule of this name, and that one as wanted."""
    if not matches:
        return [Change(Kind.ADD, rule.name, "it is missing", None, rule)]
    kept = min(matches, key=lambda present: len(differing(present.rule, rule)))
    changes = [_removal(present, "another rule has its name and group") for present in matches if present is not kept]
    properties = differing(kept.rule, rule)
    if properties:
        kind = Kind.DISABLE if properties == ("enabled",) and not rule.enabled else Kind.CHANGE
        changes.append(Change(kind, rule.name, f"different: {', '.join(properties)}", kept, rule))
    return changes


def _removal(present: Present, reason: str) -> Change:
    return Change(Kind.REMOVE, present.rule.name, reason, present, None)


_KIND_ORDER = {Kind.ADD: 0, Kind.CHANGE: 1, Kind.DISABLE: 2, Kind.REMOVE: 3}


def _order(change: Change) -> tuple[bool, int, str]:
    """Return the sort key: what only closes comes last, and within that additions, changes, disables, removals."""
    return (_only_closes(change), _KIND_ORDER[change.kind], change.name)


def _only_closes(change: Change) -> bool:
    moves = change.moves
    return not moves.opens and (moves.closes or change.kind is Kind.REMOVE)


def _all(changes: Sequence[Change]) -> Changes:
    return Changes(now=tuple(changes))


def _open(changes: Sequence[Change]) -> Changes:
    """Do what closes nothing. An allow rule that moves gets its new content as a second rule beside the old one."""
    now: list[Change] = []
    later: list[Change] = []
    for change in changes:
        if not change.moves.closes and not _only_closes(change):
            now.append(change)
        elif change.before is not None and change.after is not None and _moves_allow(change):
            now.append(Change(Kind.ADD, change.name, f"{change.reason}; the old rule stays until phase close", None, change.after))
            later.append(_removal(change.before, "a rule with the new content has taken its place"))
        else:
            later.append(change)
    return Changes(tuple(sorted(now, key=_order)), tuple(sorted(later, key=_order)))


def _close(changes: Sequence[Change]) -> Changes:
    """Do what phase open leaves; a rule that moves and has no second one yet is changed in place."""
    closing = [change.moves.closes or _only_closes(change) for change in changes]
    now = tuple(change for change, closes in zip(changes, closing, strict=True) if closes)
    return Changes(now, tuple(change for change, closes in zip(changes, closing, strict=True) if not closes))


def _moves_allow(change: Change) -> bool:
    moves = change.moves
    return moves.opens and moves.closes and change.after is not None and change.after.admits


_PHASES = {Phase.ALL: _all, Phase.OPEN: _open, Phase.CLOSE: _close}
