# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the two grammars of proxies on Linux: HAProxy's sections of lines, nginx's nested blocks.

Lines keep their numbers.

Endpoints and times are read alike for both, but for the unit of a time that has none. So does who listens in files of
somebody else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple

from .._base.errors import understood
from .conflicts import Listener, known_address

SECTIONS = frozenset(
    (
        "global",
        "defaults",
        "frontend",
        "backend",
        "listen",
        "peers",
        "resolvers",
        "userlist",
        "program",
        "cache",
        "ring",
        "http-errors",
        "mailers",
        "log-forward",
        "log-profile",
        "fcgi-app",
        "crt-store",
        "traces",
    )
)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SPECIAL = re.compile(r"[\"'\\#]")
_NGINX_TOKENS = re.compile(r"#[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[{};]|[^\s{};\"']+|\n|\S")


class Line(NamedTuple):
    """One directive: its tokens and the number of its line."""

    tokens: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True)
class Block:
    """A section of HAProxy or a block of nginx: its head, its directives, the block around it, its own comments."""

    head: tuple[str, ...]
    number: int = 0
    outer: Block | None = None
    lines: list[Line] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    def values(self, *tokens: str) -> tuple[str, ...]:
        """Return the tokens after the first directive that begins with these, empty when there is none."""
        found = next((line.tokens for line in self.lines if line.tokens[: len(tokens)] == tokens), ())
        return found[len(tokens) :]

    def all(self, word: str) -> Iterator[tuple[str, ...]]:
        """Yield the tokens after each directive of this name."""
        return (line.tokens[1:] for line in self.lines if line.tokens[0] == word)

    def has(self, *tokens: str) -> bool:
        """Return whether a directive begins with these tokens."""
        return any(line.tokens[: len(tokens)] == tokens for line in self.lines)


def haproxy_sections(text: str) -> Iterator[Block]:
    """Yield the sections of a HAProxy configuration, in its order; what stands before the first one is left out."""
    section: Block | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        tokens = _split_line(raw)
        if tokens and tokens[0] in SECTIONS:
            if section is not None:
                yield section
            section = Block(tokens, number)
        elif tokens and section is not None:
            section.lines.append(Line(tokens, number))
    if section is not None:
        yield section


def _split_line(raw: str) -> tuple[str, ...]:
    if not _SPECIAL.search(raw):
        return tuple(raw.split())  # which takes a twentieth of the time
    try:
        return tuple(shlex.split(raw, comments=True))
    except ValueError:  # an open quote: nothing of ours, and haproxy -c says more about it
        return tuple(raw.split())


def nginx_blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of an nginx configuration, each when it ends, the whole file last, as one without a head.

    A brace too many or too few is for nginx to complain of.
    """
    block, number = Block(()), 1
    tokens: list[str] = []
    for match in _NGINX_TOKENS.finditer(text):
        token = match.group()
        if token == "\n":
            number += 1
        elif token.startswith("#"):
            block.comments.append(token[1:].strip())
        elif token == "{":
            block, tokens = Block(tuple(tokens), number, block), []
        elif token == ";":
            if tokens:
                block.lines.append(Line(tuple(tokens), number))
            tokens = []
        elif token == "}":
            tokens = []
            if block.outer is not None:
                yield block
                block = block.outer
        else:
            tokens.append(token.strip("\"'"))
    while block.outer is not None:
        yield block
        block = block.outer
    yield block


def first_strange_line(driver: str, text: str, expected: str) -> str:
    """Return the first line of a text that another one does not have, with its number; empty when they say the same.

    Comments, empty lines and spaces say nothing. An empty file says something: nobody of this collection writes one.
    """
    if text and text == expected:
        return ""
    raw, own = text.splitlines(), list(_WORDS[driver](text))
    if not own:
        return "it is empty, which this collection never writes"
    for line, other in zip_longest(own, _WORDS[driver](expected)):
        if line is None:
            return f"line {own[-1].number} is the last one, and more should follow"
        if other is None or line.tokens != other.tokens:
            return f"line {line.number}: {raw[line.number - 1].strip()}"
    return ""


def haproxy_lines(text: str) -> Iterator[Line]:
    """Yield the lines of a text that say something, as tokens; # begins a comment."""
    lines = ((_split_line(raw), number) for number, raw in enumerate(text.splitlines(), 1))
    return (Line(tokens, number) for tokens, number in lines if tokens)


def _nginx_words(text: str) -> Iterator[Line]:
    number = 1
    for match in _NGINX_TOKENS.finditer(text):
        token = match.group()
        if token == "\n":
            number += 1
        elif not token.startswith("#"):
            yield Line((token,), number)


_WORDS: Mapping[str, Callable[[str], Iterator[Line]]] = {
    "haproxy": haproxy_lines,
    "nftables_udp": haproxy_lines,
    "nginx_stream": _nginx_words,
    "nginx": _nginx_words,
}


@dataclass(frozen=True)
class Endpoint:
    """Where something listens: address "*" is every one, ports the first and the last of a range.

    ports None: there is none, which is not the same as EVERY_PORT, what a text that nobody can read stands for.
    """

    address: str
    ports: tuple[int, int] | None
    protocol: str = "tcp"


