# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the nftables rules of a Linux host to what is wanted; documented in plugins/modules/nftables_rules.py."""

from __future__ import annotations

from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, Answer
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.firewall_action import PHASE_SPEC, FirewallAction
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.options import DEFAULT_PATH, Task
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.reconcile import (
    NftablesProvider,
    offline_result,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

_STATES = ["merged", "replaced", "overridden", "deleted", "gathered", "parsed", "rendered"]
_SPEC: dict[str, Any] = {
    **STEP_SPEC,
    **PHASE_SPEC,
    "rules": {"type": "list", "elements": "dict", "default": []},
    "state": {"type": "str", "choices": _STATES, "default": "replaced"},
    "policy": {"type": "str", "choices": ["accept", "drop"], "default": "drop"},
    "persist": {"type": "bool", "default": True},
    "path": {"type": "str", "default": DEFAULT_PATH},
    "expected_addresses": {"type": "list", "elements": "str", "default": []},
    "management_networks": {"type": "list", "elements": "str", "default": []},
    "confirm_minutes": {"type": "int", "default": 0},
    "pending": {"type": "str", "choices": ["", "confirm", "revert"], "default": ""},
    "running_config": {"type": "str"},
}


class ActionModule(FirewallAction):
    """The controller side of msuc.lync.nftables_rules: it decides; msuc.lync.nftables_remote gathers and applies."""

    concern = Concern.NFTABLES
    argument_spec = _SPEC

    def provider(self, options: Answer, task_vars: dict[str, Any]) -> Provider | Answer:
        """Return the provider of the task, or the result of a state that asks no host."""
        if State(options["state"]).is_offline:
            return offline_result(options)
        return NftablesProvider(Task.from_options(options), self.link("msuc.lync.nftables_remote", task_vars))
