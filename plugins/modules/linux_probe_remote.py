#!/usr/bin/python
# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: linux_probe_remote
short_description: Internal, probe other hosts from a Linux host, for msuc.lync.probe
version_added: "0.1.0"
author: msuc.lync contributors (@msuc-lync)
description:
  - Internal, not for direct use. Options and results may change without notice.
  - The hands of M(msuc.lync.probe) on a Linux host. It tells what it met and decides nothing; use that module instead.
  - Certificates are read and not checked. Nothing is sent but what the probe says.
options:
  operation:
    description:
      - V(probe) probes, and tells which listeners this host has.
      - V(listen) opens temporary listeners, for O(listen_seconds) at most, in a process of its own.
      - V(close) ends them.
    type: str
    choices: [probe, listen, close]
    required: true
  probes:
    description: What to ask, each with an O(probes[].id) that its answer has too.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: What the answer is known by.
        type: str
        required: true
      kind:
        description: A connection, a connection with a TLS handshake, or a datagram.
        type: str
        choices: [tcp, tls, udp]
        required: true
      source:
        description: The address of this host that it comes from; any when empty.
        type: str
        default: ""
      address:
        description: The address that is asked.
        type: str
        required: true
      port:
        description: The port that is asked.
        type: int
        required: true
      payload:
        description: Bytes to send, in base64.
        type: str
        default: ""
      server_name:
        description: The name that TLS asks for.
        type: str
        default: ""
      hold_milliseconds:
        description: How long to wait whether the other side closes a connection by itself.
        type: int
        default: 0
  timeout_milliseconds:
    description: How long one probe may take.
    type: int
    default: 3000
  at_once:
    description: How many probes are under way at the same time.
    type: int
    default: 16
  per_second:
    description: How many probes start in a second.
    type: int
    default: 50
  total_seconds:
    description: When this time is over, no further probe starts.
    type: int
    default: 120
  read_network:
    description: Whether to tell of network cards, routes and DNS servers too.
    type: bool
    default: false
  listen:
    description: What to listen on, each with C(protocol), C(address) and C(port).
    type: list
    elements: dict
    default: []
    suboptions:
      protocol:
        description: The protocol.
        type: str
        choices: [tcp, udp]
        required: true
      address:
        description: An address of this host.
        type: str
        required: true
      port:
        description: The port.
        type: int
        required: true
  listen_seconds:
    description: How long temporary listeners last when nobody closes them.
    type: int
    default: 600
  token:
    description: What O(operation=listen) returned.
    type: str
    default: ""
attributes:
  check_mode:
    description: Probes are sent; temporary listeners are not opened.
    support: full
  diff_mode:
    description: It changes no file.
    support: none
"""

EXAMPLES = r"""
- name: Ask one port
  msuc.lync.linux_probe_remote:
    operation: probe
    probes:
      - {id: "0", kind: tcp, address: 10.1.0.11, port: 5061}
"""

RETURN = r"""
answers:
  description:
    - One for each probe, with C(id), C(state) (open, refused, timed_out, unreachable, failed or skipped),
      C(milliseconds), C(message), and where there is one C(answer), C(certificate) (both in base64), C(closed) and
      C(silent).
  type: list
  elements: dict
  returned: when it probed
listeners:
  description: What this host listens on, as protocol, address and port.
  type: list
  elements: str
  returned: success
network:
  description:
    - C(interfaces), each with C(name) and C(addresses); C(routes), each with C(to), C(by), C(via) and C(metric);
      C(lasting), the networks whose routes outlast a restart, null when this host cannot tell; C(dns_servers);
      C(problem), why something is missing.
  type: dict
  returned: when O(read_network=true)
opened:
  description: What temporary listeners listen on.
  type: list
  elements: str
  returned: when it opened some
not_opened:
  description: What they could not listen on, and why.
  type: list
  elements: str
  returned: when it opened some
token:
  description: What ends them.
  type: str
  returned: when it opened some
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.msuc.lync.plugins.module_utils._probe_listeners import (
    close_listeners,
    listeners,
    open_listeners,
)
from ansible_collections.msuc.lync.plugins.module_utils._probe_network import network
from ansible_collections.msuc.lync.plugins.module_utils._probe_sockets import run_probes

_PROBE = {
    "id": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": ["tcp", "tls", "udp"], "required": True},
    "source": {"type": "str", "default": ""},
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "payload": {"type": "str", "default": ""},
    "server_name": {"type": "str", "default": ""},
    "hold_milliseconds": {"type": "int", "default": 0},
}
_LISTEN = {
    "protocol": {"type": "str", "choices": ["tcp", "udp"], "required": True},
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
}
_SPEC = {
    "operation": {"type": "str", "choices": ["probe", "listen", "close"], "required": True},
    "probes": {"type": "list", "elements": "dict", "default": [], "options": _PROBE},
    "timeout_milliseconds": {"type": "int", "default": 3000},
    "at_once": {"type": "int", "default": 16},
    "per_second": {"type": "int", "default": 50},
    "total_seconds": {"type": "int", "default": 120},
    "read_network": {"type": "bool", "default": False},
    "listen": {"type": "list", "elements": "dict", "default": [], "options": _LISTEN},
    "listen_seconds": {"type": "int", "default": 600},
    "token": {"type": "str", "default": "", "no_log": False},
}


def _answer_probe(options: dict[str, Any], _is_check: bool) -> dict[str, Any]:
    told = {"network": network()} if options["read_network"] else {}
    return {"changed": False, "answers": run_probes(options["probes"], options), "listeners": listeners(), **told}


def _answer_listen(options: dict[str, Any], is_check: bool) -> dict[str, Any]:
    wanted = [] if is_check else options["listen"]
    token, opened, not_opened = open_listeners(wanted, options["listen_seconds"])
    return {
        "changed": bool(opened),
        "opened": opened,
        "not_opened": not_opened,
        "token": token,
        "listeners": listeners(),
    }


def _answer_close(options: dict[str, Any], is_check: bool) -> dict[str, Any]:
    return {"changed": not is_check and bool(options["token"]) and close_listeners(options["token"])}


_OPERATIONS = {"probe": _answer_probe, "listen": _answer_listen, "close": _answer_close}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_SPEC, supports_check_mode=True)
    try:
        result = _OPERATIONS[module.params["operation"]](module.params, module.check_mode)
    except (OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
