# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One Windows Firewall rule as a value: every spelling of one rule is one Rule.

    Rule(name="SIP", direction="in", protocol=6, localport=PortScope(PortSet.of(5061)), ...)

Fields are named like the options of community.windows.win_firewall_rule. Empty means no limit: program "",
service "", interfaces, interfacetypes and icmp_type_code frozenset(). Ports and addresses without a limit are "any" sets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Literal

from .._base import intervals
from .._base.addresses import ANY as ANY_ADDRESS
from .._base.addresses import AddressSet
from .._base.libraries import netaddr
from .._base.ports import ANY as ANY_PORT
from .._base.ports import PortSet
from .tables import ANY_PROTOCOL, PROFILE_BITS, PROTOCOLS

ALL_PROFILES = frozenset(PROFILE_BITS)
ANY_TEXT = "any"


@dataclass(frozen=True)
class AddressScope:
    """Addresses of one side of a rule: a set, and beside it words such as LocalSubnet that only the host can resolve."""

    addresses: AddressSet = ANY_ADDRESS
    words: frozenset[str] = frozenset()

    def __le__(self, other: AddressScope) -> bool:
        """Return whether every address of self is surely in other; a word is inside only the same word or everything."""
        return other.addresses == ANY_ADDRESS or (self.addresses <= other.addresses and self.words <= other.words)

    def __and__(self, other: AddressScope) -> AddressScope:
        """Return what is surely in both."""
        if self.is_any or other.is_any:
            return other if self.is_any else self
        return AddressScope(self.addresses & other.addresses, self.words & other.words)

    def __sub__(self, other: AddressScope) -> AddressScope:
        """Return what is not surely in other."""
        return AddressScope(AddressSet()) if other.is_any else AddressScope(self.addresses - other.addresses, self.words - other.words)

    def __or__(self, other: AddressScope) -> AddressScope:
        """Return what is in either."""
        return AddressScope() if self.is_any or other.is_any else AddressScope(self.addresses | other.addresses, self.words | other.words)

    def __bool__(self) -> bool:
        """Return whether there is anything in the scope."""
        return bool(self.addresses or self.words)

    @property
    def is_any(self) -> bool:
        """Return whether the scope has no limit."""
        return self.addresses == ANY_ADDRESS

    def to_text(self) -> tuple[str, ...]:
        """Return words, then addresses, networks and ranges a-b, IPv4 first; ("any",) without a limit."""
        return (ANY_TEXT,) if self.is_any else (*sorted(self.words), *address_texts(self.addresses))


@dataclass(frozen=True)
class PortScope:
    """Ports of one side of a rule: a set, and beside it words such as RPC that only the host can resolve."""

    ports: PortSet = ANY_PORT
    words: frozenset[str] = frozenset()

    def __le__(self, other: PortScope) -> bool:
        """Return whether every port of self is surely in other; a word is inside only the same word or everything."""
        return other.ports == ANY_PORT or (self.ports <= other.ports and self.words <= other.words)

    def __and__(self, other: PortScope) -> PortScope:
        """Return what is surely in both."""
        if self.is_any or other.is_any:
            return other if self.is_any else self
        return PortScope(self.ports & other.ports, self.words & other.words)

    def __sub__(self, other: PortScope) -> PortScope:
        """Return what is not surely in other."""
        return PortScope(PortSet()) if other.is_any else PortScope(self.ports - other.ports, self.words - other.words)

    def __or__(self, other: PortScope) -> PortScope:
        """Return what is in either."""
        return PortScope() if self.is_any or other.is_any else PortScope(self.ports | other.ports, self.words | other.words)

    def __bool__(self) -> bool:
        """Return whether there is anything in the scope."""
        return bool(self.ports or self.words)

    @property
    def is_any(self) -> bool:
        """Return whether the scope has no limit."""
        return self.ports == ANY_PORT

    def to_text(self) -> tuple[str, ...]:
        """Return words, then ports and ranges a-b; ("any",) without a limit."""
        return (ANY_TEXT,) if self.is_any else (*sorted(self.words), *self.ports.to_text())


