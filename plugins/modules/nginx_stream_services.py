#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_stream_services
short_description: Reads and removes what an earlier version had in nginx on a Linux host
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
description:
  - nginx carries no services any more, since it asks no member whether it is well. M(msuc.lync.haproxy_services)
    carries TCP, and M(msuc.lync.nftables_udp_services) UDP; the latter removes what is left of UDP by itself.
  - A file of an earlier version is read, and O(state=deleted) removes what is named of it, or all of it. Services that
    are to be carried are an error.
  - A candidate is tried by C(nginx -t) in a copy of the whole configuration, put in place by a rename, and read by a
    reload, never by a restart. When the reload fails, the old file is put back.
extends_documentation_fragment:
  - msuc.lync.balancers
  - msuc.lync.step
options:
  path:
    description: The file that is ours.
    type: str
    default: /etc/nginx/modules-enabled/90-msuc-lync.conf
  program:
    description: The program.
    type: str
    default: /usr/sbin/nginx
  config:
    description: The main file of nginx.
    type: str
    default: /etc/nginx/nginx.conf
  pid_file:
    description: The file with the number of the master process.
    type: str
    default: /run/nginx.pid
  seconds:
    description: How long a reload may take.
    type: int
    default: 20
  running_config:
    description: The text of such a file, for O(state=parsed).
    type: str
attributes:
  action:
    description: Decides on the controller as an action plugin; M(msuc.lync.nginx_remote) gathers and applies on the
      host.
    support: full
  check_mode:
    description: Tries the candidate on the host and writes nothing.
    support: full
  diff_mode:
    description: Shows per service the properties that differ.
    support: full
"""

EXAMPLES = r"""
# Variables of the inventory:
#
# av:
#   name: edge01.contoso.com-av-udp-3478
#   pool: edge01.contoso.com
#   vip: 10.1.0.100
#   port: 3478
#   node_port: 3478
#   protocol: udp
#   members: [10.1.0.31, 10.1.0.32]
#   algorithm: least-connections
#   persistence: {type: source, seconds: 1200, group: edge01.contoso.com@10.1.0.100}
#   idle_seconds: 1800
#   monitor: {type: tcp, port: 443, interval_seconds: 10, failures: 2}
#   source_nat: true
#   nagle: true
#
# Before state of each example:
#
# - {name: edge01.contoso.com-av-udp-3478, vip: 10.1.0.100}

# Using merged:

- name: Refused, since nginx carries no services any more
  msuc.lync.nginx_stream_services:
    state: merged
    services: ["{{ av }}"]

# Task output:
#
# msg: >-
#   1 error in the input: - services: nginx carries none any more:
#   edge01.contoso.com-av-udp-3478; allowed: state deleted; fix: use
#   msuc.lync.haproxy_services for TCP, and msuc.lync.nftables_udp_services for UDP
#
# After state:
#
# - name: edge01.contoso.com-av-udp-3478
#   members: [{address: 10.1.0.31, state: active}, {address: 10.1.0.32, state: active}]

# Using replaced:

- name: Nothing is wanted, so whatever is left of UDP goes
  msuc.lync.nginx_stream_services:
    state: replaced

# Task output:
#
# commands:
#   - "remove edge01.contoso.com-av-udp-3478"
#
# After state:
#
# []

# Using deleted:

- name: Let go of what nginx carries, of TCP too
  msuc.lync.nginx_stream_services:
    state: deleted

# Task output:
#
# commands:
#   - "remove edge01.contoso.com-av-udp-3478"
#
# After state:
#
# []

# Using gathered:

- name: What the host has
  msuc.lync.nginx_stream_services:
    state: gathered

# Task output:
#
# gathered:
#   - name: edge01.contoso.com-av-udp-3478
#     members: [{address: 10.1.0.31, state: active}, {address: 10.1.0.32, state: active}]

# Using rendered:

- name: The file as an earlier version had it, without the host
  msuc.lync.nginx_stream_services:
    state: rendered
    services: ["{{ av }}"]
  register: made

