# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns which devices a play of this run is for, besides the hosts of the waves."""

from __future__ import annotations

DOCUMENTATION = r"""
name: devices
short_description: Internal, the load balancers, reverse proxies and others that a play is for
version_added: "0.1.0"
description:
  - Internal, not for direct use. Options and results may change without notice.
  - Returns names for C(hosts:) of a play, from the plan, the options and the decisions of this run.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description:
      - V(balancers) and V(proxies) for the load balancers and reverse proxies that are configured,
        units of a pair in their order.
      - V(peers) for the hosts that probe O(of), while a change of that host waits to be confirmed; a list that may be
        empty.
      - V(dns) for the play on DNS, V(probes) for the probes before and after a run; these are all hosts or none.
      - V(controller) for what the controller does by itself, V(remediation) for the end of a remediation.
        That is localhost; with C(--limit), which leaves localhost out, it is the hosts that it names.
    type: list
    elements: str
    choices: [balancers, proxies, dns, probes, controller, remediation, peers]
    required: true
  only:
    description:
      - Whether V(all) of them, those that M(msuc.lync.drift_report) decided to be V(repaired), or load balancers that
        can be V(asked) for what the plan relies on besides their services.
    type: str
    choices: [all, repaired, asked]
    default: all
  of:
    description: The host whose V(peers) are asked for.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Change load balancers, units of a pair one after the other
  hosts: "{{ lookup('msuc.lync.devices', 'balancers', wantlist=true) }}"
  serial: 1
  gather_facts: false
  roles:
    - role: msuc.lync.load_balancer
"""

RETURN = r"""
_raw:
  description: Host names; a pattern that matches no host when there are none.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible import preload as _  # noqa: F401
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import (
    NOBODY,
    controller,
    run_options,
    run_state,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.relied_on import BY_DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import DNS_DEVICE, Concern
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

_EVERYBODY = "all"
_CONCERNS = {
    "balancers": (Concern.LOAD_BALANCER, Concern.LOAD_BALANCER_UDP),
    "proxies": (Concern.PUBLICATIONS,),
    "dns": (Concern.DNS,),
}
_DEVICES = {
    "balancers": lambda state: list(state.balancers()),
    "proxies": lambda state: list(state.proxies()),
    "dns": lambda _state: [DNS_DEVICE],
    "probes": lambda state: [_EVERYBODY] if run_options(state).common.verify else [],
    "controller": lambda _state: controller(),
    "remediation": lambda state: controller() if run_options(state).common.remediate else [],
    "peers": lambda _state: [],
}


def _list_peers(state: RunState, host: str) -> list[str]:
    waits = any(state.is_left_armed(host, concern) for concern in (Concern.FIREWALL, Concern.IPSEC))
    played = filter(state.scope().plays, state.probing(host) or ())
    return list(played) if waits else []


def _is_repaired(state: RunState, device: str, concerns: tuple[Concern, ...]) -> bool:
    repairs = state.repairs().get(device, {})
    return any(concern.value in repairs for concern in concerns)


def _is_asked(state: RunState, device: str, _concerns: tuple[Concern, ...]) -> bool:
    plan = state.host_plan(device)
    return plan is not None and plan.load_balancer is not None and plan.load_balancer.driver in BY_DRIVER


_ONLY = {"all": lambda _state, _device, _concerns: True, "repaired": _is_repaired, "asked": _is_asked}


class LookupModule(LookupBase):
    """The lookup msuc.lync.devices."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: object) -> list[str]:
        """Return the names of devices."""
        self.set_options(var_options=variables, direct=kwargs)
        unknown = [term for term in terms if term not in _DEVICES]
        if unknown:
            allowed = ", ".join(sorted(_DEVICES))
            raise AnsibleError(f"lookup msuc.lync.devices: {unknown[0]!r} is no choice of it; allowed: {allowed}")
        if "peers" in terms:
            return _list_peers(run_state(), str(self.get_option("of")))
        state, is_chosen = run_state(), _ONLY[self.get_option("only")]
        found = [
            device
            for term in terms
            for device in _DEVICES[term](state)
            if is_chosen(state, device, _CONCERNS.get(term, ()))
        ]
        # DNS is no host: whoever runs its tasks, runs them once for all.
        return [_EVERYBODY if device == DNS_DEVICE else device for device in found] or [NOBODY]
