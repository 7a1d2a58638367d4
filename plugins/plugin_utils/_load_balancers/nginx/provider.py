# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nginx on a Linux host, and the service beside it that knows from HAProxy which members of UDP services are down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..._base.changes import State
from ..._base.errors import DeviceError
from ..config_files import ConfigFileProvider, Remote
from ..model import Service
from ..reconcile import Order, Task, Work
from .driver import DRIVER, file_text, tcp_listeners

# Measured: with two workers 4 % of the datagrams of a second are lost around a reload, with one none.
_WORKERS = (
    "nginx has several worker processes: a reload loses datagrams of UDP services; "
    "fix: worker_processes 1 in its main file"
)
# Each port of a client holds two connections for UDP_IDLE_SECONDS; a call opens several.
_CLIENT_PORTS = 5000
_CONNECTIONS = 2 * _CLIENT_PORTS + 240
_NGINX_CONNECTIONS, _SYSTEMD_FILES = 512, 1024
_SERVICE = "msuc-lync-udp.service"


class NginxProvider(ConfigFileProvider):
    """The UDP services of nginx on one host."""

    def __init__(self, task: Task, remote: Remote, path: str) -> None:
        super().__init__(task, DRIVER, remote, path)

    def earlier(self, text: str) -> str:
        """Return a file as version 0.1 wrote it: without the port of a client."""
        return text.replace("[$remote_addr]", "$remote_addr").replace("$remote_addr:$remote_port", "$remote_addr")

    def text_read(self, services: tuple[Service, ...]) -> str:
        """Return the text of a file with services that were read of one; version 0.1 had others than render takes."""
        return file_text(services)

    @property
    def _has_members(self) -> bool:
        return any(service.members for service in self.want)

    @property
    def _watch(self) -> Mapping[str, Any]:
        """Return what the host says of the service that watches members: is_managed, seen."""
        found = self.file.answer.get("watch")
        return found if isinstance(found, Mapping) else {}

    @property
    def _last_look(self) -> Mapping[str, Any]:
        """Return what that service saw last, of the file as it is; nothing where it does not run."""
        seen = self._watch.get("seen") or {}
        return seen if seen.get("digest") == self.file.answer.get("digest") else {}

    def facts(self, services: tuple[Service, ...]) -> Mapping[str, object]:
        """Return warnings where datagrams of a wanted service would be lost, and who is down."""
        warnings = list(self._warnings()) if self._has_members else []
        health = {"health": self._health_of(services)} if self._has_members and self._last_look else {}
        return {**({"warnings": warnings} if warnings else {}), **health}

    def _health_of(self, services: tuple[Service, ...]) -> dict[str, object]:
        """Return how many members of UDP services are up, and which are down, as the driver of HAProxy does."""
        down = set(self._last_look.get("down") or ())
        pairs = [(service, member) for service in services for member in service.members if service.protocol == "udp"]
        places = [(f"{each.name} {one.address}", f"{one.address} {each.node_port}" in down) for each, one in pairs]
        found = [name for name, is_down in places if is_down]
        return {"up": len(places) - len(found), "down": found}

    def _warnings(self) -> Iterator[str]:
        if int(self.file.answer.get("workers") or 1) > 1:
            yield _WORKERS
        if self._watch and not self._watch.get("is_managed") and not self._last_look:
            text = "this host has no systemd, so nobody finds out that a member of a UDP service has no power"
            yield f"{text}; fix: run udp_health.py of the collection beside nginx"
        if self._last_look.get("error"):
            forgets = "what it last knew goes after 10 s, and then all members get traffic"
            yield f"{_SERVICE}: {self._last_look['error']}; {forgets}"
        if self._last_look.get("unasked"):
            members = ", ".join(map(str, self._last_look["unasked"]))
            yield f"HAProxy on this host asks nobody of {members}, so that a UDP service keeps a member without power"

    def prepare(self, order: Order) -> Work:
        """Return what has to be done; raises DeviceError where nginx has no room for the clients of a service, and
        where TCP services of version 0.1 would go unasked, or stay.
        """
        self._refuse_tcp(order)
        work = super().prepare(order)
        names = frozenset(each.name for each in self._wanted if each.members)
        if names:
            self._refuse_small()
        if work.lines or not names or self._last_look or not self._watch.get("is_managed"):
            return work
        return Work((f"start {_SERVICE}",), names & {service.name for service in self._services})

    def _refuse_tcp(self, order: Order) -> None:
        """Leave alone what serves users now: HAProxy cannot listen before nginx stops, so somebody chooses when."""
        found = tcp_listeners(self.file.text)
        keeps = any(service.protocol == "tcp" for service in self._services if service.name in order.kept)
        if found and (keeps or self.task.state is not State.DELETED):
            raise DeviceError(
                f"{self.file.path} has TCP services of an earlier version, on {', '.join(found)}, and nginx carries "
                "UDP alone, since it asks no member whether it is well; nothing was written, and they go on as they "
                "are; fix: with lync_balancer_driver: haproxy in the inventory, remove them by "
                "msuc.lync.nginx_stream_services with state deleted, and run site.yml at once, when it suits users"
            )

    def _refuse_small(self) -> None:
        texts = [str(text) for _path, text in self.file.answer.get("files") or ()]
        if not texts:
            return
        connections = _number_of("worker_connections", texts, _NGINX_CONNECTIONS)
        files = _number_of("worker_rlimit_nofile", texts, _SYSTEMD_FILES)
        room = min(connections, files) * max(1, int(self.file.answer.get("workers") or 1))
        if room < _CONNECTIONS:
            raise DeviceError(
                f"nginx has room for {room // 2} ports of clients at a time, by worker_connections {connections} and "
                f"worker_rlimit_nofile {files}, and UDP services need {_CLIENT_PORTS}; nothing was written; fix: "
                "events { worker_connections 16384; } and worker_rlimit_nofile 32768; in its main file, and a restart"
            )


def _number_of(name: str, texts: list[str], default: int) -> int:
    found = [int(match) for text in texts for match in re.findall(rf"(?m)(?:^|[;{{\s]){name}\s+(\d+)\s*;", text)]
    return found[-1] if found else default
