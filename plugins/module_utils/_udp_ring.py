# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets the kernel lead datagrams of UDP services to members that are well, by a table of nftables of our own.

    python3 udp_ring.py FILE HAPROXY_MASTER_SOCKET STATUS_FILE [FORWARDING_FILE]

The service msuc-lync-udp runs it on a load balancer; it imports nothing but the standard library. Each second it reads
the file of services, asks HAProxy beside it which members are down, and brings the table to both in one transaction;
what somebody else did to the table is undone. Connections of a member that may have none are forgotten by the kernel,
so that the next datagram of their clients goes to another one. A member of which HAProxy says nothing keeps its
clients. The status file holds what it saw last, and is how others know that it runs. When it ends, the table stays.
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
from dataclasses import dataclass, field
from functools import lru_cache

TABLE = "msuc_lync_lb"
SERVICE = "msuc-lync-udp.service"
PROGRAM = "/usr/local/lib/msuc-lync/udp_ring.py"
STATUS = "/run/msuc-lync-udp.json"
# Where it is, forwarding was switched on for what this table leads, and nothing else is forwarded.
FORWARDING = "/etc/sysctl.d/60-msuc-lync-udp.conf"
SLOTS = 1024
EVERYBODY = "any"
# Of the hash: without one the kernel takes a new one with each table, and both units of a pair must agree.
_SEED = 0x6C796E63
# Without a word of HAProxy for so long, nobody is known to be down.
_TRUSTED_SECONDS = 10
# Datagrams that are on their way while the table changes may be remembered right after it.
_LOOKS_AFTER_A_CHANGE = 3
# Above so many connections all of a service are forgotten at once, since each takes some milliseconds.
_MOST_AT_ONCE = 100
_ENTRY = re.compile(r"src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)")


@dataclass
class Entry:
    """One service of the file. members: by address, with their states. clients: networks that may use it, or any."""

    name: str
    vip: str = ""
    port: int = 0
    node_port: int = 0
    asked: str = ""
    source_nat: bool = False
    members: dict[str, str] = field(default_factory=dict)
    clients: list[str] = field(default_factory=list)

    @property
    def family(self) -> str:
        """Return the family in the words of nftables."""
        return "ip6" if ":" in self.vip else "ip"


def read_entries(text: str) -> list[Entry]:
    """Return the services of a file, as the driver writes it; raises ValueError and IndexError."""
    found: list[Entry] = []
    for words in (line.split() for line in text.splitlines() if line[:1] not in ("", "#")):
        if words[:1] == ["service"]:
            found.append(Entry(words[1]))
        elif words:
            _read_word(found[-1], words)
    return found


def _read_word(entry: Entry, words: list[str]) -> None:
    if words[0] == "listen":
        entry.vip, entry.port = words[1], int(words[2])
    elif words[0] == "node-port":
        entry.node_port = int(words[1])
    elif words[0] == "asked-as":
        entry.asked = words[1]
    elif words[0] == "source-nat":
        entry.source_nat = words[1] == "yes"
    elif words[0] == "member":
        entry.members[words[1]] = words[2]
    elif words[0] == "client":
        entry.clients.append(words[1])


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


def serving(entry: Entry, down: set[str]) -> list[str]:
    """Return the members that take new clients, sorted: the active ones, or the spare ones where none of them is well.
    """
    for state in ("active", "backup"):
        found = sorted(address for address, its in entry.members.items() if its == state and address not in down)
        if found:
            return found
    return []


@lru_cache(maxsize=64)
def ring(members: tuple[str, ...]) -> list[str]:
    """Return the member of each slot.

    Each slot has its own order of all addresses and takes the first, so a member that comes takes its share from the
    others, one that goes leaves its own slots alone, and nobody has to remember anything.
    """
    return [max(members, key=lambda address: _weight(slot, address)) for slot in range(SLOTS)]


def _weight(slot: int, address: str) -> bytes:
    return hashlib.sha256(f"{slot} {address}".encode()).digest()


def table_text(entries: list[Entry], down: dict[str, set[str]], is_closed: bool) -> str:
    """Return the script that makes the whole table anew, in one step; down: addresses by the name of a service.

    Who may use a service is decided where its address is translated: all others come to the host itself, where its
    own rules judge them and nobody listens. is_closed: nothing else is forwarded.
    """
    led = [line for entry in entries for line in _leading_lines(entry, down.get(entry.name, set()))]
    passed = [line for entry in entries for line in _passing_lines(entry)] + (["drop"] if is_closed else [])
    hidden = [line for entry in entries if entry.source_nat for line in _hiding_lines(entry)]
    chains = (
        ("prerouting", "type nat hook prerouting priority dstnat - 5", led),
        ("output", "type nat hook output priority -105", led),
        ("forward", "type filter hook forward priority filter", passed),
        ("postrouting", "type nat hook postrouting priority srcnat - 5", hidden),
    )
    body = "".join(_chain_text(*chain) for chain in chains if chain[2])
    made = f"table inet {TABLE} {{\n{body}}}\n" if body else ""
    return f"table inet {TABLE}\ndelete table inet {TABLE}\n{made}"


