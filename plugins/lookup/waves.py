# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns in which order this run changes its hosts, as compiled by msuc.lync.plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: waves
short_description: The order in which this run changes its hosts
version_added: "0.1.0"
description:
  - Returns the waves that M(msuc.lync.plan) laid out earlier in the same run, one canary per role first, then some members of each pool at a time.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description:
      - V(hosts) for all host names in the order of the waves, for C(hosts:) of a play.
      - V(sizes) for the size of each wave, for C(serial:) of the same play.
    type: list
    elements: str
    choices: [hosts, sizes]
    required: true
  only:
    description:
      - Which hosts, by the results that they registered in O(registered).
      - V(all) hosts; those with V(pending) closings; those of them that may be V(closing) now, because no load balancer or reverse proxy of the
        run may still send them what they would refuse; those that V(changed); those that V(failed), were unreachable or stopped;
        those that are V(unlike) the plan, which are the changed and the failed; those that M(msuc.lync.drift_report) decided to be V(repaired).
    type: str
    choices: [all, pending, closing, changed, failed, unlike, repaired]
    default: all
  platform:
    description: Which hosts there are at all. Linux hosts are those with rules in the plan, and retired ones.
    type: str
    choices: [windows, linux]
    default: windows
  registered:
    description: Names of the variables that the tasks registered; the first one is skipped on a host that was stopped.
    type: list
    elements: str
    default:
      - windows_firewall_opened
      - windows_firewall_closed
      - ipsec_exemptions_opened
      - ipsec_exemptions_closed
      - linux_firewall_opened
      - linux_firewall_closed
"""

EXAMPLES = r"""
- name: Change hosts in waves
  hosts: "{{ lookup('msuc.lync.waves', 'hosts', wantlist=true) }}"
  serial: "{{ lookup('msuc.lync.waves', 'sizes', wantlist=true) }}"
  gather_facts: false
  roles:
    - role: msuc.lync.windows_firewall
"""

RETURN = r"""
_raw:
  description: Host names, or sizes. A pattern that matches no host, and size 1, when there is nothing to do.
  type: list
  elements: raw
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.held_hosts import held
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import Outcome, outcome, results_of
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

NOBODY = "all:!all"
_Waves = list[list[str]]


def _hosts(waves: _Waves) -> list[str | int]:
    return [host for wave in waves for host in wave] or [NOBODY]


def _sizes(waves: _Waves) -> list[str | int]:
    return [len(wave) for wave in waves] or [1]


_ONLY: dict[str, Callable[[Outcome], bool]] = {
    "changed": lambda found: found.status == "changed",
    "failed": lambda found: not found.is_done,
    "unlike": lambda found: found.status != "unchanged",
}
_QUESTIONS = {"hosts": _hosts, "sizes": _sizes}


class LookupModule(LookupBase):
    """The lookup msuc.lync.waves."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: object) -> list[str | int]:
        """Return host names in wave order, or the sizes of the waves."""
        self.set_options(var_options=variables, direct=kwargs)
        unknown = [term for term in terms if term not in _QUESTIONS]
        if unknown:
            raise AnsibleError(f"lookup msuc.lync.waves: {unknown[0]!r} is no question that it answers; allowed: {', '.join(sorted(_QUESTIONS))}")
        waves = self._chosen((variables or {}).get("hostvars", {}))
        return [answer for term in terms for answer in _QUESTIONS[term](waves)]

    def _chosen(self, hostvars: Mapping[str, Mapping[str, object]]) -> _Waves:
        state = RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import
        waves = state.waves(self.get_option("platform")).waves
        only = self.get_option("only")
        if only == "repaired":
            repairs = state.repairs()
            return [chosen for wave in waves if (chosen := [host for host in wave if host in repairs])]
        kept = [[host for host in wave if self._is_chosen(host, hostvars)] for wave in waves]
        if only == "closing":
            waiting = held(state, hostvars.__getitem__, [host for wave in kept for host in wave])
            for host, reasons in waiting.items():
                Display().warning(f"{host} is not closed: {'; '.join(reasons)}")
            kept = [[host for host in wave if host not in waiting] for wave in kept]
        return [wave for wave in kept if wave]

    def _is_chosen(self, host: str, hostvars: Mapping[str, Mapping[str, object]]) -> bool:
        only, registered = self.get_option("only"), self.get_option("registered")
        if only == "all":
            return True
        results = results_of(hostvars[host], registered)
        if only in ("pending", "closing"):
            return any(result.get("pending") for result in results)
        return _ONLY[only](outcome(host, results))
