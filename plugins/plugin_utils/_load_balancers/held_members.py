# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members that services lose, and services that keep those of them that are held (_base/absence.py)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from .._base.absence import Owned
from .._base.addresses import AddressSet
from .._base.untyped import mapping, texts
from .model import Member, MemberState, Service


def owned_members(want: Iterable[Service], have: Iterable[Service], *, removes: bool) -> Iterator[Owned]:
    """Yield each service that a device has with its members and those that it is to have.

    removes: whether services that are not wanted go; their virtual address is one of those that they lose.
    """
    wanted = {service.name: service for service in want}
    for service in have:
        kept = wanted.get(service.name)
        if kept is not None:
            yield Owned(service.name, _members(service), _members(kept))
        elif removes:
            yield Owned(service.name, _members(service) | AddressSet.parse([service.vip]), None)


def serving_members(want: Iterable[Service], have: Iterable[Service]) -> Iterator[Owned]:
    """Yield each service that stays with the members that take its traffic, now and then."""
    wanted = {service.name: service for service in want}
    for service in have:
        if service.name in wanted:
            yield Owned(service.name, _active(service), _active(wanted[service.name]), service.pool)


def members_down(health: object) -> AddressSet:
    """Return the members that a device says are not well; health: up, and down as texts "SERVICE ADDRESS"."""
    return AddressSet.parse(text.rpartition(" ")[2] for text in texts(mapping(health).get("down")))


def with_held(
    asked: Sequence[Service],
    names: Mapping[str, str],
    have: Iterable[Service],
    held: AddressSet,
    serving: AddressSet,
) -> tuple[Service, ...]:
    """Return the services as they were asked for with the members that are held, as the device has them.

    names: device's name of each. serving: those of the held that go on taking traffic, whatever they were to become.
    """
    members = {service.name: service.members for service in have}
    return tuple(_keeping(service, members.get(names[service.name], ()), held, serving) for service in asked)


def _keeping(asked: Service, have: Iterable[Member], held: AddressSet, serving: AddressSet) -> Service:
    own = _members(asked)
    kept = [each for each in have if _is_in(each.address, held - own | serving)]
    if not kept:
        return asked
    staying = AddressSet.parse(each.address for each in kept)
    return replace(asked, members=(*(each for each in asked.members if not _is_in(each.address, staying)), *kept))


def is_held(service: Service, held: AddressSet) -> bool:
    """Return whether a service that nobody wants stays, because of its members or its virtual address."""
    return bool((_members(service) | AddressSet.parse([service.vip])) & held)


def _active(service: Service) -> AddressSet:
    return AddressSet.parse(each.address for each in service.members if each.state is MemberState.ACTIVE)


def _members(service: Service) -> AddressSet:
    return AddressSet.parse(member.address for member in service.members)


def _is_in(address: str, held: AddressSet) -> bool:
    return AddressSet.parse([address]) <= held
