# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The semantic checks that Windows applies to a firewall rule, before anything is contacted.

    check_rule(Rule(name="x", protocol=1, localport=PortScope(PortSet.of(80))), "rule x")
    -> [Problem("rule x, localport", "ports go with TCP and UDP only, ...")]

They are those of [MS-FASP] 2.2.37; Windows refuses a rule that fails one, half-way through a change.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

from .._base.addresses import ANY, AddressSet
from .._base.errors import Problem, one_of
from .rule import (
    ANY_PROTOCOL,
    ICMP_PROTOCOLS,
    LIST_LIMIT,
    LOCAL_PORT_KEYWORDS,
    PORT_PROTOCOLS,
    REMOTE_PORT_KEYWORDS,
    AddressScope,
    PortScope,
    Rule,
    protocol_text,
)

# What is wrong with a rule: the option, why Windows refuses it, and the fix.
Refusal = tuple[str, str, str]
Check = Callable[[Rule], Iterator[Refusal]]
_SIDES = ("localip", "remoteip")
# Never a rule's address: unspecified, and IPv6 loopback ([MS-FASP] 2.2.6, 2.2.10; IPv4 loopback is taken). Of a
# connection security rule neither broadcast nor multicast (2.2.55). Whether it
# takes IPv6 multicast of a firewall rule, Windows says itself.
_NOWHERE = ("0.0.0.0", "::", "::1")
_MANY = ("255.255.255.255", "224.0.0.0/4", "ff00::/8")
# Which ports, the direction in which they take keywords, its name in a sentence, and the protocol of each.
_KEYWORD_PLACES = (
    ("localport", "in", "inbound", LOCAL_PORT_KEYWORDS),
    ("remoteport", "out", "outbound", REMOTE_PORT_KEYWORDS),
)


def check_rule(rule: Rule, place: str) -> list[Problem]:
    """Return every reason why Windows would refuse the rule; place names the rule as the user knows it."""
    return refusals(rule, place, (*_COMMON_CHECKS, *_FIREWALL_CHECKS))


def refusals(rule: Rule, place: str, checks: Iterable[Check]) -> list[Problem]:
    """Return what checks say against a rule."""
    return [Problem(f"{place}, {option}", message, fix=fix) for check in checks for option, message, fix in check(rule)]


def long_lists(rule: Rule) -> tuple[str, ...]:
    """Return the options whose lists of ports or addresses have more entries than Windows takes in one rule."""
    return tuple(
        option for option in (*_SIDES, "localport", "remoteport") if longest(getattr(rule, option)) > LIST_LIMIT
    )


def by_kind(scope: AddressScope | PortScope) -> dict[str, list[str]]:
    """Return the entries of a list by the kind in which Windows counts them; keywords are bits, and not counted.

    IPv4 networks and ranges are two kinds. So are those of IPv6, but which of them one address becomes is not
    documented, so they count together.
    """
    found: dict[str, list[str]] = {}
    for text in scope.to_text():
        if text not in scope.keywords:
            kind = "ports" if isinstance(scope, PortScope) else _kind_of_address(text)
            found.setdefault(kind, []).append(text)
    return found


def _kind_of_address(text: str) -> str:
    if ":" in text:
        return "IPv6"
    return "IPv4 ranges" if "-" in text else "IPv4 networks"


def longest(scope: AddressScope | PortScope) -> int:
    """Return how many entries the kind of a list has that has the most."""
    return max((len(texts) for texts in by_kind(scope).values()), default=0)


def _ports_need_protocol(rule: Rule) -> Iterator[Refusal]:
    for option in ("localport", "remoteport"):
        if rule.protocol not in PORT_PROTOCOLS and not getattr(rule, option).is_any:
            yield (
                option,
                f"ports go with TCP and UDP only, and the protocol is {protocol_text(rule.protocol)}",
                "set protocol to tcp or udp",
            )


def _icmp_needs_protocol(rule: Rule) -> Iterator[Refusal]:
    if rule.icmp_type_code and rule.protocol not in ICMP_PROTOCOLS:
        message = f"ICMP types go with icmpv4 and icmpv6 only, and the protocol is {protocol_text(rule.protocol)}"
        yield "icmp_type_code", message, "set protocol to icmpv4 or icmpv6"


def _port_keywords(rule: Rule) -> Iterator[Refusal]:
    foreign = rule.remoteport.keywords - REMOTE_PORT_KEYWORDS.keys()
    if foreign:
        yield "remoteport", f"{one_of(foreign)}: words are for local ports only", "write port numbers"
    for option, direction, text, protocols in _KEYWORD_PLACES:
        keywords = getattr(rule, option).keywords & protocols.keys()
        if keywords and rule.direction != direction:
            yield option, f"{one_of(keywords)}: words are for {text} rules only", "write port numbers"
        for keyword in sorted(keywords):
            needed = protocols[keyword]
            if rule.protocol in PORT_PROTOCOLS and rule.protocol != needed:
                yield (
                    option,
                    f"{keyword} goes with protocol {protocol_text(needed)} only",
                    f"set protocol to {protocol_text(needed)}",
                )


