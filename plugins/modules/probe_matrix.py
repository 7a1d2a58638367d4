#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: probe_matrix
short_description: Internal, make the probes of a run from its plan
version_added: "0.1.0"
description:
  - Internal, not for direct use. Options and results may change without notice.
  - Derives from the plan of this run which host probes which other one, on which port, and whether it should be open or
    closed.
  - Every flow that the plan lets in between two managed hosts is probed, also through virtual services, as well as a
    sample of ports that it does not let in. Of UDP only STUN on 3478 and DNS are probed, and of a range the first port
    where temporary listeners are.
  - Runs once for all hosts, on the controller, and contacts no host. M(msuc.lync.probe) makes the probes.
author: msuc.lync contributors (@msuc-lync)
options:
  dns_servers:
    description: The servers that are asked for the records of the plan, as in C(lync_dns_servers).
    type: list
    elements: dict
    default: []
  per_host:
    description:
      - The most probes of one host. Of each kind of flow one stays before a second one does.
      - By default that of C(lync_probe_max).
    type: int
  closed_per_pair:
    description:
      - How many ports that should be closed are probed, from each host to each other one.
      - By default that of C(lync_probe_closed).
    type: int
  temporary_listeners:
    description:
      - Whether temporary listeners are opened, so that the first port of a range can be probed.
      - By default that of C(lync_probe_listeners).
    type: bool
attributes:
  action:
    description: Runs on the controller as an action plugin.
    support: full
  check_mode:
    description: It changes no device, in check mode or not.
    support: full
  diff_mode:
    description: It changes no device.
    support: none
"""

EXAMPLES = r"""
- name: Make the probes
  msuc.lync.probe_matrix:
    per_host: 100
  run_once: true
"""

RETURN = r"""
probes:
  description: How many probes each host makes.
  type: dict
  returned: success
  sample: {"fe01": 112}
total:
  description: How many probes there are.
  type: int
  returned: success
not_probed:
  description: What the plan lets in and is not probed, each with C(destination), C(transport), C(port), C(rule), C(why)
    and C(sources).
  type: list
  elements: dict
  returned: success
"""
