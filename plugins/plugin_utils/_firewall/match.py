# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What rules admit, compared exactly: is everything that one rule matches matched by another, or by several?

    covers(wide, narrow)      True: each packet that narrow matches, wide matches too
    uncovered(rule, others)   the parts of rule that none of others matches
    overlaps(one, other)      False: no packet matches both

A rule is a product of limits, so inclusion in one rule holds exactly when it holds limit by limit. Words that only the
host can resolve (LocalSubnet, RPC) are surely inside themselves and inside "any" only, and may overlap with anything.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from .._base.addresses import Interval
from .rule import ANY_PROTOCOL, Rule

_SCOPES = ("localport", "remoteport", "localip", "remoteip")
# What differs most between rules of one kind comes first.
_UNITED_FIRST = ("remoteip", "localport", "localip", "remoteport")
# More parts than this are not looked at: what they would tell is not worth the time.
_PARTS_LIMIT = 512


@dataclass(frozen=True)
class Movement:
    """What a change does to admission: opens lets something more through, closes lets something less through."""

    opens: bool
    closes: bool


def covers(wide: Rule, narrow: Rule) -> bool:
    """Return whether wide matches every packet that narrow matches, on every profile of narrow.

    Whether the rules allow or block, and whether they are enabled, is the caller's business.
    """
    return all(inside(wide, narrow) for inside in _SCOPE_LIMITS) and all(
        inside(wide, narrow) for inside in _OTHER_LIMITS
    )


