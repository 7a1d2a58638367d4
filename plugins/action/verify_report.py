# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes one report of what the hosts of a run met when they probed; documented in plugins/modules/verify_report.py."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.assumptions import assumptions_of
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import Deviation, deviations_of
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import Facts, read_facts
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.model import Matrix, NotProbed, Probe
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Deployment
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verdicts import CERTIFICATE_DAYS
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.verification import Settings, Verification
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

_SPEC = {
    "probed": {"type": "str", "default": "probes_made"},
    "opened": {"type": "str", "default": "probe_listeners_opened"},
    "closed": {"type": "str", "default": "probe_listeners_closed"},
    "rules": {"type": "list", "elements": "str", "default": []},
    "dir": {"type": "path"},
    "certificate_days": {"type": "int", "default": CERTIFICATE_DAYS},
    "reference": {"type": "str", "default": ""},
}
_Variables = Mapping[str, Mapping[str, Any]]


class ActionModule(ActionBase):
    """The controller side of msuc.lync.verify_report; it runs once for all hosts and contacts none."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task: the document, its exit status, and the files written."""
        super().run(tmp, task_vars)
        _spec, options = self.validate_argument_spec(argument_spec=_SPEC)
        try:
            found = _verification(options, (task_vars or {}).get("hostvars", {}))
            files = _written(found, Path(options["dir"])) if options["dir"] else []
        except (InvalidInputError, MissingLibraryError) as error:
            return {"failed": True, "changed": False, "msg": str(error)}
        except OSError as error:
            return {"failed": True, "changed": False, "msg": f"the report cannot be written: {error}"}
        _state().save_verdicts(found.verdicts())
        Display().display(found.text() + "\n")
        return {"changed": bool(files), "report": found.document(), "exit_status": found.exit_status, "files": files}


def _state() -> RunState:
    return RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import


def _verification(options: Mapping[str, Any], hostvars: _Variables) -> Verification:
    hosts, pools = _state().hosts(), _state().pools()
    common = _state().common_probes()
    names = common.get("hosts", [])
    probes = {name: tuple(map(Probe.of, _state().probes(name)["probes"])) for name in names}
    not_probed = tuple(NotProbed(**item) for item in common.get("not_probed", []))
    facts = {name: _facts(name, options, hostvars) for name in names}
    not_closed = [name for name in names if _may_be_open(name, options, hostvars)]
    now = datetime.datetime.now(datetime.timezone.utc)
    settings = Settings(now, options["certificate_days"], not_closed, options["reference"])
    deployment = Deployment.of(hosts, pools, parse(read_document(default_path())), asking=names)
    return Verification.of(deployment, Matrix(probes, not_probed), facts, settings, assumptions_of(hosts, pools))


def _facts(name: str, options: Mapping[str, Any], hostvars: _Variables) -> Facts:
    result = _registered(hostvars[name], options["probed"]) or {"failed": True, "msg": "it was not asked"}
    return read_facts(result, _registered(hostvars[name], options["opened"]), _deviations(name, options, hostvars))


def _deviations(name: str, options: Mapping[str, Any], hostvars: _Variables) -> list[Deviation] | None:
    """Return how the rules of a host differ from the plan, None when nobody compared them."""
    results = [found for variable in options["rules"] if (found := _registered(hostvars[name], variable))]
    told = [found for found in results if not found.get("failed") and not found.get("unreachable")]
    return [item for found in results for item in deviations_of(name, "firewall", found)] if told else None


def _may_be_open(name: str, options: Mapping[str, Any], hostvars: _Variables) -> bool:
    """Return whether temporary listeners were opened and their closing failed."""
    closed = _registered(hostvars[name], options["closed"])
    is_open = bool(_registered(hostvars[name], options["opened"]).get("token"))
    return is_open and bool(not closed or closed.get("failed") or closed.get("unreachable"))


def _registered(variables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a registered result; nothing when there is none, or the task was skipped."""
    found = variables.get(name)
    return found if isinstance(found, Mapping) and not found.get("skipped") else {}


def _written(found: Verification, directory: Path) -> list[str]:
    """Write the report as JSON and JUnit; returns the paths."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {"verify.json": json.dumps(found.document(), indent=2, ensure_ascii=False) + "\n", "verify.xml": found.junit()}
    for name, content in files.items():
        (directory / name).write_text(content, encoding="utf-8")
    return [str(directory / name) for name in sorted(files)]