# Task output:
#
# rendered: |
#   ...
#           listen 10.1.0.100:3478 udp reuseport;
#           proxy_pass lync-edge01.contoso.com-av-udp-3478;
#           proxy_timeout 180s;
#   ...

# Using parsed:

- name: What is in such a file
  msuc.lync.nginx_stream_services:
    state: parsed
    running_config: "{{ made.document }}"

# Task output:
#
# parsed:
#   - name: edge01.contoso.com-av-udp-3478
#     members: [{address: 10.1.0.31, state: active}, {address: 10.1.0.32, state: active}]
"""

RETURN = r"""
assumptions:
  description: What the device says of assumptions of the plan; it is asked about none, so that this is empty.
  returned: always, but for O(state=rendered) and O(state=parsed)
  type: list
  elements: dict
  sample: []
changes:
  description:
    - Services that change. C(properties) has those that differ with both values, C(cause) says why, C(effects) what it
      does to traffic, as data;
    - C(impact) is the same in words, C(recreates) whether connections end.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
  sample: [{"kind": "change", "name": "pool01.contoso.com-fe-sip-tls-5061", "cause": "different",
    "impact": "modifies members", "recreates": false}]
commands:
  description: Each change as one line.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: str
  sample:
    - "change pool01.contoso.com-fe-sip-tls-5061 (modifies members): members from none to
      address 10.1.0.11 state active"
lines:
  description: What is done on the host, and what check mode would do.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: str
  sample: ["write /etc/nginx/modules-enabled/90-msuc-lync.conf", "reload"]
summary:
  description: How many services are added, changed, removed and recreated.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: dict
before:
  description: Our services before; null where our file could not be read whole.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
after:
  description: Our services after.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
differences:
  description: Properties of our objects that differ and are no field of a service, as a BIG-IP tells them; other
    devices have none.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: str
not_rendered:
  description: What of the services nginx cannot express, with C(service), C(name) of the field and C(why).
  returned: but for O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
conflicts:
  description:
    - Services that were left alone with their pool, because C(holder) has an address and port of theirs; C(message)
      says so in words.
    - The other pools were written, and the task fails in the end.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
adoption:
  description: Per such service what is there beside what is wanted, field by field, and the lines that would remove it;
    they are never run from here.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
members:
  description: How many members of services are in which state.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: dict
  sample: {"active": 5, "draining": 1}
sends:
  description: Where traffic goes after the run, as address, port and protocol; where that is not known, wherever it may
    go.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: list
  sample: [["10.1.0.11", 5061, "tcp"]]
health:
  description: How many members are C(up) for the running process of HAProxy, and which are C(down); empty where the
    device does not tell.
  returned: when the device was asked
  type: dict
  sample: {"up": 5, "down": ["pool01.contoso.com-fe-sip-tls-5061 10.1.0.12"]}
unit:
  description: The unit of an appliance that was worked on, whether it is C(active), and the C(others) of its pair;
    empty on a host.
  returned: when the device was asked
  type: dict
  sample: {"name": "lb01.contoso.com", "active": true, "others": ["lb02.contoso.com"]}
pair:
  description: The units of a pair of NetScalers with their states and that of synchronisation; empty otherwise.
  returned: when the device was asked
  type: list
  elements: dict
sync:
  description: Whether the units of a BIG-IP have the same configuration, in the device's words; empty otherwise.
  returned: when the device was asked
  type: str
  sample: In Sync
stats:
  description: How many C(requests) were sent, and how many C(verify_requests) the look again after a change took
    besides.
  returned: when the device was asked
  type: dict
  sample: {"requests": 2, "verify_requests": 1}
gathered:
  description: Our services on the host.
  returned: O(state=gathered)
  type: list
  elements: dict
rendered:
  description: The lines of the file.
  returned: O(state=rendered)
  type: list
  elements: str
document:
  description: The text of the file.
  returned: O(state=rendered)
  type: str
parsed:
  description: The services in the text.
  returned: O(state=parsed)
  type: list
  elements: dict
"""
