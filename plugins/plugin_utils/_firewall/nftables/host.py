# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Linux host as its answers to gather and apply describe it, and the guard of those who manage it by SSH.

    read_answer({"listing": "{...}", "fingerprint": "...", "ssh": [...], ...}) -> LinuxHost(...)
    lockouts(host, before, after, networks)
    == ["ssh (TCP 22) on 10.1.0.5 would be shut for 10.9.0.0/24; fix: ..."]

The guard compares before and after, and asks nothing else. It looks at the ports that sshd listens on, from the peers
that are connected to them now and from every management network. A connection that is open stays open: what counts is
the next one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch

from ..._base.addresses import ANY, AddressSet
from ..._base.errors import MALFORMED, AnswerError, InvalidInputError
from ..._base.nft_chains import Foreign
from ..._base.untyped import mappings
from ..host_facts import PendingRevert, plain_address, read_pending
from ..rule import ANY_PROTOCOL, TCP, Rule, address_texts
from .listing import read_table
from .ruleset import FOREIGN, Table, rules_of


@functools.cache
def _loopback() -> AddressSet:
    """Return addresses of the host itself; made at the first use, since importing a file must not need a library."""
    return AddressSet.parse(("127.0.0.0/8", "::1", "fe80::/10"))


@dataclass(frozen=True)
class Ssh:
    """A port on which the host is managed, the address that it listens on ("" for all), and who is connected."""

    port: int
    address: str = ""
    peers: tuple[str, ...] = ()


@dataclass(frozen=True)
class LinuxHost:
    """Our table on a host (None for none), its file, and what stands around them.

    addresses: none when the host could not tell. foreign: tables of somebody else. pending: what is known of a change
    that waits to be taken back, None for none. is_included: whether the host reads the file when it starts.
    """

    table: Table | None
    fingerprint: str
    content: str | None
    addresses: tuple[str, ...] = ()
    ssh: tuple[Ssh, ...] = ()
    foreign: Foreign = field(default_factory=Foreign)
    pending: PendingRevert | None = None
    is_included: bool = True


def read_answer(answer: Mapping[str, object], path: str) -> LinuxHost:
    """Return the host of an answer; raises AnswerError for one that its module does not give."""
    try:
        content = answer["content"]
        return LinuxHost(
            table=read_table(str(answer["listing"]), "the host's table"),
            fingerprint=str(answer["fingerprint"]),
            content=None if content is None else str(content),
            addresses=tuple(plain_address(text) for text in _read_list(answer, "addresses")),
            ssh=_ssh(_read_list(answer, "ssh")),
            foreign=Foreign.read(mappings(_read_list(answer, "others"))),
            pending=read_pending(answer["pending_revert"]),
            is_included=any(fnmatch(path, str(pattern)) for pattern in _read_list(answer, "includes")),
        )
    except InvalidInputError as error:
        raise AnswerError("; ".join(map(str, error.problems))) from error
    except MALFORMED as error:
        raise AnswerError(f"the host's module answered what it never does: {type(error).__name__}: {error}") from error


def _read_list(answer: Mapping[str, object], name: str) -> Sequence[object]:
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


def lockouts(host: LinuxHost, before: Table | None, after: Table | None, networks: AddressSet) -> list[str]:
    """Return why the changes must not be made, one line per port and address; nothing when they may."""
    places = [(way, address) for way in host.ssh for address in _list_way_addresses(way, host)]
    return [line for way, address in places for line in _lockout(way, address, before, after, networks)]


def _list_way_addresses(way: Ssh, host: LinuxHost) -> tuple[str, ...]:
    """Return the addresses on which a way is open; "" when the host could not tell them."""
    found = (way.address,) if way.address else host.addresses or ("",)
    return tuple(address for address in found if not address or not AddressSet.parse([address]) <= _loopback())


def _lockout(way: Ssh, address: str, before: Table | None, after: Table | None, networks: AddressSet) -> Iterator[str]:
    rules = [set(rules_of(table.lines)) if table else set() for table in (before, after)]
    same = frozenset(rules[0] & rules[1])
    had, has = (
        _find_admitted_sources(table, frozenset(found), way.port, address, same)
        for table, found in zip((before, after), rules, strict=True)
    )
    sources = (AddressSet.parse(way.peers) | networks) - _loopback()
    if address:
        sources = sources.of_families(AddressSet.parse([address]).families)
    lost = (had - has) & sources
    if lost:
        fix = "set lync_management_rule for the host, or add a rule for the port from there"
        where = f"ssh (TCP {way.port}){f' on {address}' if address else ''}"
        yield f"{where} would be shut for {', '.join(address_texts(lost))}; fix: {fix}"


def _find_admitted_sources(
    table: Table | None, rules: frozenset[Rule], port: int, address: str, same: frozenset[Rule]
) -> AddressSet:
    """Return from where a table admits a port of an address.

    A rule that allows with limits of its own (an interface, a remote port) counts only where it is in both tables.
    """
    if table is None:
        return ANY
    allowing = [rule for rule in rules if _counts(rule, "allow", port, address, rule in same)]
    blocking = [rule for rule in rules if _counts(rule, "block", port, address, True)]
    allows, blocks = (AddressSet.union_of(rule.remoteip.addresses for rule in found) for found in (allowing, blocking))
    return (ANY if table.policy == "accept" else allows) - blocks


def _counts(rule: Rule, action: str, port: int, address: str, stays: bool) -> bool:
    if (rule.direction, rule.action) != ("in", action) or FOREIGN in dict(rule.restrictions):
        return False
    if rule.protocol not in (TCP, ANY_PROTOCOL):
        return False
    here = not address or AddressSet.parse([address]) <= rule.localip.addresses
    is_limited = bool(rule.interfaces) or not rule.remoteport.is_any
    has_port = any(first <= port <= last for first, last in rule.localport.ports.pairs)
    return here and has_port and (stays or not is_limited)
