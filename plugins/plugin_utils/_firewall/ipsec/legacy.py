# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Legacy IP Security Policies: exemptions as a script for whoever assigns them, and what one that is assigned permits.

    render_policy(policy_of(rules, "Lync exemptions")) -> 'ipsec static add policy name="Lync exemptions" ...'
    read_assigned({"assigned": "...\\ipsecPolicy{guid}", "name": "Server", "policy_objects": {...}})
    -> AssignedPolicy(name="Server", permits=(Rule(...), ...))

Where such a policy is assigned, filters with the action permit do what an exemption does elsewhere; the first edition
of the table says "Filter action: Permit". A filter has one address or network and one port, or any, on each side, and a
mirrored one is about both directions. A script is never applied from here.

Layout of the store: [MS-GPIPSEC] 2.2.1.1 to 2.2.1.5. A filter comes in two forms: one for IPv4 networks, and a later
one, which knows ranges and IPv6 and is the one that counts where it is there.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import itertools
import struct
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from ..._base.addresses import AddressSet, PortSet
from ..match import uncovered
from ..rule import ANY_PROTOCOL, AddressScope, PortScope, Rule, protocol_text
from .exemption import BOTH
from .netsh import BREAKING

# netsh takes one port per filter: a range is written port by port, up to so many filters.
_MOST_FILTERS = 256
_ACTION = "Lync permit"
_NOTE = "Made by msuc.lync: media does not wait for IPsec."


@dataclass(frozen=True)
class Filter:
    """One mirrored filter: addresses are "me", "any", an address, a network a/n or a range a-b; port 0 is any."""

    source: str
    target: str
    protocol: str
    source_port: int = 0
    target_port: int = 0


@dataclass(frozen=True)
class FilterList:
    """The filters of one exemption, permitted by one rule of the policy."""

    name: str
    description: str
    filters: tuple[Filter, ...]


@dataclass(frozen=True)
class LegacyPolicy:
    """A policy of permit rules, one per filter list. not_rendered: exemptions that it cannot hold, and why."""

    name: str
    lists: tuple[FilterList, ...]
    not_rendered: tuple[str, ...] = ()


def policy_of(rules: Iterable[Rule], name: str) -> LegacyPolicy:
    """Return the policy that says what exemptions say, as far as filters can."""
    lists, left = [], []
    for rule in rules:
        filters = _filters(rule)
        if filters is None:
            needed = f"this exemption needs more than {_MOST_FILTERS} filters"
            left.append(f"{_one_line(rule.name)}: a filter takes one port or any, and {needed}")
        elif BREAKING.search(rule.name + rule.description):
            left.append(f"{_one_line(rule.name)}: a script of netsh takes no control characters and no quotes")
        elif rule.enabled:
            lists.append(FilterList(rule.name, rule.description or _NOTE, filters))
    return LegacyPolicy(name, tuple(lists), tuple(left))


def _one_line(name: str) -> str:
    """Return a name as a comment of a script may have it: a second line would be a command."""
    return BREAKING.sub("?", name)


def _filters(rule: Rule) -> tuple[Filter, ...] | None:
    """Return the filters of an exemption, None when there would be too many."""
    ports = list(product(_list_filter_ports(rule.localport), _list_filter_ports(rule.remoteport)))
    sides = [
        pair
        for pair in product(_list_filter_addresses(rule.localip, "me"), _list_filter_addresses(rule.remoteip, "any"))
        if _can_meet(*pair)
    ]
    if len(ports) * len(sides) > _MOST_FILTERS:
        return None
    protocol = protocol_text(rule.protocol)
    return tuple(Filter(source, target, protocol, local, remote) for source, target in sides for local, remote in ports)


def _list_filter_ports(scope: PortScope) -> list[int]:
    # One port more than there may be filters is as many as any larger number.
    most = _MOST_FILTERS + 1
    ranges = (range(first, last + 1) for first, last in scope.ports.pairs)
    return [0] if scope.is_any else list(itertools.islice(itertools.chain.from_iterable(ranges), most))


def _list_filter_addresses(scope: AddressScope, anything: str) -> list[str]:
    return [anything] if scope.is_any else list(scope.to_text())


def _can_meet(source: str, target: str) -> bool:
    """Return whether two sides can be of one family."""
    families = [":" in text for text in (source, target) if text not in ("me", "any")]
    return len(set(families)) < 2


def render_policy(policy: LegacyPolicy) -> str:
    """Return the script: policy, filter action, then list, filters and rule of each exemption. It assigns nothing."""
    lines = [f"# {text}" for text in policy.not_rendered]
    lines += [_add("policy", name=policy.name, description=_NOTE, activatedefaultrule="no", assign="no")]
    lines += [_add("filteraction", name=_ACTION, description=_NOTE, action="permit")]
    for each in policy.lists:
        lines.append(_add("filterlist", name=each.name, description=each.description))
        lines += [
            _add("filter", filterlist=each.name, **_filter_values(one), mirrored="yes", description=each.description)
            for one in each.filters
        ]
        names = {"name": each.name, "policy": policy.name, "filterlist": each.name, "filteraction": _ACTION}
        lines.append(_add("rule", **names, conntype="all", activate="yes", description=each.description))
    return "".join(f"{line}\n" for line in lines)


_TEXTS = frozenset({"name", "description", "policy", "filterlist", "filteraction"})


def _add(what: str, **values: str) -> str:
    texts = (f'{name}="{value}"' if name in _TEXTS else f"{name}={value}" for name, value in values.items())
    return f"ipsec static add {what} {' '.join(texts)}"


