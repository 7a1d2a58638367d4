# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Frozen dataclasses as JSON documents, and back into equal ones.

    plain(FirewallRule(...)) == {"name": "Lync fe-sip-tls (TCP in)", "rows": ["S2"], ...}
    load(FirewallRule, plain(rule)) == rule

The fields of a dataclass are the whole description: texts, numbers, truth values, enums, dataclasses, tuples of these,
mappings with texts for keys, and None. A field that is None has no key.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints

COLLECTION = "msuc.lync"
VERSION = "0.1.0"
"""Documents name what wrote them; galaxy.yml has the same version."""
Document = Mapping[str, object]
_T = TypeVar("_T")
_Reader = Callable[[object], object]
_Writer = Callable[[object], object]
_ANY_LENGTH = (...,)


class DocumentError(ValueError):
    """A document is not that of the dataclass it is read as; the text says which key and why."""


def plain(item: object) -> object:
    """Return a value as dictionaries, lists and scalars, in the order of the dataclass's fields."""
    return _writer(type(item))(item)  # type: ignore[arg-type]  # a class is hashable, whatever its instances are


@functools.cache
def _writer(kind: type[object]) -> _Writer:
    """Return what writes values of a type; made once per type, since a plan holds thousands of rules."""
    if is_dataclass(kind):
        return functools.partial(_write_fields, tuple(field.name for field in fields(kind)))
    if issubclass(kind, Enum):
        return lambda item: cast(Enum, item).value
    if issubclass(kind, Mapping):
        return lambda item: {str(key): plain(value) for key, value in cast(Mapping[object, object], item).items()}
    if issubclass(kind, (tuple, list)):
        return lambda item: [plain(value) for value in cast(Iterable[object], item)]
    return lambda item: item


def _write_fields(names: tuple[str, ...], item: object) -> dict[str, object]:
    pairs = ((name, getattr(item, name)) for name in names)
    return {name: plain(value) for name, value in pairs if value is not None}


def load(kind: type[_T], document: object) -> _T:
    """Return the dataclass of a document; raises DocumentError for unknown keys, missing ones, and values of another
    type.
    """
    return cast(_T, _reader(cast(Hashable, kind))(document))


@functools.cache
def _reader(kind: Hashable) -> _Reader:
    """Return what reads values of a type; made once per type, since a plan holds thousands of rules."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass_reader(kind)
    if origin in (Union, types.UnionType):
        return _optional_reader(arguments)
    if origin is tuple:
        return _tuple_reader(arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_reader(arguments[1])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_reader(kind)
    if isinstance(kind, type) and kind is not object:
        return _scalar_reader(kind)
    return lambda value: value


def _dataclass_reader(kind: type) -> _Reader:
    """Return what reads a dataclass; an optional field without a default may be left out, as plain() does with None.
    """
    hints = get_type_hints(kind)
    without_default = [
        field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING
    ]
    absent = {name: None for name in without_default if _is_optional(hints[name])}
    needed = [name for name in without_default if name not in absent]

    def _read(value: object) -> object:
        if not isinstance(value, Mapping):
            raise DocumentError(f"{value!r} is no {kind.__name__}")
        unknown = [key for key in value if key not in hints]
        missing = [name for name in needed if name not in value]
        if unknown or missing:
            raise DocumentError(f"{kind.__name__} has no key {unknown[0]}" if unknown else f"there is no {missing[0]}")
        return kind(**{**absent, **{key: _read_at(key, hints[key], item) for key, item in value.items()}})

    return _read


def _read_at(key: str, kind: Hashable, value: object) -> object:
    """Return the value of a key; an error names the key."""
    try:
        return _reader(kind)(value)
    except DocumentError as error:
        raise DocumentError(f"{key}: {error}") from error


def _is_optional(hint: object) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def _optional_reader(arguments: tuple[Hashable, ...]) -> _Reader:
    """Return what reads X or None; no field is a union of anything else."""
    (present,) = set(arguments) - {type(None)}
    return lambda value: None if value is None else _reader(present)(value)


def _tuple_reader(arguments: tuple[Hashable, ...]) -> _Reader:
    """Return what reads a tuple of any length, or one of as many items as it has types."""
    first, rest = arguments[0], arguments[1:]

    def _read(value: object) -> object:
        if not isinstance(value, (list, tuple)):
            raise DocumentError(f"{value!r} is no list")
        if first is str and rest == _ANY_LENGTH:
            return _load_texts(value)
        kinds = [first] * len(value) if rest == _ANY_LENGTH else arguments
        if len(value) != len(kinds):
            raise DocumentError(f"{value!r} has not {len(kinds)} items")
        return tuple(_reader(kind)(part) for kind, part in zip(kinds, value, strict=True))

    return _read


def _load_texts(value: list[object] | tuple[object, ...]) -> tuple[object, ...]:
    """Return a list of texts: most lists of a plan are, so that they have a way of their own."""
    if not all(isinstance(item, str) for item in value):
        raise DocumentError(f"{value!r} is no list of texts")
    return tuple(value)


def _mapping_reader(item: Hashable) -> _Reader:
    def _read(value: object) -> object:
        if not isinstance(value, Mapping):
            raise DocumentError(f"{value!r} is no mapping")
        return {str(key): _read_at(str(key), item, each) for key, each in value.items()}

    return _read


def _enum_reader(kind: type[Enum]) -> _Reader:
    def _read(value: object) -> object:
        try:
            return kind(value)
        except ValueError as error:
            raise DocumentError(str(error)) from error

    return _read


def _scalar_reader(kind: type) -> _Reader:
    accepted = (int, float) if kind is float else (kind,)

    def _read(value: object) -> object:
        # To Python, True is a whole number.
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise DocumentError(f"{value!r} is no {kind.__name__}")
        return float(value) if kind is float and isinstance(value, int) else value

    return _read
