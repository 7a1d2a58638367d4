# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions to the catalogue.

search(document, "ports[?port==`5061`].id") port_query(document, "client", "Edge internal", "2013") == [{"id":
"edge-internal-av-udp", "port": "3478", "transport": "udp", "application": "STUN/UDP", "direction": "in", ...}, ...]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .._base.addresses import PortSet
from .._base.errors import InvalidInputError, Problem, nearest, one_of, shown
from .components import Component, components
from .document import HINT, Document, ExpressionError, find
from .load import parse
from .model import (
    DEFAULT_EDGE_PORTS,
    PART_OF,
    ROLES,
    SPECIAL_CLASSES,
    Catalogue,
    Direction,
    Interface,
    LoadBalancer,
    PortRow,
    PortSide,
    PortSpec,
    Version,
    media_default,
)

_EDGE_EXTERNAL = frozenset({Interface.ACCESS, Interface.WEB_CONFERENCING, Interface.AV})
# A side of an Edge or a reverse proxy is said behind its name: "Edge internal".
_SIDES: dict[str, Mapping[str, frozenset[Interface]]] = {
    "edge": {
        "internal": frozenset({Interface.INTERNAL}),
        "external": _EDGE_EXTERNAL,
        "access": frozenset({Interface.ACCESS}),
        "web_conferencing": frozenset({Interface.WEB_CONFERENCING}),
        "av": frozenset({Interface.AV}),
    },
    "reverse_proxy": {"internal": frozenset({Interface.INTERNAL}), "external": frozenset({Interface.EXTERNAL})},
}
_SYNONYMS = {
    "front_end": "frontend",
    "fe": "frontend",
    "se": "standard_edition",
    "exchange": "exchange_um",
    "um": "exchange_um",
    "gateway": "pstn_gateways",
    "pstn": "pstn_gateways",
    "sql": "back_end",
    "rp": "reverse_proxy",
    "internet": "any",
    "survivable_branch_appliance": "sba",
    "sbs": "sba",
    "witness": "database_witnesses",
    "database_witness": "database_witnesses",
    "mirror": "sql_mirrors",
    "reporting_services": "report_servers",
    "office_online": "office_web_apps",
    "owa": "exchange_owa",
    "ucma": "trusted_applications",
    "e911": "e911_gateways",
    "ad": "active_directory",
    "domain_controllers": "active_directory",
    "domain_controller": "active_directory",
}
_SERVER_ROLES = frozenset(ROLES) - {"clients"}
# What pools make of servers with databases; each counts apart, since a row may be of one of them only.
_SQL_PARTS = ("databases", "database_copies", "database_witnesses", "report_servers")
# What the special classes hold: roles, parts of roles, and classes that are networks only.
_ATOMS: dict[str, frozenset[str]] = {
    "any_internal": _SERVER_ROLES | {"clients", "phones", "media_networks", *_SQL_PARTS},
    "management": frozenset({"management", "admin_hosts"}),
    "back_end": frozenset({"back_end", *_SQL_PARTS}),
    "database_partners": frozenset({"database_copies", "database_witnesses"}),
    **{name: frozenset({name}) for name in _SQL_PARTS},
}


@dataclass(frozen=True)
class Party:
    """One side of a question: the roles and networks it is made of, and on which interfaces.

    No interfaces means all. outside: what goes to "any", to the Internet or to who cannot be known, may go there;
    listens: on these ports only, None on all.
    """

    atoms: frozenset[str]
    interfaces: frozenset[Interface] = frozenset()
    outside: bool = False
    listens: PortSet | None = None


def search(document: Document, expression: str) -> object:
    """Return what a JMESPath expression finds in a document; raises InvalidInputError when it cannot be used."""
    try:
        return find(expression, document)
    except ExpressionError as error:
        raise InvalidInputError(
            [Problem("expression", f"{shown(expression)} cannot be used as JMESPath: {error}", fix=HINT)]
        ) from error


def port_query(
    catalogue: object, source: str, destination: str, version: str | None = None
) -> list[dict[str, object]]:
    """Return the rows that let a source reach a destination, in the order of the catalogue.

    catalogue: a Catalogue or a document. source, destination: a role, a class or a friendly word ("client",
    "Front End", "Edge internal", "reverse proxy"). version: one of the product's versions; None asks all.
    Answers {"id", "rows", "direction", "transport", "port", "port_side", "application", "service", "interface",
    "load_balancer", "features", "versions"}; port is text with ranges a-b and holds defaults where the
    inventory decides. A row that is switched off is no answer.
    Raises InvalidInputError that names each word it does not know.
    """
    known, parties, wanted = read_question(catalogue, source, destination, version)
    return [answer_row(row) for row in admitting_rows(known, parties[0][0], parties[1][0]) if row.versions & wanted]


def read_question(
    catalogue: object, source: str, destination: str, version: str | None
) -> tuple[Catalogue, list[tuple[Party, str]], frozenset[Version]]:
    """Return the catalogue, both sides with their names, and the versions that a question is about.

    Raises InvalidInputError that names each word it does not know.
    """
    known = catalogue if isinstance(catalogue, Catalogue) else parse(catalogue)
    problems: list[Problem] = []
    parties = [
        _read_party(known, word, place, problems) for place, word in (("source", source), ("destination", destination))
    ]
    wanted = _asked_versions(version, problems)
    if problems:
        raise InvalidInputError(problems)
    return known, parties, wanted


