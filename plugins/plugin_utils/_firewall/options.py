# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of a rule, read and validated: every fault of every rule is reported at once.

    rules_from_options([{"name": "SIP", "protocol": "tcp", "localport": "5061", "remoteip": ["10.1.0.0/24"]}])

Names and words are those of community.windows.win_firewall_rule; lists are accepted beside its comma strings.
A rule is declared whole: an option that is not given has its default, which is no limit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .._base.addresses import AddressSet, PortSet
from .._base.errors import InvalidInputError, Problem, nearest, one_of, shown
from .checks import check_rule
from .rule import (
    ACTIONS,
    ADDRESS_KEYWORDS,
    ALL_PROFILES,
    ANY_PROTOCOL,
    DIRECTIONS,
    EDGES,
    INTERFACE_TYPES,
    PATH_LIMIT,
    PORT_KEYWORDS,
    PROFILE_BITS,
    PROTOCOLS,
    SECURITIES,
    TEXT_LIMIT,
    AddressScope,
    PortScope,
    Rule,
)
from .rule_split import name_problems

OWNED_GROUP = "msuc.lync"
# Keys that trace a rule, of a plan or of a dump, and are not written to the host.
_TRACES = frozenset({"rows", "id", "applications", "services", "peer_classes", "component_roles", "interface"})
_ANY = frozenset({"any", "*"})
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
_ICMP = re.compile(r"^([0-9]{1,3}):([0-9]{1,3}|\*)$")


class RefusedError(ValueError):
    """A value of an option that cannot be used; allowed and fix as in Problem."""

    def __init__(self, message: str, allowed: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.allowed, self.fix = allowed, fix


@dataclass(frozen=True)
class Vocabulary:
    """The options of one kind of rule.

    readers: how each is read. fixed: fields that are the same in all rules of the kind. check: why Windows would refuse
    one.
    """

    readers: Mapping[str, Callable[[object], object]]
    fixed: Mapping[str, object]
    check: Callable[[Rule, str], list[Problem]]


def rules_from_options(
    rules: Iterable[Mapping[str, object]], group: str = OWNED_GROUP, vocabulary: Vocabulary | None = None
) -> tuple[Rule, ...]:
    """Return the rules of a list of options; raises InvalidInputError with every problem of every rule.

    A name may stand in the list once: rules are matched with the host's by name within the group. They are firewall
    rules unless another vocabulary is given.
    """
    known = vocabulary or FIREWALL
    found: list[Rule] = []
    problems: list[Problem] = []
    names: Counter[str] = Counter()
    for number, options in enumerate(rules, start=1):
        rule, faults = _read_rule(options, _name_place(options, number), group, known)
        problems += faults
        found += [] if rule is None else [rule]
        names[str(options.get("name") or "")] += 1
    problems += [_report_repeated_name(name, count) for name, count in names.items() if name and count > 1]
    problems += name_problems(found)
    if problems:
        raise InvalidInputError(problems)
    return tuple(found)


def from_options(options: Mapping[str, object], group: str = OWNED_GROUP) -> Rule:
    """Return the rule of one mapping of options; raises InvalidInputError with all its problems."""
    return rules_from_options([options], group)[0]


def names_from_options(rules: Iterable[Mapping[str, object]], vocabulary: Vocabulary | None = None) -> frozenset[str]:
    """Return the names of rules of which nothing but the name matters.

    Raises InvalidInputError where one is missing.
    """
    known = vocabulary or FIREWALL
    listed_rules = list(rules)
    places = {number: _name_place(options, number) for number, options in enumerate(listed_rules, start=1)}
    problems = [
        fault
        for number, options in enumerate(listed_rules, start=1)
        for fault in _unknown_options(options, places[number], known)
    ]
    names: set[str] = set()
    for number, options in enumerate(listed_rules, start=1):
        try:
            names.add(_read_rule_name(options.get("name")))
        except RefusedError as refused:
            problems.append(_report_refused_option(places[number], "name", refused))
    if problems:
        raise InvalidInputError(problems)
    return frozenset(names)


def listed(value: object) -> list[str]:
    """Return the items of a list or a comma string, stripped; nothing for None; raises ValueError for anything else."""
    if value is None:
        return []
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, Sequence) or any(
        isinstance(item, bool) or not isinstance(item, (str, int)) for item in value
    ):
        raise RefusedError(f"{shown(value)} is not a list or a comma separated text")
    return [part.strip() for item in value for part in str(item).split(",") if part.strip()]


