# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Linux host answered to gather or apply, read and checked.

    read_answer({"listing": "{...}", "fingerprint": "...", "ssh": [...], ...}) -> LinuxHost(...)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from ..._base.errors import InvalidInputError
from ..windows.network import plain_address
from .listing import read_table
from .table import TABLE, Table

_OUR_TABLE = TABLE.split(" ")[1]


class HostAnswerError(Exception):
    """The host did not answer as its module does; the message says how."""


@dataclass(frozen=True)
class Ssh:
    """A port on which the host is managed, the address that it listens on ("" for all), and who is connected."""

    port: int
    address: str = ""
    peers: tuple[str, ...] = ()


@dataclass(frozen=True)
class LinuxHost:
    """Our table on a host (None for none), its file, and what stands around them.

    addresses: none when the host could not tell. dropping: chains of other tables that drop what they do not know.
    is_included: whether the host reads the file when it starts.
    """

    table: Table | None
    fingerprint: str
    content: str | None
    addresses: tuple[str, ...] = ()
    ssh: tuple[Ssh, ...] = ()
    dropping: tuple[str, ...] = ()
    is_included: bool = True


def read_answer(answer: Mapping[str, object], path: str) -> LinuxHost:
    """Return the host of an answer; raises HostAnswerError for one that the hands do not give."""
    try:
        content = answer["content"]
        return LinuxHost(
            table=read_table(str(answer["listing"]), "the host's table"),
            fingerprint=str(answer["fingerprint"]),
            content=None if content is None else str(content),
            addresses=tuple(plain_address(text) for text in _list(answer, "addresses")),
            ssh=_ssh(_list(answer, "ssh")),
            dropping=tuple(_dropping(str(answer["chains"]))),
            is_included=any(fnmatch(path, str(pattern)) for pattern in _list(answer, "includes")),
        )
    except InvalidInputError as error:
        raise HostAnswerError("; ".join(map(str, error.problems))) from error
    except (KeyError, ValueError, TypeError) as error:
        raise HostAnswerError(f"the host's module answered what it never does: {type(error).__name__}: {error}") from error


def _list(answer: Mapping[str, object], name: str) -> Sequence[object]:
    value = answer[name]
    if not isinstance(value, list):
        raise TypeError(f"{name} is no list")
    return value


def _ssh(texts: Sequence[object]) -> tuple[Ssh, ...]:
    """Return the ways of texts "ADDRESS PORT PEER" of connections and "ADDRESS PORT" of listeners."""
    peers: dict[tuple[int, str], set[str]] = {}
    for text in texts:
        address, port, *rest = str(text).split()
        local = plain_address(address)
        known = peers.setdefault((int(port), "" if local in ("0.0.0.0", "::") else local), set())
        known.update(plain_address(peer) for peer in rest)
    return tuple(Ssh(port, address, tuple(sorted(found))) for (port, address), found in sorted(peers.items()))


def _dropping(chains: str) -> list[str]:
    """Return the chains of other tables that are hooked to input and drop what none of their rules admits."""
    bodies = [item["chain"] for item in json.loads(chains)["nftables"] if "chain" in item] if chains else []
    strict = [body for body in bodies if body.get("hook") == "input" and body.get("policy") == "drop" and body["table"] != _OUR_TABLE]
    return sorted(f"{body['family']} {body['table']} {body['name']}" for body in strict)
