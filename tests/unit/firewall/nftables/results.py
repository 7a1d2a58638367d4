# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Real results of msuc.lync.nftables_rules: the provider over a host in memory. Tests of reports read these.

rule_goes() -> {"changed": True, "changes": [{"kind": "remove", "name": "SIP", "cause": "not_wanted", ...}], ...}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.options import Task
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.reconcile import NftablesProvider

from .memory_host import MemoryHost

Answer = dict[str, Any]
SSH: Answer = {"name": "SSH", "protocol": "tcp", "localport": "22", "remoteip": "10.9.0.0/24"}
SIP: Answer = {"name": "SIP", "protocol": "tcp", "localport": "5061", "remoteip": "10.1.0.0/24"}
RULES = (SSH, SIP)


def provider(
    host: MemoryHost, rules: Sequence[Answer] = RULES, state: str = "replaced", **more: Any
) -> NftablesProvider:
    """Return the provider of a task on a host in memory."""
    options = {"rules": list(rules), "state": state, "management_networks": ["10.9.0.0/24"], **more}
    return NftablesProvider(Task.from_options(options), host.link())


def answer(run: NftablesProvider, check_mode: bool = False) -> Answer:
    """Return what the module returns."""
    failure: Answer = {}
    try:
        reconcile(run, check_mode=check_mode)
    except DeviceError as error:
        failure = {"failed": True, "msg": str(error)}
    return {**run.result(), **failure, "check_mode": check_mode}


def host_with(rules: Sequence[Answer] = RULES) -> MemoryHost:
    """Return a host that has rules and whose policy is drop."""
    host = MemoryHost()
    answer(provider(host, rules))
    return host


def nothing_to_do(check_mode: bool = False) -> Answer:
    """Return the result of a host that is as wanted."""
    return answer(provider(host_with()), check_mode)


def first_run(check_mode: bool = False) -> Answer:
    """Return the result of a host that has no table of ours."""
    return answer(provider(MemoryHost()), check_mode)


def rule_is_missing(check_mode: bool = False) -> Answer:
    """Return the result of a host that lacks a rule."""
    return answer(provider(host_with([SSH])), check_mode)


def rule_goes(check_mode: bool = False) -> Answer:
    """Return the result of a host with a rule that is not wanted any more."""
    return answer(provider(host_with(), [SSH]), check_mode)


def rule_changes(check_mode: bool = False) -> Answer:
    """Return the result of a host with a rule that admits more than it should."""
    return answer(provider(host_with([SSH, {**SIP, "remoteip": "10.0.0.0/8"}])), check_mode)


def pending(check_mode: bool = False) -> Answer:
    """Return the result of phase open, which leaves a rule and the policy for phase close."""
    return answer(provider(host_with(), [SSH], phase="open"), check_mode)


def refused(check_mode: bool = False) -> Answer:
    """Return the result of changes that would shut out who manages the host."""
    return answer(provider(MemoryHost(), [SIP]), check_mode)


def confirmed() -> Answer:
    """Return the result of a change that was armed and confirmed."""
    return answer(provider(MemoryHost(), confirm_minutes=5))


def not_armed() -> Answer:
    """Return the result of a host that does not say that the change would be taken back."""
    host = MemoryHost()
    host.forgets = {"armed"}
    return answer(provider(host, confirm_minutes=5))


def file_is_lost(check_mode: bool = False) -> Answer:
    """Return the result of a host whose table is as wanted, and whose file is gone."""
    host = host_with()
    host.content = None
    return answer(provider(host), check_mode)


def wrong_host(check_mode: bool = False) -> Answer:
    """Return the result of a host that lacks an address that the inventory gives it."""
    return answer(provider(MemoryHost(), expected_addresses=["10.1.0.6"]), check_mode)
