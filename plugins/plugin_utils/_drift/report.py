# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One report over all devices: is what runs what the plan says?

    report = Report.of([result of a comparison, ...], context)
    report.status        # Status.DRIFT
    report.document()    # plugins/plugin_utils/_drift/data/lync_drift.schema.json

A device that could not be asked hides no other one, and is never "as planned"; nor is one that was expected to answer
and did not.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from .._base.untyped import mapping
from .._firewall.windows.builds import unproven
from .._plan.documents import COLLECTION, VERSION
from .._plan.model import HostPlan
from .._rollout import results
from .._rollout.outcome import Verdict
from .._rollout.results import Concern, TaskResult
from .deviations import NOTES, Acceptance, Class, Deviation, accepted_by, deviations_of, ending

SCHEMA_VERSION = 1


class Status(str, Enum):
    """What is known of a device in one respect, or of all together."""

    CLEAN = "clean"
    DRIFT = "drift"
    UNKNOWN = "unknown"
    UNREACHABLE = "unreachable"
    FAILED = "failed"

    @property
    def verdict(self) -> Verdict:
        """Return what it comes to at the end of a run that repairs nothing."""
        return {Status.CLEAN: Verdict.DONE, Status.DRIFT: Verdict.DIFFERS}.get(self, Verdict.UNKNOWN)


# What could not be compared; a device that was stopped or handed scripts to was not asked either.
_NOT_KNOWN = {
    results.Status.UNREACHABLE: Status.UNREACHABLE,
    results.Status.FAILED: Status.FAILED,
    results.Status.UNKNOWN: Status.UNKNOWN,
    results.Status.STOPPED: Status.UNKNOWN,
}


@dataclass(frozen=True)
class Found:
    """A deviation with what else is known of it; since: when it was seen first."""

    deviation: Deviation
    since: datetime.datetime
    acceptance: Acceptance | None = None
    days_left: int = 0

    @property
    def counts(self) -> bool:
        """Return whether it is drift: not accepted, and no note."""
        return self.acceptance is None and self.deviation.kind not in NOTES

    def document(self) -> dict[str, object]:
        """Return it as the schema has it."""
        item = self.deviation
        accepted = None if self.acceptance is None else _acceptance_document(self.acceptance, self.days_left)
        return {
            "concern": item.concern.value,
            "class": item.kind.value,
            "name": item.name,
            "reason": item.reason,
            "properties": [{"name": one.name, "before": one.before, "after": one.after} for one in item.properties],
            "too_narrow": item.too_narrow,
            "too_wide": item.too_wide,
            "recreates": item.recreates,
            "since": _time(self.since),
            "accepted": accepted,
            "counts": self.counts,
        }


@dataclass(frozen=True)
class Checked:
    """One concern of one device; message: why nothing is known, or not all.

    problem: the same in short, in place of the status. due: what is as planned and to be written again all the same,
    as records that are scavenged otherwise. unproven: builds of Windows on which nobody has shown how the product
    behaves, as sentences.
    """

    concern: Concern
    status: Status
    found: tuple[Found, ...] = ()
    message: str = ""
    problem: str = ""
    due: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """What a report is made with.

    now: with time zone. hosts: of the plan, by name. acceptances: of the inventory. seen: when a deviation's key was
    seen first. pending: how the computed plan differs from the approved one, a line each. reference: of the change,
    for the log.
    """

    now: datetime.datetime
    hosts: Mapping[str, HostPlan]
    acceptances: Sequence[Acceptance] = ()
    seen: Mapping[tuple[str, str, str, str], datetime.datetime] = field(default_factory=dict)
    pending: Sequence[str] = ()
    approved: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Report:
    """What was found on each device, and what all of it comes to."""

    context: Context
    devices: Mapping[str, tuple[Checked, ...]]

    @classmethod
    def of(cls, found: Iterable[TaskResult], context: Context) -> Report:
        """Return the report of comparisons, several results of one concern as one."""
        grouped: dict[str, dict[Concern, list[TaskResult]]] = {}
        for result in found:
            grouped.setdefault(result.device, {}).setdefault(result.concern.whole, []).append(result)
        devices = {name: _checked_device(grouped[name], context) for name in sorted(grouped)}
        return cls(context, devices)

    @property
    def found(self) -> Iterator[Found]:
        """Yield everything found, by device and concern."""
        return (item for checked in self.checked for item in checked.found)

    @property
    def checked(self) -> Iterator[Checked]:
        """Yield every concern of every device."""
        return (checked for items in self.devices.values() for checked in items)

    @property
    def status(self) -> Status:
        """Return the worst of all: what is not known stands before drift; nobody asked is not known."""
        return worst(checked.status for checked in self.checked) if self.devices else Status.UNKNOWN

    def statuses(self) -> dict[str, Status]:
        """Return the status of each device."""
        return {name: worst(item.status for item in items) for name, items in self.devices.items()}

    def verdicts(self) -> dict[str, Verdict]:
        """Return the verdict of each device when nothing is repaired."""
        return {name: status.verdict for name, status in self.statuses().items()}

    def counts(self) -> dict[str, int]:
        """Return how many deviations there are of each class, accepted ones left out, and how many are accepted."""
        counted = Counter(item.deviation.kind.value for item in self.found if item.acceptance is None)
        accepted = sum(item.acceptance is not None for item in self.found)
        return {**{kind.value: counted[kind.value] for kind in Class}, "accepted": accepted}

    def document(self) -> dict[str, object]:
        """Return the report as plain data that keeps plugins/plugin_utils/_drift/data/lync_drift.schema.json."""
        context = self.context
        today = context.now.date()
        return {
            "schema": SCHEMA_VERSION,
            "collection": COLLECTION,
            "version": VERSION,
            "made": _time(context.now),
            "change_reference": context.reference,
            "approved_plan": context.approved,
            "status": self.status.value,
            "counts": self.counts(),
            "devices": [self._device(name) for name in self.devices],
            "pending": list(context.pending),
            "acceptances_ending": [
                _acceptance_document(item, item.days_left(today)) for item in ending(context.acceptances, today)
            ],
        }

    def _device(self, name: str) -> dict[str, object]:
        host, items = self.context.hosts.get(name), self.devices[name]
        return {
            "device": name,
            "kind": host.platform if host else _kind_of(items),
            "roles": list(host.roles) if host else [],
            "pool": (host.pool if host else None) or "",
            "status": self.statuses()[name].value,
            "concerns": [
                {"concern": item.concern.value, "status": item.status.value, "message": item.message} for item in items
            ],
            "deviations": [found.document() for item in items for found in item.found],
        }


