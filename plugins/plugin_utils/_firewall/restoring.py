# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of an earlier state of a host comes back: our group, and foreign rules that were disabled for it.

    pairs = pair_rules(rules of the snapshot, rules of the host)
    plan_restoration(pairs, group, unprotected) -> Changes(now=(Change(Kind.ADD, "SIP", Cause.WAS_THERE, ...), ...))
    foreign_differences(pairs, group) -> ("rule Web of group Contoso was added since", ...)

A disabled rule does not say who disabled it. It is taken for ours when the planner would disable it for the rules of
our group, those of the host or those of the snapshot, and nothing of it but that differs from the snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from .._base.changes import Cause, Kind
from .host_facts import LOCAL, Present
from .planner import RuleChange, RuleChanges, admitting_more, in_order, rule_change
from .rule import Rule, differing

_TEXTS = ("name", "group", "description")


@dataclass(frozen=True)
class Pair:
    """A rule as the snapshot has it and as the host has it, None where one has it not."""

    then: Rule | None
    now: Present | None

    @property
    def differing(self) -> tuple[str, ...]:
        """Return in what the two differ, as far as a snapshot tells; nothing where one of them is missing."""
        if self.then is None or self.now is None:
            return ()
        return tuple(name for name in differing(self.then, self.now.rule) if not _is_untold(self.then, name))

    def is_of(self, group: str) -> bool:
        """Return whether the rule is or was one of a group."""
        rules = (self.then, None if self.now is None else self.now.rule)
        return any(rule is not None and rule.group == group for rule in rules)


def pair_rules(then: Sequence[Rule], have: Sequence[Present]) -> tuple[Pair, ...]:
    """Return the rules of a snapshot with those of the host's own store that they are now.

    First those that are the same, then those that are switched, then those of one name and group.
    """
    left, now = list(then), [present for present in have if present.store == LOCAL]
    found: list[Pair] = []
    for key in (_content, _switched, _place):
        pairs, left, now = _take(left, now, key)
        found += pairs
    return (*found, *(Pair(rule, None) for rule in left), *(Pair(None, present) for present in now))


def _take(
    then: Sequence[Rule], have: Sequence[Present], key: Callable[[Rule], Hashable]
) -> tuple[list[Pair], list[Rule], list[Present]]:
    """Return the pairs of one key, and what is left of both sides; rules whose texts are told find theirs first."""
    waiting: dict[Hashable, list[Present]] = {}
    for present in have:
        waiting.setdefault(key(present.rule), []).append(present)
    pairs: list[Pair] = []
    left: list[Rule] = []
    for rule in sorted(then, key=lambda one: one.name.startswith("@")):
        same = next((one for one in waiting.get(key(rule), ()) if _has_texts(rule, one.rule)), None)
        if same is None:
            left.append(rule)
            continue
        waiting[key(rule)].remove(same)
        pairs.append(Pair(rule, same))
    return pairs, left, [present for presents in waiting.values() for present in presents]


def _content(rule: Rule) -> Hashable:
    """Return what a rule does; texts are compared apart, of interfaces only how many there are.

    A snapshot has identifiers of interfaces, and COM their names.
    """
    program, service = rule.program.casefold(), rule.service.casefold()
    bare = replace(rule, name="", group="", description="")
    return replace(bare, program=program, service=service, interfaces=_count(rule))


def _switched(rule: Rule) -> Hashable:
    return _content(replace(rule, enabled=True))


def _place(rule: Rule) -> Hashable:
    return (rule.name, rule.group)


def _count(rule: Rule) -> frozenset[str]:
    return frozenset({str(len(rule.interfaces))} if rule.interfaces else ())


def _has_texts(then: Rule, now: Rule) -> bool:
    """Return whether texts are the same; one that stands in a file of Windows (@FILE,-NUMBER) may be any text."""
    return all(_is_untold(then, name) or getattr(then, name) == getattr(now, name) for name in ("name", "group"))


def _is_untold(then: Rule, name: str) -> bool:
    if name == "interfaces":
        return bool(then.interfaces)
    return name in _TEXTS and getattr(then, name).startswith("@")


def plan_restoration(pairs: Sequence[Pair], group: str, unprotected: frozenset[str]) -> RuleChanges:
    """Return the changes that give a host the rules of a group as they were, and enable foreign rules again.

    unprotected: names of foreign rules that may have been disabled although they are protected.
    """
    own = [pair for pair in pairs if pair.is_of(group)]
    changes = [change for pair in own for change in _bring_back(pair)]
    return in_order([*changes, *map(_enable, _find_disabled(pairs, own, group, unprotected))])


def name_untold(pairs: Sequence[Pair], group: str) -> list[str]:
    """Return the rules of a group that have to come back, and of which a snapshot does not tell all: by which names the
    host knows their interfaces.
    """
    own = [pair.then for pair in pairs if pair.is_of(group) and (pair.now is None or pair.differing)]
    return [rule.name for rule in own if rule is not None and rule.interfaces]


def _bring_back(pair: Pair) -> Iterator[RuleChange]:
    if pair.then is None and pair.now is not None:
        yield rule_change(Kind.REMOVE, pair.now.rule.name, Cause.WAS_NOT_THERE, pair.now, None)
    elif pair.then is not None and (pair.now is None or pair.differing):
        kind = Kind.ADD if pair.now is None else Kind.CHANGE
        yield rule_change(kind, pair.then.name, Cause.WAS_THERE, pair.now, pair.then)


def _enable(present: Present) -> RuleChange:
    enabled = replace(present.rule, enabled=True)
    return rule_change(Kind.CHANGE, enabled.name, Cause.WAS_ENABLED, present, enabled)


def _find_disabled(
    pairs: Sequence[Pair], own: Sequence[Pair], group: str, unprotected: frozenset[str]
) -> list[Present]:
    """Return the foreign rules that the rules of our group may have disabled."""
    foreign = [pair for pair in pairs if not pair.is_of(group) and _was_switched_off(pair)]
    off = [pair.now for pair in foreign if pair.now is not None]
    were = [replace(present.rule, enabled=True) for present in off]
    lists = [
        [pair.then for pair in own if pair.then is not None],
        [pair.now.rule for pair in own if pair.now is not None],
    ]
    found = [admitting_more(rules, were, unprotected) for rules in lists]
    return [present for present, excesses in zip(off, zip(*found, strict=True), strict=True) if any(excesses)]


def _was_switched_off(pair: Pair) -> bool:
    return pair.then is not None and pair.then.enabled and pair.differing == ("enabled",)


def foreign_differences(pairs: Sequence[Pair], group: str) -> tuple[str, ...]:
    """Return in what the foreign rules of a host differ from a snapshot, one line each, in the order of their names."""
    foreign = [pair for pair in pairs if not pair.is_of(group)]
    return tuple(sorted(line for pair in foreign for line in _describe(pair)))


def _describe(pair: Pair) -> Iterator[str]:
    if pair.now is None and pair.then is not None:
        yield f"{_title(pair.then)} was removed since"
    elif pair.then is None and pair.now is not None:
        yield f"{_title(pair.now.rule)} was added since"
    elif pair.now is not None and pair.differing:
        switched = "enabled since" if pair.now.rule.enabled else "disabled since"
        what = switched if pair.differing == ("enabled",) else f"changed since: {', '.join(pair.differing)}"
        yield f"{_title(pair.now.rule)} was {what}"


def _title(rule: Rule) -> str:
    return f"rule {rule.name}{f' of group {rule.group}' if rule.group else ''}"
