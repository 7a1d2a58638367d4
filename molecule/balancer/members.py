# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The members of the pools: each listens on its address, and greets with it.

    python members.py PORT ADDRESS ...
"""

from __future__ import annotations

import sys
import threading
from socketserver import BaseRequestHandler, ThreadingTCPServer


class Greeting(BaseRequestHandler):
    """Says on which address the client arrived, and ends."""

    def handle(self) -> None:
        """Greet once."""
        self.request.sendall(f"{self.request.getsockname()[0]}\n".encode())


class Member(ThreadingTCPServer):
    """One address of a pool."""

    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Serve every address until the process is ended."""
    port, *addresses = sys.argv[1:]
    servers = [Member((address, int(port)), Greeting) for address in addresses]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main()
