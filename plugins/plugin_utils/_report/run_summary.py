# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two summaries of site.yml: what it would do and at which risk (before), what it did and how it stands (after).

summary = RunSummary(run, parts)
summary.risk               # RiskLevel.NEEDS_WINDOW; after a run, RunSummary.is_done instead
summary.document()         # plugins/plugin_utils/_report/data/lync_summary.schema.json

Beside it the probes of before the change with the same ones after it:
comparison(state, now).broken
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .._drift.deviations import Assumption, Standing
from .._plan.documents import COLLECTION, VERSION
from .._plan.model import Plan
from .._probes.host_io import read_facts
from .._probes.plan_view import Expected, Probe
from .._probes.verdicts import Judged, judge
from .._rollout.holding import Held
from .._rollout.outcome import Verdict, worst_verdict
from .._rollout.results import Concern, Step, TaskResult
from .._rollout.run_state import RunState
from .run_parts import Part, Reason, Risk, RiskLevel, Status, risk_of
from .run_rollback import Command


@dataclass(frozen=True)
class Probed:
    """One probe with its verdicts before and after the change."""

    probe: Probe
    before: Judged
    after: Judged

    @property
    def broke(self) -> bool:
        """Return whether the change made it worse."""
        return self.before.is_as_expected and not self.after.is_as_expected

    @property
    def text(self) -> str:
        """Return it as a line."""
        probe = self.probe
        via = f" by {probe.service}" if probe.service else ""
        place = f"{probe.destination} {probe.transport.upper()} {probe.port}{via}"
        return f"{probe.source} to {place}: {self.before.verdict.value} before, {self.after.verdict.value} after"


@dataclass(frozen=True)
class Comparison:
    """All probes of a run, before and after."""

    probed: tuple[Probed, ...] = ()

    @property
    def broken(self) -> tuple[Probed, ...]:
        """Return the probes that were as expected before and are not now."""
        return tuple(item for item in self.probed if item.broke)

    @property
    def wrong(self) -> tuple[Probed, ...]:
        """Return the probes that are not as expected now, and were not before."""
        return tuple(item for item in self.probed if not item.after.is_as_expected and not item.broke)

    @property
    def text(self) -> str:
        """Return how many are as expected."""
        before, after = (
            sum(getattr(item, side).is_as_expected for item in self.probed) for side in ("before", "after")
        )
        return f"{before} of {len(self.probed)} as expected before, {after} of {len(self.probed)} after"

    def members_up(self, balancers: Iterable[str]) -> tuple[int, int]:
        """Return how many members answer the load balancers, and how many were asked."""
        sources = set(balancers)
        states: dict[str, bool] = {}
        for item in self.probed:
            probe = item.probe
            if probe.source not in sources or probe.service or probe.expected is not Expected.OPEN:
                continue
            states[probe.destination] = states.get(probe.destination, True) and item.after.is_as_expected
        return sum(states.values()), len(states)

    def document(self) -> dict[str, object]:
        """Return it as plugins/plugin_utils/_report/data/lync_summary.schema.json has it."""
        return {
            "asked": len(self.probed),
            "as_expected_before": sum(item.before.is_as_expected for item in self.probed),
            "as_expected_after": sum(item.after.is_as_expected for item in self.probed),
            "broken": [item.text for item in self.broken],
            "wrong": [item.text for item in self.wrong],
        }


def comparison(state: RunState, now: datetime) -> Comparison | None:
    """Return the probes of a run before and after the change; None where none were made. now: with time zone."""
    found: list[Probed] = []
    for name in state.common_probes().get("hosts", ()):
        before, after = (state.result(name, Concern.PROBES, step) for step in (Step.BEFORE, Step.AFTER))
        if before:
            # In check mode nothing changes, and nobody asks again.
            results = [before, after or before]
            found += _compare_host_probes([Probe.of(each) for each in state.probes(name)["probes"]], results, now)
    return Comparison(tuple(found)) if found else None


