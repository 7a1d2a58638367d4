# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares the firewall rules and the IPsec exemptions of a Windows host with what is wanted, in one round trip, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.msuc.lync.plugins.action import windows_firewall_rules, windows_ipsec_exemptions
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, KeepsResult, run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError, Problem
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.reconcile import NEVER, IpsecReconciliation, IpsecTask, never_needed
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reconcile import Course
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.compare import PARTS, chosen_parts, compared, parts_of, together
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.host import HostAnswerError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import Reconciliation, Task
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

_HANDS = {"firewall": windows_firewall_rules.ActionModule.hands, "ipsec": windows_ipsec_exemptions.ActionModule.hands}

_SPEC = {
    **STEP_SPEC,
    "firewall": {"type": "dict", "required": True, "options": windows_firewall_rules.ARGUMENT_SPEC},
    "ipsec": {"type": "dict", "required": True, "options": windows_ipsec_exemptions.ARGUMENT_SPEC},
}


def _firewall(options: dict[str, Any]) -> Course:
    return Reconciliation(Task.from_options(options))


def _ipsec(options: dict[str, Any]) -> Course | dict[str, object]:
    task = IpsecTask.from_options(options)
    return never_needed(task) if options["needed"] == NEVER else IpsecReconciliation(task)


_BEGIN: dict[str, Callable[[dict[str, Any]], Course | dict[str, object]]] = {"firewall": _firewall, "ipsec": _ipsec}


class ActionModule(KeepsResult, windows_firewall_rules.HandsAction):
    """The action of msuc.lync.windows_compare."""

    hands = "msuc.lync.windows_gather_remote"
    argument_spec = _SPEC

    def begun(self, options: dict[str, Any], host: str) -> dict[str, Any]:
        """Return the course of each part, or its result where no host is needed; raises InvalidInputError."""
        problems: list[Problem] = []
        found: dict[str, Any] = {}
        for part, begin in _BEGIN.items():
            try:
                found[part] = begin(options[part])
            except InvalidInputError as error:
                problems += error.problems
        if problems:
            raise InvalidInputError(problems)
        return found

    def followed(self, options: dict[str, Any], run: Course | dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Return the result of the task: that of each part which the tags of the run leave."""
        chosen = chosen_parts(task_vars.get("ansible_run_tags", ()), task_vars.get("ansible_skip_tags", ()))
        begun: dict[str, Any] = {part: run[part] for part in chosen} if isinstance(run, dict) else {}
        courses = {part: each for part, each in begun.items() if isinstance(each, Course)}
        try:
            answers = self._answers(courses, task_vars)
        except HostAnswerError as error:
            return {"failed": True, "changed": False, "msg": str(error)}
        return together({**begun, **{part: compared(course, answers[part]) for part, course in courses.items()}})

    def _answers(self, courses: dict[str, Course], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Ask the host once."""
        if len(courses) == len(PARTS):
            return dict(parts_of(self._host({}, task_vars)))
        return {part: self._host(course.gather_arguments(), task_vars, hands=_HANDS[part]) for part, course in courses.items()}

    def keep(self, answer: Mapping[str, Any], step: Step, task_vars: Mapping[str, Any]) -> None:
        """Keep what became of each part that the tags of the run leave; without parts, all of them failed."""
        device, chosen = self.device_name(task_vars), chosen_parts(task_vars.get("ansible_run_tags", ()), task_vars.get("ansible_skip_tags", ()))
        for part in chosen:
            found = answer[part] if isinstance(answer.get(part), Mapping) else answer
            run_state().save_result(TaskResult.of_answer(device, Concern(part), step, found, is_check=True))
