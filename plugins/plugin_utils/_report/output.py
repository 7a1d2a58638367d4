# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reports as files and as text.

A drift report for a terminal and as JUnit XML, the past ones of a folder, and how files are written.

    DIR/drift-2026-11-27T220000Z.json, DIR/drift-2026-11-28T220000Z.json ...

Since when a deviation is there is known from these. A report in which the device could not be asked neither starts
nor ends anything. Files that are no reports are left out.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as XML

from .._base.errors import MALFORMED
from .._base.screen import hosts_text, shortened
from .._base.untyped import counted, printed, printed_lines
from .._drift.report import Checked, Report, Status
from .._plan.names import Names

Key = tuple[str, str, str, str]
_MOST_REPORTS = 400
NOBODY = "no device was asked; --limit or --tags leave out every one"
_KNOWN = (Status.CLEAN.value, Status.DRIFT.value)


def write_files(directory: Path, files: Mapping[str, str]) -> list[str]:
    """Write texts by file name below a directory, each by rename so that no reader sees half of it.

    Returns the paths, sorted.

    Raises OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        temporary = directory / f".{name}.{os.getpid()}"
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(directory / name)
        finally:
            temporary.unlink(missing_ok=True)
    return [str(directory / name) for name in sorted(files)]


def json_text(document: Mapping[str, object]) -> str:
    """Return a document as the text of its file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def drift_text(report: Report, names: Names | None = None) -> str:
    """Return what counts, what is not known, what is accepted and pending, and a line that sums it up.

    Devices with one deviation in common share its line. names: of the addresses of the plan.
    """
    called = names or Names()
    devices: dict[str, list[str]] = {}
    for item in report.found:
        if item.counts:
            devices.setdefault(item.deviation.described(called), []).append(item.deviation.device)
    lines = [f"{hosts_text(found)}: {text}" for text, found in devices.items()]
    pending = [f"pending: {line}" for line in report.context.pending]
    # Concerns that are asked together have their reason in common.
    unknown = dict.fromkeys(map(printed_lines, _unknown_devices(report)))
    return "\n".join(
        [
            *map(printed, lines),
            *unknown,
            *map(printed, [*_tell_acceptances(report, called), *pending, *_tell_unproven(report)]),
            _sum(report),
        ]
    )


def _tell_unproven(report: Report) -> Iterator[str]:
    """Yield each build of Windows on which nobody has shown how the product behaves, with its devices."""
    devices: dict[str, list[str]] = {}
    for device, items in report.devices.items():
        for text in dict.fromkeys(one for checked in items for one in checked.unproven):
            devices.setdefault(text, []).append(device)
    yield from (f"{shortened(names)}: {text}" for text, names in devices.items())


def _unknown_devices(report: Report) -> Iterator[str]:
    for device, checked in report.devices.items():
        for item in checked:
            if item.message:
                yield f"could not tell: {device}: {item.problem or item.status.value}: {item.message}"


def _tell_acceptances(report: Report, names: Names) -> Iterator[str]:
    for item in report.found:
        if item.acceptance is not None:
            by = item.acceptance
            what = f"{item.deviation.device}: {item.deviation.described(names)}"
            yield f"accepted by {by.owner} until {by.expires} ({by.ticket}): {what}"


def _sum(report: Report) -> str:
    if not report.devices:
        return f"Drift: {NOBODY}."
    drifted, number = drift_counts(report)
    devices, left = counted(len(report.devices), "device"), unknown_text(report)
    # Where somebody could not tell, nothing found is not nothing there.
    if left and not number:
        return f"Drift: no deviation is known, and {left}."
    return f"Drift: {counted(number, 'deviation')} on {drifted} of {devices}{f'; {left}' if left else ''}."


def unknown_text(report: Report) -> str:
    """Return how many devices could not tell; empty when all could."""
    unknown = sum(any(item.message for item in checked) for checked in report.devices.values())
    return f"{unknown} of {counted(len(report.devices), 'device')} could not tell" if unknown else ""


def drift_counts(report: Report) -> tuple[int, int]:
    """Return how many devices differ from the plan, and by how many deviations."""
    drifted = sum(any(one.counts for item in checked for one in item.found) for checked in report.devices.values())
    return drifted, sum(item.counts for item in report.found)


def drift_junit(report: Report) -> str:
    """Return the report as the text of a JUnit file, which build servers show: a suite per device, a case per concern.

    A deviation that counts is a failure, a device that is not known an error; what is accepted and notes are in
    system-out.
    """
    root = XML.Element("testsuites", name="msuc.lync drift")
    for device, items in report.devices.items():
        failures = sum(item.status is Status.DRIFT for item in items)
        errors = sum(item.status not in (Status.CLEAN, Status.DRIFT) for item in items)
        counts = {"tests": str(len(items)), "failures": str(failures), "errors": str(errors)}
        suite = XML.SubElement(root, "testsuite", {"name": device, **counts})
        for checked in items:
            _add_concern_case(suite, device, checked)
    XML.indent(root)
    return XML.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_concern_case(suite: XML.Element, device: str, checked: Checked) -> None:
    case = XML.SubElement(suite, "testcase", classname=device, name=checked.concern.value)
    drift = [item.deviation.text for item in checked.found if item.counts]
    others = (item for item in checked.found if not item.counts)
    other = [f"{'accepted' if item.acceptance else 'note'}: {item.deviation.text}" for item in others]
    if checked.message:
        _add_text(case, "error", [checked.message], checked.status.value)
    if drift:
        _add_text(case, "failure", drift, counted(len(drift), "deviation"))
    if other:
        XML.SubElement(case, "system-out").text = _printable("\n".join(other))


def _add_text(case: XML.Element, tag: str, lines: list[str], message: str) -> None:
    XML.SubElement(case, tag, message=message).text = _printable("\n".join(lines))


def _printable(text: str) -> str:
    """Return a text without the characters that XML does not have."""
    return "".join(character for character in text if character in "\n\t" or character >= " ")


def file_name(now: datetime.datetime) -> str:
    """Return the name of a report of a moment, which sorts by time."""
    return f"drift-{now.astimezone(datetime.timezone.utc).strftime('%Y-%m-%dT%H%M%SZ')}.json"


def first_seen(directory: Path, keys: Iterable[Key]) -> dict[Key, datetime.datetime]:
    """Return when each deviation was seen first without having been away since; new ones are left out.

    At most the 400 newest reports are looked at.
    """
    seen: dict[Key, datetime.datetime] = {}
    open_keys = set(keys)
    for made, present, unknown in _reports(directory):
        if not open_keys:
            break
        seen.update((key, made) for key in open_keys & present)
        open_keys = {key for key in open_keys if key in present or key[:2] in unknown}
    return seen


def _reports(directory: Path) -> Iterator[tuple[datetime.datetime, set[Key], set[tuple[str, str]]]]:
    """Yield per report, newest first.

    When it was made, what it found, and which concerns of devices it could not tell.
    """
    for path in sorted(directory.glob("drift-*.json"), reverse=True)[:_MOST_REPORTS]:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            found = _moment(document["made"]), set(_read_keys(document)), set(_read_unknown_concerns(document))
        except (OSError, *MALFORMED):
            continue  # cut off while it was written, or somebody else's
        yield found


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)


def _read_keys(document: Mapping[str, Any]) -> Iterator[Key]:
    for device in document["devices"]:
        for item in device["deviations"]:
            yield (str(device["device"]), item["concern"], item["class"], item["name"])


def _read_unknown_concerns(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for device in document["devices"]:
        for item in device["concerns"]:
            if item["status"] not in _KNOWN:
                yield (str(device["device"]), item["concern"])
