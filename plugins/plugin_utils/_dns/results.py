# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of DNS records in the form that others take: results, lines and diffs for people, and tasks of
ansible.windows.win_dns_record for a Windows DNS server.

Each task is a host and the options of the module. They are not all or nothing, and nothing holds the zone while they
run: a run with step verify shows what differs afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .._base.changes import Cause, Change, Kind, Presentation
from .._base.changes import summary as counted
from . import zone as zones
from .marks import Mark, mark_name, relative
from .planner import Have, RecordChange, applied
from .records import Key, RecordSet
from .zone import MARK_TTL_SECONDS

_REASONS = {
    Cause.MISSING: "it is wanted",
    Cause.DIFFERENT: "it is wanted",
    Cause.TAKEN_OVER: "its name was taken over",
    Cause.NOT_WANTED: "{detail} no longer wants it",
    Cause.DELETED: "it is to be deleted",
}
_MARKS = {Kind.MARK: "not marked as owned", Kind.UNMARK: "marked as owned, and there is no such record"}


def reason(change: Change[RecordSet]) -> str:
    """Return why a set changes."""
    return _REASONS[change.cause].format(detail=change.detail)


def _describe_values(change: Change[RecordSet]) -> str:
    """Return each value that is missing or extra, as a line."""
    before, after = change.before, change.after
    if isinstance(change, RecordChange) and _is_renewed(change):
        return "marked as owned, without proof of what was written"
    if change.kind in _MARKS:
        return _MARKS[change.kind]
    if before is None:
        return f"missing ({', '.join(after.values) if after else ''})"
    if after is None:
        return f"extra ({', '.join(before.values)}; {reason(change)})"
    parts = [f"missing value {value}" for value in after.values if value not in before.values]
    parts += [f"extra value {value}" for value in before.values if value not in after.values]
    parts += [f"ttl is {before.ttl}, should be {after.ttl}"] if before.ttl != after.ttl else []
    return "; ".join(parts)


def _is_renewed(change: RecordChange) -> bool:
    """Return whether only the proof of a mark changes."""
    before, after = change.mark_before, change.mark_after
    return change.kind is Kind.MARK and before is not None and after is not None and before.owner == after.owner


_PRESENTATION: Presentation[RecordSet] = Presentation(
    title="record",
    options=lambda one: {"values": list(one.values), "ttl": one.ttl},
    command=_describe_values,
    reason=reason,
)


def change_result(change: RecordChange, view: str) -> dict[str, object]:
    """Return a change as a result; type, zone and view make its name whole."""
    return {**_PRESENTATION.document(change), "type": change.key.type, "zone": change.key.zone, "view": view}


def command(change: RecordChange, view: str) -> str:
    """Return a change as a line: the set, and what differs."""
    return f"{change.key} ({view}, zone {change.key.zone}): {_PRESENTATION.command(change)}"


def summary(changes: Iterable[RecordChange], unknown: Sequence[object]) -> dict[str, int]:
    """Return how many sets are added, changed, removed, only get or lose their mark, and stay unknown."""
    return {**counted(changes), "unknown": len(unknown)}


def diff(view: str, zone: str, changes: Sequence[RecordChange]) -> dict[str, str]:
    """Return the sets that change as zone lines before and after, marks as comments, for ansible's --diff."""
    header = f"zone {zone} ({view})"
    touching = [change for change in changes if change.touches_set]
    return {
        "before_header": header,
        "after_header": header,
        "before": _zone_lines((change.before for change in touching), (change.mark_before for change in changes)),
        "after": _zone_lines((change.after for change in touching), (change.mark_after for change in changes)),
    }


def _zone_lines(sets: Iterable[RecordSet | None], marks: Iterable[Mark | None]) -> str:
    lines = [line for one in sorted(filter(None, sets)) for line in zones.lines_of(one)]
    lines += [f"; {mark.key} is owned by {mark.owner}" for mark in sorted(filter(None, marks))]
    return "".join(f"{line}\n" for line in lines)


