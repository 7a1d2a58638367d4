# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to change on a host so that it has the wanted rules: a plan of changes, in order.

    plan_changes(want, have, State.REPLACED, Phase.ALL)
    -> Changes(now=(Change(Kind.ADD, "SIP", Cause.MISSING, before=None, after=Present(...)), ...), later=())

Rules are matched by name within the owned group; long ones are kept in parts (rule_split.py). Rules outside the group
are foreign: they are looked at to say what a change really does, and never written, but for the disables of OVERRIDDEN.
Phases let a deployment open everywhere before it closes anywhere: what OPEN does never ends an admission, and CLOSE
does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .._base.addresses import ANY_PORT, PortSet
from .._base.changes import Cause, Change, Changes, Kind, Phase, State
from .host_facts import LOCAL, Present
from .match import PortIndex, movement, overlaps, uncovered
from .options import OWNED_GROUP
from .rule import ANY_PROTOCOL, TCP, UDP, PortScope, Rule, differing, protocol_text
from .rule_split import base_name, split
from .setup_rules import made_by_setup

_SHOWN_PORTS = 5

RuleChange = Change[Present]
RuleChanges = Changes[Present]


def rule_change(
    kind: Kind, name: str, cause: Cause, before: Present | None, after: Rule | None, detail: str = ""
) -> RuleChange:
    """Return a change of one rule, with what it does to admission looked at alone."""
    old = None if before is None else before.rule
    moves = movement(old, after)
    return Change(
        kind,
        name,
        cause,
        before,
        None if after is None else Present(after, {}),
        properties=differing(old, after) if old is not None and after is not None else (),
        opens=moves.opens,
        closes=moves.closes,
        detail=detail,
    )


def plan_changes(
    want: Sequence[Rule],
    have: Sequence[Present],
    state: State = State.REPLACED,
    phase: Phase = Phase.ALL,
    group: str = OWNED_GROUP,
    unprotected: frozenset[str] = frozenset(),
) -> RuleChanges:
    """Return the changes that make the owned group of have what state says about want.

    DELETED looks at the names of want only, and removes the whole group when there is none. GATHERED changes nothing.
    unprotected: names of foreign rules that OVERRIDDEN may disable although they are protected.
    The result depends on nothing else, and is empty when it is computed again after it was applied.
    """
    local = [present for present in have if present.store == LOCAL]
    own = _Own.of([present for present in local if present.rule.group == group])
    changes = _PLANNERS[state](want, own)
    if state is State.OVERRIDDEN:
        changes += _plan_disables(want, [present for present in local if present.rule.group != group], unprotected)
    return _PHASES[phase](sorted(changes, key=_order))


def in_order(changes: Iterable[RuleChange]) -> RuleChanges:
    """Return changes, found in another way, in the order in which they are made."""
    return _plan_all(sorted(changes, key=_order))


def applied(have: Sequence[Present], changes: Iterable[RuleChange]) -> tuple[Present, ...]:
    """Return what the host has after the changes; rules that the changes make have no COM properties."""
    found: list[Present | None] = list(have)
    places = {id(present): place for place, present in enumerate(have)}
    for change in changes:
        if id(change.before) in places:
            found[places[id(change.before)]] = change.after
        else:
            found.append(change.after)
    return tuple(present for present in found if present is not None)


@dataclass(frozen=True)
class _Own:
    """The rules of the owned group by name; those that are named like parts also by the name of their whole."""

    by_name: Mapping[str, list[Present]]
    parts: Mapping[str, list[Present]]

    @classmethod
    def of(cls, presents: Iterable[Present]) -> _Own:
        """Return the rules found by name."""
        by_name: dict[str, list[Present]] = {}
        parts: dict[str, list[Present]] = {}
        for present in presents:
            name = present.rule.name
            by_name.setdefault(name, []).append(present)
            if base_name(name) != name:
                parts.setdefault(base_name(name), []).append(present)
        return cls(by_name, parts)

    def named(self, name: str) -> list[Present]:
        """Return the rules of a name, and the parts of a rule of that name."""
        return [*self.by_name.get(name, []), *self.parts.get(name, [])]

    def all(self) -> list[Present]:
        """Return every rule once."""
        return [present for presents in self.by_name.values() for present in presents]


def _merge_rules(want: Sequence[Rule], own: _Own) -> list[RuleChange]:
    return [change for rule in want for change in _one_rule(rule, own.named(rule.name))]


def _replace_rules(want: Sequence[Rule], own: _Own) -> list[RuleChange]:
    wanted = {id(present) for rule in want for present in own.named(rule.name)}
    stale = [present for present in own.all() if id(present) not in wanted]
    return _merge_rules(want, own) + [_make_removal(present, Cause.NOT_WANTED) for present in stale]


def _delete_rules(want: Sequence[Rule], own: _Own) -> list[RuleChange]:
    found = [present for rule in want for present in own.named(rule.name)] if want else own.all()
    return [_make_removal(present, Cause.DELETED) for present in found]


