# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Returns in which order this run changes its hosts, as compiled by msuc.lync.plan."""

from __future__ import annotations

DOCUMENTATION = r"""
name: waves
short_description: Internal, the order in which this run changes its hosts
version_added: "0.1.0"
description:
  - Internal, not for direct use. Options and results may change without notice.
  - Returns the waves that M(msuc.lync.plan) laid out earlier in the same run, one canary per role first,
    then some members of each pool at a time.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description:
      - V(hosts) for all host names in the order of the waves, for C(hosts:) of a play.
      - V(sizes) for the size of each wave, for C(serial:) of the same play.
      - V(title) for the name of the same play, which has the number of each wave; V(wave) for that number alone.
    type: list
    elements: str
    choices: [hosts, sizes, title, wave]
    required: true
  play:
    description: What the play is called, for V(title).
    type: str
    default: Change
  only:
    description:
      - Which hosts, by what became of the tasks of this run.
      - V(all) hosts; those with V(pending) closings; those that M(msuc.lync.drift_report) decided to be V(repaired);
        those whose rules are V(compared) beside their probes, which is all or none.
    type: str
    choices: [all, pending, repaired, compared]
    default: all
  platform:
    description: Which hosts there are at all. Linux hosts are those with rules in the plan, and retired ones.
    type: str
    choices: [windows, linux]
    default: windows
"""

EXAMPLES = r"""
- name: "{{ lookup('msuc.lync.waves', 'title', play='Change hosts') }}"
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

from collections.abc import Collection, Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible import preload as _  # noqa: F401
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import NOBODY, run_options, run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import counted
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.holding import judge_losses
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19, where a play has one name for all of its waves
    trust_as_template = None  # type: ignore[assignment]

_Waves = list[list[str]]
_OPENED = (Concern.FIREWALL, Concern.IPSEC, Concern.NFTABLES)


def _flatten_waves(waves: _Waves) -> list[str | int]:
    return [host for wave in waves for host in wave] or [NOBODY]


def _sizes(waves: _Waves) -> list[str | int]:
    return [len(wave) for wave in waves] or [1]


def _wave(waves: _Waves, batch: Collection[str]) -> str:
    """Return which wave a batch of hosts is: ", wave 2 of 3, 5 hosts"; nothing where it is none."""
    for number, wave in enumerate(waves, 1):
        if set(wave) & set(batch):
            return f", wave {number} of {len(waves)}, {counted(len(wave), 'host')}"
    return ""


def _is_pending(state: RunState, host: str) -> bool:
    return any(state.expected(host, concern, Step.OPEN).is_pending for concern in _OPENED)


_QUESTIONS = {"hosts": _flatten_waves, "sizes": _sizes}
_OF_NAMES = ("title", "wave")
_ONLY = {
    "all": lambda _state, _host: True,
    "pending": _is_pending,
    "repaired": lambda state, host: host in state.repairs(),
    "compared": lambda state, _host: run_options(state).common.probe_rules,
}


class LookupModule(LookupBase):
    """The lookup msuc.lync.waves."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: object) -> list[str | int]:
        """Return host names in wave order, or the sizes of the waves."""
        self.set_options(var_options=variables, direct=kwargs)
        unknown = [term for term in terms if term not in (*_QUESTIONS, *_OF_NAMES)]
        if unknown:
            allowed = ", ".join(sorted((*_QUESTIONS, *_OF_NAMES)))
            raise AnsibleError(
                f"lookup msuc.lync.waves: {unknown[0]!r} is no question that it answers; allowed: {allowed}"
            )
        state = run_state()
        if self.get_option("only") != "all" and terms != ["wave"]:
            # Here, once for the play, what all hosts of it have to know of each other.
            judge_losses(state)
        waves = self._choose_waves(state)
        if terms == ["title"]:
            return [self._title(waves)]
        if terms == ["wave"]:
            return [_wave(waves, (variables or {}).get("ansible_play_batch") or ())]
        return [answer for term in terms for answer in _QUESTIONS[term](waves)]

    def _title(self, waves: _Waves) -> str:
        """Return the name of a play; where there are waves, a template that Ansible fills in for each of them."""
        play, only, platform = (self.get_option(name) for name in ("play", "only", "platform"))
        if not waves:
            return str(play)
        if trust_as_template is None:
            return f"{play}, {counted(len(waves), 'wave')}"
        number = f"lookup('msuc.lync.waves', 'wave', only='{only}', platform='{platform}')"
        title: str = trust_as_template(f"{play}{{{{ {number} }}}}")
        return title

    def _choose_waves(self, state: RunState) -> _Waves:
        is_chosen = _ONLY[self.get_option("only")]
        waves = state.waves(self.get_option("platform")).waves
        kept = [[host for host in wave if is_chosen(state, host)] for wave in waves]
        return [wave for wave in kept if wave]
