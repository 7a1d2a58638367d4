# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the actions that end in a drift report have in common: its making, its files and its verdict."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .._base.untyped import counted, printed
from .._drift.deviations import read_acceptances
from .._drift.remediation import Remediation
from .._drift.report import Context, Report
from .._plan.model import Plan
from .._plan.names import Names
from .._report.html import page
from .._report.output import (
    drift_counts,
    drift_junit,
    drift_text,
    file_name,
    first_seen,
    json_text,
    unknown_text,
    write_files,
)
from .._report.papers import papers
from .._rollout.outcome import RunOutcome, Verdict
from .._rollout.results import TaskResult
from .._rollout.run_options import Options
from .actions import Answer, ControllerAction, run_state
from .screen import show

HISTORY_OF = "drift"
"""The playbook whose reports are kept by their date."""


class DriftAction(ControllerAction):
    """An action that ends in a drift report: of devices that were compared, or of their dumps."""

    unwritable = "the report cannot be written"

    def report(self, results: Sequence[TaskResult], plan: Plan, run: Options) -> Report:
        """Return the report of comparisons with the acceptances of the run; raises InvalidInputError."""
        digest, pending = run_state().approved()
        context = Context(
            now=datetime.datetime.now(datetime.timezone.utc),
            hosts=plan.hosts,
            acceptances=read_acceptances(run.accepted_deviations),
            pending=pending,
            approved=digest,
            reference=run.change_reference,
        )
        report = Report.of(results, context)
        if not run.report_dir:
            return report
        seen = first_seen(Path(run.report_dir), [item.deviation.key for item in report.found])
        return Report.of(results, replace(context, seen=seen))

    def reported(
        self, playbook: str, report: Report, plan: Plan, run: Options, repairs: Remediation | None = None
    ) -> Answer:
        """Print a report, write its files, and return the result of the task; a remediation ends the run later."""
        document = report.document()
        files = _write_drift_report(playbook, report, document, plan, Path(run.report_dir)) if run.report_dir else []
        left = map(printed, repairs.left if repairs else ())
        lines = [*left, *(f"Report: {name}" for name in files if name.endswith(".html"))]
        show("\n".join([drift_text(report, Names(plan.names)), *lines]))
        verdicts = repairs.verdicts if repairs else report.verdicts()
        outcome = _conclude_drift(playbook, report, verdicts, files)
        ending = self.finished(outcome, run.report_dir, is_last=repairs is None)
        return {"changed": bool(files), "report": document, "files": files, **ending}


def _conclude_drift(playbook: str, report: Report, verdicts: Mapping[str, Verdict], files: Sequence[str]) -> RunOutcome:
    drifted, number = drift_counts(report)
    found = (
        f"{counted(number, 'deviation')} on {counted(drifted, 'device')}" if report.devices else "no device was asked"
    )
    left = unknown_text(report)
    text = "; ".join(part for part in (found if number or not left else "no deviation is known", left) if part)
    counts = {"devices": len(report.devices), "drifted": drifted, "deviations": number}
    return RunOutcome.of_devices(
        playbook,
        verdicts,
        text,
        counts=counts,
        files=tuple(files),
        reference=report.context.reference,
    )


def _write_drift_report(
    playbook: str, report: Report, document: Mapping[str, object], plan: Plan, directory: Path
) -> list[str]:
    """Write the report in every form, that of drift.yml also by its date for the history; returns the paths."""
    text = json_text(document)
    files = {
        f"{playbook}.json": text,
        f"{playbook}.xml": drift_junit(report),
        f"{playbook}.html": page(document, plan),
        **papers(plan),
    }
    if playbook == HISTORY_OF:
        files[file_name(report.context.now)] = text
    return write_files(directory, files)
