# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the DNS records of several zones and views to what is wanted: gather, plan, apply, look again.

    run = Reconciliation(Task.from_options(options))
    run.gather()
    if not check_mode: run.apply()
    run.failure(), run.result()

Each zone of a view is by itself: one that cannot be gathered, has a conflict or fails stops no other, and all failures are
told together.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .._base.errors import InvalidInputError, Problem
from .._inventory.dns_servers import read_dns_servers
from .._inventory.fields import At
from .._inventory.model import DnsServer
from . import results, windows
from . import zone as zones
from .planner import Change, Have, Plan, Scope, State, applied, plan_changes
from .records import Wanted, read_records
from .wire import Client, DnsServerError

_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Task:
    """What is asked for, validated; wait_seconds: how long the other servers of a zone have to follow."""

    want: tuple[Wanted, ...]
    servers: tuple[DnsServer, ...]
    scope: Scope
    timeout_seconds: float
    wait_seconds: float

    @staticmethod
    def from_options(options: Mapping[str, object]) -> Task:
        """Return the task of module options; raises InvalidInputError with everything that is wrong."""
        state = State(str(options["state"]))
        problems: list[Problem] = []
        want: tuple[Wanted, ...] = ()
        try:
            want = read_records(options["records"], needs_values=state in (State.MERGED, State.REPLACED))
        except InvalidInputError as error:
            problems += error.problems
        at = At("servers")
        servers = read_dns_servers(options["servers"], at)
        problems += [Problem(fault.place, fault.message, fault.allowed, fault.fix) for fault in at.faults]
        if problems:
            raise InvalidInputError(problems)
        owners = frozenset(_lower(options["owners"])) | {one.owner for one in want}
        scope = Scope(state, owners, frozenset(_lower(options["take_over"])))
        return Task(want, servers, scope, _seconds(options["timeout_seconds"]), _seconds(options["wait_seconds"]))


def _lower(names: object) -> list[str]:
    return [str(name).lower().rstrip(".") for name in names] if isinstance(names, list) else []


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


@dataclass
class Space:
    """One zone in one view: its servers, the first of which is written, and how far it came."""

    view: str
    zone: str
    servers: list[Client]
    want: list[Wanted]
    have: Have = field(default_factory=Have)
    plan: Plan = field(default_factory=Plan)
    after: Have = field(default_factory=Have)
    error: str = ""
    is_written: bool = False
    lagging: list[str] = field(default_factory=list)

    @property
    def primary(self) -> Client:
        """Return the server that takes the changes."""
        return self.servers[0]

    @property
    def windows_host(self) -> str | None:
        """Return the Windows host that is changed in place of the server itself."""
        return self.primary.server.windows_host


