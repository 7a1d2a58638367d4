# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The summary of one run of site.yml: from its plan and the results of its tasks, all out of the run state.

    collect_summary(state, Settings(check=True, now=now)).risk

Who was to answer is known from the plan, so that a host without a result is never taken for one that has nothing to do:

    expected_devices(state)[Concern.FIREWALL] == ("fe01", "fe02")
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .._base.untyped import mapping
from .._drift.deviations import last_report, unconfirmed
from .._load_balancers.carriers import CARRIERS
from .._plan.model import Plan
from .._rollout.acceptance import CUT, Accepted, acceptance_text
from .._rollout.holding import MISSING_TEXT, accepted_in, judge_losses
from .._rollout.results import DNS_DEVICE, Concern, Step, TaskResult
from .._rollout.run_state import RunState
from .run_parts import part_of
from .run_rollback import Command
from .run_summary import Run, RunSummary, comparison, touched_places

_OF_RULES = (Concern.FIREWALL, Concern.NFTABLES, Concern.IPSEC)
# Results in which pools are named that were left as they are, by their key.
_WAITING = ("waiting", "left_out")


@dataclass(frozen=True)
class Settings:
    """How a summary is made; directory: of reports, empty for none. now: with time zone."""

    check: bool
    now: datetime.datetime
    directory: str = ""
    confirm_minutes: int | None = None
    snapshot: bool = True
    reference: str = ""
    command: Command = Command()


def collect_summary(state: RunState, settings: Settings) -> RunSummary:
    """Return the summary of a run."""
    plan, scope, expected = state.plan(), state.scope(), expected_devices(state)
    approved, pending = state.approved()
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
            left=_find_left_pools(asked),
            waiting=tuple(sorted({result.device for result in asked if any(map(result.document.get, _WAITING))})),
            held={} if settings.check else _find_held_hosts(asked),
            holds=judge_losses(state).lifted(accepted_in(state)).holds,
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
            is_approved=bool(approved),
            pending=pending,
            made=settings.now.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        ),
        tuple(parts),
    )


def changes_of(state: RunState) -> dict[tuple[str, str], list[Mapping[str, object]]]:
    """Return the changes of a run by device and concern, as its tasks return them."""
    plan, scope = state.plan(), state.scope()
    found = {
        (name, concern.value): _changes_in(_results_of(state, plan, name, concern))
        for concern, names in expected_devices(state).items()
        if scope.has(concern)
        for name in names
    }
    dns = _changes_in(dns_results(state, Step.APPLY, Step.VERIFY))
    return {**found, (DNS_DEVICE, Concern.DNS.value): dns}


def _changes_in(own: Iterable[TaskResult]) -> list[Mapping[str, object]]:
    return [change for result in own for change in result.changes]


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


def _find_left_pools(asked: Iterable[TaskResult]) -> dict[str, str]:
    """Return the pools of which load balancers and DNS are left as they are, and why."""
    left: dict[str, str] = {}
    for result in asked:
        for key in _WAITING:
            left.update({pool: str(why) for pool, why in mapping(result.document.get(key)).items()})
    return left


def _find_held_hosts(asked: Iterable[TaskResult]) -> dict[str, tuple[str, ...]]:
    """Return the hosts whose closing was held back because of whom they might refuse then, and why."""
    held: dict[str, tuple[str, ...]] = {}
    for result in asked:
        if result.is_held:
            held[result.device] = tuple(dict.fromkeys((*held.get(result.device, ()), result.message)))
    return held


def expected_devices(state: RunState) -> dict[Concern, tuple[str, ...]]:
    """Return the devices of this run by concern, sorted, those of concerns that its tags leave out too."""
    scope = state.scope()
    waves = {platform: state.waves(platform).waves for platform in ("windows", "linux")}
    windows, linux = (tuple(sorted(host for wave in waves[platform] for host in wave)) for platform in waves)
    balancers, proxies = (tuple(sorted(filter(scope.plays, names))) for names in (state.balancers(), state.proxies()))
    return {
        Concern.FIREWALL: windows,
        Concern.NFTABLES: linux,
        Concern.IPSEC: windows,
        Concern.LOAD_BALANCER: balancers,
        Concern.PUBLICATIONS: proxies,
    }


def own_results(state: RunState, plan: Plan, device: str, concern: Concern, step: Step) -> list[TaskResult]:
    """Return the results of a step of one concern of a device; what the plan expects and is not there is UNKNOWN."""
    found = [state.expected(device, concern, step)]
    if concern is Concern.LOAD_BALANCER:
        udp = state.result(device, Concern.LOAD_BALANCER_UDP, step)
        if udp is None and found[0].is_done and _has_second_program(plan, device):
            udp = TaskResult.unknown(device, Concern.LOAD_BALANCER_UDP, step)
        found += [udp] if udp else []
    return found


def _has_second_program(plan: Plan, balancer: str) -> bool:
    """Return whether a second program carries services of a load balancer, as nftables does UDP beside HAProxy."""
    host = plan.hosts.get(balancer)
    carriers = CARRIERS.get(host.load_balancer.driver, {}) if host and host.load_balancer else {}
    services = (service for pool in plan.pools.values() for service in pool.virtual_services)
    protocols = {service.protocol for service in services if balancer in service.balancers}
    return "udp" in protocols and carriers.get("udp") != carriers.get("tcp")


def compared(state: RunState, plan: Plan) -> Iterator[TaskResult]:
    """Yield the comparisons of a run: those that its plan and tags expect, and those that it made besides."""
    scope = state.scope()
    for concern, names in expected_devices(state).items():
        for name in names:
            if scope.has(concern) or state.result(name, concern, Step.COMPARE):
                yield from own_results(state, plan, name, concern, Step.COMPARE)
    yield from dns_results(state, Step.COMPARE)
    for name in scope.missing:
        yield TaskResult.unknown(name, Concern.FIREWALL, Step.COMPARE, MISSING_TEXT)


def dns_results(state: RunState, *steps: Step) -> list[TaskResult]:
    """Return the results of DNS, whose tasks run once for all servers; none where there was no server to ask."""
    found = [result for step in steps if (result := state.result(DNS_DEVICE, Concern.DNS, step))]
    if not found and state.scope().has(Concern.DNS):
        return [TaskResult.unknown(DNS_DEVICE, Concern.DNS, steps[0])]
    return found if any(map(was_asked, found)) else []


def was_asked(result: TaskResult) -> bool:
    """Return whether a DNS server was asked, or should have been."""
    return not result.is_done or result.count("stats", "requests") > 0


def accept_text(state: RunState, now: datetime.datetime) -> str:
    """Return the text of accept.yml after a check; empty when there is nothing that can be accepted."""
    plan = state.plan()
    concerns = {concern: names for concern, names in expected_devices(state).items() if state.scope().has(concern)}
    found = [
        result
        for concern, names in concerns.items()
        for name in names
        for result in _results_of(state, plan, name, concern)
    ]
    holds = judge_losses(state).holds
    held = {(Accepted(device, one.kind.value, one.item), one.detail) for one in holds for device in one.devices}
    refused: list[str] = []
    for result in found:
        cuts, reasons = result.texts("refused_cuts"), result.texts("refused")
        others, of_cuts = reasons[: len(reasons) - len(cuts)], reasons[len(reasons) - len(cuts) :]
        held |= {(Accepted(result.device, CUT, cut), why) for cut, why in zip(cuts, of_cuts, strict=True)}
        refused += [f"{result.device}: {' '.join(why.split())}" for why in others]
    return acceptance_text(held, refused, found, state.digest(), now)
