# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the firewall rules of a Windows host to what is wanted: gather, plan, apply, look again.

One round trip where nothing differs, a second one that applies where something does, and a third, over a new connection,
that confirms a change which would otherwise be taken back. Everything is decided here on
the controller by plugin_utils/windows; the host runs msuc.lync.windows_firewall_host, which gathers and writes.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils.dependencies import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils.problems import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils.windows.handout import hand_out
from ansible_collections.msuc.lync.plugins.plugin_utils.windows.host import HostAnswerError
from ansible_collections.msuc.lync.plugins.plugin_utils.windows.offline import is_offline, offline_result
from ansible_collections.msuc.lync.plugins.plugin_utils.windows.probe import answering
from ansible_collections.msuc.lync.plugins.plugin_utils.windows.reconcile import HostFailedError, Reconciliation, Task

_HANDS = "msuc.lync.windows_firewall_host"
_ARGUMENT_SPEC = {
    "rules": {"type": "list", "elements": "dict", "default": []},
    "state": {"type": "str", "choices": ["merged", "replaced", "overridden", "deleted", "gathered", "parsed", "rendered"], "default": "replaced"},
    "phase": {"type": "str", "choices": ["all", "open", "close"], "default": "all"},
    "group": {"type": "str", "default": "msuc.lync"},
    "unprotected_rules": {"type": "list", "elements": "str", "default": []},
    "expected_addresses": {"type": "list", "elements": "str", "default": []},
    "management_networks": {"type": "list", "elements": "str", "default": []},
    "accept_cut": {"type": "bool", "default": False},
    "snapshot": {"type": "bool", "default": True},
    "snapshot_dir": {"type": "str"},
    "snapshot_keep": {"type": "int", "default": 10},
    "confirm_minutes": {"type": "int", "default": 0},
    "handout_dir": {"type": "path"},
    "running_config": {"type": "str"},
    "path": {"type": "path"},
}


class ActionModule(ActionBase):
    """The action of msuc.lync.windows_firewall_rules."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task; every fault of input or host is a failed result with a message."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(_ARGUMENT_SPEC)[1]
        try:
            if is_offline(options["state"]):
                return {**result, **offline_result(options)}
            if options["handout_dir"]:
                return {**result, **hand_out(options, str((task_vars or {})["inventory_hostname"]), write=not self._task.check_mode)}
            reconciliation = Reconciliation(Task.from_options(options))
        except (InvalidInputError, MissingLibraryError) as error:
            return {**result, "failed": True, "changed": False, "msg": str(error)}
        except OSError as error:
            return {**result, "failed": True, "changed": False, "msg": f"the scripts cannot be written: {error}"}
        try:
            self._reconcile(reconciliation, task_vars or {})
        except (HostAnswerError, HostFailedError, MissingLibraryError) as error:
            result.update(failed=True, msg=str(error))
        result.update(reconciliation.result())
        if self._task.diff:
            result["diff"] = reconciliation.diffs()
        return result

    def _reconcile(self, run: Reconciliation, task_vars: dict[str, Any]) -> None:
        """Gather and plan; apply and look again only where something differs and this is not check mode."""
        run.gathered(self._host({"operation": "gather"}, task_vars))
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

    def _confirm(self, run: Reconciliation, before: frozenset[int], task_vars: dict[str, Any]) -> None:
        """Confirm over a new connection what shut nothing; otherwise leave it to be taken back."""
        shut = sorted(before - answering(self._address(), before))
        if shut:
            raise run.not_confirmed(shut)
        try:
            if hasattr(self._connection, "reset"):
                self._connection.reset()
            answer = self._host({"operation": "confirm"}, task_vars)
        except AnsibleConnectionFailure as error:
            raise AnsibleConnectionFailure(f"no new connection after the change, which is not confirmed: {run.way_back()}: {error}") from error
        run.confirmed(answer)

    def _address(self) -> str:
        """Return where the connection leads."""
        options = self._connection.get_options()
        return str(options.get("remote_addr") or options.get("host") or self._play_context.remote_addr)

    def _host(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the hands once; a connection that is lost, also half-way, is ansible's to report, as UNREACHABLE."""
        try:
            answer: dict[str, Any] = self._execute_module(module_name=_HANDS, module_args=arguments, task_vars=task_vars)
        except OSError as error:
            # The winrm plugin lets the errors of its HTTP library through once the module is running.
            operation = arguments["operation"]
            message = f"the connection broke during {operation}, what was written before stays, run again to go on: {error}"
            raise AnsibleConnectionFailure(message) from error
        return answer
