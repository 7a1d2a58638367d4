# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rule as COM gives and takes it: the properties of INetFwRule to INetFwRule3.

    {"Name": "SIP", "Protocol": 6, "LocalPorts": "5061", "RemoteAddresses": "10.1.0.0/255.255.255.0,LocalSubnet", ...}

Reading never fails: what is on a host is on it, so an unknown token becomes a keyword of its scope. Windows gives back
masks for prefixes, ranges a-a for addresses, "*" or null for no limit; all of them are one canonical value here.

Changes become operations for the host: what msuc.lync.windows_firewall_remote is to write, in a legal order.

    {"kind": "add", "name": "SIP", "rule": {}, "puts": [{"property": "Name", "value": "SIP"}, ...]}
    {"kind": "change", "name": "SIP", "rule": {COM properties as gathered}, "puts": [{"property": "LocalPorts", ...}]}
    {"kind": "remove", "name": "SIP", "rule": {COM properties as gathered}, "puts": []}

Every put on a rule of the store is checked and in force at once. A rule is a product of limits, so whatever the order
of its puts, a packet that it matches before and after is matched all the time. Limits of an allow rule are widened
before others are narrowed, then no half-made rule is refused; those of a block rule are narrowed first, then it never
blocks a packet that is blocked neither before nor after. Two limits of a block that each move cannot be put so: it is
added anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from ..._base.addresses import AddressSet, PortSet
from ..._base.untyped import integer, text
from ..host_facts import Present
from ..match import covers
from ..planner import RuleChange
from ..rule import (
    ACTIONS,
    ADDRESS_KEYWORDS,
    ALL_PROFILES,
    ANY_PROTOCOL,
    DIRECTIONS,
    EDGES,
    EVERY_PROFILE,
    ICMP_PROTOCOLS,
    INTERFACE_TYPES,
    PORT_KEYWORDS,
    PORT_PROTOCOLS,
    PROFILE_BITS,
    SECURITIES,
    AddressScope,
    PortScope,
    Rule,
    address_texts,
    differing,
)

# The option that each COM property holds, in an order that is legal for a new rule: the protocol stands before
# what depends on it. The rule is committed once, when it is added.
PROPERTIES: Mapping[str, str] = {
    "Name": "name",
    "Grouping": "group",
    "Description": "description",
    "Direction": "direction",
    "Action": "action",
    "Protocol": "protocol",
    "ApplicationName": "program",
    "ServiceName": "service",
    "LocalPorts": "localport",
    "RemotePorts": "remoteport",
    "IcmpTypesAndCodes": "icmp_type_code",
    "LocalAddresses": "localip",
    "RemoteAddresses": "remoteip",
    "Profiles": "profiles",
    "Interfaces": "interfaces",
    "InterfaceTypes": "interfacetypes",
    "EdgeTraversalOptions": "edge",
    "SecureFlags": "security",
    "Enabled": "enabled",
}
RESTRICTIONS = (
    "LocalAppPackageId",
    "LocalUserOwner",
    "LocalUserAuthorizedList",
    "RemoteUserAuthorizedList",
    "RemoteMachineAuthorizedList",
)
_Scope = TypeVar("_Scope", AddressScope, PortScope)
ComValue = str | int | bool | list[str]


def from_com(properties: Mapping[str, object]) -> Rule:
    """Return the rule that COM properties describe; missing and null ones mean no limit."""
    protocol = integer(properties.get("Protocol"), ANY_PROTOCOL)
    values: dict[str, object] = {
        option: _READERS[name](properties.get(name)) for name, option in PROPERTIES.items() if name in _READERS
    }
    values["protocol"] = protocol
    # Ports and ICMP types share one place in the stored rule; what does not belong to the protocol is an artefact.
    if protocol not in PORT_PROTOCOLS:
        values["localport"] = values["remoteport"] = PortScope()
    if protocol not in ICMP_PROTOCOLS:
        values["icmp_type_code"] = frozenset()
    restrictions = ((name, _flat_text(properties.get(name))) for name in RESTRICTIONS)
    return Rule(restrictions=frozenset(pair for pair in restrictions if pair[1]), **values)  # type: ignore[arg-type]


def to_com(rule: Rule) -> dict[str, ComValue]:
    """Return the properties to put on a new rule, in an order that is legal; those left at their default are absent."""
    values = {name: com_value(rule, name) for name in PROPERTIES}
    return {name: value for name, value in values.items() if value != _NEW_RULE.get(name)}


def com_value(rule: Rule, name: str) -> ComValue:
    """Return what to put for one COM property of a rule; "", "*" or [] take the limit away."""
    value: ComValue = _WRITERS[name](getattr(rule, PROPERTIES[name]))
    return value


