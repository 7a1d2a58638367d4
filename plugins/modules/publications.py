#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: publications
short_description: Brings what a Linux reverse proxy publishes to what is wanted
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
extends_documentation_fragment: [msuc.lync.step]
description:
  - External web services, simple URLs and client discovery, by host name. HTTPS goes to port 4443 of the members, HTTP
    to 8080.
  - V(passthrough) leaves the client's TLS to the member, and chooses by the name in the client's greeting. V(bridge)
    ends it with a certificate of the proxy and begins another TLS to the member, whose certificate is verified for the
    name that was asked for. The Host header stays.
  - A name that nobody publishes is refused. Certificates are referenced and never made.
  - What is published is files of its own. A candidate is tried with the whole configuration, put in place by a rename
    and read by a reload, never by a restart; when that fails, the old file is put back.
  - An address and port on which somebody else listens stops the task before anything is written.
options:
  driver:
    description: The program that publishes.
    type: str
    choices: [haproxy, nginx]
    required: true
  publications:
    description: What is published, as C(publications) of a host's plan file has it; with O(state=deleted), what to
      remove, none for all.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name, by which the publication is found again.
        type: str
        required: true
      host_names:
        description: The names that clients ask for.
        type: list
        elements: str
        required: true
      listens:
        description: Addresses of the proxy.
        type: list
        elements: str
        required: true
      members:
        description: Where requests are sent.
        type: list
        elements: dict
        required: true
        suboptions:
          address:
            description: The address of a member.
            type: str
            required: true
          state:
            description: What it takes; V(backup) when no active one is healthy, V(draining) no new connections.
            type: str
            choices: [active, backup, draining, disabled]
            required: true
      https_port:
        description: The port of the proxy for HTTPS.
        type: int
        required: true
      https_node_port:
        description: The port of the members for it.
        type: int
        required: true
      http_port:
        description: The port of the proxy for HTTP.
        type: int
        required: true
      http_node_port:
        description: The port of the members for it.
        type: int
        required: true
      mode:
        description: V(passthrough) leaves TLS to the members, V(bridge) ends it at the proxy and begins it anew.
        type: str
        choices: [passthrough, bridge]
        required: true
      certificate:
        description: The file of certificate and key on the proxy, with V(bridge); otherwise empty.
        type: str
        required: true
      ca:
        description: The file of authorities that members are checked against, with V(bridge); otherwise empty.
        type: str
        required: true
      idle_seconds:
        description: After how long without traffic a connection is ended.
        type: int
        required: true
  state:
    description:
      - V(merged) adds and changes, V(replaced) also removes what is not in O(publications), V(deleted) removes.
      - V(gathered) returns what the host has, V(rendered) and V(parsed) translate without one.
    type: str
    choices: [merged, replaced, deleted, gathered, rendered, parsed]
    default: replaced
  path:
    description:
      - The file that is ours, by default C(/etc/haproxy/conf.d/zz-msuc-lync-publications.cfg), for HTTPS that passes
        through nginx C(/etc/nginx/modules-enabled/91-msuc-lync-publications.conf).
    type: str
  http_path:
    description: The second file that is ours, of nginx, by default C(/etc/nginx/conf.d/zz-msuc-lync-publications.conf).
    type: str
  program:
    description: The program's path.
    type: str
  master_socket:
    description: The socket of HAProxy's master process.
    type: str
  config:
    description: The main file of nginx.
    type: str
  pid_file:
    description: The file with the number of nginx's master process.
    type: str
  seconds:
    description: How long a reload may take.
    type: int
    default: 20
  running_config:
    description: Texts of such files by what they are for, for O(state=parsed).
    type: dict
attributes:
  action:
    description: Decides on the controller as an action plugin; M(msuc.lync.haproxy_remote) or M(msuc.lync.nginx_remote)
      gathers and applies on the host.
    support: full
  check_mode:
    description: Tries the candidate on the host and writes nothing.
    support: full
  diff_mode:
    description: Shows per publication the properties that differ.
    support: full
"""

EXAMPLES = r"""
# Variables of the inventory:
#
# web:
#   name: pool01.contoso.com
#   host_names: [webext01.contoso.com, meet.contoso.com]
#   listens: [203.0.113.31]
#   members: [{address: 10.1.0.11, state: active}]
#   https_port: 443
#   https_node_port: 4443
#   http_port: 80
#   http_node_port: 8080
#   mode: passthrough
#   certificate: ""
#   ca: ""
#   idle_seconds: 1800
#
# Before state of each example:
#
# - {name: pool01.contoso.com, host_names: [meet.contoso.com, webext01.contoso.com]}
# - {name: pool02.contoso.com, host_names: [webext02.contoso.com]}

