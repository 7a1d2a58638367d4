# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tokens of a rule as the registry stores it, and what each one may hold: tables for registry_strings.

    FIREWALL.read("LPort2_10", "49152-57500") == "49152-57500", FIREWALL.read("Dir", "In") == "in"

Grammar: [MS-GPFAS] 2.2.2.19 and the value grammars before it. Keywords of ports and addresses that later versions of
Windows added are taken as they stand; a number or an address that is none is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..._base.addresses import AddressSet, PortSet
from ..._base.errors import one_of
from ..rule import ADDRESS_KEYWORDS, ANY_PROTOCOL, ICMPV4, ICMPV6, INTERFACE_TYPES, PORT_KEYWORDS

LOCAL_PORTS = ("LPort", "LPort2_10", "LPort2_20", "LPort2_24", "LPort2_25", "LPort2_29")
REMOTE_PORTS = ("RPort", "RPort2_10", "RPort2_28")
LOCAL_ADDRESSES: Mapping[int, tuple[str, ...]] = {4: ("LA4",), 6: ("LA6",)}
REMOTE_ADDRESSES: Mapping[int, tuple[str, ...]] = {4: ("RA4", "RA42"), 6: ("RA6", "RA62")}
# The later token refines the earlier one, which older versions of Windows understand.
SECURITY = ("Security2", "Security2_9", "Security")
ICMP: Mapping[int, str] = {ICMPV4: "ICMP4", ICMPV6: "ICMP6"}
# The COM properties that limit a rule, by their tokens in lower case: Microsoft spells RMAuth in two ways.
RESTRICTIONS: Mapping[str, str] = {
    "apppkgid": "LocalAppPackageId",
    "luown": "LocalUserOwner",
    "luauth": "LocalUserAuthorizedList",
    "ruauth": "RemoteUserAuthorizedList",
    "rmauth": "RemoteMachineAuthorizedList",
}
# Not standing there and standing there with FALSE are the same.
FLAGS = frozenset({"LSM", "LOM", "PCross", "PCROSS", "AuthByPassOut"})

ACTION_WORDS: Mapping[str, str] = {"Allow": "allow", "Block": "block", "ByPass": "bypass"}
DIRECTION_WORDS: Mapping[str, str] = {"In": "in", "Out": "out"}
PROFILE_WORDS: Mapping[str, str] = {"Domain": "domain", "Private": "private", "Public": "public"}
DEFER_WORDS: Mapping[str, str] = {"App": "deferapp", "User": "deferuser"}
SECURITY_WORDS: Mapping[str, str] = {
    "Authenticate": "authenticate",
    "AuthenticateEncrypt": "authenc",
    "An-NoEncap": "authnoencap",
    "AnE-Nego": "authdynenc",
}
# Words that the registry spells in another way than COM does.
PORT_SPELLINGS: Mapping[str, str] = dict.fromkeys(("IPHTTPSIn", "IPTLSIn", "IPHTTPSOut", "IPTLSOut"), "IPHTTPS")
ADDRESS_SPELLINGS: Mapping[str, str] = {"IntrAnet": "Intranet", "IntErnet": "Internet", "RmtIntrAnet": "RmtIntranet"}

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ICMP = re.compile(r"([0-9]{1,3}):([0-9]{1,3}|\*)")
_BYTE_MAXIMUM = 255


class BadTokenError(ValueError):
    """A token holds what it may not hold; allowed as in Problem."""

    def __init__(self, message: str, allowed: str) -> None:
        super().__init__(message)
        self.allowed = allowed


@dataclass(frozen=True)
class Grammar:
    """The tokens of one kind of rule that a Rule has fields for.

    readers: how each is read. lists: those that may stand in a rule more than once. may_be_empty: those that hold
    nothing when they are empty. needed: those without which a string is no rule.
    """

    readers: Mapping[str, Callable[[str], object]]
    lists: frozenset[str]
    may_be_empty: frozenset[str]
    needed: tuple[str, ...]

    def read(self, token: str, value: str) -> object:
        """Return the value of a known token in the words of a Rule; raises BadTokenError when it is none."""
        return self.readers[token](value)


def is_keyword(text: str) -> bool:
    """Return whether an entry of a list is a word such as LocalSubnet, and not a number or an address."""
    return _WORD.fullmatch(text) is not None


