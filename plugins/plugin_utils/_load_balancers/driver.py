# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a driver is: one vendor's spelling of the neutral model.

    rendered = driver.render(services)
    driver.parse(rendered.document) == [driver.expressible(service) for service in services]    # the law

The document is what goes to the device, or what the device's answers are gathered into; only its driver looks inside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from .._base.errors import Problem, shown
from .._base.names import name_problems
from .model import MemberDown, MemberState, Persistence, PersistenceKind, Service


class EffectKind(str, Enum):
    """What a change of a service does to traffic."""

    ADDS = "adds"
    REMOVES = "removes"
    MODIFIES = "modifies"
    MODIFIES_MEMBERS = "modifies_members"
    RELOADS = "reloads"
    RELOADS_MEMBERS = "reloads_members"
    RECREATES = "recreates"
    RECREATES_IN_DOMAIN = "recreates_in_domain"
    MOVES = "moves"
    REPLACES = "replaces"
    INTERRUPTS = "interrupts"
    REPAIRS = "repairs"

    @property
    def text(self) -> str:
        """Return it in words."""
        return _TEXTS[self]

    @property
    def recreates(self) -> bool:
        """Return whether the service goes or is made anew, so that its connections end."""
        return self in _RECREATING


_TEXTS: Mapping[EffectKind, str] = {
    EffectKind.ADDS: "adds a virtual; nothing else is touched",
    EffectKind.REMOVES: "removes the virtual: its connections end",
    EffectKind.MODIFIES: "modifies the service in place",
    EffectKind.MODIFIES_MEMBERS: "modifies members",
    EffectKind.RELOADS: "reloads: new connections go by the new configuration, open ones stay where they are",
    EffectKind.RELOADS_MEMBERS: "modifies members, by a reload",
    EffectKind.RECREATES: "recreates the virtual",
    EffectKind.RECREATES_IN_DOMAIN: "recreates the virtual, but a netprofile alone is set in place",
    EffectKind.MOVES: "moves the virtual to another address: its connections end",
    EffectKind.REPLACES: "recreates the virtual: the old one serves until the new one is there, "
    "then its connections end",
    EffectKind.INTERRUPTS: "recreates the virtual: nothing listens for a moment, since its address and port pass on",
    EffectKind.REPAIRS: "sets right what the fields of a service do not show",
}
_RECREATING = frozenset(
    {
        EffectKind.REMOVES,
        EffectKind.RECREATES,
        EffectKind.RECREATES_IN_DOMAIN,
        EffectKind.MOVES,
        EffectKind.REPLACES,
        EffectKind.INTERRUPTS,
    }
)


@dataclass(frozen=True, order=True)
class NotRendered:
    """A field of a service that the driver cannot express, and why; shown in plan and report."""

    service: str
    name: str
    why: str

    def document(self) -> dict[str, str]:
        """Return it as results have it."""
        return {"service": self.service, "name": self.name, "why": self.why}


@dataclass(frozen=True)
class Refusal:
    """One row of the table of what a driver cannot express: the reasons for a service, none when it can.

    name: of the field, dotted for the parts of monitor and persistence.
    """

    name: str
    reasons: Callable[[Service], Iterable[str]]

    @classmethod
    def when(cls, name: str, applies: Callable[[Service], bool], why: str) -> Refusal:
        """Return a row with one reason for the services to which it applies."""
        return cls(name, lambda service: (why,) if applies(service) else ())


def refused(services: Iterable[Service], table: Sequence[Refusal]) -> tuple[NotRendered, ...]:
    """Return what of the services is not expressed, by service and row."""
    return tuple(note for service in services for row in table for note in _refused_fields(service, row))


def _refused_fields(service: Service, row: Refusal) -> Iterator[NotRendered]:
    return (NotRendered(service.name, row.name, why) for why in row.reasons(service))


def check_service_names(service: Service) -> Iterator[Problem]:
    """Yield the names of a service that cannot stand in a configuration file; without a pool it does not read back."""
    names = {"name": ("service", service.name), "pool": ("service", service.pool)}
    yield from name_problems(f"service {shown(service.name)}", names)


def has_affinity(service: Service) -> bool:
    """Return whether clients of a service come back to their member."""
    return service.persistence.kind is not PersistenceKind.NONE


def has_cookie(service: Service) -> bool:
    """Return whether clients of a service come back by a cookie, which only decrypted traffic can have."""
    return service.persistence.kind is PersistenceKind.COOKIE


INSTEAD_OF_COOKIE = Persistence(PersistenceKind.SOURCE, 1200)
"""What an appliance does where a cookie is asked for, which only decrypted traffic has.

Lync 2010 needs some affinity for external web services; 20 minutes are Microsoft's typical value for Front End pools.
"""
WHY_NO_COOKIE = (
    "the cookie can only be set in decrypted traffic, and the address of the client stands in for it: all that one "
    "reverse proxy sends comes to one member"
)


def hides_node_port(service: Service) -> bool:
    """Return whether a driver that keeps the port of the members at each of them loses it."""
    return not service.members and service.node_port != service.port


def refuse_member_states(reasons: Mapping[MemberState, str]) -> Refusal:
    """Return the row of members in states that a driver cannot express, each with why."""

    def _state_reasons(service: Service) -> Iterator[str]:
        known = (member for member in service.members if member.state in reasons)
        return (f"{member.address}: {reasons[member.state]}" for member in known)

    return Refusal("members", _state_reasons)


def always_member_down(what: MemberDown, why: str) -> Refusal:
    """Return the row of a driver that does one thing alone with the connections of a member that is down."""
    return Refusal.when("member_down", lambda service: service.member_down is not what, why)


def _cookie_reasons(service: Service) -> Iterator[str]:
    if service.persistence.kind is PersistenceKind.COOKIE:
        cookie = service.persistence.cookie
        instead = "the address of the client stands in for it, so all that one reverse proxy sends has one member"
        yield f"the cookie {cookie} can only be set in decrypted traffic; {instead}"


def _hash_duration_reasons(service: Service) -> Iterator[str]:
    if service.persistence.kind is PersistenceKind.SOURCE:
        yield f"affinity by the hash of the address has no end, {service.persistence.seconds} s or other"


def _algorithm_reasons(service: Service) -> Iterator[str]:
    if has_affinity(service):
        yield f"the hash of the client's address chooses the member, not {service.algorithm}"


HASH_REFUSALS = (
    Refusal("persistence", _cookie_reasons),
    Refusal("persistence.seconds", _hash_duration_reasons),
    Refusal("algorithm", _algorithm_reasons),
)
"""What affinity by the hash of a client's address cannot express."""


@dataclass(frozen=True)
class Rendered:
    """A rendering: the document, its text for people, and what it does not express."""

    document: object
    text: str
    not_rendered: tuple[NotRendered, ...] = ()


class Driver(Protocol):
    """One vendor.

    name: as in lync_balancer_driver. effects: what a change of a field does to traffic, "" for all others.
    options: the closed list of vendor options, each with a JSON Schema of its value.
    """

    name: str
    effects: Mapping[str, EffectKind]
    options: Mapping[str, Mapping[str, object]]

    def render(self, services: Sequence[Service]) -> Rendered:
        """Return the rendering of services; raises InvalidInputError when one of them cannot be carried at all."""

    def parse(self, document: object) -> tuple[Service, ...]:
        """Return the services of a document by name; raises InvalidInputError when it is none of this driver's."""

    def expressible(self, service: Service) -> Service:
        """Return the service as this driver can express it: what it cannot is at the model's default."""
