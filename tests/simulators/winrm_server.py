# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WinRM over HTTP for many simulated hosts in one process: one port of 127.0.0.1 each, Basic authentication.

    with WinRmServer({"fe01": store}, PythonExecutor()) as server:
        server.ports["fe01"]

One selector waits on all ports; each connection is served by a thread of its own, with HTTP/1.1 keep-alive.
"""

from __future__ import annotations

import base64
import http.server
import selectors
import socket
import threading
from collections.abc import Mapping

from .executor import Executor
from .firewall_store import ConnectionDroppedError, FirewallStore
from .wsman import Session, SoapFaultError

USER, PASSWORD = "lab", "not-a-secret"
ADDRESS = "127.0.0.1"
_EXPECTED = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class WinRmServer:
    """Serves hosts until it is closed; ports holds the port of each."""

    def __init__(self, stores: Mapping[str, FirewallStore], executor: Executor) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self.ports: dict[str, int] = {}
        for name, store in stores.items():
            listener = socket.create_server((ADDRESS, 0), backlog=64)
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ, Session(store, executor))
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


def _accept(listener: socket.socket, session: Session) -> None:
    try:
        connection, address = listener.accept()
    except OSError:
        # The client has gone already.
        return
    if session.store.faults().refuses_connections:
        connection.close()
        return
    connection.setblocking(True)
    threading.Thread(target=_serve, args=(connection, address, session), daemon=True).start()


def _serve(connection: socket.socket, address: tuple[str, int], session: Session) -> None:
    try:
        _Handler(connection, address, session)  # type: ignore[arg-type]
    except (ConnectionError, ConnectionDroppedError):
        # The client, or a fault that is switched on, broke the connection.
        pass
    finally:
        connection.close()


class _Handler(http.server.BaseHTTPRequestHandler):
    """Serves the requests of one connection; server is the host's session."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        """Answer one SOAP message."""
        session: Session = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        faults = session.store.faults()
        if faults.unreachable:
            raise ConnectionDroppedError
        session.store.count(requests=1)
        if faults.unauthorized or self.headers.get("Authorization") != _EXPECTED:
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
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="WSMAN"')
        self.end_headers()
        self.wfile.write(content)
