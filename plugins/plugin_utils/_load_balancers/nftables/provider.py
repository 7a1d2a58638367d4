# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""UDP services of a Linux host: the file, the service that leads by it, and what the host must have for that.

nginx carried UDP in earlier versions. Its file goes after the kernel leads, so nobody waits for an answer in between.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..._base.changes import State
from ..._base.errors import MALFORMED, DeviceError, InvalidInputError, shown, understood
from ..._base.nft_chains import Foreign
from ..._base.untyped import mappings
from ..config_files import ConfigFileProvider, Remote, RemoteFile
from ..model import Service
from ..nginx.driver import DRIVER as NGINX
from ..nginx.driver import tcp_listeners
from ..nginx.provider import tcp_stays
from ..reconcile import Gathered, Order, Task, Work
from .driver import DRIVER
from .foreign import translating, unknown_chains

_SERVICE = "msuc-lync-udp.service"
# Each port of a client is one entry of the kernel's table of connections.
_CLIENT_PORTS = 5000
_ROOM = 4 * _CLIENT_PORTS
_START_BY_HAND = "run udp_ring.py of the collection beside HAProxy"
_FORWARDING = "a file below /etc/sysctl.d with net.ipv6.conf.all.forwarding = 1, and sysctl --system"


class NftablesUdpProvider(ConfigFileProvider):
    """The UDP services that the kernel of one host leads."""

    def __init__(self, task: Task, remote: Remote, path: str, nginx: Remote, nginx_path: str) -> None:
        """Check what needs no host; raises InvalidInputError.

        nginx: the module for nginx on the host; nginx_path: where an earlier version had its file.
        """
        super().__init__(task, DRIVER, remote, path)
        self._nginx = RemoteFile(nginx, nginx_path)
        self._nginx_services: tuple[Service, ...] = ()
        self._leaves_nginx = False

    # What there is.

    @property
    def requests(self) -> int:
        """Return how often the host was asked."""
        return super().requests + self._nginx.requests

    @property
    def _watch(self) -> Mapping[str, Any]:
        """Return what the host says of the service: is_managed, seen, table."""
        found = self.file.answer.get("watch")
        return found if isinstance(found, Mapping) else {}

    @property
    def _foreign(self) -> Foreign:
        """Return the tables of nftables of others."""
        problem = self.file.answer.get("others_problem")
        if problem:
            return Foreign(problem=f"the tables of others could not be read: {shown(problem)}")
        return Foreign.read(mappings(self.file.answer.get("others") or []))

    @property
    def _last_look(self) -> Mapping[str, Any]:
        """Return what the service saw last, of the file as it is; nothing where it does not run."""
        seen = self._watch.get("seen")
        is_current = isinstance(seen, Mapping) and seen.get("digest") == self.file.answer.get("digest")
        return seen if is_current and isinstance(seen, Mapping) else {}

    def read(self) -> Gathered:
        """Return the services of our file; listeners of nginx' that an earlier version made are not in the way."""
        with understood("what the host says of UDP services"):
            found = super().read()
        self._read_nginx()
        old = {(each.vip, each.port) for each in self._nginx_services}
        others = tuple(
            each
            for each in found.listeners
            if not (each.owner.startswith("process nginx ") and (each.address, each.port) in old)
        )
        with understood("the tables of nftables"):
            others += tuple(translating(self._foreign, self.want))
        return Gathered(found.services, others, found.facts, found.is_standby, found.is_known)

    def _read_nginx(self) -> None:
        """Read the file of an earlier version, where there is one; raises DeviceError for one that is not known."""
        self._nginx_services = ()
        if not self.file.answer.get("has_nginx"):
            self._nginx.answer = {}
            return
        self._nginx.gather()
        tcp = tcp_listeners(self._nginx.text)
        if tcp:
            raise tcp_stays(self._nginx.path, tcp)
        try:
            self._nginx_services = NGINX.parse(self._nginx.text)
        except InvalidInputError as error:
            first = error.problems[0]
            raise DeviceError(
                f"{self._nginx.path} of an earlier version cannot be read whole: {first.place}: {first.message}; "
                "nothing was written; fix: remove it by msuc.lync.nginx_stream_services with state deleted"
            ) from error

    def facts(self, services: tuple[Service, ...]) -> Mapping[str, object]:
        """Return who is down, and what nobody can tell for the owner."""
        warnings = list(self._warnings()) if self.want else []
        health = {"health": self._health_of(services)} if services and self._last_look else {}
        return {**({"warnings": warnings} if warnings else {}), **health}

    def _health_of(self, services: tuple[Service, ...]) -> dict[str, object]:
        names = [f"{service.name} {member.address}" for service in services for member in service.members]
        down = [name for name in names if name in set(self._last_look.get("down") or ())]
        return {"up": len(names) - len(down), "down": down}

    def _warnings(self) -> Iterator[str]:
        for name, verdict in self._forward_chains():
            if verdict is None:
                yield (
                    f"chain {name} drops what is forwarded unless a rule of it admits it, and nobody can tell from "
                    "here what its rules admit; fix: let it accept ct status dnat"
                )
        yield from self._unknown_translations()

    def _unknown_translations(self) -> Iterator[str]:
        """Yield of which tables of others nobody can tell whether they translate what is ours."""
        foreign = self._foreign
        if foreign.problem:
            yield foreign.problem
        for name in unknown_chains(foreign, self.want):
            yield (
                f"chain {name} may translate what is led here, by rules that are not understood; of two that translate "
                "a connection the first one has it; fix: look at the chain"
            )
        if "nat" in (self.file.answer.get("legacy_tables") or ()):
            yield (
                "iptables of before nftables has a table nat on this host, which nft does not show; whether it "
                "translates what is led here is not known; fix: look at iptables-legacy -t nat -S"
            )

    def _forward_chains(self) -> Iterator[tuple[str, bool | None]]:
        """Yield chains of others that drop what is forwarded, and whether they admit what is translated, None where
        that cannot be told.
        """
        for name, expressions in self.file.answer.get("forward") or ():
            try:
                yield str(name), _admits_translated(json.loads(str(expressions)))
            except MALFORMED:
                yield str(name), None

    # What is to be done.

    def prepare(self, order: Order) -> Work:
        """Return what has to be done; raises DeviceError where the host cannot lead datagrams, and where nobody would
        find out that a member is dead.
        """
        with understood("what the host says of UDP services"):
            return self._prepare(order)

    def _prepare(self, order: Order) -> Work:
        work = super().prepare(order)
        wanted = [service for service in self._wanted if service.members]
        if wanted:
            self._refuse_host(wanted)
        lines = [*work.lines, *self._service_lines(bool(work.lines), bool(wanted)), *self._nginx_lines()]
        if wanted and not lines:
            self._refuse_blind()
        names = {service.name for service in wanted} & {service.name for service in self._services}
        touched = work.touched | (names if lines and not work.lines else frozenset())
        differences = self._differences() if wanted and not work.lines else ()
        return Work(tuple(lines), frozenset(touched), differences=differences)

    def _service_lines(self, is_written: bool, is_wanted: bool) -> list[str]:
        if is_written or not is_wanted:
            return []
        if not self._last_look:
            return [f"start {_SERVICE}"]
        return [f"restart {_SERVICE}"] if self._differences() else []

    def _differences(self) -> tuple[str, ...]:
        """Return what no service of the file shows: that nobody leads by it, or that the kernel has another table than
        the service wrote, which it puts right each second.
        """
        if not self._last_look:
            return (f"{_SERVICE} does not run, or leads by another file",)
        if self._watch.get("table") == self._last_look.get("table"):
            return ()
        return ("the table inet msuc_lync_lb is not as msuc-lync-udp wrote it",)

    def _nginx_lines(self) -> list[str]:
        """Return the line that removes nginx' file, once everything that it leads is led, or nothing is to be kept."""
        if self._nginx.answer.get("content") is None:
            self._leaves_nginx = False
            return []
        led = {(service.vip, service.port) for service in self._wanted}
        is_brought = self.task.state in (State.REPLACED, State.DELETED) and not self._conflicts
        missing = {(each.vip, each.port) for each in self._nginx_services} - led
        self._leaves_nginx = not missing or is_brought
        return [f"remove {self._nginx.path}, reload nginx"] if self._leaves_nginx else []

    def _refuse_host(self, wanted: Sequence[Service]) -> None:
        """Raise DeviceError with all that keeps the kernel of this host from leading datagrams."""
        found = list(self._host_problems(wanted))
        if found:
            raise DeviceError(f"{'; '.join(found)}; nothing was written")

    def _host_problems(self, wanted: Sequence[Service]) -> Iterator[str]:
        answer = self.file.answer
        if not self._watch.get("is_managed") and self._watch.get("seen") is None:
            yield f"this host has no systemd, and nobody runs {_SERVICE}; fix: {_START_BY_HAND}"
        most = int(answer.get("most_connections") or _ROOM)
        if most < _ROOM:
            yield (
                f"the kernel remembers {most} connections, and UDP services need {_ROOM}; fix: "
                f"net.netfilter.nf_conntrack_max = {4 * _ROOM} below /etc/sysctl.d"
            )
        if any(":" in service.vip for service in wanted) and answer.get("forwards_ipv6") is False:
            yield f"this host forwards no IPv6, and to switch it on may cost it its own route; fix: {_FORWARDING}"
        for name, verdict in self._forward_chains():
            if verdict is False:
                yield f"chain {name} drops what is forwarded; fix: nft insert rule {name} ct status dnat accept"

    def _refuse_blind(self) -> None:
        """Raise DeviceError where a member that is dead would keep its clients."""
        members = ", ".join(map(str, self._last_look.get("unasked") or ()))
        if self._last_look.get("error"):
            raise DeviceError(
                f"{_SERVICE}: {shown(self._last_look['error'])}; who is down is not known, and a member without power "
                "keeps its clients; fix: look at its log, and whether HAProxy runs"
            )
        if members:
            raise DeviceError(
                f"HAProxy on this host asks nobody of {members}, so a member without power keeps its clients; "
                "fix: bring the TCP services of the pool first, as site.yml does"
            )

    def write(self) -> None:
        """Write the file and let the service lead by it, then take nginx out."""
        text, is_empty = self._text, not self._wanted
        if not (is_empty and self.file.answer.get("content") is None):
            self.evidence |= self.file.apply(text, [])
        if self._leaves_nginx:
            self._nginx.apply("", [])


def _admits_translated(rules: Sequence[Sequence[Any]]) -> bool | None:
    """Return whether a chain accepts what is translated; None where a rule of it is not understood."""
    if any(_is_translated(rule) and {"accept": None} in rule for rule in rules):
        return True
    words = {name for rule in rules for part in rule for name in part}
    return None if words & {"xt", "jump", "goto", "vmap"} else False


def _is_translated(rule: Sequence[Any]) -> bool:
    matches = [part["match"] for part in rule if "match" in part]
    left = [{"ct": {"key": "status"}}]
    return [match["left"] for match in matches] == left and "dnat" in json.dumps(matches[0]["right"])
