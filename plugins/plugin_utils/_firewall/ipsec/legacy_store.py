# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The legacy IP Security Policy that is assigned on a host, read from the store in its registry: what does it permit?

    read_assigned({"assigned": "...\\ipsecPolicy{guid}", "name": "Server", "policy_objects": {...}})
    -> AssignedPolicy(name="Server", permits=(Rule(...), ...))

Layout: [MS-GPIPSEC] 2.2.1.1 to 2.2.1.5. A filter comes in two forms: one for IPv4 networks, and a later one, which knows
ranges and IPv6 and is the one that counts where it is there.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import struct
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..._base.addresses import AddressSet
from ..._base.ports import PortSet
from ..match import uncovered
from ..rule import AddressScope, PortScope, Rule
from ..tables import ANY_PROTOCOL
from .exemption import BOTH

PERMIT = "{8A171DD2-77E3-11D1-8659-A04F00000000}"
_FIRST_FORM = uuid.UUID("{80DC20B5-2EC8-11D1-A89E-00A0248D3021}")
_SECOND_FORM = uuid.UUID("{35FECD3D-AE29-4373-8A6A-C5D8FAB2FB08}")
_ANY, _ONE, _RANGE, _NETWORK, _ME = 0, 1, 2, 4, 8
_IPV4, _IPV6 = 1, 2
_ONE_PORT, _PORT_RANGE = 1, 2
_TEXTS_OF_FILTER = 3


class LegacyStoreError(ValueError):
    """The store holds something that the specification does not know."""


@dataclass(frozen=True)
class AssignedPolicy:
    """A legacy policy that is in force. permits: what its permit filters exempt. problem: why it could not be read.

    domain: the name of one that comes from Active Directory, whose filters are not on the host in readable form.
    """

    name: str
    permits: tuple[Rule, ...] = ()
    domain: str = ""
    problem: str = ""

    def lacks(self, exemptions: Sequence[Rule]) -> list[str]:
        """Return the names of the exemptions that its permit filters do not cover."""
        return [rule.name for rule in exemptions if uncovered(rule, self.permits)]


def read_assigned(legacy: Mapping[str, object]) -> AssignedPolicy | None:
    """Return the policy that is assigned, by the local store or by a domain; None without one. What it cannot read, it says."""
    assigned, domain = str(legacy.get("assigned") or ""), str(legacy.get("domain") or "")
    if domain:
        return AssignedPolicy(domain, domain=domain)
    if not assigned:
        return None
    name = str(legacy.get("name") or assigned)
    objects = legacy.get("policy_objects")
    try:
        return AssignedPolicy(name, tuple(_permits(assigned, objects if isinstance(objects, Mapping) else {})))
    except (LegacyStoreError, struct.error, binascii.Error, ValueError, KeyError) as error:
        return AssignedPolicy(name, problem=f"{type(error).__name__}: {error}")


def _permits(assigned: str, objects: Mapping[str, object]) -> Iterator[Rule]:
    """Yield what each filter of the policy's permit rules exempts."""
    policy = _object(objects, assigned)
    for reference in _references(policy, "ipsecNFAReference"):
        rule = _object(objects, reference)
        actions = [_object(objects, name) for name in _references(rule, "ipsecNegotiationPolicyReference")]
        if any(str(action.get("ipsecNegotiationPolicyAction", "")).upper() == PERMIT for action in actions):
            lists = [_object(objects, name) for name in _references(rule, "ipsecFilterReference")]
            yield from (found for each in lists for found in read_filters(_bytes(each.get("ipsecData")), str(each.get("ipsecName", ""))))


def _object(objects: Mapping[str, object], reference: str) -> Mapping[str, object]:
    """Return an object by a reference, which is the path of a key or its last part."""
    name = reference.replace("/", "\\").rpartition("\\")[2].casefold()
    found = next((value for key, value in objects.items() if key.casefold() == name), None)
    if not isinstance(found, Mapping):
        raise LegacyStoreError(f"there is no object {name}")
    return found


def _references(item: Mapping[str, object], name: str) -> list[str]:
    value = item.get(name, [])
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _bytes(value: object) -> bytes:
    text = value.get("base64") if isinstance(value, Mapping) else value
    if not isinstance(text, str):
        raise LegacyStoreError("the data of a filter list is missing")
    return base64.b64decode(text, validate=True)


