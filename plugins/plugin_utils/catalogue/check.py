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
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..dependencies import jsonschema
from ..ports import PortSet
from ..problems import Problem, nearest, one_of, shown
from ..topology.model import FEATURES, ROLES
from .document import ALL_VERSIONS, PER_VERSION_DEFAULT, PORTS, TABLES
from .model import SPECIAL_CLASSES

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

# The special classes that are sets of servers, and so can have rows of their own.
COMPONENT_CLASSES = ("cms_master", "cms_replicas")
_DEFINITIONS = {"ports": "port_row", "ipsec": "ipsec_row"}
_TYPE_WORDS = {"object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number", "boolean": "true or false"}


def schema_path() -> Path:
    """Return the path of the JSON Schema that is shipped beside the catalogue."""
    return Path(__file__).resolve().parents[3] / "vars" / "lync_ports.schema.json"


@functools.cache
def _validator(definition: str | None) -> jsonschema.Draft7Validator:
    schema = json.loads(schema_path().read_text(encoding="utf-8"))
    part = {"$ref": f"#/definitions/{definition}", "definitions": schema["definitions"]} if definition else schema
    return jsonschema.Draft7Validator(part)


def frame_problems(document: Mapping[str, object], place: str) -> list[Problem]:
    """Return what is wrong with a document apart from its rows: keys, classes."""
    frame = {key: [] if key in TABLES and isinstance(value, list) else value for key, value in document.items()}
    found = _schema_problems(_validator(None), frame, place)
    return found + list(_class_problems(document.get("classes"), place))


def _class_problems(classes: object, place: str) -> Iterator[Problem]:
    for name, roles in classes.items() if isinstance(classes, Mapping) else ():
        if name in SPECIAL_CLASSES:
            yield Problem(f"{place}, classes.{name}", f"{name!r} is a class that the collection defines itself", fix="choose another name")
        for role in roles if isinstance(roles, list) else ():
            yield from _word_problem(f"{place}, classes.{name}", role, ROLES, "role")


def row_problems(row: object, table: str, place: str, classes: Iterable[str]) -> list[Problem]:
    """Return all that is wrong with one row.

    row: as the author wrote it, or filled in. table: "ports" or "ipsec". place: how the messages name the row.
    classes: the names of the document's classes.
    """
    found = _schema_problems(_validator(_DEFINITIONS[table]), row, place)
    if not isinstance(row, Mapping):
        return found
    members = frozenset(classes) | set(ROLES)
    checks = (_port_row_problems if table == PORTS else _ipsec_row_problems)(row, members)
    checks = [*checks, *_words(row, "features", FEATURES, "feature")]
    return found + [Problem(f"{place}, {problem.place}", problem.message, problem.allowed, problem.fix) for problem in checks]


def _port_row_problems(row: Mapping[str, object], members: frozenset[str]) -> Iterator[Problem]:
    yield from _word_problem("component", row.get("component"), members | set(COMPONENT_CLASSES), "role or class")
    yield from _peer_problems(row.get("peers"), members | set(SPECIAL_CLASSES))
    for key in ("port", "other_port"):
        yield from _port_problems(key, row.get(key))
    yield from _version_problems("load_balancer", row)


def _ipsec_row_problems(row: Mapping[str, object], members: frozenset[str]) -> Iterator[Problem]:
    components = row.get("components")
    for name in _flat(components):
        yield from _word_problem("components", name, members, "role or class")
    yield from _word_problem("peer_class", row.get("peer_class"), members | set(SPECIAL_CLASSES), "role or class")
    yield from _port_problems("local_port", row.get("local_port"))
    yield from _version_problems("components", row)


def _flat(value: object) -> list[object]:
    """Return the items of a list, or of the lists of a mapping."""
    if isinstance(value, Mapping):
        return [item for part in value.values() for item in _flat(part)]
    return value if isinstance(value, list) else []


def _peer_problems(peers: object, words: frozenset[str]) -> Iterator[Problem]:
    for index, peer in enumerate(peers if isinstance(peers, list) else ()):
        if isinstance(peer, Mapping):
            yield from _word_problem(f"peers[{index}].class", peer.get("class"), words, "role or class")
            yield from _words(peer, "features", FEATURES, "feature", f"peers[{index}].")


