#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_report
short_description: Make one report of the probes of a run
version_added: "0.1.0"
description:
  - Gives each probe of this run its verdict beside the plan, and to each that is not as expected the most likely cause, from what the run
    knows of the destination's listeners and rules.
  - Prints a table, and with O(dir) writes C(verify.json) and C(verify.xml) (JUnit).
  - Runs once for all hosts, on the controller, and contacts no host. Keeps the verdict of each host for M(msuc.lync.verdict).
author: msuc.lync contributors (@msuc-lync)
options:
  probed:
    description: The variable that M(msuc.lync.probe) registered.
    type: str
    default: probes_made
  opened:
    description: The variable that its O(msuc.lync.probe#module:operation=listen) registered.
    type: str
    default: probe_listeners_opened
  closed:
    description: The variable that its O(msuc.lync.probe#module:operation=close) registered.
    type: str
    default: probe_listeners_closed
  rules:
    description: Variables that modules for rules registered in check mode; they tell which rule is missing, disabled or changed.
    type: list
    elements: str
    default: []
  dir:
    description: The directory that takes the report.
    type: path
  certificate_days:
    description: From how many days before its end a certificate is told to be expiring.
    type: int
    default: 30
  reference:
    description: Reference of the change that the run belongs to; stands in the report and is never written to a device.
    type: str
    default: ""
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
- name: Report what the probes met
  msuc.lync.verify_report:
    rules: [windows_firewall_compared]
    dir: reports
  run_once: true
"""

RETURN = r"""
report:
  description: The report, as plugins/plugin_utils/_probes/data/lync_verify.schema.json describes it.
  type: dict
  returned: success
exit_status:
  description: 0 all as expected, 2 something is not, 4 something could not be told.
  type: int
  returned: success
files:
  description: Paths of the files written.
  type: list
  elements: str
  returned: success
"""
