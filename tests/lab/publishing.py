# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reverse proxies for real.

Two pools and a simple URL by name, through HAProxy or nginx, with certificates of an authority of the test's own.

with WebMember("127.1.0.11", authority.certificate("webext01.contoso.com")): ...   4443 and 8080, shifted as all ports
of the lab shown(address, "meet.contoso.com")     -> serial number of the certificate that a client sees, and what the
web server said
"""

from __future__ import annotations

import contextlib
import datetime
import http.client
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import Publication
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import (
    DRIVERS,
    PublicationsProvider,
    Task,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ..simulators.proxies import Proxy

_PEM = serialization.Encoding.PEM


@dataclass
class Authority:
    """An authority with a folder of files; serials of what it signed, by file."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    serials: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        root = self._built(_named("lab authority"), self.key, x509.BasicConstraints(ca=True, path_length=0))
        self.ca = self.folder / "ca.pem"
        self.ca.write_bytes(root.public_bytes(_PEM))

    def certificate(self, file: str, *names: str) -> str:
        """Return the path of a new file with a key and a certificate for names."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._built(_named(names[0]), key, x509.SubjectAlternativeName([_general(name) for name in names]))
        private = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = self.folder / file
        path.write_bytes(private + made.public_bytes(_PEM))
        self.serials[file] = made.serial_number
        return str(path)

    def _built(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_named("lab authority"))
            .public_key(key.public_key())
        )
        builder = (
            builder.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        )
        return builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints)).sign(
            self.key, hashes.SHA256()
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class WebMember:
    """A web server on two ports of an address, which says its address, the Host header and the port."""

    def __init__(self, address: str, certificate: str, https_port: int = 14443, http_port: int = 18080) -> None:
        member = address

        class _Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                port = self.server.server_address[1]  # type: ignore[index]
                body = f"{member} {self.headers['Host']} {port}".encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._servers = [_Quiet((address, port), _Handler) for port in (https_port, http_port)]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # Not at accept: a client that is silent would keep all others waiting.
        self._servers[0].socket = context.wrap_socket(
            self._servers[0].socket, server_side=True, do_handshake_on_connect=False
        )

    def __enter__(self) -> WebMember:
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            for server in self._servers
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, _request: Any, _address: Any) -> None:
        """Say nothing: a proxy's look whether somebody listens ends without a word."""


def shown(address: str, name: str, port: int = 10443, host: str = "") -> tuple[int, str]:
    """Return the serial number of the certificate that a client sees under a name, and the answer.

    (0, why) when it is refused.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address, port), 8) as raw,
            context.wrap_socket(raw, server_hostname=name) as secured,
        ):
            serial = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"").serial_number
            return serial, _asked(secured, host or name)
    except (OSError, http.client.HTTPException) as error:
        return 0, type(error).__name__


def plainly(address: str, host: str, port: int = 10080) -> str:
    """Return the answer to a request by HTTP."""
    try:
        with socket.create_connection((address, port), 8) as raw:
            return _asked(raw, host)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__


def _asked(connection: socket.socket, host: str) -> str:
    connection.sendall(f"GET /x HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.read().decode(errors="replace") if answer.status == 200 else str(answer.status)


def publish(
    proxy: Proxy,
    paths: Mapping[str, str],
    wanted: tuple[Publication, ...],
    state: State = State.REPLACED,
    check: bool = False,
) -> dict[str, Any]:
    """Return the result that msuc.lync.publications would have on a running proxy."""
    driver = DRIVERS["haproxy" if "haproxy" in paths else "nginx"]
    provider = PublicationsProvider(Task(state, wanted, {}), driver, proxy.remote, paths)
    reconcile(provider, check_mode=check)
    return provider.result()


@contextlib.contextmanager
def web_members(*members: tuple[str, str]) -> Iterator[None]:
    """Run the web servers of members, given as address and certificate."""
    with contextlib.ExitStack() as stack:
        for address, certificate in members:
            stack.enter_context(WebMember(address, certificate))
        yield
