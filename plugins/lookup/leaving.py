# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns the hosts that leave the deployment, after it made sure that the plan of this run wants nothing on them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: leaving
short_description: The hosts that leave the deployment
version_added: "0.1.0"
description:
  - Returns the named hosts, for C(hosts:) of a play, when M(msuc.lync.plan) compiled nothing for them earlier in the same run.
  - A host that the inventory lacks, or on which the plan wants rules, is an error.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description: Names of hosts, or several in one text with commas between them.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Remove what is ours
  hosts: "{{ lookup('msuc.lync.leaving', lync_retire, wantlist=true) }}"
  gather_facts: false
  tasks:
    - name: Remove the firewall rules
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

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.files import Document
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.retiring import leaving
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

NOBODY = "all:!all"


def _planned(name: str) -> Document | None:
    return RunState(C.DEFAULT_LOCAL_TMP).host(name)  # type: ignore[attr-defined]  # set by ansible at import


class LookupModule(LookupBase):
    """The lookup msuc.lync.leaving."""

    def run(self, terms: list[object], variables: Mapping[str, Any] | None = None, **kwargs: object) -> list[str]:
        """Return the hosts that leave."""
        self.set_options(var_options=variables, direct=kwargs)
        names = [name for term in terms for name in (term if isinstance(term, list) else [term])]
        known = set((variables or {}).get("hostvars", {}))
        try:
            return list(leaving(names, known, _planned)) or [NOBODY]
        except InvalidInputError as error:
            raise AnsibleError(str(error)) from error
