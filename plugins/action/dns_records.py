# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings DNS records to what is wanted, from the controller; documented in plugins/modules/dns_records.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, Answer, ProviderAction
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import DnsProvider, Task
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.zone import offline_result
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

_SPEC: dict[str, Any] = {
    **STEP_SPEC,
    "records": {"type": "list", "elements": "dict", "default": []},
    "servers": {"type": "list", "elements": "dict", "default": [], "no_log": True},
    "state": {
        "type": "str",
        "choices": ["merged", "replaced", "deleted", "gathered", "rendered", "parsed"],
        "default": "replaced",
    },
    "owners": {"type": "list", "elements": "str", "default": []},
    "take_over": {"type": "list", "elements": "str", "default": []},
    "gone": {"type": "list", "elements": "str", "default": []},
    "mark_key": {"type": "str", "no_log": True},
    "refresh_days": {"type": "int", "default": 8},
    "timeout_seconds": {"type": "float", "default": 5.0},
    "wait_seconds": {"type": "float", "default": 10.0},
    "running_config": {"type": "str"},
    "path": {"type": "path"},
    "zone": {"type": "str"},
    "view": {"type": "str", "choices": ["internal", "external"], "default": "internal"},
}


class ActionModule(ProviderAction):
    """The controller side of msuc.lync.dns_records; it speaks to DNS servers and to no host."""

    concern = Concern.DNS
    _requires_connection = False
    argument_spec = _SPEC

    def provider(self, options: Answer, task_vars: dict[str, Any]) -> Provider | Answer:
        """Return the provider of the task, or zone lines and records of states that ask no server."""
        return (
            offline_result(options) if State(options["state"]).is_offline else DnsProvider(Task.from_options(options))
        )

    def device_name(self, task_vars: Mapping[str, Any]) -> str:
        """Return the name under which the result is kept: DNS is one device for a run."""
        return "DNS"
