# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One step of a run on one device: is it taken, and with which options of the module?

taken = take_step(state, "fe01", [Concern.FIREWALL], Step.OPEN, is_check=False)
taken.decision.go, taken.options, taken.facts
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._base.errors import InvalidInputError, Problem
from .._inventory.build import platform_of
from .._plan.model import HostPlan, HostPolicy
from .gates import Decision, Gates, Go
from .results import Concern, Step
from .retiring import retired_policy
from .run_options import Options, RunOptions
from .run_state import RunState
from .step_options import Request, comparison_options, step_options, waiting_of

NO_PLAN_IN_RUN = "no plan in this run; fix: import_playbook msuc.lync.compile first"
_REPAIRING = frozenset((Step.REMEDIATE, Step.REMOVE))
_PLATFORMS = {Concern.FIREWALL: "windows", Concern.IPSEC: "windows", Concern.NFTABLES: "linux"}
# Where pools that wait are told in the result of a module.
_WAITING_KEYS = {Concern.DNS: "left_out"}


@dataclass(frozen=True)
class StepTaken:
    """A decision, the options that go with it, and what is added to the result of the module."""

    decision: Decision
    options: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def take_step(
    state: RunState,
    device: str,
    concerns: Sequence[Concern],
    step: Step,
    *,
    is_check: bool,
    variables: Mapping[str, object] | None = None,
) -> StepTaken:
    """Return whether a step is taken on a device, and with which options.

    Raises InvalidInputError where there is no plan for it. concerns: one, or those that one module compares at once.
    variables: of the inventory, for a host that leaves and has no plan.
    """
    host, policy = _host_of(state, device, concerns[0], step, variables or {})
    concern = _own_concern(host, concerns[0])
    gates = Gates(state, remediates=step in _REPAIRING or (step is Step.VERIFY and bool(state.repairs())))
    decision = gates.decide(device, concern, step)
    if step is Step.RETIRE and host.platform != _PLATFORMS.get(concern):
        decision = Decision(Go.NOTHING, f"the host is no {_PLATFORMS[concern]} host")
    options = RunOptions.from_document(state.options()) if state.options() else RunOptions()
    if concern is Concern.PROBES and not _is_probed(step, options.common):
        return StepTaken(Decision(Go.NOTHING, "not asked for in this run"))
    request = Request(concern, step, device, gates, options.for_host(device), host, policy, is_check)
    if decision.go is not Go.YES:
        told = (f"{device} is not closed: {decision.message}",) if decision.go is Go.HELD else ()
        return StepTaken(decision, warnings=told)
    if len(concerns) > 1:
        return StepTaken(decision, comparison_options(request, concerns))
    waiting = waiting_of(request)
    key = _WAITING_KEYS.get(concern, "waiting")
    return StepTaken(decision, step_options(request), {key: waiting} if waiting else {}, _warnings(request, waiting))


def _is_probed(step: Step, options: Options) -> bool:
    """Return whether the probes of a step are asked for; those around a change, and listeners, have to be."""
    return options.verify if step in (Step.BEFORE, Step.AFTER) else step is Step.VERIFY or options.probe_listeners


def concern_of(state: RunState, device: str, concern: Concern) -> Concern:
    """Return under which concern a result is kept: nginx is a driver of its own, and carries UDP beside HAProxy."""
    host = state.host_plan(device) if concern is Concern.LOAD_BALANCER_UDP else None
    return concern if host is None else _own_concern(host, concern)


def _own_concern(host: HostPlan, concern: Concern) -> Concern:
    is_own = host.load_balancer is not None and host.load_balancer.driver == "nginx"
    return Concern.LOAD_BALANCER if concern is Concern.LOAD_BALANCER_UDP and is_own else concern


def _host_of(
    state: RunState, device: str, concern: Concern, step: Step, variables: Mapping[str, object]
) -> tuple[HostPlan, HostPolicy]:
    """Return the plan and the policy of a device.

    Those of DNS, of a prober and of a host that leaves are empty ones.
    """
    if not state.is_compiled():
        raise InvalidInputError([Problem("step", NO_PLAN_IN_RUN)])
    host = state.host_plan(device)
    if host is not None:
        return host, host.policy
    platform = platform_of(variables).value if step is Step.RETIRE else ""
    nobody = HostPlan(device, (), "", None, platform, False, "", ())
    if step is Step.RETIRE:
        return nobody, retired_policy(variables)
    if concern in (Concern.DNS, Concern.PROBES):
        return nobody, HostPolicy()
    raise InvalidInputError([Problem("step", no_plan_text(device))])


def no_plan_text(host: str) -> str:
    """Return why a host cannot be brought to a plan in this run."""
    return f"this run has no plan for host {host}: run msuc.lync.plan first; only managed hosts with a role have one"


def _warnings(request: Request, waiting: Mapping[str, str]) -> tuple[str, ...]:
    if request.concern is Concern.DNS:
        return tuple(f"the DNS records of {pool} are left as they are: {why}" for pool, why in waiting.items())
    return tuple(f"what {request.device} has of {pool} is left as it is: {why}" for pool, why in waiting.items())
