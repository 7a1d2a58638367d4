# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ends a run, or one of its hosts, as its reports say; documented in plugins/modules/verdict.py."""

from __future__ import annotations

from typing import Any

from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import (
    CollectionAction,
    failed,
    finish,
    run_options,
    run_state,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import KINDS, Verdict, ending_hosts, ending_of

_MESSAGES = {
    Verdict.DIFFERS: "This device, or DNS, is not as the plan says; the report above tells what differs.",
    Verdict.UNKNOWN: "Nothing could be told of this device, or of DNS; the report above tells why.",
    Verdict.LIMITED: "A limit stopped the remediation; what is left is listed above.",
    Verdict.HELD: "Something is held back on this device; the report above tells why.",
    Verdict.INVALID: "The input has errors; the messages above tell which.",
}


_SPEC = {"of": {"type": "str", "choices": ["host", *KINDS], "default": "host"}}


class ActionModule(CollectionAction):
    """The controller side of msuc.lync.verdict; it contacts no host."""

    _requires_connection = False
    argument_spec = _SPEC

    def perform(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result that ends the host, a failure unless it is done, or that ends the run."""
        if options["of"] != "host":
            return self._end_run(options["of"], task_vars)
        failing = ending_hosts(run_state().summary(), task_vars.get("ansible_play_hosts_all", []))
        verdict = failing.get(str(task_vars["inventory_hostname"]), Verdict.DONE)
        ending = {} if verdict is Verdict.DONE else failed(_MESSAGES[verdict])
        return {"changed": False, "verdict": verdict.value, **ending}

    def _end_run(self, kind: str, task_vars: dict[str, Any]) -> dict[str, Any]:
        state = run_state()
        lines, outcome = ending_of(kind, state, task_vars.get("ansible_play_hosts", ()))
        if lines:
            Display().display("\n".join(lines) + "\n")
        return {"changed": False, **finish(outcome, run_options(state).common.report_dir or None)}
