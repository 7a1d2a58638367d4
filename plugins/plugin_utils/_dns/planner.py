# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Want and have of one zone -> changes, and what is left alone because nobody knows whose it is.

A set is ours when the zone says so: at OWNER._msuc-lync.ZONE a TXT value "NAME TYPE" marks each set that held exactly
what was wanted on behalf of that owner. As long as a set has no mark, every run is its first run: values that are
missing are added, values that nobody asked for are reported and stay, and with them there is no mark. Once they are
gone, or taken over, the set is marked, and from then on it is made exactly what is wanted, and removed when its owner
no longer wants it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from .._base.absence import Owned
from .._base.addresses import AddressSet
from .._base.changes import Cause, Change, Kind, State
from .records import ADDRESS_TYPES, TYPES, Key, RecordSet, Wanted

MARK_LABEL = "_msuc-lync"
# A name takes 100 values of a type by BIND's default (max-records-per-type); more end in SERVFAIL.
MARKS_OF_OWNER_MAXIMUM = 100
_T = TypeVar("_T")


@dataclass(frozen=True, order=True)
class Mark:
    """The note that a set is owned; owner: on whose behalf."""

    key: Key
    owner: str

    @property
    def name(self) -> str:
        """Return the name at which the zone holds the marks of the owner."""
        return mark_name(self.key.zone, self.owner)

    @property
    def text(self) -> str:
        """Return the mark as the TXT value, without quotation marks; the name is relative to the zone."""
        return f"{relative(self.key)} {self.key.type}"


@dataclass(frozen=True)
class Have:
    """What a zone has, as far as it was asked; serial: of its SOA record."""

    sets: Mapping[Key, RecordSet] = field(default_factory=dict)
    marks: Mapping[Key, Mark] = field(default_factory=dict)
    serial: int = 0


@dataclass(frozen=True)
class Scope:
    """What one run answers for.

    owners: whose marked sets are removed when they are not wanted. take_over: names whose unknown values are removed.
    """

    state: State = State.REPLACED
    owners: frozenset[str] = frozenset()
    take_over: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class RecordChange(Change[RecordSet]):
    """One change of one set, and of its mark.

    opens is True where a name gets its first values of a type, closes where it loses its last.
    """

    key: Key
    mark_before: Mark | None = None
    mark_after: Mark | None = None

    @property
    def touches_set(self) -> bool:
        """Return whether more than the mark changes."""
        return self.before != self.after

    @property
    def owners(self) -> tuple[str, ...]:
        """Return on whose behalf the set was kept and is kept; each at most once."""
        return tuple(dict.fromkeys(mark.owner for mark in (self.mark_before, self.mark_after) if mark))


@dataclass(frozen=True)
class Plan:
    """The changes of a zone, the sets that stay, with only their unknown values, and what stands in the way."""

    changes: tuple[RecordChange, ...] = ()
    unknown: tuple[RecordSet, ...] = ()
    conflicts: tuple[str, ...] = ()


def mark_name(zone: str, owner: str) -> str:
    """Return the name at which a zone holds the marks of an owner."""
    return f"{owner}.{MARK_LABEL}.{zone}"


def relative(key: Key) -> str:
    """Return the name of a set relative to its zone, @ for the zone's own."""
    return "@" if key.name == key.zone else key.name.removesuffix(f".{key.zone}")


def mark_of(text: str, zone: str, owner: str) -> Mark | None:
    """Return the mark that a TXT value is; None for any other text."""
    name, _blank, kind = text.partition(" ")
    if not name or kind not in TYPES:
        return None
    return Mark(Key(zone, zone if name == "@" else f"{name}.{zone}", kind), owner)


def asked_keys(zone: str, want: Iterable[Wanted], marks: Iterable[Mark], scope: Scope) -> tuple[Key, ...]:
    """Return the sets to gather: of each owned name its type, and of a name with addresses both families."""
    keys = {one.set.key for one in want} | {mark.key for mark in marks if mark.owner in scope.owners}
    families = {Key(zone, key.name, kind) for key in keys if key.type != "SRV" for kind in ADDRESS_TYPES}
    return tuple(sorted(keys | families))