def _filter_values(one: Filter) -> dict[str, str]:
    source, target = _side("src", one.source), _side("dst", one.target)
    return {
        **source,
        **target,
        "protocol": one.protocol.upper(),
        "srcport": str(one.source_port),
        "dstport": str(one.target_port),
    }


def _side(side: str, text: str) -> dict[str, str]:
    if "/" not in text:
        return {f"{side}addr": text}
    network = ipaddress.ip_network(text)
    mask = str(network.netmask) if network.version == 4 else str(network.prefixlen)
    return {f"{side}addr": str(network.network_address), f"{side}mask": mask}


# The store of the host.

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
    """Return the policy that is assigned, by the local store or by a domain.

    None without one. What it cannot read, it says.
    """
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
            yield from (
                found
                for each in lists
                for found in read_filters(_bytes(each.get("ipsecData")), str(each.get("ipsecName", "")))
            )


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
    """Return what the filters of a list match, as exemptions.

    Raises LegacyStoreError for data that are not a filter list.
    """
    reader = _Reader(data)
    if reader.guid() != _FIRST_FORM:
        raise LegacyStoreError("the data do not begin like a filter list")
    _length, count = reader.numbers("II")
    first = [rule for _number in range(count) for rule in _first_form(reader, name)]
    if reader.left < 28 or reader.guid() != _SECOND_FORM:
        return first
    _length, _count, second = reader.numbers("III")
    found = [rule for _number in range(second) for rule in _second_form(reader, name)]
    return found if second else first


def _head(reader: _Reader) -> bool:
    """Skip names, description and id of a filter; return whether it is mirrored."""
    for _number in range(_TEXTS_OF_FILTER):
        reader.take(reader.numbers("I")[0])
    reader.guid()
    return bool(reader.numbers("I")[0])


@dataclass(frozen=True)
class _Side:
    """One side of a filter; is_host: it is the host itself, whatever addresses it has ("Me")."""

    addresses: AddressScope
    is_host: bool = False
    ports: PortScope = PortScope()


def _first_form(reader: _Reader, name: str) -> tuple[Rule, ...]:
    is_mirrored = _head(reader)
    source, source_mask, target, target_mask, _tunnel = (reader.take(4) for _number in range(5))
    protocol, source_port, target_port, is_tunnel, special, _options = reader.numbers("IHHBBH")
    if is_tunnel or special or not is_mirrored:
        return ()
    sides = (_network4(source, source_mask), _network4(target, target_mask))
    return _stored_rules(name, protocol, sides, (_one_port(source_port), _one_port(target_port)))


def _network4(address: bytes, mask: bytes) -> _Side:
    """Return one side; 0.0.0.0 is any address with an empty mask, and the host with a full one.

    So Windows stored "Any" and "Me" of a script, in lists of the first form alone.
    """
    if not any(address) and mask in (bytes(4), b"\xff" * 4):
        return _Side(AddressScope(), is_host=any(mask))
    if not any(mask):
        return _Side(AddressScope())
    text = f"{ipaddress.IPv4Address(address)}/{ipaddress.IPv4Address(mask)}"
    return _Side(AddressScope(AddressSet.parse([text])))


def _one_port(number: int) -> PortScope:
    return PortScope(PortSet.of(number)) if number else PortScope()


def _second_form(reader: _Reader, name: str) -> tuple[Rule, ...]:
    is_mirrored = _head(reader)
    sides = [_stored_side(reader), _stored_side(reader)]
    ports = [_stored_port(reader), _stored_port(reader)]
    protocol, _flags = reader.numbers("II")
    if not is_mirrored or sides[0] is None or sides[1] is None:
        return ()
    return _stored_rules(name, protocol, (sides[0], sides[1]), (ports[0], ports[1]))


def _stored_side(reader: _Reader) -> _Side | None:
    """Return one side; None for what only the host could resolve."""
    kind, version = reader.numbers("II")
    first, second = reader.take(16), reader.take(16)
    if kind in (_ANY, _ME):
        return _Side(AddressScope(), is_host=kind == _ME)
    if kind not in (_ONE, _RANGE, _NETWORK) or version not in (_IPV4, _IPV6):
        return None
    size = 4 if version == _IPV4 else 16
    start = str(ipaddress.ip_address(first[:size]))
    mask = str(ipaddress.IPv4Address(second[:4])) if version == _IPV4 else str(second[0])
    text = {_ONE: start, _RANGE: f"{start}-{ipaddress.ip_address(second[:size])}"}.get(kind, f"{start}/{mask}")
    return _Side(AddressScope(AddressSet.parse([text])))


def _stored_port(reader: _Reader) -> PortScope:
    kind, first, last = reader.numbers("IHH")
    if kind == _ONE_PORT:
        return PortScope(PortSet.of(first))
    return PortScope(PortSet.of(first, last)) if kind == _PORT_RANGE else PortScope()


def _stored_rules(
    name: str, protocol: int, sides: tuple[_Side, _Side], ports: tuple[PortScope, PortScope]
) -> tuple[Rule, ...]:
    """Return what a mirrored filter matches: its host's side is the local one, and either may be where none is."""
    source, target = (replace(side, ports=scope) for side, scope in zip(sides, ports, strict=True))
    pairs = [pair for pair in ((source, target), (target, source)) if pair[0].is_host]
    rule = Rule(name, direction=BOTH, protocol=protocol or ANY_PROTOCOL)
    return tuple(
        replace(
            rule,
            localip=local.addresses,
            remoteip=remote.addresses,
            localport=local.ports,
            remoteport=remote.ports,
        )
        for local, remote in dict.fromkeys(pairs or ((source, target), (target, source)))
    )
