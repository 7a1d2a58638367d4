# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What `haproxy -c` lets pass and should not.

Two listeners on one address and port, proxies without timeouts, too few file descriptors.
"""

from __future__ import annotations

import errno
import re
import socket
from typing import NamedTuple

# Of the section global: with one of these a process that is not root's may take its clients' addresses (from 2.9 on).
_MAY_BIND = frozenset(("cap_net_admin", "cap_net_raw", "cap_sys_admin"))
_WARNING = re.compile(r"^\[WARNING\]")
_SECTION = re.compile(
    r"^(global|defaults|frontend|backend|listen|peers|resolvers|userlist|program|cache|ring|mailers|http-errors)"
    r"\b\s*(\S*)"
)
_BIND = re.compile(r"^bind\s+(\S+)")
_PORT = re.compile(r"[0-9]{1,5}\Z")
_TIMEOUT = re.compile(r"^timeout\s+(client|server|connect)\b")
_FROM = re.compile(r"\bfrom\s+(\S+)")
_NEEDED = {"frontend": {"client"}, "backend": {"server", "connect"}, "listen": {"client", "server", "connect"}}
# A connection takes two, a check one, and the process some of its own.
_OWN_DESCRIPTORS = 100


class _Bind(NamedTuple):
    """What one line listens on at an address; order: of its section and line."""

    first: int
    last: int
    order: tuple[int, int]
    place: str
    listener: str


class Section:
    """One section of a file: kind, name, where it begins, and its lines with their numbers."""

    def __init__(self, path: str, number: int, text: str) -> None:
        found = _SECTION.match(text)
        self.kind, self.name = (found.group(1), found.group(2)) if found else ("", "")
        self.path, self.number, self.text = path, number, text
        self.lines: list[tuple[int, str]] = []

    @property
    def timeouts(self) -> set[str]:
        """Return which timeouts the section sets itself."""
        return {found.group(1) for found in (_TIMEOUT.match(text) for _number, text in self.lines) if found}


def sections(files: list[tuple[str, str]]) -> list[Section]:
    """Return the sections of files, in the order in which HAProxy reads them."""
    found: list[Section] = []
    for path, text in files:
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.split("#", 1)[0].strip()
            if _SECTION.match(line):
                found.append(Section(path, number, line))
            elif line and found and found[-1].path == path:
                found[-1].lines.append((number, line))
    return found


def binds(section: Section) -> list[tuple[int, str]]:
    """Return line and address:port of everything that a section listens on, in one spelling."""
    lines = (
        (number, found.group(1))
        for number, found in ((number, _BIND.match(text)) for number, text in section.lines)
        if found
    )
    return [(number, _normalize_bind(part)) for number, text in lines for part in text.split(",")]


def _normalize_bind(text: str) -> str:
    address, _colon, port = text.rpartition(":")
    return f"{address.rpartition('@')[2].strip('[]').replace('0.0.0.0', '') or '*'}:{port}"


def _ports(text: str) -> tuple[int, int] | None:
    """Return the first and the last port of a normalized bind; None of what is no number of a port."""
    first, _dash, last = text.rpartition(":")[2].partition("-")
    return (int(first), int(last or first)) if _PORT.match(first) and _PORT.match(last or first) else None


def faults(files: list[tuple[str, str]], own: str, most_descriptors: int = 0) -> list[str]:
    """Return what is wrong with the whole configuration, as sentences that name file and line.

    own: the path of our file, the only one whose proxies are asked for timeouts. most_descriptors: the limit of the
    process, 0 unknown.
    """
    found = sections(files)
    by_section = (*_twin_servers(found, own), *_missing_timeouts(found, own), *_absent_addresses(found, own))
    by_section = (*by_section, *_powerless_sources(found, own))
    return [*_duplicates(found), *by_section, *_descriptors(found, most_descriptors)]


def warnings(output: str, candidate: str, text: str) -> list[str]:
    """Return the warnings of `haproxy -c` that name the candidate or a proxy of its text; others are not about it.

    Such a warning is what the next version of HAProxy refuses.
    """
    names = {section.name for section in sections([(candidate, text)]) if section.name}
    found = (line for line in output.splitlines() if _WARNING.match(line))
    return [line for line in found if candidate in line or names & set(re.findall(r"[\w.@:-]+", line))]


def checked_servers(text: str) -> list[str]:
    """Return the servers of a file that are asked themselves, as commands name them: backend/server."""
    return [
        f"{section.name}/{words[1]}"
        for section in sections([("", text)])
        for words in (line.split() for _number, line in section.lines)
        if words[0] == "server" and "check" in words
    ]


def down_servers(asked: list[str], known: dict[str, bool]) -> list[str]:
    """Return which servers to take for down, by what a process before knew of backend/server.

    A backend that is new, because its monitor has other figures, takes the word of all others about that server.
    """
    elsewhere: dict[str, list[bool]] = {}
    for name, is_up in known.items():
        elsewhere.setdefault(name.partition("/")[2], []).append(is_up)
    return [name for name in asked if not known.get(name, any(elsewhere.get(name.partition("/")[2], [True])))]


def _powerless_sources(found: list[Section], own: str) -> list[str]:
    """Say where the client's address is asked for and the process may not have it; HAProxy says so at its start only.
    """
    lines = [line.split() for section in found if section.kind == "global" for _number, line in section.lines]
    users = [words[1] for words in lines if words[0] in ("user", "uid") and len(words) > 1]
    given = {part for words in lines if words[0] == "setcap" for word in words[1:] for part in word.split(",")}
    if not users or users[-1] in ("root", "0") or given & _MAY_BIND:
        return []
    return [
        f"{own}:{number}: {section.name} takes the client's address for its own, which the user {users[-1]} may not; "
        "fix: user root in the section global, or from HAProxy 2.9 on setcap cap_net_raw"
        for section in found
        if section.path == own
        for number, line in section.lines
        if " usesrc " in line
    ][:1]


def _duplicates(found: list[Section]) -> list[str]:
    messages = []
    for own in _binds_by_address(found).values():
        reaching = own[0]
        for one in own[1:]:
            if one.first <= reaching.last and one.place != reaching.place:
                earlier, later = sorted((reaching, one), key=lambda each: each.order)
                text = f"{later.listener} is listened on twice, also by {earlier.place}; fix: leave one"
                messages.append((later.order, f"{later.place}: {text}"))
            reaching = max(reaching, one, key=lambda each: each.last)
    return [text for _order, text in sorted(messages)]


def _binds_by_address(found: list[Section]) -> dict[str, list[_Bind]]:
    """Return what is listened on by address, by their first ports; order: that of the files."""
    by_address: dict[str, list[_Bind]] = {}
    for place_of_section, section in enumerate(found):
        for number, listener in binds(section):
            place = f"{section.path}:{number} ({section.kind} {section.name})"
            ports = _ports(listener)
            own = by_address.setdefault(listener.rpartition(":")[0], [])
            if ports:
                own.append(_Bind(*ports, (place_of_section, number), place, listener))
    return {address: sorted(own) for address, own in by_address.items() if own}


def _twin_servers(found: list[Section], own: str) -> list[str]:
    messages = []
    for section in (section for section in found if section.path == own):
        first: dict[str, int] = {}
        for number, text in section.lines:
            name = text.split()[1] if text.startswith("server ") and len(text.split()) > 1 else ""
            if name and first.setdefault(name, number) != number:
                messages.append(
                    f"{own}:{number}: server {name} is in {section.name} twice, also at line {first[name]}; "
                    "fix: leave one"
                )
    return messages


def _missing_timeouts(found: list[Section], own: str) -> list[str]:
    named = {section.name: section.timeouts for section in found if section.kind == "defaults" and section.name}
    messages = []
    for section in found:
        base = _FROM.search(section.text)
        missing = _NEEDED.get(section.kind, set()) - section.timeouts - named.get(base.group(1) if base else "", set())
        if section.path == own and missing:
            messages.append(
                f"{own}:{section.number}: {section.kind} {section.name} has no timeout "
                f"{' and no timeout '.join(sorted(missing))}; fix: set it"
            )
    return messages


def _absent_addresses(found: list[Section], own: str) -> list[str]:
    """Say which addresses of our file no network card of this host has; one that may be elsewhere says transparent."""
    messages = []
    for section in (section for section in found if section.path == own):
        for number, text in section.lines:
            match = None if "transparent" in text.split() else _BIND.match(text)
            address = _normalize_bind(match.group(1)).rpartition(":")[0] if match else "*"
            if address != "*" and not _can_be_bound(address):
                messages.append(
                    f"{own}:{number}: {address} is not an address of this host; "
                    "fix: add it, or use the option transparent_bind"
                )
    return messages


def _can_be_bound(address: str) -> bool:
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.bind((address, 0))
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    return True


def _descriptors(found: list[Section], most: int) -> list[str]:
    listeners = sum(len(binds(section)) for section in found)
    servers = sum(text.startswith("server ") for section in found for _number, text in section.lines)
    stated = [
        int(text.split()[1])
        for section in found
        if section.kind == "global"
        for _n, text in section.lines
        if re.match(r"maxconn\s+\d+$", text)
    ]
    needed = listeners + servers + _OWN_DESCRIPTORS + 2 * max(stated, default=0)
    if not most or needed <= most:
        return []
    return [
        f"the configuration needs {needed} file descriptors and HAProxy may have {most}; "
        "fix: raise LimitNOFILE of its unit, or lower maxconn"
    ]
