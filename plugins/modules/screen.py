#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: screen
short_description: Print whether one dares to run site.yml, or what the run did
version_added: "0.1.0"
description:
  - Reads the results that the tasks of C(site.yml) registered on all hosts of the run, and prints them as one screen.
  - In check mode it is the screen before the change. It ends in one word, V(SAFE), V(NEEDS WINDOW) or V(REFUSED), with each reason above it.
  - After a change it tells what was read again, how probes compare, what is not closed yet, and the way back. It ends in V(DONE) or V(NOT DONE).
  - Runs once for all hosts, on the controller, and contacts no host.
author: msuc.lync contributors (@msuc-lync)
options:
  dir:
    description:
      - A directory for C(site-before.json) and C(site-before.txt), or C(site-after.json) and C(site-after.txt).
      - When snapshots were taken, C(site-rollback.json) is an inventory that tells M(msuc.lync.windows_firewall_remote) which of them to bring back.
      - A C(verify.json) that is there tells which assumptions of the plan are confirmed.
      - It is written in check mode too.
    type: path
  confirm_minutes:
    description: After how many minutes a change that is not confirmed is taken back, to be told.
    type: int
    default: 0
  snapshot:
    description: Whether a snapshot is taken before the first write.
    type: bool
    default: true
  reference:
    description: A reference of the change, for the file.
    type: str
    default: ''
  probed:
    description: Names of the variables that probes before and after the change were registered as.
    type: list
    elements: str
    default: [probes_before, probes_after]
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
  msuc.lync.screen:
    dir: reports
  run_once: true
"""

RETURN = r"""
verdict:
  description: The word at the end of the screen.
  type: str
  returned: always
  sample: NEEDS WINDOW
screen:
  description: The screen as a document, which keeps C(plugins/plugin_utils/_report/data/lync_screen.schema.json).
  type: dict
  returned: always
senders_are_done:
  description: Whether all load balancers, reverse proxies and DNS are as the plan says.
  type: bool
  returned: always
files:
  description: The files that were written.
  type: list
  elements: str
  returned: always
"""
