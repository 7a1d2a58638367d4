# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two summaries of site.yml as text for a terminal; what is equal of several devices is one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from .._base.screen import SCREEN_COLUMNS, fit, indented, shortened, table
from .._base.untyped import counted, printed, printed_lines
from .._compiler.assumptions import is_read_by_verify
from .._drift.deviations import Standing
from .._plan.documents import COLLECTION, VERSION
from .._rollout.results import Concern
from .run_parts import COUNTS, NAMES, Part, Reason, Risk, Status
from .run_rollback import rollback_lines
from .run_summary import LEFT_ALONE, RunSummary

_HEADER = (
    "device",
    "concern",
    "outcome",
    "added",
    "changed",
    "disabled",
    "removed",
    "recreated",
    "effective",
)
_MOST_LINES = 60
_DIGEST_LETTERS = 12
# Whose objects are sentences, so that each has a line of its own.
_SENTENCES = (Risk.CONTRADICTED,)
UNKNOWN_COUNT = "?"
_Row = tuple[str, ...]


def summary_text(summary: RunSummary, columns: int = SCREEN_COLUMNS) -> str:
    """Return the lines of a summary, none longer than so many columns; the last one is its outcome."""
    run = summary.run
    size = f"{counted(run.hosts, 'host')} and {counted(run.pools, 'pool')}"
    digest = f"digest {run.digest[:_DIGEST_LETTERS]}" + (", approved" if run.is_approved else "")
    lines = [_render_title(summary), f"Plan: {size}, {COLLECTION} {VERSION}, {digest}"]
    lines += _tell_pending(run.pending)
    lines += [*_render_table(summary, columns), *_tell_unchanged(summary.parts), *_tell_totals(summary)]
    lines += [*_tell_of_catalogue(summary.parts), *_tell_ineffective(summary.parts), *_tell_notes(summary)]
    lines += _tell_before(summary) if run.check else _tell_after(summary)
    return fit("\n".join([*map(printed_lines, lines), summary.outcome]), columns)


def _tell_pending(pending: Sequence[str]) -> list[str]:
    title = f"Pending, since the inventory says it by now and the approved plan does not: {len(pending)}"
    return [title, *map(indented, _cap_lines(list(pending)))] if pending else []


def _render_title(summary: RunSummary) -> str:
    changed = {part.device for part in summary.parts if part.status is Status.CHANGED}
    asked = {part.device for part in summary.parts}
    would = "would change" if summary.run.check else "changed"
    return f"{'Before' if summary.run.check else 'After'}: {len(changed)} of {counted(len(asked), 'device')} {would}."


def _render_table(summary: RunSummary, columns: int) -> list[str]:
    grouped: dict[_Row, list[str]] = {}
    broken = {part.device for part in summary.parts if part.status in (Status.FAILED, Status.UNREACHABLE)}
    for part in summary.parts:
        if part.status is not Status.UNCHANGED and (part.status not in LEFT_ALONE or part.device not in broken):
            grouped.setdefault(_row(part, summary.run.check), []).append(part.device)
    rows = [(shortened(names), *row) for row, names in grouped.items()]
    return [indented(table(_HEADER, rows, columns - 2))] if rows else []


def _row(part: Part, would: bool) -> _Row:
    status = "would change" if would and part.status is Status.CHANGED else part.status.value
    return (NAMES[part.concern], status, *(str(part.counts.get(name, UNKNOWN_COUNT)) for name in COUNTS))


def _tell_unchanged(parts: Sequence[Part]) -> list[str]:
    busy = {part.device for part in parts if part.status is not Status.UNCHANGED}
    names = list(dict.fromkeys(part.device for part in parts if part.device not in busy))
    return [f"{counted(len(names), 'device')} unchanged: {shortened(names)}"] if names else []


def _tell_totals(summary: RunSummary) -> list[str]:
    """Return how many rules there are of each kind of change, when any host was asked for rules."""
    rules = [part for part in summary.parts if part.concern in (Concern.FIREWALL, Concern.NFTABLES, Concern.IPSEC)]
    if not rules:
        return []
    total = {name: sum(part.counts.get(name, 0) for part in rules) for name in COUNTS}
    counts = ", ".join(f"{total[name]} {name}" for name in ("added", "changed", "disabled", "removed"))
    would = "that would be " if summary.run.check else ""
    return [f"Rules {would}{counts}; {total['admission_changed']} of these change what is admitted."]


def _tell_of_catalogue(parts: Iterable[Part]) -> list[str]:
    found = [(part.device, name, "") for part in parts for name in part.of_catalogue]
    lines = _cap_lines(_group_by_device(found))
    title = f"Only because of another version of the catalogue: {counted(len(found), 'change')}"
    return [title, *map(indented, lines)] if found else []


