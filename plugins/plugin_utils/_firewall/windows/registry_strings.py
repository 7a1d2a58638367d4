# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules as the registry stores them, one string per rule: read into a Rule, and written from one.

    v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5061|RA4=10.1.0.0/24|Name=SIP|EmbedCtxt=msuc.lync|

Any version 2 is read, and tokens in any order. What a Rule has no field for is kept in its restrictions, so that such a
rule never equals one that lacks it. A string that breaks the grammar is refused with every reason; law:
parse(render(x)) == x.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..._base.addresses import AddressSet, PortSet
from ..._base.errors import InvalidInputError, Problem, shown
from ..rule import (
    ADDRESS_KEYWORDS,
    ALL_PROFILES,
    ANY_PROTOCOL,
    INTERFACE_TYPES,
    KEYWORDS_OF_2012,
    PORT_PROTOCOLS,
    AddressScope,
    PortScope,
    Rule,
    address_texts,
)
from . import registry_grammar as tokens

_VERSION = re.compile(r"v2\.[0-9]{1,3}")
_NOTHING: tuple[str, ...] = ()
Values = dict[str, list[str]]
Items = dict[str, list[object]]


@dataclass(frozen=True)
class StoredRule:
    """A rule of a store, and the id under which it is stored: the name of its registry value."""

    rule_id: str
    rule: Rule

    def to_options(self) -> dict[str, object]:
        """Return the rule as options of the module, with its id."""
        return {**self.rule.to_options(), "id": self.rule_id}


@dataclass(frozen=True)
class RefusedRule:
    """A string that is not a rule, and every reason."""

    rule_id: str
    text: str
    problems: tuple[Problem, ...]

    def may_be_of(self, group: str) -> bool:
        """Return whether the rule may be one of a group: it says so, or it is cut off before it would have said so.

        The group stands right behind name and description, so a string with a name that ends in another token is whole.
        """
        whole, _bar, last = self.text.rpartition("|")
        if f"|EmbedCtxt={group}|" in f"{self.text}|":
            return True
        if not last or "|EmbedCtxt=" in whole:
            return False
        name, equals, value = last.partition("=")
        if "|Name=" not in whole or not equals:
            return "|Name=" not in whole or any(word.startswith(name) for word in ("Desc", "EmbedCtxt"))
        return name == "Desc" or (name == "EmbedCtxt" and group.startswith(value))


@dataclass(frozen=True)
class ParsedRules:
    """The rules of a store in their order, and the strings that are none."""

    rules: tuple[StoredRule, ...] = ()
    refused: tuple[RefusedRule, ...] = ()

    def refused_documents(self) -> list[dict[str, object]]:
        """Return the strings that are none as results have them: id, text, and every reason."""
        return [
            {"id": rule.rule_id, "text": rule.text, "problems": [str(problem) for problem in rule.problems]}
            for rule in self.refused
        ]


def parse_rules(pairs: Iterable[tuple[str, str]], parse: Callable[[str, str], Rule] | None = None) -> ParsedRules:
    """Return the rules of pairs of id and string, firewall rules unless another way to read one is given.

    Raises nothing.
    """
    rules: list[StoredRule] = []
    refused: list[RefusedRule] = []
    for rule_id, text in pairs:
        try:
            rules.append(StoredRule(rule_id, (parse or parse_rule)(rule_id, text)))
        except InvalidInputError as error:
            refused.append(RefusedRule(rule_id, text, error.problems))
    return ParsedRules(tuple(rules), tuple(refused))


def parse_rule(rule_id: str, text: str) -> Rule:
    """Return the rule of one string; raises InvalidInputError with every token that is wrong."""
    return _build_rule(*read_tokens(rule_id, text, tokens.FIREWALL))


