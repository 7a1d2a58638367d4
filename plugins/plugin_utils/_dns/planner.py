# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Want and have of one zone -> changes, and what is left alone because nobody knows whose it is.

A set is ours when the zone says so: at OWNER._msuc-lync.ZONE a TXT value "NAME TYPE PROOF" marks each set that held
exactly what was wanted on behalf of that owner. Whoever may make a name in the zone may write a mark, so values are
removed only when the proof, an HMAC of owner, name, type and values, shows that we wrote exactly what is there, or what
is wanted. As long as a set has no mark, every run is its first run: values that are
missing are added, values that nobody asked for are reported and stay, and with them there is no mark. Once they are
gone, or taken over, the set is marked, and from then on it is made exactly what is wanted, and removed when its owner
no longer wants it. Without the key of the proofs nothing is removed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from .._base.absence import Owned
from .._base.addresses import AddressSet
from .._base.changes import Cause, Change, Kind, State
from .marks import Mark, Scope
from .records import ADDRESS_TYPES, Key, RecordSet, Wanted

# A name takes 100 values of a type by BIND's default (max-records-per-type); more end in SERVFAIL.
MARKS_OF_OWNER_MAXIMUM = 100
_T = TypeVar("_T")


@dataclass(frozen=True)
class Have:
    """What a zone has, as far as it was asked; serial: of its SOA record."""

    sets: Mapping[Key, RecordSet] = field(default_factory=dict)
    marks: Mapping[Key, Mark] = field(default_factory=dict)
    serial: int = 0


@dataclass(frozen=True, kw_only=True)
class RecordChange(Change[RecordSet]):
    """One change of one set, and of its mark.

    opens is True where a name gets its first values of a type, closes where it loses its last. is_refresh: the same
    values are written again.
    """

    key: Key
    mark_before: Mark | None = None
    mark_after: Mark | None = None
    is_refresh: bool = False

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
    """The changes of a zone, the sets that stay, with only their unknown values, and what stands in the way.

    unproven: sets that stay although they are marked and not wanted, since nothing proves that we wrote them.
    kept_owners: on whose behalf marked values stay for that reason, which may still lead clients to what goes.
    refreshes: sets that are as wanted and are written again; no changes.
    """

    changes: tuple[RecordChange, ...] = ()
    refreshes: tuple[RecordChange, ...] = ()
    unknown: tuple[RecordSet, ...] = ()
    unproven: tuple[RecordSet, ...] = ()
    kept_owners: frozenset[str] = frozenset()
    conflicts: tuple[str, ...] = ()


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
    for key in _exact_keys(wanted, have, scope):
        after = _addresses(wanted[key]) if key in wanted else None
        yield Owned(f"{key.name} {key.type}", _addresses(have.sets[key]), after, key.name)


def with_held(view: str, want: Iterable[Wanted], have: Have, scope: Scope, held: AddressSet) -> list[Wanted]:
    """Return the wanted sets with the addresses that are held (_base/absence.py); a set stays for these alone."""
    found = {one.set.key: one for one in want}
    wanted = {key: one.set for key, one in found.items()}
    for key in _exact_keys(wanted, have, scope) if held else ():
        values = (_addresses(have.sets[key]) & held).each()
        one = found.get(key)
        if values and one is not None:
            more = replace(one.set, values=tuple(sorted({*one.set.values, *values})))
            found[key] = replace(one, set=more)
        elif values:
            owner = have.marks[key].owner
            found[key] = Wanted(view, RecordSet(key, have.sets[key].ttl, tuple(sorted(values))), owner)
    return list(found.values())


def _exact_keys(wanted: Mapping[Key, RecordSet], have: Have, scope: Scope) -> list[Key]:
    """Return the sets of addresses that a run makes exact or removes."""
    if scope.state is not State.REPLACED:
        return []
    owned = {key for key, mark in have.marks.items() if mark.owner in scope.owners}
    return sorted(
        key
        for key in owned
        if key.type in ADDRESS_TYPES and key in have.sets and _is_proven(key, wanted.get(key), have, scope)
    )


