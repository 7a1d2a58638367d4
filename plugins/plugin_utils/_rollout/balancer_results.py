# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run did to load balancers, or found on them: from registered results of their modules to lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._plan.tables import table
from .outcome import counted

_COUNTS = ("added", "changed", "removed", "recreated")
Result = Mapping[str, object]


def balancer_report(results: Mapping[str, Sequence[Result]], kind: str, would: bool = False) -> str:
    """Return the lines of a run; results by balancer. kind: "site" counts what was done, "drift" names what differs."""
    if not results:
        return ""
    if kind == "drift":
        lines = [f"{name}: {line}" for name, found in results.items() for result in found for line in _differences(result)]
        differing = sum(any(result.get("changed") for result in found) for found in results.values())
        return "\n".join([*lines, *_failures(results), f"Load balancers: {differing} of {counted(len(results), 'balancer')} not as planned."])
    rows = [(name, _status(found, would), *(str(sum(_number(result, count) for result in found)) for count in _COUNTS)) for name, found in results.items()]
    return "\n".join([table(("balancer", "outcome", *_COUNTS), rows), *_left_out(results), *_failures(results)])


def is_as_planned(results: Mapping[str, Sequence[Result]], kind: str) -> bool:
    """Return whether all balancers are as planned after a site run, or were when drift looked."""
    found = [result for each in results.values() for result in each]
    return not any(_is_bad(result) or (kind == "drift" and result.get("changed")) for result in found)


def _is_bad(result: Result) -> bool:
    return bool(result.get("failed") or result.get("unreachable"))


def _status(found: Sequence[Result], would: bool) -> str:
    if any(map(_is_bad, found)):
        return "failed"
    changed = any(result.get("changed") for result in found)
    return ("would change" if would else "changed") if changed else "unchanged"


def _number(result: Result, name: str) -> int:
    summary = result.get("summary")
    value = summary.get(name, 0) if isinstance(summary, Mapping) else 0
    return value if isinstance(value, int) else 0


def _left_out(results: Mapping[str, Sequence[Result]]) -> list[str]:
    """Say each thing that a driver cannot say once, with how many services it concerns."""
    counts: dict[tuple[str, str, str], int] = {}
    for name, found in results.items():
        for result in found:
            items = result.get("not_rendered")
            for item in items if isinstance(items, list) else []:
                key = (name, str(item["field"]), str(item["why"]))
                counts[key] = counts.get(key, 0) + 1
    return [f"{name}: not rendered: {field} of {counted(number, 'service')}: {why}" for (name, field, why), number in sorted(counts.items())]


def _differences(result: Result) -> list[str]:
    """Return what differs in words: per service its fields; the commands where no service shows it."""
    changes = result.get("changes")
    items = [change for change in changes if isinstance(change, Mapping)] if isinstance(changes, list) else []
    return [_difference(change) for change in items] or (_texts(result, "commands") if result.get("changed") else [])


def _difference(change: Mapping[str, object]) -> str:
    words = {"add": "missing", "remove": "extra"}
    fields = change.get("fields")
    items = [item for item in fields if isinstance(item, Mapping)] if isinstance(fields, list) else []
    told = ", ".join(f"{item['field']} is {_words(item['before'])}, should be {_words(item['after'])}" for item in items)
    return f"{change.get('name')}: {words.get(str(change.get('kind')), told)} ({change.get('impact')})"


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(str(part) for part in value.values() if part not in ("", None)) or "nothing"
    return ", ".join(map(_words, value)) or "nothing" if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)


def _failures(results: Mapping[str, Sequence[Result]]) -> list[str]:
    return [f"{name}: failed: {result.get('msg')}" for name, found in results.items() for result in found if _is_bad(result)]


def _texts(result: Result, name: str) -> list[str]:
    items = result.get(name)
    return [str(item) for item in items] if isinstance(items, list) else []