def _kind_of(items: Iterable[Checked]) -> str:
    """Return what no host stands for: a part of the topology, or all DNS servers together."""
    return "topology" if any(item.concern is Concern.TOPOLOGY for item in items) else "dns"


def worst(statuses: Iterable[Status]) -> Status:
    """Return the status of several together; clean when there are none."""
    order = list(Status)
    return max(statuses, key=order.index, default=Status.CLEAN)


def _checked_device(concerns: Mapping[Concern, Sequence[TaskResult]], context: Context) -> tuple[Checked, ...]:
    return tuple(
        _check_concern(concern, concerns[concern], context) for concern in sorted(concerns, key=lambda one: one.value)
    )


def _check_concern(concern: Concern, own: Sequence[TaskResult], context: Context) -> Checked:
    """Return what the results of one concern of a device come to; a part that is not known leaves all of it unknown."""
    unknown = next((result for result in own if result.status in _NOT_KNOWN), None)
    if unknown is not None:
        status, problem = _NOT_KNOWN[unknown.status], str(unknown.document.get("problem") or "")
        message = unknown.message or "no reason given"
        return Checked(concern, status, _found_in_part(own, context), message=message, problem=problem)
    found = tuple(_date_deviation(deviation, context) for result in own for deviation in deviations_of(result))
    due = tuple(text for result in own for text in result.texts("due"))
    status = Status.DRIFT if any(item.counts for item in found) else Status.CLEAN
    unproven_builds = tuple(one for result in own for one in unproven_in(result))
    return Checked(concern, status, found, due=due, unproven=unproven_builds)


def _found_in_part(own: Sequence[TaskResult], context: Context) -> tuple[Found, ...]:
    """Return what is known to differ where an account was told a part of a device, and said which it was not."""
    told = (result for result in own if result.document.get("not_read"))
    return tuple(_date_deviation(deviation, context) for result in told for deviation in deviations_of(result))


def unproven_in(result: TaskResult) -> tuple[str, ...]:
    """Return that nobody has shown how the product behaves on the build of Windows that a result tells, if so."""
    build = str(mapping(result.document.get("host")).get("build") or "")
    return tuple(filter(None, [unproven(build)])) if build else ()


def _date_deviation(deviation: Deviation, context: Context) -> Found:
    today = context.now.date()
    acceptance = accepted_by(deviation, context.acceptances, today)
    since = context.seen.get(deviation.key, context.now)
    return Found(deviation, since, acceptance, acceptance.days_left(today) if acceptance else 0)


def _acceptance_document(item: Acceptance, days_left: int) -> dict[str, object]:
    return {
        "device": item.device,
        "name": item.name,
        "owner": item.owner,
        "reason": item.reason,
        "ticket": item.ticket,
        "expires": item.expires.isoformat(),
        "days_left": days_left,
    }


def _time(moment: datetime.datetime) -> str:
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
