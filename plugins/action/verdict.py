# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ends a run, or one of its hosts, as its reports say; documented in plugins/modules/verdict.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import (
    CollectionAction,
    failed,
    finish,
    playbook_name,
    run_options,
    run_state,
    run_stats,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.screen import show
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import (
    KINDS,
    Restored,
    RunOutcome,
    Verdict,
    ending_hosts,
    ending_of,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import RunOptions
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

IMPORT = "import_topology"
_MESSAGES = {
    Verdict.DIFFERS: "This device, or DNS, is not as the plan says; the report above tells what differs.",
    Verdict.UNKNOWN: "Not all could be told of this device, or of DNS; the report above tells why.",
    Verdict.LIMITED: "A limit stopped the remediation; what is left is listed above.",
    Verdict.HELD: "Something is held back on this device; the report above tells why.",
    Verdict.INVALID: "The input has errors; the messages above tell which.",
}
_OF_NO_DEVICE = "This run is not done ({}); the lines above tell what is left."
"""What an import of a topology ends with, which is about no device."""


_SPEC = {"of": {"type": "str", "choices": ["host", "invalid", *KINDS], "default": "host"}}


class ActionModule(CollectionAction):
    """The controller side of msuc.lync.verdict; it contacts no host."""

    _requires_connection = False
    argument_spec = _SPEC

    def perform(self, options: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result that ends the host, a failure unless it is done, or that ends the run."""
        if options["of"] != "host":
            return self._end_run(options["of"], task_vars)
        summary = run_state().summary()
        failing = ending_hosts(summary, task_vars.get("ansible_play_hosts_all", []))
        verdict = failing.get(str(task_vars["inventory_hostname"]), Verdict.DONE)
        is_import = summary.get("playbook") == IMPORT and verdict is not Verdict.INVALID
        message = _OF_NO_DEVICE.format(summary.get("text")) if is_import else _MESSAGES.get(verdict, "")
        ending = {} if verdict is Verdict.DONE else failed(message)
        return {"changed": False, "verdict": verdict.value, **ending}

    def _end_run(self, kind: str, task_vars: dict[str, Any]) -> dict[str, Any]:
        state = run_state()
        if kind == "invalid":
            # The step that found it has told it; a task that fails sets no statistics.
            outcome = RunOutcome(playbook_name(), Verdict.UNKNOWN, "nothing was compiled")
            document = state.summary() or outcome.document()
            return {"changed": False, "verdict": document["verdict"], **run_stats(document)}
        options = run_options(state)
        restored = _restored(state, options, task_vars["hostvars"]) if kind == "rollback" else Restored()
        lines, outcome = ending_of(kind, state, restored)
        if kind == "leaving":
            return _end_look(lines, outcome)
        if lines:
            show("\n".join(lines) + "\n")
        return {"changed": False, **finish(outcome, options.common.report_dir or None)}


def _end_look(lines: list[str], outcome: RunOutcome) -> dict[str, Any]:
    """Return the result of a look at those that leave: a failure, which ends the run, unless all could be asked."""
    if outcome.verdict is Verdict.DONE:
        return {"changed": False, "verdict": outcome.verdict.value}
    show("\n".join(lines) + "\n")
    return {"changed": False, **finish(outcome), **failed(outcome.text)}


def _restored(state: RunState, options: RunOptions, hostvars: Mapping[str, Any]) -> Restored:
    """Return what became of the tasks of a rollback, by what they registered."""
    done: dict[str, str] = {}
    handed_out: list[str] = []
    for host in (host for wave in state.waves().waves for host in wave):
        name = "rollback_restored" if options.for_host(host).rollback_to else "rollback_found"
        found = hostvars[host].get(name) or {"failed": True}
        if found.get("skipped"):
            handed_out.append(host)
        elif not found.get("failed") and not found.get("unreachable"):
            done[host] = str(found.get("restored") or "")
    return Restored(done, handed_out)
