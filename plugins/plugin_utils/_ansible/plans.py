# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan that a run goes by: computed from the inventory, or the one that was approved.

    order = order_of_run(inventory, Request(variables, given, approved_dir="", played=["fe01"], ...))
    order.plan, order.run, order.approved, order.difference

Everything that is wrong is one InvalidInputError, before anything is contacted.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .._base.errors import InvalidInputError, Problem
from .._base.screen import shortened
from .._base.untyped import counted
from .._compiler.compile import compile_inventory
from .._compiler.inputs import inputs_of
from .._drift.deviations import read_acceptances
from .._drift.remediation import read_limits
from .._inventory.model import InventoryHost
from .._plan import files as plan_files
from .._plan.approved import Approved, compare_with_approved, connection_problems, hosts_beside, read_approved
from .._plan.diff import Difference, difference
from .._plan.model import Plan
from .._rollout.acceptance import FILE as ACCEPT_FILE
from .._rollout.acceptance import check_acceptances, read_accept_file
from .._rollout.holding import MISSING_TEXT, expectation_problems, missing_hosts, resolved_gone
from .._rollout.run_options import RunOptions, read_run_options, with_options
from .._rollout.steps import retiring

_Inventory = Mapping[str, InventoryHost]
_MAKES_PLAN = "this playbook makes a plan, and goes by none"
_TWO_PLANS = "a run goes by one plan, and lync_approved_plan names another"


@dataclass(frozen=True)
class Request:
    """What a run asks of its plan.

    variables: of the run. given: options of the task, which go before. known: problems that are known already.
    approved_dir: of the plan that computed ones are compared with; empty for none. played: hosts of the run; limited:
    whether --limit chose them. retires, plan_only, stops_at_missing: what kind of run it is.
    """

    variables: Mapping[str, object]
    given: Mapping[str, object] = field(default_factory=dict)
    known: Sequence[Problem] = ()
    approved_dir: str = ""
    played: Sequence[str] = ()
    limited: bool = False
    retires: bool = False
    plan_only: bool = False
    stops_at_missing: bool = True


@dataclass(frozen=True)
class Order:
    """What the rest of a run goes by.

    files: texts of the plan by path. approved: where the plan is not the computed one. difference: to the baseline,
    where there is one. missing: hosts that the inventory lacks. warnings: texts for people.
    """

    plan: Plan
    run: RunOptions
    files: Mapping[str, str]
    approved: Approved | None = None
    difference: Difference | None = None
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_loaded(self) -> bool:
        """Return whether no plan was computed."""
        return bool(self.run.common.plan)


class MissingHostsError(InvalidInputError):
    """The inventory lacks hosts of an earlier plan; difference: between that and what the inventory says."""

    def __init__(self, names: Sequence[str], changes: Difference | None) -> None:
        self.difference = changes
        fix = f"bring them back, or let them go: -e '{json.dumps({'lync_gone': list(names)})}'"
        super().__init__([Problem("inventory", f"{', '.join(names)}: {MISSING_TEXT}", fix=fix)])


def order_of_run(inventory: _Inventory, request: Request) -> Order:
    """Return what a run goes by; raises InvalidInputError with every problem of inventory, options and plans."""
    order = _load(inventory, request) if request.variables.get("lync_plan") else _compute(inventory, request)
    if request.retires:
        _check_leaving(order.run.common.retire, inventory, order.plan)
    return order


def _compute(inventory: _Inventory, request: Request) -> Order:
    run, problems = _read_options(inventory, request)
    plan = Plan()
    try:
        plan = compile_inventory(inventory, run.common.retire)
    except InvalidInputError as error:
        problems += error.problems
    _raise(problems)
    approved = compare_with_approved(Path(request.approved_dir), plan) if request.approved_dir else None
    if approved and not run.common.accept:
        run = with_options(run, {"accept": read_accept_file(Path(request.approved_dir) / ACCEPT_FILE)})
    return _compare(plan, run, approved, inventory, request)


def _load(inventory: _Inventory, request: Request) -> Order:
    """Return what a run goes by whose plan was approved; the inventory says how hosts are reached, and no more."""
    run, problems = _read_options(inventory, request)
    problems += [Problem("lync_plan", _MAKES_PLAN, fix="leave it out")] if request.plan_only else []
    problems += [Problem("lync_plan", _TWO_PLANS, fix="leave out one of them")] if request.approved_dir else []
    approved = Approved(Plan(), {}, "")
    try:
        # Other options that are wrong must not hide what is wrong with the plan.
        named = read_run_options(request.variables, only=("plan", "plan_digest")).common
        approved = read_approved(Path(named.plan), named.plan_digest)
    except InvalidInputError as error:
        problems += error.problems
    reached = {name: inventory[name] for name in request.played if name in inventory}
    connections = {name: host.connection_host for name, host in reached.items()}
    problems += connection_problems(approved.plan, connections)
    _raise(problems)
    pending = tuple(_pending(approved.plan, inventory, run.common.retire))
    return _compare(approved.plan, run, replace(approved, pending=pending), inventory, request)


