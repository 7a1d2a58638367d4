#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: f5_as3
short_description: Bring the virtual services of an F5 BIG-IP to what is wanted, through AS3
version_added: "0.1.0"
description:
  - Makes one AS3 declaration of one tenant from virtual services and compares it with what the device really has, by a
    dry run.
  - Where something differs, the declaration is sent with the key of AS3's optimistic lock; it counts as done only when
    every result says 200.
  - Before an address or port is taken, every partition of the device is looked through. What somebody else owns stops
    that pool, with the owner's name.
  - Needs AS3 3.30 or newer on the device. Runs on the controller, over HTTPS.
author: msuc.lync contributors (@msuc-lync)
extends_documentation_fragment: [msuc.lync.balancers.declared, msuc.lync.step]
options:
  state:
    description:
      - V(merged) adds and changes services. V(replaced) also removes the services of the tenant that are not listed.
      - V(deleted) removes services. V(gathered) returns what the device has.
      - V(rendered) returns the declaration, V(parsed) reads one; neither contacts a device.
    type: str
    choices: [merged, replaced, deleted, gathered, rendered, parsed]
    default: replaced
  provider:
    description: How the device is reached; not needed for V(rendered) and V(parsed).
    type: dict
    suboptions:
      host:
        description: Name or address of the device's management.
        type: str
        required: true
      peers:
        description: The other units of a pair. The active one is found first and written, and another one is asked
          whether it has the change.
        type: list
        elements: str
        default: []
      port:
        description: TCP port.
        type: int
        default: 443
      user:
        description: User, with O(provider.password).
        type: str
      password:
        description: Password of O(provider.user).
        type: str
      token:
        description: A token of the device, instead of O(provider.user) and O(provider.password).
        type: str
      validate_certs:
        description: Whether the device's certificate must be trusted and name its host.
        type: bool
        default: true
      ca:
        description: File of the authorities to trust instead of the system's.
        type: path
      timeout:
        description:
          - Seconds from one part of an answer to the next. AS3 answers after 45 seconds at the latest.
            A whole answer may take four times as long.
        type: float
        default: 60.0
  tenant:
    description: The tenant, a partition of the device that is owned as a whole. One of somebody else is refused.
    type: str
    default: Lync
  sync_group:
    description: Device group that AS3 synchronises after a change.
    type: str
    default: ""
  assumptions:
    description: Sentences of a plan of which the BIG-IP is asked whether they hold, in place of its services; for
      O(state=gathered) of C(verify.yml).
    type: list
    elements: str
    default: []
  schema:
    description: A copy of the JSON Schema that F5 publishes with AS3. The declaration is then checked against it before
      the device is contacted.
    type: path
  wait_seconds:
    description: How long a task of AS3, or an AS3 that is busy, is waited for.
    type: float
    default: 600.0
  poll_seconds:
    description: How many seconds lie between two questions while waiting.
    type: float
    default: 2.0
  running_config:
    description: With O(state=parsed), the JSON text of a declaration, as sent or as AS3 returns it.
    type: str
  path:
    description: With O(state=parsed), a file to read instead of O(running_config).
    type: path
attributes:
  action:
    description: Runs on the controller as an action plugin.
    support: full
  check_mode:
    description: Looks and plans, and writes nothing.
    support: full
  diff_mode:
    description: Shows what changes, one difference a service.
    support: full
notes:
  - An idempotent run is two requests, a change of members four, whatever the number of services.
    Result RV(stats) counts them, and apart from them those of the look again after a change.
  - A cookie cannot be set without decryption; such services have no affinity, and RV(not_rendered) says so.
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
  msuc.lync.f5_as3:
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
  msuc.lync.f5_as3:
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
  msuc.lync.f5_as3:
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
  msuc.lync.f5_as3:
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
  msuc.lync.f5_as3:
    state: rendered
    services: ["{{ sip }}"]
  register: made

# Task output:
#
# document:
#   class: ADC
#   Lync:
#     class: Tenant
#     app-pool01.contoso.com:
#       vs-pool01.contoso.com-fe-sip-tls-5061:
#         {class: Service_TCP, virtualAddresses: [10.1.0.100], virtualPort: 5061, snat: auto}

# Using parsed:

- name: What is in such a text
  msuc.lync.f5_as3:
    state: parsed
    running_config: "{{ made.document | to_json }}"

# Task output:
#
# parsed:
#   - name: pool01.contoso.com-fe-sip-tls-5061
#     members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: active}]
"""

RETURN = r"""
assumptions:
  description: What the device says of O(assumptions), each with its C(text), its C(standing) (C(confirmed),
    C(contradicted) or C(unknown)) and C(why).
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
  description: That the tenant is declared; what check mode would do.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: str
  sample: ["declare tenant Lync"]
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
  description: Properties of our objects that differ and are no field of a service, as a BIG-IP tells them; other
    devices have none.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: str
not_rendered:
  description: What of the services a BIG-IP cannot express, with C(service), C(name) of the field and C(why).
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
  description: The services of the tenant.
  returned: O(state=gathered)
  type: list
  elements: dict
rendered:
  description: The lines of the declaration.
  returned: O(state=rendered)
  type: list
  elements: str
document:
  description: The declaration.
  returned: O(state=rendered)
  type: dict
parsed:
  description: The services of the declaration.
  returned: O(state=parsed)
  type: list
  elements: dict
"""
