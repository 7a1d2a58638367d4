# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What msuc.lync.windows_gather_remote does on a host, done on a simulated one: both modules' answers to gather, and
what both say once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import host_module, ipsec_host
from .firewall_store import FirewallStore

_GATHER = {"operation": "gather"}
_SHARED = ("build", "addresses", "environment", "listeners", "connections", "management", "pending_revert")
_OWN = (
    "rules", "stored", "profiles", "group_policy", "mdm", "products", "older_lists", "services", "fingerprint",
    "counters", "legacy", "exempt", "engines", "not_read", "failed", "msg",
)  # fmt: skip


def run_module(store: FirewallStore, arguments: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Return the module's answer."""
    answers = {
        "firewall": host_module.run_module(store, {**arguments, **_GATHER}, check_mode),
        "ipsec": ipsec_host.run_module(store, _GATHER, check_mode),
    }
    if answers["firewall"].get("failed"):
        return answers["firewall"]
    shared = {name: answers["firewall"][name] for name in _SHARED}
    return {
        "changed": False,
        **shared,
        **{part: {name: answer[name] for name in _OWN if name in answer} for part, answer in answers.items()},
    }
