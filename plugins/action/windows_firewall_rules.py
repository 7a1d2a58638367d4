# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the firewall rules of a Windows host to what is wanted: gather, plan, apply, look again.

One round trip where nothing differs, a second one that applies where something does, and a third, over a new connection,
that confirms a change which would otherwise be taken back. Everything is decided here on
the controller by plugin_utils/windows; the host runs msuc.lync.windows_firewall_remote, which gathers and writes.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, KeepsResult
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reconcile import Course, HostFailedError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.host import HostAnswerError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.offline import is_offline, offline_result
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.port_check import answering
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import Reconciliation, Task
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.scripts import hand_out
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

# What every kind of rule has.
COMMON_SPEC = {
    **STEP_SPEC,
    "phase": {"type": "str", "choices": ["all", "open", "close"], "default": "all"},
    "group": {"type": "str", "default": "msuc.lync"},
    "expected_addresses": {"type": "list", "elements": "str", "default": []},
    "management_networks": {"type": "list", "elements": "str", "default": []},
    "snapshot": {"type": "bool", "default": True},
    "snapshot_dir": {"type": "str"},
    "snapshot_keep": {"type": "int", "default": 10},
    "confirm_minutes": {"type": "int", "default": 0},
    "brief": {"type": "bool", "default": False},
    "handout_dir": {"type": "path"},
    "running_config": {"type": "str"},
    "path": {"type": "path"},
}
ARGUMENT_SPEC = {
    **COMMON_SPEC,
    "rules": {"type": "list", "elements": "dict", "default": []},
    "state": {"type": "str", "choices": ["merged", "replaced", "overridden", "deleted", "gathered", "parsed", "rendered"], "default": "replaced"},
    "unprotected_rules": {"type": "list", "elements": "str", "default": []},
    "accept_cut": {"type": "bool", "default": False},
}


class HandsAction(ActionBase):
    """An action that reconciles one kind of rule on a host, through a module there that gathers and writes."""

    hands: str
    argument_spec: dict[str, Any]
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task; every fault of input or host is a failed result with a message."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(self.argument_spec)[1]
        try:
            run = self.begun(options, str((task_vars or {}).get("inventory_hostname", "")))
        except (InvalidInputError, MissingLibraryError) as error:
            return {**result, "failed": True, "changed": False, "msg": str(error)}
        except OSError as error:
            return {**result, "failed": True, "changed": False, "msg": f"the scripts cannot be written: {error}"}
        return {**result, **self.followed(options, run, task_vars or {})}

    def followed(self, options: dict[str, Any], run: Course | dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of a task that begun."""
        if not isinstance(run, Course):
            return run
        found = self._run(run, task_vars)
        return found if found.get("failed") else {**found, **self.ended(options, run)}

    @abstractmethod
    def begun(self, options: dict[str, Any], host: str) -> Course | dict[str, Any]:
        """Return the course of a task, or the whole result of one that needs no host.

        Raises InvalidInputError, MissingLibraryError, and OSError when a file cannot be written.
        """

    def ended(self, options: dict[str, Any], run: Course) -> dict[str, Any]:
        """Return what is to be told beside the result of a task that did not fail."""
        return {}

    def _run(self, run: Course, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of a task on a host."""
        failure: dict[str, Any] = {}
        try:
            self._reconcile(run, task_vars)
        except (HostAnswerError, HostFailedError, MissingLibraryError) as error:
            failure = {"failed": True, "msg": str(error)}
        return {**failure, **run.result(), **({"diff": run.diffs()} if self._task.diff else {})}

    def _reconcile(self, run: Course, task_vars: dict[str, Any]) -> None:
        """Gather and plan; apply and look again only where something differs and this is not check mode."""
        run.gathered(self._host(run.gather_arguments(), task_vars))
        if not run.operations():
            return
        if self._task.check_mode:
            run.forecast()
            return
        arguments = run.apply_arguments()
        before = answering(self._address(), run.steady_ports) if arguments["confirm_minutes"] else frozenset()
        run.applied(self._host(arguments, task_vars))
        if run.waits:
            self._confirm(run, before, task_vars)

    def _confirm(self, run: Course, before: frozenset[int], task_vars: dict[str, Any]) -> None:
        """Confirm over a new connection what shut nothing; otherwise leave it to be taken back."""
        shut = sorted(before - answering(self._address(), before))
        if shut:
            raise run.not_confirmed(shut)
        try:
            if hasattr(self._connection, "reset"):
                self._connection.reset()
            answer = self._host({**run.way(), "operation": "confirm"}, task_vars)
        except AnsibleConnectionFailure as error:
            raise AnsibleConnectionFailure(f"no new connection after the change, which is not confirmed: {run.way_back()}: {error}") from error
        run.confirmed(answer)

    def _address(self) -> str:
        """Return where the connection leads."""
        options = self._connection.get_options()
        return str(options.get("remote_addr") or options.get("host") or self._play_context.remote_addr)

    def _host(self, arguments: dict[str, Any], task_vars: dict[str, Any], hands: str = "") -> dict[str, Any]:
        """Run the hands once; a connection that is lost, also half-way, is ansible's to report, as UNREACHABLE."""
        try:
            answer: dict[str, Any] = self._execute_module(module_name=hands or self.hands, module_args=arguments, task_vars=task_vars)
        except OSError as error:
            # The winrm plugin lets the errors of its HTTP library through once the module is running.
            operation = arguments.get("operation", "gather")
            message = f"the connection broke during {operation}, what was written before stays, run again to go on: {error}"
            raise AnsibleConnectionFailure(message) from error
        return answer


class ActionModule(KeepsResult, HandsAction):
    """The action of msuc.lync.windows_firewall_rules."""

    concern = Concern.FIREWALL
    hands = "msuc.lync.windows_firewall_remote"
    argument_spec = ARGUMENT_SPEC

    def begun(self, options: dict[str, Any], host: str) -> Course | dict[str, object]:
        """Return the course of a task, or the result of one that reads or writes rules without a host."""
        if is_offline(options["state"]):
            return offline_result(options)
        if options["handout_dir"]:
            return hand_out(options, host, write=not self._task.check_mode)
        return Reconciliation(Task.from_options(options))
