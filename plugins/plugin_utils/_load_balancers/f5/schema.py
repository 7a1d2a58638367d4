# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A declaration against the JSON Schema that F5 publishes, and against the closed world of closed.py.

The schema is not part of the collection: the user names a copy (f5-appsvcs-extension, schema/latest/as3-schema.json).
Its formats f5ip, f5ipv4, f5ipv6, f5pointer and f5bigip are F5's own; without them 999.1.1.1 passes for an address.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._base.errors import InvalidInputError, Problem
from ..._base.libraries import jsonschema_rs
from ..._base.untyped import Object, mapping
from . import strict_schema as closed
from .declaration import body

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator, ValidationError

_SHOWN = 200
_DOMAIN_MAXIMUM = 65534
_BIGIP = re.compile(r"^/[^/\s\x00-\x1f]+(/[^/\x00-\x1f]+){1,2}$")
_POINTER = re.compile(r"^(@|/|[0-9A-Za-z_.@/-])[^\x00-\x20]*$")


@functools.lru_cache(maxsize=8192)
def _is_ip(value: str, versions: tuple[int, ...] = (4, 6)) -> bool:
    """Return whether a text is an address, with an optional route domain (%5) and length (/24); empty and any are taken."""
    address, _slash, length = value.partition("/")
    plain, _mark, domain = address.partition("%")
    if plain in ("", "any", "any6"):
        return True
    try:
        network = ipaddress.ip_network(f"{plain}/{length}" if length else plain, strict=False)
    except ValueError:
        return False
    return network.version in versions and (not domain or (domain.isdecimal() and int(domain) <= _DOMAIN_MAXIMUM))


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "f5ip": _is_ip,
    "f5ipv4": functools.partial(_is_ip, versions=(4,)),
    "f5ipv6": functools.partial(_is_ip, versions=(6,)),
    "f5pointer": lambda value: bool(_POINTER.match(value)),
    "f5bigip": lambda value: bool(_BIGIP.match(value)),
}


def check(document: object, path: str | None) -> None:
    """Check a declaration; raises InvalidInputError with everything that is wrong. Without path the schema is left out."""
    adc = body(document)
    definitions = mapping(_loaded(path).get("definitions")) if path else {}
    problems = [*(_schema_problems(adc, path) if path else ()), *closed.faults(adc, definitions)]
    if problems:
        raise InvalidInputError(problems)


@functools.lru_cache(maxsize=2)
def _loaded(path: str) -> Object:
    """Return the published schema."""
    try:
        found = mapping(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InvalidInputError([Problem("schema", f"{path} cannot be read: {error}", fix="name a copy of as3-schema.json")]) from None
    if "ADC" not in mapping(found.get("definitions")):
        raise InvalidInputError([Problem("schema", f"{path} is not the schema of AS3", fix="name a copy of as3-schema.json")])
    return found


@functools.lru_cache(maxsize=2)
def _validator(path: str) -> Draft7Validator:
    """Return the validator of a declaration alone, whose messages name the fault; that of all kinds of requests says "none of"."""
    definitions: Any = _loaded(path)["definitions"]
    return jsonschema_rs.Draft7Validator({"definitions": definitions, "$ref": "#/definitions/ADC"}, formats=dict(FORMATS), validate_formats=True)


def _schema_problems(adc: Object, path: str) -> list[Problem]:
    # Ansible's texts are of a class of their own, which the validator refuses as keys.
    plain = json.loads(json.dumps(adc))
    found = [_deepest(error) for error in _validator(path).iter_errors(plain)]
    return [Problem("/" + "/".join(map(str, error.instance_path)), error.message[:_SHOWN], fix="correct it as AS3's schema asks") for error in found]


def _deepest(error: ValidationError) -> ValidationError:
    """Return the reason that lies deepest in the declaration: "valid under none of them" tells nobody what to do."""
    branches = getattr(error.kind, "context", None) or []
    reasons = [_deepest(reason) for branch in branches for reason in branch]
    return max([error, *reasons], key=lambda each: len(each.instance_path))
