# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One step of a run on one device: is it taken, and with which options of the module?

taken = take_step(state, "fe01", [Concern.FIREWALL], Step.OPEN, is_check=False)
taken.decision.go, taken.options, taken.facts

Hosts that leave have no plan: they have no role any more, or are not managed. So site.yml does not visit them, and what
they have of ours stays until they are retired.

retiring(["fe13"], known={"fe11", "fe13"}, planned={"fe11": plan of fe11}.get) == ("fe13",)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._base.absence import Presence
from .._base.errors import InvalidInputError, Problem, nearest
from .._inventory import device_variables as d
from .._inventory import variables as v
from .._inventory.build import platform_of
from .._inventory.fields import At, Record, Variable
from .._inventory.model import InventoryHost, Platform
from .._inventory.settings import Settings
from .._plan.model import HostPlan, HostPolicy
from .gates import Decision, Gates, Go
from .results import Concern, Step
from .run_options import Options, read_run_options
from .run_state import RunState
from .step_options import Request, comparison_options, step_options, waiting_of

NO_PLAN_IN_RUN = "no plan in this run; fix: import_playbook msuc.lync.compile first"
_REPAIRING = frozenset((Step.REMEDIATE, Step.REMOVE))
# A comparison tells what differs, whatever becomes of it.
_HOLDING = frozenset((Step.OPEN, Step.CLOSE, Step.APPLY, Step.REMEDIATE))
_PLATFORMS = {Concern.FIREWALL: "windows", Concern.IPSEC: "windows", Concern.NFTABLES: "linux"}
_SCRIPTED = (Concern.FIREWALL, Concern.IPSEC)
_ASKING = frozenset((Step.COMPARE, Step.VERIFY, Step.BEFORE, Step.AFTER, Step.PEERS))
_AROUND = (Step.BEFORE, Step.AFTER, Step.PEERS)
HANDOUT_VARIABLES = ("lync_apply", "lync_handout")
HANDED_OUT = "not touched, because the host is handed out: scripts are made for it, and nothing here writes on it"
# Where pools that wait are told in the result of a module.
_WAITING_KEYS = {Concern.DNS: "left_out"}


@dataclass(frozen=True)
class StepTaken:
    """A decision, the options that go with it, and what is added to the result of the module."""

    decision: Decision
    options: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    presence: Presence = Presence()


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
    concern = concerns[0]
    gates = Gates(state, remediates=step in _REPAIRING or (step is Step.VERIFY and bool(state.repairs())))
    decision = gates.decide(device, concern, step)
    if step is Step.RETIRE and host.platform != _PLATFORMS.get(concern):
        decision = Decision(Go.NOTHING, f"the host is no {_PLATFORMS[concern]} host")
    options = state.run_options()
    if decision.go is Go.YES and options.for_host(device).hands_out(policy, host.platform):
        decision = _decide_handed_out(concern, step)
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
    presence = gates.presence(device, concern) if step in _HOLDING else Presence()
    facts = {key: waiting} if waiting else {}
    return StepTaken(decision, step_options(request), facts, _warnings(request, waiting), presence)


def _decide_handed_out(concern: Concern, step: Step) -> Decision:
    """Return whether a step is taken on a host that is handed out: what only asks, and what writes its scripts."""
    if step in _ASKING or (concern in _SCRIPTED and step in (Step.OPEN, Step.APPLY)):
        return Decision()
    if concern is Concern.PROBES:
        return Decision(*((Go.NOTHING, HANDED_OUT) if step in (Step.OPEN, Step.CLOSE) else (Go.YES,)))
    return Decision(Go.STOPPED, HANDED_OUT)


def is_handed_out(variables: Mapping[str, object]) -> bool:
    """Return whether a host without a plan is handed out, by its variables; raises InvalidInputError."""
    own = {name: variables.get(name) for name in HANDOUT_VARIABLES}
    inventory = {"": InventoryHost("", (), {d.APPLY.name: own[d.APPLY.name]})}
    settings = Settings(inventory)
    policy = HostPolicy(apply=settings.of_host(inventory[""], [d.APPLY])[d.APPLY])
    problems = [problem for problem, is_warning in settings.findings() if not is_warning]
    if problems:
        raise InvalidInputError(problems)
    return read_run_options(own, only=("handout",)).common.hands_out(policy)


def is_windows(variables: Mapping[str, object]) -> bool:
    """Return whether a host without a role is known to be a Windows host: it says so, or is reached by WinRM."""
    said = variables.get(v.PLATFORM.name)
    by_winrm = str(variables.get("ansible_connection", "")).rpartition(".")[2] in ("winrm", "psrp")
    return platform_of(variables) is Platform.WINDOWS and (by_winrm or said is not None)


def _is_probed(step: Step, options: Options) -> bool:
    """Return whether the probes of a step are asked for; those around a change, and listeners, have to be."""
    return options.verify if step in _AROUND else step is Step.VERIFY or options.probe_listeners


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


_VARIABLE = "lync_retire"
_POLICY: tuple[Variable[object], ...] = (
    v.IPSEC, v.MANAGEMENT_NETWORKS, d.APPLY, d.IPSEC_ENGINE, d.LINUX_POLICY, d.LINUX_PATH,
)  # fmt: skip


def retiring(
    names: Iterable[str], known: Collection[str], planned: Callable[[str], HostPlan | None]
) -> tuple[str, ...]:
    """Return the names, each once in their order.

    Raises InvalidInputError for a host that is unknown or still has a role. known: all hosts of the inventory.
    planned: the plan of a host.
    """
    chosen = tuple(dict.fromkeys(names))
    problems = [problem for name in chosen for problem in _check_retirement(name, known, planned)]
    if problems:
        raise InvalidInputError(problems)
    return chosen


def retired_policy(variables: Mapping[str, object]) -> HostPolicy:
    """Return how a host is treated that has no plan; raises InvalidInputError for a value that cannot be read.

    variables: of the inventory, by name; a variable that is not set may be absent.
    """
    at = At("lync_retire")
    given = {one.name: one for one in _POLICY if variables.get(one.name) is not None}
    record = Record({name: one.read(variables[name], At(name, at.faults)) for name, one in given.items()})
    if at.faults:
        raise InvalidInputError([Problem(fault.place, fault.message, fault.allowed, fault.fix) for fault in at.faults])
    return HostPolicy(
        apply=record[d.APPLY],
        ipsec=record[v.IPSEC],
        ipsec_engine=record[d.IPSEC_ENGINE],
        linux_policy=record[d.LINUX_POLICY],
        linux_path=record[d.LINUX_PATH],
        management_networks=record[v.MANAGEMENT_NETWORKS].to_text(),
    )


# What is read of a host without a plan.
RETIRED_VARIABLES = (
    *(one.name for one in _POLICY),
    *(one.name for one in (v.PLATFORM, d.BALANCER_DRIVER, d.REVERSE_PROXY_DRIVER)),
)


def _check_retirement(
    name: str, known: Collection[str], planned: Callable[[str], HostPlan | None]
) -> Iterator[Problem]:
    if name not in known:
        allowed = nearest(name, known) or "hosts of the inventory"
        yield Problem(
            _VARIABLE,
            f"{name!r} is no host of the inventory",
            allowed,
            "leave it in the inventory, outside of all roles, until it is retired",
        )
        return
    plan = planned(name)
    if plan and (plan.firewall_rules or plan.ipsec_exemptions):
        message = f"{name} is still in {', '.join(plan.roles) or 'a role'}, and the plan wants rules on it"
        yield Problem(_VARIABLE, message, fix="take it out of the group, or set lync_member_state to retired")
