# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A declaration against the JSON Schema that F5 publishes, and against what AS3 accepts and should not.

The schema is not part of the collection: the user names a copy (f5-appsvcs-extension, schema/latest/as3-schema.json).
Its formats f5ip, f5ipv4, f5ipv6, f5pointer and f5bigip are F5's own; without them 999.1.1.1 passes for an address.
Neither the published schema nor AS3's parser minds a property that a class does not have (it is ignored), two services
on one address and port, or a monitor that gives up before it asks again. Pointers are followed by AS3 alone; here too.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._base.errors import InvalidInputError, Problem, nearest, one_of, shown
from ..._base.libraries import jsonschema_rs
from ..._base.untyped import Object, items, mapping, number, text
from .declaration import applications, body, tenants

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator, ValidationError

_SHOWN = 200
_DOMAIN_MAXIMUM = 65534
_BIGIP = re.compile(r"^/[^/\s\x00-\x1f]+(/[^/\x00-\x1f]+){1,2}$")
_POINTER = re.compile(r"^(@|/|[0-9A-Za-z_.@/-])[^\x00-\x20]*$")


@functools.lru_cache(maxsize=8192)
def _is_ip(value: str, versions: tuple[int, ...] = (4, 6)) -> bool:
    """Return whether a text is an address, with an optional route domain (%5) and length (/24).

    Empty and any are taken.
    """
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
    """Check a declaration; without path the schema is left out.

    Raises InvalidInputError with everything that is wrong.
    """
    adc = body(document)
    definitions = mapping(_load_schema(path).get("definitions")) if path else {}
    problems = [*(_check_as3_schema(adc, path) if path else ()), *_closed_world_problems(adc, definitions)]
    if problems:
        raise InvalidInputError(problems)


@functools.lru_cache(maxsize=2)
def _load_schema(path: str) -> Object:
    """Return the published schema."""
    try:
        found = mapping(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            [Problem("schema", f"{path} cannot be read: {error}", fix="name a copy of as3-schema.json")]
        ) from None
    if "ADC" not in mapping(found.get("definitions")):
        raise InvalidInputError(
            [Problem("schema", f"{path} is not the schema of AS3", fix="name a copy of as3-schema.json")]
        )
    return found


@functools.lru_cache(maxsize=2)
def _as3_validator(path: str) -> Draft7Validator:
    """Return the validator of a declaration alone, whose messages name the fault.

    That of all kinds of requests says "none of".
    """
    definitions: Any = _load_schema(path)["definitions"]
    return jsonschema_rs.Draft7Validator(
        {"definitions": definitions, "$ref": "#/definitions/ADC"}, formats=dict(FORMATS), validate_formats=True
    )


def _check_as3_schema(adc: Object, path: str) -> list[Problem]:
    # Ansible's texts are of a class of their own, which the validator refuses as keys.
    plain = json.loads(json.dumps(adc))
    found = [_find_deepest(error) for error in _as3_validator(path).iter_errors(plain)]
    return [
        Problem(
            "/" + "/".join(map(str, error.instance_path)),
            error.message[:_SHOWN],
            fix="correct it as AS3's schema asks",
        )
        for error in found
    ]


def _find_deepest(error: ValidationError) -> ValidationError:
    """Return the reason that lies deepest in the declaration: "valid under none of them" tells nobody what to do."""
    branches = getattr(error.kind, "context", None) or []
    reasons = [_find_deepest(reason) for branch in branches for reason in branch]
    return max([error, *reasons], key=lambda each: len(each.instance_path))


# What neither the schema nor AS3 minds.

POINTERS: Mapping[str, str] = {
    "pool": "Pool",
    "monitors": "Monitor",
    "persistenceMethods": "Persist",
    "profileTCP": "TCP_Profile",
    "profileUDP": "UDP_Profile",
    "profileL4": "L4_Profile",
    "virtualAddresses": "Service_Address",
    "snat": "SNAT_Pool",
}
"""Property -> class of the object that it points to."""
_PROTOCOLS = {
    "Service_TCP": "tcp",
    "Service_UDP": "udp",
    "Service_L4": "tcp",
    "Service_HTTP": "tcp",
    "Service_HTTPS": "tcp",
}
_COMBINED = ("allOf", "anyOf", "oneOf")
_CONDITIONAL = ("then", "else", "if")
MEMBER_CLASS = "Pool_Member"


@dataclass(frozen=True)
class _Item:
    """One object of an application, and where it stands."""

    tenant: str
    application: str
    name: str
    content: Object
    siblings: Object
    shared: Object

    @property
    def place(self) -> str:
        """Return the place as AS3 writes it."""
        return f"/{self.tenant}/{self.application}/{self.name}"

    @property
    def kind(self) -> str:
        """Return the class."""
        return text(self.content.get("class"))


