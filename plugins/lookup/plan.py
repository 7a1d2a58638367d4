# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns the plan of one host, as compiled by msuc.lync.plan in this run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
short_description: The plan of a host, as compiled in this run
version_added: "0.1.0"
description:
  - Returns what M(msuc.lync.plan) compiled for a host earlier in the same run of ansible-playbook.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description: Names of hosts.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the names of a host's rules
  ansible.builtin.debug:
    msg: "{{ lookup('msuc.lync.plan', inventory_hostname).firewall_rules | map(attribute='name') }}"
"""

RETURN = r"""
_raw:
  description: One plan document per host name, as in its plan file.
  type: list
  elements: dict
"""

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import Document
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.steps import NO_PLAN_IN_RUN, no_plan_text


class LookupModule(LookupBase):
    """The lookup msuc.lync.plan."""

    def run(self, terms: list[str], variables: dict[str, object] | None = None, **kwargs: object) -> list[Document]:
        """Return the plan documents of the named hosts."""
        self.set_options(var_options=variables, direct=kwargs)
        return [_read_host_document(str(name)) for name in terms]


def _read_host_document(name: str) -> Document:
    state = run_state()
    document = state.host(name)
    if document is None:
        raise AnsibleError(no_plan_text(name) if state.is_compiled() else NO_PLAN_IN_RUN)
    return document
