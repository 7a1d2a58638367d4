# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How Windows stores what is put on a rule: its checks and its read-back forms, without the collection's own code.

    normal_addresses("10.0.0.0/24,LocalSubnet") == "LocalSubnet,10.0.0.0/255.255.255.0"

Sources: [MS-FASP] 2.2.37 (checks), 2.2.15 and 2.2.22 (lists are stored by class, keywords as bits), the end-to-end
tests of the WiX toolset and of community.windows (read-back), reports about WindowsFirewallHelper (IPv6).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

E_INVALIDARG = 0x80070057
E_ACCESSDENIED = 0x80070005
E_FAIL = 0x80004005

TCP, UDP = 6, 17
EVERY_PROFILE = 0x7FFFFFFF
ADDRESS_WORDS = (
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
)
PORT_WORDS = ("RPC", "RPC-EPMap", "IPHTTPS", "Teredo", "Ply2Disc")
INTERFACE_TYPES = ("Lan", "Wireless", "RemoteAccess")
LIST_LIMIT = 1000


class ComError(Exception):
    """A COM call failed; hresult as Windows gives it."""

    def __init__(self, hresult: int, text: str) -> None:
        self.hresult = hresult
        super().__init__(f"{text} (0x{hresult:08X})")


@dataclass(frozen=True)
class Switches:
    """What no document settles, to be switched either way.

    removes_last: Remove(name) takes the last of several namesakes instead of the first.
    merges_overlaps: overlapping and adjacent entries of a list become one.
    ipv6_as_range: one IPv6 address reads back as a range a-a.
    ipv6_multicast: IPv6 multicast addresses are taken. [MS-FASP] forbids them in connection security rules only
    (2.2.55), and rule sets that people use have them (metablaster/WindowsFirewallRuleset), but WindowsFirewallHelper 8
    tells of a refusal. Broadcast and IPv4 multicast nobody was refused.
    registry_lags: the registry shows the rules as they were when it was read last. Nobody has seen it; that all changes
    take place immediately is said of COM alone (icsharp/INetFwRule pages of learn.microsoft.com).
    """

    removes_last: bool = False
    merges_overlaps: bool = False
    ipv6_as_range: bool = True
    ipv6_multicast: bool = False
    registry_lags: bool = False


def _refuse(text: str) -> ComError:
    return ComError(E_INVALIDARG, f"The parameter is incorrect: {text}")


