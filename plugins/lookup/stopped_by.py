# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns which hosts must succeed before a host and did not."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stopped_by
short_description: The hosts that must succeed before a host and did not
version_added: "0.1.0"
description:
  - A pool is never changed all at once. When a member failed, could not be reached or was stopped itself, the members after it are left alone,
    and so are the hosts of a role whose canary failed. This lookup returns the names of such predecessors.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description: Names of hosts.
    type: list
    elements: str
    required: true
  platform:
    description: Of which hosts the names are.
    type: str
    choices: [windows, linux]
    default: windows
  registered:
    description: Names of the variables that the tasks of the earlier hosts registered; the first one is skipped on a host that was stopped.
    type: list
    elements: str
    default:
      - windows_firewall_opened
      - windows_firewall_closed
      - ipsec_exemptions_opened
      - ipsec_exemptions_closed
      - linux_firewall_opened
      - linux_firewall_closed
  dns:
    description:
      - Names of the variables that the tasks on DNS registered. A host whose pool they failed for is stopped by C(DNS of POOL),
        since DNS may still send traffic to it.
    type: list
    elements: str
    default: [dns_records_applied, dns_records_verified]
"""

EXAMPLES = r"""
- name: Change this host unless an earlier member of its pool failed
  msuc.lync.windows_firewall_rules:
    rules: "{{ lookup('msuc.lync.plan', inventory_hostname).firewall_rules }}"
  register: windows_firewall_opened
  when: lookup('msuc.lync.stopped_by', inventory_hostname, wantlist=true) | length == 0
"""

RETURN = r"""
_raw:
  description: Names of the hosts, sorted; empty when nothing stands in the way.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible import constants as C
from ansible.plugins.lookup import LookupBase
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import outcome, results_of
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState


class LookupModule(LookupBase):
    """The lookup msuc.lync.stopped_by."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: object) -> list[str]:
        """Return the predecessors of hosts that did not succeed."""
        self.set_options(var_options=variables, direct=kwargs)
        waves = RunState(C.DEFAULT_LOCAL_TMP).waves(self.get_option("platform"))  # type: ignore[attr-defined]  # set by ansible at import
        names = sorted({name for term in terms for name in waves.predecessors.get(str(term), ())})
        hostvars, registered = (variables or {}).get("hostvars", {}), self.get_option("registered")
        stopping = [name for name in names if not outcome(name, results_of(hostvars[name], registered)).is_done]
        pools = (self._failed_pool(str(term), hostvars) for term in terms)
        return stopping + sorted({f"DNS of {pool}" for pool in pools if pool})

    def _failed_pool(self, host: str, hostvars: Mapping[str, Mapping[str, Any]]) -> str | None:
        """Return the pool of a host when its records could not be changed."""
        results = [hostvars[host].get(name) for name in self.get_option("dns") if host in hostvars]
        failed = [result for result in results if isinstance(result, Mapping) and result.get("failed")]
        if not failed:
            return None
        plan = RunState(C.DEFAULT_LOCAL_TMP).host(host) or {}  # type: ignore[attr-defined]  # set by ansible at import
        pool = str(plan.get("pool") or "").lower()
        return pool if any(pool in result.get("failed_owners", [pool]) for result in failed) else None
