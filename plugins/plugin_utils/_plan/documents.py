# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Frozen dataclasses as JSON documents, and back into equal ones.

    plain(FirewallRule(...)) == {"name": "Lync fe-sip-tls (TCP in)", "rows": ["S2"], ...}
    load(FirewallRule, plain(rule)) == rule

The fields of a dataclass are the whole description: texts, numbers, truth values, enums, dataclasses, tuples of these, mappings with
texts for keys, and None. A field that is None has no key.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Document = Mapping[str, object]
_T = TypeVar("_T")
_Reader = Callable[[Any], Any]


class DocumentError(ValueError):
    """A document is not that of the dataclass it is read as; the text says which key and why."""


def plain(item: object) -> Any:
    """Return a value as dictionaries, lists and scalars, in the order of the dataclass's fields."""
    if is_dataclass(item) and not isinstance(item, type):
        pairs = ((field.name, getattr(item, field.name)) for field in fields(item))
        return {name: plain(value) for name, value in pairs if value is not None}
    if isinstance(item, Enum):
        return item.value
    if isinstance(item, Mapping):
        return {str(key): plain(value) for key, value in item.items()}
    if isinstance(item, (tuple, list)):
        return [plain(value) for value in item]
    return sorted(map(plain, item)) if isinstance(item, frozenset) else item


def load(kind: type[_T], document: object) -> _T:
    """Return the dataclass of a document; raises DocumentError for unknown keys, missing ones, and values of another type."""
    value: _T = _reader(kind)(document)
    return value


@functools.cache
def _reader(kind: Any) -> _Reader:
    """Return what reads values of a type; made once per type, since a plan holds thousands of rules."""
    origin = get_origin(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass_reader(kind)
    if origin in (Union, types.UnionType):
        return _optional_reader(kind)
    if origin is tuple:
        return _tuple_reader(*get_args(kind))
    if origin is frozenset:
        return _frozenset_reader(_tuple_reader(get_args(kind)[0], ...))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_reader(get_args(kind)[1])
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_reader(kind)
    return _any if kind in (object, Any) else _scalar_reader(kind)


def _dataclass_reader(kind: type[Any]) -> _Reader:
    hints = get_type_hints(kind)
    known = {field.name: hints[field.name] for field in fields(kind)}
    needed = [
        field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING and not _is_optional(hints[field.name])
    ]
    absent = {field.name: None for field in fields(kind) if field.default is MISSING and _is_optional(hints[field.name])}

    def _read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise DocumentError(f"{value!r} is no {kind.__name__}")
        unknown, missing = [key for key in value if key not in known], [name for name in needed if name not in value]
        if unknown or missing:
            raise DocumentError(f"{kind.__name__}: " + (f"{unknown[0]} is no key" if unknown else f"there is no {missing[0]}"))
        return kind(**{**absent, **{key: _at(key, _reader(known[key]), item) for key, item in value.items()}})

    return _read


def _at(key: str, read: _Reader, value: object) -> object:
    try:
        return read(value)
    except DocumentError as error:
        raise DocumentError(f"{key}: {error}") from error


def _is_optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def _optional_reader(kind: Any) -> _Reader:
    """Return what reads X or None; no field is a union of anything else."""
    (present,) = (each for each in get_args(kind) if each is not type(None))
    return lambda value: None if value is None else _reader(present)(value)


def _tuple_reader(item: Any, *rest: Any) -> _Reader:
    if item is str and rest == (Ellipsis,):
        return _texts
    kinds = (item, *rest)

    def _read(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            raise DocumentError(f"{value!r} is no list")
        if rest == (Ellipsis,):
            return tuple(_reader(item)(each) for each in value)
        if len(value) != len(kinds):
            raise DocumentError(f"{value!r} has not {len(kinds)} items")
        return tuple(_reader(each)(part) for each, part in zip(kinds, value, strict=True))

    return _read


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise DocumentError(f"{value!r} is no list of texts")
    return tuple(value)


def _frozenset_reader(read: _Reader) -> _Reader:
    return lambda value: frozenset(read(value))


def _mapping_reader(item: Any) -> _Reader:
    def _read(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise DocumentError(f"{value!r} is no mapping")
        return {str(key): _at(str(key), _reader(item), each) for key, each in value.items()}

    return _read


def _enum_reader(kind: type[Enum]) -> _Reader:
    def _read(value: Any) -> Enum:
        try:
            return kind(value)
        except ValueError as error:
            raise DocumentError(str(error)) from error

    return _read


def _scalar_reader(kind: type[Any]) -> _Reader:
    accepted = (int, float) if kind is float else (kind,)

    def _read(value: Any) -> Any:
        # To Python, True is a whole number.
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise DocumentError(f"{value!r} is no {kind.__name__}")
        return kind(value) if kind is float else value

    return _read


def _any(value: Any) -> Any:
    return value
