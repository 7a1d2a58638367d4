# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes one report of what the hosts of a run met when they probed; documented in plugins/modules/verify_report.py."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import Answer, ControllerAction, run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.screen import COLUMNS, show
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import counted
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import (
    Deviation,
    assumptions_of,
    deviations_of,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.assumption_checks import Balancers
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import read_facts
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Deployment, Matrix, NotProbed, Probe
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verification import Settings, Verification
from ansible_collections.msuc.lync.plugins.plugin_utils._report.output import json_text, write_files
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.holding import MISSING_TEXT
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import RunOutcome, Verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import Options, RunOptions
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

_RULES = (Concern.FIREWALL, Concern.NFTABLES)


class ActionModule(ControllerAction):
    """The controller side of msuc.lync.verify_report; it runs once for all hosts and contacts none."""

    argument_spec: Mapping[str, Any] = {}
    unwritable = "the report cannot be written"

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of the task: the document, the files written, and the verdict of the run."""
        state = run_state()
        run = RunOptions.from_document(state.options()).common
        found = _verification(state, run)
        files = []
        if run.report_dir:
            texts = {"verify.json": json_text(found.document()), "verify.xml": found.junit()}
            files = write_files(Path(run.report_dir), texts)
        show(found.text(COLUMNS))
        missing = state.scope().missing
        for name in missing:
            show(f"could not tell: {name}: {MISSING_TEXT}")
        ending = self.finished(_conclude_verification(found, missing, files), run.report_dir)
        return {"changed": bool(files), "report": found.document(), "files": files, **ending}


def _verification(state: RunState, run: Options) -> Verification:
    plan, common = state.plan(), state.common_probes()
    names = common.get("hosts", [])
    probes = {name: tuple(map(Probe.of, state.probes(name)["probes"])) for name in names}
    not_probed = tuple(NotProbed(**item) for item in common.get("not_probed", []))
    facts = {
        name: read_facts(
            state.expected(name, Concern.PROBES, Step.VERIFY),
            state.result(name, Concern.PROBES, Step.OPEN),
            _deviations(state, name),
        )
        for name in names
    }
    not_closed = [name for name in names if _may_be_open(state, name)]
    now = datetime.datetime.now(datetime.timezone.utc)
    settings = Settings(now, run.probe_certificate_days, not_closed, run.change_reference)
    deployment = Deployment.of(plan, asking=names)
    results = {name: state.result(name, Concern.LOAD_BALANCER, Step.VERIFY) for name in state.balancers()}
    balancers = Balancers(results, [service for pool in plan.pools.values() for service in pool.virtual_services])
    matrix = Matrix(probes, not_probed)
    return Verification.of(deployment, matrix, facts, settings, assumptions_of(plan), balancers)


def _deviations(state: RunState, name: str) -> list[Deviation] | None:
    """Return how the rules of a host differ from the plan, None when nobody compared them."""
    results = (state.result(name, concern, Step.COMPARE) for concern in _RULES)
    compared = [result for result in results if result and result.is_done]
    return [item for result in compared for item in deviations_of(result)] if compared else None


def _may_be_open(state: RunState, name: str) -> bool:
    """Return whether temporary listeners were opened and their closing failed."""
    opened, closed = (state.result(name, Concern.PROBES, step) for step in (Step.OPEN, Step.CLOSE))
    is_open = bool(opened and opened.document.get("token"))
    return is_open and not (closed and closed.is_done)


def _conclude_verification(found: Verification, missing: Iterable[str], files: list[str]) -> RunOutcome:
    wrong = sum(not item.is_as_expected for item in found.judged)
    asked = len(found.judged)
    text = f"{asked - wrong} of {counted(asked, 'probe')} as expected" if found.facts else "no device was asked"
    counts = {"devices": len(found.facts), "probes": asked, "not_as_expected": wrong}
    return RunOutcome.of_devices(
        "verify",
        {**found.verdicts(), **dict.fromkeys(missing, Verdict.UNKNOWN)},
        text,
        counts=counts,
        files=tuple(files),
        reference=found.settings.reference,
    )
