# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What differs between what a device has and what is wanted: one Change for rules, exemptions, services, publications
and records.

    Change(Kind.CHANGE, "SIP", Cause.DIFFERENT, before=rule, after=rule, properties=("remoteip",), closes=True)

Why a change is made (Cause) and what it does (Effect) are data. Sentences are made from them here and in the rooms' own
tables, when a result is written for people; no program reads them back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from .untyped import printed

T = TypeVar("T")


class State(str, Enum):
    """What the list of a task means for what the device has; a module allows some of them."""

    MERGED = "merged"
    REPLACED = "replaced"
    OVERRIDDEN = "overridden"
    DELETED = "deleted"
    GATHERED = "gathered"
    RENDERED = "rendered"
    PARSED = "parsed"

    @property
    def is_offline(self) -> bool:
        """Return whether the state asks no device."""
        return self in (State.RENDERED, State.PARSED)


class Phase(str, Enum):
    """Which part of the changes is made now."""

    ALL = "all"
    OPEN = "open"
    CLOSE = "close"


class Kind(str, Enum):
    """What happens to an object of a device; MARK and UNMARK touch the mark of ownership of a DNS record set only."""

    ADD = "add"
    CHANGE = "change"
    DISABLE = "disable"
    REMOVE = "remove"
    MARK = "mark"
    UNMARK = "unmark"


class Cause(str, Enum):
    """Why a change is made."""

    MISSING = "missing"
    DIFFERENT = "different"
    NOT_WANTED = "not_wanted"
    DELETED = "deleted"
    DUPLICATE = "duplicate"
    KEPT_IN_PARTS = "kept_in_parts"
    ADMITS_MORE = "admits_more"
    SUPERSEDED = "superseded"
    BESIDE_UNTIL_CLOSE = "beside_until_close"
    BESIDE_UNTIL_LAST = "beside_until_last"
    HIDDEN = "hidden"
    TAKEN_OVER = "taken_over"
    WAS_THERE = "was_there"
    WAS_NOT_THERE = "was_not_there"
    WAS_ENABLED = "was_enabled"
    CATALOGUE = "catalogue_version"


_OF_THE_PLAN = frozenset({Cause.MISSING.value, Cause.DIFFERENT.value, Cause.NOT_WANTED.value})


def with_catalogue_cause(changes: Iterable[Mapping[str, object]], names: Collection[str]) -> list[dict[str, object]]:
    """Return changes as modules return them; those that only a new version of the catalogue makes have that cause.

    names: of the objects that such a version has added, changed or taken away.
    """
    wanted = ((change, change.get("name") in names and change.get("cause") in _OF_THE_PLAN) for change in changes)
    return [{**change, **({"cause": Cause.CATALOGUE.value} if is_meant else {})} for change, is_meant in wanted]


@dataclass(frozen=True)
class Effect:
    """One thing that a change does, or that is true of an object beside the others of its device.

    kind: a member of the room's own enumeration of effects, by its value. by: names of the objects that make it so.
    text: the same for people. detail: the reason alone, where the text has one.
    """

    kind: str
    by: tuple[str, ...] = ()
    text: str = ""
    detail: str = ""

    def document(self) -> dict[str, object]:
        """Return it as plain data."""
        return {"kind": self.kind, "by": list(self.by), "text": self.text, "detail": self.detail}


@dataclass(frozen=True)
class Change(Generic[T]):
    """One change of one object; before is None for an addition, after is None for a removal.

    properties: names of those that differ. opens, closes: whether more or less gets through than before, looked at
    alone. changes_admission: False where another object lets the same through anyway. effects: what it does, seen
    beside the others. recreates: connections end, because the object is made anew. notice: what people outside
    notice of it. detail: what the cause is about, where its name does not say that: the name of another object, a
    value.
    """

    kind: Kind
    name: str
    cause: Cause
    before: T | None
    after: T | None
    properties: tuple[str, ...] = ()
    opens: bool = False
    closes: bool = False
    changes_admission: bool = False
    effects: tuple[Effect, ...] = ()
    recreates: bool = False
    notice: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Changes(Generic[T]):
    """The changes of one phase in the order in which to make them, and those that are left for another phase."""

    now: tuple[Change[T], ...] = ()
    later: tuple[Change[T], ...] = ()


