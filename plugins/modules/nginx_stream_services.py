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
- name: Let go of what nginx carries
  msuc.lync.nginx_stream_services:
    state: deleted

- name: What the host has
  msuc.lync.nginx_stream_services:
    state: gathered
"""

RETURN = r"""
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
