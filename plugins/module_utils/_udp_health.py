# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets nginx leave a member that HAProxy beside it finds down, for datagrams, which a member without power swallows.

    python3 udp_health.py NGINX_FILE HAPROXY_MASTER_SOCKET STATUS_FILE [TABLE]

The service msuc-lync-udp runs it on a load balancer; it imports nothing but the standard library. Each second it asks
HAProxy which members are down. What nginx sends to the UDP ports of these is refused where it is sent, by a table of
nftables of our own, so nginx knows at once, and takes the next member. A member of which HAProxy says nothing is left
alone. The status file holds what it saw last, and is how others know that it runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

TABLE = "msuc_lync_lb"
SERVICE = "msuc-lync-udp.service"
PROGRAM = "/usr/local/lib/msuc-lync/udp_health.py"
STATUS = "/run/msuc-lync-udp.json"
# Without a word of HAProxy for so long, nobody is known to be down.
_TRUSTED_SECONDS = 10
_UPSTREAM = re.compile(r"# asked as (\S+)\n(.*?)\}", re.DOTALL)
_SERVER = re.compile(r"server (?:(\d[\d.]+)|\[([0-9a-f:]+)\]):(\d+) ")


def watched(text: str) -> set[tuple[str, str, int]]:
    """Return the backend of HAProxy that asks, the address and the UDP port of each member of nginx's file."""
    return {
        (backend, found[1] or found[2], int(found[3]))
        for backend, body in _UPSTREAM.findall(text)
        for found in _SERVER.finditer(body)
    }


def health(answer: str) -> dict[tuple[str, str], bool]:
    """Return whether servers are up, by backend and name, of an answer to "show servers state".

    Raises ValueError for a text that is no such answer.
    """
    version, _newline, rows = answer.strip().partition("\n")
    if version.strip() != "1":
        raise ValueError(f"HAProxy answers {answer[:80]!r}")
    lines = (row.split() for row in rows.splitlines() if row[:1].isdigit())
    return {(words[1], words[3]): words[5] != "0" for words in lines}


def ask(path: str) -> str:
    """Return what HAProxy says of its servers; raises OSError."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        connection.connect(path)
        connection.sendall(b"@1 show servers state\n")
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")


def table_text(down: set[tuple[str, int]], table: str) -> str:
    """Return the script that makes the whole table anew, in one step."""
    places = ((f"ip6 daddr {each[0]}" if ":" in each[0] else f"ip daddr {each[0]}", each[1]) for each in sorted(down))
    rules = "".join(f"    {place} udp dport {port} reject\n" for place, port in places)
    chain = f"  chain output {{\n    type filter hook output priority filter; policy accept;\n{rules}  }}\n"
    return f"table inet {table}\ndelete table inet {table}\ntable inet {table} {{\n{chain}}}\n"


def remove_table(table: str) -> None:
    """Remove the table; that there is none is as good."""
    subprocess.run(["nft", "delete", "table", "inet", table], stderr=subprocess.DEVNULL, check=False)


class Watch:
    """One look after the other; which members are down is in the table, and in the status file."""

    def __init__(self, path: str, master: str, status: str, table: str) -> None:
        self._path, self._master, self._status, self._table = path, master, status, table
        self._written: set[tuple[str, int]] | None = None
        self._health: dict[tuple[str, str], bool] = {}
        self._heard = 0.0

    def look(self) -> None:
        """Ask HAProxy, bring the table to what it says, and write down what was seen."""
        error = ""
        with open(self._path, "rb") as file:
            content = file.read()
        try:
            self._health, self._heard = health(ask(self._master)), time.monotonic()
        except (OSError, ValueError, IndexError) as problem:
            error = str(problem)
            if time.monotonic() - self._heard > _TRUSTED_SECONDS:
                self._health = {}
        members = watched(content.decode(errors="replace"))
        down = {(address, port) for backend, address, port in members if not self._health.get((backend, address), True)}
        error = self._write(down) or error
        unasked = sorted({address for backend, address, _port in members if (backend, address) not in self._health})
        names = sorted(f"{address} {port}" for address, port in down)
        self._tell({"digest": hashlib.sha256(content).hexdigest(), "down": names, "unasked": unasked, "error": error})

    def _write(self, down: set[tuple[str, int]]) -> str:
        """Bring the table to what is down, where that changed; return what nft complains of."""
        if down == self._written:
            return ""
        script = table_text(down, self._table)
        done = subprocess.run(["nft", "-f", "-"], input=script.encode(), stderr=subprocess.PIPE, check=False)
        self._written = down if done.returncode == 0 else None
        return done.stderr.decode(errors="replace").strip()

    def _tell(self, seen: dict[str, object]) -> None:
        handle, name = tempfile.mkstemp(dir=os.path.dirname(self._status))
        with os.fdopen(handle, "w") as file:
            json.dump(seen, file)
        os.rename(name, self._status)


def _end(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def main() -> None:
    """Look each second until somebody ends it; the table goes with it."""
    path, master, status, *rest = sys.argv[1:]
    table = rest[0] if rest else TABLE
    signal.signal(signal.SIGTERM, _end)
    watch = Watch(path, master, status, table)
    try:
        while True:
            watch.look()
            time.sleep(1)
    finally:
        remove_table(table)


if __name__ == "__main__":
    main()
