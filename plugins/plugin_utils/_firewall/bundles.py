# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Thousands of rules, found by what they match: those that differ in remote addresses, program, or users are a bundle.

    bundles = Bundles(rules)
    bundles.covering(rule)      each of rules that matches all that rule matches
    bundles.overlapping(rule)   each of rules that may match a packet that rule matches
    bundles.uncovered(rule)     what of rule none of rules matches

Lists of blocked addresses are such rules, and those that Windows makes of every user's applications: a host may have
7,000 of them, of which a question looks at one bundle. The answers are those of match.py over all rules, in their
order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace

from .match import PortIndex, covers, overlaps, uncovered
from .rule import AddressScope, Rule

_LOOSE = ("remoteip", "program", "restrictions")
_TOLD_APART = tuple(
    one.name for one in fields(Rule) if one.name not in ("name", "group", "description", "enabled", *_LOOSE)
)
Placed = tuple[int, Rule]


@dataclass
class _Bundle:
    """Rules that differ in the loose limits alone, each with its place among all.

    shape: what they have in common. parts: by program and restrictions, where all are of one program and of the same
    users.
    """

    shape: Rule
    parts: dict[tuple[str, frozenset[tuple[str, str]]], list[Placed]] = field(default_factory=dict)
    chosen: dict[object, list[Placed]] = field(default_factory=dict)
    united: dict[object, list[Rule]] = field(default_factory=dict)

    def add(self, place: int, rule: Rule) -> None:
        """Take one more rule."""
        self.parts.setdefault((rule.program.casefold(), rule.restrictions), []).append((place, rule))

    def choose(self, question: str, rule: Rule) -> list[Placed]:
        """Return the members whose loose limits answer a question about those of a rule; each is asked once."""
        asked = (question, *(getattr(rule, name) for name in _LOOSE))
        if asked not in self.chosen:
            is_so, has_sources = _QUESTIONS[question]
            parts = [members for members in self.parts.values() if is_so(members[0][1], rule)]
            self.chosen[asked] = [
                one for members in parts for one in members if has_sources(one[1].remoteip, rule.remoteip)
            ]
        return self.chosen[asked]

    def wholes(self, rule: Rule) -> Iterator[Rule]:
        """Yield for each part about the program and the users of a rule one rule that is all of it but the rule."""
        for key, members in self.parts.items():
            if not _is_for(members[0][1], rule):
                continue
            if any(one is rule for _place, one in members):
                yield from _unite([one for _place, one in members if one is not rule])
                continue
            if key not in self.united:
                self.united[key] = _unite([one for _place, one in members])
            yield from self.united[key]


def _unite(rules: list[Rule]) -> list[Rule]:
    """Return one rule that is all of these, which differ in remote addresses alone; none for none."""
    return [replace(one, remoteip=one.remoteip.united(other.remoteip for other in rules[1:])) for one in rules[:1]]


def _is_for(wide: Rule, narrow: Rule) -> bool:
    """Return whether one rule is for every program and user of another."""
    return wide.program.casefold() in ("", narrow.program.casefold()) and wide.restrictions <= narrow.restrictions


def _may_be_of_one_program(one: Rule, other: Rule) -> bool:
    return not one.program or not other.program or one.program.casefold() == other.program.casefold()


# What is asked of program and users of a member and a rule, and what of their remote addresses.
_QUESTIONS: dict[str, tuple[Callable[[Rule, Rule], bool], Callable[[AddressScope, AddressScope], bool]]] = {
    "overlaps": (_may_be_of_one_program, lambda theirs, ours: theirs.meets(ours)),
    "covers": (_is_for, lambda theirs, ours: ours <= theirs),
    "is covered": (lambda theirs, ours: _is_for(ours, theirs), lambda theirs, ours: theirs <= ours),
}


class Bundles:
    """Rules of one action."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        found: dict[object, _Bundle] = {}
        for place, rule in enumerate(rules):
            limits = tuple(getattr(rule, name) for name in _TOLD_APART)
            shape = found.get(limits) or _Bundle(replace(rule, **{name: _LIMITLESS[name] for name in _LOOSE}))
            found.setdefault(limits, shape).add(place, rule)
        self._bundles = {id(bundle.shape): bundle for bundle in found.values()}
        self._index = PortIndex([bundle.shape for bundle in found.values()])
        # One rule is asked about more than once.
        self._met: dict[Rule, list[Rule]] = {}

    def covering(self, rule: Rule) -> list[Rule]:
        """Return the rules each of which matches all that rule matches; rule itself is none of them."""
        shapes = (shape for shape in self._index.covering(rule) if covers(shape, rule))
        return self._choose("covers", shapes, rule)

    def covered(self, rule: Rule) -> list[Rule]:
        """Return the rules that match nothing but what rule matches."""
        bare = replace(rule, **{name: _LIMITLESS[name] for name in _LOOSE})
        shapes = (shape for shape in self._index.touching(rule) if covers(bare, shape))
        return self._choose("is covered", shapes, rule)

    def overlapping(self, rule: Rule) -> list[Rule]:
        """Return the rules that may match something that rule matches."""
        return self._choose("overlaps", self._meeting(rule), rule)

    def uncovered(self, rule: Rule) -> tuple[Rule, ...]:
        """Return what the rules but rule itself do not match of it together; () when they cover it."""
        bundles = (self._bundles[id(shape)] for shape in self._meeting(rule))
        return uncovered(rule, (whole for bundle in bundles for whole in bundle.wholes(rule)))

    def _meeting(self, rule: Rule) -> list[Rule]:
        if rule not in self._met:
            self._met[rule] = [shape for shape in self._index.touching(rule) if overlaps(shape, rule)]
        return self._met[rule]

    def _choose(self, question: str, shapes: Iterable[Rule], rule: Rule) -> list[Rule]:
        found = [one for shape in shapes for one in self._bundles[id(shape)].choose(question, rule)]
        return [one for _place, one in sorted(found, key=lambda placed: placed[0]) if one is not rule]


_LIMITLESS = {name: getattr(Rule(""), name) for name in _LOOSE}
