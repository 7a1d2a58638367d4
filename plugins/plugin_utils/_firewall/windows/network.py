# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host knows about its network and its firewall beside the rules: profiles, TCP connections, listeners.

    read_connections(["10.1.0.11 5061 10.10.3.4"]) == (Connection("10.1.0.11", 5061, "10.10.3.4"),)

Connections come as texts, one for each local address, local port and peer, because a busy server has thousands.
UDP has no connections, and idle peers none that could be seen.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..._base.addresses import parse_address
from ..tables import PROFILE_BITS

# COM's LocalPolicyModifyState when Group Policy switches local rules off, and when all inbound traffic is blocked.
_OVERRIDDEN = 1
_ALLOW = 1


@dataclass(frozen=True)
class Profile:
    """How the firewall works on one profile, Group Policy's settings included.

    shields_up: all inbound traffic is blocked whatever the rules say. merges: local rules are in force.
    """

    name: str
    active: bool = True
    enabled: bool = True
    shields_up: bool = False
    allows_inbound: bool = False
    merges: bool = True


@dataclass(frozen=True)
class Connection:
    """An established TCP connection to a listener of the host, as the host sees it."""

    local_address: str
    port: int
    peer: str


@dataclass(frozen=True)
class Listener:
    """A TCP listener; address is one of the host, or 0.0.0.0 or :: for all."""

    address: str
    port: int


@dataclass(frozen=True)
class ManagementPort:
    """A TCP port through which the host is managed; kind: winrm, ssh or rdp."""

    kind: str
    port: int


def read_profiles(answer: Mapping[str, object], policy: Mapping[str, object], merges: str = "AllowLocalPolicyMerge") -> tuple[Profile, ...]:
    """Return the profiles of an answer's "profiles", with the registry values of Group Policy (by profile) over them.

    merges: the value that says whether local rules of one kind are in force. What COM tells of it is about firewall rules.
    """
    active, state = int(str(answer["active"])), answer.get("local_policy_modify_state")
    settings = {int(str(item["profile"])): item for item in _mappings(answer.get("settings"))}
    found = []
    for name, bit in PROFILE_BITS.items():
        local = settings.get(bit, {})
        profile = Profile(
            name,
            active=bool(active & bit),
            enabled=bool(local.get("firewall_enabled", True)),
            shields_up=bool(local.get("block_all_inbound", False)),
            allows_inbound=local.get("default_inbound", 0) == _ALLOW,
            merges=state != _OVERRIDDEN or merges != "AllowLocalPolicyMerge",
        )
        found.append(_overlaid(profile, policy.get(name), merges))
    return tuple(found)


def _overlaid(profile: Profile, values: object, merges: str) -> Profile:
    """Return the profile with what Group Policy sets ([MS-GPFAS] 2.2.3); there 0 is the default action that allows."""
    if not isinstance(values, Mapping):
        return profile
    fields = {
        "EnableFirewall": ("enabled", 1),
        "DoNotAllowExceptions": ("shields_up", 1),
        "DefaultInboundAction": ("allows_inbound", 0),
        merges: ("merges", 1),
    }
    return replace(profile, **{field: values[name] == on for name, (field, on) in fields.items() if name in values})


def read_connections(texts: Iterable[object]) -> tuple[Connection, ...]:
    """Return the connections of texts "ADDRESS PORT PEER", without those of the host to itself."""
    parts = (str(text).split() for text in texts)
    found = (Connection(plain_address(local), int(port), plain_address(peer)) for local, port, peer in parts)
    return tuple(item for item in found if not ipaddress.ip_address(item.peer).is_loopback)


def read_listeners(texts: Iterable[object]) -> tuple[Listener, ...]:
    """Return the listeners of texts "ADDRESS PORT", without those that only the host itself reaches."""
    parts = (str(text).split() for text in texts)
    found = (Listener(plain_address(address), int(port)) for address, port in parts)
    return tuple(item for item in found if not ipaddress.ip_address(item.address).is_loopback)


def read_management(items: object) -> tuple[ManagementPort, ...]:
    """Return the ports of mappings with kind and port."""
    return tuple(ManagementPort(str(item["kind"]), int(str(item["port"]))) for item in _mappings(items))


def plain_address(text: object) -> str:
    """Return an address in canonical text: without the zone of a link-local one, and IPv4 that came in IPv6 as IPv4."""
    address = ipaddress.ip_address(str(parse_address(str(text).partition("%")[0])))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _mappings(value: object) -> Sequence[Mapping[str, object]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
