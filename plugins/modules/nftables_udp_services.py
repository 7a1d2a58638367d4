#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: nftables_udp_services
short_description: Brings the UDP services that nftables leads on a Linux host to what is wanted
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
description:
  - UDP alone; it is there for what HAProxy does not carry, STUN on UDP 3478. A TCP service is an error;
    M(msuc.lync.haproxy_services) carries it.
  - The kernel leads datagrams by the table C(inet msuc_lync_lb). The hash of a client's address chooses one of 1,024
    slots, and each member has its share of them, so a client has one member for all its ports, before and after a
    change. Members see the address and the port of the client, unless the service has source NAT.
  - A service of systemd, C(msuc-lync-udp), asks HAProxy on the same host each second which members are down, gives
    their slots to others, and lets the kernel forget their connections. What somebody else does to the table it undoes.
    A member that HAProxy does not ask, and a service that does not run, fail the task.
  - Who may use a service is its option C(clients), since what is translated passes by the rules of the host's chain
    C(input); all others come to the host as if there were no service.
  - The host forwards what the table leads. Where it forwarded no IPv4 before, a file below C(/etc/sysctl.d) switches
    that on, and the table drops all else that would be forwarded. IPv6 has to be forwarded already.
  - A file of nginx in which an earlier version had UDP services goes when the kernel leads all of them, or at once in
    a run for everything.
  - It takes Python 3, and the packages nftables and conntrack.
extends_documentation_fragment:
  - msuc.lync.balancers
  - msuc.lync.step
options:
  path:
    description: The file that is ours.
    type: str
    default: /etc/msuc-lync-udp.conf
  master_socket:
    description: The socket of HAProxy's master process, which knows who is down.
    type: str
    default: /run/haproxy-master.sock
  nginx_path:
    description: The file of nginx in which an earlier version had UDP services.
    type: str
    default: /etc/nginx/modules-enabled/90-msuc-lync.conf
  config:
    description: The main file of that nginx.
    type: str
    default: /etc/nginx/nginx.conf
  pid_file:
    description: The file with the number of its master process.
    type: str
    default: /run/nginx.pid
  seconds:
    description: How long the service may take to lead by a file.
    type: int
    default: 20
  running_config:
    description: The text of such a file, for O(state=parsed).
    type: str
attributes:
  action:
    description: Decides on the controller as an action plugin; M(msuc.lync.nftables_udp_remote) gathers and applies
      on the host.
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
#   vip: 203.0.113.100
#   port: 3478
#   node_port: 3478
#   protocol: udp
#   members: [10.77.0.11, 10.77.0.12]
#   algorithm: least-connections
#   persistence: {type: source, seconds: 1200, group: edge01.contoso.com@203.0.113.100}
#   idle_seconds: 1800
#   monitor: {type: tcp, port: 443, interval_seconds: 10, failures: 2}
#   source_nat: false
#   nagle: true
#   options: {clients: [10.10.0.0/16]}
# other: >-
#   {{ av | combine({'name': 'edge02.contoso.com-av-udp-3478', 'vip': '203.0.113.101'}) }}
#
# Before state of each example:
#
# - {name: edge01.contoso.com-av-udp-3478, vip: 203.0.113.100}
# - {name: edge02.contoso.com-av-udp-3478, vip: 203.0.113.101}

# Using merged:

- name: Drain a member of one service, and leave other services of ours alone
  msuc.lync.nftables_udp_services:
    state: merged
    services:
      - "{{ av | combine({'members': ['10.77.0.11'], 'draining_members': ['10.77.0.12']}) }}"

# Task output:
#
# commands:
#   - >-
#     change edge01.contoso.com-av-udp-3478 (modifies members): members from address
#     10.77.0.11 state active, address 10.77.0.12 state active to address 10.77.0.11 state
#     active, address 10.77.0.12 state draining
#
# After state:
#
# - name: edge01.contoso.com-av-udp-3478
#   members: [{address: 10.77.0.11, state: active}, {address: 10.77.0.12, state: draining}]
# - name: edge02.contoso.com-av-udp-3478
#   members: [{address: 10.77.0.11, state: active}, {address: 10.77.0.12, state: active}]

# Using replaced:

- name: One service, and nothing else of ours
  msuc.lync.nftables_udp_services:
    state: replaced
    services: ["{{ av | combine({'members': ['10.77.0.11']}) }}"]

# Task output:
#
# commands:
#   - >-
#     change edge01.contoso.com-av-udp-3478 (modifies members): members from address
#     10.77.0.11 state active, address 10.77.0.12 state active to address 10.77.0.11 state
#     active
#   - "remove edge02.contoso.com-av-udp-3478"
#
# After state:
#
# - name: edge01.contoso.com-av-udp-3478
#   members: [{address: 10.77.0.11, state: active}]

# Using deleted:

- name: Remove one service; without services, all of ours go
  msuc.lync.nftables_udp_services:
    state: deleted
    services: ["{{ other }}"]

# Task output:
#
# commands:
#   - "remove edge02.contoso.com-av-udp-3478"
#
# After state:
#
# - name: edge01.contoso.com-av-udp-3478
#   members: [{address: 10.77.0.11, state: active}, {address: 10.77.0.12, state: active}]

# Using gathered:

- name: What is there
  msuc.lync.nftables_udp_services:
    state: gathered

# Task output:
#
# gathered:
#   - name: edge01.contoso.com-av-udp-3478
#     members: [{address: 10.77.0.11, state: active}, {address: 10.77.0.12, state: active}]
#   - name: edge02.contoso.com-av-udp-3478
#     members: [{address: 10.77.0.11, state: active}, {address: 10.77.0.12, state: active}]

# Using rendered:

- name: The service in the words of the device, without the device
  msuc.lync.nftables_udp_services:
    state: rendered
    services: ["{{ av }}"]
  register: made

# Task output:
#
# rendered: |
#   ...
#   service edge01.contoso.com-av-udp-3478
#       pool edge01.contoso.com
#       listen 203.0.113.100 3478
#       node-port 3478
#       asked-as lync-monitor-edge01.contoso.com-443-10-2
#       source-nat no
#       client 10.10.0.0/16
#       member 10.77.0.11 active
#       member 10.77.0.12 active

# Using parsed:

- name: What is in such a text
  msuc.lync.nftables_udp_services:
    state: parsed
    running_config: "{{ made.document }}"

# Task output:
#
# parsed:
#   - name: edge01.contoso.com-av-udp-3478
#     members: [{address: 10.77.0.11, state: active}, {address: 10.77.0.12, state: active}]
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
  sample: ["write /etc/msuc-lync-udp.conf", "reload"]
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
  description: What of the services the table cannot express, with C(service), C(name) of the field and C(why).
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
