#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: plan
short_description: Compile the inventory into a plan of firewall rules, IPsec exemptions, virtual services and DNS
  records
version_added: "0.1.0"
description:
  - Reads the whole inventory, validates it, and computes what every managed host, load balancer and DNS server should
    have.
  - Runs once for all hosts, on the controller, and contacts no host. When the inventory has an error, all errors are
    reported and nothing is written.
  - Reads the options of the run too, the variables that playbooks of this collection take, and reports their errors
    with the others.
  - With C(lync_plan) it computes none. The run goes by the plan of that directory, which must be what C(plan.yml) wrote
    there, byte for byte and by this version, and the one of C(lync_plan_digest) when that is set. Hosts of the run must
    be reached where they were when it was made. What the inventory says otherwise by now is pending.
  - Keeps the plan and these options for the rest of the run, where P(msuc.lync.plan#lookup) and
    P(msuc.lync.waves#lookup) find it.
author: msuc.lync contributors (@msuc-lync)
options:
  dir:
    description:
      - Directory that gets the plan files; they are byte-stable, sorted, and described by
        C(plugins/plugin_utils/_plan/data/lync_plan.schema.json). By default C(lync_plan_dir).
      - Nothing is written here in check mode.
    type: path
  baseline:
    description:
      - Directory of an earlier plan, by default C(lync_plan_baseline).
      - The difference is printed as flows, with the devices that the change touches.
    type: path
  approved:
    description:
      - Directory of the plan that was last approved. The rest of the run goes by it, and what the computed plan
        changes of it is pending.
    type: path
  affected_file:
    description:
      - File that gets the names of the devices which the change against O(baseline) touches, for C(--limit @FILE).
      - They are written to C(affected_hosts.txt) in O(dir) too. By default C(lync_affected_file).
    type: path
  missing_hosts:
    description:
      - What becomes of a host that O(baseline) or O(approved) has, the inventory lacks, and nobody named in
        C(lync_gone). V(stop) fails before anything is contacted, V(report) goes on, and the host is unknown.
    type: str
    choices: [stop, report]
    default: stop
  wave_size:
    description: How many members of one pool the waves of this run change at a time, by default C(lync_wave_size).
    type: int
  show:
    description: Print a table per host and pool, by default C(lync_plan_show).
    type: bool
  plan_only:
    description:
      - The run makes nothing but the plan. Without C(lync_plan_dir) it is written to V(plan) below the working
        directory, and without C(lync_plan_show) it is shown.
    type: bool
    default: false
  only_order:
    description:
      - Make no plan, and keep only the order of the Windows hosts for P(msuc.lync.waves#lookup), from what of the
        inventory can be read.
      - An inventory with errors is no obstacle; C(rollback.yml) works with one.
      - Windows hosts without a role are among them when C(--limit) names them. It fails when no Windows host is left.
    type: bool
    default: false
  retires:
    description: Whether the run retires hosts, which C(lync_retire) must name and the plan must want nothing on.
    type: bool
    default: false
attributes:
  action:
    description: Runs on the controller as an action plugin.
    support: full
  check_mode:
    description: Computes and shows everything, and writes no plan files.
    support: full
  diff_mode:
    description: The difference of plans is shown against O(baseline).
    support: none
notes:
  - 'Use it in a play on C(hosts: all) with C(run_once: true); a play on localhost would vanish under C(--limit).'
"""

EXAMPLES = r"""
- name: Compile once
  hosts: all
  gather_facts: false
  tasks:
    - name: Write the plan files
      msuc.lync.plan:
        dir: plan
        show: true
      run_once: true
"""

RETURN = r"""
files:
  description: Paths below O(dir) that were written or removed.
  type: list
  elements: str
  returned: success
hosts:
  description: Names of the managed hosts.
  type: list
  elements: str
  returned: success
pools:
  description: Names of the pools.
  type: list
  elements: str
  returned: success
difference:
  description: What changes against O(baseline), a flow, service or record each.
  type: list
  elements: str
  returned: success
  sample: ["fe01: 10.3.0.0/16 newly admitted to TCP 5061"]
difference_cause:
  description:
    - C(catalogue_version) when another version of the collection and its catalogue is the only cause of the
      difference, since the inventory says the same as that of O(baseline); empty otherwise.
  type: str
  returned: success
  sample: ""
digest:
  description: What tells the plan from others, SHA-256 in hexadecimal; C(lync_plan_digest) takes it.
  type: str
  returned: success
pending:
  description: What the inventory says otherwise than an approved plan, a flow, service or record each.
  type: list
  elements: str
  returned: success
  sample: []
devices:
  description: Names of the devices that the change against O(baseline) touches.
  type: list
  elements: str
  returned: success
"""
