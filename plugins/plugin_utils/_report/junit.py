# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A drift report as JUnit XML, which build servers and schedulers show: a suite per device, a case per concern.

A deviation that counts is a failure, a device that could not be asked an error, an accepted deviation and a note are told in
system-out.
"""

from __future__ import annotations

from xml.etree import ElementTree as XML

from .._drift.report import Checked, Report, Status


def junit(report: Report) -> str:
    """Return the report as the text of a JUnit file."""
    root = XML.Element("testsuites", name="msuc.lync drift")
    for device, items in report.devices.items():
        failures, errors = _count(items, Status.DRIFT), _count(items, Status.UNREACHABLE) + _count(items, Status.FAILED)
        suite = XML.SubElement(root, "testsuite", name=device, tests=str(len(items)), failures=str(failures), errors=str(errors))
        for checked in items:
            _case(suite, device, checked)
    XML.indent(root)
    return XML.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _count(items: tuple[Checked, ...], status: Status) -> int:
    return sum(item.status is status for item in items)


def _case(suite: XML.Element, device: str, checked: Checked) -> None:
    case = XML.SubElement(suite, "testcase", classname=device, name=checked.concern)
    drift = [item.deviation.words for item in checked.found if item.counts]
    told = [f"{'accepted' if item.acceptance else 'note'}: {item.deviation.words}" for item in checked.found if not item.counts]
    if checked.message:
        _text(case, "error", [checked.message], checked.status.value)
    if drift:
        _text(case, "failure", drift, f"{len(drift)} deviation{'' if len(drift) == 1 else 's'}")
    if told:
        XML.SubElement(case, "system-out").text = _printable("\n".join(told))


def _text(case: XML.Element, tag: str, lines: list[str], message: str) -> None:
    XML.SubElement(case, tag, message=message).text = _printable("\n".join(lines))


def _printable(text: str) -> str:
    """Return a text without the characters that XML does not have."""
    return "".join(character for character in text if character in "\n\t" or character >= " ")