def read_tokens(rule_id: str, text: str, grammar: tokens.Grammar) -> tuple[Items, Values]:
    """Return the values of the known tokens of a string in the words of a Rule, and those of all others as they stand.

    Raises InvalidInputError with every token that is wrong.
    """
    place = f"rule id {shown(rule_id)}"
    values, problems = _split(text, place, grammar)
    items, faults = _read_tokens(values, place, grammar)
    problems += faults
    problems += [
        _report_bad_token(place, name, "is missing")
        for name in grammar.needed
        if not any(values.get(name, ())) and not problems
    ]
    if problems:
        raise InvalidInputError(problems)
    return items, {name: found for name, found in values.items() if name not in grammar.readers}


def _report_bad_token(place: str, token: str, message: str, allowed: str = "") -> Problem:
    return Problem(f"{place}, {token}", message, allowed, "correct the rule; of an export: make it again")


def _split(text: str, place: str, grammar: tokens.Grammar) -> tuple[Values, list[Problem]]:
    """Return the values of each token in their order, without empty ones that say nothing."""
    head, *parts = text.split("|")
    problems = (
        []
        if _VERSION.fullmatch(head)
        else [_report_bad_token(place, "version", f"{shown(head)} is not a version", "v2.0 to v2.255")]
    )
    if not parts or parts.pop():
        problems.append(_report_bad_token(place, "end", "the string is cut off: it does not end with |"))
    values: Values = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            problems.append(_report_bad_token(place, shown(part), "is not TOKEN=VALUE"))
        elif value or name not in grammar.may_be_empty:
            values.setdefault(name, []).append(value)
    return values, problems


def _read_tokens(values: Values, place: str, grammar: tokens.Grammar) -> tuple[Items, list[Problem]]:
    """Return the values of the known tokens in the words of a Rule, and what is wrong with them."""
    items: Items = {}
    problems: list[Problem] = []
    for name, found in values.items():
        if name not in grammar.readers:
            continue
        if len(set(found)) > 1 and name not in grammar.lists:
            problems.append(_report_bad_token(place, name, f"stands there {len(found)} times with different values"))
        for value in dict.fromkeys(found):
            try:
                items.setdefault(name, []).append(grammar.read(name, value))
            except tokens.BadTokenError as error:
                problems.append(_report_bad_token(place, name, f"{shown(value)} {error}", error.allowed))
    return items, problems


def _build_rule(items: Items, aside: Values) -> Rule:
    """Return the rule of tokens that are all well-formed."""
    protocol = one(items, "Protocol", ANY_PROTOCOL)
    has_ports = protocol in PORT_PROTOCOLS
    icmp = tokens.ICMP.get(int(str(protocol)))
    values: dict[str, object] = {
        "name": one(items, "Name", ""),
        "group": one(items, "EmbedCtxt", ""),
        "description": one(items, "Desc", ""),
        "direction": one(items, "Dir", ""),
        "action": one(items, "Action", ""),
        "enabled": one(items, "Active", False),
        "profiles": texts(items, "Profile") or ALL_PROFILES,
        "program": one(items, "App", ""),
        "service": one(items, "Svc", ""),
        "protocol": protocol,
        "localport": ports(items, tokens.LOCAL_PORTS if has_ports else _NOTHING),
        "remoteport": ports(items, tokens.REMOTE_PORTS if has_ports else _NOTHING),
        "localip": addresses(items, tokens.LOCAL_ADDRESSES),
        "remoteip": addresses(items, tokens.REMOTE_ADDRESSES),
        # The registry names interfaces by GUID, the host by words that no dump holds.
        "interfaces": texts(items, "IF"),
        "interfacetypes": interface_types(items),
        "icmp_type_code": texts(items, icmp) if icmp else frozenset(),
        "edge": one(items, "Defer", "yes" if one(items, "Edge", False) else "no"),
        "security": next((items[name][0] for name in tokens.SECURITY if name in items), "notrequired"),
        "restrictions": frozenset([*_keep_restrictions(aside), *_find_misplaced(items, has_ports, icmp)]),
    }
    return Rule(**values)  # type: ignore[arg-type]


