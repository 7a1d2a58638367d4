# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A LoadMaster over API v2: one command per request, as JSON to /accessv2; listvs tells everything in one.

A LoadMaster keeps what it is told at once: there is nothing to save. A pair answers at its shared address, which the
active unit has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..._base.errors import DeviceError
from ..._base.untyped import number, texts
from ..conflicts import Listener, Unreadable
from ..https import Https
from ..model import MemberDown, Service
from ..reconcile import APPLIANCE_SAFETY, ApplianceProvider, Gathered, Order, Task, Work
from ..relied_on import CLOSES_OF_FAILED, CONFIRMED, CONTRADICTED, Finding
from .driver import Kemp, command_line, socket_name
from .fields import VirtualService, read_switch
from .planner import Command, plan_commands

_PATH = "/accessv2"
_DROP = "droponfail"
_KEEPS = (
    f"the LoadMaster keeps connections of a member that is down, since {_DROP} is off; fix: switch on Drop Connections "
    "on RS failure (System Configuration, Miscellaneous Options, L7 Configuration)"
)
_MEANINGS: Mapping[int, str] = {
    400: "the LoadMaster does not understand the command",
    401: "key, user or password is refused",
    403: "the user may not do this",
    404: "the LoadMaster does not know the command; API v2 takes firmware 7.2.52 and newer",
    405: "the API is not enabled",
    422: "the LoadMaster refuses",
}