def _name_place(options: Mapping[str, object], number: int) -> str:
    name = options.get("name")
    return f"rule {name!s}" if isinstance(name, str) and name else f"rule number {number}"


def _report_repeated_name(name: str, count: int) -> Problem:
    return Problem(
        f"rule {name}, name",
        f"the name stands {count} times in the list",
        fix="give each rule of the group a name of its own",
    )


def _read_rule(
    options: Mapping[str, object], place: str, group: str, known: Vocabulary
) -> tuple[Rule | None, list[Problem]]:
    """Return the rule, or None with the reasons why it cannot be one."""
    problems = _unknown_options(options, place, known)
    values: dict[str, object] = {}
    for option, reader in known.readers.items():
        if option in options or option == "name":
            try:
                values[option] = reader(options.get(option))
            except RefusedError as refused:
                problems.append(_report_refused_option(place, option, refused))
    if values.setdefault("group", group) != group:
        message = f"{shown(values['group'])} is not the group that this task owns"
        problems.append(
            Problem(f"{place}, group", message, allowed=group, fix="leave the option out, or set the group of the task")
        )
    if problems:
        return None, problems
    rule = _one_family(Rule(**{**known.fixed, **values}))  # type: ignore[arg-type]
    problems = known.check(rule, place)
    return (None if problems else rule), problems


def _unknown_options(options: Mapping[str, object], place: str, known: Vocabulary) -> list[Problem]:
    unknown = [str(option) for option in options if option not in known.readers and option not in _TRACES]
    return [_unknown_option(place, option, known.readers) for option in unknown]


def _unknown_option(place: str, option: str, known: Iterable[str]) -> Problem:
    near = nearest(option, known)
    fix = f"write {near}" if near else "remove it"
    return Problem(f"{place}, {option}", f"{option!r} is not an option of a rule", allowed=one_of(known), fix=fix)


def _report_refused_option(place: str, option: str, refused: RefusedError) -> Problem:
    return Problem(f"{place}, {option}", str(refused), allowed=refused.allowed, fix=refused.fix)


def _one_family(rule: Rule) -> Rule:
    """Return the rule with "all IPv4" as "any" on the remote side where the local side is IPv4 only, and so for IPv6.

    Both admit the same, and Windows has no way to write the whole of one family: a mask of 0 is refused.
    """
    local, remote = rule.localip, rule.remoteip
    whole = AddressScope().addresses.of_families(local.addresses.families)
    if local.keywords or remote.keywords or not local.addresses or remote.addresses != whole:
        return rule
    return replace(rule, remoteip=AddressScope())


def _make_text_reader(limit: int, forbidden: str) -> Callable[[object], str]:
    def _read(value: object) -> str:
        text = "" if value is None else value
        if not isinstance(text, str) or len(text) > limit or any(letter in forbidden for letter in text):
            raise RefusedError(
                f"{shown(value)} cannot be used",
                allowed=f"a text of at most {limit} characters without any of {' '.join(forbidden)}",
            )
        return str(text)

    return _read


def _read_rule_name(value: object) -> str:
    if value is None or value == "":
        raise RefusedError("the rule has no name", fix="name it: the name is what the rule is matched by")
    name = _make_text_reader(TEXT_LIMIT, "|")(value)
    if name.casefold() == "all":
        raise RefusedError(f"{shown(name)} is not a name that Windows takes", fix="choose another name")
    return name


def _any_or(read: Callable[[object], str]) -> Callable[[object], str]:
    """Return a reader for which "any" means no limit."""
    return lambda value: "" if isinstance(value, str) and value.casefold() == "any" else read(value)


def _choice(allowed: Iterable[str]) -> Callable[[object], str]:
    choices = tuple(allowed)

    def _read(value: object) -> str:
        # YAML 1.1 reads a bare no and yes as booleans.
        text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value).casefold()
        if text not in choices:
            near = nearest(text, choices)
            raise RefusedError(
                f"{shown(value)} is not one of the choices", one_of(choices), f"write {near}" if near else ""
            )
        return text

    return _read


def _boolean(value: object) -> bool:
    text = str(value).casefold()
    if text not in _TRUE | _FALSE:
        raise RefusedError(f"{shown(value)} is neither true nor false", "false, true")
    return text in _TRUE


def _choices(allowed: Iterable[str], everything: frozenset[str]) -> Callable[[object], frozenset[str]]:
    """Return a reader of a list of words; "any" and the empty list stand for everything."""
    choices = tuple(allowed)

    def _read(value: object) -> frozenset[str]:
        found = frozenset(word.casefold() for word in listed(value))
        unknown = found - {*choices, *_ANY}
        if unknown:
            raise RefusedError(f"{one_of(unknown)}: not among the choices", one_of((*choices, "any")))
        return everything if found & _ANY or not found else found

    return _read


