# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WinRM for many simulated hosts in one process.

    with WinRmServer({"fe01": store}, PythonExecutor()) as server:
        server.ports["fe01"]

A host listens on a port of 127.0.0.1 by HTTP with Basic authentication, which no Windows does by itself, or on what its
Listener says: an address of its own, HTTPS, NTLM, Kerberos and certificates (winrm_auth.py).

One selector waits on all ports; each connection is served by a thread of its own, with HTTP/1.1 keep-alive.
"""

from __future__ import annotations

import http.server
import selectors
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from .executor import Executor
from .firewall_store import ConnectionDroppedError, FirewallStore
from .winrm_auth import PASSWORD, USER, Login, Ways, client_certificate
from .wsman import Session, SoapFaultError

__all__ = ["ADDRESS", "PASSWORD", "USER", "Listener", "WinRmServer"]
ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Listener:
    """Where a host listens and whom it lets in; port 0 is a free one, without tls it is HTTP."""

    address: str = ADDRESS
    port: int = 0
    tls: ssl.SSLContext | None = None
    ways: Ways = Ways(basic=True)


@dataclass(frozen=True)
class _Served:
    """A host behind one of its listeners."""

    session: Session
    listener: Listener


class WinRmServer:
    """Serves hosts until it is closed; ports holds the port of each."""

    def __init__(
        self, stores: Mapping[str, FirewallStore], executor: Executor, listeners: Mapping[str, Listener] | None = None
    ) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self.ports: dict[str, int] = {}
        for name, store in stores.items():
            place = (listeners or {}).get(name, Listener())
            listener = socket.create_server((place.address, place.port), backlog=64)
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ, _Served(Session(store, executor), place))
            self.ports[name] = listener.getsockname()[1]
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._accept_all, daemon=True)

    def __enter__(self) -> WinRmServer:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; connections that are served end with their clients."""
        self._wake.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]
        self._wake.close()

    def _accept_all(self) -> None:
        while True:
            for ready in self._selector.select():
                key = ready[0]
                if key.data is None:
                    return
                _accept(key.fileobj, key.data)  # type: ignore[arg-type]


def _accept(listener: socket.socket, served: _Served) -> None:
    try:
        connection, address = listener.accept()
    except OSError:
        # The client has gone already.
        return
    if served.session.store.faults().refuses_connections:
        connection.close()
        return
    connection.setblocking(True)
    threading.Thread(target=_serve, args=(connection, address, served), daemon=True).start()


def _serve(connection: socket.socket, address: tuple[str, int], served: _Served) -> None:
    try:
        if served.listener.tls is not None:
            connection = served.listener.tls.wrap_socket(connection, server_side=True)
        _Handler(connection, address, served)  # type: ignore[arg-type]
    except (ConnectionError, ConnectionDroppedError, ssl.SSLError):
        # The client, or a fault that is switched on, broke the connection.
        pass
    finally:
        connection.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Serves the requests of one connection; server is the host behind its listener."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        """Nobody has logged in over a new connection."""
        super().setup()
        served: _Served = self.server  # type: ignore[assignment]
        self._login = Login(served.listener.ways)

    def do_POST(self) -> None:
        """Answer one SOAP message."""
        session: Session = self.server.session  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        faults = session.store.faults()
        if faults.unreachable:
            raise ConnectionDroppedError
        session.store.count(requests=1)
        header = self.headers.get("Authorization", "")
        if faults.unauthorized:
            self._login, header = Login(self._login.ways), ""
        if not self._login.admits(header, client_certificate(self.connection)):
            self._answer(401, "")
            return
        try:
            self._answer(200, session.answer(body))
        except SoapFaultError as error:
            self._answer(500, session.fault(str(error)))

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: the counters say what was asked."""

    def _answer(self, status: int, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        for challenge in self._login.challenges:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        self.wfile.write(content)
