# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of a zone as tasks of ansible.windows.win_dns_record on a Windows DNS server.

Each task is a host and the options of the module. They are not all or nothing, and nothing holds the zone while they
run: a run with step verify shows what differs afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .planner import Have, Mark, RecordChange, applied, mark_name, relative
from .records import Key, RecordSet
from .zone import MARK_TTL_SECONDS

Task = dict[str, object]


def tasks_of(host: str, zone: str, have: Have, changes: Sequence[RecordChange]) -> list[Task]:
    """Return the tasks that make changes, removals first, and then the marks of each owner as one set."""
    removals_first = sorted(changes, key=lambda change: change.after is not None)
    found = [task for change in removals_first for task in _tasks(change)]
    changed = {
        mark.owner
        for change in changes
        if change.mark_before != change.mark_after
        for mark in (change.mark_before, change.mark_after)
        if mark
    }
    marks = applied(have, changes).marks.values()
    found += [_marks(zone, owner, [mark for mark in marks if mark.owner == owner]) for owner in sorted(changed)]
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


def _tasks(change: RecordChange) -> Iterator[Task]:
    if not change.touches_set:
        return
    if change.after is None:
        yield {**_where(change.key), "state": "absent"}
        return
    task = {**_where(change.key), "state": "present", "ttl": change.after.ttl, **_values(change.after)}
    yield task
    if change.key.type == "SRV":
        # The module adds an SRV record with the zone's time to live, and sets the one of its options when it meets
        # the record again.
        yield task


def _where(key: Key) -> Task:
    return {"zone": key.zone, "name": relative(key), "type": key.type}


def _values(one: RecordSet) -> Task:
    if one.key.type != "SRV":
        return {"value": list(one.values)}
    priority, weight, port, _target = one.values[0].split(" ")
    targets = [value.rpartition(" ")[2] for value in one.values]
    return {"value": targets, "priority": int(priority), "weight": int(weight), "port": int(port)}


def _marks(zone: str, owner: str, marks: Iterable[Mark]) -> Task:
    texts = sorted(mark.text for mark in marks)
    where = _where(Key(zone, mark_name(zone, owner), "TXT"))
    return (
        {**where, "state": "present", "ttl": MARK_TTL_SECONDS, "value": texts}
        if texts
        else {**where, "state": "absent"}
    )
