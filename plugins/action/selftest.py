# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Holds the Windows Firewall of a host to what the collection assumes of it; documented in plugins/modules/selftest.py."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.host import rollback_command
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.selftest import (
    Format,
    Report,
    SelftestError,
    run_all,
)

_HANDS = "msuc.lync.windows_firewall_remote"
_SPEC = {
    "path": {"type": "path", "required": True},
    "names": {"type": "list", "elements": "str", "default": ["*"]},
}


class ActionModule(ActionBase):
    """The controller side of msuc.lync.selftest; the hands on the host are those of msuc.lync.windows_firewall_rules."""

    # Of the hands: this itself is skipped in check mode.
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task; it fails when an assumption is refuted."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=_SPEC)[1]
        if self._task.check_mode:
            return {**result, "skipped": True, "changed": False, "msg": "nothing is asked in check mode, since it takes writes"}
        try:
            form, scenarios = _read(Path(options["path"]), options["names"])
            report = run_all(scenarios, form, lambda arguments, check: self._host(arguments, check, task_vars or {}))
        except SelftestError as error:
            return {**result, "failed": True, "changed": False, "msg": str(error)}
        Display().display("\n".join(report.lines()) + "\n")
        return {**result, **_result(report)}

    def _host(self, arguments: Mapping[str, object], check: bool, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the hands once, in check mode where the scenario asks for it."""
        self._task.check_mode = check
        try:
            answer: dict[str, Any] = self._execute_module(module_name=_HANDS, module_args=dict(arguments), task_vars=task_vars)
        finally:
            self._task.check_mode = False
        return answer


def _read(folder: Path, names: list[str]) -> tuple[Format, list[dict[str, Any]]]:
    """Return the format and the scenarios whose names match; raises SelftestError when there are none."""
    try:
        form = Format(**json.loads((folder / "rule.json").read_text(encoding="utf-8")))
        files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "scenarios").glob("*.json"))]
    except (OSError, ValueError, TypeError) as error:
        raise SelftestError(f"path: {folder} does not hold scenarios: {error}; fix: name the folder playbooks/files/selftest of the collection") from error
    found = [scenario for file in files for scenario in file if any(fnmatch.fnmatch(scenario["name"], name) for name in names)]
    if not found:
        raise SelftestError(f"names: no scenario is like {', '.join(names)}; fix: use *, or parts of the names in {folder / 'scenarios'}")
    return form, found


def _result(report: Report) -> dict[str, Any]:
    verdicts = {str(verdict.scenario["name"]): list(verdict.differences) for verdict in report.verdicts}
    result: dict[str, Any] = {"changed": False, "differences": verdicts, "not_asked": list(report.not_asked), "refuted": report.refuted}
    faults = [f"{len(report.refuted)} of {len(verdicts)} assumptions are refuted: {'; '.join(report.refuted)}"] if report.refuted else []
    if not report.is_restored:
        faults.append(f"rules of others have changed meanwhile; to take everything back: {rollback_command(report.snapshot)}")
    return {**result, "failed": bool(faults), "msg": "; ".join(faults) or report.lines()[-1]}
