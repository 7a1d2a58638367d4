# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to change on a host so that it has the wanted rules: a plan of changes, in order.

    plan_changes(want, have, State.REPLACED, Phase.ALL)
    -> Changes(now=(Change(kind=Kind.ADD, name="SIP", ...), ...), later=())

Rules are matched by name within the owned group; long ones are kept in parts (split.py). Rules outside the group are
foreign: they are looked at to say what a change really does, and never written, but for the disables of OVERRIDDEN
(override.py). Phases let a deployment open everywhere before it closes anywhere:
what OPEN does never ends an admission, and CLOSE does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from .match import Movement, movement, overlaps, uncovered
from .options import OWNED_GROUP
from .override import admitting_more
from .rule import Rule, differing
from .rule_index import PortIndex
from .rule_split import base_name, split

LOCAL, GROUP_POLICY = "local", "group_policy"


class State(str, Enum):
    """What the list of rules means for the owned group."""

    MERGED = "merged"
    REPLACED = "replaced"
    OVERRIDDEN = "overridden"
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
    want: Sequence[Rule],
    have: Sequence[Present],
    state: State = State.REPLACED,
    phase: Phase = Phase.ALL,
    group: str = OWNED_GROUP,
    unprotected: frozenset[str] = frozenset(),
) -> Changes:
    """Return the changes that make the owned group of have what state says about want.

    DELETED looks at the names of want only, and removes the whole group when there is none. GATHERED changes nothing.
    unprotected: names of foreign rules that OVERRIDDEN may disable although they are protected.
    The result depends on nothing else, and is empty when it is computed again after it was applied.
    """
    local = [present for present in have if present.store == LOCAL]
    own = _Own.of([present for present in local if present.rule.group == group])
    changes = _PLANNERS[state](want, own)
    if state is State.OVERRIDDEN:
        changes += _disables(want, [present for present in local if present.rule.group != group], unprotected)
    return _PHASES[phase](sorted(changes, key=_order))


def applied(have: Sequence[Present], changes: Iterable[Change]) -> tuple[Present, ...]:
    """Return what the host has after the changes; rules that the changes make have no COM properties."""
    found: list[Present | None] = list(have)
    places = {id(present): place for place, present in enumerate(have)}
    for change in changes:
        after = None if change.after is None else Present(change.after, {})
        if id(change.before) in places:
            found[places[id(change.before)]] = after
        else:
            found.append(after)
    return tuple(present for present in found if present is not None)


@dataclass(frozen=True)
class _Own:
    """The rules of the owned group by name; those that are named like parts also by the name of their whole."""

    by_name: Mapping[str, list[Present]]
    parts: Mapping[str, list[Present]]

    @classmethod
    def of(cls, presents: Iterable[Present]) -> _Own:
        """Return the rules found by name."""
        by_name: dict[str, list[Present]] = {}
        parts: dict[str, list[Present]] = {}
        for present in presents:
            name = present.rule.name
            by_name.setdefault(name, []).append(present)
            if base_name(name) != name:
                parts.setdefault(base_name(name), []).append(present)
        return cls(by_name, parts)

    def named(self, name: str) -> list[Present]:
        """Return the rules of a name, and the parts of a rule of that name."""
        return [*self.by_name.get(name, []), *self.parts.get(name, [])]

    def all(self) -> list[Present]:
        """Return every rule once."""
        return [present for presents in self.by_name.values() for present in presents]


def _merged(want: Sequence[Rule], own: _Own) -> list[Change]:
    return [change for rule in want for change in _one_rule(rule, own.named(rule.name))]


def _replaced(want: Sequence[Rule], own: _Own) -> list[Change]:
    wanted = {id(present) for rule in want for present in own.named(rule.name)}
    return _merged(want, own) + [_removal(present, "it is not wanted") for present in own.all() if id(present) not in wanted]


def _deleted(want: Sequence[Rule], own: _Own) -> list[Change]:
    found = [present for rule in want for present in own.named(rule.name)] if want else own.all()
    return [_removal(present, "it is to be deleted") for present in found]


