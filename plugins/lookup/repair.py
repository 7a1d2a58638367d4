# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns what this run repairs on a host, as decided by msuc.lync.drift_report."""

from __future__ import annotations

DOCUMENTATION = r"""
name: repair
short_description: What this run repairs on a host
version_added: "0.1.0"
description:
  - Returns what M(msuc.lync.drift_report) decided earlier in the same run to repair in one concern of a host.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description: Names of hosts, or V(:devices) for the names of all devices of which something is repaired.
    type: list
    elements: str
    required: true
  concern:
    description: The concern, such as V(firewall).
    type: str
    required: true
  planned:
    description: All items of the concern that the plan wants on the host, each with its C(name).
    type: list
    elements: dict
    default: []
  state:
    description: The state to use where the whole concern is made as planned.
    type: str
    default: replaced
"""

EXAMPLES = r"""
- name: Show which rules of a host are repaired
  ansible.builtin.debug:
    msg: "{{ lookup('msuc.lync.repair', inventory_hostname, concern='firewall', planned=rules).wanted | map(attribute='name') }}"
  vars:
    rules: "{{ lookup('msuc.lync.plan', inventory_hostname).firewall_rules }}"
"""

RETURN = r"""
_raw:
  description:
    - Per host a dictionary of the C(wanted) items and their C(state), and of the C(extra) items to be removed, by C(name).
    - For V(:devices) names, a pattern that matches no host when there are none.
  type: list
  elements: raw
"""

from collections.abc import Mapping
from typing import Any

from ansible import constants as C
from ansible.plugins.lookup import LookupBase
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

NOBODY = "all:!all"
_NOTHING: dict[str, Any] = {"whole": False, "names": [], "extra": []}


class LookupModule(LookupBase):
    """The lookup msuc.lync.repair."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: object) -> list[Any]:
        """Return the repairs of the named hosts, or the names of the devices that are repaired."""
        self.set_options(var_options=variables, direct=kwargs)
        repairs = RunState(C.DEFAULT_LOCAL_TMP).repairs()  # type: ignore[attr-defined]  # set by ansible at import
        if terms == [":devices"]:
            return sorted(device for device, concerns in repairs.items() if self.get_option("concern") in concerns) or [NOBODY]
        return [self._answer(repairs.get(str(term), {}).get(self.get_option("concern"), _NOTHING)) for term in terms]

    def _answer(self, repair: Mapping[str, Any]) -> dict[str, Any]:
        planned = self.get_option("planned")
        if repair["whole"]:
            return {"wanted": planned, "state": self.get_option("state"), "extra": []}
        chosen = set(repair["names"])
        return {"wanted": [item for item in planned if item["name"] in chosen], "state": "merged", "extra": [{"name": name} for name in repair["extra"]]}
