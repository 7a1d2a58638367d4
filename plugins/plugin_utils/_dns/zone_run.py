# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One zone in one view in one run: its servers, how far it came, and whether its servers have what was written."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .._base.errors import DeviceError
from .._base.reconcile import SafetyStep
from . import results
from . import zone as zones
from .planner import Have, Plan, RecordChange
from .records import Key, RecordSet, Wanted
from .wire import Client

_POLL_SECONDS = 0.2


@dataclass
class ZoneRun:
    """One zone in one view: its servers, the first of which is written, and how far it came.

    evidence: the safety steps that were taken for this zone. aged: what this task only sees that is to be refreshed.
    """

    view: str
    zone: str
    servers: list[Client]
    want: list[Wanted]
    have: Have = field(default_factory=Have)
    plan: Plan = field(default_factory=Plan)
    after: Have = field(default_factory=Have)
    error: str = ""
    lagging: list[str] = field(default_factory=list)
    aged: Sequence[RecordChange] = ()
    evidence: set[SafetyStep] = field(default_factory=set)

    @property
    def primary(self) -> Client:
        """Return the server that takes the changes."""
        return self.servers[0]

    @property
    def windows_host(self) -> str | None:
        """Return the Windows host that is changed in place of the server itself."""
        return self.primary.server.windows_host

    @property
    def is_written(self) -> bool:
        """Return whether the server has taken changes, be it only some of them."""
        return self.primary.writes > 0

    @property
    def is_to_write(self) -> bool:
        """Return whether the server takes changes in this run."""
        return bool(self.plan.changes or self.plan.refreshes) and not self.windows_host and not self.error

    @property
    def is_changed(self) -> bool:
        """Return whether the zone is or would be changed; a refresh is no change."""
        return bool(self.plan.changes) and (self.is_written or not self.error)

    @property
    def failed_owners(self) -> set[str]:
        """Return on whose behalf something should have changed and did not; all owners when nothing was planned."""
        if not self.error:
            return set()
        if not self.plan.changes:
            return {one.owner for one in self.want}
        return {owner for change in self.plan.changes for owner in change.owners}

    def differences(self) -> list[str]:
        """Return what differs, a line for each set."""
        return [results.command(change, self.view) for change in self.plan.changes]


def compare_others(run: ZoneRun) -> None:
    """Note which other servers of a zone do not have it as its first server has."""
    for client in run.servers[1:]:
        try:
            text = _differing_sets(run, client) if client.server.kerberos else _differing_serial(run, client)
        except DeviceError as error:
            run.lagging.append(str(error))
            continue
        if text:
            run.lagging.append(f"DNS server {client.name} {text}; fix: look at its zone transfers")


def _differing_serial(run: ZoneRun, client: Client) -> str:
    number = zones.serial(client, run.zone)
    if number == run.have.serial:
        return ""
    return f"has serial {number} of the zone {run.zone}, and {run.primary.name} has {run.have.serial}"


def _differing_sets(run: ZoneRun, client: Client) -> str:
    """Return how another domain controller differs: each of them counts its own changes, so serials tell nothing."""
    found = zones.sets_of(client, run.zone, run.have.sets)
    names = sorted({key.name for key, one in run.have.sets.items() if found.get(key) != one})
    return f"has other records than {run.primary.name} of {', '.join(names)}" if names else ""


def has_what_was_written(client: Client, run: ZoneRun) -> bool:
    """Return whether a server answers with what was written; behind a set that was removed a wildcard may show."""
    written = [change for change in (*run.plan.changes, *run.plan.refreshes) if change.touches_set or change.is_refresh]
    found = zones.sets_of(client, run.zone, [change.key for change in written])
    return all(_is_as_written(found, change) for change in written)


def _is_as_written(found: Mapping[Key, RecordSet], change: RecordChange) -> bool:
    have = found.get(change.key)
    if change.after:
        return have == change.after
    return have is None or have != change.before


def await_replica(run: ZoneRun, client: Client, deadline: float) -> Iterator[str]:
    """Wait until a server has what was written; yield why not when it does not in time."""
    while True:
        try:
            if has_what_was_written(client, run):
                return
            text = f"does not have the changes of the zone {run.zone} yet; fix: look at its zone transfers"
            fault = f"DNS server {client.name} {text}"
        except DeviceError as error:
            fault = str(error)
        if time.monotonic() >= deadline:
            yield fault
            return
        time.sleep(_POLL_SECONDS)
