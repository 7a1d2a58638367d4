#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_services
short_description: Brings the virtual services of HAProxy on a Linux host to what is wanted
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
description:
  - TCP only; M(msuc.lync.nginx_stream_services) carries UDP.
  - The services are one file of their own in a directory that HAProxy reads besides its main file. A candidate is tried
    with the whole configuration by C(haproxy -c -dW) and by a look for what that lets pass, put in place by a rename,
    and read by a reload through the socket of the master process, never by a restart. When the reload fails, the old
    file is put back.
  - Changes of members alone go to the running process first, then to the file, without a reload.
  - A client keeps its member by the hash of its address, which is the same on all ports of a pool and after every
    reload.
  - An address and port on which somebody else listens, in another file or as another process, stops the pool that wants
    it before anything is written; RV(adoption) names the owner.
extends_documentation_fragment:
  - msuc.lync.balancers
  - msuc.lync.step
options:
  path:
    description: The file that is ours.
    type: str
    default: /etc/haproxy/conf.d/zz-msuc-lync.cfg
  program:
    description: The program.
    type: str
    default: /usr/sbin/haproxy
  master_socket:
    description: The socket of HAProxy's master process.
    type: str
    default: /run/haproxy-master.sock
  seconds:
    description: How long a reload may take.
    type: int
    default: 20
  running_config:
    description: The text of such a file, for O(state=parsed).
    type: str
attributes:
  action:
    description: Decides on the controller as an action plugin; M(msuc.lync.haproxy_remote) gathers and applies on the
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
# sip:
#   name: pool01.contoso.com-fe-sip-tls-5061
#   pool: pool01.contoso.com
#   vip: 10.1.0.100
#   port: 5061
#   node_port: 5061
#   protocol: tcp
#   members: [10.1.0.11, 10.1.0.12]
#   algorithm: least-connections
#   persistence: {type: source, seconds: 1200, group: pool01.contoso.com@10.1.0.100}
#   idle_seconds: 1800
#   monitor: {type: tcp, port: 5061, interval_seconds: 10, failures: 2}
#   source_nat: true
#   nagle: true
# focus: >-
#   {{ sip | combine({'name': 'pool01.contoso.com-fe-focus-444', 'port': 444, 'node_port': 444}) }}
#
# Before state of each example:
#
# - {name: pool01.contoso.com-fe-focus-444, port: 444, node_port: 444}
# - {name: pool01.contoso.com-fe-sip-tls-5061, port: 5061, node_port: 5061}

# Using merged:

- name: Drain a member of one service, and leave other services of ours alone
  msuc.lync.haproxy_services:
    state: merged
    services:
      - "{{ sip | combine({'members': ['10.1.0.11'], 'draining_members': ['10.1.0.12']}) }}"

# Task output:
#
# commands:
#   - >-
#     change pool01.contoso.com-fe-sip-tls-5061 (modifies members): members from address
#     10.1.0.11 state active, address 10.1.0.12 state active to address 10.1.0.11 state
#     active, address 10.1.0.12 state draining
#
# After state:
#
# - name: pool01.contoso.com-fe-focus-444
#   members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: active}]
# - name: pool01.contoso.com-fe-sip-tls-5061
#   members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: draining}]

# Using replaced:

- name: One service, and nothing else of ours
  msuc.lync.haproxy_services:
    state: replaced
    services: ["{{ sip | combine({'members': ['10.1.0.11']}) }}"]

# Task output:
#
# commands:
#   - >-
#     change pool01.contoso.com-fe-sip-tls-5061 (modifies members): members from address
#     10.1.0.11 state active, address 10.1.0.12 state active to address 10.1.0.11 state active
#   - "remove pool01.contoso.com-fe-focus-444"
#
# After state:
#
# - name: pool01.contoso.com-fe-sip-tls-5061
#   members: [{address: 10.1.0.11, state: active}]

# Using deleted:

- name: Remove one service; without services, all of ours go
  msuc.lync.haproxy_services:
    state: deleted
    services: ["{{ focus }}"]

# Task output:
#
# commands:
#   - "remove pool01.contoso.com-fe-focus-444"
#
# After state:
#
# - name: pool01.contoso.com-fe-sip-tls-5061
#   members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: active}]

# Using gathered:

- name: What is there
  msuc.lync.haproxy_services:
    state: gathered

# Task output:
#
# gathered:
#   - name: pool01.contoso.com-fe-focus-444
#     members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: active}]
#   - name: pool01.contoso.com-fe-sip-tls-5061
#     members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: active}]

# Using rendered:

- name: The service in the words of the device, without the device
  msuc.lync.haproxy_services:
    state: rendered
    services: ["{{ sip }}"]
  register: made

# Task output:
#
# rendered: |
#   ...
#   frontend lync-in-pool01.contoso.com-fe-sip-tls-5061 from msuc-lync
#       description pool pool01.contoso.com
#       bind 10.1.0.100:5061
#       timeout client 1800s
#   ...

# Using parsed:

- name: What is in such a text
  msuc.lync.haproxy_services:
    state: parsed
    running_config: "{{ made.document }}"

# Task output:
#
# parsed:
#   - name: pool01.contoso.com-fe-sip-tls-5061
#     members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: active}]
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
  sample: ["write /etc/haproxy/conf.d/zz-msuc-lync.cfg", "reload"]
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
  description: What of the services HAProxy cannot express, with C(service), C(name) of the field and C(why).
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