def _chain_text(name: str, kind: str, lines: list[str]) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    return f"  chain {name} {{\n    {kind}; policy accept;\n{body}  }}\n"


def _leading_lines(entry: Entry, down: set[str]) -> list[str]:
    members = serving(entry, down)
    if not members or not entry.clients:
        return []
    family = entry.family
    clients = "" if entry.clients == [EVERYBODY] else f"{family} saddr {{ {', '.join(entry.clients)} }} "
    slots = ", ".join(f"{first}-{last} : {member}" for first, last, member in _ranges(ring(tuple(members))))
    chosen = f"jhash {family} saddr mod {SLOTS} seed {_SEED} map {{ {slots} }} : {entry.node_port}"
    return [f"{family} daddr {entry.vip} udp dport {entry.port} {clients}dnat {family} to {chosen}"]


def _ranges(slots: list[str]) -> list[tuple[int, int, str]]:
    """Return first and last slot of each run of slots with one member."""
    found: list[tuple[int, int, str]] = []
    for slot, member in enumerate(slots):
        first = found.pop()[0] if found and found[-1][2] == member else slot
        found.append((first, slot, member))
    return found


def _translated(entry: Entry) -> str:
    whose = f"ct status dnat ct original {entry.family} daddr {entry.vip}"
    return f"{whose} ct original proto-dst {entry.port}"


def _hiding_lines(entry: Entry) -> list[str]:
    """Return by which address members see the host: the one that it speaks to them from, as HAProxy does."""
    sources = {member: source_of(member) for member in sorted(entry.members)}
    known = ", ".join(f"{member} : {source}" for member, source in sources.items() if source)
    line = f"meta l4proto udp {_translated(entry)} snat {entry.family} to {entry.family} daddr map {{ {known} }}"
    return [line] if known else []


def source_of(address: str) -> str:
    """Return the address from which this host speaks to another one, empty where no route leads there."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect((address, 9))
        except OSError:
            return ""
        return str(one.getsockname()[0])


def _passing_lines(entry: Entry) -> list[str]:
    errors = f"ct state related ct status dnat ct original {entry.family} daddr {entry.vip} accept"
    return [f"meta l4proto udp {_translated(entry)} accept", errors]


def stale(listing: str, entry: Entry, down: set[str]) -> list[list[str]]:
    """Return the arguments that let conntrack forget connections of a service, of its listing, to whom it may not keep.

    A draining member keeps what it has; nginx, which had the address before, is found as nobody's.
    """
    kept = set(serving(entry, down))
    kept |= {each for each, state in entry.members.items() if state in ("draining", "backup") and each not in down}
    found = []
    for line in listing.splitlines():
        ends = _ENTRY.findall(line)
        if len(ends) == 2 and ends[1][0] not in kept and ends[0][1] == entry.vip and int(ends[0][3]) == entry.port:
            found.append(ends[1][0])
    return [["--reply-src", address] for address in sorted(set(found))]


def other_ports(listing: str, entry: Entry) -> list[tuple[str, str]]:
    """Return addresses and ports of clients that members see with another port, in a listing of connections.

    The kernel chooses another one where a connection of nginx', in the name of the client, has it still.
    """
    ends = [found for found in map(_ENTRY.findall, listing.splitlines()) if len(found) == 2]
    ours = [each for each in ends if each[0][1] == entry.vip and int(each[0][3]) == entry.port]
    return [] if entry.source_nat else [(before[0], before[2]) for before, after in ours if before[2] != after[3]]


def _run(words: list[str], given: str = "") -> tuple[int, str, str]:
    try:
        done = subprocess.run(words, input=given.encode(), capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return 1, "", f"{words[0]}: {problem}"
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace").strip()


def remove_table() -> None:
    """Remove the table; that there is none is as good."""
    _run(["nft", "delete", "table", "inet", TABLE])


def listed() -> str:
    """Return the table as the kernel has it, empty for none."""
    return _run(["nft", "-s", "list", "table", "inet", TABLE])[1]


def fingerprint(text: str) -> str:
    """Return what tells a text from others."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


