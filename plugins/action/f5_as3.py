# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the services of an F5 BIG-IP to what is wanted, through AS3; it runs on the controller.

Everything is decided by plugin_utils/balancers; documented in plugins/modules/f5_as3.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, KeepsResult
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError, Problem
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.entry import PROVIDER, STATE
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.client import Waits
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.provider import Convergence, Task, offline
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.https import DeviceError, Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Service
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.options import read_services
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

_PROVIDER = {
    **PROVIDER,
    "host": {"type": "str", "required": True},
    "peers": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 60.0},
}
_SPEC = {
    **STEP_SPEC,
    "services": {"type": "list", "elements": "dict"},
    **STATE,
    "provider": {"type": "dict", "options": _PROVIDER, "required_one_of": [("user", "token")], "required_together": [("user", "password")]},
    "tenant": {"type": "str", "default": "Lync"},
    "sync_group": {"type": "str", "default": ""},
    "schema": {"type": "path"},
    "wait_seconds": {"type": "float", "default": 600.0},
    "poll_seconds": {"type": "float", "default": 2.0},
    "running_config": {"type": "str"},
    "path": {"type": "path"},
}
_OFFLINE = (State.RENDERED, State.PARSED)


class _Action(ActionBase):
    """The action of msuc.lync.f5_as3."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task; every fault of input or device is a failed result with a message."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(_SPEC)[1]
        state = State(options["state"])
        try:
            services = _services(options["services"], state)
            if state in _OFFLINE:
                return {**result, **offline(services, options["tenant"], state, _config(options), options["schema"])}
            convergence = Convergence(_task(options, services, state))
        except (InvalidInputError, MissingLibraryError) as error:
            return {**result, "failed": True, "changed": False, "msg": str(error)}
        return {**result, **self._converged(convergence)}

    def _converged(self, convergence: Convergence) -> dict[str, Any]:
        failure: dict[str, Any] = {}
        try:
            convergence.run(check_mode=self._task.check_mode)
        except (DeviceError, InvalidInputError, MissingLibraryError) as error:
            failure = {"failed": True, "msg": str(error)}
        diff = {"diff": convergence.diffs()} if self._task.diff else {}
        return {**convergence.result(), **diff, **failure}


def _services(given: list[dict[str, Any]] | None, state: State) -> tuple[Service, ...]:
    """Return the services; to remove all of a tenant, an empty list has to be written."""
    if given is None and state in (State.MERGED, State.REPLACED, State.RENDERED):
        raise InvalidInputError([Problem("services", f"is missing with state {state.value}", fix="give the virtual services of a plan")])
    # Ansible's values carry where they come from; the library that checks the schema takes plain ones only.
    return read_services(json.loads(json.dumps(given or [])))


def _task(options: dict[str, Any], services: tuple[Service, ...], state: State) -> Task:
    given = options["provider"]
    if not given:
        raise InvalidInputError([Problem("provider", "is missing", allowed="host with user and password, or with token", fix="say how the device is reached")])
    return Task(
        services=services,
        state=state,
        provider=Provider.from_options(given),
        peers=tuple(given["peers"]),
        tenant=options["tenant"],
        schema=options["schema"],
        sync_group=options["sync_group"],
        waits=Waits(options["wait_seconds"], options["poll_seconds"]),
    )


def _config(options: dict[str, Any]) -> object:
    """Return the declaration that state parsed reads, from its text or its file; nothing when neither is given."""
    text = options["running_config"]
    try:
        if options["path"]:
            text = Path(options["path"]).read_text(encoding="utf-8")
        return json.loads(text) if text else None
    except (OSError, ValueError) as error:
        raise InvalidInputError([Problem("running_config", f"cannot be read: {error}", fix="give the JSON text of a declaration")]) from None


class ActionModule(KeepsResult, _Action):
    """The action of msuc.lync.f5_as3."""

    concern = Concern.LOAD_BALANCER