def uncovered(rule: Rule, others: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return rules that together match what rule matches and none of others does; () when others cover it.

    Exact, but for keywords: see above. Returns (rule,) also where the answer has too many parts to be worth it.
    """
    left = [rule]
    for other in _unite(_clipped(rule, others)):
        left = [part for piece in left for part in _subtract_rule(piece, other)]
        if len(left) > _PARTS_LIMIT:
            return (rule,)
    return tuple(left)


def _clipped(rule: Rule, others: Iterable[Rule]) -> list[Rule]:
    """Return what others match of a rule, as rules with its other limits."""
    found = []
    for other in others:
        if may_add(other, rule):
            scopes = {name: getattr(rule, name) & getattr(other, name) for name in _SCOPES}
            profiles = rule.profiles & other.profiles
            if profiles and all(scopes.values()):
                found.append(replace(rule, profiles=profiles, **scopes))
    return found


def _unite(rules: Sequence[Rule]) -> Sequence[Rule]:
    """Return rules that match together what these do, each two that differ in one scope as one.

    Thousands of rules of an address each become one of a set, and what is left of a rule is computed once.
    """
    for name in _UNITED_FIRST:
        by_rest: dict[object, list[Rule]] = {}
        for rule in rules:
            rest = tuple(getattr(rule, other) for other in ("profiles", *_SCOPES) if other != name)
            by_rest.setdefault(rest, []).append(rule)
        rules = [_united(name, same) for same in by_rest.values()]
    return rules


def _united(name: str, rules: Sequence[Rule]) -> Rule:
    """Return one rule for rules that differ in this scope only."""
    first = rules[0]
    if len(rules) == 1:
        return first
    return replace(first, **{name: getattr(first, name).united(getattr(rule, name) for rule in rules[1:])})


def is_without_limit(rule: Rule) -> bool:
    """Return whether an inbound rule matches whatever comes in on its profiles: it has hardly more than a name."""
    return covers(replace(rule, security="notrequired"), Rule("", profiles=rule.profiles))


def may_add(other: Rule, rule: Rule) -> bool:
    """Return whether other may match with others what rule matches: it is limited in scopes and profiles alone."""
    return all(inside(other, rule) for inside in _OTHER_LIMITS)


def overlaps(one: Rule, other: Rule) -> bool:
    """Return whether a packet may match both rules; True also where only the host could tell."""
    return all(may(one, other) for may in _OVERLAPS)


def _subtract_rule(rule: Rule, other: Rule) -> list[Rule]:
    """Cut limit by limit: what sticks out of other in one limit is kept, the rest goes on to the next."""
    parts: list[Rule] = []
    profiles = rule.profiles & other.profiles
    scopes = {name: getattr(rule, name) & getattr(other, name) for name in _SCOPES}
    if not profiles or not all(scopes.values()):
        return [rule]
    if rule.profiles - profiles:
        parts.append(replace(rule, profiles=rule.profiles - profiles))
    core = replace(rule, profiles=profiles)
    for name, scope in scopes.items():
        outside = getattr(core, name) - getattr(other, name)
        parts += [replace(core, **{name: outside})] if outside else []
        core = replace(core, **{name: scope})
    return parts


def movement(before: Rule | None, after: Rule | None) -> Movement:
    """Return what happens to admission when before becomes after; None stands for no rule."""
    allows = _movement_of("allow", before, after)
    blocks = _movement_of("block", before, after)
    return Movement(opens=allows.opens or blocks.closes, closes=allows.closes or blocks.opens)


def _movement_of(action: str, before: Rule | None, after: Rule | None) -> Movement:
    """Return how the traffic that rules of one action match grows (opens) and shrinks (closes)."""
    old = before if before is not None and before.enabled and before.action == action else None
    new = after if after is not None and after.enabled and after.action == action else None
    grows = new is not None and (old is None or not covers(old, new))
    shrinks = old is not None and (new is None or not covers(new, old))
    return Movement(grows, shrinks)


def _may_share(name: str) -> Callable[[Rule, Rule], bool]:
    """Return whether two scopes may have something in common: a word may be anything."""

    def _may(one: Rule, other: Rule) -> bool:
        return bool(getattr(one, name).meets(getattr(other, name)))

    return _may


def _may_meet(name: str) -> Callable[[Rule, Rule], bool]:
    """Return whether two sets of texts, of which the empty one is no limit, have something in common."""

    def _may(one: Rule, other: Rule) -> bool:
        first, second = ({text.casefold() for text in getattr(rule, name)} for rule in (one, other))
        return not first or not second or bool(first & second)

    return _may


def _may_be_same_service(one: Rule, other: Rule) -> bool:
    return (
        "" in (one.service, other.service)
        or "*" in (one.service, other.service)
        or one.service.casefold() == other.service.casefold()
    )


def _icmp_may_meet(one: Rule, other: Rule) -> bool:
    first, second = ({text.partition(":")[0] for text in rule.icmp_type_code} for rule in (one, other))
    return not first or not second or bool(first & second)


_OVERLAPS: tuple[Callable[[Rule, Rule], bool], ...] = (
    lambda one, other: one.direction == other.direction,
    lambda one, other: one.protocol == other.protocol or ANY_PROTOCOL in (one.protocol, other.protocol),
    lambda one, other: bool(one.profiles & other.profiles),
    *(_may_share(name) for name in _SCOPES),
    lambda one, other: not one.program or not other.program or one.program.casefold() == other.program.casefold(),
    _may_be_same_service,
    _may_meet("interfaces"),
    _may_meet("interfacetypes"),
    _icmp_may_meet,
)


def _same_or_unlimited(wide: str, narrow: str) -> bool:
    return not wide or wide.casefold() == narrow.casefold()


def _covers_service(wide: Rule, narrow: Rule) -> bool:
    return _same_or_unlimited(wide.service, narrow.service) or (wide.service == "*" and narrow.service != "")


def _covers_interface_types(wide: Rule, narrow: Rule) -> bool:
    return not wide.interfacetypes or (bool(narrow.interfacetypes) and narrow.interfacetypes <= wide.interfacetypes)


def _covers_interfaces(wide: Rule, narrow: Rule) -> bool:
    names = {name.casefold() for name in wide.interfaces}
    return not names or (bool(narrow.interfaces) and all(name.casefold() in names for name in narrow.interfaces))


def _covers_icmp(wide: Rule, narrow: Rule) -> bool:
    if not wide.icmp_type_code:
        return True
    accepted = (
        text in wide.icmp_type_code or f"{text.partition(':')[0]}:*" in wide.icmp_type_code
        for text in narrow.icmp_type_code
    )
    return bool(narrow.icmp_type_code) and all(accepted)


_SCOPE_LIMITS: tuple[Callable[[Rule, Rule], bool], ...] = (
    lambda wide, narrow: narrow.profiles <= wide.profiles,
    lambda wide, narrow: narrow.localport <= wide.localport,
    lambda wide, narrow: narrow.remoteport <= wide.remoteport,
    lambda wide, narrow: narrow.localip <= wide.localip,
    lambda wide, narrow: narrow.remoteip <= wide.remoteip,
)
_OTHER_LIMITS: tuple[Callable[[Rule, Rule], bool], ...] = (
    lambda wide, narrow: wide.direction == narrow.direction,
    lambda wide, narrow: wide.protocol in (ANY_PROTOCOL, narrow.protocol),
    lambda wide, narrow: _same_or_unlimited(wide.program, narrow.program),
    _covers_service,
    _covers_interfaces,
    _covers_interface_types,
    _covers_icmp,
    lambda wide, narrow: wide.edge == narrow.edge or wide.edge == "yes" or narrow.edge == "no",
    lambda wide, narrow: wide.security in ("notrequired", narrow.security),
    lambda wide, narrow: wide.restrictions <= narrow.restrictions,
)


# Rules with more ports than this, or with keywords, are candidates for every rule.
_FEW_PORTS = 32


class PortIndex:
    """Rules, of which those with few ports are found by each of their ports, and the others by a look at each."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = list(rules)
        self._by_port: dict[int, list[int]] = {}
        self._wide: list[Rule] = []
        for place, rule in enumerate(self._rules):
            ports = _few_ports(rule)
            if ports is None:
                self._wide.append(rule)
            for port in ports or ():
                self._by_port.setdefault(port, []).append(place)
        self._ports = sorted(self._by_port)
        self._found: dict[tuple[Interval, ...], list[Rule]] = {}

    def covering(self, rule: Rule) -> list[Rule]:
        """Return the rules that may match all that rule matches: those have its first port."""
        return self._at(tuple((first, first) for first, _last in rule.localport.ports.pairs[:1]))

    def touching(self, rule: Rule) -> list[Rule]:
        """Return the rules that may match something that rule matches."""
        return self._rules if rule.localport.keywords else self._at(rule.localport.ports.pairs)

    def _at(self, pairs: tuple[Interval, ...]) -> list[Rule]:
        # Many rules of a host are about the same ports.
        if pairs not in self._found:
            self._found[pairs] = self._look_up(pairs)
        return self._found[pairs]

    def _look_up(self, pairs: Sequence[Interval]) -> list[Rule]:
        ports = (
            port
            for first, last in pairs
            for port in self._ports[bisect_left(self._ports, first) : bisect_right(self._ports, last)]
        )
        places = {place for port in ports for place in self._by_port[port]}
        return [
            *(self._rules[place] for place in sorted(places)),
            *(rule for rule in self._wide if _may_share_ports(pairs, rule)),
        ]


def _may_share_ports(pairs: Sequence[Interval], rule: Rule) -> bool:
    """Return whether some of these ports may be among those of a rule; keywords may be any."""
    return bool(rule.localport.keywords) or any(
        first <= end and start <= last for first, last in rule.localport.ports.pairs for start, end in pairs
    )


def _few_ports(rule: Rule) -> list[int] | None:
    """Return each port of a rule, or None where they are many or only the host knows them."""
    pairs = rule.localport.ports.pairs
    if rule.localport.keywords or sum(last - first for first, last in pairs) > _FEW_PORTS:
        return None
    return [port for first, last in pairs for port in range(first, last + 1)]
