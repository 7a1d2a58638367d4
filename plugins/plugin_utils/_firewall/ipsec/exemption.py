# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A connection security rule as a value: a Rule like a firewall rule, so that comparing and planning are the same.

    exemptions_from_options([{"name": "Lync exempt media (UDP)", "protocol": "udp", "localip": ["10.1.0.11"]}])

Endpoint 1 is the local side (localip, localport), endpoint 2 the remote one, and there is no direction ([MS-FASP]
2.2.55). An exemption has action "allow": it lets pass what other rules would protect, or drop. Those have "request" or
"require".

The registry stores one string per rule, read into a Rule, and written from one:

    v2.10|Action=DoNotSecure|Protocol=17|Active=TRUE|EP1_4=10.1.0.11|Name=Lync exempt media (UDP)|EmbedCtxt=msuc.lync|

Grammar: [MS-GPFAS] 2.2.6.2. Tokens stand in any order. What a Rule has no field for (sets, tunnels, tokens of later
versions) is kept in its restrictions. Law: parse(render(x)) == x.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping

from ..._base.errors import InvalidInputError, Problem, one_of, shown
from ..checks import CONNECTION_SECURITY_CHECKS, Check, refusals
from ..options import OWNED_GROUP, READERS, RefusedError, Vocabulary, rules_from_options
from ..results import Wording
from ..rule import ALL_PROFILES, ANY_PROTOCOL, INTERFACE_TYPES, PORT_PROTOCOLS, PortScope, Rule
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

BOTH = "both"
EXEMPT, REQUEST, REQUIRE, REQUIRE_BOTH = "allow", "request", "require", "require_both"
PROTECTING = frozenset({REQUEST, REQUIRE, REQUIRE_BOTH})
# What drops inbound traffic that is not protected ([MS-FASP] 2.2.52).
REQUIRING = frozenset({REQUIRE, REQUIRE_BOTH})

_OPTIONS = (
    "name", "group", "description", "enabled", "profiles", "protocol", "localip", "remoteip", "localport", "remoteport",
    "interfacetypes",
)  # fmt: skip
_NO_SETS = "an exemption carries no authentication or crypto set"
# The namespace of the ids of rules: any constant will do, as long as it stays.
_NAMESPACE = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


def exemptions_from_options(rules: Iterable[Mapping[str, object]], group: str = OWNED_GROUP) -> tuple[Rule, ...]:
    """Return the exemptions of a list of options; raises InvalidInputError with every problem of each."""
    return rules_from_options(rules, group, VOCABULARY)


def check_exemption(rule: Rule, place: str) -> list[Problem]:
    """Return every reason why Windows would refuse the exemption ([MS-FASP] 2.2.55).

    Place names it as the user knows it.
    """
    return refusals(rule, place, _CHECKS)


def is_exemption(rule: Rule) -> bool:
    """Return whether a connection security rule is in force and exempts."""
    return rule.enabled and rule.action == EXEMPT


def rule_id(name: str, group: str, taken: Iterable[str] = ()) -> str:
    """Return the id under which an exemption is stored: always the same for its name, but where that is taken."""
    used = {text.casefold() for text in taken}
    return next(text for text in _ids(f"{group}|{name}") if text.casefold() not in used)


def _ids(seed: str) -> Iterator[str]:
    number = 1
    while True:
        text = seed if number == 1 else f"{seed}|{number}"
        yield f"{{{str(uuid.uuid5(_NAMESPACE, text)).upper()}}}"
        number += 1


def to_options(rule: Rule) -> dict[str, object]:
    """Return a connection security rule as options; those of a rule that does not exempt name its action too."""
    options = rule.to_options()
    shown = {name: options[name] for name in _OPTIONS}
    shown |= {"action": rule.action} if rule.action != EXEMPT else {}
    return shown | ({"restrictions": options["restrictions"]} if rule.restrictions else {})


WORDING = Wording(
    noun="exemption",
    nouns="exemptions",
    store="the connection security rules",
    title="IPsec exemption",
    options=to_options,
    head=lambda rule: "do not authenticate",
    left_out=frozenset({"name", "group", "description"}),
)


def _no_keywords(rule: Rule) -> Iterator[tuple[str, str, str]]:
    for option in ("localport", "remoteport"):
        keywords = getattr(rule, option).keywords
        if keywords:
            yield option, f"{one_of(keywords)}: connection security rules take no words for ports", "write port numbers"