_PLANNERS: Mapping[State, Callable[[Sequence[Rule], _Own], list[RuleChange]]] = {
    State.MERGED: _merge_rules,
    State.REPLACED: _replace_rules,
    State.OVERRIDDEN: _replace_rules,
    State.DELETED: _delete_rules,
    State.GATHERED: lambda want, own: [],
}


def _one_rule(rule: Rule, presents: Sequence[Present]) -> list[RuleChange]:
    """Return the changes that leave one rule, or the parts of one that is too long, and nothing else of these."""
    parts = split(rule, [present.rule for present in presents])
    by_name: dict[str, list[Present]] = {part.name: [] for part in parts}
    changes = []
    for present in presents:
        if present.rule.name in by_name:
            by_name[present.rule.name].append(present)
        else:
            changes.append(_make_removal(present, Cause.KEPT_IN_PARTS, rule.name))
    return changes + [change for part in parts for change in _one_name(part, by_name[part.name])]


def _one_name(rule: Rule, matches: Sequence[Present]) -> list[RuleChange]:
    """Return the changes that leave exactly one rule of this name, and that one as wanted."""
    if not matches:
        return [rule_change(Kind.ADD, rule.name, Cause.MISSING, None, rule)]
    kept = min(matches, key=lambda present: len(differing(present.rule, rule)))
    changes = [_make_removal(present, Cause.DUPLICATE) for present in matches if present is not kept]
    properties = differing(kept.rule, rule)
    if properties:
        kind = Kind.DISABLE if properties == ("enabled",) and not rule.enabled else Kind.CHANGE
        changes.append(rule_change(kind, rule.name, Cause.DIFFERENT, kept, rule))
    return changes


def _make_removal(present: Present, cause: Cause, detail: str = "") -> RuleChange:
    return rule_change(Kind.REMOVE, present.rule.name, cause, present, None, detail)


def _add_beside(change: RuleChange, cause: Cause) -> RuleChange:
    """Return the addition of what a change leads to, beside the rule as it is."""
    after = None if change.after is None else change.after.rule
    return rule_change(Kind.ADD, change.name, cause, None, after, ", ".join(change.properties))


# What OVERRIDDEN does beside REPLACED.


def is_protected(rule: Rule, unprotected: frozenset[str] = frozenset()) -> bool:
    """Return whether a foreign rule is left as it is whatever it admits; unprotected holds names that lift this."""
    # Groups that start with @ are those of Windows.
    is_of_others = rule.group.startswith("@") or made_by_setup(rule.name)
    return rule.name not in unprotected and is_of_others


def _plan_disables(want: Sequence[Rule], foreign: Sequence[Present], unprotected: frozenset[str]) -> list[RuleChange]:
    """Return the changes that disable foreign rules which admit more than the list on its ports."""
    excesses = admitting_more(want, [present.rule for present in foreign], unprotected)
    return [
        rule_change(
            Kind.DISABLE, present.rule.name, Cause.ADMITS_MORE, present, replace(present.rule, enabled=False), excess
        )
        for present, excess in zip(foreign, excesses, strict=True)
        if excess
    ]


def admitting_more(want: Iterable[Rule], foreign: Sequence[Rule], unprotected: frozenset[str]) -> list[str]:
    """Return for each foreign rule on which ports of the list it admits more than the list, or "" where it stays.

    The ports of the list are the local ones of its enabled inbound TCP and UDP rules that allow; a rule without a limit
    to ports names none. Rules of Windows and of the product's setup are protected unless they are named.
    """
    wanted = [rule for rule in want if rule.admits and rule.direction == "in"]
    ports = {protocol: _unite_local_ports(wanted, protocol) for protocol in (TCP, UDP)}
    index = PortIndex(wanted)
    return ["" if _is_left_alone(rule, unprotected) else _describe_excess(rule, ports, index) for rule in foreign]


def _is_left_alone(rule: Rule, unprotected: frozenset[str]) -> bool:
    return not rule.admits or rule.direction != "in" or is_protected(rule, unprotected)


def _unite_local_ports(wanted: Iterable[Rule], protocol: int) -> PortScope:
    limited = [rule.localport for rule in wanted if rule.protocol == protocol and not rule.localport.is_any]
    return _unite_scopes(limited)


def _describe_excess(rule: Rule, ports: dict[int, PortScope], index: PortIndex) -> str:
    found = []
    for protocol, listed in ports.items():
        if rule.protocol not in (protocol, ANY_PROTOCOL):
            continue
        shared = replace(rule, protocol=protocol, localport=rule.localport & listed)
        left = uncovered(shared, index.touching(shared)) if shared.localport else ()
        whole = _unite_scopes(part.localport for part in left)
        texts = ("every port",) if whole.ports == ANY_PORT else whole.to_text()
        more = " ..." if len(texts) > _SHOWN_PORTS else ""
        found += [f"{protocol_text(protocol)} {', '.join(texts[:_SHOWN_PORTS])}{more}"] if texts else []
    return " and ".join(found)


