# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listeners of a host: those that are there, read from /proc, and temporary ones of our own.

A temporary listener takes connections, says that it is one and closes them, and sends datagrams back. It ends when its
time is over or its file is gone, whatever became of who started it.
"""

from __future__ import annotations

import os
import selectors
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_TABLES = {"tcp": ("tcp", "tcp6"), "udp": ("udp", "udp6")}
# States of include/net/tcp_states.h: a listener of TCP; a socket of UDP that is bound and not connected.
_WAITING = {"tcp": "0A", "udp": "07"}
_LOOK_SECONDS = 0.2
_BANNER = b"msuc.lync temporary listener\n"
TOKEN_PREFIX = "msuc-lync-listen-"


class NotUnderstoodError(ValueError):
    """The kernel tells of its sockets in a form that this module does not know."""


def listeners(proc: str = "/proc/net") -> list[str]:
    """Return the listeners of the host, "PROTOCOL ADDRESS PORT" each, sorted."""
    found = {
        f"{protocol} {end}"
        for protocol, tables in _TABLES.items()
        for table in tables
        for end in _read_local_ends(Path(proc) / table, _WAITING[protocol])
    }
    return sorted(found)


def _read_local_ends(table: Path, state: str) -> Iterator[str]:
    try:
        lines = table.read_text(encoding="ascii", errors="backslashreplace").splitlines()[1:]
    except OSError:
        return
    for line in lines:
        try:
            columns = line.split()
            if columns[3] == state:
                address, _colon, port = columns[1].rpartition(":")
                yield f"{_decode_kernel_address(address)} {int(port, 16)}"
        except (LookupError, ValueError, OSError) as error:
            # A listener that cannot be read is not one that is missing.
            raise NotUnderstoodError(f"{table} is not understood: {line.strip()[:80]!r}") from error


def _decode_kernel_address(text: str) -> str:
    """Return an address of /proc: words of 32 bits in the order of the machine."""
    words = [bytes.fromhex(text[start : start + 8])[::-1] for start in range(0, len(text), 8)]
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, b"".join(words))


def open_listeners(wanted: Sequence[Mapping[str, Any]], seconds: int) -> tuple[str, list[str], list[str]]:
    """Start a process that listens for so many seconds; returns its file, what it listens on, and what it could not."""
    bound, failed = [], []
    for one in wanted:
        text = f"{one['protocol']} {one['address']} {one['port']}"
        try:
            bound.append((text, _bind_listener(one)))
        except OSError as error:
            failed.append(f"{text}: {error.strerror}")
    if not bound:
        return "", [], failed
    handle, token = tempfile.mkstemp(prefix=TOKEN_PREFIX)
    os.close(handle)
    _in_the_background(token, [own for _text, own in bound], seconds)
    for _text, own in bound:
        own.close()
    return token, [text for text, _own in bound], failed


def _bind_listener(one: Mapping[str, Any]) -> socket.socket:
    family = socket.AF_INET6 if ":" in one["address"] else socket.AF_INET
    own = socket.socket(family, socket.SOCK_STREAM if one["protocol"] == "tcp" else socket.SOCK_DGRAM)
    try:
        if one["protocol"] == "tcp":
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.bind((one["address"], one["port"]))
        if one["protocol"] == "tcp":
            own.listen(64)
    except OSError:
        own.close()
        raise
    own.setblocking(False)
    return own


def _in_the_background(token: str, sockets: Sequence[socket.socket], seconds: int) -> None:
    """Serve in a process of its own, which nobody waits for and which holds no file of its parent."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(nowhere, number)
            serve(token, sockets, seconds)
    finally:
        os._exit(0)


def serve(token: str, sockets: Sequence[socket.socket], seconds: float) -> None:
    """Answer until the time is over or the file is gone."""
    end = time.monotonic() + seconds
    selector = selectors.DefaultSelector()
    for one in sockets:
        selector.register(one, selectors.EVENT_READ)
    while time.monotonic() < end and os.path.exists(token):
        for key, _events in selector.select(_LOOK_SECONDS):
            _serve_once(key.fileobj)  # type: ignore[arg-type]  # they are sockets
    if os.path.exists(token):
        os.remove(token)


def _serve_once(own: socket.socket) -> None:
    try:
        if own.type == socket.SOCK_STREAM:
            connection, _peer = own.accept()
            with connection:
                connection.sendall(_BANNER)
        else:
            data, peer = own.recvfrom(65535)
            own.sendto(data, peer)
    except OSError:
        # The other side has gone.
        return


def close_listeners(token: str) -> bool:
    """Let the process of a file end; returns whether it was still there. No other file is touched."""
    path = Path(token)
    if path.parent != Path(tempfile.gettempdir()) or not path.name.startswith(TOKEN_PREFIX):
        raise ValueError(f"{token} is not a file of a temporary listener")
    was_there = path.exists()
    path.unlink(missing_ok=True)
    return was_there