def _closed_world_problems(adc: Object, definitions: Object) -> list[Problem]:
    """Return what is wrong with a declaration.

    definitions: the published schema's; without them names are not checked.
    """
    found = list(_declared_items(adc))
    names = _PropertyNames(definitions)
    checks = (
        _check_unknown_properties(found, names) if definitions else (),
        _check_shared_sockets(found),
        _hasty_monitors(found),
        _check_pointers(found),
    )
    return [problem for check in checks for problem in check]


def _declared_items(adc: Object) -> Iterator[_Item]:
    for tenant, tree in tenants(adc):
        shared = mapping(tree.get("Shared"))
        for application, content in applications(tree):
            for name, item in content.items():
                if "class" in mapping(item):
                    yield _Item(tenant, application, name, mapping(item), content, shared)


class _PropertyNames:
    """The properties of each class of the schema, through every reference and condition; collected once a class."""

    def __init__(self, definitions: Object) -> None:
        self._definitions = definitions
        self._known: dict[str, frozenset[str]] = {}

    def of(self, kind: str) -> frozenset[str]:
        """Return the names for a class, nothing for a class that the schema lacks."""
        if kind not in self._known:
            self._known[kind] = frozenset(self._collected(mapping(self._definitions.get(kind)), set()))
        return self._known[kind]

    def _collected(self, schema: Object, seen: set[str]) -> Iterator[str]:
        yield from mapping(schema.get("properties"))
        reference = text(schema.get("$ref")).rpartition("/")[2]
        if reference and reference not in seen:
            seen.add(reference)
            yield from self._collected(mapping(self._definitions.get(reference)), seen)
        parts = [part for word in _COMBINED for part in items(schema.get(word))] + [
            schema[word] for word in _CONDITIONAL if word in schema
        ]
        for part in parts:
            yield from self._collected(mapping(part), seen)


def _check_unknown_properties(found: Iterable[_Item], names: _PropertyNames) -> Iterator[Problem]:
    for item in found:
        yield from _unknown_of(item.place, item.kind, item.content, names)
        for index, member in enumerate(items(item.content.get("members"))):
            yield from _unknown_of(f"{item.place}/members/{index}", MEMBER_CLASS, mapping(member), names)


def _unknown_of(place: str, kind: str, content: Object, names: _PropertyNames) -> Iterator[Problem]:
    known = names.of(kind)
    for name in sorted(content.keys() - known) if known else ():
        near = nearest(name, known)
        yield Problem(
            place, f"{kind} has no property {name}: AS3 ignores it", fix=f"write {near}" if near else "remove it"
        )


def _check_shared_sockets(found: Iterable[_Item]) -> Iterator[Problem]:
    places: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    for item in found:
        if item.kind in _PROTOCOLS:
            protocol = text(item.content.get("layer4")) or _PROTOCOLS[item.kind]
            for address in items(item.content.get("virtualAddresses")):
                places[_item_address(address, item), number(item.content.get("virtualPort")), protocol].append(
                    item.place
                )
    for (address, port, protocol), users in sorted(places.items()):
        if len(users) > 1:
            yield Problem(
                users[1], f"{protocol} {address} port {port} is also taken by {users[0]}", fix="leave one of them"
            )


def _item_address(value: object, item: _Item) -> str:
    target = _find_target(text(mapping(value).get("use")), item) if isinstance(value, Mapping) else {}
    return text(target.get("virtualAddress") or (value if isinstance(value, str) else ""))


def _hasty_monitors(found: Iterable[_Item]) -> Iterator[Problem]:
    for item in found:
        interval, timeout = number(item.content.get("interval", 5)), number(item.content.get("timeout", 16))
        if item.kind == "Monitor" and timeout <= interval:
            short = f"timeout {timeout} s is not more than interval {interval} s"
            message = f"{short}: a member is down before it is asked again"
            yield Problem(item.place, message, fix="make the timeout failures x interval + 1")


def _check_pointers(found: Iterable[_Item]) -> Iterator[Problem]:
    for item in found:
        for name in POINTERS.keys() & item.content.keys():
            for value in items(item.content[name]):
                yield from _check_pointer(item, name, value)


def _check_pointer(item: _Item, name: str, value: object) -> Iterator[Problem]:
    """Yield what is wrong with one pointer; a plain text points only where AS3 takes it for a name."""
    path = value if isinstance(value, str) and name == "pool" else text(mapping(value).get("use"))
    if not path:
        return
    place, target = f"{item.place}/{name}", _find_target(path, item)
    if not target:
        names = [key for key, content in item.siblings.items() if mapping(content).get("class") == POINTERS[name]]
        yield Problem(
            place, f"points to {shown(path)}, which is not there", allowed=one_of(names), fix="correct the pointer"
        )
    elif target.get("class") != POINTERS[name]:
        yield Problem(
            place,
            f"points to {shown(path)}, a {target.get('class')}",
            allowed=POINTERS[name],
            fix="correct the pointer",
        )


def _find_target(path: str, item: _Item) -> Object:
    name = path.rpartition("/")[2]
    return mapping(item.siblings.get(name) or item.shared.get(name))
