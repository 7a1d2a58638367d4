# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads a catalogue file and turns a catalogue document into values.

    document = read_document(default_path())     # data, defaults filled in
    catalogue = parse(document)                  # checked values
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from ..dependencies import yaml
from ..ports import PortSet
from ..problems import InvalidInputError, Problem, shown
from .check import frame_problems, id_problems, row_problems
from .document import IPSEC, PORTS, TABLES, Document, Row, filled, plain, plain_row, rows_of
from .model import Catalogue, Direction, Interface, IpsecRow, LoadBalancer, Peer, PortRow, PortSide, PortSpec, Scope, Transport, Version


def default_path() -> Path:
    """Return the path of the catalogue that is shipped with the collection."""
    return Path(__file__).resolve().parents[3] / "vars" / "lync_ports.yml"


def read_document(path: Path) -> Document:
    """Return a catalogue file as data with the defaults filled in; treat it as read-only, its parts are shared.

    Raises InvalidInputError when the file cannot be read, is not YAML or is not a catalogue.
    """
    try:
        document = _read(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError([Problem(str(path), f"the catalogue cannot be read: {error}", fix="name a file that can be read")]) from error
    return dict(document)


@functools.lru_cache(maxsize=4)
def _read(path: Path, _changed_ns: int) -> Document:
    """Return the checked and filled content of a file; the time of its last change keeps the cache honest."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except yaml.YAMLError as error:
        raise InvalidInputError([Problem(str(path), f"this is not YAML: {' '.join(str(error).split())}", fix="correct the file")]) from error
    return fill_document(content, path.name)


def fill_document(content: object, place: str = "catalogue") -> Document:
    """Return a catalogue document with the defaults of every row filled in.

    content: what YAML or the user gave, filled in or not. Raises InvalidInputError with all problems.
    """
    document = plain(content)
    if not isinstance(document, dict):
        raise InvalidInputError([Problem(place, f"{shown(content)} is not a catalogue", "a mapping with classes, ports and ipsec")])
    for table in TABLES:
        if isinstance(document.get(table), list):
            document[table] = [plain_row(row) for row in document[table]]
    problems = document_problems(document, place)
    if problems:
        raise InvalidInputError(problems)
    return {**document, **{table: [filled(row, table) for row in rows_of(document, table)] for table in TABLES}}


def document_problems(document: Document, place: str = "catalogue") -> list[Problem]:
    """Return all that is wrong with a document."""
    classes = document.get("classes")
    names = list(classes) if isinstance(classes, dict) else []
    found = frame_problems(document, place)
    placed = [(row_place(table, index, row), table, row) for table in TABLES for index, row in enumerate(_listed(document.get(table)))]
    for where, table, row in placed:
        found += row_problems(row, table, f"{place}, {where}", names)
    return found + id_problems((f"{place}, {where}", row.get("id")) for where, _table, row in placed if isinstance(row, dict))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def row_place(table: str, index: int, row: object) -> str:
    """Return how messages name a row: by its id where it has one, else by its place in the table."""
    name = row.get("id") if isinstance(row, dict) else None
    return f"{table} row {name}" if isinstance(name, str) and name else f"{table}[{index}]"


def parse(document: object) -> Catalogue:
    """Return a catalogue document as values; raises InvalidInputError with all problems.

    document: {"classes": {...}, "ports": [...], "ipsec": [...]}, with or without the defaults filled in.
    """
    full = fill_document(document)
    classes = cast("dict[str, list[str]]", full["classes"])
    return Catalogue(
        ports=tuple(_port_row(row) for row in rows_of(full, PORTS)),
        ipsec=tuple(_ipsec_row(row) for row in rows_of(full, IPSEC)),
        classes={name: tuple(roles) for name, roles in classes.items()},
    )


def _text(row: Row, key: str) -> str:
    return cast(str, row[key])


def _texts(row: Row, key: str) -> tuple[str, ...]:
    return tuple(cast("list[str]", row[key]))


def _versions(row: Row) -> frozenset[Version]:
    return frozenset(map(Version, _texts(row, "versions")))


def _transports(row: Row) -> tuple[Transport, ...]:
    return tuple(map(Transport, _texts(row, "transports")))


def _port_row(row: Row) -> PortRow:
    words = cast("dict[str, str]", row["load_balancer"])
    return PortRow(
        id=_text(row, "id"),
        component=_text(row, "component"),
        service=_text(row, "service"),
        transports=_transports(row),
        port=_port_spec(row["port"]),
        direction=Direction(row["direction"]),
        peers=tuple(map(_peer, cast("list[Row]", row["peers"]))),
        interface=Interface(row["interface"]),
        load_balancer={Version(version): LoadBalancer(word) for version, word in words.items()},
        versions=_versions(row),
        note=_text(row, "note"),
        source=_text(row, "source"),
        rows=_texts(row, "rows"),
        features=_texts(row, "features"),
        collocated=cast("bool | None", row.get("collocated")),
        port_side=PortSide(row["port_side"]),
        other_port=_port_spec(row["other_port"]) if "other_port" in row else None,
        web=cast("str | None", row.get("web")),
        application=_text(row, "application"),
        enabled=bool(row["enabled"]),
    )


def _ipsec_row(row: Row) -> IpsecRow:
    components = cast("dict[str, list[str]]", row["components"])
    return IpsecRow(
        id=_text(row, "id"),
        name=_text(row, "name"),
        components={Version(version): tuple(names) for version, names in components.items()},
        interface=Interface(row["interface"]),
        direction=Direction(row["direction"]),
        transports=_transports(row),
        versions=_versions(row),
        note=_text(row, "note"),
        source=_text(row, "source"),
        peer_class=_text(row, "peer_class"),
        local_port=_port_spec(row["local_port"]) if "local_port" in row else None,
        rows=_texts(row, "rows"),
        features=_texts(row, "features"),
        enabled=bool(row["enabled"]),
    )


def _peer(peer: Row) -> Peer:
    return Peer(_text(peer, "class"), Scope(peer["scope"]), bool(peer["vips"]), _texts(peer, "features"))


def _port_spec(port: object) -> PortSpec:
    """Return a port of a checked row: numbers, or a mapping with one key that says what names them."""
    if not isinstance(port, Mapping):
        return PortSpec(ports=_port_set(port))
    (kind, value), *_rest = port.items()
    if kind == "media":
        return PortSpec(media=value)
    if kind == "edge_service":
        return PortSpec(edge_service=value)
    return PortSpec(sql=_port_set(value)) if kind == "sql" else PortSpec(gateway_sip=_port_set(value))


def _port_set(numbers: object) -> PortSet:
    items: Iterable[int | str] = numbers if isinstance(numbers, list) else [cast("int | str", numbers)]
    return PortSet.parse(items)
