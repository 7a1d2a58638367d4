# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a catalogue file and turns a catalogue document into values.

document = read_document(default_path())     # data, defaults filled in
catalogue = parse(document)                  # checked values
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from .._base.addresses import PortSet
from .._base.errors import InvalidInputError, Problem, shown
from .._base.libraries import yaml
from .check import document_problems
from .document import IPSEC, PORTS, Document, Row, fill_document, rows_of
from .model import (
    Catalogue,
    Direction,
    Interface,
    IpsecRow,
    LoadBalancer,
    Peer,
    PortRow,
    PortSide,
    PortSpec,
    Scope,
    Transport,
    Version,
)

PLACE = "catalogue"


def default_path() -> Path:
    """Return the path of the catalogue that is shipped with the collection."""
    return Path(__file__).with_name("data") / "lync_ports.yml"


def read_document(path: Path) -> Document:
    """Return a catalogue file as data with the defaults filled in; treat it as read-only, its parts are shared.

    The rows are not checked here, parse() does that. Raises InvalidInputError when the file cannot be read,
    is not YAML or holds no mapping.
    """
    try:
        return dict(_fill_file(path, path.stat().st_mtime_ns))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            [Problem(str(path), f"the catalogue cannot be read: {error}", fix="name a file that can be read")]
        ) from error


@functools.lru_cache(maxsize=4)
def _fill_file(path: Path, _changed_ns: int) -> Document:
    """Return the filled content of a file; the time of its last change keeps the cache honest."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = path.read_text(encoding="utf-8")
    try:
        content = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError) as error:  # a date that is none is a ValueError
        raise InvalidInputError(
            [Problem(str(path), f"this is not YAML: {' '.join(str(error).split())}", fix="correct the file")]
        ) from error
    return as_document(content, str(path))


def as_document(content: object, place: str) -> Document:
    """Return what a user gave as a document with the defaults filled in; raises InvalidInputError when it is no
    mapping.
    """
    document = fill_document(content)
    if not isinstance(document, dict):
        raise InvalidInputError(
            [Problem(place, f"{shown(content)} is not a catalogue", "a mapping with classes, ports and ipsec")]
        )
    return document


def parse(document: object) -> Catalogue:
    """Return a catalogue document as values; raises InvalidInputError with all problems.

    document: {"classes": {...}, "ports": [...], "ipsec": [...]}, with or without the defaults filled in.
    """
    full = as_document(document, PLACE)
    problems = document_problems(full, PLACE)
    if problems:
        raise InvalidInputError(problems)
    classes = cast("dict[str, list[str]]", full["classes"])
    return Catalogue(
        ports=tuple(_port_row(row) for row in rows_of(full, PORTS)),
        ipsec=tuple(_ipsec_row(row) for row in rows_of(full, IPSEC)),
        classes={name: tuple(roles) for name, roles in classes.items()},
    )


def _row_text(row: Row, key: str) -> str:
    return cast(str, row[key])


def _row_texts(row: Row, key: str) -> tuple[str, ...]:
    return tuple(cast("list[str]", row[key]))


def _row_versions(row: Row) -> frozenset[Version]:
    return frozenset(map(Version, _row_texts(row, "versions")))


def _row_transports(row: Row) -> tuple[Transport, ...]:
    return tuple(map(Transport, _row_texts(row, "transports")))


def _port_row(row: Row) -> PortRow:
    load_balancer = cast("dict[str, str]", row["load_balancer"])
    return PortRow(
        id=_row_text(row, "id"),
        component=_row_text(row, "component"),
        service=_row_text(row, "service"),
        transports=_row_transports(row),
        port=_port_spec(row["port"]),
        direction=Direction(row["direction"]),
        peers=tuple(map(_read_peer, cast("list[Row]", row["peers"]))),
        interface=Interface(row["interface"]),
        load_balancer={Version(version): LoadBalancer(value) for version, value in load_balancer.items()},
        versions=_row_versions(row),
        note=_row_text(row, "note"),
        source=_row_text(row, "source"),
        remark=_row_text(row, "remark"),
        inferred=bool(row["inferred"]),
        rows=_row_texts(row, "rows"),
        features=_row_texts(row, "features"),
        collocated=cast("bool | None", row.get("collocated")),
        port_side=PortSide(row["port_side"]),
        other_port=_port_spec(row["other_port"]) if "other_port" in row else None,
        web=cast("str | None", row.get("web")),
        listener=cast("str | None", row.get("listener")),
        application=_row_text(row, "application"),
        enabled=bool(row["enabled"]),
    )


def _ipsec_row(row: Row) -> IpsecRow:
    components = cast("dict[str, list[str]]", row["components"])
    return IpsecRow(
        id=_row_text(row, "id"),
        name=_row_text(row, "name"),
        components={Version(version): tuple(names) for version, names in components.items()},
        interface=Interface(row["interface"]),
        direction=Direction(row["direction"]),
        transports=_row_transports(row),
        versions=_row_versions(row),
        note=_row_text(row, "note"),
        source=_row_text(row, "source"),
        peer_class=_row_text(row, "peer_class"),
        local_port=_port_spec(row["local_port"]) if "local_port" in row else None,
        rows=_row_texts(row, "rows"),
        features=_row_texts(row, "features"),
        enabled=bool(row["enabled"]),
    )


def _read_peer(peer: Row) -> Peer:
    return Peer(_row_text(peer, "class"), Scope(peer["scope"]), bool(peer["vips"]), _row_texts(peer, "features"))


def _port_spec(port: object) -> PortSpec:
    """Return a port of a checked row: numbers, or a mapping with one key that says what names them."""
    if not isinstance(port, Mapping):
        return PortSpec(ports=_ports_of_row(port), first=_first_port(port))
    (kind, value), *_rest = port.items()
    return _KINDS_OF_PORT[kind](value)


def _ports_of_row(numbers: object) -> PortSet:
    items: Iterable[int | str] = numbers if isinstance(numbers, list) else [cast("int | str", numbers)]
    return PortSet.parse(items)


def _first_port(numbers: object) -> int:
    first = numbers[0] if isinstance(numbers, list) else numbers
    return PortSet.parse([cast("int | str", first)]).pairs[0][0]


_KINDS_OF_PORT: Mapping[str, Callable[[Any], PortSpec]] = {
    "media": lambda name: PortSpec(media=name),
    "edge_service": lambda name: PortSpec(edge_service=name),
    "own_sip": lambda _true: PortSpec(own_sip=True),
    "gateway_sip": lambda numbers: PortSpec(gateway_sip=_ports_of_row(numbers)),
    "sql": lambda numbers: PortSpec(sql=_ports_of_row(numbers)),
    "sql_mirror": lambda numbers: PortSpec(sql_mirror=_ports_of_row(numbers)),
    "sql_witness": lambda numbers: PortSpec(sql_witness=_ports_of_row(numbers)),
}
