# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns what a load balancer gets in this run, as compiled by msuc.lync.plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: balancer_plan
short_description: What load balancers and reverse proxies get in this run
version_added: "0.1.0"
description:
  - Returns virtual services that M(msuc.lync.plan) compiled earlier in the same run, as options of a module of load balancers.
  - A pool waits, with a warning, while an active Windows member of it is not part of the run or is not as planned, or while an earlier
    unit of a pair failed; on a reverse proxy also while a load balancer of it, or an earlier reverse proxy, failed.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description:
      - The name of a load balancer, for its services, or of a reverse proxy with O(publications).
      - V(:balancers) for the names of all load balancers.
      - V(:proxies) for the names of all reverse proxies that are configured.
      - V(:changed) for the names of all load balancers that this run has changed, V(:changed_proxies) for such reverse proxies.
    type: list
    elements: str
    required: true
  balancer_driver:
    description: The load balancer's C(lync_balancer_driver).
    type: str
    default: haproxy
  driver:
    description: The driver whose services are asked for, by default O(balancer_driver).
    type: str
  publications:
    description: Whether the publications of a reverse proxy are asked for.
    type: bool
    default: false
  ready:
    description: Whether pools wait; when not, all services are returned, to compare them.
    type: bool
    default: true
  registered:
    description: Names of the variables that the tasks on the members registered.
    type: list
    elements: str
    default: [windows_firewall_opened, windows_firewall_closed]
  balancers_registered:
    description: Names of the variables that the tasks on load balancers and reverse proxies registered.
    type: list
    elements: str
    default: [load_balancer_applied, load_balancer_udp_applied, reverse_proxy_applied]
"""

EXAMPLES = r"""
- name: Bring the balancer to the plan
  msuc.lync.haproxy_services:
    services: "{{ lookup('msuc.lync.balancer_plan', inventory_hostname).services }}"
    state: "{{ lookup('msuc.lync.balancer_plan', inventory_hostname).state }}"
"""

RETURN = r"""
_raw:
  description:
    - Per balancer a dictionary with C(services), or per reverse proxy with C(publications), C(state) and C(waiting), which maps pools to why they wait.
    - Names for the other terms.
  type: list
  elements: raw
"""

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

from ansible import constants as C
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.balancer_scope import balancer_scope
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.dns_scope import run_scope
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import outcome, results_of
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.publication_scope import pools_of, publishing_scope
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

NOBODY = "all:!all"
_CHANGED = {":changed": ("load_balancer_applied", "load_balancer_udp_applied"), ":changed_proxies": ("reverse_proxy_applied",)}
Hostvars = Mapping[str, Mapping[str, object]]


def _has_changed(hostvars: Hostvars, name: str, registered: Iterable[str]) -> bool:
    """Return whether a device took a change, and did not fail."""
    variables = hostvars.get(name, {})
    results = [result for each in registered if each in variables and isinstance(result := variables[each], Mapping)]
    return any(result.get("changed") for result in results) and not any(result.get("failed") or result.get("unreachable") for result in results)


class LookupModule(LookupBase):
    """The lookup msuc.lync.balancer_plan."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: object) -> list[Any]:
        """Return the answer to each term."""
        self.set_options(var_options=variables, direct=kwargs)
        state = RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import
        hostvars: Hostvars = (variables or {}).get("hostvars", {})
        found: list[Any] = []
        for term in terms:
            if term == ":balancers":
                found += list(state.balancers()) or [NOBODY]
            elif term == ":proxies":
                found += list(state.proxies()) or [NOBODY]
            elif term in _CHANGED:
                names = state.balancers() if term == ":changed" else state.proxies()
                found += [name for name in names if _has_changed(hostvars, name, _CHANGED[term])] or [NOBODY]
            else:
                found.append(self._scope(term, state, hostvars))
                for pool, why in found[-1]["waiting"].items():
                    Display().warning(f"what {term} has of {pool} is left as it is: {why}")
        return found

    def _scope(self, name: str, state: RunState, hostvars: Hostvars) -> dict[str, Any]:
        asks = self.get_option("ready")
        not_ready = run_scope(state.pools(), state.hosts(), self._ready(state, hostvars)).left_out if asks else {}
        if self.get_option("publications"):
            earlier = takewhile(lambda proxy: proxy != name, state.proxies())
            before = {**state.balancers(), **{proxy: pools_of(state.published(proxy)) for proxy in earlier}}
            return publishing_scope(state.published(name), not_ready, before, self._done(before, hostvars) if asks else {})
        done = self._done(state.balancers(), hostvars) if asks else {}
        driver = self.get_option("balancer_driver")
        return balancer_scope(name, state.pools(), not_ready, done).of(driver, self.get_option("driver") or driver)

    def _ready(self, state: RunState, hostvars: Hostvars) -> dict[str, bool]:
        registered = self.get_option("registered")
        names = [host for wave in state.waves().waves for host in wave]
        return {name: outcome(name, results_of(hostvars[name], registered)).is_done for name in names}

    def _done(self, names: Iterable[str], hostvars: Hostvars) -> dict[str, bool]:
        return {name: not self._failed(hostvars[name]) for name in names if name in hostvars}

    def _failed(self, variables: Mapping[str, object]) -> bool:
        results = [variables[name] for name in self.get_option("balancers_registered") if name in variables]
        return any(isinstance(result, Mapping) and (result.get("failed") or result.get("unreachable")) for result in results)
