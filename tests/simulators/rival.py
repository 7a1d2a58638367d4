# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same rules as a play of ours and as a play of community.windows.win_firewall_rule, unmodified, on simulated
hosts.

    lab = Lab(directory, executor=PowerShellExecutor(program))
    lab.play(our_play("fe01", rules))                          one task for all rules
    lab.play(rival_play("fe01", rules), **RIVAL_ENVIRONMENT)   a loop, one rule at a time

Rules use option names and values that both modules know; lists of ports and addresses are comma strings.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from tests.tools.wheel_collections import TREE

from ..lab.lab import ROOT

GROUP = "msuc.lync"
RIVAL_ENVIRONMENT = {"ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(ROOT / ".collections"), str(TREE)])}
_OPTIONS = (
    "name", "description", "direction", "action", "enabled", "profiles", "program", "service", "protocol", "localport",
    "remoteport",
    "localip", "remoteip", "interfacetypes", "icmp_type_code", "edge", "security",
)  # fmt: skip

Rules = Sequence[dict[str, Any]]


def our_play(hosts: str, rules: Rules, **options: object) -> str:
    """Return a play that brings hosts to the rules in one task, with more options of the module; JSON, and so YAML."""
    return _play(hosts, {"name": "All rules", "msuc.lync.windows_firewall_rules": {"rules": rules, **options}})


def rival_play(hosts: str, rules: Rules) -> str:
    """Return a play that makes the rules one after the other, in our group; JSON, and so YAML."""
    options = {option: f"{{{{ item.{option} | default(omit) }}}}" for option in _OPTIONS}
    rule = {**options, "group": GROUP}
    return _play(
        hosts,
        {
            "name": "Each rule",
            "community.windows.win_firewall_rule": rule,
            "loop": rules,
            "loop_control": {"label": "{{ item.name }}"},
        },
    )


def _play(hosts: str, task: dict[str, Any]) -> str:
    return json.dumps([{"name": "Firewall", "hosts": hosts, "gather_facts": False, "tasks": [task]}])
