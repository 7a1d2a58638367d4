#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: probe
short_description: Probe other hosts from a managed host
version_added: "0.1.0"
description:
  - Lets a host make the probes that M(msuc.lync.probe_matrix) gave it, in one go, and returns what it met. A host
    without probes is skipped.
  - Connections, certificates (read, not checked), STUN binding requests, a bind of the endpoint mapper of RPC, and DNS
    questions. Nothing else is sent.
  - Can open temporary listeners on a host before, so that rules can be verified before the product is installed. They
    take only ports on which nothing listens, and end by themselves after O(listen_seconds).
  - The host runs M(msuc.lync.windows_probe_remote) or M(msuc.lync.linux_probe_remote).
author: msuc.lync contributors (@msuc-lync)
extends_documentation_fragment: [msuc.lync.step]
options:
  operation:
    description: V(probe) probes, V(listen) opens temporary listeners for the probes of others, V(close) ends them.
    type: str
    choices: [probe, listen, close]
    default: probe
  temporary_listeners:
    description: Whether temporary listeners may answer.
    type: bool
    default: false
  timeout_seconds:
    description:
      - How long one probe may take; at least 3 on Windows, which takes a refusal for final only after two seconds.
    type: float
    default: 5.0
  at_once:
    description: How many probes are under way at the same time.
    type: int
    default: 16
  per_second:
    description: How many probes start in a second.
    type: int
    default: 50
  total_seconds:
    description: When this time is over, no further probe of this host starts; those left out are "could not tell".
    type: int
    default: 120
  listen_seconds:
    description: How long temporary listeners last when nobody closes them.
    type: int
    default: 900
  token:
    description: What O(operation=listen) returned, for O(operation=close).
    type: str
    default: ""
attributes:
  action:
    description: Runs on the controller as an action plugin.
    support: full
  check_mode:
    description: Probes are made; temporary listeners are not opened.
    support: full
  diff_mode:
    description: It changes no device.
    support: none
"""

EXAMPLES = r"""
- name: Probe
  msuc.lync.probe:
  register: probes_made
"""

RETURN = r"""
answers:
  description: What was met, one for each probe.
  type: list
  elements: dict
  returned: when it probed
listeners:
  description: What the host listens on.
  type: list
  elements: str
  returned: when it probed or listened
opened:
  description: What temporary listeners listen on.
  type: list
  elements: str
  returned: when it listened
token:
  description: What ends the temporary listeners.
  type: str
  returned: when it listened
"""
