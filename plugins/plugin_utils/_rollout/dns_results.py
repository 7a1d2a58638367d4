# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run did to DNS, or found there: from registered results of msuc.lync.dns_records to lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .outcome import counted

_COUNTS = ("added", "changed", "removed")
Result = Mapping[str, object]


def dns_report(results: Sequence[Result], kind: str, would: bool = False) -> str:
    """Return the lines of a run's results in their order; empty when no server was asked.

    kind: "site" counts what was done, "drift" names what differs. would: nothing was written.
    """
    asked = [result for result in results if was_asked(result)]
    if not asked:
        return ""
    lines = [f"DNS: {line}" for result in asked for line in (*(_texts(result, "commands") if kind == "drift" else ()), *notes_of(result))]
    return "\n".join([*lines, _drift_total(asked[0]) if kind == "drift" else _site_total(asked[0], would), *_failures(asked)])


def was_asked(result: Result) -> bool:
    """Return whether a server was asked, or should have been."""
    return bool(result.get("failed") or _number(result, "stats", "queries"))


def is_as_planned(results: Sequence[Result], kind: str) -> bool:
    """Return whether DNS is what it should be after a site run, or was when drift looked; unknown values are drift."""
    if any(result.get("failed") for result in results):
        return False
    return kind == "site" or not any(result.get("changed") or _unknown(result) for result in results)


def notes_of(result: Result) -> list[str]:
    """Return what is to be told of a result besides its changes: what was not applied, what is unknown, which servers lag."""
    return [*_texts(result, "not_applied"), *_unknown(result), *_texts(result, "lagging")]


def _unknown(result: Result) -> list[str]:
    items = result.get("unknown")
    found = [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    return [f"{item['name']} {item['type']} ({item['view']}, zone {item['zone']}): unknown value {', '.join(item['values'])}, which stays" for item in found]


def _site_total(result: Result, would: bool) -> str:
    told = ", ".join(f"{_number(result, 'summary', name)} {name}" for name in _COUNTS)
    return f"DNS record sets {'that would be ' if would else ''}{told}."


def _drift_total(result: Result) -> str:
    return f"DNS drift: {counted(len(_texts(result, 'commands')) + len(_unknown(result)), 'record set')}."


def _failures(results: Sequence[Result]) -> list[str]:
    return [f"DNS: failed: {result.get('msg') or 'the servers do not answer with what was written'}" for result in results if result.get("failed")]


def _texts(result: Result, name: str) -> list[str]:
    items = result.get(name)
    return [str(item) for item in items] if isinstance(items, list) else []


def _number(result: Result, name: str, key: str) -> int:
    counts = result.get(name)
    value = counts.get(key, 0) if isinstance(counts, Mapping) else 0
    return value if isinstance(value, int) else 0
