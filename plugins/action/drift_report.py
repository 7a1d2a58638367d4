# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes one report of what the devices of a run answered in check mode; documented in plugins/modules/drift_report.py."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.accepted import read_acceptances
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.remediation import read_limits
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.repair import Remediation, remediation
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Device, Report, Status, worst
from ansible_collections.msuc.lync.plugins.plugin_utils._report.drift_text import drift_text
from ansible_collections.msuc.lync.plugins.plugin_utils._report.history import file_name, first_seen
from ansible_collections.msuc.lync.plugins.plugin_utils._report.html import Deployment, page
from ansible_collections.msuc.lync.plugins.plugin_utils._report.junit import junit
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.dns_results import was_asked
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import registered_result
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

_SPEC = {
    "registered": {"type": "dict", "required": True},
    "shared": {"type": "dict", "default": {}},
    "dir": {"type": "path"},
    "accepted": {"type": "list", "elements": "dict", "default": []},
    "reference": {"type": "str", "default": ""},
    "remediate": {"type": "bool", "default": False},
    "limits": {"type": "dict", "default": {}},
}


class ActionModule(ActionBase):
    """The controller side of msuc.lync.drift_report; it runs once for all hosts and contacts none."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task: the report's document, its exit status, and the files written."""
        super().run(tmp, task_vars)
        _spec, options = self.validate_argument_spec(argument_spec=_SPEC)
        try:
            limits = read_limits(options["limits"])
            report = _report(options, (task_vars or {}).get("hostvars", {}))
            files = _written(report, Path(options["dir"])) if options["dir"] else []
            repairs = remediation(report, limits, datetime.datetime.now()) if options["remediate"] else None  # the window is in local time
            _keep(report, repairs, list((task_vars or {}).get("ansible_play_hosts_all", ())))
        except (InvalidInputError, MissingLibraryError) as error:
            return {"failed": True, "changed": False, "msg": str(error)}
        except OSError as error:
            return {"failed": True, "changed": False, "msg": f"the report cannot be written: {error}"}
        lines = [*(repairs.left if repairs else ()), *(f"Report: {name}" for name in files if name.endswith("drift.html"))]
        Display().display("\n".join([drift_text(report), *lines]) + "\n")
        return {"changed": bool(files), "report": report.document(), "exit_status": report.exit_status, "files": files}


def _state() -> RunState:
    return RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import


def _keep(report: Report, repairs: Remediation | None, played: Sequence[str]) -> None:
    """Keep the verdicts and repairs for the plays that follow; what is no host of the inventory ends with the first host of the run."""
    state = _state()
    verdicts = repairs.verdicts if repairs else report.verdicts()
    ended: dict[str, list[str]] = {}
    for name, status in verdicts.items():
        ended.setdefault(name if name in played or not played else played[0], []).append(status)
    state.save_verdicts({name: worst(map(Status, statuses)).value for name, statuses in ended.items()})
    kept = repairs.repairs if repairs else {}
    state.save_repairs({device: {concern: asdict(repair) for concern, repair in items.items()} for device, items in kept.items()})
    state.save_limited(bool(repairs and repairs.stopped_by_limit))


def _report(options: Mapping[str, Any], hostvars: Mapping[str, Mapping[str, Any]]) -> Report:
    devices = {str(host["host"]): _device(host) for host in _state().hosts()}
    results = {name: found for name in devices if (found := _answers(_variables(hostvars, name), options["registered"]))}
    for concern, name in options["shared"].items():
        found = next((found for host in hostvars if (found := _answers(_variables(hostvars, host), {concern: name}))), {})
        if found and was_asked(found[concern]):
            device = concern.upper()
            devices[device], results[device] = Device(device, concern), found
    now = datetime.datetime.now(datetime.timezone.utc)
    digest, pending = _state().approved()
    context = Context(now, devices, read_acceptances(options["accepted"]), pending=pending, approved=digest, reference=options["reference"])
    report = Report.of(results, context)
    if not options["dir"]:
        return report
    seen = first_seen(Path(options["dir"]), [item.deviation.key for item in report.found])
    return Report.of(results, replace(context, seen=seen))


def _device(host: Mapping[str, Any]) -> Device:
    return Device(host["host"], host["platform"], tuple(host["roles"]), host.get("pool") or "")


def _variables(hostvars: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    """Return the variables of a host as they are: results are plain data, and templating those of hundreds of hosts takes long."""
    raw = getattr(hostvars, "raw_get", hostvars.__getitem__)(name)
    return raw if isinstance(raw, Mapping) else {}


def _answers(variables: Mapping[str, Any], registered: Mapping[str, str | list[str]]) -> dict[str, Mapping[str, Any]]:
    """Return what a host answered per concern, several results of one as one; a concern that was not asked, or skipped, is left out."""
    answers: dict[str, Mapping[str, Any]] = {}
    for concern, named in registered.items():
        names = [named] if isinstance(named, str) else named
        kept = [result for name in names if (result := registered_result(variables, name)) is not None and not result.get("skipped")]
        if kept:
            answers[concern] = next((result for result in kept if result.get("failed") or result.get("unreachable")), _together(kept))
    return answers


def _together(results: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    parts = ("changes", "effects", "unknown")
    return {**results[0], **{part: [item for result in results for item in result.get(part, ())] for part in parts}}


def _written(report: Report, directory: Path) -> list[str]:
    """Write the report in every form, and keep it for the history; returns the paths."""
    hosts, pools = _state().hosts(), _state().pools()
    document = report.document()
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    deployment = Deployment(parse(read_document(default_path())), hosts, pools)
    files = {"drift.json": text, "drift.xml": junit(report), "drift.html": page(document, deployment), file_name(report.context.now): text}
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (directory / name).write_text(content, encoding="utf-8")
    return [str(directory / name) for name in sorted(files)]
