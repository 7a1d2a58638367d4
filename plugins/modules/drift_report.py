#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: drift_report
short_description: Make one report of all devices beside the plan
version_added: "0.1.0"
description:
  - Reads what the modules of this collection answered in check mode on the devices of this run, and makes one report of it,
    a line per deviation on the terminal and with O(dir) as JSON, JUnit and one HTML page.
  - Runs once for all hosts, on the controller, and contacts no host. A device that could not be asked hides no other one.
  - Keeps the verdict of each device for M(msuc.lync.verdict).
author: msuc.lync contributors (@msuc-lync)
options:
  registered:
    description: Per concern the name of the variable that its task registered in check mode, or a list of several.
    type: dict
    required: true
  shared:
    description: The same for concerns that belong to no host of the inventory, such as C(dns), registered by a task that ran once.
    type: dict
    default: {}
  dir:
    description:
      - The directory that takes C(drift.json), C(drift.xml), C(drift.html) and a copy of the JSON by date.
      - These copies tell in the next report since when a deviation is there.
    type: path
  accepted:
    description:
      - Deviations that are accepted for a time. They are told and are no drift until the day after they expire.
      - Keys are C(device) and C(name) (shell patterns), C(owner), C(reason), C(ticket) and C(expires) (a date), and if wanted C(concern) and C(class).
    type: list
    elements: dict
    default: []
  reference:
    description: Reference of the change that the run belongs to; stands in the report and is never written to a device.
    type: str
    default: ""
  remediate:
    description: Decide what the plays that follow may repair, within O(limits); lookup P(msuc.lync.repair#lookup) tells them.
    type: bool
    default: false
  limits:
    description:
      - What a remediation is allowed. Keys are C(classes) and C(concerns) to be repaired, all when empty; C(unattended), which repairs only what
        is missing, disabled or narrowed, and needs C(approved), the directory of the approved plan; C(after_hours) that a deviation must have been seen;
        C(max_changes) of one device; and C(window), when to write, such as V(mon-fri 22:00-05:00).
    type: dict
    default: {}
attributes:
  action:
    description: Runs on the controller as an action plugin.
    support: full
  check_mode:
    description: The report is written all the same, since it changes no device.
    support: full
  diff_mode:
    description: It changes no device.
    support: none
"""

EXAMPLES = r"""
- name: Report on the firewalls of all hosts
  msuc.lync.drift_report:
    registered: {firewall: windows_firewall_compared}
    shared: {dns: dns_records_compared}
    dir: reports
  run_once: true
"""

RETURN = r"""
report:
  description: The report, as plugins/plugin_utils/_drift/data/lync_drift.schema.json describes it.
  type: dict
  returned: success
exit_status:
  description: 0 as planned, 2 drift, 4 a device could not be asked.
  type: int
  returned: success
files:
  description: Paths of the files written.
  type: list
  elements: str
  returned: success
"""