def _no_sets(rule: Rule) -> Iterator[tuple[str, str, str]]:
    for name, value in sorted(rule.restrictions):
        if rule.action == EXEMPT and name.casefold().endswith("set"):
            yield name, f"{_NO_SETS}, and this one has {value}", "remove the set"


def _one_interface_type(rule: Rule) -> Iterator[tuple[str, str, str]]:
    if len(rule.interfacetypes) > 1:
        yield (
            "interfacetypes",
            "neither New-NetIPsecRule nor netsh takes two types of interfaces",
            "write one type, or any",
        )


_CHECKS: tuple[Check, ...] = (*CONNECTION_SECURITY_CHECKS, _no_keywords, _no_sets, _one_interface_type)


def _refuse_set(_value: object) -> object:
    raise RefusedError(_NO_SETS, fix="remove it")


def _readers() -> Mapping[str, Callable[[object], object]]:
    return {name: READERS[name] for name in _OPTIONS} | dict.fromkeys(
        ("auth1set", "auth2set", "crypto2set"), _refuse_set
    )


VOCABULARY = Vocabulary(_readers(), {"direction": BOTH, "action": EXEMPT}, check_exemption)


# Strings of the registry.

# [MS-FASP] 2.2.52, in the order: none, requested, required inbound, required both ways.
_ACTIONS: Mapping[str, str] = {
    "DoNotSecure": EXEMPT,
    "Boundary": REQUEST,
    "SecureServer": REQUIRE,
    "Secure": REQUIRE_BOTH,
}
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
        "Action": tokens.choice(_ACTIONS),
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
    return _build_exemption(*read_tokens(rule_id, text, GRAMMAR))


def _build_exemption(items: Items, aside: Values) -> Rule:
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
        "restrictions": frozenset(
            [
                *_list_further_restrictions(aside),
                *((name, ",".join(map(str, items[name]))) for name in misplaced if name in items),
            ]
        ),
    }
    return Rule(**values)  # type: ignore[arg-type]


def _list_further_restrictions(aside: Values) -> Iterator[tuple[str, str]]:
    return (
        (name, ",".join(found))
        for name, found in aside.items()
        if any(value.casefold() not in _SILENT for value in found)
    )


def render_exemption(rule: Rule) -> str:
    """Return the string of an exemption.

    Raises InvalidInputError for what the collection never writes: other actions, restrictions, a bar.
    """
    problems = list(_find_unwritable_exemption(rule))
    if problems:
        raise InvalidInputError(problems)
    return "|".join(["v2.10", *(f"{name}={value}" for name, value in _render_exemption_tokens(rule)), ""])


def _find_unwritable_exemption(rule: Rule) -> Iterator[Problem]:
    for name, value in sorted(rule.restrictions):
        yield Problem(
            f"exemption {rule.name}, {name}",
            f"{shown(value)} cannot be written",
            fix="write exemptions without restrictions only",
        )
    if rule.action != EXEMPT:
        yield Problem(
            f"rule {rule.name}, action", f"{shown(rule.action)} is not an exemption", fix="write exemptions only"
        )
    for option in ("name", "group", "description"):
        if "|" in getattr(rule, option):
            yield Problem(
                f"exemption {rule.name}, {option}", "a text of a rule cannot hold |", fix="write another sign"
            )


def _render_exemption_tokens(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield the tokens in the order of the specification's examples."""
    yield "Action", word_of(_ACTIONS, rule.action)
    yield from (
        ("Profile", word)
        for word, option in tokens.PROFILE_WORDS.items()
        if option in rule.profiles and rule.profiles != ALL_PROFILES
    )
    yield from [("Protocol", str(rule.protocol))] if rule.protocol != ANY_PROTOCOL else []
    yield "Active", "TRUE" if rule.enabled else "FALSE"
    for token, scope in (("EP1Port", rule.localport), ("EP2Port", rule.remoteport)):
        yield from (
            (f"{token}2_10" if "-" in text else token, text) for text in scope.ports.to_text() if not scope.is_any
        )
    yield from (("IF", name) for name in sorted(rule.interfaces))
    yield from (("IFType", stored) for word, stored in INTERFACE_TYPES.items() if word in rule.interfacetypes)
    yield from address_pairs("EP1_", rule.localip)
    yield from address_pairs("EP2_", rule.remoteip)
    yield from (
        (name, text)
        for name, text in (("Name", rule.name), ("Desc", rule.description), ("EmbedCtxt", rule.group))
        if text
    )
