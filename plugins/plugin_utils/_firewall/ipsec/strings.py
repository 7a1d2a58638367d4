# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connection security rules as the registry stores them, one string per rule: read into a Rule, and written from one.

    v2.10|Action=DoNotSecure|Protocol=17|Active=TRUE|EP1_4=10.1.0.11|Name=Lync exempt media (UDP)|EmbedCtxt=msuc.lync|

Grammar: [MS-GPFAS] 2.2.6.2. Tokens stand in any order. What a Rule has no field for (sets, tunnels, tokens of later versions)
is kept in its restrictions. Law: parse(render(x)) == x.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..._base.errors import InvalidInputError, Problem, shown
from ..rule import ALL_PROFILES, PortScope, Rule
from ..tables import ANY_PROTOCOL, INTERFACE_TYPES, PORT_PROTOCOLS
from ..windows import registry_grammar as tokens
from ..windows.registry_strings import (
    Items,
    ParsedRules,
    Values,
    address_pairs,
    addresses,
    interface_types,
    one,
    parse_rules,
    ports,
    read_tokens,
    texts,
    word_of,
)
from .exemption import BOTH, EXEMPT, REQUEST, REQUIRE, REQUIRE_BOTH

# [MS-FASP] 2.2.52, in the order: none, requested, required inbound, required both ways.
ACTIONS: Mapping[str, str] = {"DoNotSecure": EXEMPT, "Boundary": REQUEST, "SecureServer": REQUIRE, "Secure": REQUIRE_BOTH}
_LOCAL_PORTS, _REMOTE_PORTS = ("EP1Port", "EP1Port2_10"), ("EP2Port", "EP2Port2_10")
_LOCAL_ADDRESSES: Mapping[int, tuple[str, ...]] = {4: ("EP1_4",), 6: ("EP1_6",)}
_REMOTE_ADDRESSES: Mapping[int, tuple[str, ...]] = {4: ("EP2_4",), 6: ("EP2_6",)}
# Standing there with one of these and not standing there are the same.
_SILENT = frozenset({"false", "0", ""})

_LISTS = {
    "Profile": tokens.choice(tokens.PROFILE_WORDS),
    "IF": tokens.text,
    "IFType": tokens.interface_type,
    **dict.fromkeys((*_LOCAL_PORTS, *_REMOTE_PORTS), tokens.port),
    **dict.fromkeys((*_LOCAL_ADDRESSES[4], *_REMOTE_ADDRESSES[4]), tokens.address(4)),
    **dict.fromkeys((*_LOCAL_ADDRESSES[6], *_REMOTE_ADDRESSES[6]), tokens.address(6)),
}
GRAMMAR = tokens.Grammar(
    readers={
        **_LISTS,
        "Action": tokens.choice(ACTIONS),
        "Active": tokens.BOOLEAN,
        "Protocol": tokens.protocol,
        **dict.fromkeys(("Name", "Desc", "EmbedCtxt"), tokens.text),
    },
    lists=frozenset(_LISTS),
    may_be_empty=frozenset({"Desc", "EmbedCtxt"}),
    needed=("Action", "Name"),
)


def parse_exemptions(pairs: Iterable[tuple[str, str]]) -> ParsedRules:
    """Return the connection security rules of pairs of id and string, and the strings that are none; raises nothing."""
    return parse_rules(pairs, parse_exemption)


def parse_exemption(rule_id: str, text: str) -> Rule:
    """Return the connection security rule of one string; raises InvalidInputError with every token that is wrong."""
    return _rule(*read_tokens(rule_id, text, GRAMMAR))


def _rule(items: Items, aside: Values) -> Rule:
    protocol = one(items, "Protocol", ANY_PROTOCOL)
    misplaced = () if protocol in PORT_PROTOCOLS else (*_LOCAL_PORTS, *_REMOTE_PORTS)
    values: dict[str, object] = {
        "name": one(items, "Name", ""),
        "group": one(items, "EmbedCtxt", ""),
        "description": one(items, "Desc", ""),
        "direction": BOTH,
        "action": one(items, "Action", ""),
        "enabled": one(items, "Active", False),
        "profiles": texts(items, "Profile") or ALL_PROFILES,
        "protocol": protocol,
        "localport": PortScope() if misplaced else ports(items, _LOCAL_PORTS),
        "remoteport": PortScope() if misplaced else ports(items, _REMOTE_PORTS),
        "localip": addresses(items, _LOCAL_ADDRESSES),
        "remoteip": addresses(items, _REMOTE_ADDRESSES),
        "interfaces": texts(items, "IF"),
        "interfacetypes": interface_types(items),
        "restrictions": frozenset([*_restrictions(aside), *((name, ",".join(map(str, items[name]))) for name in misplaced if name in items)]),
    }
    return Rule(**values)  # type: ignore[arg-type]


def _restrictions(aside: Values) -> Iterator[tuple[str, str]]:
    return ((name, ",".join(found)) for name, found in aside.items() if any(value.casefold() not in _SILENT for value in found))


def render_exemption(rule: Rule) -> str:
    """Return the string of an exemption; raises InvalidInputError for what the collection never writes: other actions, restrictions, a bar."""
    problems = list(_unwritable(rule))
    if problems:
        raise InvalidInputError(problems)
    return "|".join(["v2.10", *(f"{name}={value}" for name, value in _pairs(rule)), ""])


def _unwritable(rule: Rule) -> Iterator[Problem]:
    for name, value in sorted(rule.restrictions):
        yield Problem(f"exemption {rule.name}, {name}", f"{shown(value)} cannot be written", fix="write exemptions without restrictions only")
    if rule.action != EXEMPT:
        yield Problem(f"rule {rule.name}, action", f"{shown(rule.action)} is not an exemption", fix="write exemptions only")
    for option in ("name", "group", "description"):
        if "|" in getattr(rule, option):
            yield Problem(f"exemption {rule.name}, {option}", "a text of a rule cannot hold |", fix="write another sign")


def _pairs(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield the tokens in the order of the specification's examples."""
    yield "Action", word_of(ACTIONS, rule.action)
    yield from (("Profile", word) for word, option in tokens.PROFILE_WORDS.items() if option in rule.profiles and rule.profiles != ALL_PROFILES)
    yield from [("Protocol", str(rule.protocol))] if rule.protocol != ANY_PROTOCOL else []
    yield "Active", "TRUE" if rule.enabled else "FALSE"
    for token, scope in (("EP1Port", rule.localport), ("EP2Port", rule.remoteport)):
        yield from ((f"{token}2_10" if "-" in text else token, text) for text in scope.ports.to_text() if not scope.is_any)
    yield from (("IF", name) for name in sorted(rule.interfaces))
    yield from (("IFType", stored) for word, stored in INTERFACE_TYPES.items() if word in rule.interfacetypes)
    yield from address_pairs("EP1_", rule.localip)
    yield from address_pairs("EP2_", rule.remoteip)
    yield from ((name, text) for name, text in (("Name", rule.name), ("Desc", rule.description), ("EmbedCtxt", rule.group)) if text)
