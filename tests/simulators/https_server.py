# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTPS on a free port of 127.0.0.1, with a certificate of an authority of its own; what simulated appliances speak.

with HttpsServer(respond) as server:
    server.port, server.ca          # respond(Request) -> Response; ca is a file to trust
"""

from __future__ import annotations

import datetime
import functools
import http.server
import ipaddress
import json
import pathlib
import ssl
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ADDRESS, OTHER_ADDRESS = "127.0.0.1", "127.0.0.2"


@dataclass(frozen=True)
class Request:
    """A request as it arrived; headers by lower-case name."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Response:
    """What is answered; a document is sent as JSON."""

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    content_type: str = "application/json; charset=utf-8"

    def body(self) -> bytes:
        if self.text is not None:
            return self.text.encode()
        return b"" if self.document is None else json.dumps(self.document).encode()


class HttpsServer:
    """Serves until it is closed; requests is everything that came in, in order."""

    def __init__(self, respond: Callable[[Request], Response], address: str = ADDRESS, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.ca = _certificates() / "ca.pem"
        lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else every answer waits 40 ms for the client's delayed acknowledgement.
            disable_nagle_algorithm = True

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(
                    self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body
                )
                with lock:
                    server.requests.append(request)
                    response = respond(request)
                content = response.body()
                self.send_response(response.status)
                for name, value in {
                    "Content-Type": response.content_type,
                    "Content-Length": str(len(content)),
                    **response.headers,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = self
        self._server = http.server.ThreadingHTTPServer((address, port), Handler)
        self._server.daemon_threads = True
        # A client that does not trust the certificate hangs up: nothing to tell of.
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certificates() / "server.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> HttpsServer:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


_FOLDER = tempfile.TemporaryDirectory()
_SIGNS = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
)  # fmt: skip


@functools.cache
def _certificates() -> pathlib.Path:
    """Return the folder of ca.pem and of server.pem, which it signed for the addresses of the lab, with its key."""
    folder = pathlib.Path(_FOLDER.name)
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab authority")])
    constraint = x509.BasicConstraints(ca=True, path_length=0)
    # Key usage and identifiers: newer Pythons verify strictly.
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority.public_key())
    root_builder = _built(issuer, issuer, authority.public_key()).add_extension(constraint, critical=True)
    root = (
        root_builder.add_extension(_SIGNS, critical=True)
        .add_extension(identifier, critical=False)
        .sign(authority, hashes.SHA256())
    )
    name = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address(address)) for address in (ADDRESS, OTHER_ADDRESS)]
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ADDRESS)])
    signed_by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    leaf_builder = _built(subject, issuer, key.public_key()).add_extension(name, critical=False)
    leaf = leaf_builder.add_extension(signed_by, critical=False).sign(authority, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(root.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(private + leaf.public_bytes(pem))
    return folder


def _built(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
    )
    return builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
