# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns which hosts have to fail, so that a run ends as its report says."""

from __future__ import annotations

DOCUMENTATION = r"""
name: verdict
short_description: Internal, the hosts that have to fail for the exit status of a run
version_added: "0.1.0"
description:
  - Internal, not for direct use. Options and results may change without notice.
  - Returns the hosts of the run that its report found not done, for C(hosts:) of the last play.
    Where only something else is not done, such as DNS, that is the first host of the run.
  - The controller comes last; it does not fail, so that the plays of a playbook that imports ours go on.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description: Takes none.
    required: false
"""

EXAMPLES = r"""
- name: End
  hosts: "{{ lookup('msuc.lync.verdict', wantlist=true) }}"
  gather_facts: false
  tasks:
    - name: End as the report says
      msuc.lync.verdict:
"""

RETURN = r"""
_raw:
  description: Host names; a pattern that matches no host when all is done.
  type: list
  elements: str
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import NOBODY, run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import ending_hosts

# Ansible ends a playbook with all that follows when every host of a play fails; so one that does not is beside them.
BESIDE = "localhost"


class LookupModule(LookupBase):
    """The lookup msuc.lync.verdict."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: object) -> list[str]:
        """Return the hosts that have to fail."""
        self.set_options(var_options=variables, direct=kwargs)
        failing = list(ending_hosts(run_state().summary(), (variables or {}).get("ansible_play_hosts_all", [])))
        return [*failing, *([BESIDE] if BESIDE not in failing else [])] if failing else [NOBODY]