def _is_proven(key: Key, wanted: RecordSet | None, have: Have, scope: Scope) -> bool:
    """Return whether the mark of a set proves that we wrote what is there, or what is wanted there."""
    mark = have.marks.get(key)
    return scope.proves(mark, have.sets.get(key)) or scope.proves(mark, wanted)


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
        self._unproven: list[RecordSet] = []

    def making(self) -> Plan:
        """Return the plan of merged and replaced."""
        wanted = [self._made(one) for one in self._want.values()]
        others = [self._other(key) for key in sorted({*self._have.sets, *self._have.marks} - set(self._want))]
        found = [*wanted, *others]
        changes = sorted((change for change, _unknown in found if change), key=lambda change: change.key)
        unknown = sorted(unknown for _change, unknown in found if unknown)
        conflicts = tuple(self._conflicts(changes))
        kept = frozenset(self._kept_owners(unknown))
        refreshes = tuple(self._refreshes({change.key for change in changes}))
        return Plan(tuple(changes), refreshes, tuple(unknown), tuple(self._unproven), kept, conflicts)

    def _refreshes(self, changing: Collection[Key]) -> Iterator[RecordChange]:
        """Yield the sets that are as wanted and were last written too long ago."""
        for key, one in self._want.items():
            mark = self._have.marks.get(key)
            if key in changing or mark is None or not self._scope.is_due(mark):
                continue
            if self._have.sets.get(key) == one.set:
                yield RecordChange(
                    Kind.MARK, key.name, Cause.DIFFERENT, one.set, one.set,
                    key=key, mark_before=mark, mark_after=replace(mark, day=self._scope.today), is_refresh=True,
                )  # fmt: skip

    def _kept_owners(self, unknown: Iterable[RecordSet]) -> Iterator[str]:
        """Yield the owners of marked values that stay.

        Under names that nobody wants they count without a key only: with one, the mark is somebody else's.
        """
        staying = [*unknown, *(() if self._scope.mark_key else self._unproven)]
        yield from (self._have.marks[one.key].owner for one in staying if one.key in self._have.marks)

    def deleting(self) -> Plan:
        """Return the plan of deleted: the named sets, or all marked ones of the owners when none is named."""
        named = set(self._want) or {key for key, mark in self._have.marks.items() if mark.owner in self._scope.owners}
        found = [self._deleted(key, self._want.get(key)) for key in sorted(named)]
        return Plan(
            tuple(change for change, _unknown in found if change),
            unknown=tuple(unknown for _change, unknown in found if unknown),
            unproven=tuple(self._unproven),
        )

    def _is_exact(self, key: Key) -> bool:
        """Return whether a set is ours to make exactly what is wanted."""
        one = self._want.get(key)
        is_ours = _is_proven(key, one.set if one else None, self._have, self._scope)
        return self._scope.state is State.REPLACED and (is_ours or key.name in self._scope.take_over)

    def _made(self, one: Wanted) -> tuple[RecordChange | None, RecordSet | None]:
        key, before = one.set.key, self._have.sets.get(one.set.key)
        extra = tuple(value for value in before.values if value not in one.set.values) if before else ()
        staying = () if self._is_exact(key) else extra
        after = one.set
        if before and staying:
            after = RecordSet(key, before.ttl, tuple(sorted({*one.set.values, *staying})))
        mark = self._have.marks.get(key)
        mark_after = mark if staying else self._mark_of_wanted(one, mark)
        change = self._change(key, before, after, mark_after, Cause.MISSING if before is None else Cause.DIFFERENT)
        unknown = RecordSet(key, before.ttl, staying) if before and staying and self._is_foreign(mark) else None
        return change, unknown

    def _is_foreign(self, mark: Mark | None) -> bool:
        """Return whether values that stay are nobody's whom we know; merged leaves those of marked sets unsaid."""
        return mark is None or self._scope.state is State.REPLACED

    def _mark_of_wanted(self, one: Wanted, mark: Mark | None) -> Mark:
        """Return the mark of a set that is as wanted; without a key one that is there stays, with whatever proof."""
        if not self._scope.mark_key and mark and mark.owner == one.owner:
            return mark
        return self._scope.mark(one.set, one.owner)

    def _other(self, key: Key) -> tuple[RecordChange | None, RecordSet | None]:
        """Return what becomes of a set that is not wanted."""
        before, mark = self._have.sets.get(key), self._have.marks.get(key)
        if mark is None and key.name in self._names and before:
            if self._is_exact(key):
                return self._change(key, before, None, None, Cause.TAKEN_OVER), None
            return None, before
        if mark is None or mark.owner not in self._scope.owners or self._scope.state is not State.REPLACED:
            return None, None
        if not self._may_remove(key):
            return None, None
        return self._change(key, before, None, None, Cause.NOT_WANTED, mark.owner), None

    def _may_remove(self, key: Key) -> bool:
        """Return whether a set that is not wanted may go; one that stays is taken down as unproven."""
        before = self._have.sets.get(key)
        if before is None or key.name in self._scope.gone or self._scope.proves(self._have.marks.get(key), before):
            return True
        self._unproven.append(before)
        return False

    def _deleted(self, key: Key, one: Wanted | None) -> tuple[RecordChange | None, RecordSet | None]:
        before, mark = self._have.sets.get(key), self._have.marks.get(key)
        is_taken = key.name in self._scope.take_over
        if one is None and not is_taken and not self._may_remove(key):
            return None, None
        is_owned = one is None or is_taken or self._scope.proves(mark, before) or key.name in self._scope.gone
        listed = one.set.values if one else ()
        staying = () if is_owned or before is None else tuple(value for value in before.values if value not in listed)
        after = RecordSet(key, before.ttl, staying) if before and staying else None
        return self._change(key, before, after, mark if after else None, Cause.DELETED), after

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
