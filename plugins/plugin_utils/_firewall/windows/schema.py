# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Windows host answers, by the kind of each part: an answer of another shape is not understood, and nothing is decided on it.

    check_shape({"counters": {"enumerations": "1"}}, {"counters": {"enumerations": int}})
    -> TypeError: counters.enumerations is '1', not a whole number

A shape is str, bool or int (from 0 to 2**32 - 1); [shape] for a list; {"name": shape, "other?": shape} for a mapping, where a name
with ? may be missing or null; {"*": shape} for one with any names; a tuple for one of several. Parts without a name are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, Union

from .com import RESTRICTIONS

Shape: TypeAlias = Union[type, "list[Shape]", "tuple[Shape, ...]", "Mapping[str, Shape]"]
_LARGEST = 0xFFFFFFFF
_OTHER_TEXTS = ("Name", "Grouping", "Description", "ApplicationName", "ServiceName", "IcmpTypesAndCodes", "InterfaceTypes", *RESTRICTIONS)
_SCOPES = ("LocalPorts", "RemotePorts", "LocalAddresses", "RemoteAddresses")

RULE: Mapping[str, Shape] = {
    **dict.fromkeys(("Direction", "Action", "Protocol", "Profiles"), int),
    "Enabled": bool,
    **dict.fromkeys((f"{name}?" for name in (*_OTHER_TEXTS, *_SCOPES)), str),
    # Windows before 2008 R2 and 2012 has not these.
    **dict.fromkeys(("EdgeTraversalOptions?", "SecureFlags?"), int),
    "Interfaces?": (str, [str]),
}
"""A rule as COM gives it; what is null is left out."""

_PROFILE = {"profile": int, "firewall_enabled": bool, "block_all_inbound": bool, "default_inbound": int, "default_outbound": int}
HOST: Mapping[str, Shape] = {
    "addresses": [str],
    "environment": {"*": str},
    "profiles": {"active": int, "local_policy_modify_state": int, "settings": [_PROFILE]},
    "group_policy": {"rules": {"*": str}, "profiles": {"*": {"*": int}}},
    "listeners": [str],
    "connections": [str],
    "management": [{"kind": str, "port": int}],
    "fingerprint": str,
    "counters": {"enumerations": int, "writes": int},
}
"""What every answer to gather and apply has."""

FIREWALL: Mapping[str, Shape] = {"rules": [RULE], **HOST}
IPSEC: Mapping[str, Shape] = {"rules": {"*": str}, "engines": [str], "exempt?": int, "legacy": {}, **HOST}

_KINDS: Mapping[type, str] = {str: "a text", bool: "true or false", int: "a whole number"}


def check_shape(value: object, shape: Shape, place: str = "") -> None:
    """Raise TypeError that names the first part of a value that is missing or of another kind than its shape."""
    if isinstance(shape, Mapping):
        _check_mapping(value, shape, place)
    elif isinstance(shape, list):
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"{place} is not a list")
        for index, item in enumerate(value):
            check_shape(item, shape[0], f"{place}[{index}]")
    elif isinstance(shape, tuple):
        check_shape(value, shape[isinstance(value, (list, tuple))], place)
    elif not _is_of(value, shape):
        raise TypeError(f"{place} is {str(value)[:80]!r}, not {_KINDS[shape]}")


def _is_of(value: object, kind: type) -> bool:
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST
    return isinstance(value, kind)


def _check_mapping(value: object, shape: Mapping[str, Shape], place: str) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"{place} is not a mapping")
    inner = f"{place}." if place else ""
    named = dict.fromkeys(map(str, value), shape["*"]) if "*" in shape else shape
    for key, part in named.items():
        name = key if "*" in shape else key.removesuffix("?")
        found = value.get(name)
        if found is None and name != key:
            continue
        if found is None:
            raise TypeError(f"{inner}{name} is missing")
        check_shape(found, part, f"{inner}{name}")