def _tell_ineffective(parts: Iterable[Part]) -> list[str]:
    found = [(part.device, name, why) for part in parts for name, why in part.ineffective]
    lines = _group_by_device((device, name, why) for device, name, why in found)
    return [f"Ineffective rules: {len(found)}", *map(indented, lines)] if found else []


def _tell_notes(summary: RunSummary) -> Iterator[str]:
    run = summary.run
    by_note: dict[str, list[str]] = {}
    for part in summary.parts:
        for note in part.notes:
            by_note.setdefault(note, []).append(part.device)
    yield from (f"{shortened(list(dict.fromkeys(names)))}: {note}" for note, names in by_note.items())
    yield from (f"left as it is: {pool}: {why}" for pool, why in run.left.items())
    yield from (one.text for one in run.holds)
    if run.not_run:
        left_out = [f"{NAMES[concern]} ({number})" for concern, number in run.not_run.items()]
        yield f"Not looked at: {', '.join(left_out)}."


def _tell_before(summary: RunSummary) -> Iterator[str]:
    run = summary.run
    yield from _tell_assumptions(summary)
    yield from _tell_verified(summary)
    if any(part.status is Status.CHANGED for part in summary.parts):
        yield from _tell_safety(summary)
        yield from _tell_rollback(summary)
    if run.directory:
        yield f"Report: {run.directory}"
    yield from _tell_reasons(summary.reasons)


def _tell_assumptions(summary: RunSummary) -> Iterator[str]:
    """Yield the assumptions about what changes that nobody verified, apart from what stands against SAFE."""
    run = summary.run
    counts = Counter(item.standing for item in run.unconfirmed)
    if not counts:
        return
    near = [item for item in run.unconfirmed if item.place in run.touched and item.standing is Standing.UNKNOWN]
    read = sum(is_read_by_verify(item.text) for item in near)
    unverified, contradicted = counts[Standing.UNKNOWN], counts[Standing.CONTRADICTED]
    yield (
        f"Assumptions of the plan: {unverified} unverified, {contradicted} contradicted; "
        f"of the unverified {len(near)} are about what changes, and verify.yml reads {read} of these:"
    )
    yield from map(indented, _join_alike((item.place, item.text, "") for item in near))


def _tell_verified(summary: RunSummary) -> Iterator[str]:
    """Yield what the last verify.yml found, where its report is known."""
    run = summary.run
    if run.probes:
        good = sum(item.before.is_as_expected for item in run.probes.probed)
        yield f"Probes: {good} of {len(run.probes.probed)} as expected now."
        return
    report = run.verified
    probes = report.get("probes") if report else None
    where = f"lync_report_dir={run.directory or 'DIR'}"
    if not report or not isinstance(probes, list):
        yield "Probes: no report of verify.yml is known; to have one:"
        yield indented(run.command.line("verify", "-e", where))
        return
    good = sum(bool(item.get("as_expected")) for item in probes if isinstance(item, dict))
    yield f"Probes: {good} of {len(probes)} as expected when verify.yml looked last, {report.get('made')}."


def _tell_safety(summary: RunSummary) -> Iterator[str]:
    run = summary.run
    concerns = {part.concern for part in summary.parts if part.status is Status.CHANGED}
    kinds = (
        ({Concern.FIREWALL, Concern.IPSEC}, "the firewall of Windows hosts", run.snapshot),
        ({Concern.NFTABLES}, "the table of Linux hosts", True),
    )
    kept = " and ".join(what for those, what, is_saved in kinds if is_saved and those & concerns) or "nothing"
    minutes = run.confirm_minutes
    by_itself, chosen = "nothing comes back by itself", "not set" if minutes is None else minutes
    if minutes:
        by_itself = f"it comes back by itself after {minutes} minutes unless the change is confirmed"
    if minutes is None:
        by_itself = "what admits less comes back by itself unless it is confirmed, where that was seen to work"
    yield f"Saved before the first write: {kept}; {by_itself} (lync_confirm_minutes is {chosen})."


def _tell_rollback(summary: RunSummary) -> Iterator[str]:
    run = summary.run
    lines = rollback_lines(summary.parts, run.command, run.directory, would=run.check)
    if lines:
        yield f"Rollback{', after the run' if run.check else ''}:"
        yield from map(indented, lines)


def _tell_reasons(reasons: Sequence[Reason]) -> Iterator[str]:
    """Yield the reasons by risk; devices with the same objects share a line."""
    for risk in Risk:
        found = [reason for reason in reasons if reason.risk is risk]
        if found:
            yield f"{risk.level.value}: {risk.meaning}"
            group = _join_alike if risk in _SENTENCES else _group_by_device
            yield from map(indented, _cap_lines(group((reason.device, reason.item, reason.detail) for reason in found)))


def _cap_lines(lines: list[str]) -> list[str]:
    """Return at most so many lines that they fit a terminal, and how many there are besides."""
    more = len(lines) - _MOST_LINES
    return (
        lines if more <= 0 else [*lines[:_MOST_LINES], f"and {more} lines more, which the report has (lync_report_dir)"]
    )