def _unite_scopes(scopes: Iterable[PortScope]) -> PortScope:
    whole = PortScope(PortSet())
    for scope in scopes:
        whole = whole | scope
    return whole


# The order of changes, and the phases.

_KIND_ORDER = {Kind.ADD: 0, Kind.CHANGE: 1, Kind.DISABLE: 2, Kind.REMOVE: 3}


def _order(change: RuleChange) -> tuple[bool, int, str]:
    """Return the sort key: what only closes comes last, and within that additions, changes, disables, removals."""
    return (_only_closes(change), _KIND_ORDER[change.kind], change.name)


def _only_closes(change: RuleChange) -> bool:
    return not change.opens and (change.closes or change.kind is Kind.REMOVE)


def _moves_allow(change: RuleChange) -> bool:
    return change.opens and change.closes and change.after is not None and change.after.rule.admits


def _plan_all(changes: Sequence[RuleChange]) -> RuleChanges:
    """Do all."""
    return Changes(now=_without_gaps(changes))


def _without_gaps(changes: Sequence[RuleChange]) -> tuple[RuleChange, ...]:
    """Return changes in an order in which no traffic that is admitted before and after them is not for a moment.

    What a rule gives up waits for whatever takes it over. A rule that only opens gives nothing up, so these come first;
    then those that move, each after those that take over from it; then what only closes.
    """
    moving = [change for change in changes if _moves_allow(change)]
    opened = PortIndex([change.after.rule for change in changes if change.opens and change.after is not None])
    if not any(_find_takers(change, opened) for change in moving):
        return tuple(changes)
    ordered, doubled = _order_relay(moving)
    added = [_add_beside(change, Cause.BESIDE_UNTIL_LAST) for change in doubled]
    removed = [_make_removal(change.before, Cause.SUPERSEDED) for change in doubled if change.before is not None]
    moved = {id(change) for change in moving}
    rest = [change for change in changes if id(change) not in moved]
    opening = sorted([*(change for change in rest if not _only_closes(change)), *added], key=_order)
    closing = sorted([*(change for change in rest if _only_closes(change)), *removed], key=_order)
    return (*opening, *ordered, *closing)


def _order_relay(moving: Sequence[RuleChange]) -> tuple[list[RuleChange], list[RuleChange]]:
    """Return changes in an order in which none ends what a later one takes over, and those without such an order."""
    afters = [None if change.after is None else change.after.rule for change in moving]
    places = {id(rule): place for place, rule in enumerate(afters)}
    index = PortIndex([rule for rule in afters if rule is not None])
    heirs_of = [_find_heirs(change, places, index) for change in moving]
    waiting_for: list[list[int]] = [[] for _change in moving]
    for place, heirs in enumerate(heirs_of):
        for heir in heirs:
            waiting_for[heir].append(place)
    ready = [place for place, heirs in enumerate(heirs_of) if not heirs]
    for done in ready:
        for place in waiting_for[done]:
            heirs_of[place].discard(done)
            if not heirs_of[place]:
                ready.append(place)
    doubled = [change for change, heirs in zip(moving, heirs_of, strict=True) if heirs]
    return [moving[place] for place in ready], doubled


def _find_heirs(change: RuleChange, places: Mapping[int, int], index: PortIndex) -> set[int]:
    """Return the places of other changes that take over what one of a rule that allows does not admit any more."""
    return {places[id(rule)] for rule in _find_takers(change, index)}


def _find_takers(change: RuleChange, index: PortIndex) -> list[Rule]:
    """Return the rules of an index, but the change's own, that may match what the change gives up."""
    if change.before is None or change.after is None:
        return []
    given_up = uncovered(change.before.rule, [change.after.rule])
    taking = [rule for part in given_up for rule in index.touching(part) if overlaps(rule, part)]
    return [rule for rule in taking if rule is not change.after.rule]


def _plan_open(changes: Sequence[RuleChange]) -> RuleChanges:
    """Do what closes nothing. An allow rule that moves gets its new content as a second rule beside the old one."""
    now: list[RuleChange] = []
    later: list[RuleChange] = []
    for change in changes:
        if not change.closes and not _only_closes(change):
            now.append(change)
        elif change.before is not None and change.after is not None and _moves_allow(change):
            now.append(_add_beside(change, Cause.BESIDE_UNTIL_CLOSE))
            later.append(_make_removal(change.before, Cause.SUPERSEDED))
        else:
            later.append(change)
    return Changes(tuple(sorted(now, key=_order)), tuple(sorted(later, key=_order)))


def _plan_close(changes: Sequence[RuleChange]) -> RuleChanges:
    """Do what phase open leaves; a rule that moves and has no second one yet is changed in place."""
    closing = [change.closes or _only_closes(change) for change in changes]
    now = [change for change, closes in zip(changes, closing, strict=True) if closes]
    later = tuple(change for change, closes in zip(changes, closing, strict=True) if not closes)
    return Changes(_without_gaps(now), later)


_PHASES = {Phase.ALL: _plan_all, Phase.OPEN: _plan_open, Phase.CLOSE: _plan_close}