def _words(tokens: list[str], words: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the keywords of a list in bit order, and the tokens that are none."""
    folded = {token.casefold() for token in tokens}
    known = [word for word in words if word.casefold() in folded]
    return known, [token for token in tokens if token.casefold() not in {word.casefold() for word in words}]


def _tokens(text: object) -> list[str]:
    return [token.strip() for token in str(text or "").split(",") if token.strip()]


def normal_addresses(text: object, switches: Switches, local: bool = False) -> str:
    """Return an address list as Windows reads it back: keywords, IPv4 subnets, ranges, IPv6 subnets, ranges."""
    tokens = _tokens(text)
    if not tokens or tokens == ["*"]:
        return "*"
    words, rest = _words(tokens, ADDRESS_WORDS)
    if words and local:
        raise _refuse(f"keywords in local addresses: {','.join(words)}")
    classes: dict[tuple[int, bool], list[str]] = {(4, False): [], (4, True): [], (6, False): [], (6, True): []}
    for token in rest:
        family, is_range, shown = _address(token, switches)
        classes[family, is_range].append(shown)
    if any(len(entries) > LIST_LIMIT for entries in classes.values()):
        raise _refuse("a list has more than 1000 entries")
    merged = _merged(classes) if switches.merges_overlaps else classes
    return ",".join(words + [entry for entries in merged.values() for entry in entries])


def _address(token: str, switches: Switches) -> tuple[int, bool, str]:
    """Return the family of one token, whether it is stored as a range, and how it reads back."""
    try:
        first, dash, last = token.partition("-")
        if dash:
            return _range(ipaddress.ip_address(first), ipaddress.ip_address(last), switches)
        network = ipaddress.ip_network(token, strict=False)
    except ValueError as error:
        raise _refuse(f"address {token!r}") from error
    if network.prefixlen == 0 or _is_refused(network.network_address, network.num_addresses == 1, switches):
        raise _refuse(f"address {token!r}")
    if network.version == 4:
        return 4, False, f"{network.network_address}/{network.netmask}"
    if network.prefixlen == 128 and switches.ipv6_as_range:
        return 6, True, f"{network.network_address}-{network.network_address}"
    return 6, False, str(network)


def _range(
    first: ipaddress.IPv4Address | ipaddress.IPv6Address,
    last: ipaddress.IPv4Address | ipaddress.IPv6Address,
    switches: Switches,
) -> tuple[int, bool, str]:
    if first.version != last.version or int(first) > int(last) or _is_refused(first, True, switches):
        raise _refuse(f"address range {first}-{last}")
    return first.version, True, f"{first}-{last}"


def _is_refused(address: ipaddress.IPv4Address | ipaddress.IPv6Address, single: bool, switches: Switches) -> bool:
    multicast = address.version == 6 and address.is_multicast and not switches.ipv6_multicast
    loopback = address.version == 6 and address.is_loopback
    return multicast or loopback or (single and address.is_unspecified)


def _merged(classes: Mapping[tuple[int, bool], list[str]]) -> dict[tuple[int, bool], list[str]]:
    """Return the subnets of each family collapsed; ranges are left as they are."""
    merged = dict(classes)
    for family in (4, 6):
        networks = [ipaddress.ip_network(text) for text in classes[family, False]]
        collapsed = ipaddress.collapse_addresses(networks)  # type: ignore[type-var]
        merged[family, False] = [
            f"{net.network_address}/{net.netmask}" if net.version == 4 else str(net) for net in collapsed
        ]
    return merged


def normal_ports(text: object, remote: bool = False) -> str:
    """Return a port list as Windows reads it back: keywords, then ports and ranges in their order."""
    tokens = _tokens(text)
    if not tokens or tokens == ["*"]:
        return "*"
    words, rest = _words(tokens, PORT_WORDS)
    if words and remote and words != ["IPHTTPS"]:
        raise _refuse(f"keywords in remote ports: {','.join(words)}")
    if len(rest) > LIST_LIMIT or not all(_is_port(token) for token in rest):
        raise _refuse(f"ports {text!r}")
    return ",".join(words + rest)


def _is_port(token: str) -> bool:
    match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", token)
    return match is not None and 1 <= int(match[1]) <= int(match[2] or match[1]) <= 65535


def normal_interface_types(text: object) -> str:
    """Return interface types in bit order and canonical case."""
    tokens = _tokens(text)
    known, rest = _words(tokens, INTERFACE_TYPES)
    if rest and rest != ["All"]:
        raise _refuse(f"interface types {text!r}")
    return ",".join(known) if known and not rest else "All"


def check_rule(rule: Mapping[str, object]) -> None:
    """Raise ComError when the rule as a whole breaks one of the semantic checks that the firewall service applies."""
    for is_wrong, text in _CHECKS:
        if is_wrong(rule):
            raise _refuse(text)


def _is_text_wrong(text: object, limit: int, forbidden: str) -> bool:
    return text is not None and (len(str(text)) > limit or any(letter in str(text) for letter in forbidden))


def _has_words(rule: Mapping[str, object], *words: str, ports: str = "LocalPorts") -> bool:
    return not set(words).isdisjoint(_tokens(rule[ports]))


_CHECKS = (
    (
        lambda rule: (
            not rule["Name"] or str(rule["Name"]).casefold() == "all" or _is_text_wrong(rule["Name"], 9999, "|")
        ),
        "name",
    ),
    (
        lambda rule: _is_text_wrong(rule["Description"], 9999, "|") or _is_text_wrong(rule["Grouping"], 9999, "|"),
        "description or group",
    ),
    (lambda rule: _is_text_wrong(rule["ApplicationName"], 259, '/*?"<>|'), "program"),
    (lambda rule: _is_text_wrong(rule["ServiceName"], 259, "/\\|"), "service"),
    (lambda rule: not 0 <= rule["Protocol"] <= 256, "protocol"),
    (
        lambda rule: rule["Protocol"] not in (TCP, UDP) and (rule["LocalPorts"] != "*" or rule["RemotePorts"] != "*"),
        "protocol and protocol-dependent fields do not match",
    ),
    (
        lambda rule: rule["Protocol"] not in (1, 58) and rule["IcmpTypesAndCodes"] != "*",
        "protocol and protocol-dependent fields do not match",
    ),
    (
        lambda rule: (
            _has_words(rule, "RPC", "RPC-EPMap", "IPHTTPS") and (rule["Protocol"] != TCP or rule["Direction"] != 1)
        ),
        "port keyword",
    ),
    (
        lambda rule: _has_words(rule, "Teredo", "Ply2Disc") and (rule["Protocol"] != UDP or rule["Direction"] != 1),
        "port keyword",
    ),
    (
        lambda rule: (
            _has_words(rule, "IPHTTPS", ports="RemotePorts") and (rule["Protocol"] != TCP or rule["Direction"] != 2)
        ),
        "port keyword",
    ),
    (
        lambda rule: len(_tokens(rule["IcmpTypesAndCodes"])) > LIST_LIMIT or len(rule["Interfaces"] or ()) > LIST_LIMIT,
        "a list has more than 1000 entries",
    ),
    (
        lambda rule: (
            rule["EdgeTraversalOptions"] == 3
            and (
                not rule["ApplicationName"]
                or rule["Protocol"] == 256
                or (rule["LocalPorts"], rule["RemotePorts"]) != ("*", "*")
            )
        ),
        "edge traversal deferred to the user",
    ),
    (lambda rule: rule["EdgeTraversalOptions"] != 0 and rule["Direction"] != 1, "edge traversal of an outbound rule"),
    (lambda rule: rule["SecureFlags"] != 0 and rule["Action"] == 0, "authentication with a block"),
)
