#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: import_topology
short_description: Make an inventory of a published topology
version_added: "0.1.0"
description:
  - Reads what Topology Builder saves (C(.tbxml)), the text of C(Get-CsTopology -AsXml), or the zip of
    C(Export-CsConfiguration), and writes an inventory for this collection. The topology itself is never changed.
  - Writes C(hosts.yml) and C(group_vars/all/topology.yml) below O(dir) with each import, and once, beside O(dir), a
    file of questions about what no topology has, such as addresses, client networks, load balancers and their virtual
    addresses.
  - What the topology has and no variable says is listed. A file that cannot be read whole, or does not hold together,
    is refused with the place, and nothing is written.
  - Contacts no host.
author: msuc.lync contributors (@msuc-lync)
options:
  topology:
    description: The file, up to 32 MiB, in UTF-8 or UTF-16.
    type: path
    required: true
  dir:
    description: Directory of the inventory. Files of others in the place of those of the import are left alone.
    type: path
    required: true
  answers:
    description: File of answers; by default the one beside O(dir), with C(.answers.yml) behind its name.
    type: path
  resolve:
    description: Let the controller look up addresses that the topology lacks, and show what it took.
    type: bool
    default: false
attributes:
  action:
    description: Runs on the controller as an action plugin.
    support: full
  check_mode:
    description: Reads and tells, and writes nothing.
    support: full
  diff_mode:
    description: What differs from the last import is always told.
    support: none
notes:
  - 'Use it in a play on C(hosts: localhost); it needs the Python library C(defusedxml) on the controller.'
seealso:
  - module: msuc.lync.plan
"""

EXAMPLES = r"""
- name: Import
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Make an inventory of the topology
      msuc.lync.import_topology:
        topology: contoso.tbxml
        dir: inventories/contoso

    - name: End as the import says
      msuc.lync.verdict:
"""

RETURN = r"""
files:
  description: Paths of the files written.
  type: list
  elements: str
  returned: when the topology could be read
differences:
  description: What differs from the last import, a line each.
  type: list
  elements: str
  returned: when the topology could be read
questions:
  description: What is still to be answered, with section, name, keys and text.
  type: list
  elements: dict
  returned: when the topology could be read
not_expressed:
  description: What the topology has and no variable says, a line each.
  type: list
  elements: str
  returned: when the topology could be read
verdict:
  description: How the run ended, as M(msuc.lync.verdict) reads it.
  type: str
  returned: when the topology could be read
  sample: unknown
"""
