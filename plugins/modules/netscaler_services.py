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
  - Reads the running configuration in one request, compares it, and writes what differs with bulk requests of NITRO; nothing
    is sent or saved when nothing differs.
  - Objects whose names begin with O(prefix) are its own. It reads everything else and writes none of it. A server object
    that the appliance has for an address already is used by its name.
  - An address and port that somebody else's virtual server of any kind has, in any traffic domain, stops the pool that wants
    it before anything is written; RV(adoption) compares the two.
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
- name: One service, and nothing else of ours
  msuc.lync.netscaler_services:
    provider:
      host: lb01.contoso.com
      user: ansible
      password: "{{ lb01_password }}"
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

- name: What the appliance has
  msuc.lync.netscaler_services:
    state: gathered
    provider: {host: lb01.contoso.com, user: ansible, password: "{{ lb01_password }}"}
"""

RETURN = r"""
commands:
  description: Each change as a line of words.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: str
  sample: ["change pool01.contoso.com-fe-sip-tls-5061 (modifies the service in place): idle_seconds from 60 to 1800"]
lines:
  description: The command lines that do the same as the requests; what check mode would do.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: str
  sample: ["bind serviceGroup lync_pool01.contoso.com-fe-sip-tls-5061 lync_10.1.0.13 5061"]
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
  description: What of the services a NetScaler does not say, with the reason.
  returned: always, save when parsing or gathering
  type: list
  elements: dict
stopped:
  description: Pools that were not written because somebody else has an address and port of theirs.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: str
adoption:
  description: Per such service what is there beside what is wanted, field by field, and the lines that would remove it.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: dict
unit:
  description: The unit that was read and written.
  returned: when an appliance was asked
  type: str
pair:
  description: The units of the pair with their states and that of synchronisation.
  returned: when the appliance is one of a pair
  type: list
  elements: dict
requests:
  description: How many requests were sent.
  returned: when an appliance was asked
  type: int
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
