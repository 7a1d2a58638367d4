# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The summary of one run of site.yml: from its plan and the results of its tasks, all out of the run state.

    collect_summary(state, Settings(check=True, now=now)).risk

Who was to answer is known from the plan, so that a host without a result is never taken for one that has nothing to do.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .._base.untyped import mapping
from .._drift.assumptions import last_report, unconfirmed
from .._plan.model import Plan
from .._rollout.results import DNS_DEVICE, Concern, Step, TaskResult
from .._rollout.run_state import RunState
from .expected import dns_results, expected_devices, own_results
from .run_parts import part_of
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


def collect_summary(state: RunState, settings: Settings) -> RunSummary:
    """Return the summary of a run."""
    plan, scope, expected = state.plan(), state.scope(), expected_devices(state)
    found = {
        concern: {name: _results_of(state, plan, name, concern) for name in names}
        for concern, names in expected.items()
        if scope.has(concern)
    }
    dns = dns_results(state, Step.APPLY, Step.VERIFY)
    parts = [part_of(name, concern, own) for concern, devices in found.items() for name, own in devices.items()]
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
            held={} if settings.check else _held(asked),
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


def _held(asked: Iterable[TaskResult]) -> dict[str, tuple[str, ...]]:
    """Return the hosts whose closing was held back because of whom they might refuse then, and why."""
    held: dict[str, tuple[str, ...]] = {}
    for result in asked:
        if result.is_held:
            held[result.device] = tuple(dict.fromkeys((*held.get(result.device, ()), result.message)))
    return held