def text(value: str) -> str:
    """Return the text of a token as it is."""
    return value


def choice(allowed: Mapping[str, object]) -> Callable[[str], object]:
    """Return a reader of one word of a table, in any case of letters."""
    folded = {word.casefold(): meaning for word, meaning in allowed.items()}

    def _read(value: str) -> object:
        if value.casefold() not in folded:
            raise BadTokenError("is not one of its words", one_of(allowed))
        return folded[value.casefold()]

    return _read


def protocol(value: str) -> int:
    """Return the number of a protocol."""
    if not re.fullmatch(r"[0-9]{1,3}", value) or int(value) > ANY_PROTOCOL:
        raise BadTokenError("is not a protocol", "a number 0 to 256")
    return int(value)


def _keyword(value: str, spellings: Mapping[str, str], keywords: Mapping[str, str]) -> str:
    folded = {spelling.casefold(): word for spelling, word in spellings.items()}
    return folded.get(value.casefold()) or keywords.get(value.casefold(), value)


def port(value: str) -> str:
    """Return a port, a range or a word in the spelling of a Rule."""
    if is_keyword(value) and value.casefold() != "any":
        return _keyword(value, PORT_SPELLINGS, PORT_KEYWORDS)
    # A rule without a limit has no token at all: "any" is none of the registry's keywords.
    try:
        return PortSet.parse(["" if value.casefold() == "any" else value]).to_text()[0]
    except ValueError:
        raise BadTokenError("is neither a port nor a range", "1-65535, a range a-b, a word such as RPC") from None


def address(family: int) -> Callable[[str], str]:
    """Return a reader of addresses, networks, ranges and keywords of one family."""

    def _read(value: str) -> str:
        if is_keyword(value) and value.casefold() != "any":
            return _keyword(value, ADDRESS_SPELLINGS, ADDRESS_KEYWORDS)
        try:
            families: frozenset[int] = AddressSet.parse([value.casefold()]).families
        except ValueError:
            families = frozenset()
        if families != {family}:
            raise BadTokenError(
                f"is not IPv{family}", f"an IPv{family} address, a network a/n, a range a-b, a word such as LocalSubnet"
            )
        return value

    return _read


def _parse_icmp_token(value: str) -> str:
    match = _ICMP.fullmatch(value)
    if match is None or any(part != "*" and int(part) > _BYTE_MAXIMUM for part in match.groups()):
        raise BadTokenError("is not an ICMP type and code", "type:code with numbers 0 to 255, the code also *")
    return value


def interface_type(value: str) -> str:
    """Return a type of interfaces in the words of options."""
    names = {stored.casefold(): name for name, stored in INTERFACE_TYPES.items()}
    if value.casefold() not in names:
        raise BadTokenError("is not a type of interface", one_of(INTERFACE_TYPES.values()))
    return names[value.casefold()]


BOOLEAN = choice({"TRUE": True, "FALSE": False})
_LISTS: Mapping[str, Callable[[str], object]] = {
    "Profile": choice(PROFILE_WORDS),
    "IF": text,
    "IFType": interface_type,
    **dict.fromkeys((*LOCAL_PORTS, *REMOTE_PORTS), port),
    **dict.fromkeys((*LOCAL_ADDRESSES[4], *REMOTE_ADDRESSES[4]), address(4)),
    **dict.fromkeys((*LOCAL_ADDRESSES[6], *REMOTE_ADDRESSES[6]), address(6)),
    **dict.fromkeys(ICMP.values(), _parse_icmp_token),
}
_READERS: Mapping[str, Callable[[str], object]] = {
    **_LISTS,
    "Action": choice(ACTION_WORDS),
    "Active": BOOLEAN,
    "Dir": choice(DIRECTION_WORDS),
    "Protocol": protocol,
    "Edge": BOOLEAN,
    "Defer": choice(DEFER_WORDS),
    **dict.fromkeys(SECURITY, choice(SECURITY_WORDS)),
    **dict.fromkeys(("Name", "Desc", "EmbedCtxt", "App", "Svc"), text),
}
# An empty token of a kind that is not named here is a fault.
FIREWALL = Grammar(
    _READERS, frozenset(_LISTS), frozenset({"Desc", "EmbedCtxt", "App", "Svc"}), ("Action", "Dir", "Name")
)
