#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: verdict
short_description: Internal, end a run, or one of its hosts, as the reports of the run say
version_added: "0.1.0"
description:
  - Internal, not for direct use. Options and results may change without notice.
  - Fails on a host that the report of this run found not done, so that ansible-playbook ends with exit status 2; 0 is
    left for runs whose verdict is V(done), and 4 for hosts that Ansible itself could not reach.
  - Runs on the controller and contacts no host.
author: msuc.lync contributors (@msuc-lync)
options:
  of:
    description:
      - What is ended. A V(host) fails unless the report of the run found it done.
      - V(invalid) makes the errors of the input the statistic of the run. V(leaving) ends a retirement before anything
        is changed, unless all hosts that leave could be asked.
      - The others print the last line of a V(remediation), of V(retire), V(rollback) and V(plan), and keep the summary
        of the run.
    type: str
    choices: [host, invalid, remediation, leaving, retire, rollback, plan]
    default: host
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
summary:
  description: The content of summary.json.
  type: dict
  returned: unless a host is ended
verdict:
  description: How the host or the run ends, V(done), V(differs), V(held), V(limited), V(unknown) or V(invalid).
  type: str
  returned: always
"""