def _disables(want: Sequence[Rule], foreign: Sequence[Present], unprotected: frozenset[str]) -> list[Change]:
    """Return the changes that disable foreign rules which admit more than the list on its ports."""
    reasons = admitting_more(want, [present.rule for present in foreign], unprotected)
    return [
        Change(Kind.DISABLE, present.rule.name, reason, present, replace(present.rule, enabled=False))
        for present, reason in zip(foreign, reasons, strict=True)
        if reason
    ]


_PLANNERS: Mapping[State, Callable[[Sequence[Rule], _Own], list[Change]]] = {
    State.MERGED: _merged,
    State.REPLACED: _replaced,
    State.OVERRIDDEN: _replaced,
    State.DELETED: _deleted,
    State.GATHERED: lambda want, own: [],
}


def _one_rule(rule: Rule, presents: Sequence[Present]) -> list[Change]:
    """Return the changes that leave one rule, or the parts of one that is too long, and nothing else of these."""
    parts = split(rule, [present.rule for present in presents])
    by_name: dict[str, list[Present]] = {part.name: [] for part in parts}
    changes = []
    for present in presents:
        if present.rule.name in by_name:
            by_name[present.rule.name].append(present)
        else:
            changes.append(_removal(present, f"rule {rule.name} is kept in other rules"))
    return changes + [change for part in parts for change in _one_name(part, by_name[part.name])]


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
    """Do all. Of rules that move, one whose traffic another takes over changes after that other one."""
    moving = [change for change in changes if _moves_allow(change)]
    if len(moving) < 2:
        return Changes(now=tuple(changes))
    ordered, doubled = _relayed(moving)
    added = [_beside(change, "the old rule goes when all others are in place") for change in doubled]
    removed = [_removal(change.before, "a rule with the new content has taken its place") for change in doubled if change.before is not None]
    moved = {id(change) for change in moving}
    rest = [change for change in changes if id(change) not in moved]
    opening = sorted([*(change for change in rest if not _only_closes(change)), *added], key=_order)
    closing = sorted([*(change for change in rest if _only_closes(change)), *removed], key=_order)
    return Changes(now=(*opening, *ordered, *closing))


def _relayed(moving: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Return changes in an order in which none ends what a later one takes over, and those for which there is no such order."""
    places = {id(change.after): place for place, change in enumerate(moving)}
    index = PortIndex([change.after for change in moving if change.after is not None])
    heirs_of = [{places[id(rule)] for part in _given_up(change) for rule in index.touching(part) if overlaps(rule, part)} for change in moving]
    waiting_for: list[list[int]] = [[] for _change in moving]
    for place, heirs in enumerate(heirs_of):
        for heir in heirs:
            waiting_for[heir].append(place)
    ready = [place for place, heirs in enumerate(heirs_of) if not heirs]
    for done in ready:
        for place in waiting_for[done]:
            heirs_of[place].discard(done)
            if not heirs_of[place]:
                ready.append(place)
    return [moving[place] for place in ready], [change for change, heirs in zip(moving, heirs_of, strict=True) if heirs]


def _given_up(change: Change) -> tuple[Rule, ...]:
    """Return what a change of a rule that allows does not admit any more."""
    if change.before is None or change.after is None:
        return ()
    return uncovered(change.before.rule, [change.after])


def _beside(change: Change, text: str) -> Change:
    """Return the addition of what a change leads to, beside the rule as it is."""
    return Change(Kind.ADD, change.name, f"{change.reason}; {text}", None, change.after)


def _open(changes: Sequence[Change]) -> Changes:
    """Do what closes nothing. An allow rule that moves gets its new content as a second rule beside the old one."""
    now: list[Change] = []
    later: list[Change] = []
    for change in changes:
        if not change.moves.closes and not _only_closes(change):
            now.append(change)
        elif change.before is not None and change.after is not None and _moves_allow(change):
            now.append(_beside(change, "the old rule stays until phase close"))
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
