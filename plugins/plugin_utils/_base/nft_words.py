# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Words of nftables for addresses, ports and protocols of a packet, and values as nft's JSON has them.

    FIELDS["in"]["udp dport"] == ("localport", 17, frozenset({4, 6}))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

BOTH = frozenset({4, 6})
FAMILIES: Mapping[int, str] = {4: "ip", 6: "ip6"}
NFPROTO: Mapping[int, str] = {4: "ipv4", 6: "ipv6"}
# Which end of a packet is the host's own, per direction: address, port and interface.
LOCAL: Mapping[str, tuple[str, str, str]] = {
    "in": ("daddr", "dport", "iifname"),
    "out": ("saddr", "sport", "oifname"),
}
REMOTE: Mapping[str, tuple[str, str]] = {"in": ("saddr", "sport"), "out": ("daddr", "dport")}
PORT_PROTOCOLS: Mapping[str, int] = {"tcp": 6, "udp": 17}
PROTOCOLS = {
    "tcp": "6", "udp": "17", "icmp": "1", "ipv6-icmp": "58", "icmpv6": "58",
    "vrrp": "112", "esp": "50", "ah": "51", "gre": "47", "sctp": "132",
}  # fmt: skip


def _fields(direction: str) -> Mapping[str, tuple[str, int, frozenset[int]]]:
    """Return by expression the option that it limits, the protocol that it implies (0 for none), and its families."""
    found: dict[str, tuple[str, int, frozenset[int]]] = {
        "meta l4proto": ("protocol", 0, BOTH),
        "meta nfproto": ("family", 0, BOTH),
        LOCAL[direction][2]: ("interfaces", 0, BOTH),
    }
    for side, (address, port) in (("local", LOCAL[direction][:2]), ("remote", REMOTE[direction])):
        found |= {f"{word} {address}": (f"{side}ip", 0, frozenset({family})) for family, word in FAMILIES.items()}
        found |= {f"{word} {port}": (f"{side}port", number, BOTH) for word, number in PORT_PROTOCOLS.items()}
    return found


FIELDS = {direction: _fields(direction) for direction in LOCAL}
"""By direction and expression of nft: the option of a rule, the protocol that it implies (0 for none), families."""


def render_left_side(left: Mapping[str, Any]) -> str:
    """Return the words of nft's own language for what an expression looks at."""
    ((kind, value),) = left.items()
    if kind == "payload":
        return f"{value['protocol']} {value['field']}"
    key = str(value["key"])
    return key if key in ("iifname", "oifname") else f"{kind} {key}"


def right_values(right: object) -> Iterator[str]:
    """Yield the values that an expression may have; raises ValueError for one that is no value."""
    if isinstance(right, list):
        for item in right:
            yield from right_values(item)
    elif isinstance(right, (str, int)):
        yield str(right)
    elif isinstance(right, Mapping) and "set" in right:
        yield from right_values(right["set"])
    elif isinstance(right, Mapping) and "prefix" in right:
        yield f"{right['prefix']['addr']}/{right['prefix']['len']}"
    elif isinstance(right, Mapping) and "range" in right:
        yield "-".join(map(str, right["range"]))
    else:
        raise ValueError(str(right))
