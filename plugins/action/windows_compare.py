# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares firewall rules and IPsec exemptions of a Windows host with what is wanted, in one round trip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import (
    STEP_SPEC,
    Answer,
    printed_warnings,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.firewall_action import (
    FIREWALL_REMOTE,
    FIREWALL_SPEC,
    GATHER_REMOTE,
    IPSEC_REMOTE,
    IPSEC_SPEC,
    FirewallAction,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError, Problem
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.reconcile import (
    NEVER,
    IpsecProvider,
    IpsecTask,
    never_needed,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reconcile import FirewallProvider, Link
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import (
    PARTS,
    Task,
    WindowsFirewallProvider,
    chosen_parts,
    compared,
    link_to,
    parts_of,
    together,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

_REMOTES = {"firewall": FIREWALL_REMOTE, "ipsec": IPSEC_REMOTE}
Made = FirewallProvider | dict[str, object]


def _make_firewall_provider(options: Answer, link: Link) -> Made:
    return WindowsFirewallProvider(Task.from_options(options), link)


def _make_ipsec_provider(options: Answer, link: Link) -> Made:
    task = IpsecTask.from_options(options)
    return never_needed(task) if options["needed"] == NEVER else IpsecProvider(task, link)


_MAKERS: Mapping[str, Callable[[Answer, Link], Made]] = {
    "firewall": _make_firewall_provider,
    "ipsec": _make_ipsec_provider,
}


class ActionModule(FirewallAction):
    """The controller side of msuc.lync.windows_compare."""

    argument_spec: Mapping[str, Any] = {
        **STEP_SPEC,
        "firewall": {"type": "dict", "required": True, "options": FIREWALL_SPEC},
        "ipsec": {"type": "dict", "required": True, "options": IPSEC_SPEC},
    }

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of the task: that of each part which the tags of the run leave."""
        made = self._make_providers(options, task_vars)
        chosen = {part: made[part] for part in self._choose_parts(task_vars)}
        asking = [part for part, one in chosen.items() if isinstance(one, FirewallProvider)]
        if len(asking) == len(PARTS):
            self._gather_at_once(chosen, task_vars)
        found = {part: compared(one) if isinstance(one, FirewallProvider) else one for part, one in chosen.items()}
        return printed_warnings(together({part: printed_warnings(result) for part, result in found.items()}))

    def _gather_at_once(self, chosen: Mapping[str, Made], task_vars: dict[str, Any]) -> None:
        """Ask the host what all parts ask first, in one round trip."""
        providers = {part: one for part, one in chosen.items() if isinstance(one, FirewallProvider)}
        answers = parts_of(self.remote(GATHER_REMOTE, task_vars)(providers["firewall"].way()))
        asking, told = providers["firewall"], providers["ipsec"]
        asking.link = link_to(answers["firewall"], asking.link)
        told.link = replace(told.link, given=answers["ipsec"])

    def _make_providers(self, options: Answer, task_vars: dict[str, Any]) -> dict[str, Made]:
        """Return the provider of each part, or its result where no host is needed; raises InvalidInputError."""
        problems: list[Problem] = []
        found: dict[str, Made] = {}
        for part, make in _MAKERS.items():
            try:
                found[part] = make(options[part], self.link(_REMOTES[part], task_vars))
            except InvalidInputError as error:
                problems += error.problems
        if problems:
            raise InvalidInputError(problems)
        return found

    @staticmethod
    def _choose_parts(task_vars: Mapping[str, Any]) -> tuple[str, ...]:
        return chosen_parts(task_vars.get("ansible_run_tags", ()), task_vars.get("ansible_skip_tags", ()))

    def keep(self, answer: Mapping[str, Any], step: Step, task_vars: Mapping[str, Any]) -> None:
        """Keep what became of each part that the tags of the run leave; without parts, all of them failed."""
        device = self.device_name(task_vars)
        for part in self._choose_parts(task_vars):
            found = answer[part] if isinstance(answer.get(part), Mapping) else answer
            self.keep_result(TaskResult.of_answer(device, Concern(part), step, found, is_check=True))