EVERY_PORT = (1, 65535)
_PORT = re.compile(r"[0-9]{1,5}\Z")
# What stands before "@" in an address of HAProxy; of an Internet address a family, and with or without it a transport.
_DATAGRAMS = re.compile(r"^(?:dgram\+|udp|quic)")
_NO_NETWORK = re.compile(r"^(?:(?:(?:stream|dgram)\+)?(?:unix|abnsz?|fd|sockpair|rhttp|ring|log)@|unix:|/)")


def read_endpoint(text: str, protocol: str = "tcp") -> Endpoint | None:
    """Return the endpoint of a text such as "10.1.0.100:443", "[2001:db8::1]:443", "quic4@*:443", "9000-9004" or "443".

    protocol: where the text says none. None for a socket that is not of the network. A part that is no number, such as
    a variable, may be every port.
    """
    if _NO_NETWORK.match(text):
        return None
    kind, _at, place = text.rpartition("@")
    address, _colon, port = place.rpartition(":") if not place.endswith("]") else (place, "", "")
    transport = "udp" if _DATAGRAMS.match(kind) else protocol
    return Endpoint(address.strip("[]") or "*", _read_ports(port), transport)


def _read_ports(text: str) -> tuple[int, int] | None:
    """Return the first and the last port of "443" or "9000-9004"; every one of what is neither, None of nothing."""
    if not text:
        return None
    first, dash, last = text.partition("-")
    if not _PORT.match(first) or (dash and not _PORT.match(last)):
        return EVERY_PORT
    return int(first), int(last or first)


def split_endpoint(text: str) -> tuple[str, int]:
    """Return address and port of an endpoint of ours; raises ValueError when it has no port, or several."""
    found = read_endpoint(text)
    if found is None or found.ports is None or found.ports[0] != found.ports[1]:
        raise ValueError(f"{text} is no address with one port")
    return found.address, found.ports[0]


def port_of(text: str) -> int:
    """Return the port of an endpoint; raises ValueError when it has none."""
    return split_endpoint(text)[1]


def seconds_of(text: str, unit: str) -> int:
    """Return whole seconds of a time like "60s" or "5m"; unit: of a time without one.

    Raises KeyError or ValueError for what is no time.
    """
    word = text.lstrip("0123456789")
    return round(int(text.removesuffix(word) or 0) * _SECONDS[word or unit])


_EVERY = {"*": "0.0.0.0", "::": "0.0.0.0"}


def listeners_of(answer: Mapping[str, Any], driver: str, own: Collection[str] = ()) -> Iterator[Listener]:
    """Yield who else listens; answer: of the host's module to gather, own: paths of further files that are ours.

    Raises AnswerError.
    """
    with understood("who else listens on the host"):
        for path, text in answer.get("files") or ():
            if path not in own:
                yield from _READERS[driver](str(path), str(text))
        for each in answer.get("listeners") or ():
            owner = f"process {each['process']} (pid {each['pid']})"
            yield _listener_at(owner, str(each["address"]), int(each["port"]), str(each["protocol"]))


def _listener_at(owner: str, address: str, port: int, protocol: str, last: int = 0) -> Listener:
    return Listener(owner, _EVERY.get(address, address), port, protocol, last=last)


def _listener_of(owner: str, found: Endpoint, default: int | None = None) -> Iterator[Listener]:
    """Yield who listens at an endpoint; default: the port where it says none."""
    ports = found.ports or (EVERY_PORT if default is None else (default, default))
    address = known_address(_EVERY.get(found.address, found.address))
    yield Listener(owner, address, ports[0], found.protocol, last=ports[1])


def _of_haproxy(path: str, text: str) -> Iterator[Listener]:
    for section in haproxy_sections(text):
        owner = f"{' '.join(section.head[:2])} of {path}"
        parts = (part for tokens in section.all("bind") for part in (tokens[0].split(",") if tokens else ()))
        logs = (part for tokens in section.all("dgram-bind") for part in (tokens[0].split(",") if tokens else ()))
        for found in (*map(read_endpoint, parts), *(read_endpoint(part, "udp") for part in logs)):
            yield from _listener_of(owner, found) if found else ()


def _of_nginx(path: str, text: str) -> Iterator[Listener]:
    for tokens in (tokens for block in nginx_blocks(text) for tokens in block.all("listen") if tokens):
        is_port = re.fullmatch(r"[0-9]+(-[0-9]+)?", tokens[0]) or ":" in tokens[0] or tokens[0].endswith("]")
        protocol = "udp" if {"udp", "quic"} & set(tokens[1:]) else "tcp"
        found = read_endpoint(tokens[0] if is_port else f"[{tokens[0]}]", protocol)
        if found is not None:
            yield from _listener_of(f"a server of {path}", found, default=80)


def _of_nobody(_path: str, _text: str) -> Iterator[Listener]:
    return iter(())


_READERS: Mapping[str, Callable[[str, str], Iterator[Listener]]] = {
    "haproxy": _of_haproxy,
    "nftables_udp": _of_nobody,
    "nginx_stream": _of_nginx,
    "nginx": _of_nginx,
}
