# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets one host probe others, or listen for the probes of others; documented in plugins/modules/probe.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import (
    STEP_SPEC,
    Answer,
    CollectionAction,
    KeepsResult,
    failed,
    run_state,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.confirmation import probes_of
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import probe_seconds, remote_probes
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Probe
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

_SPEC = {
    **STEP_SPEC,
    "operation": {"type": "str", "choices": ["probe", "listen", "close"], "default": "probe"},
    "temporary_listeners": {"type": "bool", "default": False},
    "timeout_seconds": {"type": "float", "default": 5.0},
    "at_once": {"type": "int", "default": 16},
    "per_second": {"type": "int", "default": 50},
    "total_seconds": {"type": "int", "default": 120},
    "listen_seconds": {"type": "int", "default": 900},
    "token": {"type": "str", "default": ""},
}
_PACE = ("at_once", "per_second", "total_seconds")
_REMOTE = {"windows": "msuc.lync.windows_probe_remote", "linux": "msuc.lync.linux_probe_remote"}


class ActionModule(KeepsResult, CollectionAction):
    """The controller side of msuc.lync.probe: it asks the module on the host, and returns its answer."""

    _supports_check_mode = True
    argument_spec = _SPEC
    concern = Concern.PROBES

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return what the host answered; a host without probes is skipped and not contacted."""
        wrong = _find_pace_faults(options)
        if wrong:
            return failed("\n".join(wrong))
        own = self._find_own_probes(options, str(task_vars["inventory_hostname"]))
        question = _QUESTIONS[options["operation"]](options, own) if own else None
        if question is None:
            return {"skipped": True, "changed": False}
        try:
            module = _REMOTE[own["platform"]]
            answer: Answer = self._execute_module(module_name=module, module_args=question, task_vars=task_vars)
        except AnsibleConnectionFailure as error:
            answer = {"unreachable": True, "msg": str(error)}
        answer.pop("invocation", None)
        return answer

    def _find_own_probes(self, options: Answer, host: str) -> Mapping[str, Any]:
        """Return what the host probes; where a peer asks in place of it, what that one probes of it."""
        if options["step"] != Step.PEERS.value:
            return run_state().probes(host)
        own = run_state().probes(str(self._task.delegate_to))
        return {**own, "probes": [probe for _number, probe in probes_of(own, host)], "reads_network": False}

    def keep(self, answer: Mapping[str, Any], step: Step, task_vars: Mapping[str, Any]) -> None:
        """Keep what became of the task; what a peer met is kept for the host that it probed."""
        if step is not Step.PEERS:
            super().keep(answer, step, task_vars)
            return
        result = TaskResult.of_answer(str(self._task.delegate_to), self.concern, step, answer, is_check=False)
        run_state().save_peer_probes(str(task_vars["inventory_hostname"]), result)


def _find_pace_faults(options: Mapping[str, Any]) -> list[str]:
    names = [name for name in (*_PACE, "listen_seconds") if options[name] < 1]
    faults = [f"{name}: {options[name]} is too small; allowed: 1 and more" for name in names]
    if options["timeout_seconds"] <= 0:
        faults.append(f"timeout_seconds: {options['timeout_seconds']} is too small; allowed: more than 0")
    return faults


def _ask_to_probe(options: Mapping[str, Any], own: Mapping[str, Any]) -> Answer | None:
    probes = [Probe.of(document) for document in own["probes"]]
    return {
        "operation": "probe",
        "probes": remote_probes(probes, options["temporary_listeners"]),
        **{name: options[name] for name in _PACE},
        "timeout_milliseconds": round(probe_seconds(own["platform"], options["timeout_seconds"]) * 1000),
        "read_network": own["reads_network"],
    }


def _ask_to_listen(options: Mapping[str, Any], own: Mapping[str, Any]) -> Answer | None:
    question = {"operation": "listen", "listen": own["listen"], "listen_seconds": options["listen_seconds"]}
    return question if own["listen"] else None


def _ask_to_close(options: Mapping[str, Any], _own: Mapping[str, Any]) -> Answer | None:
    return {"operation": "close", "token": options["token"]} if options["token"] else None


_QUESTIONS = {"probe": _ask_to_probe, "listen": _ask_to_listen, "close": _ask_to_close}
