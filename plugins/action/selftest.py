# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Holds the Windows Firewall of a host to what the collection assumes; documented in plugins/modules/selftest.py."""

from __future__ import annotations

import datetime
import fnmatch
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import Answer, CollectionAction, failed
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.firewall_action import FIREWALL_REMOTE
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.screen import show
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.host import rollback_command
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.selftest import (
    Format,
    Report,
    SelftestError,
    run_all,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.steps import (
    HANDED_OUT,
    HANDOUT_VARIABLES,
    is_handed_out,
)


class ActionModule(CollectionAction):
    """The controller side of msuc.lync.selftest; on the host it runs the module of msuc.lync.windows_firewall_rules."""

    # Of the module on the host: this itself is skipped in check mode.
    _supports_check_mode = True
    unwritable = "the report cannot be written"
    _requires_connection = True
    argument_spec: Mapping[str, Any] = {
        "path": {"type": "path", "required": True},
        "names": {"type": "list", "elements": "str", "default": ["*"]},
        "report": {"type": "path"},
    }

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of the task, which fails when an assumption is refuted."""
        if self._task.check_mode:
            message = "nothing is asked in check mode, since it takes writes"
            return {"skipped": True, "changed": False, "msg": message}
        own = {name: self._templar.template(task_vars[name]) for name in HANDOUT_VARIABLES if name in task_vars}
        if is_handed_out(own):
            return failed(HANDED_OUT)
        form, scenarios = _read_scenarios(Path(options["path"]))
        chosen = _choose(scenarios, options["names"], options["path"])
        report = run_all(chosen, form, lambda arguments, check: self._ask_host(arguments, check, task_vars))
        show("\n".join(report.lines()) + "\n")
        if options["report"]:
            found = report.evidence(datetime.date.today().isoformat(), len(scenarios))
            Path(options["report"]).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        return _result(report)

    def _ask_host(self, arguments: Mapping[str, object], check: bool, task_vars: dict[str, Any]) -> Answer:
        """Run the module on the host once, in check mode where the scenario asks for it."""
        self._task.check_mode = check
        try:
            answer: Answer = self._execute_module(
                module_name=FIREWALL_REMOTE, module_args=dict(arguments), task_vars=task_vars
            )
        finally:
            self._task.check_mode = False
        return answer


def _read_scenarios(folder: Path) -> tuple[Format, list[dict[str, Any]]]:
    """Return the format and all scenarios; raises SelftestError when the folder does not hold them."""
    try:
        form = Format(**json.loads((folder / "rule.json").read_text(encoding="utf-8")))
        files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "scenarios").glob("*.json"))]
    except (OSError, ValueError, TypeError) as error:
        fix = "fix: name the folder playbooks/files/selftest of the collection"
        raise SelftestError(f"path: {folder} does not hold scenarios: {error}; {fix}") from error
    return form, [scenario for file in files for scenario in file]


def _choose(scenarios: list[dict[str, Any]], names: list[str], folder: str) -> list[dict[str, Any]]:
    """Return the scenarios whose names match; raises SelftestError when there are none."""
    found = [each for each in scenarios if any(fnmatch.fnmatch(each["name"], name) for name in names)]
    if not found:
        fix = f"fix: use *, or parts of the names in {Path(folder) / 'scenarios'}"
        raise SelftestError(f"names: no scenario is like {', '.join(names)}; {fix}")
    return found


def _result(report: Report) -> Answer:
    differences = {str(verdict.scenario["name"]): list(verdict.differences) for verdict in report.verdicts}
    faults = []
    if report.refuted:
        counts = f"{len(report.refuted)} of {len(differences)} assumptions are refuted"
        faults.append(f"{counts}: {'; '.join(report.refuted)}")
    if not report.is_restored:
        rollback = rollback_command(report.snapshot)
        faults.append(f"rules of others have changed meanwhile; to take everything back: {rollback}")
    return {
        "changed": False,
        "differences": differences,
        "not_asked": list(report.not_asked),
        "refuted": report.refuted,
        "failed": bool(faults),
        "msg": "; ".join(faults) or report.lines()[-1],
    }
