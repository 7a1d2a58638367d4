# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DNS records of several zones and views as a provider of the one way to reconcile (_base/reconcile.py).

    provider = DnsProvider(Task.from_options(options))
    reconcile(provider, check_mode=False)
    provider.result()

Each zone of a view is by itself: one that cannot be gathered, has a conflict or fails stops no other, and the failures
of all are one DeviceError at the end. Zones of Active Directory are not written: their result holds tasks for their
Windows host, and a run with step verify afterwards fails where a server does not answer with what is wanted.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .._base.changes import State
from .._base.errors import DeviceError, InvalidInputError, Problem
from .._base.reconcile import Done, NotApplicable, Provider, SafetyStep, SafetyTable, bullets
from .._inventory.dns_servers import read_dns_servers
from .._inventory.fields import At
from .._inventory.model import DnsServer
from . import results
from . import zone as zones
from .kerberos import Session
from .marks import REFRESH_DAYS, Scope
from .planner import applied, owned_addresses, plan_changes, with_held
from .records import Wanted, read_records
from .wire import Client
from .zone_run import ZoneRun, await_replica, compare_others, has_what_was_written

Connect = Callable[[DnsServer, float], Client]
"""What makes the connection to a server with a time limit in seconds."""
COMPARE, VERIFY = "compare", "verify"
_MARK_KEY_BYTES_MINIMUM = 16


@dataclass(frozen=True)
class Task:
    """What is asked for, validated.

    wait_seconds: how long the other servers of a zone have to follow.
    is_verifying: nothing is written, and what differs is a failure. is_looking: nothing is to be written after it.
    """

    want: tuple[Wanted, ...]
    servers: tuple[DnsServer, ...]
    scope: Scope
    timeout_seconds: float
    wait_seconds: float
    is_verifying: bool = False
    is_looking: bool = False

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
        mark_key = str(options.get("mark_key") or "").encode()
        if 0 < len(mark_key) < _MARK_KEY_BYTES_MINIMUM:
            allowed, fix = f"{_MARK_KEY_BYTES_MINIMUM} characters and more", "make one: openssl rand -base64 32"
            problems.append(Problem("mark_key (lync_dns_mark_key)", "is too short for a key", allowed, fix))
        if problems:
            raise InvalidInputError(problems)
        owners = frozenset(_lower_names(options["owners"])) | {one.owner for one in want}
        take_over, gone = (frozenset(_lower_names(options.get(name))) for name in ("take_over", "gone"))
        days = int(_read_seconds(options.get("refresh_days", REFRESH_DAYS)))
        scope = Scope(state, owners, take_over, gone, mark_key, _today(), days)
        timeout, wait = (_read_seconds(options[name]) for name in ("timeout_seconds", "wait_seconds"))
        step = options.get("step")
        return Task(want, servers, scope, timeout, wait, step == VERIFY, step in (COMPARE, VERIFY))


def _today() -> datetime.date:
    """Return the day by which refreshes are counted, everywhere the same."""
    return datetime.datetime.now(datetime.timezone.utc).date()


def _lower_names(names: object) -> list[str]:
    return [str(name).lower().rstrip(".") for name in names] if isinstance(names, list) else []


