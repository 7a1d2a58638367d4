# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fails a device that is not as the run was to leave it; documented in plugins/modules/verdict.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import CollectionAction, failed, run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import Verdict, kept_summary, verdict_for

_MESSAGES = {
    Verdict.DIFFERS: "This device, or DNS, is not as the plan says; the report above tells what differs.",
    Verdict.UNKNOWN: "Nothing could be told of this device, or of DNS; the report above tells why.",
    Verdict.LIMITED: "A limit stopped the remediation; what is left is listed above.",
    Verdict.HELD: "Something is held back on this device; the report above tells why.",
    Verdict.INVALID: "The input has errors; the messages above tell which.",
}


_SPEC: dict[str, Any] = {}


class ActionModule(CollectionAction):
    """The controller side of msuc.lync.verdict; it contacts no host."""

    _requires_connection = False
    argument_spec = _SPEC

    def perform(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result that ends the device: a failure, unless it is done."""
        verdict = verdict_for(kept_summary(run_state()), str(task_vars["inventory_hostname"]))
        ending = {} if verdict is Verdict.DONE else failed(_MESSAGES[verdict])
        return {"changed": False, "verdict": verdict.value, **ending}
