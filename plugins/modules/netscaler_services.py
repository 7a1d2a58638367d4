#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: netscaler_services
short_description: Brings the virtual services of a NetScaler to what is wanted
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
description:
  - Reads the running configuration in one request, compares it, and writes what differs with bulk requests of NITRO;
    nothing is sent or saved when nothing differs. What an earlier run did not come to save is saved.
  - Objects whose names begin with O(prefix) are its own. It reads everything else and writes none of it. A server
    object that the appliance has for an address already is used by its name.
  - An address and port that somebody else's virtual server of any kind has, in any traffic domain, stops the pool that
    wants it before anything is written; RV(adoption) compares the two.
  - Of a pair, the primary is found and written, whichever unit O(provider.host) names.
  - O(provider.token) is that of a session that is open already, which is not logged out.
extends_documentation_fragment:
  - msuc.lync.balancers
  - msuc.lync.balancers.provider
  - msuc.lync.step
options:
  authentication:
    description:
      - V(request) sends user and password with every request, V(session) logs in and out.
      - V(auto) does the first, and the second when the appliance has C(basicauth) disabled.
    type: str
    choices: [auto, request, session]
    default: auto
  prefix:
    description: How the names of our objects begin.
    type: str
    default: lync_
  peer:
    description: How the other unit of a pair is reached, when not by the address that the pair knows it by.
    type: str
    default: ""
  running_config:
    description: Lines of a configuration, for O(state=parsed).
    type: str
"""

EXAMPLES = r"""
# Variables of the inventory:
#
# lb01: {host: lb01.contoso.com, user: ansible, password: "{{ vault_lb01_password }}"}
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
  msuc.lync.netscaler_services:
    state: merged
    provider: "{{ lb01 }}"
    services:
      - "{{ sip | combine({'members': ['10.1.0.11'], 'draining_members': ['10.1.0.12']}) }}"

# Task output:
#
# commands:
#   - >-
#     change pool01.contoso.com-fe-sip-tls-5061 (modifies members): members from address
#     10.1.0.11 state active, address 10.1.0.12 state active to address 10.1.0.11 state
#     active, address 10.1.0.12 state disabled
#
# After state:
#
# - name: pool01.contoso.com-fe-focus-444
#   members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: active}]
# - name: pool01.contoso.com-fe-sip-tls-5061
#   members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: disabled}]

# Using replaced:

- name: One service, and nothing else of ours
  msuc.lync.netscaler_services:
    state: replaced
    provider: "{{ lb01 }}"
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
  msuc.lync.netscaler_services:
    state: deleted
    provider: "{{ lb01 }}"
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
  msuc.lync.netscaler_services:
    state: gathered
    provider: "{{ lb01 }}"

# Task output:
#
# gathered:
#   - name: pool01.contoso.com-fe-focus-444
#     members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: active}]
#   - name: pool01.contoso.com-fe-sip-tls-5061
#     members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: active}]

# Using rendered:

- name: The service in the words of the device, without the device
  msuc.lync.netscaler_services:
    state: rendered
    services: ["{{ sip }}"]
  register: made

# Task output:
#
# rendered: |
#   ...
#   bind serviceGroup lync_pool01.contoso.com-fe-sip-tls-5061 lync_10.1.0.11 5061
#   bind serviceGroup lync_pool01.contoso.com-fe-sip-tls-5061 lync_10.1.0.12 5061
#   ...

# Using parsed:

- name: What is in such a text
  msuc.lync.netscaler_services:
    state: parsed
    running_config: "{{ made.rendered | join('\n') }}"

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
  description: The command lines that do the same as the requests; what check mode would do.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: str
  sample: ["bind serviceGroup lync_pool01.contoso.com-fe-sip-tls-5061 lync_10.1.0.13 5061"]
summary:
  description: How many services are added, changed, removed and recreated.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: dict
before:
  description: Our services before.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
after:
  description: Our services after.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
differences:
  description: Which of our objects are not saved, so that a restart would take them back; the run saves them.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: str
not_rendered:
  description: What of the services a NetScaler cannot express, with C(service), C(name) of the field and C(why).
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
  description: Our services on the appliance.
  returned: O(state=gathered)
  type: list
  elements: dict
rendered:
  description: The services as command lines.
  returned: O(state=rendered)
  type: list
  elements: str
document:
  description: The services as resources of NITRO.
  returned: O(state=rendered)
  type: dict
parsed:
  description: Our services in the configuration.
  returned: O(state=parsed)
  type: list
  elements: dict
"""