def _read_seconds(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


_SAFETY: SafetyTable = {
    SafetyStep.RIGHT_HOST: Done(
        "zone.gather: the server is authoritative for the zone, and its answers are signed where it has a TSIG key; "
        "Session.key: a server that an account logs in to shows who it is before anything is written"
    ),
    SafetyStep.READ_WHOLE: Done("zone.gather: the marks of all owners, and every set that is wanted or marked"),
    SafetyStep.OWNERSHIP: Done(
        "planner.plan_changes: only sets whose mark proves that they are ours, and listed names, lose values"
    ),
    SafetyStep.GUARD: NotApplicable("No server is managed by the records that it holds."),
    SafetyStep.FINGERPRINT: Done("zone.write: the prerequisites of the update are exactly what was gathered"),
    SafetyStep.VALID_CANDIDATE: Done(
        "planner.plan_changes: an alias beside other records, and more marks than fit, are conflicts"
    ),
    SafetyStep.SAVED: NotApplicable(
        "A zone has no snapshot; the result holds what was there before, and the plan is in the inventory."
    ),
    SafetyStep.REVERT_ARMED: NotApplicable("A DNS server has nothing that takes an update back by itself."),
    SafetyStep.REREAD_EQUAL: Done("DnsProvider.verify: the written server answers with what was written"),
    SafetyStep.CONFIRMED: NotApplicable("An update waits for no confirmation."),
}


class DnsProvider(Provider):
    """All zones and views of one task."""

    safety = _SAFETY

    def __init__(self, task: Task, connect: Connect | None = None) -> None:
        super().__init__()
        self.task = task
        self.zones = list(_zone_runs(task, connect or connecting()))
        self._verify_queries = 0

    def gather(self) -> None:
        """Look at all zones; one that cannot be read fails by itself."""
        for run in self.zones:
            try:
                run.have = run.after = zones.gather(run.primary, run.zone, run.want, self.task.scope)
            except DeviceError as error:
                run.error = f"{error}; nothing was written"
            else:
                run.evidence |= {SafetyStep.RIGHT_HOST, SafetyStep.READ_WHOLE}

    def plan(self) -> None:
        """Plan each zone; raises DeviceError when one failed and no other has changes to write."""
        read = [run for run in self.zones if not run.error]
        owned = [one for run in read for one in owned_addresses(run.want, run.have, self.task.scope)]
        # A name of a single server is no pool whose members answer for each other.
        held = self.hold_back(owned, [one for one in owned if len(one.have.each()) > 1])
        for run in read:
            run.want = with_held(run.view, run.want, run.have, self.task.scope, held)
            self._plan(run)
        self._log_in()
        writing = self._writing()
        if not writing:
            self._raise_failures()
        self._note_evidence(writing or read)

    def _log_in(self) -> None:
        """Log in where there is something to write, also in check mode: an account that cannot is told before."""
        for run in () if self.task.is_looking else self._writing():
            try:
                run.primary.log_in()
            except DeviceError as error:
                run.error = f"{error}; nothing was written"

    def _plan(self, run: ZoneRun) -> None:
        # Active Directory alone scavenges, and of it what secure updates wrote, not what somebody wrote by hand.
        today = self.task.scope.today if run.primary.server.kerberos else None
        plan = plan_changes(run.want, run.have, replace(self.task.scope, today=today))
        if self.task.is_looking:
            run.aged, plan = plan.refreshes, replace(plan, refreshes=())
        conflicts = [*plan.conflicts, *(results.not_expressible(plan.changes) if run.windows_host else ())]
        if conflicts:
            run.error = f"{'; '.join(conflicts)}; nothing was written"
            return
        run.plan = plan
        run.evidence |= {SafetyStep.OWNERSHIP, SafetyStep.VALID_CANDIDATE}
        if not run.windows_host:
            compare_others(run)
        if self.task.is_verifying and plan.changes:
            run.error = f"the servers do not answer with what was written: {'; '.join(run.differences())}"
        else:
            run.after = applied(run.have, plan.changes)

    @property
    def required(self) -> frozenset[SafetyStep]:
        """Return the steps that this task requires; without a zone nobody is asked, which the result says."""
        return super().required if self.zones else frozenset()

    @property
    def has_changes(self) -> bool:
        """Return whether a server takes changes; those of Windows hosts are left to others."""
        return bool(self._writing())

    def check(self) -> Sequence[str]:
        """Return nothing: what stands in the way of a zone is an error of that zone alone."""
        return ()

    def forecast(self, refusals: Sequence[str]) -> None:
        """Raise DeviceError for the zones that failed, also in check mode."""
        super().forecast(refusals)
        self._raise_failures()

    def apply(self) -> None:
        """Write the zones that differ; one that fails stops no other."""
        for run in self._writing():
            try:
                zones.write(run.primary, run.zone, [*run.plan.changes, *run.plan.refreshes])
            except DeviceError as error:
                run.error = str(error)
            else:
                run.evidence.add(SafetyStep.FINGERPRINT)

    def verify(self) -> None:
        """Compare what was written on its server, and wait until the others have it.

        Raises DeviceError for all zones that failed since the beginning.
        """
        written = [run for run in self.zones if run.is_written and not run.error]
        queries = self._queries()
        for run in written:
            try:
                self._verify(run)
            except DeviceError as error:
                run.error = str(error)
        self._verify_queries = self._queries() - queries
        self._raise_failures()
        self._note_evidence(written)

    def _verify(self, run: ZoneRun) -> None:
        if has_what_was_written(run.primary, run):
            run.evidence.add(SafetyStep.REREAD_EQUAL)
        else:
            text = "took the changes and answers differently; fix: look who else changes the zone"
            run.error = f"DNS server {run.primary.name} {text}"
        deadline = time.monotonic() + self.task.wait_seconds
        run.lagging = [text for client in run.servers[1:] for text in await_replica(run, client, deadline)]

    def _writing(self) -> list[ZoneRun]:
        return [run for run in self.zones if run.is_to_write]

    def _note_evidence(self, runs: Sequence[ZoneRun]) -> None:
        """Take down the steps that were taken for each of the zones."""
        self.evidence |= {step for step in SafetyStep if runs and all(step in run.evidence for run in runs)}

    def _raise_failures(self) -> None:
        faults = [f"zone {run.zone} ({run.view}): {run.error}" for run in self.zones if run.error]
        if faults:
            raise DeviceError("\n".join(["DNS is not as planned:", *bullets(faults)]))

    def windows_tasks(self) -> list[results.Task]:
        """Return the tasks on Windows hosts that are left to do."""
        chosen = [run for run in self.zones if run.windows_host and run.plan.changes]
        return [
            task
            for run in chosen
            for task in results.tasks_of(str(run.windows_host), run.zone, run.have, run.plan.changes)
        ]

    def not_applied(self) -> list[str]:
        """Return which wanted sets no server takes."""
        taken = {(run.view, run.zone) for run in self.zones}
        missing = sorted({(one.view, one.set.key.zone) for one in self.task.want} - taken)
        return [
            f"no server takes the zone {zone} in the view {view}; fix: add it to lync_dns_servers"
            for view, zone in missing
        ]

    def result(self) -> dict[str, object]:
        """Return the result of the task as far as it came."""
        changes = [(run, change) for run in self.zones for change in run.plan.changes]
        staying = [(run.view, one) for run in self.zones for one in (*run.plan.unknown, *run.plan.unproven)]
        found: dict[str, object] = {
            "changed": any(run.is_changed for run in self.zones),
            "before": [item for run in self.zones for item in results.owned(run.have, run.view)],
            "after": [item for run in self.zones for item in results.owned(run.after, run.view)],
            "changes": [results.change_result(change, run.view) for run, change in changes],
            "commands": [line for run in self.zones for line in run.differences()],
            "summary": results.summary((change for _run, change in changes), staying),
            "pending": False,
            "unknown": [one.to_options(view) for view, one in staying],
            "not_applied": self.not_applied(),
            "refreshed": [str(one.key) for run in self.zones for one in run.plan.refreshes if not run.error],
            "due": [str(one.key) for run in self.zones for one in run.aged],
            "lagging": [text for run in self.zones for text in run.lagging],
            "windows_tasks": self.windows_tasks(),
            "failed_owners": sorted({owner for run in self.zones for owner in run.failed_owners}),
            "kept_owners": sorted({owner for run in self.zones for owner in run.plan.kept_owners}),
            "stats": self._stats(),
            "warnings": self._warnings(),
        }
        if self.task.scope.state is State.GATHERED:
            found["gathered"] = found["before"]
        return found

    def diffs(self) -> list[dict[str, str]]:
        """Return one diff per zone and view that changes, for ansible's --diff."""
        return [results.diff(run.view, run.zone, run.plan.changes) for run in self.zones if run.plan.changes]

    def _queries(self) -> int:
        return sum(client.queries for run in self.zones for client in run.servers)

    def _stats(self) -> dict[str, int]:
        updates, writes = sum(run.primary.updates for run in self.zones), sum(run.primary.writes for run in self.zones)
        requests = self._queries() - self._verify_queries + updates
        return {"requests": requests, "verify_requests": self._verify_queries, "writes": writes}

    def _warnings(self) -> list[str]:
        unknown = [results.unknown_text(one, run.view) for run in self.zones for one in run.plan.unknown]
        unknown += [results.unproven_text(one, run.view) for run in self.zones for one in run.plan.unproven]
        aged = [results.aged_text(run.aged, run.zone) for run in self.zones if run.aged]
        return [*self.not_applied(), *unknown, *aged, *(text for run in self.zones for text in run.lagging)]


def connecting() -> Connect:
    """Return what connects to servers; connections of one account to one server share its session."""
    sessions: dict[object, Session] = {}

    def _connect(server: DnsServer, timeout_seconds: float) -> Client:
        if server.kerberos is None:
            return Client(server, timeout_seconds)
        place = (server.address, server.port, server.kerberos)
        return Client(server, timeout_seconds, sessions.setdefault(place, Session(server.kerberos)))

    return _connect


def _zone_runs(task: Task, connect: Connect) -> Iterator[ZoneRun]:
    """Yield each zone and view that a server takes; without records and owners there is nothing to ask."""
    if not task.scope.owners:
        return
    servers: dict[tuple[str, str], list[DnsServer]] = {}
    for server in task.servers:
        for zone in server.zones:
            servers.setdefault((server.view, zone), []).append(server)
    for view, zone in sorted(servers):
        want = [one for one in task.want if (one.view, one.set.key.zone) == (view, zone)]
        clients = [connect(server, task.timeout_seconds) for server in servers[view, zone]]
        yield ZoneRun(view, zone, clients, want)
