# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets of IPv4 and IPv6 addresses and of ports, with one canonical text for each set.

    AddressSet.parse(["10.1.0.0/25", "10.1.0.128/25", "2001:db8::1"]).to_text()
    == ("10.1.0.0/24", "2001:db8::1")
    PortSet.parse([443, "5061-5063", "5064"]).to_text() == ("443", "5061-5064")

Accepted texts: an address, a network a/n or a/mask, a range a-b, and "any" (both families); a port 1 to 65535, a range
of ports a-b, and "any".

Both are kept as sorted, disjoint, non-adjacent closed intervals, so that two spellings of one set compare equal and
inclusion is exact: ((1, 5), (8, 8)) holds 1 to 5 and 8. All functions of intervals take and return this form;
normalise() makes it.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .libraries import netaddr

Interval = tuple[int, int]
Intervals = tuple[Interval, ...]


def normalise(pairs: Iterable[Interval]) -> Intervals:
    """Return the pairs sorted, with overlapping and adjacent ones merged."""
    merged: list[Interval] = []
    for first, last in sorted(pairs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def union(one: Intervals, other: Intervals) -> Intervals:
    """Return what is in either set."""
    return normalise(one + other)


# Greater than every address, so that a pair with it comes after all that begin at the same number.
_BEYOND = 1 << 128


def _within(limit: Interval, pairs: Intervals) -> Intervals:
    """Return what of pairs is in one interval; of thousands of pairs only the ends are looked at."""
    start = bisect_right(pairs, (limit[0], _BEYOND))
    start -= start > 0 and pairs[start - 1][1] >= limit[0]
    inside = pairs[start : bisect_right(pairs, (limit[1], _BEYOND))]
    if not inside:
        return ()
    begin, last = inside[-1]
    cut = (*inside[:-1], (begin, min(last, limit[1])))
    return ((max(cut[0][0], limit[0]), cut[0][1]), *cut[1:])


def intersection(one: Intervals, other: Intervals) -> Intervals:
    """Return what is in both sets."""
    few, many = (one, other) if len(one) < len(other) else (other, one)
    if len(few) == 1:
        return _within(few[0], many)
    found: list[Interval] = []
    i = j = 0
    while i < len(one) and j < len(other):
        first, last = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if first <= last:
            found.append((first, last))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def difference(one: Intervals, other: Intervals) -> Intervals:
    """Return what is in one and not in other."""
    left: list[Interval] = []
    j = 0
    for first, last in one:
        start = first
        while j < len(other) and other[j][1] < start:
            j += 1
        k = j
        while k < len(other) and other[k][0] <= last:
            if other[k][0] > start:
                left.append((start, other[k][0] - 1))
            start = other[k][1] + 1
            k += 1
        if start <= last:
            left.append((start, last))
    return tuple(left)


def is_subset(one: Intervals, other: Intervals) -> bool:
    """Return whether every number of one is in other."""
    return not difference(one, other)


def meet(one: Intervals, other: Intervals) -> bool:
    """Return whether a number is in both; quick where one of them has few intervals, however many the other has."""
    few, many = sorted((one, other), key=len)
    for first, last in few:
        place = bisect_right(many, (last, _BEYOND))
        if place and many[place - 1][1] >= first:
            return True
    return False


ANY_TEXT = "any"
_WIDTH = {4: 32, 6: 128}


def _all_of_family(family: int) -> Intervals:
    return ((0, (1 << _WIDTH[family]) - 1),)


@dataclass(frozen=True)
class AddressSet:
    """An immutable set of addresses, as intervals of integers per family."""

    ipv4: Intervals = ()
    ipv6: Intervals = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> AddressSet:
        """Return the union of address texts; raises ValueError that names the first bad text and why."""
        found: dict[int, list[Interval]] = {4: [], 6: []}
        for text in texts:
            for family, first, last in _parse_text(text):
                found[family].append((first, last))
        return cls(normalise(found[4]), normalise(found[6]))

    @classmethod
    def union_of(cls, sets: Iterable[AddressSet]) -> AddressSet:
        """Return the union of any number of sets, in one pass."""
        members = tuple(sets)
        ipv4 = normalise(pair for member in members for pair in member.ipv4)
        return cls(ipv4, normalise(pair for member in members for pair in member.ipv6))

    def __bool__(self) -> bool:
        return bool(self.ipv4 or self.ipv6)

    def __or__(self, other: AddressSet) -> AddressSet:
        return AddressSet(union(self.ipv4, other.ipv4), union(self.ipv6, other.ipv6))

    def __and__(self, other: AddressSet) -> AddressSet:
        return AddressSet(intersection(self.ipv4, other.ipv4), intersection(self.ipv6, other.ipv6))

    def __sub__(self, other: AddressSet) -> AddressSet:
        return AddressSet(difference(self.ipv4, other.ipv4), difference(self.ipv6, other.ipv6))

    def meets(self, other: AddressSet) -> bool:
        """Return whether an address is in both sets."""
        return meet(self.ipv4, other.ipv4) or meet(self.ipv6, other.ipv6)

    def __le__(self, other: AddressSet) -> bool:
        return is_subset(self.ipv4, other.ipv4) and is_subset(self.ipv6, other.ipv6)

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

    def to_ranges(self) -> tuple[str, ...]:
        """Return an address, a network where it is exactly one, or a range a-b for each interval of the set."""
        texts = (_networks_text(family, first, last) for family, first, last in self._intervals())
        ends = (self._ends(*interval) for interval in self._intervals())
        return tuple(own[0] if len(own) == 1 else end for own, end in zip(texts, ends, strict=True))

    def _intervals(self) -> list[tuple[Literal[4, 6], int, int]]:
        ipv4: list[tuple[Literal[4, 6], int, int]] = [(4, first, last) for first, last in self.ipv4]
        return [*ipv4, *((6, first, last) for first, last in self.ipv6)]

    @staticmethod
    def _ends(family: Literal[4, 6], first: int, last: int) -> str:
        return f"{netaddr.IPAddress(first, family)}-{netaddr.IPAddress(last, family)}"

    def each(self) -> tuple[str, ...]:
        """Return every address of the set by itself: for sets of hosts, not of networks."""
        return tuple(str(address) for text in self.to_text() for address in parse_network(text))


ANY = AddressSet(_all_of_family(4), _all_of_family(6))


@functools.lru_cache(maxsize=65536)
def _parse_text(text: str) -> tuple[tuple[int, int, int], ...]:
    """Return (family, first, last) for each interval that a text stands for."""
    if text == ANY_TEXT:
        return tuple((family, *_all_of_family(family)[0]) for family in (4, 6))
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


def canonical(text: str) -> str:
    """Return an address in its one spelling; a text that is none as it stands."""
    try:
        return str(parse_address(text))
    except ValueError:
        return text


def parse_network(text: str) -> netaddr.IPNetwork:
    """Return an address or network a/n, a/mask as a network, host bits cleared.

    Raises ValueError that names the text.
    """
    try:
        network = netaddr.IPNetwork(text).cidr
    except (netaddr.AddrFormatError, ValueError, TypeError) as error:
        raise ValueError(f"{text!r} is not an address, a network a/n or a range a-b") from error
    return network


def meant_networks(text: str) -> tuple[str, ...]:
    """Return what a network with host bits may mean: as wide as its zeros allow, and as wide as it says; none without.

    meant_networks("10.30.7.0/8") == ("10.30.7.0/24", "10.0.0.0/8")
    """
    try:
        network = netaddr.IPNetwork(text)
    except (netaddr.AddrFormatError, ValueError, TypeError):
        return ()
    address, group = int(network.ip), 8 if network.version == 4 else 16
    if address == network.first:
        return ()
    zeros = (address & -address).bit_length() - 1
    prefix = _WIDTH[network.version] - zeros // group * group
    return (f"{network.ip}/{prefix}", str(network.cidr))


@functools.lru_cache(maxsize=65536)
def _to_text(addresses: AddressSet) -> tuple[str, ...]:
    if addresses == ANY:
        return (ANY_TEXT,)
    texts: list[str] = []
    families: tuple[tuple[Literal[4, 6], Intervals], ...] = ((4, addresses.ipv4), (6, addresses.ipv6))
    for family, pairs in families:
        for first, last in pairs:
            texts += _networks_text(family, first, last)
    return tuple(texts)


def _networks_text(family: Literal[4, 6], first: int, last: int) -> list[str]:
    networks = netaddr.iprange_to_cidrs(netaddr.IPAddress(first, family), netaddr.IPAddress(last, family))
    return [str(network.ip) if network.prefixlen == _WIDTH[family] else str(network) for network in networks]


FIRST_PORT, LAST_PORT = 1, 65535
_PORT_RANGE = re.compile(r"^([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?$")


@dataclass(frozen=True)
class PortSet:
    """An immutable set of ports, as intervals."""

    pairs: Intervals = ()

    @classmethod
    def parse(cls, texts: Iterable[int | str]) -> PortSet:
        """Return the union of ports and ranges; raises ValueError that names the first bad one and why."""
        return cls(normalise(parse_port_range(text) for text in texts))

    @classmethod
    def union_of(cls, sets: Iterable[PortSet]) -> PortSet:
        """Return the union of any number of sets, in one pass."""
        return cls(normalise(pair for member in sets for pair in member.pairs))

    @classmethod
    def of(cls, first: int, last: int | None = None) -> PortSet:
        """Return the ports first to last, or first alone."""
        return cls(((first, first if last is None else last),))

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def __or__(self, other: PortSet) -> PortSet:
        return PortSet(union(self.pairs, other.pairs))

    def __and__(self, other: PortSet) -> PortSet:
        return PortSet(intersection(self.pairs, other.pairs))

    def __sub__(self, other: PortSet) -> PortSet:
        return PortSet(difference(self.pairs, other.pairs))

    def meets(self, other: PortSet) -> bool:
        """Return whether a port is in both sets."""
        return meet(self.pairs, other.pairs)

    def __le__(self, other: PortSet) -> bool:
        return is_subset(self.pairs, other.pairs)

    def to_text(self) -> tuple[str, ...]:
        """Return ports and ranges a-b in ascending order; ("any",) for all ports."""
        if self == ANY_PORT:
            return (ANY_TEXT,)
        return tuple(str(first) if first == last else f"{first}-{last}" for first, last in self.pairs)


ANY_PORT = PortSet(((FIRST_PORT, LAST_PORT),))


def parse_port_range(text: int | str) -> Interval:
    """Return (first, last) of a port, a range a-b or "any"; raises ValueError that names the text."""
    if text == ANY_TEXT:
        return (FIRST_PORT, LAST_PORT)
    match = None if isinstance(text, bool) else _PORT_RANGE.match(str(text))
    if match is None:
        raise ValueError(f"{text!r} is not a port or a range a-b")
    first, last = int(match[1]), int(match[2] or match[1])
    if not FIRST_PORT <= first <= last <= LAST_PORT:
        raise ValueError(f"{text!r} is out of order or outside {FIRST_PORT}-{LAST_PORT}")
    return first, last
