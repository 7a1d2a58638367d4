# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the documentation of modules of load balancers has in common."""

from __future__ import annotations

# The keys of a service are the same for every load balancer.
_SERVICE = r"""
    suboptions:
      name:
        description: The name, by which the service is found again.
        type: str
        required: true
      pool:
        description: The pool that it is for. What one service of a pool does not get, none of them gets.
        type: str
      rows:
        description: The rows of the catalogue that ask for it; a trace, which is not written.
        type: list
        elements: str
      vip:
        description: The virtual address.
        type: str
        required: true
      port:
        description: The port on it.
        type: int
        required: true
      protocol:
        description: The protocol on it.
        type: str
        choices: [tcp, udp]
        required: true
      node_port:
        description: The port of the members.
        type: int
        required: true
      members:
        description: Addresses of the members that take traffic.
        type: list
        elements: str
        required: true
      backup_members:
        description: Addresses of those that take it when none of O(services[].members) is healthy.
        type: list
        elements: str
      draining_members:
        description: Addresses of those that keep their connections and take no new ones.
        type: list
        elements: str
      disabled_members:
        description: Addresses of those that take nothing.
        type: list
        elements: str
      algorithm:
        description: How a member is chosen.
        type: str
        choices: [least-connections, round-robin]
        required: true
      persistence:
        description: What keeps a client at its member.
        type: dict
        required: true
        suboptions:
          type:
            description: By the client's address, by a cookie, or not at all.
            type: str
            choices: [none, source, cookie]
            required: true
          seconds:
            description: For how long the client is remembered.
            type: int
          name:
            description: The name of the cookie.
            type: str
          group:
            description: Services of one group share what they remember.
            type: str
      idle_seconds:
        description: After how long without traffic a connection is ended.
        type: int
        required: true
      monitor:
        description: The health check of the members.
        type: dict
        required: true
        suboptions:
          type:
            description: Whether a port answers.
            type: str
            choices: [tcp]
            required: true
          port:
            description: The port that is asked.
            type: int
            required: true
          interval_seconds:
            description: How often.
            type: int
            required: true
          failures:
            description: After how many failures a member is down.
            type: int
            required: true
      source_nat:
        description: Whether members see the load balancer in place of the client.
        type: bool
        required: true
      nagle:
        description: Whether small segments are collected before they are sent.
        type: bool
        required: true
      balancers:
        description: The load balancers that carry it, by their names in the inventory; a trace, which is not written.
        type: list
        elements: str
      member_down:
        description: What becomes of the connections of a member that goes down.
        type: str
        choices: [close, keep]
      options:
        description: Options of the vendor, as C(lync_balancer_vendor) has them.
        type: dict
"""


class ModuleDocFragment:
    """Options of modules of virtual services; PROVIDER: of appliances.

    REMOTE: of the modules that work on a Linux host for others.
    """

    DOCUMENTATION: str
    DECLARED: str
    """Of the module that declares all services of a tenant at once."""

    PROVIDER = r"""
options:
  provider:
    description: How the appliance is reached; not needed to render and parse.
    type: dict
    suboptions:
      host:
        description: Name or address of its management interface.
        type: str
      port:
        description: Its HTTPS port.
        type: int
        default: 443
      user:
        description: A user who may read and write what the module works on.
        type: str
      password:
        description: The user's password.
        type: str
      token:
        description: A token or key, instead of user and password.
        type: str
      validate_certs:
        description: Whether the certificate has to be trusted, and to be of O(provider.host).
        type: bool
        default: true
      ca:
        description: A file with the authorities to trust.
        type: path
      timeout:
        description: Seconds from one part of an answer to the next. A whole answer may take four times as long.
        type: int
        default: 30
attributes:
  check_mode:
    support: full
    description: Can run in check_mode and return changed status prediction without modifying target.
  diff_mode:
    support: full
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
"""

    REMOTE = r"""
options:
  operation:
    description: V(gather) reads, V(check) tries a candidate, V(apply) makes it live.
    type: str
    choices: [gather, check, apply]
    required: true
  path:
    description: The file that is ours.
    type: str
    required: true
  content:
    description: What the file is to hold; nothing removes it.
    type: str
  expected:
    description: The digest of the file as it was gathered; with another one there by now nothing is written.
    type: str
    default: ""
  commands:
    description: Commands for the running process which do the same without a reload; when one is refused, it is
      reloaded.
    type: list
    elements: str
    default: []
  listeners:
    description: Addresses and ports that must be listened on afterwards, as protocol, address and port.
    type: list
    elements: list
    default: []
  seconds:
    description: How long a reload may take.
    type: int
    default: 20
attributes:
  check_mode:
    description: Only O(operation=apply) writes, and not in check mode.
    support: full
  diff_mode:
    description: The difference is shown by the module that this one works for.
    support: none
"""


# ansible-test reads texts in the class as literals, and what all modules have stands once.
ModuleDocFragment.DOCUMENTATION = (
    r"""
options:
  services:
    description: Virtual services, as C(virtual_services) of a plan file has them; with O(state=deleted), those to
      remove, none for all.
    type: list
    elements: dict
    default: []
"""
    + _SERVICE
    + r"""
  state:
    description:
      - V(merged) adds and changes, V(replaced) also removes what of ours is not in O(services), V(deleted) removes.
      - V(gathered) returns what the load balancer has, V(rendered) and V(parsed) translate without one.
    type: str
    choices: [merged, replaced, deleted, gathered, rendered, parsed]
    default: replaced
"""
)
ModuleDocFragment.DECLARED = (
    r"""
options:
  services:
    description:
      - Virtual services as the pool files of a plan have them; P(msuc.lync.virtual_services#filter) returns those of a
        pool.
      - Required with V(merged), V(replaced) and V(rendered). With O(state=deleted), the services to remove; all of the
        tenant without them.
    type: list
    elements: dict
"""
    + _SERVICE
)