class _Reader:
    """Bytes read from the front; numbers are little-endian."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def take(self, count: int) -> bytes:
        """Return the next bytes; raises LegacyStoreError when there are fewer."""
        found = self._data[self._place : self._place + count]
        if len(found) < count:
            raise LegacyStoreError("the data of a filter list is cut off")
        self._place += count
        return found

    def numbers(self, form: str) -> tuple[int, ...]:
        """Return the next numbers, in a form of struct."""
        return struct.unpack(f"<{form}", self.take(struct.calcsize(f"<{form}")))

    def guid(self) -> uuid.UUID:
        """Return the next GUID."""
        return uuid.UUID(bytes_le=self.take(16))

    @property
    def left(self) -> int:
        """Return how many bytes are left."""
        return len(self._data) - self._place


def read_filters(data: bytes, name: str) -> list[Rule]:
    """Return what the filters of a list match, as exemptions; raises LegacyStoreError for data that are not a filter list."""
    reader = _Reader(data)
    if reader.guid() != _FIRST_FORM:
        raise LegacyStoreError("the data do not begin like a filter list")
    _length, count = reader.numbers("II")
    first = [_first_form(reader, name) for _number in range(count)]
    if reader.left < 28 or reader.guid() != _SECOND_FORM:
        return [rule for rule in first if rule is not None]
    _length, _count, second = reader.numbers("III")
    found = [_second_form(reader, name) for _number in range(second)]
    return [rule for rule in (found or first) if rule is not None]


def _head(reader: _Reader) -> bool:
    """Skip names, description and id of a filter; return whether it is mirrored."""
    for _number in range(_TEXTS_OF_FILTER):
        reader.take(reader.numbers("I")[0])
    reader.guid()
    return bool(reader.numbers("I")[0])


def _first_form(reader: _Reader, name: str) -> Rule | None:
    is_mirrored = _head(reader)
    source, source_mask, target, target_mask, _tunnel = (reader.take(4) for _number in range(5))
    protocol, source_port, target_port, is_tunnel, special, _options = reader.numbers("IHHBBH")
    if is_tunnel or special or not is_mirrored:
        return None
    sides = (_network4(source, source_mask), _network4(target, target_mask))
    return _rule(name, protocol, sides, (_one_port(source_port), _one_port(target_port)))


def _network4(address: bytes, mask: bytes) -> AddressScope:
    if not any(mask):
        return AddressScope()
    return AddressScope(AddressSet.parse([f"{ipaddress.IPv4Address(address)}/{ipaddress.IPv4Address(mask)}"]))


def _one_port(number: int) -> PortScope:
    return PortScope(PortSet.of(number)) if number else PortScope()


def _second_form(reader: _Reader, name: str) -> Rule | None:
    is_mirrored = _head(reader)
    sides = [_side(reader), _side(reader)]
    ports = [_port(reader), _port(reader)]
    protocol, _flags = reader.numbers("II")
    if not is_mirrored or sides[0] is None or sides[1] is None:
        return None
    return _rule(name, protocol, (sides[0], sides[1]), (ports[0], ports[1]))


def _side(reader: _Reader) -> AddressScope | None:
    """Return the addresses of one side: any for those of the host itself, None for what only the host could resolve."""
    kind, version = reader.numbers("II")
    first, second = reader.take(16), reader.take(16)
    if kind in (_ANY, _ME):
        return AddressScope()
    if kind not in (_ONE, _RANGE, _NETWORK) or version not in (_IPV4, _IPV6):
        return None
    size = 4 if version == _IPV4 else 16
    start = str(ipaddress.ip_address(first[:size]))
    if kind == _ONE:
        return AddressScope(AddressSet.parse([start]))
    if kind == _RANGE:
        return AddressScope(AddressSet.parse([f"{start}-{ipaddress.ip_address(second[:size])}"]))
    mask = str(ipaddress.IPv4Address(second[:4])) if version == _IPV4 else str(second[0])
    return AddressScope(AddressSet.parse([f"{start}/{mask}"]))


def _port(reader: _Reader) -> PortScope:
    kind, first, last = reader.numbers("IHH")
    if kind == _ONE_PORT:
        return PortScope(PortSet.of(first))
    return PortScope(PortSet.of(first, last)) if kind == _PORT_RANGE else PortScope()


def _rule(name: str, protocol: int, sides: tuple[AddressScope, AddressScope], ports: tuple[PortScope, PortScope]) -> Rule:
    rule = Rule(name, direction=BOTH, protocol=protocol or ANY_PROTOCOL, localip=sides[0], remoteip=sides[1])
    return replace(rule, localport=ports[0], remoteport=ports[1])
