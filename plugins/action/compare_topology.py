# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares the inventory with a published topology; documented in plugins/modules/compare_topology.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import (
    Answer,
    failed,
    playbook_name,
    run_state,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.reports import DriftAction
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.screen import show
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError, Problem
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import counted, printed_lines
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import read_inventory, read_topology
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import RunOutcome, Verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import RunOptions
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.compare import Change, compared
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.mapping import imported
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.model import Published
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.read import read_topology_file


class ActionModule(DriftAction):
    """The controller side of msuc.lync.compare_topology; it runs once for all hosts and contacts none."""

    argument_spec: Mapping[str, Any] = {"topology": {"type": "path"}}

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of the task; a file that cannot be read is the verdict of the run."""
        run, plan = RunOptions.from_document(run_state().options()).common, run_state().plan()
        try:
            published = _published(options["topology"] or run.topology)
            changes = _compared(published, task_vars)
        except InvalidInputError as error:
            text = f"{counted(len(error.problems), 'error')} in the input"
            self.finished(RunOutcome(playbook_name(), Verdict.INVALID, text, bool(self._task.check_mode)))
            return failed(printed_lines(error.report(untouched=True)))
        # One that is in neither of the two under this name is told by its plan.
        names = {host.lower(): host for host in plan.hosts}
        report = self.report(list(_results(changes, names)), plan, run)
        found = imported(published)
        for line in found.note_lines:
            show(line)
        return {**self.reported("compare_topology", report, plan, run), "not_expressed": list(found.notes)}


def _published(path: str) -> Published:
    if not path:
        raise InvalidInputError([Problem("lync_topology", "it is not set", fix="-e lync_topology=FILE")])
    return read_topology_file(Path(path))


def _compared(published: Published, task_vars: Mapping[str, Any]) -> dict[str, list[Change]]:
    inventory = read_inventory(task_vars["hostvars"])
    variables = next((host.variables for host in inventory.values()), {})
    return compared(read_topology(inventory), variables, published)


def _results(changes: Mapping[str, list[Change]], names: Mapping[str, str]) -> Iterator[TaskResult]:
    """Yield a result for each host, pool and the deployment; a host has the name that the inventory knows it by."""
    for name, own in changes.items():
        document = {"changes": own, "changed": bool(own)}
        short = name.partition(".")[0]
        device = names.get(name) or names.get(short) or name
        yield TaskResult.of_answer(device, Concern.TOPOLOGY, Step.COMPARE, document, is_check=True)