def _group_by_device(items: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return lines of (device, object, detail).

    Objects with one detail share a line, and so do devices that have the same.
    """
    objects: dict[tuple[str, str], list[str]] = {}
    for device, item, detail in items:
        objects.setdefault((device, detail), []).append(item)
    devices: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (device, detail), names in objects.items():
        devices.setdefault((detail, tuple(dict.fromkeys(names))), []).append(device)
    return [_join_line(names, list(filter(None, found)), detail) for (detail, found), names in devices.items()]


def _join_alike(items: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return lines of (device, object, detail), one for each object and detail with all devices that have it."""
    devices: dict[tuple[str, str], list[str]] = {}
    for device, item, detail in items:
        devices.setdefault((item, detail), []).append(device)
    texts = {key: f"{key[0]}{f' ({key[1]})' if key[1] else ''}" for key in devices}
    return [f"{shortened(names)}: {texts[key]}" for key, names in devices.items()]


def _join_line(devices: Sequence[str], objects: Sequence[str], detail: str) -> str:
    count = f" ({len(objects)})" if len(objects) > 1 else ""
    parts = [shortened(devices), f"{printed(shortened(objects))}{count}", printed("; ".join(detail.split("\n")))]
    return ": ".join(filter(None, parts))


def _tell_after(summary: RunSummary) -> Iterator[str]:
    run = summary.run
    yield from _tell_read_again(summary)
    yield from _tell_cut(summary)
    yield from (f"not closed yet: {name}: {'; '.join(why)}" for name, why in run.held.items())
    yield from _tell_probes(summary)
    yield from _tell_members(summary)
    if summary.is_done:
        yield "A second run changes nothing on what was read again; to see it:"
        yield indented(run.command.line("site", "--check"))
    yield from _tell_rollback(summary)
    if run.directory:
        yield f"Report: {run.directory}"
    reported = list(_choose_reported(summary))
    unfinished = [
        (part.device, "", f"{part.status.value}: {part.message}") for part in reported if not part.status.is_done
    ]
    counts_not = [
        (part.device, name, f"not as planned: {why}")
        for part in reported
        if part.status.is_done
        for name, why in part.not_counting
    ]
    yield from _cap_lines(_group_by_device([*unfinished, *counts_not]))


def _tell_cut(summary: RunSummary) -> Iterator[str]:
    """Yield who was connected and is no longer admitted, or may not be."""
    parts = (part for part in summary.parts if part.status is not Status.FAILED)
    found = [reason for part in parts for reason in part.reasons if reason.risk is Risk.CUT]
    if found:
        yield "Cut by this run:"
        yield from map(
            indented, _cap_lines(_group_by_device((reason.device, reason.item, reason.detail) for reason in found))
        )


def _choose_reported(summary: RunSummary) -> Iterator[Part]:
    """Yield the unfinished parts; of a device that failed, not what was left alone because of it."""
    left = (*LEFT_ALONE, Status.NOT_CLOSED)
    known = {part.device for part in summary.unfinished if part.status not in left} | set(summary.run.held)
    yield from (part for part in summary.unfinished if part.status not in left or part.device not in known)


def _tell_read_again(summary: RunSummary) -> Iterator[str]:
    changed = dict.fromkeys(part.device for part in summary.parts if part.status is Status.CHANGED and part.is_done)
    if changed:
        yield f"Read again after the change and equal to the plan: {shortened(list(changed))}."


def _tell_probes(summary: RunSummary) -> Iterator[str]:
    found = summary.run.probes
    if found is None:
        yield "Probes: not made; -e lync_verify=true makes them before and after the change, or run:"
        yield indented(summary.run.command.line("verify"))
        return
    yield f"Probes: {found.text}."
    yield from map(indented, _cap_lines([f"worse: {item.text}" for item in found.broken]))
    yield from map(indented, _cap_lines([f"still: {item.text}" for item in found.wrong]))


def _tell_members(summary: RunSummary) -> Iterator[str]:
    """Yield what members of load balancers are set to do, and how many answer where that was asked."""
    run, parts = summary.run, summary.parts
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part.members)
    if not total:
        return
    states = ", ".join(f"{number} {state}" for state, number in sorted(total.items()))
    up, asked = run.probes.members_up(run.balancers) if run.probes else (0, 0)
    well, unwell = sum(part.up for part in parts), [f"{part.device}: {name}" for part in parts for name in part.down]
    health = f"; {well} are up and {len(unwell)} down for HAProxy" if well or unwell else ""
    answers = f"; {up} of {asked} hosts answer the load balancers" if asked else ""
    yield f"Members of virtual services: {states}{health}{answers}."
    yield from map(indented, _cap_lines([f"down: {name}" for name in unwell]))
