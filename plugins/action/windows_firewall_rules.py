# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the firewall rules of a Windows host to what is wanted: gather, plan, apply, look again.

One round trip where nothing differs, a second one that applies where something does. Everything is decided here on
the controller by plugin_utils/windows; the host runs msuc.lync.windows_firewall_host, which gathers and writes.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils.dependencies import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils.problems import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils.windows.host import HostAnswerError
from ansible_collections.msuc.lync.plugins.plugin_utils.windows.offline import is_offline, offline_result
from ansible_collections.msuc.lync.plugins.plugin_utils.windows.reconcile import HostFailedError, Reconciliation, Task

_HANDS = "msuc.lync.windows_firewall_host"
_ARGUMENT_SPEC = {
    "rules": {"type": "list", "elements": "dict", "default": []},
    "state": {"type": "str", "choices": ["merged", "replaced", "deleted", "gathered", "parsed", "rendered"], "default": "replaced"},
    "phase": {"type": "str", "choices": ["all", "open", "close"], "default": "all"},
    "group": {"type": "str", "default": "msuc.lync"},
    "expected_addresses": {"type": "list", "elements": "str", "default": []},
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
            reconciliation = Reconciliation(Task.from_options(options))
        except (InvalidInputError, MissingLibraryError) as error:
            return {**result, "failed": True, "changed": False, "msg": str(error)}
        try:
            self._reconcile(reconciliation, task_vars or {})
        except (HostAnswerError, HostFailedError, MissingLibraryError) as error:
            result.update(failed=True, msg=str(error))
        result.update(reconciliation.result())
        if self._task.diff:
            result["diff"] = reconciliation.diffs()
        return result

    def _reconcile(self, reconciliation: Reconciliation, task_vars: dict[str, Any]) -> None:
        """Gather and plan; apply and look again only where something differs and this is not check mode."""
        reconciliation.gathered(self._host({"operation": "gather"}, task_vars))
        operations = reconciliation.operations()
        if operations and not self._task.check_mode:
            reconciliation.applied(self._host({"operation": "apply", "operations": operations}, task_vars))

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
