# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How Windows stores connection security rules: strings of the registry, and the checks of the service, without the
collection's own code.

    tokens = changed([], {"DisplayName": "Exempt", "Protocol": "UDP", "RemoteAddress": ["10.0.0.0/24"]})
    check(tokens); render("2.26", tokens)
    == "v2.26|Action=DoNotSecure|Active=TRUE|Protocol=17|EP2_4=10.0.0.0/255.255.255.0|Name=Exempt|"

Sources: [MS-GPFAS] 2.2.6.2 (grammar), 4.3 (the published exemption, whose order of tokens is another one: readers must
not rely on any), [MS-FASP] 2.2.55 (semantic checks), 2.2.27 (status), New-NetIPsecRule.md of windows-powershell-docs
(pairs of security, ranges of ports).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Token = tuple[str, str]
Tokens = list[Token]
TEXT_LIMIT, ID_LIMIT, LIST_LIMIT = 9999, 511, 1000
DEFAULT_SETS: Tokens = [
    ("Auth1Set", "{E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE3}"),
    ("Crypto2Set", "{E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE2}"),
]
# InboundSecurity and OutboundSecurity, and the action that they are; other pairs are refused. What becomes of Request
# and None no document tells; no scenario relies on it.
ACTIONS = {
    ("None", "None"): "DoNotSecure",
    ("Request", "None"): "Boundary",
    ("Request", "Request"): "Boundary",
    ("Require", "Request"): "SecureServer",
    ("Require", "Require"): "Secure",
}
_PROTOCOLS = {"tcp": 6, "udp": 17, "icmpv4": 1, "icmpv6": 58, "any": 256}
_PROFILES = ("Domain", "Private", "Public")
_INTERFACE_TYPES = {"wired": "Lan", "wireless": "Wireless", "remoteaccess": "RemoteAccess"}
_ADDRESS_WORDS = {
    "localsubnet": "LocalSubnet",
    "dns": "DNS",
    "dhcp": "DHCP",
    "wins": "WINS",
    "defaultgateway": "DefaultGateway",
}
_SETS = {"Auth1Set", "Auth2Set", "Crypto2Set"}


class RefusedError(Exception):
    """Windows refuses; number is the system error, 87 "The parameter is incorrect" unless said otherwise."""

    def __init__(self, text: str, number: int = 87, kind: str = "") -> None:
        self.number = number
        super().__init__(f"{text} ({kind or f'Windows System Error {number}'})")


def _refuse(reason: str, status: int = 0) -> RefusedError:
    return RefusedError(f"The parameter is incorrect: {reason}" + (f", status 0x{status:08X}" if status else ""))


def parse(text: str) -> Tokens:
    """Return the tokens of a rule string in their order, without its version."""
    _version, *parts = text.rstrip("|").split("|")
    pairs = (part.partition("=") for part in parts)
    return [(name, value) for name, _equals, value in pairs]


def render(version: str, tokens: Iterable[Token]) -> str:
    """Return the rule string of tokens."""
    return f"v{version}|" + "".join(f"{name}={value}|" for name, value in tokens)


def values(tokens: Iterable[Token], *names: str) -> list[str]:
    """Return the values of these tokens in their order."""
    return [value for name, value in tokens if name in names]


def _list(given: object) -> list[str]:
    items = given if isinstance(given, list) else [given]
    texts = [str(item).strip() for item in items]
    return [] if [text.casefold() for text in texts] == ["any"] else texts


def _addresses(end: int) -> Callable[[object], Tokens]:
    def read(given: object) -> Tokens:
        tokens: Tokens = []
        for text in _list(given):
            word = _ADDRESS_WORDS.get(text.casefold())
            tokens += [(f"EP{end}_4", word), (f"EP{end}_6", word)] if word else [_address(end, text)]
        # IPv4 is stored before IPv6.
        return sorted(tokens, key=lambda token: token[0])

    return read


