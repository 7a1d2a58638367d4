# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A drift report for a terminal: a line per deviation, and one that counts them."""

from __future__ import annotations

from collections.abc import Iterator

from .._drift.report import Report, Status
from .._rollout.outcome import counted


def drift_text(report: Report) -> str:
    """Return what counts, what could not be told, what is accepted and pending, and a line that sums it up."""
    lines = [f"{device}: {item.deviation.words}" for device, checked in report.devices.items() for one in checked for item in one.found if item.counts]
    return "\n".join([*lines, *_not_told(report), *_accepted(report), *(f"pending: {line}" for line in report.context.pending), _sum(report)])


def _not_told(report: Report) -> Iterator[str]:
    for device, checked in report.devices.items():
        yield from (f"could not tell: {device}: {item.status.value}: {item.message}" for item in checked if item.message)


def _accepted(report: Report) -> Iterator[str]:
    for item in report.found:
        if item.acceptance is not None:
            accepted = f"accepted by {item.acceptance.owner} until {item.acceptance.expires} ({item.acceptance.ticket})"
            yield f"{accepted}: {item.deviation.device}: {item.deviation.words}"


def _sum(report: Report) -> str:
    drifted = sum(any(item.status is Status.DRIFT for item in checked) for checked in report.devices.values())
    number = sum(item.counts for item in report.found)
    return f"Drift: {counted(number, 'deviation')} on {drifted} of {counted(len(report.devices), 'device')}."
