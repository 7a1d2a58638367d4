#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: drift_report
short_description: Internal, make one report of all devices beside the plan
version_added: "0.1.0"
description:
  - Internal, not for direct use. Options and results may change without notice.
  - Reads the comparisons of this run, and makes one report of it, a line per deviation on the terminal.
  - With C(lync_report_dir) it writes C(drift.json), C(drift.xml) (JUnit), C(drift.html) and a copy of the JSON by date.
    These copies tell in the next report since when a deviation is there. Beside them lie C(perimeter.csv) and
    C(certificates.csv), which are of the plan alone.
  - Deviations that C(lync_accepted_deviations) accepts are told and are no drift until the day after they expire.
  - With C(lync_remediate) it decides what the plays that follow may repair, within C(lync_remediate_classes),
    C(lync_remediate_concerns), C(lync_remediate_after_hours), C(lync_remediate_max_changes), C(lync_remediate_window)
    and C(lync_unattended).
  - Takes what it needs from the plan and the options of the run, runs once for all hosts, on the controller, and
    contacts no host. A device that could not be asked hides no other one, and one that the plan and the tags expect and
    that left no comparison is not known.
author: msuc.lync contributors (@msuc-lync)
options: {}
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
- name: Report on all devices
  msuc.lync.drift_report:
  run_once: true
"""

RETURN = r"""
report:
  description: The report, as plugins/plugin_utils/_drift/data/lync_drift.schema.json describes it.
  type: dict
  returned: success
verdict:
  description: How the run ended, as M(msuc.lync.verdict) reads it.
  type: str
  returned: success
  sample: differs
files:
  description: Paths of the files written.
  type: list
  elements: str
  returned: success
"""
