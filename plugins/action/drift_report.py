# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes one report of the comparisons of a run; documented in plugins/modules/drift_report.py."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import Answer, run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.reports import DriftAction
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.remediation import read_limits, remediation
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_collect import compared
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.holding import judge_losses, without_held
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import RunOptions


class ActionModule(DriftAction):
    """The controller side of msuc.lync.drift_report; it runs once for all hosts and contacts none."""

    argument_spec: Mapping[str, Any] = {}

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of the task: the report's document, the files written, and the verdict of the run."""
        state = run_state()
        run = RunOptions.from_document(state.options()).common
        limits = read_limits(
            {
                "classes": run.remediate_classes,
                "concerns": run.remediate_concerns,
                "unattended": run.unattended,
                "approved": run.approved_plan or run.plan,
                "after_hours": run.remediate_after_hours,
                "max_changes": run.remediate_max_changes,
                "window": run.remediate_window,
            }
        )
        plan = state.plan()
        report = self.report(list(compared(state, plan)), plan, run)
        if not run.remediate:
            return self.reported("drift", report, plan, run)
        # The window is in local time.
        decided = remediation(report, limits, datetime.datetime.now())
        repairs = {
            device: {concern: asdict(repair) for concern, repair in own.items()}
            for device, own in decided.repairs.items()
        }
        state.save_repairs(without_held(repairs, judge_losses(state)))
        return self.reported("drift", report, plan, run, decided)
