# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The driver f5_as3: F5 BIG-IP through AS3 declarations.

Impacts are those of the script that AS3 makes of a change: members are modified in the pool, everything else deletes and
creates the virtual in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..driver import MODIFIES_MEMBERS, RECREATES, Impact, NotRendered, Rendered
from ..model import Persistence, PersistenceKind, Service
from .declaration import parsed
from .options import OPTIONS, applicable, own_profile, profile_kind
from .render import declaration, text

TENANT = "Lync"
"""The tenant, which is a partition of the device, that is owned as a whole."""


@dataclass(frozen=True)
class _Refusal:
    """A field that AS3 cannot say for some services: what stands for it, and why."""

    field: str
    applies: Callable[[Service], bool]
    value: object
    why: str


def _has_cookie(service: Service) -> bool:
    return service.persistence.kind is PersistenceKind.COOKIE


def _passes_packets(service: Service) -> bool:
    return profile_kind(service) == "fastl4"


def _is_udp(service: Service) -> bool:
    return profile_kind(service) == "udp"


def _is_tcp_by_own_profile(service: Service) -> bool:
    return profile_kind(service) == "tcp" and bool(own_profile(service))


def _has_own_profile(service: Service) -> bool:
    return bool(own_profile(service))


_OWN = "the existing profile that the options name decides it"
_REFUSALS = (
    _Refusal("persistence", _has_cookie, Persistence(), "a cookie needs HTTP, and this virtual passes TLS on without decrypting it"),
    _Refusal("idle_seconds", _has_own_profile, 1800, _OWN),
    _Refusal("nagle", _is_udp, True, "UDP has no Nagle algorithm"),
    _Refusal("nagle", _passes_packets, False, "FastL4 passes packets on as they come"),
    _Refusal("nagle", _is_tcp_by_own_profile, True, _OWN),
)


class F5As3:
    """The driver of F5 BIG-IP; tenant is the partition that holds the services."""

    name = "f5_as3"
    impacts: Mapping[str, Impact] = {"members": MODIFIES_MEMBERS, "": RECREATES}
    options: Mapping[str, Mapping[str, object]] = OPTIONS

    def __init__(self, tenant: str = TENANT) -> None:
        self.tenant = tenant

    def render(self, services: Sequence[Service]) -> Rendered:
        """Return the declaration of the services; raises InvalidInputError when AS3 cannot carry one of them."""
        refused = tuple(item for service in services for item in _refused(service))
        document = declaration([self.expressible(service) for service in services], self.tenant)
        return Rendered(document, text(document), refused)

    def parse(self, document: object) -> tuple[Service, ...]:
        """Return the services of a declaration; raises InvalidInputError when it is none."""
        return parsed(document)

    def expressible(self, service: Service) -> Service:
        """Return the service as AS3 can say it."""
        values = {refusal.field: refusal.value for refusal in _REFUSALS if refusal.applies(service)}
        return replace(service, options=applicable(service), members=tuple(sorted(service.members)), **values)  # type: ignore[arg-type]


def _refused(service: Service) -> list[NotRendered]:
    found = [refusal for refusal in _REFUSALS if refusal.applies(service) and getattr(service, refusal.field) != refusal.value]
    return [NotRendered(service.name, refusal.field, refusal.why) for refusal in found]