# What a new HNetCfg.FWRule has before anything is put. Enabled, Direction and Action are always written:
# their defaults are not the ones a reader expects.
_NEW_RULE: Mapping[str, ComValue] = {
    "Description": "",
    "Protocol": ANY_PROTOCOL,
    "ApplicationName": "",
    "ServiceName": "",
    "LocalPorts": "*",
    "RemotePorts": "*",
    "LocalAddresses": "*",
    "RemoteAddresses": "*",
    "IcmpTypesAndCodes": "*",
    "Interfaces": [],
    "InterfaceTypes": "All",
    "EdgeTraversalOptions": 0,
    "SecureFlags": 0,
}


def _split_com_tokens(value: object) -> list[str]:
    return [token.strip() for token in str(value or "").split(",") if token.strip()]


def _flat_text(value: object) -> str:
    return ",".join(sorted(map(str, value))) if isinstance(value, (list, tuple)) else text(value)


def _word_of(table: Mapping[str, int], default: str) -> Callable[[object], str]:
    names = {number: name for name, number in table.items()}
    return lambda value: names.get(integer(value, table[default]), str(value))


def _read_com_profiles(value: object) -> frozenset[str]:
    mask = integer(value, EVERY_PROFILE)
    return frozenset(word for word, bit in PROFILE_BITS.items() if mask & bit)


def _program(value: object) -> str:
    program = text(value)
    return "" if program == "*" else program


def _scope(value: object, scope: type[_Scope], parse: Callable[[str], object], keywords: Mapping[str, str]) -> _Scope:
    tokens = _split_com_tokens(value)
    if not tokens or "*" in tokens:
        return scope()
    known: list[str] = []
    unknown: set[str] = set()
    for token in tokens:
        try:
            parse(token)
            known.append(token)
        except ValueError:
            unknown.add(keywords.get(token.casefold(), token))
    members = AddressSet.parse(known) if scope is AddressScope else PortSet.parse(known)
    return scope(members, frozenset(unknown))  # type: ignore[arg-type]


def _address_scope(value: object) -> AddressScope:
    return _scope(value, AddressScope, lambda token: AddressSet.parse([token]), ADDRESS_KEYWORDS)


def _port_scope(value: object) -> PortScope:
    return _scope(value, PortScope, lambda token: PortSet.parse([token]), PORT_KEYWORDS)


def _read_com_interfaces(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, (list, tuple)) else frozenset({str(value)} if value else ())


def _read_com_interface_types(value: object) -> frozenset[str]:
    tokens = _split_com_tokens(value)
    names = {com.casefold(): name for name, com in INTERFACE_TYPES.items()}
    found = frozenset(names.get(token.casefold(), token) for token in tokens)
    return frozenset() if "All" in found or found == frozenset(INTERFACE_TYPES) else found


def _read_com_icmp(value: object) -> frozenset[str]:
    tokens = frozenset(_split_com_tokens(value))
    return frozenset() if "*" in tokens else tokens


_READERS: Mapping[str, Callable[[object], object]] = {
    "Name": text,
    "Grouping": text,
    "Description": text,
    "Direction": _word_of(DIRECTIONS, "in"),
    "Action": _word_of(ACTIONS, "allow"),
    "ApplicationName": _program,
    "ServiceName": text,
    "LocalPorts": _port_scope,
    "RemotePorts": _port_scope,
    "IcmpTypesAndCodes": _read_com_icmp,
    "LocalAddresses": _address_scope,
    "RemoteAddresses": _address_scope,
    "Profiles": _read_com_profiles,
    "Interfaces": _read_com_interfaces,
    "InterfaceTypes": _read_com_interface_types,
    "EdgeTraversalOptions": _word_of(EDGES, "no"),
    "SecureFlags": _word_of(SECURITIES, "notrequired"),
    "Enabled": bool,
}


def _same(value: ComValue) -> ComValue:
    return value


def _join_tokens(tokens: Iterable[str]) -> str:
    return ",".join(tokens) or "*"


def _put_profiles(profiles: frozenset[str]) -> int:
    return EVERY_PROFILE if profiles == ALL_PROFILES else sum(PROFILE_BITS[word] for word in profiles)


def _put_addresses(scope: AddressScope) -> str:
    return "*" if scope.is_any else _join_tokens((*sorted(scope.keywords), *address_texts(scope.addresses)))


def _put_ports(scope: PortScope) -> str:
    return "*" if scope.is_any else _join_tokens(scope.to_text())