def unknown_text(one: RecordSet, view: str) -> str:
    """Return the warning about values that nobody knows: they stay, and so does the question whose they are."""
    values = ", ".join(one.values)
    where = f"{one.key} ({view}, zone {one.key.zone})"
    fix = f"remove it, or list {one.key.name} in take_over"
    return f"{where} also has {values}, which is not of the plan; it stays; fix: {fix}"


def unproven_text(one: RecordSet, view: str) -> str:
    """Return the warning about a marked set that nobody wants and that is not known to be ours: it stays."""
    where = f"{one.key} ({view}, zone {one.key.zone})"
    why = "is marked and no longer wanted, and nothing proves that this collection wrote these values"
    fix = f"remove its mark where it is none of ours, else list {one.key.name} in gone (lync_dns_gone)"
    return f"{where} {why}: {', '.join(one.values)}; it stays; fix: {fix}"


def aged_text(aged: Sequence[RecordChange], zone: str) -> str:
    """Return the warning about sets that nobody has refreshed for too long."""
    days = [change.mark_before.day for change in aged if change.mark_before and change.mark_before.day]
    names = f"{aged[0].key}" + (f" and {len(aged) - 1} more were" if len(aged) > 1 else " was")
    since = f"{min(days)}" if len(days) == len(aged) else "a day that nobody knows"
    risk = "where scavenging is on, Active Directory removes what nobody refreshes"
    return f"zone {zone}: {names} last written on {since}; {risk}; fix: run site.yml, or remediate"


def owned(have: Have, view: str) -> list[Mapping[str, object]]:
    """Return what was gathered, as options with their owner; None for a set that is not marked."""
    marks = have.marks
    return [
        {**one.to_options(view), "owner": marks[key].owner if key in marks else None}
        for key, one in sorted(have.sets.items())
    ]


Task = dict[str, object]


def tasks_of(host: str, zone: str, have: Have, changes: Sequence[RecordChange]) -> list[Task]:
    """Return the tasks that make changes, removals first, and then the marks of each owner as one set."""
    removals_first = sorted(changes, key=lambda change: change.after is not None)
    found = [task for change in removals_first for task in _tasks_of_change(change)]
    changed = {
        mark.owner
        for change in changes
        if change.mark_before != change.mark_after
        for mark in (change.mark_before, change.mark_after)
        if mark
    }
    marks = applied(have, changes).marks.values()
    found += [_task_of_marks(zone, owner, [mark for mark in marks if mark.owner == owner]) for owner in sorted(changed)]
    return [{"host": host, **task} for task in found]


def not_expressible(changes: Iterable[RecordChange]) -> list[str]:
    """Return which changes the module cannot make: all targets of an SRV record get one priority, weight and port."""
    after = (change.after for change in changes if change.touches_set)
    return [
        f"{one.key} has values of several priorities, weights or ports, and win_dns_record takes one of each for all; "
        "fix: make this record by hand"
        for one in after
        if one and one.key.type == "SRV" and len({value.rpartition(" ")[0] for value in one.values}) > 1
    ]


def _tasks_of_change(change: RecordChange) -> Iterator[Task]:
    if not change.touches_set:
        return
    if change.after is None:
        yield {**_task_place(change.key), "state": "absent"}
        return
    task = {**_task_place(change.key), "state": "present", "ttl": change.after.ttl, **_task_values(change.after)}
    yield task
    if change.key.type == "SRV":
        # The module adds an SRV record with the zone's time to live, and sets the one of its options when it meets
        # the record again.
        yield task


def _task_place(key: Key) -> Task:
    return {"zone": key.zone, "name": relative(key), "type": key.type}


def _task_values(one: RecordSet) -> Task:
    if one.key.type != "SRV":
        return {"value": list(one.values)}
    priority, weight, port, _target = one.values[0].split(" ")
    targets = [value.rpartition(" ")[2] for value in one.values]
    return {"value": targets, "priority": int(priority), "weight": int(weight), "port": int(port)}


def _task_of_marks(zone: str, owner: str, marks: Iterable[Mark]) -> Task:
    texts = sorted(mark.text for mark in marks)
    where = _task_place(Key(zone, mark_name(zone, owner), "TXT"))
    return (
        {**where, "state": "present", "ttl": MARK_TTL_SECONDS, "value": texts}
        if texts
        else {**where, "state": "absent"}
    )