class Watch:
    """One look after the other; what it leads to whom is in the table, what it saw in the status file."""

    def __init__(self, path: str, master: str, status: str, forwarding: str) -> None:
        self._path, self._master, self._status, self._forwarding = path, master, status, forwarding
        self._script = self._listing = ""
        self._seen: dict[str, object] = {}
        self._looks = 0
        self._entries: list[Entry] | None = None
        self._health: dict[tuple[str, str], bool] = {}
        self._heard = -float(_TRUSTED_SECONDS)
        self._looks_to_forget = _LOOKS_AFTER_A_CHANGE
        self._restored = 0

    def look(self) -> None:
        """Ask HAProxy, bring the table to what it says, and write down what was seen.

        A file that is not understood changes nothing: the last one that was is led by, or the table is left as it is.
        """
        content = self._read()
        error = self._hear()
        error = self._understand(content) or error
        self._looks += 1
        told = {"digest": hashlib.sha256(content).hexdigest(), "pid": os.getpid(), "looks": self._looks}
        if self._entries is None:
            self._tell({**told, "error": error})
            return
        entries = self._entries
        down = {each.name: {one for one in each.members if not self._health.get((each.asked, one), True)}
                for each in entries}  # fmt: skip
        error = self._write(table_text(entries, down, os.path.exists(self._forwarding))) or error
        error = self._forget(entries, down) or error
        unasked = {one for each in entries for one in each.members if (each.asked, one) not in self._health}
        names = sorted(f"{each.name} {one}" for each in entries for one in down[each.name])
        seen = {**told, "down": names, "unasked": sorted(unasked)}
        self._tell({**seen, "table": fingerprint(self._listing), "restored": self._restored, "error": error})

    def _read(self) -> bytes:
        """Return the file; one that is not there yet has no services."""
        try:
            with open(self._path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def _understand(self, content: bytes) -> str:
        """Read the services of the file; return why they cannot be read."""
        try:
            self._entries = read_entries(content.decode(errors="surrogateescape"))
        except (ValueError, IndexError) as problem:
            return f"the file is not understood: {problem}"
        return ""

    def _hear(self) -> str:
        """Ask HAProxy who is up; return why it did not say so."""
        try:
            self._health, self._heard = health(ask(self._master)), time.monotonic()
        except (OSError, ValueError, IndexError) as problem:
            if time.monotonic() - self._heard > _TRUSTED_SECONDS:
                self._health = {}
            return str(problem) or type(problem).__name__
        return ""

    def _write(self, script: str) -> str:
        """Bring the table to a script, where either changed; return what nft complains of."""
        if script == self._script:
            if listed() == self._listing:
                return ""
            self._restored += 1
        if self._seen:
            self._tell({**self._seen, "table": ""})  # until this look is over, the kernel has what nobody wrote down
        status, _output, error = _run(["nft", "-f", "-"], script)
        self._script = script if status == 0 else ""
        self._listing = listed()
        self._looks_to_forget = _LOOKS_AFTER_A_CHANGE
        return error if status else ""

    def _forget(self, entries: list[Entry], down: dict[str, set[str]]) -> str:
        """Let the kernel forget connections that go where none may go; return what conntrack complains of."""
        if not self._looks_to_forget or not self._script:
            return ""
        self._looks_to_forget -= 1
        for each in entries:
            family = "ipv6" if each.family == "ip6" else "ipv4"
            where = ["-f", family, "-p", "udp", "--orig-dst", each.vip, "--orig-port-dst", str(each.port)]
            status, found, error = _run(["conntrack", "-L", *where])
            if status:
                return error
            for whose in stale(found, each, down[each.name]):
                _run(["conntrack", "-D", *where, *whose])
            # What nginx answered last began a connection of its own, to which the client's datagrams belong then.
            _run(["conntrack", "-D", *where[:4], "--orig-src", each.vip, "--orig-port-src", str(each.port)])
            self._set_ports_right(each, where, other_ports(found, each))
        return ""

    def _set_ports_right(self, entry: Entry, where: list[str], clients: list[tuple[str, str]]) -> None:
        """Forget connections in which members see another port of a client, and those that have its own port."""
        if not clients:
            return
        self._looks_to_forget = _LOOKS_AFTER_A_CHANGE
        for member in entry.members:
            for end in ("dst", "src"):
                words = [f"--orig-{end}", member, f"--orig-port-{end}", str(entry.node_port)]
                _run(["conntrack", "-D", *where[:4], *words])
        whose = [["--orig-src", address, "--orig-port-src", port] for address, port in clients]
        for words in whose if len(whose) <= _MOST_AT_ONCE else [[]]:
            _run(["conntrack", "-D", *where, *words])

    def _tell(self, seen: dict[str, object]) -> None:
        self._seen = seen
        handle, name = tempfile.mkstemp(dir=os.path.dirname(self._status))
        with os.fdopen(handle, "w") as file:
            json.dump(seen, file)
        os.rename(name, self._status)


def _end(_signal: int, _frame: object) -> None:
    raise SystemExit(0)


def main() -> None:
    """Look each second until somebody ends it."""
    path, master, status, *rest = sys.argv[1:]
    signal.signal(signal.SIGTERM, _end)
    watch = Watch(path, master, status, rest[0] if rest else FORWARDING)
    while True:
        watch.look()
        time.sleep(1)


if __name__ == "__main__":
    main()
