# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns in which order this run changes its hosts, as compiled by msuc.lync.plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: waves
short_description: The order in which this run changes its Windows hosts
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

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.msuc.lync.plugins.plugin_utils.policy.waves import Waves
from ansible_collections.msuc.lync.plugins.plugin_utils.run_state import RunState

NOBODY = "all:!all"


def _hosts(waves: Waves) -> list[str | int]:
    return [host for wave in waves.waves for host in wave] or [NOBODY]


def _sizes(waves: Waves) -> list[str | int]:
    return [len(wave) for wave in waves.waves] or [1]


_QUESTIONS = {"hosts": _hosts, "sizes": _sizes}


class LookupModule(LookupBase):
    """The lookup msuc.lync.waves."""

    def run(self, terms: list[str], variables: dict[str, object] | None = None, **kwargs: object) -> list[str | int]:
        """Return host names in wave order, or the sizes of the waves."""
        self.set_options(var_options=variables, direct=kwargs)
        unknown = [term for term in terms if term not in _QUESTIONS]
        if unknown:
            raise AnsibleError(f"lookup msuc.lync.waves: {unknown[0]!r} is no question it answers; allowed: {', '.join(sorted(_QUESTIONS))}")
        waves = RunState(C.DEFAULT_LOCAL_TMP).waves()  # type: ignore[attr-defined]  # set by ansible at import
        return [answer for term in terms for answer in _QUESTIONS[term](waves)]
