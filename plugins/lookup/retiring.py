# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns the hosts that leave the deployment, after it made sure that the plan of this run wants nothing on them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: retiring
short_description: Internal, the hosts that leave the deployment
version_added: "0.1.0"
description:
  - Internal, not for direct use. Options and results may change without notice.
  - Returns the hosts that C(lync_retire) names. It fails for a host that the inventory lacks,
    and for one on which the plan wants rules.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description: Takes none.
    required: false
"""

EXAMPLES = r"""
- name: Remove what is left
  hosts: "{{ lookup('msuc.lync.retiring', wantlist=true) }}"
  gather_facts: false
  tasks:
    - name: Remove rules of ours
      ansible.builtin.import_role:
        name: msuc.lync.windows_firewall
        tasks_from: retire.yml
"""

RETURN = r"""
_raw:
  description: Host names, each once; a pattern that matches no host when there are none.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import NOBODY, run_options, run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.steps import retiring


class LookupModule(LookupBase):
    """The lookup msuc.lync.retiring."""

    def run(self, terms: list[object], variables: Mapping[str, Any] | None = None, **kwargs: object) -> list[str]:
        """Return the hosts that leave."""
        self.set_options(var_options=variables, direct=kwargs)
        state = run_state()
        known = set((variables or {}).get("hostvars", {}))
        try:
            return list(retiring(run_options(state).common.retire, known, state.host_plan)) or [NOBODY]
        except InvalidInputError as error:
            raise AnsibleError(str(error)) from error
