#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: kemp_services
short_description: Brings the virtual services of a Kemp LoadMaster to what is wanted
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
description:
  - Reads all Virtual Services in one request of API v2 (firmware 7.2.50 and newer), compares them, and sends commands for what
    differs, field by field.
  - Services that share their affinity, and are alike, become one Virtual Service with extra ports.
  - Virtual Services whose nicknames begin with O(prefix) are its own. It reads everything else and writes none of it.
  - An address and port that somebody else's Virtual Service has stops the pool that wants it before anything is written;
    RV(adoption) compares the two.
  - O(provider.token) is an API key. Of a pair, O(provider.host) is the shared address.
extends_documentation_fragment:
  - msuc.lync.balancers
  - msuc.lync.balancers.provider
  - msuc.lync.step
options:
  prefix:
    description: The first word of the nicknames of our Virtual Services.
    type: str
    default: lync
  running_config:
    description: The answer to C(listvs) as text, for O(state=parsed).
    type: str
"""

EXAMPLES = r"""
- name: One service, and nothing else of ours
  msuc.lync.kemp_services:
    provider:
      host: lb01.contoso.com
      token: "{{ lb01_key }}"
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

- name: What the LoadMaster has
  msuc.lync.kemp_services:
    state: gathered
    provider: {host: lb01.contoso.com, token: "{{ lb01_key }}"}
"""

RETURN = r"""
commands:
  description: Each change as a line of words.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: str
  sample: ["change pool01.contoso.com-fe-sip-tls-5061 (modifies the service in place): idle_seconds from 60 to 1800"]
lines:
  description: The commands of the API; what check mode would do.
  returned: always, save when rendering, parsing or gathering
  type: list
  elements: str
  sample: ["addrs vs=10.1.0.100 port=5061 prot=tcp rs=10.1.0.13 rsport=5061"]
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
  description: What of the services a LoadMaster does not say, with the reason.
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
  description: The LoadMaster that was read and written.
  returned: when a LoadMaster was asked
  type: str
requests:
  description: How many requests were sent.
  returned: when a LoadMaster was asked
  type: int
gathered:
  description: Our services on the LoadMaster.
  returned: O(state=gathered)
  type: list
  elements: dict
rendered:
  description: The services as commands.
  returned: O(state=rendered)
  type: list
  elements: str
document:
  description: The services as an answer to C(listvs).
  returned: O(state=rendered)
  type: dict
parsed:
  description: Our services in the answer.
  returned: O(state=parsed)
  type: list
  elements: dict
"""
