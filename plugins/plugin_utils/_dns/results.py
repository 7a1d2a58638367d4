# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of DNS records as results, words and diffs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from . import zone_text
from .planner import Change, Have, Kind, Mark
from .records import RecordSet

_COUNTS = {Kind.ADD: "added", Kind.CHANGE: "changed", Kind.REMOVE: "removed", Kind.MARK: "marked", Kind.UNMARK: "unmarked"}
NOTHING: Mapping[str, int] = dict.fromkeys(_COUNTS.values(), 0)


def change_result(change: Change, view: str) -> dict[str, object]:
    """Return a change as a result: kind, which set, reason, and before and after of each property that differs."""
    key = change.key
    return {
        "kind": change.kind.value, "view": view, "zone": key.zone, "name": key.name, "type": key.type,
        "reason": change.reason, "properties": _properties(change), "words": words(change, view),
    }  # fmt: skip


def _properties(change: Change) -> list[dict[str, object]]:
    before, after = change.before, change.after
    found: list[dict[str, object]] = []
    if (before.values if before else ()) != (after.values if after else ()):
        found.append({"property": "values", "before": list(before.values) if before else None, "after": list(after.values) if after else None})
    if before and after and before.ttl != after.ttl:
        found.append({"property": "ttl", "before": before.ttl, "after": after.ttl})
    return found


def words(change: Change, view: str) -> str:
    """Return what differs, as a line: the set, and each value that is missing or extra."""
    return f"{change.key} ({view}, zone {change.key.zone}): {_difference(change)}"


def _difference(change: Change) -> str:
    before, after = change.before, change.after
    if change.kind in (Kind.MARK, Kind.UNMARK):
        return "not marked as owned" if change.kind is Kind.MARK else "marked as owned, and there is no such record"
    if before is None:
        return f"missing ({', '.join(after.values) if after else ''})"
    if after is None:
        return f"extra ({', '.join(before.values)}; {change.reason})"
    parts = [f"missing value {value}" for value in after.values if value not in before.values]
    parts += [f"extra value {value}" for value in before.values if value not in after.values]
    parts += [f"ttl is {before.ttl}, should be {after.ttl}"] if before.ttl != after.ttl else []
    return "; ".join(parts)


def summary(changes: Iterable[Change]) -> dict[str, int]:
    """Return how many sets are added, changed, removed, and how many only get or lose their mark."""
    counts = dict(NOTHING)
    for change in changes:
        counts[_COUNTS[change.kind]] += 1
    return counts


def diff(view: str, zone: str, changes: Sequence[Change]) -> dict[str, str]:
    """Return the sets that change as zone lines before and after, marks as comments, for ansible's --diff."""
    header = f"zone {zone} ({view})"
    return {
        "before_header": header,
        "after_header": header,
        "before": _side(change.before for change in changes if change.touches_set) + _mark_lines(change.mark_before for change in changes),
        "after": _side(change.after for change in changes if change.touches_set) + _mark_lines(change.mark_after for change in changes),
    }


def _side(sets: Iterable[RecordSet | None]) -> str:
    return "".join(f"{line}\n" for one in sorted(one for one in sets if one) for line in zone_text.lines_of(one))


def _mark_lines(marks: Iterable[Mark | None]) -> str:
    return "".join(f"; {mark.key} is owned by {mark.owner}\n" for mark in sorted(mark for mark in marks if mark))


def unknown_words(one: RecordSet, view: str) -> str:
    """Return what is said of values that nobody knows: they stay, and so does the question whose they are."""
    values = ", ".join(one.values)
    return f"{one.key} ({view}, zone {one.key.zone}) also has {values}, which is not of the plan; it stays; fix: remove it, or list {one.key.name} in take_over"


def owned(have: Have, view: str) -> list[dict[str, object]]:
    """Return what was gathered, as options with their owner; None for a set that is not marked."""
    marks = have.marks
    return [{**one.to_options(view), "owner": marks[key].owner if key in marks else None} for key, one in sorted(have.sets.items())]
