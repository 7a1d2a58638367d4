# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares dumps of hosts' firewalls with the plan; documented in plugins/modules/audit.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import Answer, run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.reports import DriftAction
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.screen import show
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import printed
from ansible_collections.msuc.lync.plugins.plugin_utils._report.audit import audited_hosts
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import RunOptions

_DEFAULT_DIRECTORY = "dumps"


class ActionModule(DriftAction):
    """The controller side of msuc.lync.audit; it runs once for all hosts and contacts none."""

    argument_spec: Mapping[str, Any] = {"dir": {"type": "path"}}

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of the task: the report's document, the files written, and the verdict of the run."""
        state = run_state()
        run, plan = RunOptions.from_document(state.options()).common, state.plan()
        names = [host for wave in state.waves().waves for host in wave]
        hosts = {name: plan.hosts[name] for name in names if name in plan.hosts}
        found = audited_hosts(hosts, options["dir"] or run.audit_dir or _DEFAULT_DIRECTORY)
        report = self.report(found.results, plan, run)
        for note in found.notes:
            show(f"note: {printed(note)}")
        return {**self.reported("audit", report, plan, run), "notes": list(found.notes)}
