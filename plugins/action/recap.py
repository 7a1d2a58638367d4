# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prints what a run did to each host or found on it; documented in plugins/modules/recap.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.balancer_results import balancer_report
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.balancer_results import is_as_planned as balancers_as_planned
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.dns_results import dns_report, is_as_planned
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import Outcome, drift_report, outcome, recap, results_of
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

_SPEC = {
    "kind": {"type": "str", "choices": ["site", "drift"], "required": True},
    "registered": {"type": "list", "elements": "str", "required": True},
    "repaired": {"type": "bool", "default": False},
    "of": {"type": "str", "choices": ["hosts", "dns", "balancers"], "default": "hosts"},
}


class ActionModule(ActionBase):
    """The controller side of msuc.lync.recap; it runs once for all hosts and contacts none."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task."""
        super().run(tmp, task_vars)
        _spec, options = self.validate_argument_spec(argument_spec=_SPEC)
        if options["of"] == "dns":
            return self._dns(options, (task_vars or {}).get("hostvars", {}))
        if options["of"] == "balancers":
            return self._balancers(options, (task_vars or {}).get("hostvars", {}))
        outcomes = _outcomes((task_vars or {}).get("hostvars", {}), options["registered"])
        is_site = options["kind"] == "site"
        text = recap(outcomes, would=bool(self._task.check_mode)) if is_site else drift_report(outcomes, options["repaired"])
        if outcomes:
            Display().display(text + "\n")
        return {"changed": False, "outcomes": {item.host: asdict(item) for item in outcomes}}

    def _dns(self, options: Mapping[str, Any], hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Print what the tasks on DNS registered, on whichever host they ran, and tell whether all is as planned."""
        found: list[object] = [next((hostvars[host][name] for host in hostvars if name in hostvars[host]), {}) for name in options["registered"]]
        results = [result for result in found if isinstance(result, Mapping) and not result.get("skipped")]
        text = dns_report(results, options["kind"], would=bool(self._task.check_mode))
        if text:
            Display().display(text + "\n")
        return {"changed": False, "as_planned": is_as_planned(results, options["kind"])}

    def _balancers(self, options: Mapping[str, Any], hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Print what the tasks on load balancers registered, and tell whether all are as planned."""
        results: dict[str, list[Mapping[str, object]]] = {}
        for host in sorted(hostvars):
            found = [hostvars[host][name] for name in options["registered"] if name in hostvars[host]]
            kept = [result for result in found if isinstance(result, Mapping) and not result.get("skipped")]
            if kept:
                results[host] = kept
        text = balancer_report(results, options["kind"], would=bool(self._task.check_mode))
        if text:
            Display().display(text + "\n")
        return {"changed": False, "as_planned": balancers_as_planned(results, options["kind"])}


def _outcomes(hostvars: Mapping[str, Mapping[str, Any]], registered: list[str]) -> list[Outcome]:
    """Return the outcome of every host of this run's waves that was asked, from the variables that its tasks registered."""
    state = RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import
    waves = [*state.waves().waves, *state.waves("linux").waves]
    names = sorted(host for wave in waves for host in wave if any(name in hostvars[host] for name in registered))
    return [outcome(name, results_of(hostvars[name], registered)) for name in names]