class KempProvider(ApplianceProvider):
    """The services of one LoadMaster."""

    safety = APPLIANCE_SAFETY

    def __init__(self, task: Task, driver: Kemp, relied_on: Sequence[str] = ()) -> None:
        """Check what needs no device; relied_on: what of it is asked for, in place of the services."""
        super().__init__(task, driver)
        self._relied_on = CLOSES_OF_FAILED in relied_on
        self._findings: list[Finding] = []
        self._kemp = driver
        self._https = Https(task.connection)
        self._present: tuple[VirtualService, ...] = ()
        self._unreadable: tuple[Unreadable, ...] = ()
        self._commands_to_send: tuple[Command, ...] = ()
        self._switch_warnings: list[str] = []

    @property
    def requests(self) -> int:
        """Return how many requests were sent."""
        return self._https.requests

    def close(self) -> None:
        """End the connection."""
        self._https.close()

    def read(self) -> Gathered:
        """Return our services and where somebody else listens."""
        if self._relied_on:
            is_on = self._closes_of_failed()
            self.was_read()
            why = f"{_DROP} is {'on' if is_on else 'off'}"
            self._findings = [Finding(CLOSES_OF_FAILED, CONFIRMED if is_on else CONTRADICTED, why)]
            return Gathered(is_known=False)
        found = self._kemp.read(self._do("listvs", {}))
        self.was_read()
        self._present, self._unreadable = found.services, found.unreadable
        ours = [item for item in self._present if self._kemp.is_ours(item)]
        services = sorted(self._services(ours), key=lambda service: service.name)
        others = [item for item in self._present if not self._kemp.is_ours(item)]
        listeners = [listener for item in others for listener in self._listeners(item)]
        listeners += [unreadable.listener for unreadable in self._unreadable]
        warnings = [*(unreadable.warning for unreadable in self._unreadable), *found.warnings]
        facts = {"unit": self.unit(self.task.connection.host), "warnings": warnings}
        return Gathered(tuple(services), tuple(listeners), facts)

    def _services(self, items: Sequence[VirtualService]) -> Iterator[Service]:
        return (service for item in items for service in self._kemp.services_of(item))

    def prepare(self, order: Order) -> Work:
        """Return the commands to what is wanted; Virtual Services whose services all stay are left alone."""
        ours = [item for item in self._present if self._kemp.is_ours(item)]
        staying = [service for item in ours for service in self._kemp.services_of(item) if service.name in order.kept]
        wanted = self._kemp.with_remote_members(self._kemp.virtual_services((*order.want, *staying)), order.asked)
        concerned = _find_concerned((*wanted, *ours), order.kept)
        touched, left = ([item for item in items if _socket_names(item) & concerned] for items in (wanted, ours))
        # Whose members one is that cannot be read is not known, so nothing is switched on the whole LoadMaster then.
        everything = None if self._unreadable else self._present
        self._commands_to_send = plan_commands(touched, left, everything)
        names = frozenset(
            name for command in self._commands_to_send for item in command.services for name in _socket_names(item)
        )
        return Work(tuple(command.line() for command in self._commands_to_send), names)

    def write(self) -> None:
        """Send the commands; raises DeviceError that says how far it came."""
        for done_before, command in enumerate(self._commands_to_send):
            try:
                self._do(command.name, command.parameters)
            except DeviceError as error:
                done = f"{done_before} of {len(self._commands_to_send)} commands were done before and stay"
                raise DeviceError(f"{error}; {done}; run again to go on") from None

    def conclude(self) -> None:
        """Read the switch by which the whole LoadMaster closes connections of a member that is down."""
        if self._relied_on or not any(service.member_down is MemberDown.CLOSE for service in self._asked):
            return
        before = self.requests
        try:
            self._switch_warnings = [] if self._closes_of_failed() else [_KEEPS]
        except (DeviceError, ValueError) as error:
            why = self.task.connection.without_secrets(str(error))
            self._switch_warnings = [f"whether {_DROP} is on is not known: {why}"]
        self._verify_requests += self.requests - before

    def _closes_of_failed(self) -> bool:
        """Ask for the switch; raises DeviceError, and ValueError for an answer that is none."""
        return read_switch(self._do("get", {"param": _DROP}).get(_DROP))

    def remarks(self) -> Mapping[str, object]:
        """Return what the LoadMaster says of what the plan relies on."""
        return {"assumptions": [found.document() for found in self._findings]}

    def result(self) -> dict[str, object]:
        """Return the result, with what the switch of the whole LoadMaster does to connections."""
        found = super().result()
        return {**found, "warnings": [*texts(found.get("warnings")), *self._switch_warnings]}

    def _listeners(self, item: VirtualService) -> list[Listener]:
        nickname = str(item.values["NickName"])
        owner = f"Virtual Service {nickname or socket_name(item.protocol, item.address, item.port)}"
        removal = (command_line("delvs", item.place),)
        return [
            Listener(owner, service.vip, service.port, service.protocol, service=service, removal=removal)
            for service in self._kemp.services_of(item)
        ]

    def _do(self, command: str, parameters: Mapping[str, object]) -> dict[str, Any]:
        """Send a command; raises DeviceError when the answer's own code, or that of HTTP, is none of success."""
        answer = self._https.send("POST", _PATH, {**self._credentials(), "cmd": command, **parameters})
        document = answer.document() if answer.ok or answer.text.lstrip().startswith("{") else {}
        found: dict[str, Any] = document if isinstance(document, dict) else {}
        code = number(found.get("code", answer.status), -1)
        if answer.ok and code == 200 and str(found.get("status", "ok")).lower() in ("ok", "success"):
            return found
        shown = {name: value for name, value in parameters.items() if name in ("vs", "port", "prot", "rs", "rsport")}
        word = _MEANINGS.get(code if code != 200 else answer.status, f"HTTP {answer.status}")
        message = str(found.get("message", "")).strip()
        raise DeviceError(
            f"{self.task.connection.place}: {command_line(command, shown)}: {word}{f': {message}' if message else ''}"
        )

    def _credentials(self) -> dict[str, str]:
        if self.task.connection.token:
            return {"apikey": self.task.connection.token}
        return {"apiuser": self.task.connection.user, "apipass": self.task.connection.password}


def _socket_names(item: VirtualService) -> frozenset[str]:
    return frozenset(socket_name(item.protocol, item.address, port) for port in item.ports)


def _find_concerned(items: Sequence[VirtualService], kept: frozenset[str]) -> frozenset[str]:
    """Return the services that change, and all that are, or will be, of one Virtual Service with one of them."""
    found: frozenset[str] = frozenset(name for item in items for name in _socket_names(item)) - kept
    while True:
        more = found.union(*(_socket_names(item) for item in items if _socket_names(item) & found))
        if more == found:
            return found
        found = more
