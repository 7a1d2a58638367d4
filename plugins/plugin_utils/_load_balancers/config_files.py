# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HAProxy or nginx on a Linux host as a Device: its file is read and written by the hands on the host.

    device = LinuxDevice(haproxy.DRIVER, hands, path, check_only=False)      hands: options of the host's module -> its answer

The file is ours as a whole. Whoever else listens, in other files or as other processes, stops the pool that wants the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from .._base.errors import InvalidInputError
from .driver import Driver
from .haproxy.runtime import Running, as_running, commands, health_of, read_running
from .https import DeviceError
from .listeners import others
from .model import Service
from .reconcile import Gathered, Order, Work

# Measured: with two workers 4 % of the datagrams of a second are lost around a reload, with one none.
_WORKERS = "nginx has several worker processes: a reload loses datagrams of UDP services; fix: worker_processes 1 in its main file"
Hands = Callable[[Mapping[str, object]], Mapping[str, Any]]


class LinuxDevice:
    """One host with HAProxy or nginx; check_only tries a changed file instead of leaving it to apply."""

    domain_option = ""

    def __init__(self, driver: Driver, hands: Hands, path: str, check_only: bool) -> None:
        self._driver, self._hands, self._path, self._check_only = driver, hands, path, check_only
        self._answer: Mapping[str, Any] = {}
        self._file: tuple[Service, ...] = ()
        self._running: Running = {}
        self._have: tuple[Service, ...] = ()
        self._text = ""
        self._commands: tuple[str, ...] = ()
        self._wanted: tuple[Service, ...] = ()
        self.requests = 0

    def __enter__(self) -> LinuxDevice:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def _host(self, operation: str, **more: object) -> Mapping[str, Any]:
        self.requests += 1
        answer = self._hands({"operation": operation, "path": self._path, **more})
        if answer.get("failed"):
            raise DeviceError(str(answer.get("msg") or "the host's module failed without a message"))
        return answer

    def gather(self, want: Sequence[Service]) -> Gathered:
        """Return the services of our file, members as the running process has them, and who else listens."""
        self._answer = self._host("gather")
        self._file = self._parsed(self._answer.get("content") or "")
        self._running = read_running(str(self._answer.get("servers") or ""))
        self._have = tuple(as_running(service, self._running) for service in self._file)
        has_udp = any(service.protocol == "udp" for service in want)
        facts: dict[str, object] = {"warnings": [_WORKERS]} if has_udp and int(self._answer.get("workers") or 1) > 1 else {}
        if self._running:
            facts["health"] = health_of(self._file, self._running)
        return Gathered(self._have, tuple(others(self._answer, self._driver.name)), facts)

    def _parsed(self, text: str) -> tuple[Service, ...]:
        """Return the services of a text; one that somebody broke by hand has none, and is written anew."""
        try:
            return self._driver.parse(text)
        except InvalidInputError:
            return ()

    def prepare(self, order: Order) -> Work:
        """Return what has to be done: commands of the running process where members alone change, else a reload."""
        kept = tuple(service for service in self._have if service.name in order.kept)
        self._wanted = tuple(sorted((*order.asked, *kept), key=lambda service: service.name))
        self._text = self._driver.render(self._wanted).text
        after = tuple(map(self._driver.expressible, self._wanted))
        is_written = self._text == (self._answer.get("content") or "")
        if is_written and after == self._have:
            return Work((), frozenset())
        if self._driver.name == "haproxy":
            self._commands = commands(self._have, after, self._running)
        if self._check_only:
            self._host("check", content=self._text or None)
        touched = frozenset(service.name for service in after if not is_written and service in self._have)
        words = [line.lstrip("?") for line in self._commands] or ["reload"]
        return Work((*([] if is_written else [f"write {self._path}"]), *words), touched if after == self._have else frozenset())

    def apply(self) -> None:
        """Write and reload, or run the commands and write."""
        listeners = [[service.protocol, service.vip, service.port] for service in self._wanted]
        digest = str(self._answer.get("digest") or "")
        self._host("apply", content=self._text or None, expected=digest, commands=list(self._commands), listeners=listeners)