class Reconciliation:
    """One run over all zones and views of a task."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.spaces = list(_spaces(task))

    def gather(self) -> None:
        """Look at all zones and plan."""
        for space in self.spaces:
            try:
                self._gather(space)
            except DnsServerError as error:
                space.error = f"{error}; nothing was written"

    def _gather(self, space: Space) -> None:
        space.have = space.after = zones.gather(space.primary, space.zone, space.want, self.task.scope)
        plan = plan_changes(space.want, space.have, self.task.scope)
        conflicts = [*plan.conflicts, *(windows.not_expressible(plan.changes) if space.windows_host else ())]
        if conflicts:
            space.error = f"{'; '.join(conflicts)}; nothing was written"
            return
        space.plan = plan
        space.after = applied(space.have, plan.changes)
        if not space.windows_host:
            self._compare_serials(space)

    @staticmethod
    def _compare_serials(space: Space) -> None:
        for client in space.servers[1:]:
            try:
                number = zones.serial(client, space.zone)
            except DnsServerError as error:
                space.lagging.append(str(error))
                continue
            if number != space.have.serial:
                text = f"has serial {number} of the zone {space.zone}, and {space.primary.name} has {space.have.serial}"
                space.lagging.append(f"DNS server {client.name} {text}; fix: look at its zone transfers")

    def apply(self) -> None:
        """Write the zones that differ and look at all their servers again; those on Windows hosts are left to others."""
        for space in self.spaces:
            if space.plan.changes and not space.windows_host and not space.error:
                self._write(space)

    def failure(self) -> str:
        """Return what failed, a line for each zone; empty when nothing did."""
        faults = [f"  - zone {space.zone} ({space.view}): {space.error}" for space in self.spaces if space.error]
        return "\n".join(["DNS is not as planned:", *faults]) if faults else ""

    def _write(self, space: Space) -> None:
        try:
            zones.write(space.primary, space.zone, space.plan.changes)
            space.is_written = True
            self._verify(space)
        except DnsServerError as error:
            space.error = str(error)

    def _verify(self, space: Space) -> None:
        """Compare the sets on the primary server, and wait until the others have them."""
        if not _holds(space.primary, space):
            space.error = f"DNS server {space.primary.name} took the changes and answers differently; fix: look who else changes the zone"
        deadline = time.monotonic() + self.task.wait_seconds
        space.lagging = [text for client in space.servers[1:] for text in _follow(space, client, deadline)]

    def windows_tasks(self) -> list[windows.Task]:
        """Return the tasks on Windows hosts that are left to do."""
        chosen = [space for space in self.spaces if space.windows_host and space.plan.changes]
        return [task for space in chosen for task in windows.tasks_of(str(space.windows_host), space.zone, space.have, space.plan.changes)]

    def not_applied(self) -> list[str]:
        """Return which wanted sets no server takes."""
        taken = {(space.view, space.zone) for space in self.spaces}
        missing = sorted({(one.view, one.set.key.zone) for one in self.task.want} - taken)
        return [f"no server takes the zone {zone} in the view {view}; fix: add it to lync_dns_servers" for view, zone in missing]

    def result(self) -> dict[str, object]:
        """Return the result of the task as far as it came."""
        changes = [(space, change) for space in self.spaces for change in space.plan.changes]
        unknown = [(space.view, one) for space in self.spaces for one in space.plan.unknown]
        found: dict[str, object] = {
            "changed": self._changed(),
            "before": [item for space in self.spaces for item in results.owned(space.have, space.view)],
            "after": [item for space in self.spaces for item in results.owned(space.after, space.view)],
            "changes": [results.change_result(change, space.view) for space, change in changes],
            "commands": [results.words(change, space.view) for space, change in changes],
            "summary": {**results.summary([change for _space, change in changes]), "unknown": len(unknown)},
            "unknown": [one.to_options(view) for view, one in unknown],
            "not_applied": self.not_applied(),
            "lagging": [text for space in self.spaces for text in space.lagging],
            "windows_tasks": self.windows_tasks(),
            "failed_owners": self._failed_owners(),
            "stats": self._stats(),
            "warnings": self._warnings(),
        }
        if self.task.scope.state is State.GATHERED:
            found["gathered"] = found["before"]
        return found

    def diffs(self) -> list[dict[str, str]]:
        """Return one diff per zone and view that changes, for ansible's --diff."""
        return [results.diff(space.view, space.zone, space.plan.changes) for space in self.spaces if space.plan.changes]

    def _changed(self) -> bool:
        return any(space.is_written or (space.plan.changes and not space.error) for space in self.spaces)

    def _failed_owners(self) -> list[str]:
        """Return on whose behalf something should have changed and did not."""
        marks = [mark for space in self.spaces if space.error for change in space.plan.changes for mark in _marks(change)]
        wanted = [one.owner for space in self.spaces if space.error and not space.plan.changes for one in space.want]
        return sorted({*marks, *wanted})

    def _stats(self) -> dict[str, int]:
        clients = [client for space in self.spaces for client in space.servers]
        return {"queries": sum(client.queries for client in clients), "updates": sum(client.updates for client in clients)}

    def _warnings(self) -> list[str]:
        unknown = [results.unknown_words(one, space.view) for space in self.spaces for one in space.plan.unknown]
        return [*self.not_applied(), *unknown, *(text for space in self.spaces for text in space.lagging)]


def _holds(client: Client, space: Space) -> bool:
    """Return whether a server answers with what was written; behind a set that was removed a wildcard may show."""
    found = zones.sets_of(client, space.zone, [change.key for change in space.plan.changes])
    pairs = [(found.get(change.key), change) for change in space.plan.changes if change.touches_set]
    return all(have == change.after if change.after else have is None or have != change.before for have, change in pairs)


def _follow(space: Space, client: Client, deadline: float) -> Iterator[str]:
    """Wait until a server has what was written; yield why not when it does not in time."""
    while True:
        try:
            if _holds(client, space):
                return
            fault = f"DNS server {client.name} does not have the changes of the zone {space.zone} yet; fix: look at its zone transfers"
        except DnsServerError as error:
            fault = str(error)
        if time.monotonic() >= deadline:
            yield fault
            return
        time.sleep(_POLL_SECONDS)


def _marks(change: Change) -> list[str]:
    return [mark.owner for mark in (change.mark_before, change.mark_after) if mark]


def _spaces(task: Task) -> Iterator[Space]:
    """Yield each zone and view that a server takes; without records and owners there is nothing to ask."""
    if not task.scope.owners:
        return
    servers: dict[tuple[str, str], list[DnsServer]] = {}
    for server in task.servers:
        for zone in server.zones:
            servers.setdefault((server.view, zone), []).append(server)
    for (view, zone), found in sorted(servers.items(), key=lambda item: item[0]):
        want = [one for one in task.want if (one.view, one.set.key.zone) == (view, zone)]
        yield Space(view, zone, [Client(server, task.timeout_seconds) for server in found], want)
