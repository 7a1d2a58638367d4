# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two screens of site.yml as text for a terminal; what is equal of several devices is one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from .._base.version import COLLECTION, VERSION
from .._drift.assumptions import Standing
from .._plan.tables import indented, shortened, table
from .._rollout.outcome import counted
from .run_parts import COUNTS, Concern, Part, Status
from .run_risk import Cause, Reason
from .run_rollback import way_back
from .run_summary import Screen, is_relevant

_HEADER = ("device", "concern", "outcome", "added", "changed", "disabled", "removed", "recreated", "change what is admitted")
_MOST_LINES = 60
_DIGEST_LETTERS = 12
# Whose objects are sentences, so that each has a line of its own.
_SENTENCES = (Cause.CONTRADICTED, Cause.UNCONFIRMED)
_Row = tuple[str, ...]


def screen_text(screen: Screen) -> str:
    """Return the lines of a screen; the last one is its word."""
    run = screen.run
    plan = f"Plan: {counted(run.hosts, 'host')} and {counted(run.pools, 'pool')}, {COLLECTION} {VERSION}, digest {run.digest[:_DIGEST_LETTERS]}"
    parts = [_title(screen), plan, *_table(screen), *_unchanged(screen.parts), *_totals(screen), *_ineffective(screen.parts), *_notes(screen)]
    body = _before(screen) if run.check else _after(screen)
    return "\n".join([*parts, *body, screen.verdict])


def _title(screen: Screen) -> str:
    changed = {part.device for part in screen.parts if part.status is Status.CHANGED}
    asked = {part.device for part in screen.parts}
    would = "would change" if screen.run.check else "changed"
    return f"{'Before' if screen.run.check else 'After'}: {len(changed)} of {counted(len(asked), 'device')} {would}."


def _table(screen: Screen) -> list[str]:
    grouped: dict[_Row, list[str]] = {}
    broken = {part.device for part in screen.parts if part.status in (Status.FAILED, Status.UNREACHABLE)}
    for part in screen.parts:
        if part.status is not Status.UNCHANGED and (part.status is not Status.STOPPED or part.device not in broken):
            grouped.setdefault(_row(part, screen.run.check), []).append(part.device)
    rows = [(shortened(names), *row) for row, names in grouped.items()]
    return [indented(table(_HEADER, rows))] if rows else []


def _row(part: Part, would: bool) -> _Row:
    status = "would change" if would and part.status is Status.CHANGED else part.status.value
    return (part.concern.value, status, *(str(part.counts.get(name, 0)) for name in COUNTS))


def _unchanged(parts: Sequence[Part]) -> list[str]:
    busy = {part.device for part in parts if part.status is not Status.UNCHANGED}
    names = list(dict.fromkeys(part.device for part in parts if part.device not in busy))
    return [f"{counted(len(names), 'device')} unchanged: {shortened(names)}"] if names else []


def _totals(screen: Screen) -> list[str]:
    """Return how many rules there are of each kind of change, when any host was asked for rules."""
    rules = [part for part in screen.parts if part.concern in (Concern.FIREWALL, Concern.LINUX, Concern.IPSEC)]
    if not rules:
        return []
    total = {name: sum(part.counts.get(name, 0) for part in rules) for name in COUNTS}
    told = ", ".join(f"{total[name]} {name}" for name in ("added", "changed", "disabled", "removed"))
    return [f"Rules {'that would be ' if screen.run.check else ''}{told}; {total['admission_changed']} of these change what is admitted."]


def _ineffective(parts: Iterable[Part]) -> list[str]:
    found = [(part.device, name, why) for part in parts for name, why in part.ineffective]
    lines = _grouped((device, name, why) for device, name, why in found)
    return [f"Ineffective rules: {len(found)}", *map(indented, lines)] if found else []


def _notes(screen: Screen) -> Iterator[str]:
    run = screen.run
    by_note: dict[str, list[str]] = {}
    for part in screen.parts:
        for note in part.notes:
            by_note.setdefault(note, []).append(part.device)
    yield from (f"{shortened(list(dict.fromkeys(names)))}: {note}" for note, names in by_note.items())
    yield from (f"left as it is: {pool}: {why}" for pool, why in run.left.items())
    if run.not_run:
        told = [f"{name} ({number})" for name, number in run.not_run.items()]
        yield f"Not looked at: {', '.join(told)}."


