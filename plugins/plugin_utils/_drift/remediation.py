# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which deviations a run may repair, what stands against the others, and what the repair does to each device.

    decide(deviations, Limits(unattended=True, ...), now)
    -> Decision(repaired=(...), left=((deviation, "it needs an attended run: ..."),))
    remediation(report, limits, now).repairs
    -> {"fe02": {"firewall": Repair(whole=True)}, "fe03": {"firewall": Repair(names=("SIP",), extra=("test",))}}

An attended run repairs what its classes name, by default everything. An unattended run repairs only what is missing,
disabled or narrowed, so that it can open what was planned and never ends what somebody may rely on.
Where everything of ours that differs may be repaired, the module makes all of it as planned; otherwise it is given just
the items that may be. Load balancers, reverse proxies and DNS are repaired as a whole or not at all.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._base.errors import InvalidInputError, Problem, one_of, shown
from .._rollout.outcome import Verdict
from .._rollout.results import Concern
from .deviations import OF_OTHERS, REPAIRABLE, Class, Deviation
from .report import Found, Report

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(
    r"""
    ^(?:(?P<days>[a-z]{3}(?:-[a-z]{3})?  # a day, or two with a dash
    (?:,[a-z]{3}(?:-[a-z]{3})?)*)\ )?    # further ones; without any: all days
    (?P<first>\d\d:\d\d)-(?P<last>\d\d:\d\d)$
    """,
    re.VERBOSE,
)
_MINUTES_OF_DAY = 24 * 60
_SECONDS_OF_HOUR = 3600
_WHOLE_ONLY = frozenset({Concern.LOAD_BALANCER, Concern.PUBLICATIONS, Concern.DNS})
_TOGETHER = "it is repaired only together with all else that differs there"
_LEFT_TO_SITE = {
    Class.RECREATED: "an update of the product makes it again; disable it with site.yml, or accept it",
    Class.FOREIGN: "somebody else made it, and repairs write our own alone; disable it with site.yml, or accept it",
}
Hours = Callable[[Deviation], float]


@dataclass(frozen=True)
class Window:
    """When a run may write: on these days of the week (Monday is 0), from a minute of the day until before another one.

    A window that ends before it starts goes on after midnight.
    """

    days: frozenset[int]
    first_minute: int
    last_minute: int

    @classmethod
    def parse(cls, text: str) -> Window:
        """Return the window of a text like "mon-fri 22:00-05:00"; raises ValueError that says how one is written."""
        match = _WINDOW.match(text.strip().lower())
        if match is None:
            raise ValueError(f"{shown(text)} is not a window; write it as 22:00-05:00 or mon-fri 22:00-05:00")
        return cls(_parse_days(match["days"]), _parse_minute(match["first"]), _parse_minute(match["last"]))

    def holds(self, now: datetime.datetime) -> bool:
        """Return whether a moment of local time is in the window."""
        minute, day = now.hour * 60 + now.minute, now.weekday()
        if self.first_minute < self.last_minute:
            return day in self.days and self.first_minute <= minute < self.last_minute
        is_evening = day in self.days and minute >= self.first_minute
        return is_evening or ((day - 1) % 7 in self.days and minute < self.last_minute)


def _parse_days(text: str | None) -> frozenset[int]:
    if not text:
        return frozenset(range(7))
    found: set[int] = set()
    for part in text.split(","):
        first, _dash, last = part.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise ValueError(f"{shown(part)} are no days; write {', '.join(_DAYS)}, or two of them with a dash")
        start = _DAYS.index(first)
        count = (_DAYS.index(last or first) - start) % 7 + 1
        found.update((start + offset) % 7 for offset in range(count))
    return frozenset(found)


def _parse_minute(text: str) -> int:
    hours, minutes = map(int, text.split(":"))
    if hours * 60 + minutes > _MINUTES_OF_DAY or minutes > 59:
        raise ValueError(f"{shown(text)} is not a time of day; write 00:00 to 24:00")
    return hours * 60 + minutes


@dataclass(frozen=True)
class Limits:
    """What a remediation is allowed.

    classes: of deviations; all that can be repaired when empty. concerns: all when empty. after_hours: a deviation must
    have been seen for so long. max_changes: of one device; 0 for no limit. window: when to write; None for always.
    """

    classes: frozenset[Class] = frozenset()
    concerns: frozenset[str] = frozenset()
    unattended: bool = False
    after_hours: float = 0
    max_changes: int = 0
    window: Window | None = None


@dataclass(frozen=True)
class Decision:
    """What is repaired, what is left and why, and the devices on which a limit stopped a repair."""

    repaired: tuple[Deviation, ...] = ()
    left: tuple[tuple[Deviation, str], ...] = ()
    limited: frozenset[str] = frozenset()


