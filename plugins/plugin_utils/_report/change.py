# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A change as one document for whoever approves it: change.json, and change.md for people.

    document = change_document(summary, made, durations)        # data/lync_change.schema.json
    change_text(document)

made: by device and concern the changes as the tasks return them. durations: seconds of earlier runs that changed
something, the newest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from .._base.screen import hosts_text
from .._base.untyped import counted, mapping, mappings, printed, text, texts
from .._plan.documents import COLLECTION, VERSION
from .._rollout.results import Concern
from .run_parts import NAMES, RiskLevel, Status
from .run_rollback import rollback_lines
from .run_summary import RunSummary

FILE, TEXT_FILE = "change.json", "change.md"
_SCHEMA = 1
_Made = Mapping[tuple[str, str], Sequence[Mapping[str, object]]]


def change_document(summary: RunSummary, made: _Made, durations: Sequence[float]) -> dict[str, object]:
    """Return what a run would do as plain data that keeps data/lync_change.schema.json."""
    run = summary.run
    return {
        "schema": _SCHEMA,
        "collection": COLLECTION,
        "version": VERSION,
        "made": run.made,
        "change_reference": run.reference,
        "word": summary.outcome,
        "reasons": [{**reason.document(), "meaning": reason.risk.meaning} for reason in summary.reasons],
        "plan": {"digest": run.digest, "hosts": run.hosts, "pools": run.pools, "approved": run.is_approved},
        "pending": list(run.pending),
        "devices": _devices(summary, made),
        "seconds_of_earlier_runs": [round(seconds, 1) for seconds in durations],
        "apply": run.command.line("site"),
        "test": [run.command.line("verify"), run.command.line("drift"), run.command.line("site", "--check")],
        "back_out": rollback_lines(summary.parts, run.command, run.directory, would=True),
    }


def _devices(summary: RunSummary, made: _Made) -> list[dict[str, object]]:
    """Return each device that changes with what changes and why, and who could notice."""
    noticed: dict[str, list[str]] = {}
    for reason in summary.reasons:
        if reason.risk.level is RiskLevel.NEEDS_WINDOW:
            words = (reason.item, reason.risk.meaning, reason.detail and f"({reason.detail})")
            noticed.setdefault(reason.device, []).append(" ".join(filter(None, words)))
    changing = [part for part in summary.parts if part.status is Status.CHANGED]
    found: dict[str, list[dict[str, object]]] = {}
    for part in changing:
        changes = [_change(item) for item in made.get((part.device, part.concern.value), ())]
        found.setdefault(part.device, []).append({"concern": part.concern.value, "changes": changes})
    return [
        {"device": name, "concerns": concerns, "could_notice": noticed.get(name, [])}
        for name, concerns in found.items()
    ]


def _change(item: Mapping[str, object]) -> dict[str, str]:
    keys = {"object": "name", "kind": "kind", "why": "reason"}
    effect = text(item.get("effect") or item.get("impact"))
    return {**{key: text(item.get(own)) for key, own in keys.items()}, "effect": effect}


def change_text(document: Mapping[str, object]) -> str:
    """Return a change as Markdown, a section for each question of a change ticket."""
    reference = text(document["change_reference"])
    plan = mapping(document["plan"])
    approved = ", approved" if plan["approved"] else ""
    devices = mappings(document["devices"])
    noticed = [(line, text(device["device"])) for device in devices for line in texts(device["could_notice"])]
    sections = {
        f"Change {reference}".rstrip(): [
            f"**{document['word']}**: {_MEANINGS[text(document['word'])]}",
            f"Plan `{plan['digest']}`{approved}, {counted(int(text(plan['hosts'])), 'host')}, {document['collection']} "
            f"{document['version']}, looked at {document['made']}.",
        ],
        "What changes, and why": [*_shared(_changes(devices))] or ["Nothing."],
        "Who could notice": [*_shared(noticed)] or ["Nobody: nothing that may be in use ends."],
        "Reasons": list(_shared(_reasons(mappings(document["reasons"])))),
        "Not part of it": list(_bulleted(texts(document["pending"]))),
        "How long": [_duration(document["seconds_of_earlier_runs"])],
        "Apply": _code([text(document["apply"])]),
        "Test": _code(texts(document["test"])),
        "Back out": _code(texts(document["back_out"])) if document["back_out"] else ["Nothing is written."],
    }
    filled = {title: lines for title, lines in sections.items() if lines}
    marks = ["#", *["##"] * (len(filled) - 1)]
    blocks = zip(marks, filled.items(), strict=True)
    return "\n\n".join("\n\n".join([f"{mark} {title}", "\n".join(lines)]) for mark, (title, lines) in blocks) + "\n"


_MEANINGS = {
    RiskLevel.SAFE.value: "nothing that may be in use ends.",
    RiskLevel.NEEDS_WINDOW.value: "something that may be in use ends, or the plan relies on what does not hold.",
    RiskLevel.REFUSED.value: "a device refuses, or nobody can tell what it would do.",
}


def _changes(devices: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    """Yield each change as a line, and its device."""
    for device in devices:
        for concern in mappings(device["concerns"]):
            called = NAMES[Concern(concern["concern"])]
            for item in mappings(concern["changes"]):
                more = "; ".join(filter(None, (text(item["why"]), text(item["effect"]))))
                name = text(item["object"]).replace("`", "'")
                line = f"{called}: {item['kind']} `{name}`{f' ({more})' if more else ''}"
                yield line, text(device["device"])


def _reasons(reasons: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    for reason in reasons:
        words = (text(reason["object"]), text(reason["meaning"]), reason["detail"] and f"({reason['detail']})")
        yield f"{reason['level']}: {' '.join(filter(None, map(text, words)))}", text(reason["device"])


def _shared(found: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the lines as items of a list; devices with the same line share it."""
    devices: dict[str, list[str]] = {}
    for line, device in found:
        devices.setdefault(line, []).append(device)
    return _bulleted(f"{hosts_text(names)}: {line}" for line, names in devices.items())


def _bulleted(lines: Iterable[str]) -> Iterator[str]:
    return (f"* {printed(' '.join(line.split()))}" for line in lines)


def _code(lines: Sequence[str]) -> list[str]:
    return ["```", *map(printed, lines), "```"]


def _duration(found: object) -> str:
    seconds = [float(text(item)) for item in found] if isinstance(found, (list, tuple)) else []
    if not seconds:
        return "Not known: no earlier run of `site.yml` with this `lync_report_dir` changed anything."
    span = f"{min(seconds):.0f} to {max(seconds):.0f} s" if len(seconds) > 1 else f"{seconds[0]:.0f} s"
    return f"{span}, as the last {counted(len(seconds), 'run')} that changed something."
