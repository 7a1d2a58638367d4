# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses that would leave a device although nobody said that they go: absence is not intent.

    leaving = find_leaving([("fe-focus", have, want), ("fe-sip", have, want)])
    leaving == {"10.1.0.12": ("fe-focus", "fe-sip")}
    Presence(known=addresses of the plan).held(leaving) == AddressSet.parse(["10.1.0.12"])

A host that vanished from the inventory (a failed source, a slice, a comment sign) takes its address out of rules,
members, exemptions and records of many places at once. Such an address is held: it stays where it is until somebody
says that it is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .addresses import AddressSet

# A wider range is a network, which a list of the inventory names on purpose.
RANGE_ADDRESSES_MAXIMUM = 16
PLACES_MINIMUM = 2
Leaving = Mapping[str, Collection[str]]
"""Address -> names of the objects of one device that it would leave."""


def find_leaving(objects: Iterable[tuple[str, AddressSet, AddressSet]]) -> dict[str, tuple[str, ...]]:
    """Return which single addresses leave which objects; objects: name, addresses that it has and that it is to have.

    Of a range that leaves each address counts for itself, up to RANGE_ADDRESSES_MAXIMUM of them.
    """
    found: dict[str, list[str]] = {}
    for name, have, want in objects:
        for address in _singles(have - want):
            names = found.setdefault(address, [])
            if name not in names:
                names.append(name)
    return {address: tuple(names) for address, names in sorted(found.items())}


def _singles(addresses: AddressSet) -> Iterator[str]:
    ranges = [AddressSet(((first, last),), ()) for first, last in addresses.ipv4 if _is_small(first, last)]
    ranges += [AddressSet((), ((first, last),)) for first, last in addresses.ipv6 if _is_small(first, last)]
    for one in ranges:
        yield from one.each()


def _is_small(first: int, last: int) -> bool:
    return last - first < RANGE_ADDRESSES_MAXIMUM


@dataclass(frozen=True)
class Presence:
    """What a run knows of addresses when it looks at one device.

    known: every address of the plan and the inventory, None where nothing is held (a module outside a run). gone: what
    may leave all the same. vanished: known to leave two places or more. elsewhere: how many objects of other devices an
    address would leave.
    """

    known: AddressSet | None = None
    gone: AddressSet = AddressSet()
    vanished: AddressSet = AddressSet()
    elsewhere: Mapping[str, int] = field(default_factory=dict)

    def held(self, leaving: Leaving) -> AddressSet:
        """Return the addresses that stay: those that nobody knows any more and that would leave at least two places."""
        if self.known is None:
            return AddressSet()
        found = {
            address
            for address, names in leaving.items()
            if len(names) + self.elsewhere.get(address, 0) >= PLACES_MINIMUM
        }
        return (AddressSet.parse(found) | self.vanished) - self.known - self.gone


def objects_of(leaving: Leaving, held: AddressSet) -> dict[str, tuple[str, ...]]:
    """Return the part of what leaves that is held."""
    addresses = set(held.each()) & set(leaving)
    return {address: tuple(leaving[address]) for address in sorted(addresses)}
