# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets of IPv4 and IPv6 addresses, with one canonical text for each set.

    AddressSet.parse(["10.1.0.0/25", "10.1.0.128/25", "2001:db8::1"]).to_text()
    == ("10.1.0.0/24", "2001:db8::1")

Accepted texts: an address, a network a/n or a/mask, a range a-b, and "any" (both families).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from . import intervals
from .libraries import netaddr

ANY_TEXT = "any"
_WIDTH = {4: 32, 6: 128}


def _whole(family: int) -> intervals.Intervals:
    return ((0, (1 << _WIDTH[family]) - 1),)


@dataclass(frozen=True)
class AddressSet:
    """An immutable set of addresses, as intervals of integers per family."""

    ipv4: intervals.Intervals = ()
    ipv6: intervals.Intervals = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> AddressSet:
        """Return the union of address texts; raises ValueError that names the first bad text and why."""
        found: dict[int, list[intervals.Interval]] = {4: [], 6: []}
        for text in texts:
            for family, first, last in _parse_text(text):
                found[family].append((first, last))
        return cls(intervals.normalise(found[4]), intervals.normalise(found[6]))

    @classmethod
    def union_of(cls, sets: Iterable[AddressSet]) -> AddressSet:
        """Return the union of any number of sets, in one pass."""
        members = tuple(sets)
        ipv4 = intervals.normalise(pair for member in members for pair in member.ipv4)
        return cls(ipv4, intervals.normalise(pair for member in members for pair in member.ipv6))

    def __bool__(self) -> bool:
        return bool(self.ipv4 or self.ipv6)

    def __or__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.union(self.ipv4, other.ipv4), intervals.union(self.ipv6, other.ipv6))

    def __and__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.intersection(self.ipv4, other.ipv4), intervals.intersection(self.ipv6, other.ipv6))

    def __sub__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intervals.difference(self.ipv4, other.ipv4), intervals.difference(self.ipv6, other.ipv6))

    def __le__(self, other: AddressSet) -> bool:
        return intervals.is_subset(self.ipv4, other.ipv4) and intervals.is_subset(self.ipv6, other.ipv6)

    @property
    def families(self) -> frozenset[int]:
        """Return which families the set has members of: 4, 6."""
        return frozenset(family for family, pairs in ((4, self.ipv4), (6, self.ipv6)) if pairs)

    def of_families(self, families: frozenset[int]) -> AddressSet:
        """Return the part of the set that belongs to the given families (4, 6)."""
        return AddressSet(self.ipv4 if 4 in families else (), self.ipv6 if 6 in families else ())

    def to_text(self) -> tuple[str, ...]:
        """Return the fewest networks that make the set: IPv4 first, ascending; ("any",) for everything."""
        return _to_text(self)

    def each(self) -> tuple[str, ...]:
        """Return every address of the set by itself: for sets of hosts, not of networks."""
        return tuple(str(address) for text in self.to_text() for address in parse_network(text))


ANY = AddressSet(_whole(4), _whole(6))


@functools.lru_cache(maxsize=65536)
def _parse_text(text: str) -> tuple[tuple[int, int, int], ...]:
    """Return (family, first, last) for each interval that a text stands for."""
    if text == ANY_TEXT:
        return tuple((family, *_whole(family)[0]) for family in (4, 6))
    first_text, dash, last_text = text.partition("-")
    if dash:
        return (_parse_range(text, first_text.strip(), last_text.strip()),)
    network = parse_network(text)
    return ((network.version, network.first, network.last),)


def _parse_range(text: str, first_text: str, last_text: str) -> tuple[int, int, int]:
    first, last = parse_address(first_text), parse_address(last_text)
    if first.version != last.version or int(first) > int(last):
        raise ValueError(f"{text!r} is not an address range: first and last must be of one family and in order")
    return first.version, int(first), int(last)


def parse_address(text: str) -> netaddr.IPAddress:
    """Return one IPv4 or IPv6 address; raises ValueError that names the text."""
    try:
        return netaddr.IPAddress(text, flags=netaddr.INET_PTON)
    except (netaddr.AddrFormatError, ValueError, TypeError) as error:
        raise ValueError(f"{text!r} is not an IPv4 or IPv6 address") from error


def parse_network(text: str) -> netaddr.IPNetwork:
    """Return an address or network a/n, a/mask as a network, host bits cleared; raises ValueError that names the text."""
    try:
        network = netaddr.IPNetwork(text).cidr
    except (netaddr.AddrFormatError, ValueError, TypeError) as error:
        raise ValueError(f"{text!r} is not an address, a network a/n or a range a-b") from error
    return network


@functools.lru_cache(maxsize=65536)
def _to_text(addresses: AddressSet) -> tuple[str, ...]:
    if addresses == ANY:
        return (ANY_TEXT,)
    texts: list[str] = []
    families: tuple[tuple[Literal[4, 6], intervals.Intervals], ...] = ((4, addresses.ipv4), (6, addresses.ipv6))
    for family, pairs in families:
        for first, last in pairs:
            texts += _networks_text(family, first, last)
    return tuple(texts)


def _networks_text(family: Literal[4, 6], first: int, last: int) -> list[str]:
    networks = netaddr.iprange_to_cidrs(netaddr.IPAddress(first, family), netaddr.IPAddress(last, family))
    return [str(network.ip) if network.prefixlen == _WIDTH[family] else str(network) for network in networks]
