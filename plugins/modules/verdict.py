#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: verdict
short_description: End a device as the drift report found it
version_added: "0.1.0"
description:
  - Fails for a device that M(msuc.lync.drift_report) found drift on earlier in this run, and is unreachable for one that could not be asked,
    so that ansible-playbook ends with exit status 0 where all is as planned, 2 with drift, and 4 when something could not be told.
  - Runs on the controller and contacts no host.
author: msuc.lync contributors (@msuc-lync)
options: {}
attributes:
  action:
    description: Runs on the controller as an action plugin.
    support: full
  check_mode:
    description: It changes nothing.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
"""

EXAMPLES = r"""
- name: End as the report says
  hosts: "{{ lookup('msuc.lync.verdict', wantlist=true) }}"
  gather_facts: false
  tasks:
    - name: End
      msuc.lync.verdict:
"""

RETURN = r"""
status:
  description: What the report found, V(clean), V(drift), V(unreachable) or V(failed).
  type: str
  returned: always
"""
