#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: audit
short_description: Compare dumps of the hosts' firewalls with the plan, without a connection
version_added: "0.1.0"
description:
  - Compares what M(msuc.lync.plan) compiled earlier in the same run with dumps of the local firewall policy of each host.
  - Prints a line per rule that differs.
  - Contacts no host and writes nothing. Runs once for all hosts, on the controller.
  - Fails when a host differs from the plan, and when a host has no dump or one that cannot be judged.
author: msuc.lync contributors (@msuc-lync)
options:
  dir:
    description:
      - Directory on the controller that holds one dump per host, named after the host in the inventory.
      - C(HOST.wfw) is what C(netsh advfirewall export) writes, C(HOST.reg) what C(reg export) writes or C(reg query) prints for
        the key C(FirewallPolicy), and C(HOST.json) a mapping of rule ids to rule strings, or a list of such mappings.
    type: path
    required: true
  state:
    description:
      - V(replaced) tells of rules of the collection's group that the plan does not have.
      - V(merged) leaves them out.
      - V(overridden) is as V(replaced); what it would disable are rules of others, which are no drift.
    type: str
    choices: [merged, replaced, overridden]
    default: replaced
  ipsec:
    description:
      - V(auto) compares IPsec exemptions of a dump that holds a rule which requests or requires protection, and of one that holds exemptions
        of the collection's group. What Group Policy requires is in no dump.
      - V(true) compares them always, V(false) never.
    type: str
    choices: ['auto', 'true', 'false']
    default: auto
attributes:
  action:
    description: Runs on the controller as an action plugin.
    support: full
  check_mode:
    description: Reads only, in check mode as well.
    support: full
  diff_mode:
    description: Prints lines in words.
    support: none
notes:
  - 'Use it in a play on C(hosts: all) with C(run_once: true), after M(msuc.lync.plan).'
seealso:
  - module: msuc.lync.windows_firewall_rules
  - module: msuc.lync.plan
"""

EXAMPLES = r"""
- name: Compile
  ansible.builtin.import_playbook: msuc.lync.compile

- name: Audit
  hosts: all
  gather_facts: false
  tasks:
    - name: Compare the dumps with the plan
      msuc.lync.audit:
        dir: dumps
      run_once: true
"""

RETURN = r"""
outcomes:
  description:
    - What became of each Windows host of the run, by its name. C(status) is V(unchanged) when it is as planned, V(changed) when it differs,
      and otherwise says why it could not be judged. C(drift) is a line per rule that differs.
  type: dict
  returned: when the directory could be read
  sample: {"fe02": {"host": "fe02", "status": "changed", "drift": ["Lync fe-sip-tls (TCP in): disabled: enabled is false, should be true"]}}
notes:
  description: What else the dumps tell, such as a firewall that is off, and dumps of no host.
  type: list
  elements: str
  returned: when the directory could be read
"""
