# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the documentation of modules of load balancers has in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of modules of virtual services; PROVIDER: of appliances.

    REMOTE: of the modules that work on a Linux host for others.
    """

    DOCUMENTATION = r"""
options:
  services:
    description: Virtual services, as C(virtual_services) of a plan file has them; with O(state=deleted), those to
      remove, none for all.
    type: list
    elements: dict
    default: []
  state:
    description:
      - V(merged) adds and changes, V(replaced) also removes what of ours is not in O(services), V(deleted) removes.
      - V(gathered) returns what the load balancer has, V(rendered) and V(parsed) translate without one.
    type: str
    choices: [merged, replaced, deleted, gathered, rendered, parsed]
    default: replaced
"""

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
