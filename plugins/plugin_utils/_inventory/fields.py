# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Readers: from a value as YAML has it to a value of the model.

    addresses(["10.1.0.11", "2001:db8::11"], at) == AddressSet.parse([...])

A reader takes the raw value, of any type, and the place At it stands. It never raises: what is wrong is noted
at the place, and the reader returns an empty value of its type so that the other checks can go on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar, cast

from .._base.addresses import (
    ANY,
    FIRST_PORT,
    LAST_PORT,
    AddressSet,
    PortSet,
    meant_networks,
    parse_address,
    parse_port_range,
)
from .._base.errors import correction, one_of, shown

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_DNS_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\Z",
    re.IGNORECASE | re.ASCII,
)
_URL = re.compile(r"(https?://)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?(/[A-Za-z0-9/._~%+@=,&?#-]*)?\Z")
_GROUP_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PORT_LIMITS = f"{FIRST_PORT} to {LAST_PORT}"


@dataclass(frozen=True)
class Fault:
    """What is wrong at a place inside one variable; the texts are those of a Problem."""

    place: str
    message: str
    allowed: str = ""
    fix: str = ""
    warning: bool = False


@dataclass(frozen=True)
class At:
    """A place inside the input, and the list that takes the faults found there."""

    place: str
    faults: list[Fault] = field(default_factory=list)
    separator: str = "."

    def key(self, name: object) -> At:
        """Return the place of a mapping's key."""
        return At(f"{self.place}{self.separator}{name}", self.faults)

    def item(self, index: int) -> At:
        """Return the place of a list's item."""
        return At(f"{self.place}[{index}]", self.faults)

    def error(self, message: str, allowed: str = "", fix: str = "") -> None:
        """Note an error at this place."""
        self.faults.append(Fault(self.place, message, allowed, fix))

    def warn(self, message: str, fix: str = "") -> None:
        """Note at this place what is allowed but worth saying."""
        self.faults.append(Fault(self.place, message, "", fix, warning=True))


Reader = Callable[[object, At], T_co]


@dataclass(frozen=True)
class Field(Generic[T_co]):
    """A named value: how it is read, and what it is when it is absent."""

    name: str
    read: Reader[T_co]
    default: T_co


class Scope(str, Enum):
    """Where a variable is read: per host, once for the deployment, or once for a run, outside the plan."""

    HOST = "host"
    DEPLOYMENT = "deployment"
    RUN = "run"


@dataclass(frozen=True)
class Variable(Field[T_co]):
    """One variable: its reader and its documentation.

    type, elements, choices: in the words of an argument spec. documented_default: what the user would write to
    get the default; None when the variable has none or the description tells how it is derived.
    is_secret: the value holds a secret, so that no message shows it.
    """

    scope: Scope
    type: str
    description: str
    elements: str | None = None
    choices: tuple[str, ...] = ()
    documented_default: object = None
    is_secret: bool = False


@dataclass(frozen=True)
class Record:
    """The values that were read of one mapping; indexed by Field.

    bad: names of the fields that had an error; their values are empty and say nothing.
    """

    values: Mapping[str, object]
    bad: frozenset[str] = frozenset()

    def __getitem__(self, wanted: Field[T]) -> T:
        return cast(T, self.values.get(wanted.name, wanted.default))

    def has(self, wanted: Field[object]) -> bool:
        """Return whether the field was given, well or badly."""
        return wanted.name in self.values

    def good(self, *wanted: Field[object]) -> bool:
        """Return whether none of the fields had an error."""
        return not any(one.name in self.bad for one in wanted)


def known_items(raw: object, at: At, known: Sequence[str]) -> Iterator[tuple[str, object, At]]:
    """Yield (key, value, place) of a mapping's known keys that have a value; the others are errors."""
    if not isinstance(raw, Mapping):
        at.error(f"{shown(raw)} is not a mapping", f"a mapping with keys of: {', '.join(known)}")
        return
    for key, value in raw.items():
        if not isinstance(key, str) or key not in known:
            at.error(f"{shown(key)} is not a key", ", ".join(known), correction(str(key), known, "remove it"))
        elif value is not None:
            yield str(key), value, at.key(key)


def read_record(raw: object, at: At, fields: Sequence[Field[object]]) -> Record:
    """Return the fields of a mapping; unknown keys are errors, keys without a value are absent."""
    by_name = {one.name: one for one in fields}
    values: dict[str, object] = {}
    bad: set[str] = set()
    for key, value, place in known_items(raw, at, tuple(by_name)):
        values[key], faulty = read_value(by_name[key], value, place)
        bad |= {key} if faulty else set()
    return Record(values, frozenset(bad))


