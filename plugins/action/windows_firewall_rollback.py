# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings a snapshot of a Windows host back, what is ours of it or the whole policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import Answer
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.firewall_action import (
    COMMON_SPEC,
    FIREWALL_REMOTE,
    FirewallAction,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.screen import show
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import printed_lines
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.restore import (
    OWN,
    WHOLE,
    RestoreProvider,
    RestoreTask,
    restore_whole,
)

_OPTIONS = ("group", "management_networks", "snapshot_dir", "snapshot_keep", "confirm_minutes")


class ActionModule(FirewallAction):
    """The controller side of msuc.lync.windows_firewall_rollback."""

    argument_spec: Mapping[str, Any] = {
        **{name: COMMON_SPEC[name] for name in _OPTIONS},
        "path": {"type": "str", "required": True},
        "scope": {"type": "str", "choices": [OWN, WHOLE], "default": OWN},
        "unprotected_rules": {"type": "list", "elements": "str", "default": []},
    }

    def provider(self, options: Answer, task_vars: dict[str, Any]) -> Provider | Answer:
        """Return the provider of what is ours, or the result of the import of the whole policy."""
        task, link = RestoreTask.from_options(options), self.link(FIREWALL_REMOTE, task_vars)
        host = self.host_name(task_vars)

        def _show(line: str) -> None:
            show(printed_lines(f"{host}: {line}"))

        if options["scope"] == WHOLE:
            return restore_whole(task, link, _show)
        return RestoreProvider(task, link, _show)
