# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a remediation does to each device, from the decision over its deviations.

    {"fe02": {"firewall": Repair(whole=True)}, "fe03": {"firewall": Repair(names=("SIP",), extra=("test",))}}

Where everything that differs may be repaired, the module makes the whole device as planned; otherwise it is given just
the items that may be. Load balancers and DNS are repaired as a whole or not at all.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .deviations import Class, Deviation
from .remediation import Decision, Limits, decide
from .report import Found, Report, Status, worst

WHOLE_ONLY = frozenset({"load_balancer", "dns"})
_TOGETHER = "it is repaired only together with all else that differs there"
_SECONDS_OF_HOUR = 3600


@dataclass(frozen=True)
class Repair:
    """What is done to one concern of one device: all of it, or the wanted items of names and the removal of extra."""

    whole: bool = False
    names: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remediation:
    """What a run repairs, what it leaves and why, and the status of each device when all repairs succeed."""

    repairs: Mapping[str, Mapping[str, Repair]]
    left: tuple[str, ...]
    verdicts: Mapping[str, str]
    stopped_by_limit: bool


def remediation(report: Report, limits: Limits, local_now: datetime.datetime) -> Remediation:
    """Return what to do about a report; local_now: local time, in which the window of the limits is meant."""
    since = {item.deviation.key: item.since for item in report.found}
    decision = decide(
        [item.deviation for item in report.found if item.counts],
        limits,
        local_now,
        lambda deviation: (report.context.now - since[deviation.key]).total_seconds() / _SECONDS_OF_HOUR,
    )
    decision = _whole(report, decision)
    left = tuple(f"left: {item.device}: {item.words}: {why}" for item, why in decision.left)
    return Remediation(_repairs(report, decision), left, _verdicts(report, decision), decision.stopped_by_limit)


def _whole(report: Report, decision: Decision) -> Decision:
    """Return the decision without repairs of a part of what is repaired as a whole only."""
    held_back = _held_back(report, decision)
    parted = [item for item in decision.repaired if item.concern in WHOLE_ONLY and (item.device, item.concern) in held_back]
    kept = tuple(item for item in decision.repaired if not any(item is one for one in parted))
    return replace(decision, repaired=kept, left=(*decision.left, *((item, _TOGETHER) for item in parted)))


def _held_back(report: Report, decision: Decision) -> set[tuple[str, str]]:
    """Return the concerns of devices of which something has to stay as it is."""
    chosen = {id(item) for item in decision.repaired}  # values of their properties may be lists, which have no hash
    return {(item.deviation.device, item.deviation.concern) for item in report.found if _is_held_back(item, chosen)}


def _repairs(report: Report, decision: Decision) -> dict[str, dict[str, Repair]]:
    grouped: dict[tuple[str, str], list[Deviation]] = {}
    for item in decision.repaired:
        grouped.setdefault((item.device, item.concern), []).append(item)
    held_back = _held_back(report, decision)
    repairs: dict[str, dict[str, Repair]] = {}
    for (device, concern), items in grouped.items():
        repairs.setdefault(device, {})[concern] = _repair(items, whole=(device, concern) not in held_back)
    return repairs


def _is_held_back(item: Found, chosen: set[int]) -> bool:
    """Return whether an item must stay as it is; a note is nothing that a repair would change."""
    return item.deviation.is_repairable and id(item.deviation) not in chosen


def _repair(items: list[Deviation], whole: bool) -> Repair:
    if whole:
        return Repair(whole=True)
    extra = tuple(sorted({item.name for item in items if item.kind is Class.EXTRA}))
    return Repair(names=tuple(sorted({item.name for item in items} - set(extra))), extra=extra)


def _verdicts(report: Report, decision: Decision) -> dict[str, str]:
    left = {item.device for item, _why in decision.left}
    return {name: _verdict(worst(one.status for one in checked), name in left) for name, checked in report.devices.items()}


def _verdict(status: Status, has_left: bool) -> str:
    if status is Status.DRIFT and not has_left:
        return Status.CLEAN.value
    return status.value