def read_value(wanted: Field[T], raw: object, at: At) -> tuple[T, bool]:
    """Return a field's value, and whether an error was noted while it was read."""
    before = len(at.faults)
    value = wanted.read(raw, at)
    return value, any(not fault.warning for fault in at.faults[before:])


def text(raw: object, at: At) -> str:
    """Return a non-empty text; a whole number counts as text."""
    plain = str(raw).strip() if isinstance(raw, (str, int)) and not isinstance(raw, bool) else ""
    if "{{" in plain:
        at.error(f"{shown(raw)} is a template that cannot be resolved", fix="define what it refers to")
        return ""
    if not plain:
        at.error(f"{shown(raw)} is not a text", "a non-empty text")
    elif _CONTROL.search(plain):
        at.error(f"{shown(raw)} holds control characters", "a text of one line")
        return ""
    return plain


def group_part(raw: object, at: At) -> str:
    """Return a part of the name of a group, of characters that Ansible takes in one."""
    plain = raw if isinstance(raw, str) else ""
    if not _GROUP_PART.match(plain):
        at.error(f"{shown(raw)} cannot begin the name of a group", "letters, digits and underscores, no digit first")
        return ""
    return plain


def choice(kind: str, allowed: Sequence[str]) -> Reader[str]:
    """Return a reader of one of several names; kind is its noun in errors ("a version")."""

    def _read(raw: object, at: At) -> str:
        plain = str(raw).strip().lower() if isinstance(raw, (str, int)) else ""
        if plain in allowed:
            return plain
        at.error(f"{shown(raw)} is not {kind}", one_of(allowed), correction(plain, allowed, "write one of them"))
        return allowed[0]

    return _read


def boolean(raw: object, at: At) -> bool:
    """Return true or false; the names that Ansible takes for them are taken too."""
    plain = str(raw).strip().lower() if isinstance(raw, (str, int)) else ""
    if plain not in _TRUE + _FALSE:
        at.error(f"{shown(raw)} is neither true nor false", "true, false")
    return plain in _TRUE


def items(raw: object, at: At) -> list[tuple[object, At]]:
    """Return (item, place) of a list; one text is a list of its comma separated parts, a number is a list of itself."""
    if isinstance(raw, str):
        return [(part.strip(), at) for part in raw.split(",") if part.strip()]
    if isinstance(raw, int) and not isinstance(raw, bool):
        return [(raw, at)]
    if isinstance(raw, (list, tuple)):
        return [(item, at.item(index)) for index, item in enumerate(raw)]
    at.error(f"{shown(raw)} is not a list", "a list, or one text")
    return []


def texts(raw: object, at: At) -> tuple[str, ...]:
    """Return the non-empty texts of a list, in its order."""
    return tuple(filter(None, (text(item, place) for item, place in items(raw, at))))


def choices(kind: str, allowed: Sequence[str]) -> Reader[frozenset[str]]:
    """Return a reader of a list of such names; kind is their noun in errors ("a feature")."""

    def _read(raw: object, at: At) -> frozenset[str]:
        found = texts(raw, at)
        for one in (one for one in found if one not in allowed):
            at.error(f"{shown(one)} is not {kind}", one_of(allowed), correction(one, allowed, "remove it"))
        return frozenset(found) & frozenset(allowed)

    return _read


def dns_name(raw: object, at: At) -> str:
    """Return a DNS name as it is written, without the final dot; names are compared as written."""
    name = raw.strip().rstrip(".") if isinstance(raw, str) else ""
    if not _DNS_NAME.match(name):
        at.error(f"{shown(raw)} is not a DNS name", "labels of letters, digits and hyphens, with dots between")
        return ""
    return name


def dns_names(raw: object, at: At) -> tuple[str, ...]:
    """Return the DNS names of a list, in its order."""
    return tuple(filter(None, (dns_name(item, place) for item, place in items(raw, at))))


def urls(raw: object, at: At) -> tuple[str, ...]:
    """Return the http and https URLs of a list, in its order; a host name stands for its https URL."""
    found = texts(raw, at)
    for one in (one for one in found if not _URL.match(one)):
        at.error(f"{shown(one)} is not a URL", "https://HOST, https://HOST/PATH")
    return found


def addresses(raw: object, at: At) -> AddressSet:
    """Return the addresses of hosts; networks, ranges and addresses that no host can have are errors."""
    found = [address(item, place) for item, place in items(raw, at)]
    return AddressSet.parse(filter(None, found))