def changes_by_name(
    want: Sequence[T],
    have: Sequence[T],
    state: State,
    *,
    name_of: Callable[[T], str],
    change_of: Callable[[T | None, T | None, Cause], Change[T]],
) -> tuple[Change[T], ...]:
    """Return the changes in their safe order: additions, changes, removals, each sorted by name.

    MERGED keeps what is not wanted, REPLACED and OVERRIDDEN remove it; DELETED removes the wanted names, and
    everything when there are none. change_of makes a change of before, after and its cause.
    """
    wanted, present = ({name_of(item): item for item in items} for items in (want, have))
    if state is State.DELETED:
        return tuple(
            change_of(present[name], None, Cause.DELETED) for name in sorted(present) if not wanted or name in wanted
        )
    added = [change_of(None, wanted[name], Cause.MISSING) for name in sorted(wanted.keys() - present.keys())]
    both = sorted(wanted.keys() & present.keys())
    changed = [
        change_of(present[name], wanted[name], Cause.DIFFERENT) for name in both if present[name] != wanted[name]
    ]
    stale = sorted(present.keys() - wanted.keys()) if state in (State.REPLACED, State.OVERRIDDEN) else []
    return (*added, *changed, *(change_of(present[name], None, Cause.NOT_WANTED) for name in stale))


def applied_by_name(have: Sequence[T], changes: Iterable[Change[T]], *, name_of: Callable[[T], str]) -> tuple[T, ...]:
    """Return what is there after the changes, sorted by name."""
    after = {name_of(item): item for item in have}
    for change in changes:
        after.pop(change.name, None)
        if change.after is not None:
            after[change.name] = change.after
    return tuple(after[name] for name in sorted(after))


def value_text(value: object) -> str:
    """Return a value of an option on one line: lists with commas, booleans in lower case, an empty text in quotes."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else repr(value) if value == "" else str(value)


@dataclass(frozen=True)
class Presentation(Generic[T]):
    """How the changes of one kind of object are shown: in the result of a module, as one line each, and as a diff.

    options: the object as the module's options, by name. command: a change as one line. title: of a diff. reason,
    impact: the cause and the effects in words. hidden: names of options that a diff leaves out unless they differ
    from those in defaults.
    """

    title: str
    options: Callable[[T], Mapping[str, object]]
    command: Callable[[Change[T]], str]
    reason: Callable[[Change[T]], str] = lambda change: ""
    impact: Callable[[Change[T]], str] = lambda change: "; ".join(effect.text for effect in change.effects)
    defaults: Mapping[str, object] | None = None
    text_of: Callable[[object], str] = value_text

    def document(self, change: Change[T]) -> dict[str, object]:
        """Return a change as every module of this collection returns it."""
        before, after = self._sides(change)
        return {
            "kind": change.kind.value,
            "name": change.name,
            "cause": change.cause.value,
            "reason": self.reason(change),
            "properties": [
                {"property": name, "before": before.get(name), "after": after.get(name)} for name in change.properties
            ],
            "opens": change.opens,
            "closes": change.closes,
            "changes_admission": change.changes_admission,
            "effect": self.impact(change),
            "effects": [effect.document() for effect in change.effects],
            "recreates": change.recreates,
            "notice": change.notice,
        }

    def diff(self, change: Change[T]) -> dict[str, str]:
        """Return one change for ansible's --diff: headers, and the object before and after as lines."""
        before, after = self._sides(change)
        names = change.properties or self._shown(before, after)
        header = printed(f"{self.title} {change.name} ({self.impact(change)})")
        return {
            "before_header": header,
            "after_header": header,
            "before": self._lines(before, names),
            "after": self._lines(after, names),
        }

    def _sides(self, change: Change[T]) -> tuple[Mapping[str, object], Mapping[str, object]]:
        before = {} if change.before is None else self.options(change.before)
        return before, {} if change.after is None else self.options(change.after)

    def _shown(self, before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
        """Return the names worth a line: all of them, or those that are not at their default on either side."""
        defaults = self.defaults
        names = {**before, **after}
        if defaults is None:
            return tuple(names)
        return tuple(
            sorted(
                name for name in names if any(side and side.get(name) != defaults.get(name) for side in (before, after))
            )
        )

    def _lines(self, options: Mapping[str, object], names: Iterable[str]) -> str:
        return "".join(f"{name}: {printed(self.text_of(options[name]))}\n" for name in names if name in options)


def summary(changes: Iterable[Change[T]]) -> dict[str, int]:
    """Return how many objects are added, changed, disabled, removed, marked, unmarked, and how many changes change
    admission or recreate.
    """
    found = list(changes)
    counts = Counter(change.kind for change in found)
    return {
        "added": counts[Kind.ADD],
        "changed": counts[Kind.CHANGE],
        "disabled": counts[Kind.DISABLE],
        "removed": counts[Kind.REMOVE],
        "marked": counts[Kind.MARK],
        "unmarked": counts[Kind.UNMARK],
        "admission_changed": sum(change.changes_admission for change in found),
        "recreated": sum(change.kind is Kind.CHANGE and change.recreates for change in found),
    }
