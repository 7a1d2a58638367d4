# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One report over all devices: is what runs what the plan says?

    report = Report.of({"fe02": {"firewall": result of the module in check mode}}, context)
    report.status, report.exit_status     # Status.DRIFT, 2
    report.document()                     # plugins/plugin_utils/_drift/data/lync_drift.schema.json

A device that could not be asked hides no other one, and is never "as planned".
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from .._base.version import COLLECTION, VERSION
from .accepted import Acceptance, accepted_by, ending
from .deviations import NOTES, Class, Deviation, Result, deviations_of

SCHEMA_VERSION = 1


class Status(str, Enum):
    """What is known of a device in one respect, or of all together."""

    CLEAN = "clean"
    DRIFT = "drift"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


_UNKNOWN = (Status.UNREACHABLE, Status.FAILED)
EXIT_CLEAN, EXIT_DRIFT, EXIT_LIMIT, EXIT_UNKNOWN = 0, 2, 3, 4
"""Exit statuses: 4, could not tell, also when there is drift besides; 3, a limit stopped the remediation."""


@dataclass(frozen=True)
class Device:
    """One device as the plan knows it; kind: windows, linux, appliance or dns."""

    name: str
    kind: str
    roles: tuple[str, ...] = ()
    pool: str = ""


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
            "concern": item.concern,
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
    """One concern of one device; message: why nothing could be told."""

    concern: str
    status: Status
    found: tuple[Found, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class Context:
    """What a report is made with.

    now: with time zone. devices: by name. acceptances: of the inventory. seen: when a deviation's key was seen first.
    pending: how the computed plan differs from the approved one, a line each. reference: of the change, for the log.
    """

    now: datetime.datetime
    devices: Mapping[str, Device]
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
    def of(cls, results: Mapping[str, Mapping[str, Result]], context: Context) -> Report:
        """Return the report of results: per device and concern what its module answered in check mode."""
        return cls(
            context, {name: tuple(_checked(name, concern, result, context) for concern, result in sorted(results[name].items())) for name in sorted(results)}
        )

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
        """Return the worst of all: what could not be told stands before drift."""
        return worst(checked.status for checked in self.checked)

    @property
    def exit_status(self) -> int:
        """Return the exit status of a run that repairs nothing."""
        return EXIT_UNKNOWN if self.status in _UNKNOWN else EXIT_DRIFT if self.status is Status.DRIFT else EXIT_CLEAN

    def verdicts(self) -> dict[str, str]:
        """Return the status of each device."""
        return {name: worst(item.status for item in items).value for name, items in self.devices.items()}

    def counts(self) -> dict[str, int]:
        """Return how many deviations there are of each class, accepted ones left out, and how many are accepted."""
        counted = Counter(item.deviation.kind.value for item in self.found if item.acceptance is None)
        return {**{kind.value: counted[kind.value] for kind in Class}, "accepted": sum(item.acceptance is not None for item in self.found)}

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
            "acceptances_ending": [_acceptance_document(item, item.days_left(today)) for item in ending(context.acceptances, today)],
        }

    def _device(self, name: str) -> dict[str, object]:
        known = self.context.devices.get(name, Device(name, "windows"))
        items = self.devices[name]
        return {
            "device": name,
            "kind": known.kind,
            "roles": list(known.roles),
            "pool": known.pool,
            "status": worst(item.status for item in items).value,
            "concerns": [{"concern": item.concern, "status": item.status.value, "message": item.message} for item in items],
            "deviations": [found.document() for item in items for found in item.found],
        }


def worst(statuses: Iterable[Status]) -> Status:
    """Return the status of several together; clean when there are none."""
    order = list(Status)
    return max(statuses, key=order.index, default=Status.CLEAN)


def _checked(device: str, concern: str, result: Result, context: Context) -> Checked:
    if result.get("unreachable") or result.get("failed"):
        status = Status.UNREACHABLE if result.get("unreachable") else Status.FAILED
        return Checked(concern, status, message=str(result.get("msg") or "no reason given"))
    found = tuple(_found(deviation, context) for deviation in deviations_of(device, concern, result))
    return Checked(concern, Status.DRIFT if any(item.counts for item in found) else Status.CLEAN, found)


def _found(deviation: Deviation, context: Context) -> Found:
    today = context.now.date()
    acceptance = accepted_by(deviation, context.acceptances, today)
    return Found(deviation, context.seen.get(deviation.key, context.now), acceptance, acceptance.days_left(today) if acceptance else 0)


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