def _put_interface_types(types: frozenset[str]) -> str:
    return ",".join(INTERFACE_TYPES[word] for word in INTERFACE_TYPES if word in types) or "All"


_WRITERS: Mapping[str, Callable[..., ComValue]] = {
    **dict.fromkeys(
        ("Name", "Grouping", "Description", "ApplicationName", "ServiceName", "Protocol", "Enabled"), _same
    ),
    "Direction": DIRECTIONS.__getitem__,
    "Action": ACTIONS.__getitem__,
    "LocalPorts": _put_ports,
    "RemotePorts": _put_ports,
    "IcmpTypesAndCodes": lambda types: _join_tokens(sorted(types)),
    "LocalAddresses": _put_addresses,
    "RemoteAddresses": _put_addresses,
    "Profiles": _put_profiles,
    "Interfaces": sorted,
    "InterfaceTypes": _put_interface_types,
    "EdgeTraversalOptions": EDGES.__getitem__,
    "SecureFlags": SECURITIES.__getitem__,
}


Operation = dict[str, object]
_COM_NAMES = {option: name for name, option in PROPERTIES.items()}
# What no put can turn round on a live rule without a moment in which the rule is refused or admits what nobody asked
# for; and what no put can take away, as a script cannot give null to COM. Such a rule is added anew, then the old one
# removed.
_TURNED = frozenset({"direction", "action", "protocol", "restrictions"})
_CLEARED = frozenset({"program", "service", "interfaces"})


def operations(changes: Iterable[RuleChange]) -> list[Operation]:
    """Return the operations that make the changes, in the order of the changes."""
    return [operation for change in changes for operation in _operations(change)]


def _operations(change: RuleChange) -> list[Operation]:
    if change.before is None or change.after is None or _must_replace(change):
        found = []
        if change.after is not None:
            found.append(_make_com_operation("add", change.name, None, to_com(change.after.rule).items()))
        if change.before is not None:
            found.append(_make_com_operation("remove", change.name, change.before, []))
        return found
    return [_make_com_operation("change", change.name, change.before, puts(change.before.rule, change.after.rule))]


def _make_com_operation(
    kind: str, name: str, present: Present | None, values: Iterable[tuple[str, ComValue]]
) -> Operation:
    written = [{"property": com_name, "value": value} for com_name, value in values]
    return {"kind": kind, "name": name, "rule": {} if present is None else dict(present.com), "puts": written}


def _must_replace(change: RuleChange) -> bool:
    changed = frozenset(change.properties)
    after = change.after.rule if change.after is not None else None
    cleared = any(not getattr(after, name) for name in changed & _CLEARED)
    return bool(changed & _TURNED) or cleared or ("edge" in changed and _defers_to_user(change)) or _block_moves(change)


def _block_moves(change: RuleChange) -> bool:
    """Return whether a rule that blocks moves in two limits at once."""
    if change.before is None or change.after is None or change.after.rule.action != "block":
        return False
    before, after = change.before.rule, change.after.rule
    moved = [name for name in change.properties if _narrows(name, before, after) and _widens(name, before, after)]
    return len(moved) > 1


def _defers_to_user(change: RuleChange) -> bool:
    """Return whether a side defers edge traversal to the user, which binds program, protocol and ports together."""
    return any(side is not None and side.rule.edge == "deferuser" for side in (change.before, change.after))


def puts(before: Rule, after: Rule) -> list[tuple[str, ComValue]]:
    """Return the property puts that turn one live rule into another: (COM property, value), in a legal order."""
    changed = [name for name in differing(before, after) if name != "enabled"]
    changed.sort(key=lambda name: _rank(name, before, after))
    values = [(_COM_NAMES[name], com_value(after, _COM_NAMES[name])) for name in changed]
    if before.enabled == after.enabled:
        return values
    # A rule that is switched off is off before it changes; one that is switched on is complete before it is on.
    return [*values, ("Enabled", True)] if after.enabled else [("Enabled", False), *values]


def _rank(name: str, before: Rule, after: Rule) -> int:
    """Return the place of a put: allow rules are widened before they are narrowed, block rules the other way round."""
    rank = int(_narrows(name, before, after)) - int(_widens(name, before, after))
    return -rank if before.action == "block" else rank


def _narrows(name: str, before: Rule, after: Rule) -> bool:
    """Return whether putting one property of after on before makes the rule match less somewhere."""
    return not covers(replace(before, **{name: getattr(after, name)}), before)


def _widens(name: str, before: Rule, after: Rule) -> bool:
    """Return whether putting one property of after on before makes the rule match more somewhere."""
    return not covers(replace(after, **{name: getattr(before, name)}), after)