def _compare_host_probes(probes: Sequence[Probe], results: Sequence[TaskResult], now: datetime) -> list[Probed]:
    answers = [read_facts(result).answers for result in results]
    sides = [[judge(probe, own.get(str(number)), now) for number, probe in enumerate(probes)] for own in answers]
    return [Probed(*item) for item in zip(probes, *sides, strict=True)]


SCHEMA_VERSION = 1
DONE, NOT_DONE = "DONE", "NOT DONE"
LEFT_ALONE = (Status.STOPPED, Status.NOT_ASKED)
"""What no task was made for: beside a failure of the same device that is no news."""
_OF_WINDOWS = (Concern.FIREWALL, Concern.IPSEC)
_VERDICTS = {
    Status.UNCHANGED: Verdict.DONE,
    Status.CHANGED: Verdict.DONE,
    Status.HANDED_OUT: Verdict.DONE,
    Status.NOT_CLOSED: Verdict.HELD,
    Status.STOPPED: Verdict.HELD,
    Status.FAILED: Verdict.DIFFERS,
    Status.NOT_ASKED: Verdict.UNKNOWN,
    Status.UNREACHABLE: Verdict.UNKNOWN,
}


@dataclass(frozen=True)
class Run:
    """What is true of a whole run.

    check: nothing was written. digest: of the plan. hosts, pools: how many the plan has. not_run: concerns that were
    left out, with how many devices. left: pools whose services or records are left as they are, and why; waiting: the
    devices that have them.
    held: hosts that are not closed yet, and why. holds: what stays although the plan lacks it.
    unconfirmed: assumptions that nobody confirmed; touched: the hosts and pools that change. confirm_minutes: 0 for
    never. verified: the last report of verify.yml, when there is one. directory: of reports, empty for none.
    is_approved: the plan is one that was approved; pending: what the inventory says otherwise by now.
    """

    check: bool
    digest: str
    hosts: int = 0
    pools: int = 0
    not_run: Mapping[Concern, int] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    held: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    holds: tuple[Held, ...] = ()
    unconfirmed: tuple[Assumption, ...] = ()
    touched: frozenset[str] = frozenset()
    confirm_minutes: int | None = None
    snapshot: bool = True
    command: Command = Command()
    probes: Comparison | None = None
    verified: Mapping[str, object] | None = None
    balancers: tuple[str, ...] = ()
    directory: str = ""
    reference: str = ""
    made: str = ""
    is_approved: bool = False
    pending: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunSummary:
    """One summary: the run, and what became of each concern of each device."""

    run: Run
    parts: tuple[Part, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Return what stands against SAFE, the worst first."""
        order = list(Risk)
        holds = (Reason(Risk.HELD, ", ".join(one.devices), one.item) for one in self.run.holds)
        found = [*self._of_parts(), *_of_assumptions(self.run), *self._of_snapshots(), *holds]
        return tuple(sorted(dict.fromkeys(found), key=lambda reason: order.index(reason.risk)))

    def _of_parts(self) -> Iterator[Reason]:
        """Yield the reasons of the parts.

        Of a device that was left alone because of another part of it, that one only.
        """
        broken = {part.device for part in self.parts if part.status in (Status.FAILED, Status.UNREACHABLE)}
        for part in self.parts:
            if part.status not in LEFT_ALONE or part.device not in broken:
                yield from part.reasons
        if not self.parts:
            yield Reason(
                Risk.NOT_ASKED, "all devices", "", "no device was asked; --limit or --tags leave out every one"
            )

    def _of_snapshots(self) -> Iterator[Reason]:
        changed = (part for part in self.parts if part.status is Status.CHANGED)
        windows = {part.device for part in changed if part.concern in _OF_WINDOWS}
        for name in () if self.run.snapshot else sorted(windows):
            yield Reason(Risk.NO_ROLLBACK, name, "", "lync_snapshot is false")

    @property
    def risk(self) -> RiskLevel:
        """Return how much may end when the run is made."""
        return risk_of(self.reasons)

    @property
    def unfinished(self) -> tuple[Part, ...]:
        """Return the parts that are not known to be as the plan says."""
        return tuple(part for part in self.parts if not part.is_done)

    @property
    def is_done(self) -> bool:
        """Return whether everything that the run was about is as the plan says.

        Nobody asked, or a host not closed yet, is not.
        """
        run = self.run
        return bool(self.parts) and not (self.unfinished or run.held or run.holds or run.waiting)

    @property
    def outcome(self) -> str:
        """Return the last word of the summary."""
        return self.risk.value if self.run.check else DONE if self.is_done else NOT_DONE

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """Return the verdict of each device; a check is done where the run could be made."""
        found: dict[str, list[Verdict]] = {}
        for part in self.parts:
            own = found.setdefault(part.device, [])
            own.append(_VERDICTS[part.status])
            own += [Verdict.DIFFERS] if part.not_counting and not self.run.check else []
        held = [name for name, _why in self.run.held.items()]
        if self.run.check:
            unsafe = (reason.device for reason in self.reasons if reason.risk.level is RiskLevel.REFUSED)
            held = [name for name in unsafe if name in found]
        for name in [*held, *self.run.waiting, *(device for one in self.run.holds for device in one.devices)]:
            found.setdefault(name, []).append(Verdict.HELD)
        return {name: worst_verdict(own) for name, own in found.items()}

    def document(self) -> dict[str, object]:
        """Return it as plain data that keeps plugins/plugin_utils/_report/data/lync_summary.schema.json."""
        run = self.run
        return {
            "schema": SCHEMA_VERSION,
            "collection": COLLECTION,
            "version": VERSION,
            "made": run.made,
            "check": run.check,
            "verdict": self.outcome,
            "change_reference": run.reference,
            "plan": {"digest": run.digest, "hosts": run.hosts, "pools": run.pools, "approved": run.is_approved},
            "pending": list(run.pending),
            "reasons": [reason.document() for reason in (self.reasons if run.check else ())],
            "parts": [part.document() for part in self.parts],
            "not_run": {concern.value: number for concern, number in run.not_run.items()},
            "left_as_they_are": dict(run.left),
            "not_closed": {name: list(why) for name, why in run.held.items()},
            "holds": [one.document() for one in run.holds],
            "unconfirmed": [{**item.document(), "matters": is_relevant(item, run)} for item in run.unconfirmed],
            "confirm_minutes": run.confirm_minutes,
            "probes": run.probes.document() if run.probes else None,
        }


def is_relevant(item: Assumption, run: Run) -> bool:
    """Return whether an assumption stands against SAFE: it is contradicted, and its place changes.

    One that nobody verified is as likely to hold before the run as after it; it is counted apart.
    """
    return item.place in run.touched and item.standing is Standing.CONTRADICTED


def _of_assumptions(run: Run) -> Iterator[Reason]:
    for item in run.unconfirmed:
        if is_relevant(item, run):
            yield Reason(Risk.CONTRADICTED, item.place, item.text, item.why)


def touched_places(parts: Iterable[Part], plan: Plan) -> frozenset[str]:
    """Return the hosts and pools of a plan that a run changes."""
    changed = [part for part in parts if part.status is Status.CHANGED]
    names = {part.device for part in changed}
    hosts = (host for host in plan.hosts.values() if host.host in names)
    found = names | {host.pool for host in hosts if host.pool}
    has_dns = any(part.concern is Concern.DNS for part in changed)
    for pool in plan.pools.values():
        units = {unit for service in pool.virtual_services for unit in service.balancers}
        if units & names or (has_dns and pool.dns_records):
            found.add(pool.pool)
    return frozenset(found)
