# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the firewall rules of a Windows host to what is wanted; see plugins/modules/windows_firewall_rules.py.

One round trip where nothing differs, a second one that applies where something does, and a third, over a new
connection, that confirms a change which would otherwise be taken back. Everything is decided on the controller by
plugin_utils/_firewall; the host runs msuc.lync.windows_firewall_remote, which gathers and writes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import Answer
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.firewall_action import (
    FIREWALL_REMOTE,
    FIREWALL_SPEC,
    SHARED,
    FirewallAction,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import (
    Task,
    WindowsFirewallProvider,
    offline_result,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.scripts import hand_out
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step


class ActionModule(FirewallAction):
    """The controller side of msuc.lync.windows_firewall_rules."""

    concern = Concern.FIREWALL
    argument_spec = FIREWALL_SPEC

    def provider(self, options: Answer, task_vars: dict[str, Any]) -> Provider | Answer:
        """Return the provider of a task, or the result of one that reads or writes rules without a host."""
        if State(options["state"]).is_offline:
            return offline_result(options)
        if options["handout_dir"]:
            return hand_out(options, self.host_name(task_vars), write=not self._task.check_mode)
        task, link = Task.from_options(options), self.link(FIREWALL_REMOTE, task_vars)
        if options["step"] == Step.CLOSE.value:
            # It is taken only where opening left something to close.
            task = replace(task, reading=replace(task.reading, expects_changes=True))
        if options["step"] in SHARED and self.asks_both(Step(options["step"]), task_vars):
            link = self.first_of_both(link, Step(options["step"]), task_vars)
        return WindowsFirewallProvider(task, link)
