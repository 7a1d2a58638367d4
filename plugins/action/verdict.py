# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ends a device as the drift report of this run found it; documented in plugins/modules/verdict.py."""

from __future__ import annotations

from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

_ENDINGS: dict[str, dict[str, Any]] = {
    "drift": {"failed": True, "msg": "This device, or DNS, is not as the plan says; the report above tells what differs."},
    "unreachable": {"unreachable": True, "msg": "Nothing could be told of this device, or of DNS; the report above tells why."},
    "failed": {"unreachable": True, "msg": "Nothing could be told of this device, or of DNS; the report above tells why."},
}


class ActionModule(ActionBase):
    """The controller side of msuc.lync.verdict; it contacts no host."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result that ends the device."""
        super().run(tmp, task_vars)
        verdicts = RunState(C.DEFAULT_LOCAL_TMP).verdicts()  # type: ignore[attr-defined]  # set by ansible at import
        status = verdicts.get(str((task_vars or {})["inventory_hostname"]), "clean")
        return {"changed": False, "status": status, **_ENDINGS.get(status, {})}
