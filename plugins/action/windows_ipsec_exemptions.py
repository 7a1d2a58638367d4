# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the IPsec exemptions of a Windows host to what is wanted; the way is that of msuc.lync.windows_firewall_rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.action.windows_firewall_rules import COMMON_SPEC, HandsAction
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import KeepsResult
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.export import hand_out, mirror_script
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.offline import offline_result
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.reconcile import NEVER, PREFIX, IpsecReconciliation, IpsecTask, never_needed
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reconcile import Course
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.offline import is_offline
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.scripts import write_scripts
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

_STATES = ["merged", "replaced", "deleted", "gathered", "parsed", "rendered"]

ARGUMENT_SPEC = {
    **COMMON_SPEC,
    "exemptions": {"type": "list", "elements": "dict", "default": []},
    "state": {"type": "str", "choices": _STATES, "default": "replaced"},
    "needed": {"type": "str", "choices": ["auto", "true", "false"], "default": "true"},
    "engine": {"type": "str", "choices": ["auto", "cim", "netsh"], "default": "auto"},
    "policy_store": {"type": "str"},
    "name_prefix": {"type": "str", "default": PREFIX},
    "media": {"type": "list", "elements": "dict", "default": []},
    "mirror_peers": {"type": "list", "elements": "dict", "default": []},
    "mirror_dir": {"type": "path"},
}


class ActionModule(KeepsResult, HandsAction):
    """The action of msuc.lync.windows_ipsec_exemptions."""

    concern = Concern.IPSEC
    hands = "msuc.lync.windows_ipsec_remote"
    argument_spec = ARGUMENT_SPEC

    def begun(self, options: dict[str, Any], host: str) -> Course | dict[str, object]:
        """Return the course of a task, or the result of one that contacts no host."""
        if is_offline(options["state"]):
            return offline_result(options)
        if options["handout_dir"]:
            return hand_out(options, host, write=not self._task.check_mode)
        task = IpsecTask.from_options(options)
        self._host_name = host
        return never_needed(task) if options["needed"] == NEVER else IpsecReconciliation(task)

    def ended(self, options: dict[str, Any], run: Course) -> dict[str, Any]:
        """Write the script for the peers of a host that has exemptions now, and return its path."""
        if not (options["mirror_dir"] and options["mirror_peers"] and run.task.rules and isinstance(run, IpsecReconciliation) and run.is_needed):
            return {}
        texts = mirror_script(self._host_name, run.task.group, run.task.rules)
        directory = Path(options["mirror_dir"])
        if not self._task.check_mode:
            write_scripts(directory, texts)
        return {"mirror_scripts": [str(directory / name) for name in texts]}