def _local_keywords(rule: Rule) -> Iterator[Refusal]:
    if rule.localip.keywords:
        yield (
            "localip",
            f"{one_of(rule.localip.keywords)}: words are for remote addresses only",
            "write addresses of the host",
        )


@functools.cache
def _parsed(texts: tuple[str, ...]) -> AddressSet:
    return AddressSet.parse(texts)


def _list_texts_within(scope: AddressScope, refused_texts: tuple[str, ...]) -> list[str]:
    """Return the entries of a list that lie in refused addresses."""
    if scope.is_any:
        return []
    refused = _parsed(refused_texts)
    texts = (text for text in scope.to_text() if text not in scope.keywords)
    return [text for text in texts if AddressSet.parse([text]) <= refused]


def _address_kinds(rule: Rule) -> Iterator[Refusal]:
    for option in _SIDES:
        for text in _list_texts_within(getattr(rule, option), _NOWHERE):
            message = f"{text} is an unspecified or loopback address, which Windows refuses"
            yield option, message, "write host addresses"


def _address_families(rule: Rule) -> Iterator[Refusal]:
    for option in _SIDES:
        scope: AddressScope = getattr(rule, option)
        if not scope.is_any:
            yield from _whole_families(option, scope.addresses)


def _no_group_addresses(rule: Rule) -> Iterator[Refusal]:
    for option in _SIDES:
        for text in _list_texts_within(getattr(rule, option), _MANY):
            message = f"{text} is a multicast or broadcast address, which Windows refuses in connection security rules"
            yield option, message, "write host addresses"


def _whole_families(option: str, addresses: AddressSet) -> Iterator[Refusal]:
    for family in sorted(addresses.families):
        one = frozenset({family})
        if addresses.of_families(one) == ANY.of_families(one):
            yield (
                option,
                f"all IPv{family} addresses cannot be written: Windows refuses a mask of 0",
                "write any, which is IPv4 and IPv6",
            )


def _list_limits(rule: Rule) -> Iterator[Refusal]:
    """Yield the lists that are too long: of one list of ports or addresses the product makes several rules.

    Of two it does not, nor of lists of other kinds.
    """
    for option in ("icmp_type_code", "interfaces"):
        if len(getattr(rule, option)) > LIST_LIMIT:
            yield option, f"{len(getattr(rule, option))} entries; Windows takes {LIST_LIMIT}", "split the rule in two"
    long = long_lists(rule)
    for option in long if len(long) > 1 else ():
        count, others = longest(getattr(rule, option)), one_of(set(long) - {option})
        only = f"a rule is split along one list only ({others} is too long as well)"
        message = f"{count} entries; Windows takes {LIST_LIMIT}, and {only}"
        yield option, message, "split the rule in two, or use larger networks or ranges"


def _interfaces_exclude_addresses(rule: Rule) -> Iterator[Refusal]:
    for option, text in (("interfaces", "interfaces"), ("interfacetypes", "interface types")):
        if getattr(rule, option) and not rule.localip.is_any:
            yield option, f"{text} and local addresses exclude each other", f"remove localip or {option}"


def _edge_traversal(rule: Rule) -> Iterator[Refusal]:
    if rule.edge != "no" and rule.direction == "out":
        yield "edge", "edge traversal is for inbound rules only", "set edge to no, or direction to in"
    has_ports = not (rule.localport.is_any and rule.remoteport.is_any)
    if rule.edge == "deferuser" and (has_ports or not rule.program or rule.protocol == ANY_PROTOCOL):
        yield (
            "edge",
            "deferuser needs a program and a protocol and takes no ports",
            "set program and protocol and remove the ports",
        )


def _security(rule: Rule) -> Iterator[Refusal]:
    if rule.security != "notrequired" and rule.action == "block":
        yield (
            "security",
            "a rule that blocks cannot ask for authentication",
            "set security to notrequired, or action to allow",
        )


_COMMON_CHECKS: tuple[Check, ...] = (
    _ports_need_protocol,
    _local_keywords,
    _address_kinds,
    _address_families,
    _list_limits,
)
CONNECTION_SECURITY_CHECKS: tuple[Check, ...] = (*_COMMON_CHECKS, _no_group_addresses, _interfaces_exclude_addresses)
"""What Windows refuses in connection security rules ([MS-FASP] 2.2.55)."""
_FIREWALL_CHECKS: tuple[Check, ...] = (_icmp_needs_protocol, _port_keywords, _edge_traversal, _security)
