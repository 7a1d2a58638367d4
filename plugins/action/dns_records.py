# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings DNS records to what is wanted, from the controller; documented in plugins/modules/dns_records.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, KeepsResult
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.offline import STATES, offline_result
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import Reconciliation, Task
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

_SPEC = {
    **STEP_SPEC,
    "records": {"type": "list", "elements": "dict", "default": []},
    "servers": {"type": "list", "elements": "dict", "default": [], "no_log": True},
    "state": {"type": "str", "choices": ["merged", "replaced", "deleted", "gathered", "rendered", "parsed"], "default": "replaced"},
    "owners": {"type": "list", "elements": "str", "default": []},
    "take_over": {"type": "list", "elements": "str", "default": []},
    "timeout_seconds": {"type": "float", "default": 5.0},
    "wait_seconds": {"type": "float", "default": 10.0},
    "running_config": {"type": "str"},
    "path": {"type": "path"},
    "zone": {"type": "str"},
    "view": {"type": "str", "choices": ["internal", "external"], "default": "internal"},
}


class _Action(ActionBase):
    """The controller side of msuc.lync.dns_records; it speaks to DNS servers and to no host."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task; every fault of input or server is a failed result with a message."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(_SPEC)[1]
        try:
            if options["state"] in STATES:
                return {**result, **offline_result(options)}
            return {**result, **self._reconciled(Reconciliation(Task.from_options(options)))}
        except (InvalidInputError, MissingLibraryError) as error:
            return {**result, "failed": True, "changed": False, "msg": str(error)}

    def _reconciled(self, run: Reconciliation) -> dict[str, Any]:
        run.gather()
        if not self._task.check_mode:
            run.apply()
        found: dict[str, Any] = run.result()
        if run.failure():
            found.update(failed=True, msg=run.failure())
        if self._task.diff:
            found["diff"] = run.diffs()
        return found


class ActionModule(KeepsResult, _Action):
    """The controller side of msuc.lync.dns_records; it speaks to DNS servers and to no host."""

    concern = Concern.DNS

    def device_name(self, task_vars: Mapping[str, Any]) -> str:
        """Return the name under which the result is kept: DNS is one device for a run."""
        return "DNS"