# Using merged:

- name: Send one pool's names to one more member, and leave the other pools alone
  msuc.lync.publications:
    driver: haproxy
    state: merged
    publications:
      - "{{ web | combine({'members': [{'address': '10.1.0.11', 'state': 'active'},
                                       {'address': '10.1.0.12', 'state': 'active'}]}) }}"

# Task output:
#
# commands:
#   - >-
#     change pool01.contoso.com (reloads: new connections go by the new configuration, open
#     ones stay where they are): members from 10.1.0.11 active to 10.1.0.11 active, 10.1.0.12
#     active
#
# After state:
#
# - name: pool01.contoso.com
#   members: [{address: 10.1.0.11, state: active}, {address: 10.1.0.12, state: active}]
# - name: pool02.contoso.com
#   members: [{address: 10.1.0.11, state: active}]

# Using replaced:

- name: Publish this pool, and nothing else
  msuc.lync.publications:
    driver: haproxy
    state: replaced
    publications: ["{{ web }}"]

# Task output:
#
# commands:
#   - >-
#     remove pool02.contoso.com (publishes no longer: clients of these names are refused)
#
# After state:
#
# - {name: pool01.contoso.com, members: [{address: 10.1.0.11, state: active}]}

# Using deleted:

- name: Publish a pool no more; without publications, none is
  msuc.lync.publications:
    driver: haproxy
    state: deleted
    publications: ["{{ web }}"]

# Task output:
#
# commands:
#   - >-
#     remove pool01.contoso.com (publishes no longer: clients of these names are refused)
#
# After state:
#
# - {name: pool02.contoso.com, host_names: [webext02.contoso.com]}

# Using gathered:

- name: What the host publishes
  msuc.lync.publications:
    driver: haproxy
    state: gathered

# Task output:
#
# gathered:
#   - {name: pool01.contoso.com, host_names: [meet.contoso.com, webext01.contoso.com]}
#   - {name: pool02.contoso.com, host_names: [webext02.contoso.com]}

# Using rendered:

- name: The file, without the host
  msuc.lync.publications:
    driver: haproxy
    state: rendered
    publications: ["{{ web }}"]
  register: made

# Task output:
#
# rendered:
#   haproxy: |
#     ...
#     frontend lync-publish-in-https-203.0.113.31 from msuc-lync-publish
#         bind 203.0.113.31:443
#     ...
#         use_backend lync-publish-https-pool01.contoso.com if pool01.contoso.com
#     ...

# Using parsed:

- name: What is in such a file
  msuc.lync.publications:
    driver: haproxy
    state: parsed
    running_config: "{{ made.rendered }}"

# Task output:
#
# parsed:
#   - {name: pool01.contoso.com, host_names: [meet.contoso.com, webext01.contoso.com]}
"""

RETURN = r"""
changes:
  description:
    - Publications that change. C(properties) has those that differ with both values, C(cause) says why, C(effects) what
      clients notice, as data;
    - C(impact) is the same in words, C(notice) tells of another certificate.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
commands:
  description: Each change as one line.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: str
lines:
  description: What is done on the host, and what check mode would do.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: str
summary:
  description: How many publications are added, changed and removed.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: dict
before:
  description: What was published before; null where our files could not be read whole.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
after:
  description: What is published after.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
not_rendered:
  description: What the program cannot express, with C(service), which is the publication, C(name) of the field and
    C(why).
  returned: but for O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
conflicts:
  description: Addresses and ports that C(holder) has; C(message) says so in words. Nothing was written then.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
adoption:
  description: Per such address and port its owner.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: dict
members:
  description: Members of virtual services by their state; there are none.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: dict
sends:
  description: Where traffic goes after the run, as address, port and protocol; where that is not known, wherever it may
    go.
  returned: always, but for O(state=rendered), O(state=parsed) and O(state=gathered)
  type: list
  elements: list
  sample: [["10.1.0.11", 4443, "tcp"]]
stats:
  description: How many C(requests) were sent to the host, and how many C(verify_requests) the look again after a change
    took besides.
  returned: when the host was asked
  type: dict
  sample: {"requests": 2, "verify_requests": 1}
gathered:
  description: What the host publishes.
  returned: O(state=gathered)
  type: list
  elements: dict
rendered:
  description: Texts of the files by what they are for.
  returned: O(state=rendered)
  type: dict
parsed:
  description: The publications in the texts.
  returned: O(state=parsed)
  type: list
  elements: dict
"""
