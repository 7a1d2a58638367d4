#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: verdict
short_description: End a host as the report of the run says
version_added: "0.1.0"
description:
  - Internal; its options and results may change without notice.
  - Fails on a host that the report of this run found not done, so that ansible-playbook ends with exit status 2; 0 is left for runs whose
    verdict is V(done), and 4 for hosts that Ansible itself could not reach.
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
verdict:
  description: How the host ends, V(done), V(differs), V(held), V(limited), V(unknown) or V(invalid).
  type: str
  returned: always
"""
