# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Thousands of connections and datagrams at once, from one process: its sockets belong to many namespaces.

    servers.run([Probe("10.10.3.4", "10.1.0.100", 5061, "tcp")], seconds=5) == {probe: "fe02"}

An outcome is the name of who answered, "refused" (the packet arrived where nobody listens), or "silent".
"""

from __future__ import annotations

import contextlib
import errno
import resource
import selectors
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..simulators.probe_servers import stun_answer
from .network import Network

REFUSED, SILENT = "refused", "silent"
_BATCH = 1500
_BIND_ADDRESS_NO_PORT, _IP_TRANSPARENT, _IPV6_TRANSPARENT, _IP_PKTINFO = 24, 19, 75, 8
_REFUSALS = (errno.ECONNREFUSED, errno.ECONNRESET)


@dataclass(frozen=True, order=True)
class Probe:
    """One packet that is to arrive or not; why: the rule that says so."""

    source: str
    target: str
    port: int
    protocol: str
    why: str = ""


def _socket(address: str, protocol: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    found.setblocking(False)
    return found


class Servers:
    """Small servers that say who they are on every port that is given, and the probes against them.

    peers: the addresses that came to a port, by name of the server, protocol and port. ends: the same with their
    ports. own_ends: what probes had for theirs.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._selector = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        self.peers: dict[tuple[str, str, int], set[str]] = defaultdict(set)
        self.ends: dict[tuple[str, str, int], set[tuple[str, int]]] = defaultdict(set)
        self.own_ends: set[tuple[str, int]] = set()
        self._kept: list[socket.socket] | None = None
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def serve(self, name: str, ports: Iterable[tuple[str, int]]) -> None:
        """Listen in a namespace on ports, given as (protocol, port), in both families."""
        with self._network.inside(name):
            for protocol, port in sorted(set(ports)):
                for wildcard in ("0.0.0.0", "::"):
                    self._listen(name, wildcard, protocol, port)

    def _listen(self, name: str, wildcard: str, protocol: str, port: int) -> None:
        listener = _socket(wildcard, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in wildcard:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        else:
            listener.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        listener.bind((wildcard, port))
        if protocol == "tcp":
            listener.listen(2048)
        self._sockets.append(listener)
        self._selector.register(
            listener,
            selectors.EVENT_READ,
            (self._greet if protocol == "tcp" else _echo, (name, *self._known(name, protocol, port))),
        )

    def _known(self, *key: Any) -> tuple[set[str], set[tuple[str, int]]]:
        return self.peers[key], self.ends[key]

    def forget(self) -> None:
        """Forget who came to the ports."""
        for found in (*self.peers.values(), *self.ends.values()):
            found.clear()
        self.own_ends.clear()

    @contextlib.contextmanager
    def keeping(self) -> Iterator[None]:
        """Keep connections open meanwhile, in place of closing them once it was said who answers."""
        self._kept = []
        try:
            yield
        finally:
            kept, self._kept = self._kept, None
            for each in kept:
                each.close()

    def _greet(self, listener: socket.socket, about: tuple[str, set[str], set[tuple[str, int]]]) -> None:
        name, peers, ends = about
        for connection, peer in _accepted(listener):
            peers.add(peer[0])
            ends.add(peer[:2])
            with contextlib.suppress(OSError):
                connection.send(name.encode())
            if self._kept is None:
                connection.close()
            else:
                self._kept.append(connection)

    def leave(self, name: str, protocol: str, port: int) -> None:
        """Stop listening on a port of a namespace, for another program."""
        for each in [each for each in self._sockets if self._is(each, name, protocol, port)]:
            self._selector.unregister(each)
            self._sockets.remove(each)
            each.close()

    def _is(self, listener: socket.socket, name: str, protocol: str, port: int) -> bool:
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        return (self._selector.get_key(listener).data[1][0], listener.type, listener.getsockname()[1]) == (
            name,
            kind,
            port,
        )

    def close(self) -> None:
        """Close all servers."""
        for each in self._sockets:
            each.close()
        self._selector.close()

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Answer in the background meanwhile, to probes of others."""
        is_over = threading.Event()

        def work() -> None:
            while not is_over.is_set():
                self._turn(0.1)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()

    def run(self, probes: Sequence[Probe], seconds: float, early: bool = True) -> dict[Probe, str]:
        """Return the outcome of each probe. seconds: how long silence lasts; early: end when all are answered."""
        outcomes: dict[Probe, str] = {}
        ordered = sorted(probes, key=lambda probe: self._network.place_of(probe.source))
        for start in range(0, len(ordered), _BATCH):
            outcomes |= self._batch(ordered[start : start + _BATCH], seconds, early)
        return outcomes

    def _batch(self, probes: Sequence[Probe], seconds: float, early: bool) -> dict[Probe, str]:
        waiting: dict[Probe, socket.socket] = {}
        outcomes: dict[Probe, str] = {}

        def _done(probe: Probe, outcome: str) -> None:
            outcomes[probe] = outcome
            used = waiting.pop(probe)
            self._selector.unregister(used)
            used.close()

        for place, group in groupby(probes, key=lambda probe: self._network.place_of(probe.source)):
            with self._network.inside(place):
                for probe in group:
                    waiting[probe] = self._begin(probe, place in self._network.hosts, _done)
                    self._turn(0)
        end = time.monotonic() + seconds
        while time.monotonic() < end and (waiting or not early):
            if self._turn(0.05) and early:
                end = time.monotonic() + seconds
        for probe in list(waiting):
            _done(probe, SILENT)
        return outcomes

    def clients(self, probes: Iterable[Probe]) -> dict[Probe, socket.socket]:
        """Return a socket of each probe, which nobody reads from here; one of UDP has asked once."""
        found = {}
        for probe in probes:
            place = self._network.place_of(probe.source)
            with self._network.inside(place):
                found[probe] = self._connect(probe, place in self._network.hosts)
        return found

    def _begin(self, probe: Probe, is_own: bool, done: Callable[[Probe, str], None]) -> socket.socket:
        used = self._connect(probe, is_own)
        self._selector.register(used, selectors.EVENT_READ, (_hear, (probe, done)))
        return used

    def _connect(self, probe: Probe, is_own: bool) -> socket.socket:
        used = _socket(probe.source, probe.protocol)
        if not is_own:
            level, option = (
                (socket.IPPROTO_IPV6, _IPV6_TRANSPARENT)
                if ":" in probe.source
                else (socket.IPPROTO_IP, _IP_TRANSPARENT)
            )
            used.setsockopt(level, option, 1)
        used.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
        used.bind((probe.source, 0))
        code = used.connect_ex((probe.target, probe.port))
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, f"{probe}: {errno.errorcode.get(code, code)}")
        self.own_ends.add(used.getsockname()[:2])
        if probe.protocol == "udp":
            used.send(b"who")
        return used

    def _turn(self, seconds: float) -> int:
        events = self._selector.select(seconds)
        for key, _mask in events:
            call, argument = key.data
            call(key.fileobj, argument)
        return len(events)


def _accepted(listener: socket.socket) -> Iterator[tuple[socket.socket, tuple[str, int]]]:
    while True:
        try:
            yield listener.accept()
        except OSError:
            return


def _echo(listener: socket.socket, about: tuple[str, set[str], set[tuple[str, int]]]) -> None:
    """Answer from the address that was asked, which a host with several must be told; a binding request of STUN as
    one.
    """
    name, peers, ends = about
    while True:
        try:
            data, control, _flags, peer = listener.recvmsg(64, 256)
        except OSError:
            return
        peers.add(peer[0])
        ends.add(peer[:2])
        answer = stun_answer(data) or name.encode()
        listener.sendmsg([answer], [(level, kind, _reply(level, part)) for level, kind, part in control], 0, peer)


def _reply(level: int, data: bytes) -> bytes:
    """Return the packet information with the asked address as the one to send from (struct in_pktinfo, in6_pktinfo)."""
    return bytes(4) + data[4:8] + bytes(4) if level == socket.IPPROTO_IP else data[:16] + bytes(4)


def _hear(used: socket.socket, about: tuple[Probe, Callable[[Probe, str], None]]) -> None:
    probe, done = about
    try:
        data = used.recv(64)
    except OSError as error:
        done(probe, REFUSED if error.errno in _REFUSALS else f"error {error}")
        return
    done(probe, data.decode() or REFUSED)
