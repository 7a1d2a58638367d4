# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a BIG-IP forwards what no virtual server of a plan takes: from Edge Servers to everywhere, and to them.

    forwarding(device, ["198.51.100.11"]) == Finding(FORWARDS_THE_REST, "confirmed", "virtual server /Common/fwd")
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..._base.addresses import ANY, AddressSet
from ..._base.untyped import Object, text, texts
from ..relied_on import CONFIRMED, CONTRADICTED, FORWARDS_THE_REST, UNKNOWN, Finding
from .client import BigIp

_VIRTUALS = "ltm/virtual?$select=fullPath,destination,mask,source,ipProtocol,ipForward,disabled,vlansEnabled,vlans"
_SELF = "net/self?$select=address,vlan"
# A destination with every port: address, route domain, port.
_PLACE = re.compile(r"(?P<address>.+?)(?:%\d+)?[:.](?:0|any)")
_EVERYTHING = {"any": "0.0.0.0", "any6": "::"}
_DOMAIN = re.compile(r"%\d+")


@dataclass(frozen=True)
class _Virtual:
    """A virtual server that takes every port: of which sources, to which destinations, on which VLANs, () for all.

    is_sure: whether it forwards every protocol as it is, and was understood.
    """

    path: str
    source: AddressSet
    destination: AddressSet
    vlans: tuple[str, ...]
    is_sure: bool

    def passes(self, source: AddressSet, destination: AddressSet) -> bool:
        """Return whether it takes all of some traffic."""
        return source <= self.source and destination <= self.destination


def forwarding(device: BigIp, members: Sequence[str]) -> Finding:
    """Return whether all that members send and get is forwarded: one request, a second one where VLANs are limited."""
    virtuals = [found for item in device.collection(_VIRTUALS) if (found := _read(item))]
    limited = any(each.vlans for each in virtuals)
    networks = _networks_of(device.collection(_SELF)) if limited else {}
    used: dict[str, None] = {}
    for member in members:
        own = AddressSet.parse([member])
        everywhere = ANY.of_families(own.families)
        for way, source, destination in (("from", own, everywhere), ("to", everywhere, own)):
            ways = [each for each in virtuals if each.passes(source, destination)]
            sure = [each for each in ways if each.is_sure and _is_on(each, own if way == "from" else None, networks)]
            if not ways:
                return Finding(FORWARDS_THE_REST, CONTRADICTED, f"no virtual server forwards what goes {way} {member}")
            if not sure:
                names = ", ".join(each.path for each in ways)
                why = f"{names} may forward what goes {way} {member}; its protocols, VLANs or kind are not those needed"
                return Finding(FORWARDS_THE_REST, UNKNOWN, why)
            used[sure[0].path] = None
    if not members:
        return Finding(FORWARDS_THE_REST, UNKNOWN, "no member is known whose addresses it would forward")
    return Finding(FORWARDS_THE_REST, CONFIRMED, f"virtual server {', '.join(used)}")


def _is_on(virtual: _Virtual, sender: AddressSet | None, networks: Mapping[str, AddressSet]) -> bool:
    """Return whether a virtual server listens where a sender is; None: anybody, anywhere."""
    if not virtual.vlans:
        return True
    return sender is not None and any(sender <= networks.get(vlan, AddressSet.parse([])) for vlan in virtual.vlans)


def _read(item: Object) -> _Virtual | None:
    """Return a virtual server that takes every port, None for any other."""
    found = _PLACE.fullmatch(text(item.get("destination")).rpartition("/")[2])
    if not found or item.get("disabled"):
        return None
    is_sure = bool(item.get("ipForward")) and text(item.get("ipProtocol")) in ("", "any")
    address = found["address"]
    try:
        destination = _network(address, text(item.get("mask")))
        source = AddressSet.parse([_DOMAIN.sub("", text(item.get("source")) or "0.0.0.0/0")])
    except ValueError:
        return _Virtual(text(item.get("fullPath")), ANY, ANY, (), is_sure=False)
    vlans = tuple(texts(item.get("vlans"))) if item.get("vlansEnabled") else ()
    is_sure &= bool(vlans) or not item.get("vlansEnabled")
    return _Virtual(text(item.get("fullPath")), source, destination, vlans, is_sure)


def _network(address: str, mask: str) -> AddressSet:
    """Return the addresses of a destination and its mask; raises ValueError."""
    if address in _EVERYTHING or mask in _EVERYTHING:
        return AddressSet.parse([f"{_EVERYTHING.get(address, address)}/0"])
    length = bin(int(ipaddress.ip_address(mask))).count("1") if mask else ipaddress.ip_address(address).max_prefixlen
    return AddressSet.parse([f"{address}/{length}"])


def _networks_of(items: Iterable[Object]) -> Mapping[str, AddressSet]:
    """Return the networks of each VLAN, by the device's own addresses on it."""
    found: dict[str, AddressSet] = {}
    for item in items:
        try:
            network = str(ipaddress.ip_interface(_DOMAIN.sub("", text(item.get("address")))).network)
        except ValueError:
            continue
        vlan = text(item.get("vlan"))
        found[vlan] = found.get(vlan, AddressSet.parse([])) | AddressSet.parse([network])
    return found
