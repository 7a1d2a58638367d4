# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One firewall rule as a value: every spelling of one rule is one Rule; and the vocabulary of its options.

    Rule(name="SIP", direction="in", protocol=6, localport=PortScope(PortSet.of(5061)), ...)

Fields are named like the options of community.windows.win_firewall_rule. Empty means no limit: program "", service "",
interfaces, interfacetypes and icmp_type_code frozenset(). Ports and addresses without a limit are "any" sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from .._base.addresses import ANY as ANY_ADDRESS
from .._base.addresses import ANY_PORT, AddressSet, PortSet

if TYPE_CHECKING:
    from typing import Self

# The vocabulary of rules: left are the words of options (those of community.windows.win_firewall_rule), right what the
# COM interfaces INetFwRule to INetFwRule3 of netfw.h use. Limits are those of [MS-FASP] 2.2.37.
TCP, UDP, ICMPV4, ICMPV6, ANY_PROTOCOL = 6, 17, 1, 58, 256
PROTOCOLS: Mapping[str, int] = {"tcp": TCP, "udp": UDP, "icmpv4": ICMPV4, "icmpv6": ICMPV6, "any": ANY_PROTOCOL}
PORT_PROTOCOLS = frozenset({TCP, UDP})
ICMP_PROTOCOLS = frozenset({ICMPV4, ICMPV6})

DIRECTIONS: Mapping[str, int] = {"in": 1, "out": 2}
ACTIONS: Mapping[str, int] = {"block": 0, "allow": 1}
PROFILE_BITS: Mapping[str, int] = {"domain": 1, "private": 2, "public": 4}
EVERY_PROFILE = 0x7FFFFFFF
EDGES: Mapping[str, int] = {"no": 0, "yes": 1, "deferapp": 2, "deferuser": 3}
SECURITIES: Mapping[str, int] = {"notrequired": 0, "authnoencap": 1, "authenticate": 2, "authdynenc": 3, "authenc": 4}
INTERFACE_TYPES: Mapping[str, str] = {"lan": "Lan", "wireless": "Wireless", "ras": "RemoteAccess"}


def _fold_keywords(*keywords: str, **aliases: str) -> Mapping[str, str]:
    """Return the keywords by their lower case, and those that NetSecurity's cmdlets call otherwise by that name too."""
    return {keyword.casefold(): keyword for keyword in keywords} | aliases


# In the order of their bits ([MS-FASP] 2.2.21), which is the order in which Windows gives them back.
ADDRESS_KEYWORDS = _fold_keywords(
    "LocalSubnet",
    "DNS",
    "DHCP",
    "WINS",
    "DefaultGateway",
    "Intranet",
    "Internet",
    "Ply2Renders",
    "RmtIntranet",
    "CaptivePortal",
    playtodevice="Ply2Renders",
    intranetremoteaccess="RmtIntranet",
)
PORT_KEYWORDS = _fold_keywords(
    "RPC",
    "RPC-EPMap",
    "IPHTTPS",
    "Teredo",
    "Ply2Disc",
    rpcepmap="RPC-EPMap",
    iphttpsin="IPHTTPS",
    iphttpsout="IPHTTPS",
    playtodiscovery="Ply2Disc",
)
# The protocol that a keyword of ports goes with: of local ports in inbound rules, of remote ports in outbound ones.
LOCAL_PORT_KEYWORDS: Mapping[str, int] = {"RPC": TCP, "RPC-EPMap": TCP, "IPHTTPS": TCP, "Teredo": UDP, "Ply2Disc": UDP}
REMOTE_PORT_KEYWORDS: Mapping[str, int] = {"IPHTTPS": TCP}
# Keywords of policy version 2.20 ([MS-FASP] 2.2.21 and note 12): Windows Server 2012 and later have them.
KEYWORDS_OF_2012 = frozenset({"Intranet", "Internet", "Ply2Renders", "RmtIntranet", "CaptivePortal", "Ply2Disc"})

# Entries of one kind in a list of a rule ([MS-FASP] 2.2.5 to 2.2.18); characters of a text and of a path.
LIST_LIMIT = 1000
TEXT_LIMIT = 9999
PATH_LIMIT = 259

ALL_PROFILES = frozenset(PROFILE_BITS)
ANY_TEXT = "any"


Members = TypeVar("Members", AddressSet, PortSet)