def _address(end: int, text: str) -> Token:
    try:
        first, dash, last = text.partition("-")
        if dash:
            low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
            if low.version != high.version or int(low) > int(high) or low.is_multicast or high.is_multicast:
                raise _refuse(f"address range {text!r}", 0x0010004A)
            return f"EP{end}_{low.version}", f"{low}-{high}"
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise _refuse(f"address {text!r}", 0x0010004A) from error
    # 2.2.55: no multicast addresses; 2.2.6 and 2.2.10: a mask of nothing is no subnet.
    if network.is_multicast or network.prefixlen == 0:
        raise _refuse(f"address {text!r}", 0x0010004A)
    shown = str(network.network_address)
    if network.num_addresses > 1:
        shown += f"/{network.netmask}" if network.version == 4 else f"/{network.prefixlen}"
    return f"EP{end}_{network.version}", shown


def _ports(end: int) -> Callable[[object], Tokens]:
    return lambda given: [(f"EP{end}Port2_10" if "-" in text else f"EP{end}Port", text) for text in _list(given)]


def _protocol(given: object) -> Tokens:
    text = str(given).casefold()
    number = _PROTOCOLS.get(text, int(text) if text.isdecimal() else -1)
    if not 0 <= number <= 256:
        raise _refuse(f"protocol {given!r}")
    return [] if number == 256 else [("Protocol", str(number))]


def _profiles(given: object) -> Tokens:
    texts = [text.strip().casefold() for item in _list(given) for text in item.split(",")]
    if not set(texts) <= {name.casefold() for name in _PROFILES}:
        raise _refuse(f"profile {given!r}")
    return [("Profile", name) for name in _PROFILES if name.casefold() in texts]


def _interface_types(given: object) -> Tokens:
    unknown = [text for text in _list(given) if text.casefold() not in _INTERFACE_TYPES]
    if unknown:
        raise _refuse(f"interface types {unknown}")
    return [("IFType", _INTERFACE_TYPES[text.casefold()]) for text in _list(given)]


def _text(name: str) -> Callable[[object], Tokens]:
    return lambda given: [(name, str(given))]


def _enabled(given: object) -> Tokens:
    # These are texts in the cmdlets, not booleans.
    if str(given) not in ("True", "False"):
        raise _refuse(f"enabled {given!r}")
    return [("Active", str(given).upper())]


def _address_names(end: int) -> set[str]:
    return {f"EP{end}_4", f"EP{end}_6"}


def _port_names(end: int) -> set[str]:
    return {f"EP{end}Port", f"EP{end}Port2_10"}


# Each argument of the cmdlets: the tokens that it replaces, and how it becomes tokens.
_ARGUMENTS: Mapping[str, tuple[set[str], Callable[[object], Tokens]]] = {
    "Enabled": ({"Active"}, _enabled),
    "Profile": ({"Profile"}, _profiles),
    "Protocol": ({"Protocol"}, _protocol),
    "LocalPort": (_port_names(1), _ports(1)),
    "RemotePort": (_port_names(2), _ports(2)),
    "InterfaceType": ({"IFType"}, _interface_types),
    "LocalAddress": (_address_names(1), _addresses(1)),
    "RemoteAddress": (_address_names(2), _addresses(2)),
    "DisplayName": ({"Name"}, _text("Name")),
    "NewDisplayName": ({"Name"}, _text("Name")),
    "Description": ({"Desc"}, _text("Desc")),
    "Group": ({"EmbedCtxt"}, _text("EmbedCtxt")),
    "Phase1AuthSet": ({"Auth1Set"}, _text("Auth1Set")),
    "Phase2AuthSet": ({"Auth2Set"}, _text("Auth2Set")),
    "QuickModeCryptoSet": ({"Crypto2Set"}, _text("Crypto2Set")),
}
_ORDER: tuple[str, ...] = (
    "Action",
    "Active",
    "Profile",
    "Protocol",
    "EP1Port",
    "EP1Port2_10",
    "EP2Port",
    "EP2Port2_10",
    "IF",
    "IFType",
)
_ORDER += ("EP1_4", "EP1_6", "EP2_4", "EP2_6", "Auth1Set", "Auth2Set", "Crypto2Set", "Name", "Desc", "EmbedCtxt")


