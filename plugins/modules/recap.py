#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: recap
short_description: Print what this run did to each host, or found on it
version_added: "0.1.0"
description:
  - Reads the results that tasks of M(msuc.lync.windows_firewall_rules) registered on the hosts of this run, and prints them as one table or one list.
  - With O(of=dns) it reads those of M(msuc.lync.dns_records), and prints nothing where no DNS server was asked.
  - Runs once for all hosts, on the controller, and contacts no host.
author: msuc.lync contributors (@msuc-lync)
options:
  kind:
    description:
      - V(site) prints a line per host with the rules added, changed, disabled and removed, and how many of them change what is admitted.
      - V(drift) prints a line per rule that differs from the plan, with the property.
    type: str
    choices: [site, drift]
    required: true
  registered:
    description: Names of the registered variables, in the order of their tasks.
    type: list
    elements: str
    required: true
  of:
    description: Whose results are printed, those of V(hosts), V(dns) or load V(balancers).
    type: str
    choices: [hosts, dns, balancers]
    default: hosts
  repaired:
    description: With O(kind=drift), say that the differences were repaired.
    type: bool
    default: false
attributes:
  action:
    description: Runs on the controller as an action plugin.
    support: full
  check_mode:
    description: The table says what would be done.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
"""

EXAMPLES = r"""
- name: Print the table of a site run
  msuc.lync.recap:
    kind: site
    registered: [windows_firewall_opened, windows_firewall_closed]
  run_once: true
"""

RETURN = r"""
outcomes:
  description: Per host its status, counts, differences and error message.
  type: dict
  returned: with O(of=hosts)
as_planned:
  description: Whether DNS is as planned; with O(kind=drift), whether it was when it was compared.
  type: bool
  returned: with O(of=dns)
"""