@dataclass(frozen=True)
class Scope(Generic[Members]):
    """One limit of a rule: a set, and beside it keywords such as LocalSubnet or RPC that only the host can resolve.

    Algebra is about what is sure: a keyword is inside only the same keyword or everything.
    """

    members: Members
    keywords: frozenset[str] = frozenset()
    # All members.
    EVERYTHING: ClassVar[Any]

    def __le__(self, other: Self) -> bool:
        """Return whether every member of self is surely in other."""
        return other.is_any or (self.members <= other.members and self.keywords <= other.keywords)

    def __and__(self, other: Self) -> Self:
        """Return what is surely in both."""
        if self.is_any or other.is_any:
            return other if self.is_any else self
        return type(self)(self.members & other.members, self.keywords & other.keywords)

    def __sub__(self, other: Self) -> Self:
        """Return what is not surely in other."""
        if other.is_any:
            return type(self)(type(self.members)())
        return type(self)(self.members - other.members, self.keywords - other.keywords)

    def __or__(self, other: Self) -> Self:
        """Return what is in either."""
        if self.is_any or other.is_any:
            return type(self)(self.EVERYTHING)
        return type(self)(self.members | other.members, self.keywords | other.keywords)

    def meets(self, other: Self) -> bool:
        """Return whether something may be in both: a keyword may be anything."""
        return bool(self.keywords or other.keywords) or self.members.meets(other.members)

    def united(self, others: Iterable[Self]) -> Self:
        """Return what is in this one or in any of others, in one pass."""
        scopes: list[Any] = [self, *others]
        if any(scope.is_any for scope in scopes):
            return type(self)(self.EVERYTHING)
        members = type(self.members).union_of(scope.members for scope in scopes)
        keywords = frozenset(word for scope in scopes for word in scope.keywords)
        return type(self)(members, keywords)

    def __bool__(self) -> bool:
        """Return whether there is anything in the scope."""
        return bool(self.members or self.keywords)

    @property
    def is_any(self) -> bool:
        """Return whether the scope has no limit."""
        return bool(self.members == self.EVERYTHING)

    def entries(self) -> tuple[str, ...]:
        """Return the members as the fewest entries of a rule's list."""
        return self.members.to_text()

    def to_text(self) -> tuple[str, ...]:
        """Return keywords, then the entries in ascending order; ("any",) without a limit."""
        return (ANY_TEXT,) if self.is_any else (*sorted(self.keywords), *self.entries())


@dataclass(frozen=True)
class AddressScope(Scope[AddressSet]):
    """Addresses of one side of a rule."""

    members: AddressSet = ANY_ADDRESS
    EVERYTHING = ANY_ADDRESS

    @property
    def addresses(self) -> AddressSet:
        """Return the set, without keywords."""
        return self.members

    def entries(self) -> tuple[str, ...]:
        """Return addresses, networks and ranges a-b, IPv4 first."""
        return address_texts(self.members)


@dataclass(frozen=True)
class PortScope(Scope[PortSet]):
    """Ports of one side of a rule."""

    members: PortSet = ANY_PORT
    EVERYTHING = ANY_PORT

    @property
    def ports(self) -> PortSet:
        """Return the set, without keywords."""
        return self.members


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
        options = {
            field.name: _OPTION_FORMS.get(field.name, _keep_value)(getattr(self, field.name)) for field in fields(self)
        }
        if not self.restrictions:
            del options["restrictions"]
        return options


def differing(one: Rule, other: Rule) -> tuple[str, ...]:
    """Return the names of the properties in which two rules differ.

    Programs, services and interfaces are compared without case.
    """
    return tuple(
        field.name
        for field in fields(Rule)
        if _compared_value(field.name, one) != _compared_value(field.name, other)
    )


def protocol_text(number: int) -> str:
    """Return the word of a protocol number, or the number as text where it has no word."""
    names = {value: name for name, value in PROTOCOLS.items()}
    return names.get(number, str(number))


def address_texts(addresses: AddressSet) -> tuple[str, ...]:
    """Return one text per interval: an address, a network a/n or a range a-b; IPv4 first, ascending.

    This needs the fewest entries of a rule's list, which Windows limits to 1000 of each kind.
    """
    return addresses.to_ranges()


def _compared_value(name: str, rule: Rule) -> object:
    value = getattr(rule, name)
    return _COMPARED[name](value) if name in _COMPARED else value


def _keep_value(value: object) -> object:
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
