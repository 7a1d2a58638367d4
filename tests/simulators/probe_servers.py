# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Small servers on 127.0.0.0/8 that probes meet, each in a thread; what they do wrong is chosen by the test.

with Servers() as servers:
    servers.tls("127.1.0.11", 5061, certificate(["pool01.contoso.com"]))
    servers.drop("127.1.0.12", 5061)        # takes no SYN, as behind a firewall that drops
"""

from __future__ import annotations

import datetime
import pathlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dns.flags
import dns.message
import dns.rrset
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_TICK_SECONDS = 0.1


def certificate(names: Sequence[str], days: float = 365, subject: str = "") -> bytes:
    """Return key and self-made certificate as PEM; it ends in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject or names[0])])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
    )
    builder = builder.not_valid_before(now - datetime.timedelta(days=400)).not_valid_after(
        now + datetime.timedelta(days=days)
    )
    made = builder.add_extension(
        x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
    ).sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(
        serialization.Encoding.PEM
    )


class Servers:
    """Servers that all end with the block."""

    def __init__(self) -> None:
        self._running = True
        self._threads: dict[tuple[str, int], threading.Thread] = {}
        self._open: dict[tuple[str, int], list[socket.socket]] = {}

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *error: object) -> None:
        self._running = False
        for address, port in list(self._open):
            self.stop(address, port)

    def tcp(self, address: str, port: int, serve: Callable[[socket.socket], None] | None = None) -> int:
        """Listen, and let serve have each connection; without it they stay open for a while. Returns the port."""
        listener = socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        return self._start(listener, lambda: self._accept(listener, serve or _hold))

    def tls(
        self,
        address: str,
        port: int,
        pem: bytes,
        *,
        asks_client: bool = False,
        newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ) -> int:
        """Listen with a certificate; asks_client: demand one of the client, as servers of MTLS do.

        newest: version of TLS.
        """
        context = _server_context(pem, asks_client)
        context.maximum_version = newest

        def serve(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(1)

        return self.tcp(address, port, serve)

    def udp(self, address: str, port: int, answer: Callable[[bytes], bytes | None]) -> int:
        """Answer datagrams; None keeps quiet."""
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.bind((address, port))
        return self._start(own, lambda: _answer(own, answer))

    def dns(self, address: str, port: int, records: Mapping[tuple[str, str], Sequence[str]]) -> int:
        """Answer DNS questions from records."""
        return self.udp(address, port, lambda data: dns_answer(data, records))

    def drop(self, address: str, port: int) -> int:
        """Listen with a queue that is full, so that Linux drops every further SYN, as a firewall does."""
        listener = socket.create_server((address, port), backlog=0)
        held = [listener]
        for _number in range(2):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((address, listener.getsockname()[1]))
            held.append(one)
        self._open[address, listener.getsockname()[1]] = held
        return int(listener.getsockname()[1])

    def forward(self, address: str, port: int, members: Callable[[], Sequence[tuple[str, int]]]) -> int:
        """Be a balancer of TCP: the first member that takes a connection gets it.

        With none the client's ends at once.
        """

        def serve(client: socket.socket) -> None:
            for member in members():
                try:
                    with socket.create_connection(member, timeout=1) as server:
                        _pass_on(client, server)
                    return
                except OSError:
                    continue

        return self.tcp(address, port, serve)

    def stop(self, address: str, port: int) -> None:
        """Stop listening on a port; it is free afterwards."""
        for one in self._open.pop((address, port)):
            one.close()
        thread = self._threads.pop((address, port), None)
        if thread is not None:
            # As long as it waits for a connection, the port is taken.
            thread.join()

    def _start(self, own: socket.socket, run: Callable[[], None]) -> int:
        own.settimeout(_TICK_SECONDS)
        where = own.getsockname()
        self._open[where[0], where[1]] = [own]
        thread = threading.Thread(target=lambda: self._repeat(run), daemon=True)
        self._threads[where[0], where[1]] = thread
        thread.start()
        return int(where[1])

    def _repeat(self, run: Callable[[], None]) -> None:
        while self._running:
            try:
                run()
            except TimeoutError:
                continue
            except OSError:
                return

    def _accept(self, listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
        connection, _peer = listener.accept()
        connection.settimeout(3)
        threading.Thread(target=_served, args=(connection, serve), daemon=True).start()


def _served(connection: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    with connection:
        try:
            serve(connection)
        except OSError:
            # The probe has gone, or would not shake hands.
            return


def _hold(connection: socket.socket) -> None:
    connection.recv(1)


def _answer(own: socket.socket, answer: Callable[[bytes], bytes | None]) -> None:
    data, peer = own.recvfrom(65535)
    said = answer(data)
    if said is not None:
        own.sendto(said, peer)


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    def copy(one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65535):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            return

    back = threading.Thread(target=copy, args=(server, client), daemon=True)
    back.start()
    copy(client, server)
    back.join()


def _server_context(pem: bytes, asks_client: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "pem"
        path.write_bytes(pem)
        context.load_cert_chain(path)
        if asks_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(path)
    return context


def stun_answer(request: bytes) -> bytes | None:
    """Return a binding success response without attributes (RFC 5389 section 6)."""
    return b"\x01\x01\x00\x00" + request[4:20] if request[:2] == b"\x00\x01" and len(request) >= 20 else None


def rpc_answer(connection: socket.socket) -> None:
    """Acknowledge a bind (C706 section 12.6.4.4: type 12 bind_ack), as much of it as tells its type."""
    asked = connection.recv(1024)
    if asked[:3] == b"\x05\x00\x0b" and len(asked) == int.from_bytes(asked[8:10], "little"):
        connection.sendall(b"\x05\x00\x0c" + asked[3:])


def dns_answer(data: bytes, records: Mapping[tuple[str, str], Sequence[str]]) -> bytes:
    """Return the answer to a DNS question from records by name and type."""
    question: Any = dns.message.from_wire(data)
    answer = dns.message.make_response(question)
    answer.flags |= dns.flags.AA
    asked = question.question[0]
    name, kind = asked.name.to_text().rstrip("."), dns.rdatatype.to_text(asked.rdtype)
    values = records.get((name, kind), ())
    if values:
        answer.answer.append(dns.rrset.from_text(asked.name, 300, "IN", kind, *values))
    wire: bytes = answer.to_wire()
    return wire
