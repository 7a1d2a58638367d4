# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prints the summary of a run of site.yml, before or after; documented in plugins/modules/summary.py."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import Answer, ControllerAction, run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.command import own_command
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.screen import COLUMNS, show
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import counted
from ansible_collections.msuc.lync.plugins.plugin_utils._report.change import FILE as CHANGE_FILE
from ansible_collections.msuc.lync.plugins.plugin_utils._report.change import TEXT_FILE as CHANGE_TEXT_FILE
from ansible_collections.msuc.lync.plugins.plugin_utils._report.change import change_document, change_text
from ansible_collections.msuc.lync.plugins.plugin_utils._report.output import json_text, write_files
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_collect import (
    Settings,
    accept_text,
    changes_of,
    collect_summary,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_parts import Status
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_rollback import (
    FILE,
    first_snapshots,
    inventory_text,
    with_exemptions,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_summary import RunSummary
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_text import summary_text
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.acceptance import FILE as ACCEPT_FILE
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import RunOutcome, write_summary
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.record import earlier_seconds
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import Options, RunOptions
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState


class ActionModule(ControllerAction):
    """The controller side of msuc.lync.summary; it runs once for all hosts and contacts none."""

    argument_spec: Mapping[str, Any] = {}
    unwritable = "the screen cannot be written"

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of the task: the summary's document, the files written, and the verdict of the run."""
        state = run_state()
        run = RunOptions.from_document(state.options()).common
        settings = self._settings(run)
        summary = collect_summary(state, settings)
        text = summary_text(summary, COLUMNS)
        accept = accept_text(state, settings.now) if settings.check else ""
        if accept:
            path = Path(run.report_dir or ".") / ACCEPT_FILE
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(accept, encoding="utf-8")
            show(f"Held or refused, as {path} has it: delete what you do not accept, then: -e @{path}")
        try:
            outcome = _write_run_summary(state, summary, text, run.report_dir)
        except OSError:
            # Without its last line: a run whose report is lost is not done.
            show(text.rpartition("\n")[0])
            raise
        show(text.rpartition("\n")[0])
        show(summary.outcome, summary.outcome)
        files = list(outcome.files)
        return {"changed": False, "report": summary.document(), "files": files, **self.finished(outcome)}

    def _settings(self, run: Options) -> Settings:
        return Settings(
            check=bool(self._task.check_mode),
            now=datetime.datetime.now(datetime.timezone.utc),
            directory=run.report_dir,
            confirm_minutes=run.confirm_minutes,
            snapshot=run.snapshot,
            reference=run.change_reference,
            command=own_command(),
        )


def _conclude_run(summary: RunSummary, files: list[str]) -> RunOutcome:
    run, devices = summary.run, {part.device for part in summary.parts}
    changed = {part.device for part in summary.parts if part.status is Status.CHANGED}
    would = "would change" if run.check else "changed"
    text = f"{len(changed)} of {counted(len(devices), 'device')} {would}" if devices else "no device was asked"
    counts = {"devices": len(devices), "changed": len(changed)}
    return RunOutcome.of_devices(
        "site",
        summary.verdicts,
        text,
        counts=counts,
        is_check=run.check,
        files=tuple(files),
        reference=run.reference,
    )


def _write_run_summary(state: RunState, summary: RunSummary, text: str, directory: str) -> RunOutcome:
    """Write the summary as JSON and as text, of a check the change that it stands for, and the inventory of a rollback
    when the run took snapshots.

    directory: empty for nowhere.

    Returns the outcome of the run, which is written beside them; raises OSError.
    """
    if not directory:
        return _conclude_run(summary, [])
    name = "site-before" if summary.run.check else "site-after"
    files = {f"{name}.json": json_text(summary.document()), f"{name}.txt": text + "\n"}
    if summary.run.check:
        change = change_document(summary, changes_of(state), earlier_seconds(Path(directory)))
        files |= {CHANGE_FILE: json_text(change), CHANGE_TEXT_FILE: change_text(change)}
    snapshots = first_snapshots(summary.parts)
    if snapshots:
        files[FILE] = inventory_text(snapshots, with_exemptions(summary.parts))
    outcome = _conclude_run(summary, write_files(Path(directory), files))
    write_summary(Path(directory), outcome.document())
    return outcome