def read_limits(options: Mapping[str, object]) -> Limits:
    """Return the limits of the options classes, concerns, unattended, approved, after_hours, max_changes, window.

    Raises InvalidInputError with every problem; unattended without an approved plan is one.
    """
    problems: list[Problem] = []
    classes = _read_classes(options.get("classes"), problems)
    window = _read_window(options.get("window"), problems)
    if options.get("unattended") and not options.get("approved"):
        fix = "set lync_approved_plan to the directory of the plan that somebody approved"
        problems.append(Problem("lync_unattended", "an unattended remediation has no approved plan to go by", fix=fix))
    names = ("after_hours", "max_changes")
    numbers = {name: _read_limit(f"lync_remediate_{name}", options.get(name), problems) for name in names}
    if problems:
        raise InvalidInputError(problems)
    concerns = frozenset(map(str, _split_items(options.get("concerns"))))
    is_unattended = bool(options.get("unattended"))
    return Limits(classes, concerns, is_unattended, numbers["after_hours"], int(numbers["max_changes"]), window)


def _split_items(value: object) -> Sequence[object]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [item.strip() for item in value.split(",")]
    return value if isinstance(value, Sequence) else [value]


def _read_classes(value: object, problems: list[Problem]) -> frozenset[Class]:
    names = list(map(str, _split_items(value)))
    allowed = {kind.value for kind in REPAIRABLE}
    place, fix = "lync_remediate_classes", "name these only"
    wrong = [name for name in names if name not in allowed]
    problems += [Problem(place, f"{shown(name)} cannot be repaired", one_of(allowed), fix) for name in wrong]
    return frozenset(Class(name) for name in names if name in allowed)


def _read_window(value: object, problems: list[Problem]) -> Window | None:
    try:
        return Window.parse(str(value)) if value else None
    except ValueError as error:
        problems.append(Problem("lync_remediate_window", str(error)))
        return None


def _read_limit(place: str, value: object, problems: list[Problem]) -> float:
    if value is None or value == "":
        return 0
    try:
        number = math.nan if isinstance(value, bool) else float(str(value))
    except ValueError:
        number = math.nan
    if 0 <= number < math.inf:
        return number
    problems.append(Problem(place, f"{shown(value)} is not a number of 0 or more", fix="write one, or leave it out"))
    return 0


@dataclass
class _Count:
    """How many changes each device has been allowed so far."""

    of_device: dict[str, int] = field(default_factory=dict)

    def is_full(self, deviation: Deviation, most: int) -> bool:
        """Return whether a device has had so many changes, and count this one."""
        used = self.of_device.get(deviation.device, 0)
        self.of_device[deviation.device] = used + 1
        return bool(most) and used >= most


def decide(
    deviations: Iterable[Deviation],
    limits: Limits,
    now: datetime.datetime,
    seen_hours: Hours = lambda _deviation: 0.0,
) -> Decision:
    """Return what may be repaired at a moment of local time; seen_hours: for how long a deviation has been known."""
    count = _Count()
    repaired: list[Deviation] = []
    left: list[tuple[Deviation, str]] = []
    limited: set[str] = set()
    for deviation in deviations:
        why = _explain_refusal(deviation, limits)
        limit = "" if why else _explain_limit(deviation, limits, now, seen_hours(deviation), count)
        if limit:
            limited.add(deviation.device)
        if why or limit:
            left.append((deviation, why or limit))
        else:
            repaired.append(deviation)
    return Decision(tuple(repaired), tuple(left), frozenset(limited))


def _explain_refusal(deviation: Deviation, limits: Limits) -> str:
    """Return why no run with these limits repairs it, whenever it comes; empty when one may."""
    if deviation.kind in OF_OTHERS:
        return _LEFT_TO_SITE[deviation.kind]
    if not deviation.is_repairable:
        return "its cause is nothing that this collection owns"
    if limits.classes and deviation.kind not in limits.classes:
        return f"class {deviation.kind.value} is not in lync_remediate_classes"
    if limits.concerns and deviation.concern.value not in limits.concerns:
        return f"concern {deviation.concern.value} is not in lync_remediate_concerns"
    return _explain_attendance(deviation) if limits.unattended else ""


def _explain_attendance(deviation: Deviation) -> str:
    """Return why only an attended run may repair it, since that ends something; empty when any run may."""
    if deviation.recreates:
        return "it needs an attended run: the repair recreates a virtual"
    if deviation.notice:
        return f"it needs an attended run: the repair {deviation.notice}"
    only_opens = deviation.too_narrow and not deviation.too_wide
    if deviation.kind in (Class.MISSING, Class.DISABLED) or only_opens:
        return ""
    return "it needs an attended run: the repair ends what the device admits now"


