# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The driver netscaler: virtual services as resources of NITRO, as lines of the command line, and back from both.

A document is either the resources, as GET answers have them ({"lbvserver": [{...}], ...}), or the text of a configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from ..._base.errors import InvalidInputError, Problem, shown
from ..driver import MODIFIES, MODIFIES_MEMBERS, RECREATES, Impact, NotRendered, Rendered, said
from ..model import Member, MemberState, Persistence, PersistenceKind, Service
from .attributes import RESOURCES, Tables, normalised, table
from .cli import command_lines, parse_configuration
from .parse import services_of
from .render import PERSISTENCE_MINUTES_MAXIMUM, members_said, minutes_of_seconds, resources_of, seconds_of_minutes

PREFIX = "lync_"
_MOVES = Impact("moves the virtual to another address: its connections end", recreates=True)
_NEW_DOMAIN = Impact("recreates the virtual, but a netprofile alone is set in place", recreates=True)
_WHY_STATES = {
    MemberState.DRAINING: "a configuration only says disabled: the member keeps its sessions until they end, and reads back as disabled",
    MemberState.BACKUP: "a group has no backup members, which take a backup virtual server: the member is bound disabled",
}
_WHY_COOKIE = "a cookie takes an HTTP or SSL virtual server, which decrypts: nothing brings a client back to its member"
_WHY_NAGLE = "UDP has no Nagle"


class NetScaler:
    """The driver; prefix begins the names of all objects that are ours."""

    name = "netscaler"
    fields: frozenset[str] = frozenset(
        {"name", "pool", "vip", "port", "protocol", "node_port", "members", "idle_seconds", "source_nat", "nagle", "algorithm", "options"}
        | {"monitor.port", "monitor.interval_seconds", "monitor.failures", "persistence.kind", "persistence.seconds", "persistence.group"}
    )
    impacts: Mapping[str, Impact] = {
        "port": RECREATES,
        "protocol": RECREATES,
        "options": _NEW_DOMAIN,
        "vip": _MOVES,
        "members": MODIFIES_MEMBERS,
        "node_port": MODIFIES_MEMBERS,
        "": MODIFIES,
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
        left_out = tuple(note for service in services for note in self.not_rendered(service))
        return Rendered(document, "\n".join(command_lines(tables)) + "\n", left_out)

    def parse(self, document: object) -> tuple[Service, ...]:
        """Return our services of a document, sorted by name."""
        return services_of(self.tables(document), self.prefix)

    def tables(self, document: object) -> Tables:
        """Return the resources of a document, ours and others'."""
        if isinstance(document, str):
            return parse_configuration(document).tables
        if isinstance(document, Mapping) and document.keys() <= {*RESOURCES, "errorcode", "message", "severity"}:
            return {name: table(resource, [normalised(resource, item) for item in _items(document, name)]) for name, resource in RESOURCES.items()}
        raise InvalidInputError([Problem("document", f"{shown(document)} is neither lines of a configuration nor resources of NITRO")])

    def expressible(self, service: Service) -> Service:
        """Return the service as a NetScaler says it."""
        options = {name: service.options[name] for name in self.options if service.options.get(name) not in (None, 0, "")}
        nagle = service.nagle or service.protocol == "udp"
        # The port of the members stands at each of them, and nowhere else.
        node_port = service.node_port if service.members else service.port
        members = members_said(service.members)
        return said(service, persistence=_persistence_said(service.persistence), members=members, node_port=node_port, nagle=nagle, options=options)

    def not_rendered(self, service: Service) -> Iterator[NotRendered]:
        """Yield what of the service a NetScaler does not say."""
        persistence = service.persistence
        if persistence.kind is PersistenceKind.COOKIE:
            yield NotRendered(service.name, "persistence", _WHY_COOKIE)
        if persistence.kind is PersistenceKind.SOURCE and persistence.seconds != self.expressible(service).persistence.seconds:
            minutes = minutes_of_seconds(persistence.seconds)
            why = f"affinity lasts whole minutes, at most {PERSISTENCE_MINUTES_MAXIMUM}: {persistence.seconds} s are {minutes} minutes"
            yield NotRendered(service.name, "persistence.seconds", why)
        if not service.nagle and service.protocol == "udp":
            yield NotRendered(service.name, "nagle", _WHY_NAGLE)
        if not service.members and service.node_port != service.port:
            yield NotRendered(service.name, "node_port", "the port of the members stands at each of them, and there is none")
        yield from (NotRendered(service.name, "members", f"{member.address}: {why}") for member, why in _states(service.members))


def _persistence_said(persistence: Persistence) -> Persistence:
    if persistence.kind is PersistenceKind.SOURCE:
        return said(persistence, seconds=seconds_of_minutes(minutes_of_seconds(persistence.seconds)), cookie="")
    return Persistence()


def _states(members: Sequence[Member]) -> Iterator[tuple[Member, str]]:
    return ((member, _WHY_STATES[member.state]) for member in members if member.state in _WHY_STATES)


def _items(document: Mapping[str, object], name: str) -> list[dict[str, Any]]:
    found = document.get(name, [])
    return cast("list[dict[str, Any]]", found if isinstance(found, list) else [found])