def _pending(plan: Plan, inventory: _Inventory, leaving: Sequence[str]) -> Iterator[str]:
    """Yield what the inventory says otherwise than when the plan was made; one that says the same is not compiled."""
    lacking = [name for name in plan.hosts if name not in inventory]
    if lacking:
        yield f"the inventory lacks {counted(len(lacking), 'host')} of the plan, so what it changes cannot be told"
    elif inputs_of(inventory, leaving) != plan.inputs:
        try:
            yield from difference(plan, compile_inventory(inventory, leaving)).lines
        except InvalidInputError as error:
            count = counted(len(error.problems), "error")
            yield f"the inventory has {count} by now, so what it changes cannot be told: {error.problems[0]}"


def _compare(
    plan: Plan, run: RunOptions, approved: Approved | None, inventory: _Inventory, request: Request
) -> Order:
    """Return the order with what earlier plans and people's acceptances make of it; raises InvalidInputError.

    plan: the computed one, unless none was computed.
    """
    baseline = plan_files.read_plan(Path(run.common.plan_baseline)) if run.common.plan_baseline else None
    # Of an approved plan, a run with --limit needs no more than its own hosts.
    is_whole = not (run.common.plan and request.limited)
    earlier = [found for found in (baseline, approved.plan if approved and is_whole else None) if found]
    missing = missing_hosts(earlier, inventory, run.common.gone)
    changes = difference(baseline, plan) if baseline else None
    if missing and request.stops_at_missing:
        raise MissingHostsError(missing, changes)
    files = approved.files if run.common.plan and approved else plan_files.rendered(plan)
    digests = plan_files.digests_of(files)
    digest = approved.digest if approved else plan_files.plan_digest(digests, plan.known_addresses)
    now = datetime.datetime.now(datetime.timezone.utc)
    _raise(check_acceptances(run.common.accept, digest, now))
    warnings = [*plan.warnings, *_warn_of_others(plan, request.played)] if run.common.plan else plan.warnings
    run = _with_gone_addresses(run, earlier)
    return Order(plan, run, files, approved, changes, tuple(missing), tuple(warnings))


def _warn_of_others(plan: Plan, played: Iterable[str]) -> Iterator[str]:
    others = hosts_beside(plan, played)
    if others:
        yield f"not in the plan, and so left alone: {shortened(others)}"


def _read_options(inventory: _Inventory, request: Request) -> tuple[RunOptions, list[Problem]]:
    """Return the options of the run, and what is wrong with them and with what is known already."""
    problems = [*request.known, *_drift_problems(request.variables)]
    run = RunOptions()
    try:
        run = with_options(read_run_options(request.variables, inventory), request.given)
    except InvalidInputError as error:
        problems += error.problems
    problems += expectation_problems(run.common.expected_hosts, inventory)
    return run, problems


def _drift_problems(variables: Mapping[str, object]) -> Iterator[Problem]:
    """Yield what is wrong with the options of a run that only a drift report can read as a whole."""
    limits = {name: variables.get(f"lync_remediate_{name}") for name in ("classes", "concerns", "window")}
    accepted = variables.get("lync_accepted_deviations") or []
    for read in (lambda: read_limits(limits), lambda: read_acceptances(accepted)):
        try:
            read()
        except InvalidInputError as error:
            yield from error.problems


def _check_leaving(names: Sequence[str], inventory: _Inventory, plan: Plan) -> None:
    """Raise InvalidInputError unless hosts are named that may leave."""
    if not names:
        raise InvalidInputError([Problem("lync_retire", "names no host", fix="-e lync_retire=HOST")])
    retiring(names, inventory, plan.hosts.get)


def _with_gone_addresses(run: RunOptions, earlier: Sequence[Plan]) -> RunOptions:
    """Return the options of a run with the addresses of all that is gone; raises InvalidInputError."""
    addresses, problems = resolved_gone(run.common.gone, earlier)
    _raise(problems)
    return with_options(run, {"gone": addresses}) if addresses else run


def _raise(problems: Iterable[Problem]) -> None:
    """Raise InvalidInputError where there is any problem."""
    found = list(problems)
    if found:
        raise InvalidInputError(found)
