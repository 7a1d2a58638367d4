#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: selftest
short_description: Hold the Windows Firewall of a host to what the collection assumes of it
version_added: "0.1.0"
description:
  - Adds, changes and removes rules of the group C(msuc.lync contract) on the host, scenario by scenario, and compares
    what it reads back and what Windows refuses with what the collection and its simulator assume.
  - None of these rules is ever enabled, and all of them are removed. A snapshot is taken first; without one nothing
    begins.
  - Prints each assumption as confirmed or refuted with the evidence it had, and fails when one is refuted.
author: msuc.lync contributors (@msuc-lync)
options:
  path:
    description: The folder that holds C(rule.json) and the folder C(scenarios), which is C(playbooks/files/selftest) of
      the collection.
    type: path
    required: true
  names:
    description: Only scenarios whose names are like one of these, with V(*) for anything.
    type: list
    elements: str
    default: ["*"]
  report:
    description:
      - A file of the controller that gets the build of Windows, the date, and what each scenario gave, as JSON. It
        names no host, and is evidence that C(tests/evidence) takes in.
    type: path
attributes:
  action:
    description: Runs on the controller as an action plugin, and M(msuc.lync.windows_firewall_remote) on the host.
    support: full
  check_mode:
    description: It has to write, so it is skipped.
    support: none
  diff_mode:
    description: What it changes does not last.
    support: none
"""

EXAMPLES = r"""
- name: Ask what this Windows does with addresses
  msuc.lync.selftest:
    path: "{{ playbook_dir }}/files/selftest"
    names: ["*address*", "*subnet*"]
"""

RETURN = r"""
differences:
  description: Per scenario that was run what is not as expected, as texts; an empty list means confirmed.
  type: dict
  returned: when the host could be asked
refuted:
  description: The names of the scenarios that gave something else than expected.
  type: list
  elements: str
  returned: when the host could be asked
not_asked:
  description: The names of the scenarios that only C(tests/contract/run.ps1) can ask, on the host itself.
  type: list
  elements: str
  returned: when the host could be asked
"""
