#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_report
short_description: Internal, make one report of the probes of a run
version_added: "0.1.0"
description:
  - Internal, not for direct use. Options and results may change without notice.
  - Gives each probe of this run its verdict beside the plan, and to each that is not as expected the most likely cause,
    from what the run knows of the destination's listeners and rules.
  - Prints a table, and with C(lync_report_dir) writes C(verify.json) and C(verify.xml) (JUnit).
  - Takes what it needs from the plan and the options of the run, runs once for all hosts, on the controller, and
    contacts no host.
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
- name: Report what the probes met
  msuc.lync.verify_report:
  run_once: true
"""

RETURN = r"""
report:
  description: The report, as plugins/plugin_utils/_probes/data/lync_verify.schema.json describes it.
  type: dict
  returned: success
verdict:
  description: How the run ended, as M(msuc.lync.verdict) reads it.
  type: str
  returned: success
  sample: done
files:
  description: Paths of the files written.
  type: list
  elements: str
  returned: success
"""
