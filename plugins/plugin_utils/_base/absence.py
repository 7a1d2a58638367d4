# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses that would leave a device although nobody said that they go: absence is not intent.

    losses = Losses.of([Owned("fe-focus", have, want), Owned("fe-sip", have, want)])
    losses.leaving == {"10.1.0.12": ("fe-focus", "fe-sip")}
    Presence(known=addresses of the plan).held(losses) == AddressSet.parse(["10.1.0.12"])

A host that vanished from the inventory (a failed source, a slice, a comment sign) takes its address out of rules,
members, exemptions and records of many places at once. Such an address is held: it stays where it is until somebody
says that it is gone. What leaves on purpose is bounded too: one member of a pool at a time, and never more than the
pool can spare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .addresses import AddressSet

# A wider range is a network, which a list of the inventory names on purpose.
RANGE_ADDRESSES_MAXIMUM = 16
PLACES_MINIMUM = 2
MEMBERS_LEAVING_MAXIMUM = 1
# Front End Servers that must run, by how many a pool has: Microsoft, "Topology components: Front End pools", 2013 on.
RUNNING_FRONT_ENDS = {1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4, 9: 4, 10: 5, 11: 5, 12: 5}


@dataclass(frozen=True)
class Owned:
    """One object of ours on a device; want is None when the object goes.

    have, want: its addresses. pool: of which the addresses are members, so that not too many of them leave.
    """

    name: str
    have: AddressSet
    want: AddressSet | None
    pool: str = ""

    @property
    def lost(self) -> AddressSet:
        """Return the addresses that it loses."""
        return self.have - (self.want or AddressSet())


@dataclass(frozen=True)
class Losses:
    """What the objects of a device lose.

    leaving: address -> names of the objects that lose it. goes: names of the objects that go. is_all: no object stays.
    """

    leaving: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    goes: tuple[str, ...] = ()
    is_all: bool = False

    @classmethod
    def of(cls, objects: Iterable[Owned]) -> Losses:
        """Return the losses of objects; of a range that leaves each address counts, where it is not too wide."""
        owned = list(objects)
        found: dict[str, list[str]] = {}
        for one in owned:
            for address in _singles(one.lost):
                names = found.setdefault(address, [])
                if one.name not in names:
                    names.append(one.name)
        goes = tuple(sorted({one.name for one in owned if one.want is None}))
        leaving = {address: tuple(names) for address, names in sorted(found.items())}
        return cls(leaving, goes, bool(goes) and all(one.want is None for one in owned))

    def document(self) -> dict[str, object]:
        """Return them as keys of a result of a run."""
        leaving = {address: list(names) for address, names in self.leaving.items()}
        return {"leaving": leaving, "goes": list(self.goes), "loses_all": self.is_all}


def _singles(addresses: AddressSet) -> Iterator[str]:
    ranges = [AddressSet(((first, last),), ()) for first, last in addresses.ipv4 if _is_small(first, last)]
    ranges += [AddressSet((), ((first, last),)) for first, last in addresses.ipv6 if _is_small(first, last)]
    for one in ranges:
        yield from one.each()


def _is_small(first: int, last: int) -> bool:
    return last - first < RANGE_ADDRESSES_MAXIMUM


def needed_members(count: int, *, is_quorum: bool) -> int:
    """Return how many members of so many must stay: by Microsoft's table for a quorum, else half of them rounded up."""
    return RUNNING_FRONT_ENDS.get(count, -(-count // 2)) if is_quorum else -(-count // 2)


@dataclass(frozen=True)
class Presence:
    """What a run knows of addresses when it looks at one device.

    known: every address of the plan and the inventory, None where nothing is held (a module outside a run). gone: what
    may leave all the same. vanished: known to leave two places or more. unreached: of hosts that this run could not
    bring to the plan, which keep what they need. elsewhere: how many objects of other devices an address would leave.
    quorums: pools of which Microsoft's table says how many members must run. accepted_pools: pools that may lose more
    members than the bounds allow. holds_all: nothing is to lose anything, because bounds of the whole run are exceeded.
    """

    known: AddressSet | None = None
    gone: AddressSet = AddressSet()
    vanished: AddressSet = AddressSet()
    unreached: AddressSet = AddressSet()
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    quorums: frozenset[str] = frozenset()
    accepted_pools: frozenset[str] = frozenset()
    holds_all: bool = False

    def held(self, losses: Losses) -> AddressSet:
        """Return the addresses that stay: those that nobody knows any more and that would leave at least two places."""
        if self.known is None:
            return AddressSet()
        if self.holds_all:
            return AddressSet.parse(losses.leaving)
        found = {
            address
            for address, names in losses.leaving.items()
            if len(names) + self.elsewhere.get(address, 0) >= PLACES_MINIMUM
        }
        unknown = (AddressSet.parse(found) | self.vanished) - self.known
        return (unknown | self.unreached) - self.gone

    @property
    def is_holding(self) -> bool:
        """Return whether something is held in this run, so that a device has to keep what it may have of that."""
        return self.holds_all or bool(self.held(Losses()))

    def exceeded_pools(self, objects: Iterable[Owned], down: AddressSet) -> dict[str, tuple[AddressSet, str]]:
        """Return of each pool that would lose too many members those members, and why; down: members that are not well.

        A pool that goes as a whole is not judged here.
        """
        if self.known is None:
            return {}
        pools: dict[str, list[Owned]] = {}
        for one in objects:
            if one.pool and one.want is not None and one.pool not in self.accepted_pools:
                pools.setdefault(one.pool, []).append(one)
        found = {pool: self._exceeded(pool, own, down) for pool, own in pools.items()}
        return {pool: (lost, why) for pool, (lost, why) in found.items() if why}

    def _exceeded(self, pool: str, own: Sequence[Owned], down: AddressSet) -> tuple[AddressSet, str]:
        lost = AddressSet.union_of(one.lost for one in own) - self.gone
        # A member of both families leaves once.
        for family in sorted(lost.families):
            of_family = frozenset((family,))
            leaving = lost.of_families(of_family).each()
            if len(leaving) > MEMBERS_LEAVING_MAXIMUM:
                return lost, f"{len(leaving)} members of {pool} would leave at once ({', '.join(leaving)})"
            had = AddressSet.union_of(one.have for one in own).of_families(of_family)
            # Of a host that this run could not bring to the plan nobody knows that it serves.
            absent = down | self.unreached
            left = AddressSet.union_of(one.want or AddressSet() for one in own).of_families(of_family) - absent
            needed = needed_members(len(had.each()), is_quorum=pool in self.quorums)
            if len(left.each()) < needed:
                return lost, f"{pool} would have {len(left.each())} members that are well, and needs {needed}"
        return lost, ""


def objects_of(leaving: Mapping[str, Iterable[str]], held: AddressSet) -> dict[str, list[str]]:
    """Return the part of what leaves that is held."""
    addresses = set(held.each()) & set(leaving)
    return {address: list(leaving[address]) for address in sorted(addresses)}
