# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A LoadMaster over API v2: one command per request, as JSON to /accessv2; listvs tells everything in one.

A LoadMaster keeps what it is told at once: there is nothing to save. A pair answers at its shared address, which the
active unit has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..conflicts import Listener
from ..https import DeviceError, Https, Provider
from ..model import Service
from ..reconcile import Gathered, Order, Work
from .driver import Kemp, command_line, read, socket_name
from .fields import VirtualService
from .planner import Command, plan_commands

if TYPE_CHECKING:
    from typing import Self

_PATH = "/accessv2"
_WORDS: Mapping[int, str] = {
    400: "the LoadMaster does not understand the command",
    401: "key, user or password is refused",
    403: "the user may not do this",
    404: "the LoadMaster does not know the command; API v2 takes firmware 7.2.50 and newer",
    405: "the API is not enabled",
    422: "the LoadMaster refuses",
}


class KempDevice:
    """The Device of the driver kemp."""

    # A LoadMaster has one network, as far as its Virtual Services go.
    domain_option = ""

    def __init__(self, provider: Provider, driver: Kemp) -> None:
        self._provider = provider
        self._driver = driver
        self._https = Https(provider)
        self._have: tuple[VirtualService, ...] = ()
        self._commands: tuple[Command, ...] = ()

    @property
    def requests(self) -> int:
        """Return how many requests were sent."""
        return self._https.requests

    def __enter__(self) -> Self:
        self._https.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._https.__exit__(kind, error, trace)

    def gather(self, want: Sequence[Service]) -> Gathered:
        """Return our services and where somebody else listens."""
        document = self._do("listvs", {})
        self._have = tuple(read({"VS": document.get("VS", [])}))
        others = [item for item in self._have if not self._driver.is_ours(item)]
        listeners = tuple(listener for item in others for listener in self._listeners(item))
        return Gathered(self._driver.parse(document if "VS" in document else {"VS": []}), listeners, {"unit": self._provider.host})

    def prepare(self, order: Order) -> Work:
        """Return the commands to what is wanted; Virtual Services whose services all stay are left alone."""
        ours = [item for item in self._have if self._driver.is_ours(item)]
        staying = [service for item in ours for service in self._driver.services_of(item) if service.name in order.kept]
        wanted = self._driver.virtual_services((*order.want, *staying))
        concerned = _concerned((*wanted, *ours), order.kept)
        touched, left = ([item for item in items if _names(item) & concerned] for items in (wanted, ours))
        self._commands = plan_commands(touched, left, self._have)
        names = frozenset(name for command in self._commands for item in command.services for name in _names(item))
        return Work(tuple(command.line() for command in self._commands), names)

    def apply(self) -> None:
        """Send the commands; raises DeviceError that says how far it came."""
        for number, command in enumerate(self._commands):
            try:
                self._do(command.name, command.parameters)
            except DeviceError as error:
                raise DeviceError(f"{error}; {number} of {len(self._commands)} commands were done before and stay; run again to go on") from None

    def _listeners(self, item: VirtualService) -> list[Listener]:
        nickname = str(item.values["NickName"])
        owner = f"Virtual Service {nickname or socket_name(item.protocol, item.address, item.port)}"
        removal = (command_line("delvs", item.place),)
        return [Listener(owner, service.vip, service.port, service.protocol, service=service, removal=removal) for service in self._driver.services_of(item)]

    def _do(self, command: str, parameters: Mapping[str, object]) -> dict[str, Any]:
        """Send a command; raises DeviceError when the answer's own code, or that of HTTP, is none of success."""
        answer = self._https.send("POST", _PATH, {**self._credentials(), "cmd": command, **parameters})
        document = answer.document() if answer.ok or answer.text.lstrip().startswith("{") else {}
        found: dict[str, Any] = document if isinstance(document, dict) else {}
        code = int(found.get("code", answer.status))
        if answer.ok and code == 200 and str(found.get("status", "ok")).lower() in ("ok", "success"):
            return found
        shown = {name: value for name, value in parameters.items() if name in ("vs", "port", "prot", "rs", "rsport")}
        word = _WORDS.get(code if code != 200 else answer.status, f"HTTP {answer.status}")
        message = str(found.get("message", "")).strip()
        raise DeviceError(f"{self._provider.place}: {command_line(command, shown)}: {word}{f': {message}' if message else ''}")

    def _credentials(self) -> dict[str, str]:
        if self._provider.token:
            return {"apikey": self._provider.token}
        return {"apiuser": self._provider.user, "apipass": self._provider.password}


def _names(item: VirtualService) -> frozenset[str]:
    return frozenset(socket_name(item.protocol, item.address, port) for port in item.ports)


def _concerned(items: Sequence[VirtualService], kept: frozenset[str]) -> frozenset[str]:
    """Return the services that change, and all that are, or will be, of one Virtual Service with one of them."""
    found: frozenset[str] = frozenset(name for item in items for name in _names(item)) - kept
    while True:
        more = found.union(*(_names(item) for item in items if _names(item) & found))
        if more == found:
            return found
        found = more