def _before(screen: Screen) -> Iterator[str]:
    run = screen.run
    yield from _assumptions(screen)
    yield from _verified(screen)
    if any(part.status is Status.CHANGED for part in screen.parts):
        yield from _safety(screen)
        yield from _back(screen)
    if run.directory:
        yield f"Report: {run.directory}"
    yield from _reasons(screen.reasons)


def _assumptions(screen: Screen) -> Iterator[str]:
    """Yield the unconfirmed assumptions about what changes; the rest is counted."""
    run = screen.run
    counts = Counter(item.standing for item in run.unconfirmed)
    if not counts:
        return
    near = [item for item in run.unconfirmed if item.place in run.touched and not is_relevant(item, run)]
    yield f"Assumptions of the plan that nobody confirmed: {counts[Standing.UNKNOWN]}, contradicted: {counts[Standing.CONTRADICTED]}."
    yield from map(indented, _alike((item.place, item.text, "") for item in near))


def _verified(screen: Screen) -> Iterator[str]:
    """Yield what the last verify.yml found, where its report is known."""
    run = screen.run
    if run.probes:
        yield f"Probes: {sum(item.before.is_as_expected for item in run.probes.probed)} of {len(run.probes.probed)} as expected now."
        return
    report = run.verified
    probes = report.get("probes") if report else None
    where = f"lync_report_dir={run.directory or 'DIR'}"
    if not report or not isinstance(probes, list):
        yield f"Probes: no report of verify.yml is known; to have one: {run.command.line('verify', '-e', where)}"
        return
    good = sum(bool(item.get("as_expected")) for item in probes if isinstance(item, dict))
    yield f"Probes: {good} of {len(probes)} as expected when verify.yml looked last, {report.get('made')}."


def _safety(screen: Screen) -> Iterator[str]:
    run = screen.run
    concerns = {part.concern for part in screen.parts if part.status is Status.CHANGED}
    kinds = (({Concern.FIREWALL, Concern.IPSEC}, "the firewall of Windows hosts", run.snapshot), ({Concern.LINUX}, "the table of Linux hosts", True))
    kept = " and ".join(what for those, what, is_saved in kinds if is_saved and those & concerns) or "nothing"
    minutes = run.confirm_minutes
    by_itself = f"it comes back by itself after {minutes} minutes unless the change is confirmed" if minutes else "nothing comes back by itself"
    yield f"Saved before the first write: {kept}; {by_itself} (lync_confirm_minutes is {minutes})."


def _back(screen: Screen) -> Iterator[str]:
    run = screen.run
    lines = way_back(screen.parts, run.command, run.directory, would=run.check)
    if lines:
        yield f"The way back{', after the run' if run.check else ''}:"
        yield from map(indented, lines)


def _reasons(reasons: Sequence[Reason]) -> Iterator[str]:
    """Yield the reasons by cause; devices with the same objects share a line."""
    for cause in Cause:
        found = [reason for reason in reasons if reason.cause is cause]
        if found:
            yield f"{cause.word.value}: {cause.meaning}"
            group = _alike if cause in _SENTENCES else _grouped
            yield from map(indented, _capped(group((reason.device, reason.item, reason.detail) for reason in found)))


def _capped(lines: list[str]) -> list[str]:
    """Return at most so many lines that they fit a terminal, and how many there are besides."""
    more = len(lines) - _MOST_LINES
    return lines if more <= 0 else [*lines[:_MOST_LINES], f"and {more} lines more, which the report has (lync_report_dir)"]


