# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file of nginx in which an earlier version had services, on a Linux host: it is read, and removed.

HAProxy carries TCP and nftables UDP; nginx asks no member whether it is well.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..._base.changes import State
from ..._base.errors import DeviceError, InvalidInputError, Problem
from ..config_files import ConfigFileProvider, Remote
from ..model import Service
from ..reconcile import Order, Task, Work
from .driver import DRIVER, file_text, tcp_listeners

_CARRIED_ELSEWHERE = "use msuc.lync.haproxy_services for TCP, and msuc.lync.nftables_udp_services for UDP"


class NginxProvider(ConfigFileProvider):
    """The services of an earlier version in nginx on one host."""

    def __init__(self, task: Task, remote: Remote, path: str) -> None:
        super().__init__(task, DRIVER, remote, path)

    def earlier(self, text: str) -> str:
        """Return a file as version 0.1 wrote it: without the port of a client."""
        return text.replace("[$remote_addr]", "$remote_addr").replace("$remote_addr:$remote_port", "$remote_addr")

    def text_read(self, services: tuple[Service, ...]) -> str:
        """Return the text of a file with services that were read of one."""
        return file_text(services)

    def prepare(self, order: Order) -> Work:
        """Return what has to be done; raises DeviceError where TCP services would go unasked, or stay."""
        found = tcp_listeners(self.file.text)
        keeps = any(service.protocol == "tcp" for service in self._services if service.name in order.kept)
        if found and (keeps or self.task.state is not State.DELETED):
            raise tcp_stays(self.file.path, found)
        return super().prepare(order)


def refuse_services(task: Task) -> None:
    """Raise InvalidInputError where nginx is to carry services."""
    if task.services and task.state is not State.DELETED:
        names = ", ".join(service.name for service in task.services)
        problem = Problem("services", f"nginx carries none any more: {names}", "state deleted", _CARRIED_ELSEWHERE)
        raise InvalidInputError([problem])


def tcp_stays(path: str, found: Sequence[str]) -> DeviceError:
    """Return why a file is left alone that serves users now: HAProxy cannot listen before nginx stops, so somebody
    chooses when.
    """
    return DeviceError(
        f"{path} has TCP services of an earlier version, on {', '.join(found)}, and nginx carries none any more, since "
        "it asks no member whether it is well; nothing was written, and they go on as they are; fix: with "
        "lync_balancer_driver: haproxy in the inventory, remove them by msuc.lync.nginx_stream_services with state "
        "deleted, and run site.yml at once, when it suits users"
    )
