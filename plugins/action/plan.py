# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compiles the inventory once and keeps the plan for the rest of the run; documented in plugins/modules/plan.py."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.errors import AnsibleError
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import (
    ControllerAction,
    failed,
    playbook_name,
    played_hosts,
    run_state,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.plans import (
    MissingHostsError,
    Order,
    Request,
    order_of_run,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.runs import begin_record
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.screen import COLUMNS, is_verbose, show
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.versions import version_problem
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import Cause
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError, Problem
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError, require
from ansible_collections.msuc.lync.plugins.plugin_utils._base.screen import hosts_text, indented, shortened
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import counted
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.links import row_links
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import outlines
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.libraries import EVERY_PLAN, needed_libraries
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import read_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.run_variables import OF_HOSTS, OF_THE_RUN
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import tables
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.approved import Approved
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.diff import Difference
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan, Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.names import Names
from ansible_collections.msuc.lync.plugins.plugin_utils._report.papers import papers
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import RunOutcome, Verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import (
    Options,
    RunOptions,
    RunScope,
    read_run_options,
    with_options,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.steps import is_handed_out, is_windows
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import waves_of

_SPEC = {
    "dir": {"type": "path"},
    "baseline": {"type": "path"},
    "approved": {"type": "path"},
    "affected_file": {"type": "path"},
    "missing_hosts": {"type": "str", "choices": ["stop", "report"], "default": "stop"},
    "wave_size": {"type": "int"},
    "show": {"type": "bool"},
    "plan_only": {"type": "bool", "default": False},
    "only_order": {"type": "bool", "default": False},
    "retires": {"type": "bool", "default": False},
}
# Option of the task -> the field of Options that it goes before.
_FIELDS = {
    "dir": "plan_dir",
    "baseline": "plan_baseline",
    "affected_file": "affected_file",
    "wave_size": "wave_size",
    "show": "plan_show",
}
# A run that makes nothing but the plan writes and shows it, unless the run says otherwise.
_OF_PLAN_ONLY = {"lync_plan_dir": ("plan_dir", "plan"), "lync_plan_show": ("plan_show", True)}
# Playbooks that contact no host, and so need no library of a connection.
_WITHOUT_CONTACT = ("audit", "plan")
# What a rollback needs of the options of a run.
_OF_ROLLBACK = ("wave_size", "snapshot_dir", "rollback_to", "rollback_scope", "handout")
_OF_CATALOGUE = ", only because of another version of the catalogue (the inventory says the same)"
_MIXED = (
    "the catalogue is another version too; what it changes by itself, the plan of the earlier inventory shows apart: "
    "make it with this version first"
)
_Answer = dict[str, Any]
_Inventory = Mapping[str, InventoryHost]


class ActionModule(ControllerAction):
    """The controller side of msuc.lync.plan; it runs once for all hosts and contacts none."""

    unwritable = "the plan cannot be written"
    argument_spec = _SPEC

    def perform(self, options: _Answer, task_vars: dict[str, Any]) -> _Answer:
        """Return the result of the task; errors of the input are the verdict of the run."""
        try:
            return self._result(options, task_vars)
        except InvalidInputError as error:
            self._finish_invalid(f"{counted(len(error.problems), 'error')} in the input")
            return failed(error.report(untouched=not run_state().has_results()))
        except MissingLibraryError as error:
            self._finish_invalid("Python libraries are missing")
            return failed(str(error))

    def _finish_invalid(self, text: str) -> None:
        self.finished(RunOutcome(playbook_name(), Verdict.INVALID, text, bool(self._task.check_mode)))

    def _result(self, options: _Answer, task_vars: dict[str, Any]) -> _Answer:
        if options["wave_size"] is not None and options["wave_size"] < 1:
            return failed(
                f"wave_size: {options['wave_size']} is too small; allowed: 1 and more members of a pool at a time"
            )
        if version_problem():
            return failed(version_problem())
        inventory = read_inventory(task_vars["hostvars"])
        require(_needed_libraries(inventory, task_vars))
        if options["only_order"]:
            return self._lay_out(inventory, options, task_vars)
        order = self._order(inventory, options, task_vars)
        played = set(played_hosts(task_vars)) & set(order.plan.hosts)
        self._keep_order(order, replace(self._scope(played, task_vars), missing=order.missing))
        self._begin_record(order.run.common, task_vars)
        changed = self._write(order)
        _show(order)
        changes = order.difference or Difference((), ())
        return {
            "changed": bool(changed),
            "files": changed,
            "digest": run_state().digest(),
            "hosts": sorted(order.plan.hosts),
            "pools": sorted(order.plan.pools),
            "difference": list(changes.lines),
            "devices": list(changes.devices),
            "difference_cause": changes.cause.value if changes.cause else "",
            "pending": list(order.approved.pending) if order.approved else [],
            "warnings": [*order.warnings, *_name_limited_out_devices(order, task_vars)],
        }

    def _order(self, inventory: _Inventory, options: _Answer, task_vars: dict[str, Any]) -> Order:
        """Return what the run goes by; raises InvalidInputError."""
        variables = self._variables(task_vars)
        request = Request(
            variables,
            _given(options, variables),
            list(_source_problems()),
            approved_dir=options["approved"] or "",
            played=played_hosts(task_vars),
            limited=bool(context.CLIARGS.get("subset")),
            retires=options["retires"],
            plan_only=options["plan_only"],
            stops_at_missing=options["missing_hosts"] == "stop",
        )
        try:
            return order_of_run(inventory, request)
        except MissingHostsError as error:
            if error.difference is not None:
                show(_difference_text(error.difference) + "\n")
            raise

    def _lay_out(self, inventory: _Inventory, options: _Answer, task_vars: Mapping[str, Any]) -> _Answer:
        """Keep the order of the hosts and the options of a rollback; faults elsewhere are no obstacle."""
        run = read_run_options(self._variables(task_vars), inventory, only=_OF_ROLLBACK)
        played = played_hosts(task_vars)
        hosts = {host.host: host for host in outlines(inventory)}
        named = played if context.CLIARGS.get("subset") else ()
        for name in (name for name in named if name in inventory and name not in hosts):
            if is_windows(inventory[name].variables):
                hosts[name] = HostPlan(name, (), "", None, "windows", False, "active", ())
        if not any(host.platform == "windows" for name, host in hosts.items() if name in played):
            message = "no Windows host is left to be rolled back"
            raise InvalidInputError([Problem("--limit", message, fix="name hosts that Ansible reaches by WinRM")])
        self._keep(Plan(hosts), {}, with_options(run, _given(options, {})), self._scope(played, task_vars))
        own = [inventory[name] for name in played if name in hosts and name in inventory]
        handed = [host.name for host in own if is_handed_out(self._handout_of(host, run))]
        return {"changed": False, "handed_out": sorted(handed)}

    @staticmethod
    def _handout_of(host: InventoryHost, run: RunOptions) -> dict[str, object]:
        return {"lync_apply": host.variables.get("lync_apply"), "lync_handout": run.for_host(host.name).handout}

    def _variables(self, task_vars: Mapping[str, Any]) -> dict[str, object]:
        """Return the variables of the run, those of the play too; a template that cannot be resolved stays.

        What the controller does not have, because a group sets it, is that of the first host.
        """
        hosts = played_hosts(task_vars)
        first: Mapping[str, Any] = task_vars["hostvars"][hosts[0]] if hosts else {}
        names = [variable.name for variable in OF_HOSTS + OF_THE_RUN]
        own = {name: self._templated(task_vars[name]) for name in names if name in task_vars}
        return {**{name: first[name] for name in names if name in first}, **own}

    def _templated(self, value: object) -> object:
        try:
            return self._templar.template(value)
        except AnsibleError:
            return value

    def _scope(self, played: Iterable[str], task_vars: Mapping[str, Any]) -> RunScope:
        """Return what the run was asked for."""
        tags, skipped = (frozenset(task_vars.get(f"ansible_{kind}_tags") or ()) for kind in ("run", "skip"))
        return RunScope(tuple(sorted(played)), tags or RunScope().tags, skipped, bool(self._task.check_mode))

    def _keep(
        self, plan: Plan, files: Mapping[str, str], run: RunOptions, scope: RunScope, digest: str = ""
    ) -> None:
        """Keep the plan for the plays that follow, with the waves of the hosts played; files: its texts by path."""
        hosts = [host for host in plan.hosts.values() if scope.plays(host.host)]
        windows = [host for host in hosts if host.platform == "windows"]
        # A Linux host without rules is left alone; a retired one is to lose those that it has.
        on_linux = (host for host in hosts if host.platform == "linux")
        linux = [host for host in on_linux if host.firewall_rules or host.member_state == "retired"]
        wave_size = run.common.wave_size
        state = run_state()
        waves = waves_of(windows, wave_size), waves_of(linux, wave_size)
        state.save(files, *waves, scope, plan.known_addresses, plan.names, digest)
        state.save_options(run.document())
        if run.common.progress:
            state.begin_telling()

    def _keep_order(self, order: Order, scope: RunScope) -> None:
        """Keep what the run goes by: the computed plan, or the approved one in its place."""
        plan = order.plan
        if order.approved and not order.is_loaded:
            known = (*plan.known_addresses, *order.approved.plan.known_addresses)
            plan = replace(order.approved.plan, known_addresses=known, names=plan.names)
        goes_by = order.approved or Approved(plan, order.files, "")
        self._keep(plan, goes_by.files, order.run, scope, goes_by.digest)
        if order.approved:
            run_state().save_approved(goes_by.digest, goes_by.pending)
        if order.difference:
            run_state().save_catalogue_objects(order.difference.objects)

    def _begin_record(self, options: Options, task_vars: Mapping[str, Any]) -> None:
        if not self._task.check_mode:
            begin_record(run_state(), options, playbook_name(), task_vars)

    def _write(self, order: Order) -> list[str]:
        """Write the plan directory of the user, if there is one and this is no check; return the changed paths."""
        options, plan, difference = order.run.common, order.plan, order.difference
        if not options.plan_dir or self._task.check_mode or order.is_loaded:
            return []
        texts = {**order.files, **papers(plan)}
        if difference is not None:
            texts[plan_files.AFFECTED] = plan_files.affected_text(difference.devices)
        if difference is not None and options.affected_file:
            Path(options.affected_file).write_text(texts[plan_files.AFFECTED], encoding="utf-8")
        return plan_files.write(Path(options.plan_dir), texts, plan.known_addresses, plan.inputs, plan.names)


def _source_problems() -> Iterator[Problem]:
    """Yield that a source of the inventory may have failed without anybody being told.

    Ansible warns of a source that cannot be read, and goes on with the hosts of the others.
    """
    if C.config.get_config_value("INVENTORY_ANY_UNPARSED_IS_FAILED"):
        return
    sources = [str(source) for source in context.CLIARGS.get("inventory") or ()]
    if len(sources) > 1 or any(map(_may_fail_in_part, sources)):
        fix = "write any_unparsed_is_failed = true below [inventory] into ansible.cfg"
        message = "a source that fails is left out by Ansible with a warning, and its hosts would be cut off everywhere"
        yield Problem(f"inventory {', '.join(sources)}", message, fix=fix)


def _may_fail_in_part(source: str) -> bool:
    """Return whether a source is a directory, a script, or the configuration of a plugin."""
    path = Path(source)
    if path.is_dir() or (path.is_file() and os.access(path, os.X_OK)):
        return True
    if path.suffix not in (".yml", ".yaml") or not path.is_file():
        return False
    return any(line.startswith("plugin:") for line in path.read_text(encoding="utf-8", errors="replace").splitlines())


def _needed_libraries(inventory: _Inventory, task_vars: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the packages that this run needs on the controller, and what needs them."""
    if playbook_name() in _WITHOUT_CONTACT:
        return EVERY_PLAN
    probes = playbook_name() == "verify" or bool(task_vars.get("lync_verify"))
    return needed_libraries(inventory.values(), probes=probes)


def _given(options: _Answer, variables: Mapping[str, object]) -> dict[str, object]:
    """Return the options of the task that go before those of the run, by the fields of Options."""
    assumed = _OF_PLAN_ONLY if options["plan_only"] else {}
    unsaid = {field: value for name, (field, value) in assumed.items() if name not in variables}
    return {**unsaid, **{field: options[name] for name, field in _FIELDS.items() if options[name] is not None}}


def _name_limited_out_devices(order: Order, task_vars: Mapping[str, Any]) -> list[str]:
    """Say which devices a narrower --limit leaves out although the same change needs them."""
    played = set(played_hosts(task_vars))
    devices = set(order.plan.hosts) if order.difference is None else set(order.difference.devices)
    missing = sorted(devices - played)
    if not missing or not devices & played:
        return []
    names = shortened(missing)
    if order.difference is None:
        count = f"{len(missing)} of {len(devices)} devices ({names})"
        return [f"--limit leaves out {count}; lync_plan_baseline tells which of them this change needs"]
    return [f"the same change needs {len(missing)} more devices, which --limit leaves out: {names}"]


def _show(order: Order) -> None:
    """Print the tables, the difference and the digest as plain lines, which a task result cannot."""
    options, plan = order.run.common, order.plan
    if options.plan_show and not order.is_loaded:
        links = row_links() if is_verbose() else {}
        show(tables.plan_text(plan, tables.Page(Names(plan.names), COLUMNS, is_verbose(), links)) + "\n")
    if order.difference is not None:
        show(_difference_text(order.difference) + "\n")
    if options.plan_show or order.is_loaded:
        show(f"Plan digest: {run_state().digest()}\n")


def _difference_text(difference: Difference) -> str:
    if not difference.lines:
        return "Against the baseline: no difference."
    lines = "\n".join(_shared_lines(difference.lines))
    devices = ", ".join(difference.devices) or "none"
    why = _OF_CATALOGUE if difference.cause is Cause.CATALOGUE else ""
    note = f"\n  {_MIXED}" if difference.is_mixed else ""
    return f"Against the baseline{why}:\n{indented(lines)}\n  devices that the change touches: {devices}{note}"


def _shared_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a difference; hosts of which the same is true share one."""
    devices: dict[str, list[str]] = {}
    for line in lines:
        device, _colon, text = line.partition(": ")
        devices.setdefault(text, []).append(device)
    yield from (f"{hosts_text(names)}: {text}" for text, names in devices.items())