def _explain_limit(
    deviation: Deviation, limits: Limits, now: datetime.datetime, seen_hours: float, count: _Count
) -> str:
    if limits.window is not None and not limits.window.holds(now):
        return "it is not within lync_remediate_window"
    if seen_hours < limits.after_hours:
        return f"it has been seen for {seen_hours:.1f} hours only, lync_remediate_after_hours is {limits.after_hours:g}"
    if count.is_full(deviation, limits.max_changes):
        return f"the device has had its {limits.max_changes} changes (lync_remediate_max_changes)"
    return ""


@dataclass(frozen=True)
class Repair:
    """What is done to one concern of one device: all of it, or the wanted items of names and the removal of extra."""

    whole: bool = False
    names: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remediation:
    """What a run repairs, and what it does not.

    repairs: by device and concern. left: what it leaves and why, a line each. verdicts: of each device when all
    repairs succeed.
    """

    repairs: Mapping[str, Mapping[str, Repair]]
    left: tuple[str, ...]
    verdicts: Mapping[str, Verdict]


def remediation(report: Report, limits: Limits, local_now: datetime.datetime) -> Remediation:
    """Return what to do about a report; local_now: local time, in which the window of the limits is meant."""
    since = {item.deviation.key: item.since for item in report.found}
    decision = decide(
        [item.deviation for item in report.found if item.counts],
        limits,
        local_now,
        lambda deviation: (report.context.now - since[deviation.key]).total_seconds() / _SECONDS_OF_HOUR,
    )
    decision = _drop_partial_repairs(report, decision)
    left = tuple(f"left: {item.device}: {item.text}: {why}" for item, why in decision.left)
    repairs = _with_due(_repairs(report, decision), report, decision, limits, local_now)
    return Remediation(repairs, left, _verdicts(report, decision))


def _with_due(
    repairs: dict[str, dict[str, Repair]],
    report: Report,
    decision: Decision,
    limits: Limits,
    now: datetime.datetime,
) -> dict[str, dict[str, Repair]]:
    """Return repairs with the devices that need nothing but to be written again.

    That ends nothing, so unattended runs do it; where something has to stay as it is, a whole repair would change it.
    """
    if limits.window is not None and not limits.window.holds(now):
        return repairs
    held_back = _held_back(report, decision)
    for device, concerns in report.devices.items():
        for checked in concerns:
            is_meant = not limits.concerns or checked.concern.value in limits.concerns
            if checked.due and is_meant and (device, checked.concern) not in held_back:
                repairs.setdefault(device, {}).setdefault(checked.concern.value, Repair(whole=True))
    return repairs


def _drop_partial_repairs(report: Report, decision: Decision) -> Decision:
    """Return the decision without repairs of a part of what is repaired as a whole only."""
    held_back = _held_back(report, decision)
    whole = (item for item in decision.repaired if item.concern in _WHOLE_ONLY)
    parted = [item for item in whole if (item.device, item.concern) in held_back]
    kept = tuple(item for item in decision.repaired if not any(item is one for one in parted))
    return replace(decision, repaired=kept, left=(*decision.left, *((item, _TOGETHER) for item in parted)))


def _held_back(report: Report, decision: Decision) -> set[tuple[str, Concern]]:
    """Return the concerns of devices of which something has to stay as it is."""
    # Values of their properties may be lists, which have no hash.
    chosen = {id(item) for item in decision.repaired}
    staying = (item.deviation for item in report.found if _is_held_back(item, chosen))
    return {(deviation.device, deviation.concern) for deviation in staying}


def _repairs(report: Report, decision: Decision) -> dict[str, dict[str, Repair]]:
    grouped: dict[tuple[str, Concern], list[Deviation]] = {}
    for item in decision.repaired:
        grouped.setdefault((item.device, item.concern), []).append(item)
    held_back = _held_back(report, decision)
    repairs: dict[str, dict[str, Repair]] = {}
    for (device, concern), items in grouped.items():
        repairs.setdefault(device, {})[concern.value] = _plan_repair(items, whole=(device, concern) not in held_back)
    return repairs


def _is_held_back(item: Found, chosen: set[int]) -> bool:
    """Return whether an item must stay as it is; notes and rules of others are nothing that a repair would change."""
    return item.deviation.is_repairable and id(item.deviation) not in chosen


def _plan_repair(items: list[Deviation], whole: bool) -> Repair:
    if whole:
        return Repair(whole=True)
    extra = tuple(sorted({item.name for item in items if item.kind is Class.EXTRA}))
    return Repair(names=tuple(sorted({item.name for item in items} - set(extra))), extra=extra)


def _verdicts(report: Report, decision: Decision) -> dict[str, Verdict]:
    left = {item.device for item, _why in decision.left}
    verdicts = report.verdicts()
    for name, verdict in verdicts.items():
        if verdict is Verdict.DIFFERS and name in decision.limited:
            verdicts[name] = Verdict.LIMITED
        elif verdict is Verdict.DIFFERS and name not in left:
            verdicts[name] = Verdict.DONE
    return verdicts