def admitting_rows(catalogue: Catalogue, source: Party, destination: Party) -> list[PortRow]:
    """Return the rows of all versions that let one side reach the other; those switched off are left out."""
    return [row for row in catalogue.ports if row.enabled and _row_admits(catalogue, row, source, destination)]


def _asked_versions(version: object, problems: list[Problem]) -> frozenset[Version]:
    names = {item.value: item for item in Version}
    if version is None:
        return frozenset(Version)
    if str(version) not in names:
        problems.append(Problem("version", f"{shown(version)} is not a version", one_of(names)))
    return frozenset(item for name, item in names.items() if name == str(version))


def _read_party(catalogue: Catalogue, word: object, place: str, problems: list[Problem]) -> tuple[Party, str]:
    """Return whom a word means, and the name of the component or class; problems takes what cannot be understood."""
    text = re.sub(r"[^a-z0-9]+", "_", str(word).lower()).strip("_")
    names = set(catalogue.classes) | set(ROLES) | set(SPECIAL_CLASSES) | set(components())
    for name, sides in _SIDES.items():
        base, _name_itself, side = text.partition(f"{name}_")
        if not base and side in sides:
            return Party(frozenset({name}), sides[side]), name
    found = _match_class(text, names)
    if found is None:
        allowed = [*names, *(f"{name} {side}" for name, sides in _SIDES.items() for side in sides)]
        near = nearest(text, names | set(_SYNONYMS))
        problems.append(
            Problem(place, f"{shown(word)} is not a role or class", one_of(allowed), f"write {near}" if near else "")
        )
        return Party(frozenset()), ""
    return _party_of(catalogue, found), found


def _party_of(catalogue: Catalogue, name: str) -> Party:
    """Return whom a name means; one that is a class too, as "frontend" is, means all of the class."""
    component = None if name in catalogue.classes else components().get(name)
    outside = name == "any"
    return party_of(component) if component else Party(_parts_of_class(catalogue, name), outside=outside)


def party_of(component: Component) -> Party:
    """Return a component as one side of a question."""
    sides = _SIDES[component.parts[0]][component.side] if component.side else frozenset()
    return Party(frozenset(component.parts), sides, component.outside, component.listens)


def _match_class(text: str, names: set[str]) -> str | None:
    """Return the class that a word means, in the singular or plural, with or without "server"."""
    bare = re.sub(r"_servers?$", "", text)
    for word in (
        text,
        _SYNONYMS.get(text, ""),
        f"{text}s",
        bare,
        _SYNONYMS.get(bare, ""),
        f"{bare}s",
        bare.removesuffix("s"),
        f"{bare}_servers",
    ):
        if word in names:
            return word
    return None


def _parts_of_class(catalogue: Catalogue, name: str) -> frozenset[str]:
    """Return the roles and networks that a class is made of."""
    if name in _ATOMS:
        return _ATOMS[name]
    whole = PART_OF.get(name, name)
    return frozenset(catalogue.classes.get(whole, (whole,)))


def _row_admits(catalogue: Catalogue, row: PortRow, source: Party, destination: Party) -> bool:
    """Return whether a row lets source reach destination: as listener of the one or as flow of the other."""
    host, peer = (destination, source) if row.direction is Direction.IN else (source, destination)
    return _is_host(catalogue, row, host) and _is_peer(catalogue, row, peer)


def _is_host(catalogue: Catalogue, row: PortRow, party: Party) -> bool:
    bound = not party.interfaces or row.interface is Interface.ANY or row.interface in party.interfaces
    return bound and bool(_parts_of_class(catalogue, row.component) & party.atoms)


def _is_peer(catalogue: Catalogue, row: PortRow, party: Party) -> bool:
    """Return whether a party is among a row's peers; an Edge as a named peer means its internal address."""
    names = {peer.peer_class for peer in row.peers}
    if "any" in names and (row.direction is Direction.IN or _is_outside(row, party)):
        return True
    faces_inside = not party.interfaces or Interface.INTERNAL in party.interfaces
    return faces_inside and any(_parts_of_class(catalogue, name) & party.atoms for name in names)


def _is_outside(row: PortRow, party: Party) -> bool:
    """Return whether a flow to any, to the Internet or to who gives addresses, is meant for a party too."""
    ports = row.port.default if row.port_side is PortSide.REMOTE else None
    return party.outside and (party.listens is None or (ports is not None and ports <= party.listens))


def answer_row(row: PortRow) -> dict[str, object]:
    """Return a row as an answer has it."""
    return {
        "id": row.id,
        "rows": list(row.rows),
        "direction": row.direction.value,
        "transport": ", ".join(transport.value for transport in row.transports),
        "port": _spell_port(row.port),
        "port_side": row.port_side.value,
        "application": row.application,
        "service": row.service,
        "interface": row.interface.value,
        "load_balancer": {
            version.value: row.load_balancer.get(version, LoadBalancer.NO).value
            for version in Version
            if version in row.versions
        },
        "features": list(row.features),
        "versions": [version.value for version in Version if version in row.versions],
    }


def _spell_port(port: PortSpec) -> str:
    if port.media is not None:
        return ", ".join(media_default(port.media).to_text())
    if port.edge_service is not None:
        return str(DEFAULT_EDGE_PORTS[port.edge_service])
    ports = port.default
    if port.own_sip:
        return "lync_sip_port"
    return ", ".join(ports.to_text()) if ports else ""
