# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares dumps of hosts' firewalls with the plan; documented in plugins/modules/audit.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.planner import State
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.audit import Audit, audit
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.files import Document
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import drift_report
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

_SPEC = {
    "dir": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["merged", "replaced", "overridden"], "default": "replaced"},
    "ipsec": {"type": "str", "choices": ["auto", "true", "false"], "default": "auto"},
}


class ActionModule(ActionBase):
    """The controller side of msuc.lync.audit; it runs once for all hosts and contacts none."""

    BYPASS_HOST_LOOP = True
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task, which fails when a host differs from the plan or could not be judged."""
        super().run(tmp, task_vars)
        _spec, options = self.validate_argument_spec(argument_spec=_SPEC)
        try:
            found = audit(_plans(), Path(options["dir"]), _state(options["state"]), options["ipsec"])
        except (InvalidInputError, MissingLibraryError) as error:
            raise AnsibleActionFail(str(error)) from None
        Display().display(_report(found) + "\n")
        outcomes = {item.host: asdict(item) for item in found.outcomes}
        return {"changed": False, "outcomes": outcomes, "notes": list(found.notes), **_verdict(found)}


def _plans() -> Mapping[str, Document]:
    """Return the plans of the Windows hosts of this run, by name."""
    state = RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import
    names = (host for wave in state.waves().waves for host in wave)
    return {name: document for name in names if (document := state.host(name)) is not None}


def _state(name: str) -> State:
    """Return what dumps are compared as: rules of others that are to be disabled are no drift, as in playbooks/drift.yml."""
    return State.REPLACED if name == "overridden" else State(name)


def _report(found: Audit) -> str:
    return "\n".join([*(f"note: {note}" for note in found.notes), drift_report(found.outcomes)])


def _verdict(found: Audit) -> dict[str, Any]:
    if found.is_clean:
        return {}
    return {"failed": True, "msg": "Not every host is as the plan says; the report above tells what differs and what could not be told."}
