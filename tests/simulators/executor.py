# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who runs the command that a WinRM client sends: the seam between the wire and the simulated host.

PythonExecutor reads the module's name and arguments out of what ansible-core 2.16 to 2.21 sends on stdin and runs the
simulated module. An executor that starts a PowerShell takes the same Command and gives back the same Completed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from . import gather_host, host_module, ipsec_host, probe_host
from .firewall_store import FirewallStore

_MODULES = {
    "windows_firewall_remote": host_module.run_module,
    "windows_ipsec_remote": ipsec_host.run_module,
    "windows_gather_remote": gather_host.run_module,
}
# These look at the network, not at the store, and so many hosts may run them at once.
_UNLOCKED = {"windows_probe_remote": probe_host.run_module}
_SEPARATOR = b"\0\0\0\0"


@dataclass(frozen=True)
class Command:
    """A command line and all of its stdin."""

    line: str
    stdin: bytes


@dataclass(frozen=True)
class Completed:
    """What a command gave back."""

    stdout: bytes
    stderr: bytes = b""
    exit_code: int = 0


class Executor(Protocol):
    """Runs commands on a simulated host."""

    def run(self, store: FirewallStore, command: Command) -> Completed:
        """Return what the command gave back; ConnectionDroppedError breaks the connection instead."""


class PythonExecutor:
    """Answers Ansible's modules from Python."""

    def run(self, store: FirewallStore, command: Command) -> Completed:
        """Return the JSON that the module would print; text for a command that is no module."""
        payload = _payload(command.stdin)
        if payload is None:
            return Completed(b"", b"this host runs Ansible modules only", 1)
        store.count(executions=1)
        if store.faults().garbage:
            return Completed(b"this is no result\r\n")
        return Completed(host_module.whole_text(json.dumps(_answer(store, payload), ensure_ascii=False)).encode())


def _payload(stdin: bytes) -> Mapping[str, Any] | None:
    """Return the arguments of the module with Ansible's own keys, or None when stdin holds no module."""
    try:
        sent = json.loads(stdin.split(_SEPARATOR)[-1])
    except ValueError:
        return None
    if "module_args" in sent:
        found: Mapping[str, Any] = sent["module_args"]
        return found
    wrapper = next(action for action in sent["actions"] if action["name"] == "module_wrapper.ps1")
    arguments: Mapping[str, Any] = wrapper["params"]["Variables"][0]["Value"]
    return arguments


def _answer(store: FirewallStore, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(payload["_ansible_module_name"]).rpartition(".")[2]
    arguments = {key: value for key, value in payload.items() if not key.startswith("_ansible")}
    if name == "win_ping":
        return {"changed": False, "ping": arguments.get("data", "pong")}
    if name in _MODULES:
        with store.lock:
            return _MODULES[name](store, arguments, bool(payload["_ansible_check_mode"]))
    if name in _UNLOCKED:
        return _UNLOCKED[name](arguments, bool(payload["_ansible_check_mode"]))
    return {"failed": True, "msg": f"the simulated host has no module {name}"}
