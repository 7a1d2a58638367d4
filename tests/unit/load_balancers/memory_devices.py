# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Devices in memory.

A Linux host: what the module on it would answer, with files that no program reads; an appliance without wire.

host = MemoryHost()
provider = HaproxyProvider(task, host.remote, PATH)
host.files[PATH]                         the text that was written there
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider, reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.config_files import Remote
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.https import Answer
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nftables.provider import NftablesUdpProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task

from tests.simulators import kemp, netscaler
from tests.simulators.https_server import Request


@dataclass
class MemoryHost:
    """The files of a host by path, files of somebody else, and who listens.

    servers: what HAProxy answers to `show servers state`, as the file says unless it is given. refuses: operation ->
    why it fails. keeps: content that stays whatever is applied, as when somebody else writes at the same time.
    """

    files: dict[str, str] = field(default_factory=dict)
    others: list[tuple[str, str]] = field(default_factory=list)
    listeners: list[dict[str, object]] = field(default_factory=list)
    servers: str | None = None
    refuses: dict[str, str] = field(default_factory=dict)
    keeps: str | None = None
    leaves_out: frozenset[str] = frozenset()
    operations: list[str] = field(default_factory=list)

    def remote(self, arguments: Mapping[str, object]) -> Mapping[str, Any]:
        operation, path = str(arguments["operation"]), str(arguments["path"])
        self.operations.append(operation)
        if operation in self.refuses:
            return {"failed": True, "msg": self.refuses[operation]}
        if operation == "apply":
            return self._apply(path, arguments)
        answer = self._gathered(path) if operation == "gather" else {}
        return {name: value for name, value in answer.items() if name not in self.leaves_out}

    def _gathered(self, path: str) -> dict[str, Any]:
        content = self.files.get(path)
        return {
            "content": content,
            "digest": digest(content),
            "files": [list(item) for item in self.others],
            "servers": _servers_of(content or "") if self.servers is None else self.servers,
            "listeners": self.listeners,
        }

    def _apply(self, path: str, arguments: Mapping[str, object]) -> dict[str, Any]:
        content = arguments["content"] if self.keeps is None else self.keeps
        if arguments["expected"] != digest(self.files.get(path)):
            return {
                "failed": True,
                "msg": f"{path} was changed by somebody else in the middle of this run; fix: run again",
            }
        if content is None:
            self.files.pop(path, None)
        else:
            self.files[path] = str(content)
        return {} if "reloaded" in self.leaves_out else {"changed": True, "reloaded": not arguments["commands"]}


NGINX_PATH = "/etc/nginx/modules-enabled/90-msuc-lync.conf"


@dataclass
class UdpHost(MemoryHost):
    """The same host with msuc-lync-udp, which leads by the file as it is.

    seen: what else the service says; None for one that does not run. more: of what the host answers besides.
    """

    seen: dict[str, Any] | None = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    def _gathered(self, path: str) -> dict[str, Any]:
        found = super()._gathered(path)
        if path == NGINX_PATH:
            return found
        said = {"digest": found["digest"], "down": [], "unasked": [], "error": "", "table": "as written"}
        watch = {"is_managed": True, "seen": None if self.seen is None else {**said, **self.seen}}
        has_nginx = NGINX_PATH in self.files
        return {**found, "watch": {**watch, "table": "as written"}, "has_nginx": has_nginx, **self.more}


def udp_provider(task: Task, remote: Remote, path: str) -> NftablesUdpProvider:
    """Return the provider of UDP services, whose module for nginx is on the same host."""
    return NftablesUdpProvider(task, remote, path, remote, NGINX_PATH)


def _servers_of(text: str) -> str:
    """Return what HAProxy tells of the servers of a file: columns of `show servers state` up to the weight."""
    told, backend = ["1", "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight"], ""
    for line in text.splitlines():
        word, name, *rest = [*line.split(), "", ""]
        backend = name if word == "backend" else backend
        if word == "server":
            weight = rest[rest.index("weight") + 1] if "weight" in rest else "1"
            told.append(f"3 {backend} 1 {name} {name} 2 {4 if 'disabled' in rest else 0} {weight}")
    return "\n".join([*told, ""])


def digest(content: str | None) -> str:
    return "" if content is None else hashlib.sha256(content.encode()).hexdigest()


def answer(provider: Provider, check_mode: bool = False) -> dict[str, Any]:
    """Return what the module of a provider returns."""
    failure: dict[str, Any] = {}
    try:
        reconcile(provider, check_mode=check_mode)
    except DeviceError as error:
        failure = {"failed": True, "msg": str(error)}
    return {**provider.result(), **failure, "check_mode": check_mode}


class Unwired:
    """Answers what a simulated appliance would answer; stands for the connection of a provider."""

    def __init__(self, appliance: netscaler.NetScaler | kemp.LoadMaster) -> None:
        self.requests = 0
        self._respond = appliance._respond

    def send(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        self.requests += 1
        given = {name.lower(): value for name, value in (headers or {}).items()}
        response = self._respond(Request(method, path, given, json.dumps(body).encode()))
        return Answer(response.status, {}, response.body().decode())

    def close(self) -> None:
        """Do nothing: nothing was opened."""