@dataclass(frozen=True)
class Rule:
    """One rule of the local firewall store.

    profiles: a subset of domain, private, public. protocol: its number, 256 for any.
    service: "" any process, "*" any service, else a short name. interfaces: names as the host shows them.
    restrictions: COM properties that limit a rule and that the collection never writes (users, packages), as pairs of
    name and text.
    """

    name: str
    group: str = ""
    description: str = ""
    direction: str = "in"
    action: str = "allow"
    enabled: bool = True
    profiles: frozenset[str] = ALL_PROFILES
    program: str = ""
    service: str = ""
    protocol: int = ANY_PROTOCOL
    localport: PortScope = PortScope()
    remoteport: PortScope = PortScope()
    localip: AddressScope = AddressScope()
    remoteip: AddressScope = AddressScope()
    interfaces: frozenset[str] = frozenset()
    interfacetypes: frozenset[str] = frozenset()
    icmp_type_code: frozenset[str] = frozenset()
    edge: str = "no"
    security: str = "notrequired"
    restrictions: frozenset[tuple[str, str]] = frozenset()

    @property
    def admits(self) -> bool:
        """Return whether the rule lets traffic in or out at all: enabled, and not a block."""
        return self.enabled and self.action == "allow"

    def to_options(self) -> dict[str, object]:
        """Return the rule as options of the module, in canonical spelling; restrictions only where there are any."""
        options = {field.name: _OPTION_FORMS.get(field.name, _unchanged)(getattr(self, field.name)) for field in fields(self)}
        if not self.restrictions:
            del options["restrictions"]
        return options


def differing(one: Rule, other: Rule) -> tuple[str, ...]:
    """Return the names of the properties in which two rules differ; programs, services and interfaces are compared without case."""
    return tuple(field.name for field in fields(Rule) if _compared(field.name, one) != _compared(field.name, other))


def protocol_text(number: int) -> str:
    """Return the word of a protocol number, or the number as text where it has no word."""
    words = {value: word for word, value in PROTOCOLS.items()}
    return words.get(number, str(number))


def address_texts(addresses: AddressSet) -> tuple[str, ...]:
    """Return one text per interval: an address, a network a/n or a range a-b; IPv4 first, ascending.

    This needs the fewest entries of a rule's list, which Windows limits to 1000 of each kind.
    """
    return (*(_interval_text(4, pair) for pair in addresses.ipv4), *(_interval_text(6, pair) for pair in addresses.ipv6))


def _interval_text(family: Literal[4, 6], pair: intervals.Interval) -> str:
    first, last = (netaddr.IPAddress(value, family) for value in pair)
    networks = netaddr.iprange_to_cidrs(first, last)
    if len(networks) > 1:
        return f"{first}-{last}"
    return str(first) if first == last else str(networks[0])


def _compared(name: str, rule: Rule) -> object:
    value = getattr(rule, name)
    return _COMPARED[name](value) if name in _COMPARED else value


def _unchanged(value: object) -> object:
    return value


def _sorted_or_any(values: frozenset[str]) -> list[str]:
    return sorted(values) or [ANY_TEXT]


# Windows does not tell the cases of these apart.
_COMPARED: Mapping[str, Callable[..., object]] = {
    "program": str.casefold,
    "service": str.casefold,
    "interfaces": lambda names: frozenset(map(str.casefold, names)),
}
_OPTION_FORMS: Mapping[str, Callable[..., object]] = {
    "profiles": sorted,
    "program": lambda value: value or ANY_TEXT,
    "service": lambda value: value or ANY_TEXT,
    "protocol": protocol_text,
    "localport": lambda scope: list(scope.to_text()),
    "remoteport": lambda scope: list(scope.to_text()),
    "localip": lambda scope: list(scope.to_text()),
    "remoteip": lambda scope: list(scope.to_text()),
    "interfaces": _sorted_or_any,
    "interfacetypes": _sorted_or_any,
    "icmp_type_code": _sorted_or_any,
    "restrictions": dict,
}
