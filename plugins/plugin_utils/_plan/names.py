# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What people call addresses: networks as they are written in the inventory, hosts by their names there.

    Names({"10.1.0.11": "fe01", "10.1.0.12": "fe02", "10.10.0.0/16": "10.10.0.0/16"}).of(
        ["10.1.0.11-10.1.0.12", "10.10.0.0/16", "10.9.0.7"]) == ("10.10.0.0/16", "fe01", "fe02", "10.9.0.7")

A virtual address stands as it is written. A host of which not every address is meant stands with those that are:
"edge01 (10.2.0.21)". What has no name is never split into networks that nobody wrote: it is an address, a network or a
range a-b.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from .._base.addresses import ANY, ANY_TEXT, AddressSet

_One = tuple[int, int]


class Names:
    """The names of addresses; made once, and asked for every list of addresses that is shown."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._networks: list[tuple[str, AddressSet]] = []
        self._hosts: dict[str, list[str]] = {}
        owners: dict[_One, str] = {}
        for text, name in (names or {}).items():
            found = AddressSet.parse([text])
            if text == name and _size(found) > 1:
                self._networks.append((text, found))
                continue
            self._hosts.setdefault(name, []).append(text)
            owners.update((one, name) for one in _ones(found))
        self._networks.sort(key=lambda item: -_size(item[1]))
        self._owners = owners
        self._sorted = sorted(owners)
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Return the names of what address texts stand for, networks first; what is no address as it stands."""
        key = tuple(texts)
        if key not in self._known:
            self._known[key] = self._find(key)
        return self._known[key]

    def _find(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        try:
            left = AddressSet.parse(texts)
        except ValueError:
            return texts
        if left == ANY:
            return (ANY_TEXT,)
        found: list[str] = []
        for text, network in self._networks:
            if network <= left:
                found.append(text)
                left -= network
        named = list(self._hosts_within(left))
        of_hosts = AddressSet.parse([text for _name, own in named for text in own])
        families = left.families
        of_named = (self._host_text(name, own, families) for name, own in named)
        return (*found, *of_named, *(left - of_hosts).to_ranges())

    def _hosts_within(self, addresses: AddressSet) -> Iterable[tuple[str, list[str]]]:
        """Return the hosts with an address of a set, each with those of its texts that are within it."""
        names: dict[str, None] = {}
        for family, pairs in ((4, addresses.ipv4), (6, addresses.ipv6)):
            for first, last in pairs:
                start, end = bisect_left(self._sorted, (family, first)), bisect_left(self._sorted, (family, last + 1))
                names.update(dict.fromkeys(self._owners[one] for one in self._sorted[start:end]))
        for name in (name for name in self._hosts if name in names):
            yield name, [text for text in self._hosts[name] if AddressSet.parse([text]) <= addresses]

    def _host_text(self, name: str, texts: Sequence[str], families: frozenset[int]) -> str:
        """Return the name of a host; with its addresses where it has others of the same families."""
        own = AddressSet.parse(self._hosts[name]).of_families(families)
        return name if own <= AddressSet.parse(texts) else f"{name} ({', '.join(texts)})"


def _ones(addresses: AddressSet) -> Iterable[_One]:
    return [
        (family, first)
        for family, pairs in ((4, addresses.ipv4), (6, addresses.ipv6))
        for first, last in pairs
        if first == last
    ]


def _size(addresses: AddressSet) -> int:
    return sum(last - first + 1 for pairs in (addresses.ipv4, addresses.ipv6) for first, last in pairs)
