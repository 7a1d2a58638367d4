# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be wrong with a catalogue document, found row by row and told in the user's words.

    lync_extra_rows[0], peers[1].class: 'frontends' is not a role or class; allowed: any, ...; fix: write frontend

The JSON Schema beside the catalogue knows the shapes; this module adds what a schema cannot say: names of
roles, classes and features, ports in order, a value for each version, ids that are unique.
"""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .._base.addresses import PortSet
from .._base.errors import Problem, nearest, one_of, shown
from .._base.libraries import MissingLibraryError, jsonschema, jsonschema_rs
from .document import ALL_VERSIONS, PER_VERSION_DEFAULT, PORTS, TABLES, Document
from .model import EDGE_SERVICES, FEATURES, ROLES, SPECIAL_CLASSES

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

# The special classes that are sets of servers, and so can have rows of their own.
COMPONENT_CLASSES = (
    "cms_master", "cms_replicas", "databases", "database_copies", "database_witnesses", "report_servers",
    "share_holders",
)  # fmt: skip
# An interface is an address that only these have; on another host a rule would be bound to no address, and so open
# more.
_COMPONENTS_OF_INTERFACE = {
    "internal": ("edge", "reverse_proxy"),
    "external": ("reverse_proxy",),
    **dict.fromkeys(EDGE_SERVICES, ("edge",)),
    "pstn": ("mediation",),
}
_DEFINITIONS = {"ports": "port_row", "ipsec": "ipsec_row"}
_MESSAGE_WIDTH = 200
_TYPE_NAMES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
}


def schema_path() -> Path:
    """Return the path of the JSON Schema that is shipped beside the catalogue."""
    return Path(__file__).with_name("data") / "lync_ports.schema.json"


@functools.cache
def _schema(definition: str | None) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_path().read_text(encoding="utf-8"))
    return {"$ref": f"#/definitions/{definition}", "definitions": schema["definitions"]} if definition else schema


@functools.cache
def _catalogue_validator(definition: str | None) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(_schema(definition))


@functools.cache
def _quick_validator(definition: str | None) -> jsonschema_rs.Draft7Validator:
    return jsonschema_rs.Draft7Validator(_schema(definition))


def _is_valid(definition: str | None, value: object) -> bool:
    """Return whether a value is known to be valid: nearly all are, and jsonschema takes most of the time of a small
    plan to say so.
    """
    try:
        return _quick_validator(definition).is_valid(value)
    except (MissingLibraryError, TypeError, ValueError, OverflowError):
        return False


def document_problems(document: Document, place: str) -> list[Problem]:
    """Return all that is wrong with a document; place names it in the messages."""
    classes = document.get("classes")
    names = [*(classes if isinstance(classes, dict) else ()), *own_class_names(document)]
    found = _frame_problems(document, place)
    placed = [
        (f"{place}, {row_place(table, index, row)}", table, row)
        for table in TABLES
        for index, row in enumerate(_flatten_items(document.get(table)))
    ]
    for where, table, row in placed:
        found += row_problems(row, table, where, names)
    return found + _id_problems((where, row.get("id")) for where, _table, row in placed if isinstance(row, Mapping))


def own_class_names(document: Mapping[str, object]) -> list[str]:
    """Return the names of classes that groups of a site stand for."""
    return [str(name) for name in _flatten_items(document.get("own_classes"))]


def row_place(table: str, index: int, row: object) -> str:
    """Return how messages name a row: by its id where it has one, else by its place in the table."""
    name = row.get("id") if isinstance(row, Mapping) else None
    return f"{table} row {name}" if isinstance(name, str) and name else f"{table}[{index}]"


def _frame_problems(document: Mapping[str, object], place: str) -> list[Problem]:
    """Return what is wrong with a document apart from its rows: keys, classes."""
    frame = {key: [] if key in TABLES and isinstance(value, list) else value for key, value in document.items()}
    found = _check_schema(None, frame, place)
    return found + list(_class_problems(document.get("classes"), place))


def _class_problems(classes: object, place: str) -> Iterator[Problem]:
    for name, roles in classes.items() if isinstance(classes, Mapping) else ():
        if name in SPECIAL_CLASSES:
            yield Problem(
                f"{place}, classes.{name}",
                f"{name!r} is a class that the collection defines itself",
                fix="choose another name",
            )
        for role in roles if isinstance(roles, list) else ():
            yield from _name_problem(f"{place}, classes.{name}", role, ROLES, "role")


def row_problems(row: object, table: str, place: str, classes: Iterable[str]) -> list[Problem]:
    """Return all that is wrong with one row.

    row: as the author wrote it, or filled in. table: "ports" or "ipsec". place: how the messages name the row.
    classes: the names of the document's classes.
    """
    found = _check_schema(_DEFINITIONS[table], row, place)
    if not isinstance(row, Mapping):
        return found
    members = frozenset(classes) | set(ROLES)
    own = _port_row_problems(row, members) if table == PORTS else _ipsec_row_problems(row, members)
    checks = [*own, *_name_problems(row, "features", FEATURES, "feature")]
    return found + [replace(problem, place=f"{place}, {problem.place}") for problem in checks]


def _port_row_problems(row: Mapping[str, object], members: frozenset[str]) -> Iterator[Problem]:
    yield from _name_problem("component", row.get("component"), members | set(COMPONENT_CLASSES), "role or class")
    yield from _peer_problems(row.get("peers"), members | set(SPECIAL_CLASSES))
    for key in ("port", "other_port"):
        yield from _check_port_of_row(key, row.get(key))
    yield from _interface_problems(row, [row.get("component")], members)
    yield from _gateway_port_problems(row)
    yield from _version_problems("load_balancer", row)


def _ipsec_row_problems(row: Mapping[str, object], members: frozenset[str]) -> Iterator[Problem]:
    components = row.get("components")
    for name in _flatten_items(components):
        yield from _name_problem("components", name, members, "role or class")
    yield from _name_problem("peer_class", row.get("peer_class"), members | set(SPECIAL_CLASSES), "role or class")
    yield from _check_port_of_row("local_port", row.get("local_port"))
    yield from _interface_problems(row, _flatten_items(components), members)
    yield from _gateway_port_problems(row)
    yield from _version_problems("components", row)


def _interface_problems(
    row: Mapping[str, object], components: Iterable[object], members: frozenset[str]
) -> Iterator[Problem]:
    """Yield a problem for each known component without the interface, or without the external services, that the row
    names.
    """
    interface = row.get("interface")
    allowed = _COMPONENTS_OF_INTERFACE.get(interface) if isinstance(interface, str) else None
    names = sorted(
        {
            component
            for component in components
            if isinstance(component, str) and component in members | set(COMPONENT_CLASSES)
        }
    )
    for name in names if allowed else ():
        if name not in (allowed or ()):
            yield Problem(
                "interface",
                f"{shown(name)} has no interface {interface}",
                f"for {interface}: {one_of(allowed or ())}",
                "leave interface out",
            )
    for key in ("other_port", "local_port"):
        if _names_port(row, key, "own_sip"):
            yield Problem(key, "own_sip can be a row's port only", "numbers, or another name", "give the number")
    for key in ("port", "other_port", "local_port"):
        if _names_port(row, key, "edge_service") and names != ["edge"]:
            yield Problem(
                key, "edge_service is a port of Edge Servers only", "numbers, or another name", "give the number"
            )


def _gateway_port_problems(row: Mapping[str, object]) -> Iterator[Problem]:
    """Yield a problem where the port of a gateway is asked for and the peer is none."""
    for key in ("other_port", "local_port"):
        for name in ("gateway_sip", "sql", "sql_mirror", "sql_witness"):
            if _names_port(row, key, name):
                yield Problem(key, f"{name} can be a row's port only", "numbers, or another name", "give the number")
    classes = {
        peer.get("class")
        for peer in _flatten_items(row.get("peers"))
        if isinstance(peer, Mapping) and isinstance(peer.get("class"), str)
    }
    if _names_port(row, "port", "gateway_sip") and classes != {"pstn_gateways"}:
        yield Problem(
            "port",
            "gateway_sip is the port of PSTN gateways, and there are other peers",
            "peers: [{class: pstn_gateways}]",
            "give the number",
        )


def _names_port(row: Mapping[str, object], key: str, name: str) -> bool:
    port = row.get(key)
    return isinstance(port, Mapping) and name in port


def _flatten_items(value: object) -> list[object]:
    """Return the items of a list, or of the lists of a mapping."""
    if isinstance(value, Mapping):
        return [item for part in value.values() for item in _flatten_items(part)]
    return value if isinstance(value, list) else []


def _peer_problems(peers: object, allowed: frozenset[str]) -> Iterator[Problem]:
    for index, peer in enumerate(peers if isinstance(peers, list) else ()):
        if isinstance(peer, Mapping):
            yield from _name_problem(f"peers[{index}].class", peer.get("class"), allowed, "role or class")
            yield from _name_problems(peer, "features", FEATURES, "feature", f"peers[{index}].")


def _name_problems(
    row: Mapping[str, object], key: str, allowed: Iterable[str], kind: str, prefix: str = ""
) -> Iterator[Problem]:
    for name in _flatten_items(row.get(key)):
        yield from _name_problem(prefix + key, name, allowed, kind)


def _name_problem(place: str, name: object, names: Iterable[str], kind: str) -> Iterator[Problem]:
    """Yield a problem when a text is not one of the names; the schema speaks for what is no text."""
    allowed = list(names)
    if isinstance(name, str) and name not in allowed:
        near = nearest(name, allowed)
        yield Problem(place, f"{shown(name)} is not a {kind}", one_of(allowed), f"write {near}" if near else "")


def _check_port_of_row(key: str, port: object) -> Iterator[Problem]:
    named = ("sql", "sql_mirror", "sql_witness", "gateway_sip")
    numbers = [port] if not isinstance(port, Mapping) else [port[name] for name in named if name in port]
    for number in numbers:
        for item in number if isinstance(number, list) else [number]:
            if isinstance(item, (int, float, str)):  # 1.0 is a whole number to the schema
                yield from _number_problem(key, item)


def _number_problem(key: str, number: float | str) -> Iterator[Problem]:
    try:
        PortSet.parse([cast("int | str", number)])
    except ValueError as error:
        yield Problem(key, str(error), "1 to 65535, or a range a-b of these with a <= b", "correct the number")


def _version_problems(key: str, row: Mapping[str, object]) -> Iterator[Problem]:
    """Yield a problem when a value per version leaves out a version of the row."""
    value, versions = row.get(key), _flatten_items(row.get("versions", list(ALL_VERSIONS)))
    if isinstance(value, Mapping) and PER_VERSION_DEFAULT not in value:
        missing = [version for version in ALL_VERSIONS if version in versions and version not in value]
        if missing:
            yield Problem(
                key,
                f"there is no value for {', '.join(missing)}",
                fix=f"add a value for each, or one for {PER_VERSION_DEFAULT}",
            )


def _id_problems(ids: Iterable[tuple[str, object]]) -> list[Problem]:
    """Return a problem for each id that occurs more than once; ids: (place, id)."""
    pairs = [(place, name) for place, name in ids if isinstance(name, str)]
    counts = Counter(name for _place, name in pairs)
    return [
        Problem(f"{place}, id", f"{name!r} is taken by another row", fix="give each row an id of its own")
        for place, name in pairs
        if counts[name] > 1
    ]


def _check_schema(definition: str | None, value: object, place: str) -> list[Problem]:
    return (
        []
        if _is_valid(definition, value)
        else [_schema_problem(error, place) for error in _catalogue_validator(definition).iter_errors(value)]
    )


def _schema_problem(error: ValidationError, place: str) -> Problem:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path).lstrip(".")
    known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    fault = _Fault(error.instance, error.validator_value, sorted(known), error.message)
    message, allowed, fix = _EXPLAIN.get(str(error.validator), _as_reported)(fault)
    return Problem(f"{place}, {path}" if path else place, message, allowed, fix)


@dataclass(frozen=True)
class _Fault:
    """What the schema refused: the value, what the keyword of the schema asks for, the keys it knows, its own
    message.
    """

    value: object
    asked: object
    known: list[str]
    message: str

    @property
    def expected(self) -> list[str]:
        """Return what is asked for as a list of texts."""
        return [str(item) for item in self.asked] if isinstance(self.asked, list) else [str(self.asked)]


_Explanation = tuple[str, str, str]


def _as_reported(fault: _Fault) -> _Explanation:
    return fault.message if len(fault.message) < _MESSAGE_WIDTH else f"{shown(fault.value)} is not accepted", "", ""


def _explain_disallowed(fault: _Fault) -> _Explanation:
    return f"{shown(fault.value)} is not allowed", one_of(fault.expected), ""


def _wrong_type(fault: _Fault) -> _Explanation:
    return (
        f"{shown(fault.value)} has the wrong type",
        " or ".join(_TYPE_NAMES.get(name, name) for name in fault.expected),
        "",
    )


def _unknown_keys(fault: _Fault) -> _Explanation:
    given = list(fault.value) if isinstance(fault.value, Mapping) else []
    extra = sorted(str(key) for key in given if key not in fault.known)
    near = nearest(extra[0], fault.known) if extra else ""
    return (
        f"unknown key {', '.join(map(repr, extra))}",
        ", ".join(fault.known),
        f"write {near}" if near else "remove it",
    )


def _missing_key(fault: _Fault) -> _Explanation:
    # jsonschema tells each missing key by itself, and which one in its message only
    return f"the key {fault.message.split(' is a required')[0]} is missing", "", "add it"


def _wrong_form(fault: _Fault) -> _Explanation:
    return f"{shown(fault.value)} does not have the right form", f"text like {fault.asked}", ""


_EXPLAIN: dict[str, Callable[[_Fault], _Explanation]] = {
    "enum": _explain_disallowed,
    "type": _wrong_type,
    "additionalProperties": _unknown_keys,
    "required": _missing_key,
    "pattern": _wrong_form,
}