def plan_changes(want: Collection[Wanted], have: Have, scope: Scope) -> Plan:
    """Return what makes a zone what is wanted."""
    if scope.state is State.GATHERED:
        return Plan()
    planner = _Planner({one.set.key: one for one in want}, have, scope)
    if scope.state is State.DELETED:
        return planner.deleting()
    return planner.making()


def owned_addresses(want: Iterable[Wanted], have: Have, scope: Scope) -> Iterator[Owned]:
    """Yield each set of ours with the addresses that it has and those that it is to have."""
    wanted = {one.set.key: one.set for one in want}
    for key in _exact_keys(have, scope):
        after = _addresses(wanted[key]) if key in wanted else None
        yield Owned(f"{key.name} {key.type}", _addresses(have.sets[key]), after, key.name)


def with_held(view: str, want: Iterable[Wanted], have: Have, scope: Scope, held: AddressSet) -> list[Wanted]:
    """Return the wanted sets with the addresses that are held (_base/absence.py); a set stays for these alone."""
    found = {one.set.key: one for one in want}
    for key in _exact_keys(have, scope) if held else ():
        values = (_addresses(have.sets[key]) & held).each()
        one = found.get(key)
        if values and one is not None:
            more = replace(one.set, values=tuple(sorted({*one.set.values, *values})))
            found[key] = replace(one, set=more)
        elif values:
            owner = have.marks[key].owner
            found[key] = Wanted(view, RecordSet(key, have.sets[key].ttl, tuple(sorted(values))), owner)
    return list(found.values())


def _exact_keys(have: Have, scope: Scope) -> list[Key]:
    """Return the sets of addresses that a run makes exact or removes."""
    if scope.state is not State.REPLACED:
        return []
    owned = {key for key, mark in have.marks.items() if mark.owner in scope.owners}
    return sorted(key for key in owned if key.type in ADDRESS_TYPES and key in have.sets)


def _addresses(one: RecordSet) -> AddressSet:
    return AddressSet.parse(one.values)


def applied(have: Have, changes: Iterable[RecordChange]) -> Have:
    """Return what a zone has after changes, the serial aside."""
    sets, marks = dict(have.sets), dict(have.marks)
    for change in changes:
        _put_or_drop(sets, change.key, change.after)
        _put_or_drop(marks, change.key, change.mark_after)
    return replace(have, sets=sets, marks=marks)


def _put_or_drop(items: dict[Key, _T], key: Key, value: _T | None) -> None:
    if value is None:
        items.pop(key, None)
    else:
        items[key] = value


