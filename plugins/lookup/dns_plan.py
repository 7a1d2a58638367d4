# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns the DNS records that this run may change, as compiled by msuc.lync.plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: dns_plan
short_description: The DNS records that this run may change
version_added: "0.1.0"
description:
  - Returns the DNS records of all pools that M(msuc.lync.plan) compiled earlier in the same run, as options of M(msuc.lync.dns_records).
  - Records of a pool are left out, with a warning, as long as an active Windows member of it is not part of the run or is not as planned,
    because DNS would send traffic to a server that is not open for it.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description:
      - V(ready) for the pools whose members are ready, V(all) for all pools, to compare them.
    type: list
    elements: str
    choices: [ready, all]
    required: true
  registered:
    description: Names of the variables that the tasks on the members registered; the first one is skipped on a host that was stopped.
    type: list
    elements: str
    default: [windows_firewall_opened, windows_firewall_closed]
"""

EXAMPLES = r"""
- name: Bring DNS to the plan
  msuc.lync.dns_records:
    records: "{{ lookup('msuc.lync.dns_plan', 'ready').records }}"
    owners: "{{ lookup('msuc.lync.dns_plan', 'ready').owners }}"
    servers: "{{ lync_dns_servers }}"
  run_once: true
"""

RETURN = r"""
_raw:
  description: One dictionary per term, with C(records), C(owners), and C(left_out), which maps pools to why they are left out.
  type: list
  elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.dns_scope import is_ready, run_scope
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import results_of
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

_TERMS = ("ready", "all")


class LookupModule(LookupBase):
    """The lookup msuc.lync.dns_plan."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: object) -> list[dict[str, Any]]:
        """Return the records per term."""
        self.set_options(var_options=variables, direct=kwargs)
        unknown = [term for term in terms if term not in _TERMS]
        if unknown:
            raise AnsibleError(f"lookup msuc.lync.dns_plan: {unknown[0]!r} is no choice of it; allowed: {', '.join(sorted(_TERMS))}")
        return [self._scope(term, (variables or {}).get("hostvars", {})) for term in terms]

    def _scope(self, term: str, hostvars: Mapping[str, Mapping[str, object]]) -> dict[str, Any]:
        state = RunState(C.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]  # set by ansible at import
        ready = self._ready(state, hostvars) if term == "ready" else None
        found = run_scope(state.pools(), state.hosts(), ready)
        for pool, why in found.left_out.items():
            Display().warning(f"the DNS records of {pool} are left as they are: {why}")
        return found.to_dict()

    def _ready(self, state: RunState, hostvars: Mapping[str, Mapping[str, object]]) -> dict[str, bool]:
        registered = self.get_option("registered")
        names = [host for wave in state.waves().waves for host in wave]
        return {name: is_ready(name, results_of(hostvars[name], registered)) for name in names}
