# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules of a host before and after changes, and who loses which port by them; also beside thousands of others.

    comparison = Comparison(host.rules, after, changes)
    comparison.lost(Target(5061, "10.1.0.11"), profile)      the sources that the changes take

A host has many ports and a rule of others for each blocked address, so nothing here looks at every rule for every port.
What stays through the changes is found by port. Of it, rules that differ in remote addresses alone are united, and what
never surely matches counts where a changed rule has the same limits, or where something is newly blocked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

from .._base.addresses import ANY, AddressSet, PortSet
from .host_facts import LOCAL, Present, Profile
from .match import PortIndex
from .planner import RuleChange
from .reachability import Target, is_inbound_tcp, lost, reaching, standing_doubts, touches
from .rule import TCP, PortScope, Rule

_TOLD_APART = tuple(
    one.name for one in fields(Rule) if one.name not in ("name", "group", "description", "remoteip")
)


class Ports:
    """Rules, of which those that may say anything about inbound TCP are found by port."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._index = PortIndex(rule for rule in rules if is_inbound_tcp(rule))

    def at(self, port: int) -> list[Rule]:
        """Return the rules that may be about a port."""
        return self._index.touching(Rule("", protocol=TCP, localport=PortScope(PortSet.of(port))))


def united(rules: Iterable[Rule]) -> list[Rule]:
    """Return rules that match the same together, those that differ in remote addresses alone as one."""
    found: dict[object, list[Rule]] = {}
    for rule in rules:
        # A word among the addresses is a limit of its own.
        key = (*(getattr(rule, name) for name in _TOLD_APART), rule.remoteip.keywords)
        found.setdefault(key, []).append(rule)
    return [
        replace(one, remoteip=one.remoteip.united(other.remoteip for other in others)) if others else one
        for one, *others in found.values()
    ]


@dataclass(frozen=True)
class Comparison:
    """The rules of a host before and after changes, and the changes."""

    before: Sequence[Present]
    after: Sequence[Present]
    changes: Sequence[RuleChange]

    def lost(self, target: Target, profile: Profile) -> AddressSet:
        """Return the sources that the changes take from a target on a profile."""
        if not self._moved_at(target.port):
            return AddressSet()
        stays = self._staying_at(target, profile)
        gone, new = (
            [rule for rule in in_force(moved, profile) if touches(rule, target.port)] for moved in self._moved
        )
        return lost(target, profile, [*stays, *gone], [*stays, *new])

    def reaching_after(self, target: Target, profile: Profile, sources: AddressSet) -> list[Rule]:
        """Return the rules of afterwards that admit some of the sources to the target, or may do so."""
        return reaching(target, profile, self._after[profile.merges].at(target.port), sources)

    def reaches_anybody_after(self, target: Target, profile: Profile) -> bool:
        """Return whether a rule of afterwards that is for every program admits somebody to the target, or may."""
        return bool(reaching(target, profile, self._after_for_all[profile.merges].at(target.port), ANY))

    def ended_by(self, target: Target, profile: Profile, sources: AddressSet) -> tuple[str, ...]:
        """Return the names of the rules whose change ends it for sources: those that admitted them, and new blocks."""
        old = [change.before.rule for change in self.changes if change.before is not None]
        blocks = [rule for rule in self.made() if rule.action == "block" and touches(rule, target.port)]
        return tuple(sorted({rule.name for rule in [*reaching(target, profile, old, sources), *blocks]}))

    def made(self) -> list[Rule]:
        """Return the rules that the changes make, or change others into."""
        return [change.after.rule for change in self.changes if change.after is not None]

    @cached_property
    def _moved(self) -> tuple[list[Present], list[Present]]:
        """Return what is there before alone, and what is there after alone."""
        old, new = ({id(present) for present in side} for side in (self.before, self.after))
        gone = [present for present in self.before if id(present) not in new]
        return gone, [present for present in self.after if id(present) not in old]

    def _moved_at(self, port: int) -> bool:
        return any(touches(present.rule, port) for side in self._moved for present in side)

    def _staying_at(self, target: Target, profile: Profile) -> list[Rule]:
        """Return what stays and may matter to whether a target is lost."""
        new = (present.rule for present in self._moved[1])
        is_blocking = any(rule.action == "block" and touches(rule, target.port) for rule in new)
        all_matter = is_blocking or target.process is not None
        return (self._staying if all_matter else self._mattering)[profile.merges].at(target.port)

    @cached_property
    def _stays(self) -> list[Present]:
        new = {id(present) for present in self.after}
        return [present for present in self.before if id(present) in new]

    @cached_property
    def _staying(self) -> Mapping[bool, Ports]:
        return _by_merging(united, self._stays)

    @cached_property
    def _mattering(self) -> Mapping[bool, Ports]:
        """Return what stays and matters where the changes block nothing and nobody knows who listens.

        A rule that only may match keeps what a rule of the same limits loses, and nothing else.
        """
        doubts = {standing_doubts(present.rule) for side in self._moved for present in side}
        return _by_merging(united, [one for one in self._stays if _matters(one.rule, doubts)])

    @cached_property
    def _after_for_all(self) -> Mapping[bool, Ports]:
        return _by_merging(united, [one for one in self.after if not (one.rule.program or one.rule.service)])

    @cached_property
    def _after(self) -> Mapping[bool, Ports]:
        return _by_merging(list, self.after)


def _matters(rule: Rule, doubts: Collection[object]) -> bool:
    own = standing_doubts(rule)
    return not any(own) or own in doubts


def _by_merging(form: Callable[[list[Rule]], list[Rule]], have: Sequence[Present]) -> Mapping[bool, Ports]:
    """Return what counts on profiles that merge local rules, and on those that do not."""
    sides = {merges: [one.rule for one in have if merges or one.store != LOCAL] for merges in (True, False)}
    return {merges: Ports(form(rules)) for merges, rules in sides.items()}


def in_force(have: Iterable[Present], profile: Profile) -> list[Rule]:
    """Return the rules that count on a profile: where Group Policy switches local rules off, only its own."""
    return [present.rule for present in have if profile.merges or present.store != LOCAL]