def one(items: Items, token: str, default: object) -> object:
    """Return the value of a token that stands at most once."""
    return items[token][0] if token in items else default


def texts(items: Items, *names: str) -> frozenset[str]:
    """Return the entries of tokens that make one list."""
    return frozenset(str(item) for name in names for item in items.get(name, ()))


def ports(items: Items, names: Sequence[str]) -> PortScope:
    """Return the ports of tokens; no limit where there is none."""
    found = texts(items, *names)
    keywords = frozenset(filter(tokens.is_keyword, found))
    # All ports by their numbers are all ports.
    scope = PortScope(PortSet.parse(found - keywords), keywords)
    return scope if found and not scope.is_any else PortScope()


def addresses(items: Items, names: Mapping[int, tuple[str, ...]]) -> AddressScope:
    """Return the addresses of tokens, named by family; no limit where there is none."""
    ipv4, ipv6 = (texts(items, *names[family]) for family in (4, 6))
    keywords4, keywords6 = (frozenset(filter(tokens.is_keyword, found)) for found in (ipv4, ipv6))
    # A word of one family only is another limit than the word of both; the number is how Windows PowerShell writes it.
    keywords = (
        (keywords4 & keywords6)
        | {f"{keyword}4" for keyword in keywords4 - keywords6}
        | {f"{keyword}6" for keyword in keywords6 - keywords4}
    )
    scope = AddressScope(AddressSet.parse((ipv4 - keywords4) | (ipv6 - keywords6)), keywords)
    return scope if ipv4 | ipv6 and not scope.is_any else AddressScope()


def interface_types(items: Items) -> frozenset[str]:
    """Return the types of interfaces; all of them are no limit."""
    found = texts(items, "IFType")
    return frozenset() if found == frozenset(INTERFACE_TYPES) else found


def _keep_restrictions(aside: Values) -> Iterator[tuple[str, str]]:
    """Yield what the tokens say that a Rule has no field for, under the name of the COM property where there is one."""
    for name, found in aside.items():
        if name not in tokens.FLAGS or any(value.casefold() != "false" for value in found):
            yield tokens.RESTRICTIONS.get(name.casefold(), name), ",".join(found)


def _find_misplaced(items: Items, has_ports: bool, icmp: str | None) -> Iterator[tuple[str, str]]:
    """Yield the tokens that do not go with the protocol, which no Rule can hold."""
    ports = _NOTHING if has_ports else (*tokens.LOCAL_PORTS, *tokens.REMOTE_PORTS)
    for name in (*ports, *(other for other in tokens.ICMP.values() if other != icmp)):
        if name in items:
            yield name, ",".join(map(str, items[name]))


def render_rule(rule: Rule) -> str:
    """Return the string of a rule, tokens in the order in which Windows writes them.

    Raises InvalidInputError for what the collection never writes: restrictions, a bar in a text, an action of no known
    word. A word of one family of addresses only, which options do not have, ends with the number of the family.
    """
    problems = list(_find_unwritable(rule))
    if problems:
        raise InvalidInputError(problems)
    pairs = list(_render_rule_tokens(rule))
    is_later = any(name in ("RA42", "RA62", "LPort2_20") for name, _value in pairs)
    return "|".join(["v2.20" if is_later else "v2.10", *(f"{name}={value}" for name, value in pairs), ""])


def _find_unwritable(rule: Rule) -> Iterator[Problem]:
    for name, value in sorted(rule.restrictions):
        yield Problem(
            f"rule {rule.name}, {name}",
            f"{shown(value)} cannot be written",
            fix="write rules without restrictions only",
        )
    if rule.action not in tokens.ACTION_WORDS.values():
        yield Problem(f"rule {rule.name}, action", f"{shown(rule.action)} cannot be written", "allow, block")
    for option in ("name", "group", "description", "program", "service"):
        if "|" in getattr(rule, option):
            yield Problem(f"rule {rule.name}, {option}", "a text of a rule cannot hold |", fix="write another sign")


