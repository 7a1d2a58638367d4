# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the IPsec exemptions of a Windows host to what is wanted, as msuc.lync.windows_firewall_rules does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import Answer, run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.firewall_action import (
    IPSEC_REMOTE,
    IPSEC_SPEC,
    SHARED,
    FirewallAction,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.export import (
    hand_out,
    mirror_script,
    offline_result,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.reconcile import (
    NEVER,
    IpsecProvider,
    IpsecTask,
    never_needed,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.scripts import write_scripts
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step


class ActionModule(FirewallAction):
    """The controller side of msuc.lync.windows_ipsec_exemptions."""

    concern = Concern.IPSEC
    argument_spec = IPSEC_SPEC
    _made: IpsecProvider | None = None

    def provider(self, options: Answer, task_vars: dict[str, Any]) -> Provider | Answer:
        """Return the provider of a task, or the result of one that contacts no host."""
        if State(options["state"]).is_offline:
            return offline_result(options)
        if options["handout_dir"]:
            return hand_out(options, self.host_name(task_vars), write=not self._task.check_mode)
        task = IpsecTask.from_options(options)
        if options["needed"] == NEVER:
            return never_needed(task)
        link = self.link(IPSEC_REMOTE, task_vars)
        if options["step"] in SHARED:
            device, step = self.device_name(task_vars), Step(options["step"])
            link = replace(link, given=run_state().take_answer(device, Concern.IPSEC, step))
        self._made = IpsecProvider(task, link)
        return self._made

    def perform(self, options: Answer, task_vars: dict[str, Any]) -> Answer:
        """Return the result of a task, with the scripts for the peers of a host that has exemptions now."""
        found = super().perform(options, task_vars)
        if found.get("failed") or self._made is None or not options["mirror_dir"]:
            return found
        task = self._made.task
        if not (options["mirror_peers"] and task.rules and self._made.is_needed):
            return found
        texts = mirror_script(self.host_name(task_vars), task.group, task.rules)
        directory = Path(options["mirror_dir"])
        if not self._task.check_mode:
            write_scripts(directory, texts)
        return {**found, "mirror_scripts": [str(directory / name) for name in texts]}
