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
  - The services are one file of their own in a directory that HAProxy reads besides its main file. A candidate is tried with the whole
    configuration by C(haproxy -c -dW) and by a look for what that lets pass, put in place by a rename, and read by a reload through
    the socket of the master process, never by a restart. When the reload fails, the old file is put back.
  - Changes of members alone go to the running process first, then to the file, without a reload.
  - A client keeps its member by the hash of its address, which is the same on all ports of a pool and after every reload.
  - An address and port on which somebody else listens, in another file or as another process, stops the pool that wants it before
    anything is written; RV(adoption) names the owner.
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
    description: Decides on the controller as an action plugin; M(msuc.lync.haproxy_remote) gathers and applies on the host.
    support: full
  check_mode:
    description: Tries the candidate on the host and writes nothing.
    support: full
  diff_mode:
    description: Shows per service the fields that differ.
    support: full
"""

EXAMPLES = r"""
- name: One service, and nothing else of ours
  msuc.lync.haproxy_services:
    services:
      - name: pool01.contoso.com-fe-sip-tls-5061
        pool: pool01.contoso.com
        rows: [S2]
        vip: 10.1.0.100
        port: 5061
        protocol: tcp
        node_port: 5061
        members: [10.1.0.11, 10.1.0.12]
        backup_members: []
        draining_members: []
        disabled_members: []
        persistence: {type: source, seconds: 1200, group: "pool01.contoso.com@10.1.0.100"}
        idle_seconds: 1800
        monitor: {type: tcp, port: 5061, interval_seconds: 10, failures: 2}
        source_nat: true
        nagle: true
        algorithm: least-connections
        balancers: [lb01]
        options: {}

- name: What the host has
  msuc.lync.haproxy_services:
    state: gathered
"""

RETURN = r"""
commands:
  description: Each change in words.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: str
lines:
  description: What is done on the host, and what check mode would do.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: str
  sample: ["write /etc/haproxy/conf.d/zz-msuc-lync.cfg", "reload"]
changes:
  description: Services that change, with the fields that differ and what that does to traffic.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: dict
summary:
  description: How many services are added, changed, removed and recreated.
  returned: always, save when rendering, parsing or gathering
  type: dict
before:
  description: Our services before.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: dict
after:
  description: Our services after.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: dict
not_rendered:
  description: What of the services HAProxy does not say, with the reason.
  returned: always, save when parsing or gathering
  type: list
  elements: dict
stopped:
  description: Pools that were not written because somebody else has an address and port of theirs.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: str
adoption:
  description: Per such service its owner.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: dict
health:
  description: How many members of our services are C(up) for the running process, and which are C(down), as it was gathered.
  returned: when HAProxy answered
  type: dict
  sample: {"up": 5, "down": ["pool01.contoso.com-fe-sip-tls-5061 10.1.0.12"]}
requests:
  description: How many round trips were made to the host.
  returned: when the host was asked
  type: int
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