def _render_rule_tokens(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "Action", word_of(tokens.ACTION_WORDS, rule.action)
    yield "Active", "TRUE" if rule.enabled else "FALSE"
    yield "Dir", word_of(tokens.DIRECTION_WORDS, rule.direction)
    yield from [("Protocol", str(rule.protocol))] if rule.protocol != ANY_PROTOCOL else []
    yield from (
        ("Profile", word)
        for word, option in tokens.PROFILE_WORDS.items()
        if option in rule.profiles and rule.profiles != ALL_PROFILES
    )
    yield from _port_pairs("LPort", rule.localport)
    yield from _port_pairs("RPort", rule.remoteport)
    yield from ((tokens.ICMP[rule.protocol], text) for text in sorted(rule.icmp_type_code))
    yield from (("IF", name) for name in sorted(rule.interfaces))
    yield from (("IFType", stored) for word, stored in INTERFACE_TYPES.items() if word in rule.interfacetypes)
    yield from address_pairs("LA", rule.localip)
    yield from address_pairs("RA", rule.remoteip)
    texts = (
        ("App", rule.program),
        ("Svc", rule.service),
        ("Name", rule.name),
        ("Desc", rule.description),
        ("EmbedCtxt", rule.group),
    )
    yield from ((name, text) for name, text in texts if text)
    yield from [("Edge", "TRUE")] if rule.edge != "no" else []
    yield from [("Defer", word_of(tokens.DEFER_WORDS, rule.edge))] if rule.edge in tokens.DEFER_WORDS.values() else []
    yield from _SECURITY_PAIRS[rule.security]


_SECURITY_PAIRS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "notrequired": (),
    "authenticate": (("Security", "Authenticate"),),
    "authenc": (("Security", "AuthenticateEncrypt"),),
    "authnoencap": (("Security", "Authenticate"), ("Security2_9", "An-NoEncap")),
    "authdynenc": (("Security", "AuthenticateEncrypt"), ("Security2", "AnE-Nego")),
}


def word_of(meanings: Mapping[str, str], option: str) -> str:
    """Return the word of the registry for a word of options."""
    return next(word for word, meaning in meanings.items() if meaning == option)


# Words that stand under a token of their own, by token; others stand where single ports do.
_PORT_WORDS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("LPort", "IPHTTPS"): ("LPort2_10", "IPHTTPSIn"),
    ("RPort", "IPHTTPS"): ("RPort2_10", "IPHTTPSOut"),
    ("LPort", "Ply2Disc"): ("LPort2_20", "Ply2Disc"),
}


def _port_pairs(token: str, scope: PortScope) -> Iterator[tuple[str, str]]:
    if not scope.is_any:
        yield from (_PORT_WORDS.get((token, word), (token, word)) for word in sorted(scope.keywords))
        yield from ((f"{token}2_10" if "-" in text else token, text) for text in scope.ports.to_text())


def address_pairs(token: str, scope: AddressScope) -> Iterator[tuple[str, str]]:
    """Yield the tokens of addresses, those of IPv4 first."""
    if scope.is_any:
        return
    for family in (4, 6):
        keywords = sorted(word.removesuffix(str(family)) for word in scope.keywords if _is_of_family(word, family))
        yield from ((f"{token}{family}", word) for word in keywords if word not in KEYWORDS_OF_2012)
        yield from (
            (f"{token}{family}", text) for text in address_texts(scope.addresses.of_families(frozenset({family})))
        )
        yield from ((f"{token}{family}2", word) for word in keywords if word in KEYWORDS_OF_2012)


def _is_of_family(word: str, family: int) -> bool:
    """Return whether a word is one of a family: a word without the number of a family is of both."""
    other = {4: "6", 6: "4"}[family]
    return not (word.endswith(other) and word[:-1].casefold() in ADDRESS_KEYWORDS)
