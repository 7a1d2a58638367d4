# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option step, which the modules have that playbooks of this collection use."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of the option step."""

    DOCUMENTATION = r"""
options:
  step:
    description:
      - Which part of a run of a playbook of this collection the task is.
      - With it, the other options come from the plan that M(msuc.lync.plan) compiled earlier in the same run and from
        the options of that run; those that the task gives go before. The task is skipped where an earlier failure stops
        it. What became of it is kept for the gates and reports of the run, also when it fails or the host is
        unreachable.
      - The roles of this collection use it. Leave it out where a task says itself what is wanted.
    type: str
    choices: [compare, open, close, apply, verify, remediate, remove, retire, before, after, peers, confirm]
"""
