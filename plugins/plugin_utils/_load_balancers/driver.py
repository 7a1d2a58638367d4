# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a driver is: one vendor's spelling of the neutral model.

    rendered = driver.render(services)
    driver.parse(rendered.document) == [driver.expressible(service) for service in services]    # the law
    driver.changes(want, have)                                                                  # what to do, and what it does to traffic

The document is what goes to the device, or what the device's answers are gathered into; only its driver looks inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from .model import Persistence, Service


@dataclass(frozen=True, order=True)
class NotRendered:
    """A field of a service that the driver cannot say, and why; shown in plan and report."""

    service: str
    field: str
    why: str


@dataclass(frozen=True)
class Rendered:
    """A rendering: the document, its text for people, and what it does not say."""

    document: object
    text: str
    not_rendered: tuple[NotRendered, ...] = ()


@dataclass(frozen=True)
class Impact:
    """What a change of a field does to traffic on this vendor's device; the words are shown to the user."""

    words: str
    recreates: bool = False


MODIFIES_MEMBERS = Impact("modifies members")
MODIFIES = Impact("modifies the service in place")
RECREATES = Impact("recreates the virtual", recreates=True)


_Said = TypeVar("_Said", Service, Persistence)


def said(value: _Said, **fields_said: object) -> _Said:
    """Return a value of the model with other values of fields; itself where they are its own, as most are of thousands."""
    if all(getattr(value, name) == field_said for name, field_said in fields_said.items()):
        return value
    return replace(value, **fields_said)  # type: ignore[arg-type]


class Driver(Protocol):
    """One vendor.

    name: as in lync_balancer_driver. fields: the fields of Service (dotted for the parts of monitor and persistence)
    that it expresses. impacts: per field what its change does to traffic, "" for all others.
    options: the closed list of vendor options, each with a JSON Schema of its value.
    """

    name: str
    impacts: Mapping[str, Impact]
    options: Mapping[str, Mapping[str, object]]

    def render(self, services: Sequence[Service]) -> Rendered:
        """Return the rendering of services; raises InvalidInputError when the driver cannot carry one of them at all."""

    def parse(self, document: object) -> tuple[Service, ...]:
        """Return the services of a document, sorted by name; raises InvalidInputError when it is none of this driver's."""

    def expressible(self, service: Service) -> Service:
        """Return the service as this driver can say it: what it cannot is at the model's default."""


@dataclass(frozen=True)
class Refusals:
    """What a driver cannot say, as a table: per field of Service a reason, and the value that stands for "not said"."""

    fields: Mapping[str, tuple[str, object]] = field(default_factory=dict)

    def expressible(self, service: Service) -> Service:
        """Return the service with every field that cannot be said at its value for "not said"."""
        return replace(service, **{name: value for name, (_why, value) in self.fields.items()})  # type: ignore[arg-type]

    def of(self, service: Service) -> tuple[NotRendered, ...]:
        """Return which fields of the service are not said because of that."""
        return tuple(NotRendered(service.name, name, why) for name, (why, value) in self.fields.items() if getattr(service, name) != value)
