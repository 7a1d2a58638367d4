#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: audit
short_description: Compare dumps of the hosts' firewalls with the plan, without a connection
version_added: "0.1.0"
description:
  - Compares what M(msuc.lync.plan) compiled earlier in the same run with dumps of the local firewall policy of each
    host.
  - Prints a line per rule that differs, as C(drift.yml) does, and leaves out what C(lync_accepted_deviations) accepts.
    With C(lync_report_dir) it writes C(audit.json), C(audit.xml) (JUnit), C(audit.html),
    and of the plan alone C(perimeter.csv) and C(certificates.csv).
  - Rules of the collection's group that the plan does not have are deviations unless C(lync_firewall_state) of the host
    is V(merged). What V(overridden) would disable are rules of others, which are no drift.
  - With C(lync_ipsec) V(auto) the IPsec exemptions of a dump are compared that holds a rule which requests or requires
    protection, or exemptions of the collection's group. What Group Policy requires is in no dump. V(true) compares them
    always, V(false) never.
  - Contacts no host and changes none. Runs once for all hosts, on the controller.
  - A host is not done when it differs from the plan, has no dump, or has one that cannot be judged;
    M(msuc.lync.verdict) ends the run accordingly.
author: msuc.lync contributors (@msuc-lync)
options:
  dir:
    description:
      - Directory on the controller that holds one dump per host, named after the host in the inventory.
      - C(HOST.wfw) is what C(netsh advfirewall export) writes, C(HOST.reg) what C(reg export) writes or C(reg query)
        prints for the key C(FirewallPolicy), and C(HOST.json) a mapping of rule ids to rule strings, or a list of such
        mappings.
      - Without it C(lync_audit_dir) counts, and without that C(dumps).
    type: path
attributes:
  action:
    description: Runs on the controller as an action plugin.
    support: full
  check_mode:
    description: Reads only, in check mode as well.
    support: full
  diff_mode:
    description: It changes no device.
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

- name: End
  hosts: "{{ lookup('msuc.lync.verdict', wantlist=true) }}"
  gather_facts: false
  tasks:
    - name: End as the report says
      msuc.lync.verdict:
"""

RETURN = r"""
report:
  description: The report, as plugins/plugin_utils/_drift/data/lync_drift.schema.json describes it.
  type: dict
  returned: when the directory could be read
verdict:
  description: How the run ended, as M(msuc.lync.verdict) reads it.
  type: str
  returned: when the directory could be read
  sample: differs
files:
  description: Paths of the files written.
  type: list
  elements: str
  returned: when the directory could be read
notes:
  description: What else the dumps tell, such as a firewall that is off, and dumps of no host.
  type: list
  elements: str
  returned: when the directory could be read
"""
