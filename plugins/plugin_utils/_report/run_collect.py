# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The summary of one run of site.yml: from its plan and the results of its tasks, all out of the run state.

    collect_summary(state, played, Settings(check=True, now=now)).risk

Who was to answer is known from the plan, so that a host without a result is never taken for one that has nothing to do.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .._base.untyped import mapping
from .._drift.assumptions import last_report, unconfirmed
from .._drift.report import DNS_DEVICE
from .._plan.model import Plan
from .._rollout import results
from .._rollout.results import STOPPED_TEXT, Concern, Step, TaskResult
from .._rollout.run_state import RunState
from .expected import Selection, expected_devices, own_results, was_asked
from .run_parts import Part, Status, looked_at_again, part_of
from .run_probes import comparison
from .run_rollback import Command
from .run_summary import Run, RunSummary, touched_places

_OF_RULES = (Concern.FIREWALL, Concern.NFTABLES, Concern.IPSEC)
# Results in which pools are named that were left as they are, by their key.
_WAITING = ("waiting", "left_out")


@dataclass(frozen=True)
class Settings:
    """How a summary is made; directory: of reports, empty for none. now: with time zone."""

    check: bool
    now: datetime.datetime
    directory: str = ""
    confirm_minutes: int = 0
    snapshot: bool = True
    reference: str = ""
    command: Command = Command()
    selection: Selection = Selection()


def collect_summary(state: RunState, played: Sequence[str], settings: Settings) -> RunSummary:
    """Return the summary of a run; played: the hosts of this run, in its order."""
    plan = state.plan()
    expected = expected_devices(state, played)
    found = {
        concern: {name: _results_of(state, plan, name, concern) for name in names}
        for concern, names in expected.items()
        if settings.selection.has(concern)
    }
    dns = _of_dns(state, settings.selection)
    parts = [_part(state, name, concern, own) for concern, devices in found.items() for name, own in devices.items()]
    parts += [part_of(DNS_DEVICE, Concern.DNS, dns)] if dns else []
    report = last_report(Path(settings.directory)) if settings.directory else None
    asked = [result for devices in found.values() for own in devices.values() for result in own] + dns
    return RunSummary(
        Run(
            check=settings.check,
            digest=state.digest(),
            hosts=len(plan.hosts),
            pools=len(plan.pools),
            not_run=_not_run(expected, found, plan if not dns else Plan()),
            left=_left(asked),
            held={} if settings.check else _held(parts, asked),
            unconfirmed=unconfirmed(plan, report),
            touched=touched_places(parts, plan),
            confirm_minutes=settings.confirm_minutes,
            snapshot=settings.snapshot,
            command=settings.command,
            probes=comparison(state, settings.now),
            verified=report,
            balancers=tuple(state.balancers()),
            directory=settings.directory,
            reference=settings.reference,
            made=settings.now.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        ),
        tuple(parts),
    )


def _results_of(state: RunState, plan: Plan, name: str, concern: Concern) -> list[TaskResult]:
    """Return the results of one concern of a device in the order of its tasks.

    What the plan expects and is not there is UNKNOWN.
    """
    if concern not in _OF_RULES:
        return own_results(state, plan, name, concern, Step.APPLY)
    opened = own_results(state, plan, name, concern, Step.OPEN)
    closed = state.result(name, concern, Step.CLOSE)
    return [*opened, closed] if closed else opened


def _part(state: RunState, name: str, concern: Concern, own: Sequence[TaskResult]) -> Part:
    part = part_of(name, concern, own)
    concerns = {result.concern for result in own}
    again = [found for one in sorted(concerns) if (found := state.result(name, one, Step.VERIFY))]
    return looked_at_again(part, again) if again and part.status is Status.CHANGED else part


def _of_dns(state: RunState, selection: Selection) -> list[TaskResult]:
    """Return the results of DNS, whose tasks run once for all servers; none where there was no server to ask."""
    steps = (Step.APPLY, Step.VERIFY)
    found = [result for step in steps if (result := state.result(DNS_DEVICE, Concern.DNS, step))]
    if not found:
        return [TaskResult.unknown(DNS_DEVICE, Concern.DNS, Step.APPLY)] if selection.has(Concern.DNS) else []
    return found if any(map(was_asked, found)) else []


def _not_run(
    expected: Mapping[Concern, Sequence[str]], found: Mapping[Concern, Mapping[str, object]], pools_of: Plan
) -> dict[Concern, int]:
    """Return which concerns nobody was asked about, with their devices.

    pools_of: the plan whose records nobody looked at.
    """
    counts = {concern: len(names) for concern, names in expected.items() if names and not found.get(concern)}
    records = sum(bool(pool.dns_records) for pool in pools_of.pools.values())
    return {**counts, **({Concern.DNS: records} if records else {})}


def _left(asked: Iterable[TaskResult]) -> dict[str, str]:
    """Return the pools of which load balancers and DNS are left as they are, and why."""
    left: dict[str, str] = {}
    for result in asked:
        for key in _WAITING:
            left.update({pool: str(why) for pool, why in mapping(result.document.get(key)).items()})
    return left


def _held(parts: Iterable[Part], asked: Iterable[TaskResult]) -> dict[str, tuple[str, ...]]:
    """Return the hosts that are not closed because of whom they might refuse then, and why."""
    waiting = {part.device for part in parts if part.status is Status.NOT_CLOSED}
    kept_open = (
        result
        for result in asked
        if result.step is Step.CLOSE and result.status is results.Status.STOPPED and result.device in waiting
    )
    held: dict[str, tuple[str, ...]] = {}
    for result in kept_open:
        if result.message and result.message != STOPPED_TEXT:
            held[result.device] = tuple(dict.fromkeys((*held.get(result.device, ()), result.message)))
    return held
