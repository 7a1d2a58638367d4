# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the nftables rules of a Linux host to what is wanted; documented in plugins/modules/nftables_rules.py."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, KeepsResult
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.host import HostAnswerError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.offline import is_offline, offline_result
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.reconcile import HostFailedError, Run
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.task import DEFAULT_PATH, Task
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

_HANDS = "msuc.lync.nftables_remote"
_STATES = ["merged", "replaced", "overridden", "deleted", "gathered", "parsed", "rendered"]
_SPEC = {
    **STEP_SPEC,
    "rules": {"type": "list", "elements": "dict", "default": []},
    "state": {"type": "str", "choices": _STATES, "default": "replaced"},
    "phase": {"type": "str", "choices": ["all", "open", "close"], "default": "all"},
    "policy": {"type": "str", "choices": ["accept", "drop"], "default": "drop"},
    "persist": {"type": "bool", "default": True},
    "path": {"type": "str", "default": DEFAULT_PATH},
    "expected_addresses": {"type": "list", "elements": "str", "default": []},
    "management_networks": {"type": "list", "elements": "str", "default": []},
    "confirm_minutes": {"type": "int", "default": 0},
    "running_config": {"type": "str"},
}


class _Action(ActionBase):
    """The action of msuc.lync.nftables_rules: it decides on the controller, its hands gather and apply on the host."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task; every fault of input or host is a failed result with a message."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=_SPEC)[1]
        try:
            if is_offline(options["state"]):
                return {**result, **offline_result(options)}
            run = Run(Task.from_options(options))
        except (InvalidInputError, MissingLibraryError) as error:
            return {**result, "failed": True, "changed": False, "msg": str(error)}
        return {**result, **self._run(run, task_vars or {})}

    def _run(self, run: Run, task_vars: dict[str, Any]) -> dict[str, Any]:
        failure: dict[str, Any] = {}
        try:
            self._reconcile(run, task_vars)
        except (HostAnswerError, HostFailedError, MissingLibraryError) as error:
            failure = {"failed": True, "msg": str(error)}
        return {**failure, **run.result(), **({"diff": run.diffs()} if self._task.diff else {})}

    def _reconcile(self, run: Run, task_vars: dict[str, Any]) -> None:
        """Gather and plan; apply and look again only where something differs and this is not check mode."""
        run.gathered(self._host(run.gather_arguments(), task_vars))
        if not run.is_changed:
            return
        if self._task.check_mode:
            run.forecast()
            return
        run.applied(self._host(run.apply_arguments(), task_vars))
        if run.waits:
            self._confirm(run, task_vars)

    def _confirm(self, run: Run, task_vars: dict[str, Any]) -> None:
        """Confirm over a new connection; otherwise leave the change to be taken back."""
        try:
            if hasattr(self._connection, "reset"):
                self._connection.reset()
            answer = self._host(run.confirm_arguments(), task_vars)
        except AnsibleConnectionFailure as error:
            raise AnsibleConnectionFailure(f"no new connection after the change, which is not confirmed: {run.way_back()}: {error}") from error
        run.confirmed(answer)

    def _host(self, arguments: dict[str, object], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the hands once."""
        answer: dict[str, Any] = self._execute_module(module_name=_HANDS, module_args=arguments, task_vars=task_vars)
        return answer


class ActionModule(KeepsResult, _Action):
    """The action of msuc.lync.nftables_rules: it decides on the controller, its hands gather and apply on the host."""

    concern = Concern.NFTABLES