class _Planner:
    def __init__(self, want: Mapping[Key, Wanted], have: Have, scope: Scope) -> None:
        self._want = want
        self._have = have
        self._scope = scope
        self._names = {key.name for key in want}

    def making(self) -> Plan:
        """Return the plan of merged and replaced."""
        wanted = [self._made(one) for one in self._want.values()]
        others = [self._other(key) for key in sorted({*self._have.sets, *self._have.marks} - set(self._want))]
        found = [*wanted, *others]
        changes = sorted((change for change, _unknown in found if change), key=lambda change: change.key)
        unknown = sorted(unknown for _change, unknown in found if unknown)
        return Plan(tuple(changes), tuple(unknown), tuple(self._conflicts(changes)))

    def deleting(self) -> Plan:
        """Return the plan of deleted: the named sets, or all marked ones of the owners when none is named."""
        named = set(self._want) or {key for key, mark in self._have.marks.items() if mark.owner in self._scope.owners}
        found = [self._deleted(key, self._want.get(key)) for key in sorted(named)]
        return Plan(
            tuple(change for change, _unknown in found if change),
            tuple(unknown for _change, unknown in found if unknown),
        )

    def _is_exact(self, key: Key) -> bool:
        """Return whether a set is ours to make exactly what is wanted."""
        return self._scope.state is State.REPLACED and (key in self._have.marks or key.name in self._scope.take_over)

    def _made(self, one: Wanted) -> tuple[RecordChange | None, RecordSet | None]:
        key, before = one.set.key, self._have.sets.get(one.set.key)
        extra = tuple(value for value in before.values if value not in one.set.values) if before else ()
        staying = () if self._is_exact(key) else extra
        after = one.set
        if before and staying:
            after = RecordSet(key, before.ttl, tuple(sorted({*one.set.values, *staying})))
        mark = self._have.marks.get(key)
        mark_after = mark if staying else Mark(key, one.owner)
        change = self._change(key, before, after, mark_after, Cause.MISSING if before is None else Cause.DIFFERENT)
        unknown = RecordSet(key, before.ttl, staying) if before and staying and mark is None else None
        return change, unknown

    def _other(self, key: Key) -> tuple[RecordChange | None, RecordSet | None]:
        """Return what becomes of a set that is not wanted."""
        before, mark = self._have.sets.get(key), self._have.marks.get(key)
        if mark is None and key.name in self._names and before:
            if self._is_exact(key):
                return self._change(key, before, None, None, Cause.TAKEN_OVER), None
            return None, before
        if mark is None or mark.owner not in self._scope.owners or self._scope.state is not State.REPLACED:
            return None, None
        return self._change(key, before, None, None, Cause.NOT_WANTED, mark.owner), None

    def _deleted(self, key: Key, one: Wanted | None) -> tuple[RecordChange | None, RecordSet | None]:
        before, mark = self._have.sets.get(key), self._have.marks.get(key)
        is_owned = mark is not None or key.name in self._scope.take_over
        listed = one.set.values if one else ()
        staying = () if is_owned or before is None else tuple(value for value in before.values if value not in listed)
        after = RecordSet(key, before.ttl, staying) if before and staying else None
        return self._change(key, before, after, None, Cause.DELETED), after

    def _change(
        self,
        key: Key,
        before: RecordSet | None,
        after: RecordSet | None,
        mark_after: Mark | None,
        cause: Cause,
        detail: str = "",
    ) -> RecordChange | None:
        mark = self._have.marks.get(key)
        if before == after and mark == mark_after:
            return None
        kind = _kind_of_change(before, after, mark_after)
        return RecordChange(
            kind=kind,
            name=key.name,
            cause=cause,
            before=before,
            after=after,
            properties=_name_differences(before, after),
            opens=kind is Kind.ADD,
            closes=kind is Kind.REMOVE,
            detail=detail,
            key=key,
            mark_before=mark,
            mark_after=mark_after,
        )

    def _conflicts(self, changes: Collection[RecordChange]) -> Iterator[str]:
        """Yield what no server takes: an alias beside other records, more marks than fit a name."""
        after = applied(self._have, changes).sets
        for name in sorted(self._names):
            kinds = {key.type for key in after if key.name == name}
            if "CNAME" in kinds and len(kinds) > 1:
                fix = "remove it, or list the name in take_over"
                yield f"{name} is {self._alias_text(name)}, and nobody knows whose that is; fix: {fix}"

        marks = Counter(mark.owner for mark in applied(self._have, changes).marks.values())
        for owner, count in sorted(marks.items()):
            if count > MARKS_OF_OWNER_MAXIMUM:
                most = f"at most {MARKS_OF_OWNER_MAXIMUM} can be marked"
                yield f"{owner} has {count} record sets in one zone, and {most}; fix: give them several owners"

    def _alias_text(self, name: str) -> str:
        alias = next((one for key, one in self._have.sets.items() if key.name == name and key.type == "CNAME"), None)
        others = ", ".join(sorted(str(key.type) for key in self._have.sets if key.name == name))
        return f"an alias of {alias.values[0]}" if alias else f"to be an alias and has records of type {others}"


def _name_differences(before: RecordSet | None, after: RecordSet | None) -> tuple[str, ...]:
    """Return the names of the properties that differ; a set that comes or goes differs in its values."""
    values = [one.values if one else () for one in (before, after)]
    found = ["values"] if values[0] != values[1] else []
    return (*found, "ttl") if before and after and before.ttl != after.ttl else tuple(found)


def _kind_of_change(before: RecordSet | None, after: RecordSet | None, mark_after: Mark | None) -> Kind:
    if before == after:
        return Kind.MARK if mark_after else Kind.UNMARK
    if before is None:
        return Kind.ADD
    return Kind.CHANGE if after else Kind.REMOVE
