# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The driver f5_as3: F5 BIG-IP through AS3 declarations.

Effects are those of the script that AS3 makes of a change: members are modified in the pool, everything else deletes
and creates the virtual in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from ..driver import INSTEAD_OF_COOKIE, WHY_NO_COOKIE, EffectKind, Refusal, Rendered, has_cookie, refused
from ..model import Service
from .declaration import declaration, declaration_text, parsed
from .options import OPTIONS, applicable, own_profile, profile_kind

TENANT = "Lync"
"""The tenant, which is a partition of the device, that is owned as a whole."""


def _passes_packets(service: Service) -> bool:
    return profile_kind(service) == "fastl4"


def _is_udp(service: Service) -> bool:
    return profile_kind(service) == "udp"


def _is_tcp_by_own_profile(service: Service) -> bool:
    return profile_kind(service) == "tcp" and bool(own_profile(service))


def _has_own_profile(service: Service) -> bool:
    return bool(own_profile(service))


_OWN = "the existing profile that the options name decides it"
_FIXED: tuple[tuple[str, Callable[[Service], bool], object, str], ...] = (
    (
        "persistence",
        has_cookie,
        INSTEAD_OF_COOKIE,
        WHY_NO_COOKIE,
    ),
    ("idle_seconds", _has_own_profile, 1800, _OWN),
    ("nagle", _is_udp, True, "UDP has no Nagle algorithm"),
    ("nagle", _passes_packets, False, "FastL4 passes packets on as they come"),
    ("nagle", _is_tcp_by_own_profile, True, _OWN),
)
"""Fields that AS3 cannot express for some services: the field, for which ones, what stands for it, why."""


def _fixed_field(name: str, applies: Callable[[Service], bool], value: object, why: str) -> Refusal:
    def _reasons(service: Service) -> Iterator[str]:
        if applies(service) and getattr(service, name) != value:
            yield why

    return Refusal(name, _reasons)


_REFUSALS = tuple(_fixed_field(*row) for row in _FIXED)


class F5As3:
    """The driver of F5 BIG-IP; tenant is the partition that holds the services."""

    name = "f5_as3"
    effects: Mapping[str, EffectKind] = {"members": EffectKind.MODIFIES_MEMBERS, "": EffectKind.RECREATES}
    options: Mapping[str, Mapping[str, object]] = OPTIONS

    def __init__(self, tenant: str = TENANT) -> None:
        self.tenant = tenant

    def render(self, services: Sequence[Service]) -> Rendered:
        """Return the declaration of the services; raises InvalidInputError when AS3 cannot carry one of them."""
        document = declaration([self.expressible(service) for service in services], self.tenant)
        return Rendered(document, declaration_text(document), refused(services, _REFUSALS))

    def parse(self, document: object) -> tuple[Service, ...]:
        """Return the services of a declaration; raises InvalidInputError when it is none."""
        return parsed(document)

    def expressible(self, service: Service) -> Service:
        """Return the service as AS3 can express it."""
        values = {name: value for name, applies, value, _why in _FIXED if applies(service)}
        members = tuple(sorted(service.members))
        return replace(service, options=applicable(service), members=members, **values)  # type: ignore[arg-type]
