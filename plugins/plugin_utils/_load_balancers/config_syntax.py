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
from .conflicts import Listener

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


def _haproxy_words(text: str) -> Iterator[Line]:
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
    "haproxy": _haproxy_words,
    "nginx_stream": _nginx_words,
    "nginx": _nginx_words,
}


def split_endpoint(text: str) -> tuple[str, int]:
    """Return address and port of "10.1.0.100:443", "[2001:db8::1]:443", "ipv6@[2001:db8::1]:443" or "443".

    The address of all is "*", no port 0.
    """
    address, _colon, port = text.rpartition(":")
    address = address.rpartition("@")[2].strip("[]")
    return address or "*", int(port) if port.isdecimal() else 0


def port_of(text: str) -> int:
    """Return the port of an endpoint; raises ValueError when it has none."""
    port = split_endpoint(text)[1]
    if not port:
        raise ValueError(f"{text} has no port")
    return port


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


def _listener_at(owner: str, address: str, port: int, protocol: str) -> Listener:
    return Listener(owner, _EVERY.get(address, address), port, protocol)


def _of_haproxy(path: str, text: str) -> Iterator[Listener]:
    for section in haproxy_sections(text):
        owner = f"{' '.join(section.head[:2])} of {path}"
        parts = (part for tokens in section.all("bind") for part in (tokens[0].split(",") if tokens else ()))
        yield from (_listener_at(owner, *split_endpoint(part), "tcp") for part in parts)


def _of_nginx(path: str, text: str) -> Iterator[Listener]:
    for tokens in (tokens for block in nginx_blocks(text) for tokens in block.all("listen")):
        where = f"*:{tokens[0]}" if tokens[0].isdecimal() else tokens[0] if ":" in tokens[0] else f"{tokens[0]}:80"
        yield _listener_at(f"a server of {path}", *split_endpoint(where), "udp" if "udp" in tokens else "tcp")


_READERS: Mapping[str, Callable[[str, str], Iterator[Listener]]] = {
    "haproxy": _of_haproxy,
    "nginx_stream": _of_nginx,
    "nginx": _of_nginx,
}
