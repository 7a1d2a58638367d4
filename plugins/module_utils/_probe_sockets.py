# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Probes of a host, by sockets: connections, certificates, datagrams. What they mean is decided on the controller."""

from __future__ import annotations

import base64
import errno
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_LARGEST_ANSWER = 65535
_CHANGE_CIPHER, _HANDSHAKE, _CERTIFICATE = 20, 22, 11
# Two classes before Python 3.10.
_TIMED_OUT = (socket.timeout, TimeoutError)
_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN)


class Pace:
    """Lets so many probes start in a second, and none after the end of the time."""

    def __init__(self, per_second: float, total_seconds: float) -> None:
        self._lock = threading.Lock()
        self._gap = 1.0 / per_second
        self._next = time.monotonic()
        self._end = self._next + total_seconds

    def wait(self) -> bool:
        """Wait for the turn; returns whether there is still time."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self._gap
        if turn >= self._end:
            return False
        time.sleep(turn - now)
        return True


def run_probes(probes: Sequence[Mapping[str, Any]], options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the answers to probes in their order, each with id, state, milliseconds and message, and what was
    heard.
    """
    pace = Pace(options["per_second"], options["total_seconds"])
    if not probes:
        return []
    with ThreadPoolExecutor(max_workers=options["at_once"]) as pool:
        return list(pool.map(lambda probe: _ask_one_probe(probe, options["timeout_milliseconds"] / 1000, pace), probes))


def _ask_one_probe(probe: Mapping[str, Any], seconds: float, pace: Pace) -> dict[str, Any]:
    if not pace.wait():
        return {"id": probe["id"], "state": "skipped", "milliseconds": 0, "message": "the time of all probes was over"}
    started = time.monotonic()
    answer: dict[str, Any] = {"state": "open", "message": ""}
    try:
        _ASK[probe["kind"]](probe, seconds, answer)
    except (OSError, ValueError) as error:
        answer.update(state=_classify_error(error), message=str(error))
    milliseconds = answer.pop("milliseconds", None)
    return {
        **answer,
        "id": probe["id"],
        "milliseconds": _milliseconds(started) if milliseconds is None else milliseconds,
    }


def _classify_error(error: Exception) -> str:
    if isinstance(error, _TIMED_OUT):
        return "timed_out"
    if isinstance(error, (ConnectionRefusedError, ConnectionResetError)):
        return "refused"
    return "unreachable" if getattr(error, "errno", None) in _UNREACHABLE else "failed"


def _milliseconds(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _open_bound_socket(probe: Mapping[str, Any], kind: socket.SocketKind, seconds: float) -> socket.socket:
    """Return a socket that comes from the address of the probe."""
    own = socket.socket(socket.AF_INET6 if ":" in probe["address"] else socket.AF_INET, kind)
    try:
        own.settimeout(seconds)
        if probe.get("source"):
            own.bind((probe["source"], 0))
    except OSError as error:
        own.close()
        # Whatever the system calls it, it is no word of the other side.
        raise ValueError(f"nothing can come from {probe['source']}: {error.strerror}") from error
    return own


def _tcp(probe: Mapping[str, Any], seconds: float, answer: dict[str, Any]) -> None:
    with _connect(probe, seconds, answer) as own:
        payload = base64.b64decode(probe.get("payload") or "")
        if payload:
            own.sendall(payload)
            _hear(own, answer, seconds)
        elif probe.get("hold_milliseconds"):
            _hear(own, answer, probe["hold_milliseconds"] / 1000)


def _connect(probe: Mapping[str, Any], seconds: float, answer: dict[str, Any]) -> socket.socket:
    started = time.monotonic()
    own = _open_bound_socket(probe, socket.SOCK_STREAM, seconds)
    try:
        own.connect((probe["address"], probe["port"]))
    except OSError:
        own.close()
        raise
    answer["milliseconds"] = _milliseconds(started)
    return own


def _hear(own: socket.socket, answer: dict[str, Any], seconds: float) -> None:
    """Note what comes after the connection; silence is fine, an end is told."""
    own.settimeout(seconds)
    try:
        heard = own.recv(_LARGEST_ANSWER)
    except _TIMED_OUT:
        return
    except OSError:
        heard = b""
    answer["closed"] = not heard
    answer["answer"] = base64.b64encode(heard).decode()


def _ask_by_tls(probe: Mapping[str, Any], seconds: float, answer: dict[str, Any]) -> None:
    with _connect(probe, seconds, answer) as own:
        if probe.get("hold_milliseconds"):
            _hear(own, answer, probe["hold_milliseconds"] / 1000)
        if "answer" in answer:
            # A server of TLS never speaks first.
            return
        own.settimeout(seconds)
        taken = bytearray()
        try:
            der = _handshake(own, taken, probe.get("server_name") or None)
        except (OSError, ValueError) as error:
            # A server that wants a certificate of the client has shown its own by then, up to TLS 1.2 in the clear.
            der = shown_certificate(bytes(taken))
            answer["closed"] = not taken and isinstance(error, ConnectionError)
            answer["silent"] = not taken and isinstance(error, _TIMED_OUT)
            answer["message"] = "" if der else f"no certificate: {error}"
        answer["certificate"] = base64.b64encode(der).decode()


def _handshake(own: socket.socket, taken: bytearray, server_name: str | None) -> bytes:
    """Return the certificate that the other side shows; taken gets all that it sends."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = _reading_only().wrap_bio(incoming, outgoing, server_hostname=server_name)
    while True:
        try:
            secured.do_handshake()
            return secured.getpeercert(binary_form=True) or b""
        except ssl.SSLWantReadError:
            own.sendall(outgoing.read())
        data = own.recv(_LARGEST_ANSWER)
        if not data:
            raise ConnectionResetError("the other side ended the connection")
        taken += data
        incoming.write(data)


def shown_certificate(data: bytes) -> bytes:
    """Return the first certificate in what a server of TLS 1.2 or older sent (RFC 5246 sections 6.2.1, 7.4, 7.4.2),
    else nothing.
    """
    said = b"".join(part for kind, part in _split_tls_records(data) if kind == _HANDSHAKE)
    while len(said) >= 4:
        kind, size = said[0], int.from_bytes(said[1:4], "big")
        if kind == _CERTIFICATE:
            # Behind the length of the message come that of the list and that of its first item.
            return said[10 : 10 + int.from_bytes(said[7:10], "big")]
        said = said[4 + size :]
    return b""


def _split_tls_records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of TLS records up to the first that is encrypted."""
    while len(data) >= 5 and data[0] != _CHANGE_CIPHER:
        size = int.from_bytes(data[3:5], "big")
        yield data[0], data[5 : 5 + size]
        data = data[5 + size :]


def _reading_only() -> ssl.SSLContext:
    """Return settings that take any certificate and any age of TLS: it is looked at, nothing secret is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _udp(probe: Mapping[str, Any], seconds: float, answer: dict[str, Any]) -> None:
    with _open_bound_socket(probe, socket.SOCK_DGRAM, seconds) as own:
        own.connect((probe["address"], probe["port"]))
        own.send(base64.b64decode(probe.get("payload") or ""))
        answer["answer"] = base64.b64encode(own.recv(_LARGEST_ANSWER)).decode()


_ASK: Mapping[str, Callable[[Mapping[str, Any], float, dict[str, Any]], None]] = {
    "tcp": _tcp,
    "tls": _ask_by_tls,
    "udp": _udp,
}
