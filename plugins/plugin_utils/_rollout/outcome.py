# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run did to each host, or found on it: from the registered results of its tasks to lines for people.

host   outcome    added  changed  disabled  removed  change what is admitted
fe01   changed       31        0         0        0                       28
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._plan.tables import table

COUNTS = ("added", "changed", "disabled", "removed", "admission_changed")
Result = Mapping[str, object]


@dataclass(frozen=True)
class Outcome:
    """What became of one host.

    status: unchanged, changed, failed, unreachable, or "stopped". counts: per name of COUNTS.
    drift: one line per rule that differed, in words. message: why it failed. not_needed: why its exemptions were not made.
    """

    host: str
    status: str
    counts: Mapping[str, int]
    drift: tuple[str, ...] = ()
    message: str = ""
    not_needed: str = ""

    @property
    def is_done(self) -> bool:
        """Return whether the host is known to be as the plan says."""
        return self.status in ("unchanged", "changed")


def results_of(variables: Mapping[str, object], registered: Sequence[str]) -> list[Result]:
    """Return the results that a host's variables hold under the registered names, in their order.

    A skipped first task means that the host was stopped; a later one that was skipped had nothing to do and is left out.
    """
    results = [result for result in (registered_result(variables, name) for name in registered) if result is not None]
    return results[:1] + [result for result in results[1:] if not result.get("skipped")]


def registered_result(variables: Mapping[str, object], name: str) -> Result | None:
    """Return what a host's variables hold under a registered name; None when there is nothing.

    "NAME.PART" is a part of a result, and the whole one where that failed before there were parts, or was skipped.
    """
    whole, _dot, part = name.partition(".")
    found = variables.get(whole)
    if not part or not isinstance(found, Mapping):
        return found if isinstance(found, Mapping) else None
    inner = found.get(part)
    has_none = bool(found.get("failed") or found.get("unreachable") or found.get("skipped"))
    return inner if isinstance(inner, Mapping) else found if has_none else None


def outcome(host: str, results: Sequence[Result]) -> Outcome:
    """Return what became of a host, from the registered results of its tasks in their order."""
    bad = next((result for result in results if result.get("failed") or result.get("unreachable")), None)
    return Outcome(
        host=host,
        status=_status(results, bad),
        counts={name: sum(_count(result, name) for result in results) for name in COUNTS},
        drift=tuple(line for result in results for line in drift_lines(result)),
        message=str((bad or {}).get("msg", "")),
        not_needed=next((str(result["not_needed"]) for result in results if result.get("not_needed")), ""),
    )


def _status(results: Sequence[Result], bad: Result | None) -> str:
    if bad is not None:
        return "unreachable" if bad.get("unreachable") else "failed"
    if results and results[0].get("skipped"):
        return "stopped"
    return "changed" if any(result.get("changed") for result in results) else "unchanged"


def _count(result: Result, name: str) -> int:
    summary = result.get("summary")
    value = summary.get(name, 0) if isinstance(summary, Mapping) else 0
    return value if isinstance(value, int) else 0


def drift_lines(result: Result) -> list[str]:
    """Return the changes of a result as differences in words: the rule, its class, and each property."""
    changes = result.get("changes")
    return [_drift_line(change) for change in changes if isinstance(change, Mapping)] if isinstance(changes, list) else []


def _drift_line(change: Mapping[str, object]) -> str:
    kind, name = str(change.get("kind")), change.get("name")
    if kind == "add":
        return f"{name}: missing ({change.get('effect') or change.get('reason')})"
    if kind == "remove":
        return f"{name}: extra ({change.get('reason')})"
    return f"{name}: {_class_of(change)}: {', '.join(map(_property_words, _properties(change)))}"


def _class_of(change: Mapping[str, object]) -> str:
    turned_off = any(item.get("property") == "enabled" and item.get("after") is True for item in _properties(change))
    return "disabled" if turned_off else "changed"


def _properties(change: Mapping[str, object]) -> list[Mapping[str, object]]:
    items = change.get("properties")
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []


def _property_words(item: Mapping[str, object]) -> str:
    return f"{item.get('property')} is {_words(item.get('before'))}, should be {_words(item.get('after'))}"


def _words(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def recap(outcomes: Sequence[Outcome], would: bool = False) -> str:
    """Return the table of a site run; would: nothing was written, the counts say what would be."""
    header = ("host", "outcome", "added", "changed", "disabled", "removed", "change what is admitted")
    told = [item for item in outcomes if item.status != "unchanged"]
    rows = [(item.host, _status_words(item, would), *(str(item.counts[name]) for name in COUNTS)) for item in told]
    parts = [table(header, rows)] if rows else []
    return "\n".join([*parts, *_unchanged(outcomes), _totals(outcomes, would), *_not_needed(outcomes), *_reasons(outcomes)])


def _unchanged(outcomes: Sequence[Outcome]) -> list[str]:
    names = [item.host for item in outcomes if item.status == "unchanged"]
    return [f"{counted(len(names), 'host')} unchanged: {', '.join(names)}"] if names else []


def _not_needed(outcomes: Sequence[Outcome]) -> list[str]:
    """Say where exemptions were planned and not made, and why."""
    reasons = dict.fromkeys(item.not_needed for item in outcomes if item.not_needed)
    hosts = {reason: [item.host for item in outcomes if item.not_needed == reason] for reason in reasons}
    return [f"IPsec exemptions not needed on {counted(len(names), 'host')}: {reason}" for reason, names in hosts.items()]


def _totals(outcomes: Sequence[Outcome], would: bool) -> str:
    total = {name: sum(item.counts[name] for item in outcomes) for name in COUNTS}
    told = ", ".join(f"{total[name]} {name}" for name in COUNTS[:-1])
    return f"Rules {'that would be ' if would else ''}{told}; {total['admission_changed']} of these change what is admitted."


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 host", "2 hosts"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _reasons(outcomes: Sequence[Outcome]) -> list[str]:
    """Say of each host that is not done why."""
    stopped = "not touched, because an earlier host of its pool or the canary of its role was not done"
    return [f"{item.host}: {item.status}: {item.message or stopped}" for item in outcomes if not item.is_done]


def _status_words(item: Outcome, would: bool) -> str:
    return "would change" if would and item.status == "changed" else item.status


def drift_report(outcomes: Sequence[Outcome], repaired: bool = False) -> str:
    """Return the differences found, host by host, and a line that counts them."""
    lines = [f"{item.host}: {line}" for item in outcomes for line in item.drift]
    lines += [f"could not tell: {reason}" for reason in _reasons(outcomes)]
    hosts = sum(bool(item.drift) for item in outcomes)
    found = sum(len(item.drift) for item in outcomes)
    done = ", repaired" if repaired and found else ""
    return "\n".join([*lines, f"Drift: {counted(found, 'rule')} on {hosts} of {counted(len(outcomes), 'host')}{done}."])
