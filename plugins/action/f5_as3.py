# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the services of an F5 BIG-IP to what is wanted, through AS3; documented in plugins/modules/f5_as3.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, ProviderAction
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.provider import (
    F5Options,
    F5Provider,
    offline,
    read_task,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.options import CONNECTION, STATE
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

_PROVIDER = {
    **CONNECTION,
    "host": {"type": "str", "required": True},
    "peers": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 60.0},
}
_SPEC = {
    **STEP_SPEC,
    "services": {"type": "list", "elements": "dict"},
    **STATE,
    "provider": {
        "type": "dict",
        "options": _PROVIDER,
        "required_one_of": [("user", "token")],
        "required_together": [("user", "password")],
    },
    "tenant": {"type": "str", "default": "Lync"},
    "sync_group": {"type": "str", "default": ""},
    "schema": {"type": "path"},
    "wait_seconds": {"type": "float", "default": 600.0},
    "poll_seconds": {"type": "float", "default": 2.0},
    "running_config": {"type": "str"},
    "path": {"type": "path"},
    "assumptions": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ProviderAction):
    """The action of msuc.lync.f5_as3; it runs on the controller."""

    concern = Concern.LOAD_BALANCER
    argument_spec = _SPEC
    _requires_connection = False

    def provider(self, options: dict[str, Any], task_vars: dict[str, Any]) -> Provider | dict[str, Any]:
        """Return the provider of a BIG-IP, or the whole result of a task that asks none."""
        task, given = read_task(options), F5Options.from_options(options)
        return offline(task, given, options["path"]) if task.state.is_offline else F5Provider(task, given)