def address(raw: object, at: At) -> str:
    """Return the canonical text of one address that a host can have."""
    try:
        found = parse_address(raw if isinstance(raw, str) else "")
    except ValueError:
        at.error(f"{shown(raw)} is not an address", "an IPv4 or IPv6 address")
        return ""
    no_host = found.version == 4 and int(found) >> 24 in (0, 255)
    if no_host or found.value == 0 or found.is_multicast():
        at.error(f"{shown(raw)} is not an address that a host can have", "a unicast IPv4 or IPv6 address")
        return ""
    return str(found)


def any_networks(raw: object, at: At) -> AddressSet:
    """Return addresses, networks and ranges; "any", or a whole family, is taken and warned about."""
    found = _read_networks(raw, at)
    if _holds_a_family(found):
        at.warn(f"{shown(raw)} admits every address", "name the networks")
    return found


def networks(raw: object, at: At) -> AddressSet:
    """Return addresses, networks and ranges; "any", or a whole family, is an error."""
    found = _read_networks(raw, at)
    if _holds_a_family(found):
        message = f"{shown(raw)} stands for every address, which only lync_client_networks may"
        at.error(message, "addresses, networks, ranges", "name the networks")
        return AddressSet()
    return found


def _read_networks(raw: object, at: At) -> AddressSet:
    return AddressSet.union_of([_read_network(item, place) for item, place in items(raw, at)])


def _read_network(raw: object, at: At) -> AddressSet:
    plain = str(raw) if isinstance(raw, str) else repr(raw)
    try:
        found = AddressSet.parse([plain])
    except ValueError:
        at.error(f"{shown(raw)} is not a network", "an address, a network a/n, a range a-b")
        return AddressSet()
    check_host_bits(plain, at)
    return found


def check_host_bits(plain: str, at: At) -> None:
    """Note a network with host bits, which may be meant as another one."""
    meant = meant_networks(plain)
    if meant:
        fix = f"did you mean {' or '.join(meant)}?"
        at.error(f"{shown(plain)} has host bits", "a network a/n whose host bits are zero", fix)


def _holds_a_family(found: AddressSet) -> bool:
    return ANY.ipv4 == found.ipv4 or ANY.ipv6 == found.ipv6


def port(raw: object, at: At) -> int:
    """Return one port, 1 to 65535; 0 when it is none."""
    first, last = _port_pair(raw)
    if first != last or not first:
        at.error(f"{shown(raw)} is not a port", _PORT_LIMITS)
        return 0
    return first


def ports(raw: object, at: At) -> tuple[int, ...]:
    """Return the ports of a list, in its order; one number is a list of itself."""
    return tuple(filter(None, (port(item, place) for item, place in items(raw, at))))


def port_ranges(raw: object, at: At) -> PortSet:
    """Return the ports of a range a-b, of one port, or of a list of these."""
    found = [(_port_pair(item), item, place) for item, place in items(raw, at)]
    for pair, item, place in found:
        if pair == (0, 0):
            allowed = f"a-b, each {_PORT_LIMITS}, a not above b"
            fix = "write the lower port first, within the limits"
            place.error(f"{shown(item)} is not a range of ports in order", allowed, fix)
    return PortSet.parse(f"{first}-{last}" for (first, last), _item, _place in found if first)


def _port_pair(raw: object) -> tuple[int, int]:
    if not isinstance(raw, (str, int)) or (isinstance(raw, str) and "-" not in raw and not raw.strip().isdecimal()):
        return (0, 0)
    try:
        return parse_port_range(raw.strip() if isinstance(raw, str) else raw)
    except ValueError:
        return (0, 0)


def raw_mapping(raw: object, at: At) -> Mapping[str, object]:
    """Return a mapping with texts for keys, as it is."""
    if isinstance(raw, Mapping) and all(isinstance(key, str) for key in raw):
        return raw
    at.error(f"{shown(raw)} is not a mapping", "a mapping with texts for keys")
    return {}


def raw_mappings(raw: object, at: At) -> tuple[Mapping[str, object], ...]:
    """Return a list of mappings, each as it is."""
    if isinstance(raw, (list, tuple)):
        return tuple(raw_mapping(item, at.item(index)) for index, item in enumerate(raw))
    at.error(f"{shown(raw)} is not a list", "a list of mappings")
    return ()


def mapping_of(keys: Sequence[str], read: Reader[T]) -> Reader[Mapping[str, T]]:
    """Return a reader of a mapping with the given keys, whose values all have one type."""

    def _read(raw: object, at: At) -> Mapping[str, T]:
        return {key: read(value, place) for key, value, place in known_items(raw, at, keys)}

    return _read
