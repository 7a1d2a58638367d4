# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The driver netscaler: virtual services as resources of NITRO, as lines of the command line, and back from both.

A document is either the resources, as GET answers have them ({"lbvserver": [{...}], ...}), or the text of a
configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from ..._base.errors import InvalidInputError, Problem, shown
from ..driver import (
    INSTEAD_OF_COOKIE,
    WHY_NO_COOKIE,
    EffectKind,
    Refusal,
    Rendered,
    has_cookie,
    hides_node_port,
    refuse_member_states,
    refused,
)
from ..model import MemberState, Persistence, PersistenceKind, Service, with_fields
from .attributes import RESOURCES, Tables, normalised, table
from .cli import command_lines, parse_configuration
from .resources import (
    PERSISTENCE_MINUTES_MAXIMUM,
    minutes_of_seconds,
    resources_of,
    seconds_of_minutes,
    services_of,
    switched,
)

PREFIX = "lync_"
_WHY_STATES = {
    MemberState.DRAINING: "a configuration only says disabled: the member keeps its sessions until they end, "
    "and reads back as disabled",
    MemberState.BACKUP: "a group has no backup members, which take a backup virtual server: "
    "the member is bound disabled",
}


class NetScaler:
    """The driver; prefix begins the names of all objects that are ours."""

    name = "netscaler"
    effects: Mapping[str, EffectKind] = {
        "port": EffectKind.RECREATES,
        "protocol": EffectKind.RECREATES,
        "options": EffectKind.RECREATES_IN_DOMAIN,
        "vip": EffectKind.MOVES,
        "members": EffectKind.MODIFIES_MEMBERS,
        "node_port": EffectKind.MODIFIES_MEMBERS,
        "": EffectKind.MODIFIES,
    }
    # A traffic domain, and a net profile that the appliance has.
    options: Mapping[str, Mapping[str, object]] = {
        "td": {"type": "integer", "minimum": 0, "maximum": 4094},
        "netprofile": {"type": "string", "minLength": 1},
    }

    def __init__(self, prefix: str = PREFIX) -> None:
        self.prefix = prefix

    def render(self, services: Sequence[Service]) -> Rendered:
        """Return the resources of services, as lines too; raises InvalidInputError for what no NetScaler can carry."""
        tables = resources_of([self.expressible(service) for service in services], self.prefix)
        document = {name: [dict(values) for values in items.values()] for name, items in tables.items() if items}
        return Rendered(document, "\n".join(command_lines(tables)) + "\n", refused(services, REFUSALS))

    def parse(self, document: object) -> tuple[Service, ...]:
        """Return our services of a document, sorted by name."""
        return services_of(self.tables(document), self.prefix)

    def tables(self, document: object) -> Tables:
        """Return the resources of a document, ours and others'."""
        if isinstance(document, str):
            return parse_configuration(document).tables
        if isinstance(document, Mapping) and document.keys() <= {*RESOURCES, "errorcode", "message", "severity"}:
            return {
                name: table(resource, [normalised(resource, item) for item in _document_items(document, name)])
                for name, resource in RESOURCES.items()
            }
        raise InvalidInputError(
            [Problem("document", f"{shown(document)} is neither lines of a configuration nor resources of NITRO")]
        )

    def expressible(self, service: Service) -> Service:
        """Return the service as a NetScaler expresses it."""
        wanted = {name: service.options.get(name) for name in self.options}
        return with_fields(
            service,
            persistence=_in_minutes(service.persistence),
            members=switched(service.members),
            # The port of the members stands at each of them, and nowhere else.
            node_port=service.node_port if service.members else service.port,
            nagle=service.nagle or service.protocol == "udp",
            options={name: value for name, value in wanted.items() if value not in (None, 0, "")},
        )


def _in_minutes(persistence: Persistence) -> Persistence:
    if persistence.kind is PersistenceKind.COOKIE:
        return INSTEAD_OF_COOKIE
    if persistence.kind is PersistenceKind.SOURCE:
        return with_fields(persistence, seconds=seconds_of_minutes(minutes_of_seconds(persistence.seconds)), cookie="")
    return Persistence()


def _timeout_reasons(service: Service) -> Iterator[str]:
    seconds = service.persistence.seconds
    if service.persistence.kind is PersistenceKind.SOURCE and seconds != _in_minutes(service.persistence).seconds:
        minutes = minutes_of_seconds(seconds)
        most = f"at most {PERSISTENCE_MINUTES_MAXIMUM}"
        yield f"affinity lasts whole minutes, {most}: {seconds} s are {minutes} minutes"


def _is_eager_udp(service: Service) -> bool:
    return not service.nagle and service.protocol == "udp"


REFUSALS = (
    Refusal.when(
        "persistence",
        has_cookie,
        WHY_NO_COOKIE,
    ),
    Refusal("persistence.seconds", _timeout_reasons),
    Refusal.when("nagle", _is_eager_udp, "UDP has no Nagle"),
    Refusal.when("node_port", hides_node_port, "the port of the members stands at each of them, and there is none"),
    refuse_member_states(_WHY_STATES),
)


def _document_items(document: Mapping[str, object], name: str) -> list[dict[str, Any]]:
    found = document.get(name, [])
    return cast("list[dict[str, Any]]", found if isinstance(found, list) else [found])