def _words(row: Mapping[str, object], key: str, words: Iterable[str], kind: str, prefix: str = "") -> Iterator[Problem]:
    for word in _flat(row.get(key)):
        yield from _word_problem(prefix + key, word, words, kind)


def _word_problem(place: str, word: object, words: Iterable[str], kind: str) -> Iterator[Problem]:
    """Yield a problem when a text is not one of the words; the schema speaks for what is no text."""
    allowed = list(words)
    if isinstance(word, str) and word not in allowed:
        near = nearest(word, allowed)
        yield Problem(place, f"{shown(word)} is not a {kind}", one_of(allowed), f"write {near}" if near else "")


def _port_problems(key: str, port: object) -> Iterator[Problem]:
    numbers = [port] if not isinstance(port, Mapping) else [port[name] for name in ("sql", "gateway_sip") if name in port]
    for number in numbers:
        for item in number if isinstance(number, list) else [number]:
            if isinstance(item, (int, str)):
                yield from _number_problem(key, item)


def _number_problem(key: str, number: int | str) -> Iterator[Problem]:
    try:
        PortSet.parse([number])
    except ValueError as error:
        yield Problem(key, str(error), "1 to 65535, or a range a-b of these with a <= b", "correct the number")


def _version_problems(key: str, row: Mapping[str, object]) -> Iterator[Problem]:
    """Yield a problem when a value per version leaves out a version of the row."""
    value, versions = row.get(key), row.get("versions", list(ALL_VERSIONS))
    if isinstance(value, Mapping) and isinstance(versions, list) and PER_VERSION_DEFAULT not in value:
        missing = [str(version) for version in versions if version not in value]
        if missing:
            yield Problem(key, f"there is no value for {', '.join(missing)}", fix=f"add a value for each, or one for {PER_VERSION_DEFAULT}")


def id_problems(ids: Iterable[tuple[str, object]]) -> list[Problem]:
    """Return a problem for each id that occurs more than once; ids: (place, id)."""
    pairs = [(place, name) for place, name in ids if isinstance(name, str)]
    counts = Counter(name for _place, name in pairs)
    return [Problem(f"{place}, id", f"{name!r} is taken by another row", fix="give each row an id of its own") for place, name in pairs if counts[name] > 1]


def _schema_problems(validator: jsonschema.Draft7Validator, value: object, place: str) -> list[Problem]:
    return [_schema_problem(error, place) for error in validator.iter_errors(value)]


def _schema_problem(error: ValidationError, place: str) -> Problem:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path).lstrip(".")
    where = f"{place}, {path}" if path else place
    message, allowed, fix = _EXPLAIN.get(str(error.validator), _plain_words)(error)
    return Problem(where, message, allowed, fix)


_Words = tuple[str, str, str]


def _plain_words(error: ValidationError) -> _Words:
    return error.message if len(error.message) < 200 else f"{shown(error.instance)} is not accepted", "", ""


def _enum_words(error: ValidationError) -> _Words:
    return f"{shown(error.instance)} is not allowed", one_of(error.validator_value), ""


def _type_words(error: ValidationError) -> _Words:
    types = [error.validator_value] if isinstance(error.validator_value, str) else list(error.validator_value)
    return f"{shown(error.instance)} has the wrong type", " or ".join(_TYPE_WORDS.get(name, name) for name in types), ""


def _key_words(error: ValidationError) -> _Words:
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    known = sorted(schema.get("properties", ()))
    extra = sorted(str(key) for key in error.instance if key not in known)
    near = nearest(extra[0], known) if extra else ""
    return f"unknown key {', '.join(map(repr, extra))}", ", ".join(known), f"write {near}" if near else "remove it"


def _missing_words(error: ValidationError) -> _Words:
    missing = [key for key in error.validator_value if key not in error.instance]
    named = re.search(r"'([^']+)'", error.message)
    return f"the key {named[1] if named else missing} is missing", "", "add it"


def _pattern_words(error: ValidationError) -> _Words:
    return f"{shown(error.instance)} does not have the right form", f"text like {error.validator_value}", ""


_EXPLAIN: dict[str, Callable[[ValidationError], _Words]] = {
    "enum": _enum_words,
    "type": _type_words,
    "additionalProperties": _key_words,
    "required": _missing_words,
    "pattern": _pattern_words,
}
