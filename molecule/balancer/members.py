# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The members of the pools: each listens on its address, for TCP and for datagrams, and greets with it.

    python members.py TCP_PORT UDP_PORT ADDRESS ...
"""

from __future__ import annotations

import sys
import threading
from socketserver import BaseRequestHandler, ThreadingTCPServer, UDPServer


class Greeting(BaseRequestHandler):
    """Says on which address the client arrived, and ends."""

    def handle(self) -> None:
        """Greet once."""
        self.request.sendall(f"{self.request.getsockname()[0]}\n".encode())


class Answer(BaseRequestHandler):
    """Says on which address a datagram arrived."""

    def handle(self) -> None:
        """Answer it."""
        own = self.request[1]
        own.sendto(f"{own.getsockname()[0]}\n".encode(), self.client_address)


class Member(ThreadingTCPServer):
    """One address of a pool."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Serve every address until the process is ended."""
    tcp_port, udp_port, *addresses = sys.argv[1:]
    servers = [
        *(Member((address, int(tcp_port)), Greeting) for address in addresses),
        *(UDPServer((address, int(udp_port)), Answer) for address in addresses),
    ]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main()