def changed(tokens: Iterable[Token], arguments: Mapping[str, Any]) -> Tokens:
    """Return a rule with arguments of New-NetIPsecRule or Set-NetIPsecRule; raises RefusedError."""
    made = list(tokens) or [("Action", "DoNotSecure"), ("Active", "TRUE")]
    given = dict(arguments)
    security = (given.pop("InboundSecurity", None), given.pop("OutboundSecurity", None))
    if security != (None, None):
        made = [token for token in made if token[0] != "Action"] + [("Action", _action(*security))]
    if given.pop("Mode", "Transport") not in ("Transport", "None"):
        raise _refuse("mode")
    for name, value in given.items():
        if name not in _ARGUMENTS:
            raise RefusedError(
                f"A parameter cannot be found that matches parameter name '{name}'.", 0, "NamedParameterNotFound"
            )
        replaced, read = _ARGUMENTS[name]
        made = [token for token in made if token[0] not in replaced] + read(value)
    if values(made, "Action") != ["DoNotSecure"] and not values(made, *_SETS):
        made += DEFAULT_SETS
    return sorted(made, key=lambda token: _ORDER.index(token[0]) if token[0] in _ORDER else len(_ORDER))


def _action(inbound: str | None, outbound: str | None) -> str:
    action = ACTIONS.get((inbound or "None", outbound or "None"))
    if action is None:
        raise _refuse(f"security {inbound} and {outbound}")
    return action


def check_id(rule_id: str) -> None:
    """Raise RefusedError for an id that is no id of a rule: 1 to 511 characters without |."""
    if not 1 <= len(rule_id) <= ID_LIMIT or "|" in rule_id:
        raise _refuse("rule id")


def check(tokens: Tokens) -> None:
    """Raise RefusedError when a rule breaks one of the checks of [MS-FASP] 2.2.55."""
    for is_wrong, reason, status in _CHECKS:
        if is_wrong(tokens):
            raise _refuse(reason, status)


def _is_name_wrong(tokens: Tokens) -> bool:
    names = values(tokens, "Name")
    return len(names) != 1 or not 1 <= len(names[0]) <= TEXT_LIMIT or "|" in names[0] or names[0].casefold() == "all"


def _is_text_wrong(tokens: Tokens) -> bool:
    return any(len(text) > TEXT_LIMIT or "|" in text for text in values(tokens, "Desc", "EmbedCtxt"))


def _all_ports(tokens: Tokens) -> list[str]:
    return values(tokens, *_port_names(1), *_port_names(2))


def _is_port_wrong(text: str) -> bool:
    match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", text)
    return match is None or not 1 <= int(match[1]) <= int(match[2] or match[1]) <= 65535


def _is_exemption(tokens: Tokens) -> bool:
    return values(tokens, "Action") == ["DoNotSecure"]


def _is_list_long(tokens: Tokens) -> bool:
    # Subnets and ranges of each family are lists of their own, 1000 entries each (2.2.5, 2.2.7, 2.2.9, 2.2.11, 2.2.13).
    counts: dict[tuple[str, bool], int] = {}
    for name, value in tokens:
        counts[name, "-" in value] = 1 + counts.get((name, "-" in value), 0)
    return max(counts.values(), default=0) > LIST_LIMIT


_CHECKS: tuple[tuple[Callable[[Tokens], bool], str, int], ...] = (
    (_is_name_wrong, "name", 0),
    (_is_text_wrong, "description or group", 0),
    (
        lambda tokens: any(_is_port_wrong(text) for text in _all_ports(tokens)),
        "ports; a rule of connection security has no port keywords",
        0x00100022,
    ),
    (
        lambda tokens: bool(_all_ports(tokens)) and values(tokens, "Protocol") not in (["6"], ["17"]),
        "protocol and protocol-dependent fields do not match",
        0x001000A1,
    ),
    (
        lambda tokens: not _is_exemption(tokens) and any("-" in text for text in _all_ports(tokens)),
        "a range of ports in a rule that secures",
        0x00100023,
    ),
    (
        lambda tokens: _is_exemption(tokens) and bool(values(tokens, *_SETS)),
        "authentication or cryptography in a rule that does not secure",
        0x00100082,
    ),
    (
        lambda tokens: bool(values(tokens, *_address_names(1))) and bool(values(tokens, "IF", "IFType")),
        "addresses of endpoint 1 with an interface or an interface type",
        0x0010004B,
    ),
    (_is_list_long, "a list has more than 1000 entries", 0),
)
