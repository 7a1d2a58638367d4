#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: summary
short_description: Internal, print whether site.yml may be run now, or what the run did
version_added: "0.1.0"
description:
  - Internal, not for direct use. Options and results may change without notice.
  - Reads the results of the tasks of C(site.yml) on all hosts of the run, and prints them as one screen.
  - In check mode it is the screen before the change. It ends in V(SAFE), V(NEEDS WINDOW) or V(REFUSED), with each
    reason above it.
  - After a change it tells what was read again, how probes compare, what is not closed yet, and the way back. It ends
    in V(DONE) or V(NOT DONE).
  - With C(lync_report_dir) it writes C(site-before.json) and C(site-before.txt), or C(site-after.json) and
    C(site-after.txt), in check mode too. When snapshots were taken, C(site-rollback.json) is an inventory that tells
    M(msuc.lync.windows_firewall_remote) which of them to bring back. A C(verify.json) that is there tells which
    assumptions of the plan are confirmed.
  - Takes what it needs from the plan and the options of the run, runs once for all hosts, on the controller, and
    contacts no host.
author: msuc.lync contributors (@msuc-lync)
options: {}
attributes:
  action:
    description: Runs on the controller as an action plugin.
    support: full
  check_mode:
    description: The screen is that before the change.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
"""

EXAMPLES = r"""
- name: Print the screen
  msuc.lync.summary:
  run_once: true
"""

RETURN = r"""
report:
  description: The screen as a document, which keeps C(plugins/plugin_utils/_report/data/lync_summary.schema.json).
  type: dict
  returned: always
verdict:
  description: How the run ended, as M(msuc.lync.verdict) reads it.
  type: str
  returned: always
  sample: done
files:
  description: The files that were written.
  type: list
  elements: str
  returned: always
"""