def _read_interface_names(value: object) -> frozenset[str]:
    """Return names of interfaces; those of a list may hold commas."""
    names = (
        [str(name) for name in value] if isinstance(value, Sequence) and not isinstance(value, str) else listed(value)
    )
    if any(not name.strip() or "|" in name for name in names):
        raise RefusedError(
            f"{shown(value)} are not names of interfaces", "any, or names as the host shows them, without |"
        )
    return frozenset() if _ANY & {name.casefold() for name in names} else frozenset(names)


def _read_profiles(value: object) -> frozenset[str]:
    return _choices(PROFILE_BITS, ALL_PROFILES)(value)


def _read_interface_types(value: object) -> frozenset[str]:
    found = _choices(INTERFACE_TYPES, frozenset())(value)
    return frozenset() if found == frozenset(INTERFACE_TYPES) else found


def _read_protocol(value: object) -> int:
    text = str(value).casefold()
    if text in PROTOCOLS:
        return PROTOCOLS[text]
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,3}", text) or int(text) > ANY_PROTOCOL:
        raise RefusedError(f"{shown(value)} is not a protocol", f"{one_of(PROTOCOLS)}, or a number 0 to 255")
    return int(text)


def _keywords_apart(items: Iterable[str], keywords: Mapping[str, str]) -> tuple[list[str], frozenset[str]]:
    texts = list(items)
    known = frozenset(keywords[text.casefold()] for text in texts if text.casefold() in keywords)
    return [text for text in texts if text.casefold() not in keywords], known


def _read_port_scope(value: object) -> PortScope:
    texts, keywords = _keywords_apart(listed(value), PORT_KEYWORDS)
    if not _ANY.isdisjoint(text.casefold() for text in texts) or not (texts or keywords):
        return PortScope()
    try:
        ports = PortSet.parse(texts)
    except ValueError as error:
        raise RefusedError(
            str(error), f"any, ports 1-65535, ranges a-b, {one_of(set(PORT_KEYWORDS.values()))}"
        ) from error
    scope = PortScope(ports, keywords)
    return PortScope() if scope.is_any else scope


def _read_address_scope(value: object) -> AddressScope:
    texts, keywords = _keywords_apart(listed(value), ADDRESS_KEYWORDS)
    if not _ANY.isdisjoint(text.casefold() for text in texts) or not (texts or keywords):
        return AddressScope()
    try:
        addresses = AddressSet.parse(texts)
    except ValueError as error:
        raise RefusedError(
            str(error), f"any, addresses, networks a/n, ranges a-b, {one_of(set(ADDRESS_KEYWORDS.values()))}"
        ) from error
    scope = AddressScope(addresses, keywords)
    return AddressScope() if scope.is_any else scope


def _read_icmp_types(value: object) -> frozenset[str]:
    found = frozenset(listed(value))
    if found & _ANY:
        return frozenset()
    wrong = sorted(text for text in found if not _is_icmp(text))
    if wrong:
        raise RefusedError(
            f"{', '.join(wrong)}: not an ICMP type and code", "any, or type:code with numbers 0 to 255, the code also *"
        )
    return found


def _is_icmp(text: str) -> bool:
    match = _ICMP.match(text)
    return match is not None and all(part == "*" or int(part) <= 255 for part in match.groups())


READERS: Mapping[str, Callable[[object], object]] = {
    "name": _read_rule_name,
    "group": _make_text_reader(TEXT_LIMIT, "|"),
    "description": _make_text_reader(TEXT_LIMIT, "|"),
    "direction": _choice(DIRECTIONS),
    "action": _choice(ACTIONS),
    "enabled": _boolean,
    "profiles": _read_profiles,
    "program": _any_or(_make_text_reader(PATH_LIMIT, '/*?"<>|')),
    "service": _any_or(_make_text_reader(PATH_LIMIT, "/\\|")),
    "protocol": _read_protocol,
    "localport": _read_port_scope,
    "remoteport": _read_port_scope,
    "localip": _read_address_scope,
    "remoteip": _read_address_scope,
    "interfaces": _read_interface_names,
    "interfacetypes": _read_interface_types,
    "icmp_type_code": _read_icmp_types,
    "edge": _choice(EDGES),
    "security": _choice(SECURITIES),
}
FIREWALL = Vocabulary(READERS, {}, check_rule)