def _grouped(items: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return lines of (device, object, detail): objects with one detail share a line, and so do devices that say the same."""
    objects: dict[tuple[str, str], list[str]] = {}
    for device, item, detail in items:
        objects.setdefault((device, detail), []).append(item)
    devices: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (device, detail), names in objects.items():
        devices.setdefault((detail, tuple(dict.fromkeys(names))), []).append(device)
    return [_line(names, [item for item in found if item], detail) for (detail, found), names in devices.items()]


def _alike(items: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return lines of (device, object, detail), one for each object and detail with all devices that have it."""
    devices: dict[tuple[str, str], list[str]] = {}
    for device, item, detail in items:
        devices.setdefault((item, detail), []).append(device)
    return [f"{shortened(names)}: {item}{f' ({detail})' if detail else ''}" for (item, detail), names in devices.items()]


def _line(devices: Sequence[str], objects: Sequence[str], detail: str) -> str:
    count = f" ({len(objects)})" if len(objects) > 1 else ""
    said = [shortened(devices), *([f"{shortened(objects)}{count}"] if objects else []), *(["; ".join(detail.splitlines())] if detail else [])]
    return ": ".join(said)


def _after(screen: Screen) -> Iterator[str]:
    run = screen.run
    yield from _read_again(screen)
    yield from _cut(screen)
    yield from (f"not closed yet: {name}: {'; '.join(why)}" for name, why in run.held.items())
    yield from _probes(screen)
    yield from _members(screen)
    if screen.is_done:
        yield f"A second run changes nothing on what was read again; to see it: {run.command.line('site', '--check')}"
    yield from _back(screen)
    if run.directory:
        yield f"Report: {run.directory}"
    yield from _capped(_grouped((part.device, "", f"{part.status.value}: {part.message}") for part in _told(screen)))


def _cut(screen: Screen) -> Iterator[str]:
    """Yield who was connected and is no longer admitted, or may not be."""
    found = [reason for part in screen.parts if part.status is not Status.FAILED for reason in part.reasons if reason.cause is Cause.CUT]
    if found:
        yield "Cut by this run:"
        yield from map(indented, _capped(_grouped((reason.device, reason.item, reason.detail) for reason in found)))


def _told(screen: Screen) -> Iterator[Part]:
    """Yield the unfinished parts; of a device that failed, not what was left alone because of it."""
    left = (Status.STOPPED, Status.NOT_CLOSED)
    told = {part.device for part in screen.unfinished if part.status not in left} | set(screen.run.held)
    yield from (part for part in screen.unfinished if part.status not in left or part.device not in told)


def _read_again(screen: Screen) -> Iterator[str]:
    changed = [part for part in screen.parts if part.status is Status.CHANGED]
    equal, blind = ([part.device for part in changed if part.again is again] for again in (True, False))
    if equal:
        yield f"Read again after the change and equal to the plan: {shortened(list(dict.fromkeys(equal)))}."
    if blind:
        yield f"Took the change, and not read again: {shortened(list(dict.fromkeys(blind)))}."


def _probes(screen: Screen) -> Iterator[str]:
    found = screen.run.probes
    if found is None:
        yield f"Probes: not made; -e lync_verify=true makes them before and after the change, or run: {screen.run.command.line('verify')}"
        return
    yield f"Probes: {found.words()}."
    yield from map(indented, _capped([f"worse: {item.words()}" for item in found.broken]))
    yield from map(indented, _capped([f"still: {item.words()}" for item in found.wrong]))


def _members(screen: Screen) -> Iterator[str]:
    """Yield what members of load balancers are set to do, and how many answer where that was asked."""
    total: Counter[str] = Counter()
    for part in screen.parts:
        total.update(part.members)
    if not total:
        return
    told = ", ".join(f"{number} {state}" for state, number in sorted(total.items()))
    up, asked = screen.run.probes.members_up(screen.run.balancers) if screen.run.probes else (0, 0)
    well, unwell = sum(part.up for part in screen.parts), [f"{part.device}: {name}" for part in screen.parts for name in part.down]
    seen = f"; {well} are up and {len(unwell)} down for HAProxy" if well or unwell else ""
    yield f"Members of virtual services: {told}{seen}{f'; {up} of {asked} hosts answer the load balancers' if asked else ''}."
    yield from map(indented, _capped([f"down: {name}" for name in unwell]))
