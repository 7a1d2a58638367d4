#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: compare_topology
short_description: Tell where the inventory and a published topology disagree
version_added: "0.1.0"
description:
  - Reads a topology as M(msuc.lync.import_topology) does, and compares what it knows with the inventory that
    M(msuc.lync.plan) compiled earlier in the same run.
  - Prints a line for each host, pool, or value of the deployment that differs, in the classes of C(drift.yml), and
    leaves out what C(lync_accepted_deviations) accepts. What the inventory lacks is V(missing), what the topology lacks
    is V(extra).
  - With C(lync_report_dir) it writes C(compare_topology.json), C(compare_topology.xml) (JUnit) and
    C(compare_topology.html).
  - What only one of the two can know, such as client networks and virtual addresses, is not compared. What the
    topology has and no variable says is printed as M(msuc.lync.import_topology) prints it.
  - Contacts no host and changes none. Runs once for all hosts, on the controller.
author: msuc.lync contributors (@msuc-lync)
options:
  topology:
    description: The file; without it C(lync_topology) counts.
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
  - module: msuc.lync.import_topology
  - module: msuc.lync.drift_report
"""

EXAMPLES = r"""
- name: Compile
  ansible.builtin.import_playbook: msuc.lync.compile

- name: Compare
  hosts: all
  gather_facts: false
  tasks:
    - name: Compare the inventory with the topology
      msuc.lync.compare_topology:
        topology: contoso.tbxml
      run_once: true
"""

RETURN = r"""
report:
  description: The report, as plugins/plugin_utils/_drift/data/lync_drift.schema.json describes it.
  type: dict
  returned: when the topology could be read
verdict:
  description: How the run ended, as M(msuc.lync.verdict) reads it.
  type: str
  returned: when the topology could be read
  sample: differs
files:
  description: Paths of the files written.
  type: list
  elements: str
  returned: when the topology could be read
not_expressed:
  description: What the topology has and no variable says, a line each.
  type: list
  elements: str
  returned: when the topology could be read
"""
