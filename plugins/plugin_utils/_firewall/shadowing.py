# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How one rule stands among the others of a host and the state of its firewall.

    neighbours = Neighbours(have, profiles)
    neighbours.covering(rule), neighbours.hindrance(rule), neighbours.remarks(rule)

A block beats an allow, whichever store it is in and however specific either is ([MS-FASP] 2.2.34); a rule counts on its
profiles only, and a local one only where Group Policy merges local rules ([MS-FASP] 2.2.38).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .match import covers, overlaps, uncovered
from .planner import LOCAL, Present
from .rule import Rule
from .rule_index import PortIndex
from .tables import PROFILE_BITS
from .windows.network import Profile

# So many rules are named, and so many looked at together: more would tell nobody anything, and take long.
_NAMED, _TOGETHER = 3, 64


def label(present: Present) -> str:
    """Return the name of a rule, and of its store unless that is the local one."""
    return present.rule.name if present.store == LOCAL else f"{present.rule.name} (Group Policy)"


def labels(presents: Sequence[Present]) -> str:
    """Return the names of rules, the first ones when they are many."""
    names = list(dict.fromkeys(map(label, presents)))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


class Neighbours:
    """The rules of a host as found by port, and what its profiles let through at all."""

    def __init__(self, have: Iterable[Present], profiles: Sequence[Profile] = ()) -> None:
        self._profiles = {profile.name: profile for profile in profiles or map(Profile, PROFILE_BITS)}
        self._presents = {id(present.rule): present for present in have if present.rule.enabled and not self._is_ignored(present)}
        rules = [present.rule for present in self._presents.values()]
        self._allows = PortIndex([rule for rule in rules if rule.action == "allow"])
        self._blocks = [rule for rule in rules if rule.action == "block"]
        self._secured = [rule for rule in rules if rule.action == "allow" and rule.security != "notrequired"]

    def covering(self, rule: Rule) -> list[Present]:
        """Return rules that admit all that rule admits, one or several together; none when there are none."""
        one = next((other for other in self._allows.covering(rule) if other is not rule and covers(other, rule)), None)
        if one is not None:
            return [self._presents[id(one)]]
        others = [other for other in self._allows.touching(rule) if other is not rule and overlaps(other, rule)]
        if len(others) > _TOGETHER or uncovered(rule, others):
            return []
        return [self._presents[id(other)] for other in _needed(rule, others)]

    def covered(self, rule: Rule) -> list[Present]:
        """Return rules that admit a part of what rule admits and nothing else."""
        return [self._presents[id(other)] for other in self._allows.touching(rule) if other is not rule and covers(rule, other)]

    @staticmethod
    def is_equal(rule: Rule, present: Present) -> bool:
        """Return whether a rule that covers another one admits nothing else."""
        return covers(rule, present.rule)

    def hindrance(self, rule: Rule) -> str:
        """Return why nothing of an enabled local rule is in force now, or ""."""
        if not rule.enabled:
            return ""
        active = [profile for profile in self._profiles.values() if profile.active]
        mine = [profile for profile in active if profile.name in rule.profiles]
        if not mine:
            return f"its profiles are not active (active: {_names(active)})"
        for is_so, text in _HINDRANCES:
            if all(is_so(profile, rule) for profile in mine):
                return f"{text} on {_names(mine)}"
        blocks = self._blocks_on(rule)
        return f"blocked by {labels(blocks)}" if blocks and not uncovered(rule, [block.rule for block in blocks]) else ""

    def remarks(self, rule: Rule) -> list[str]:
        """Return what limits an enabled rule, and which rule it undercuts."""
        if not rule.enabled:
            return []
        hindrance = self.hindrance(rule)
        found = [f"ineffective: {hindrance}"] if hindrance else []
        blocks = [] if hindrance else self._blocks_on(rule)
        found += [f"partly blocked by {labels(blocks)}"] if blocks else []
        asks = [other for other in self._secured if rule.security == "notrequired" and rule.admits and overlaps(other, rule)]
        verb = "requires" if len(asks) == 1 else "require"
        return found + ([f"undercuts {labels([self._presents[id(other)] for other in asks])}, which {verb} authentication"] if asks else [])

    def is_never_in_force(self, rule: Rule | None) -> bool:
        """Return whether a rule counts for nothing whichever profile is active: local rules are off, or blocks cover it."""
        if rule is None or not rule.enabled:
            return True
        blocks = self._blocks_on(rule)
        ignored = not any(self._profiles[name].merges for name in rule.profiles if name in self._profiles)
        return ignored or (bool(blocks) and not uncovered(rule, [block.rule for block in blocks]))

    def _blocks_on(self, rule: Rule) -> list[Present]:
        if rule.action != "allow":
            return []
        return [self._presents[id(block)] for block in self._blocks if overlaps(block, rule)]

    def _is_ignored(self, present: Present) -> bool:
        """Return whether Group Policy switches a rule off on all its profiles."""
        merges = [self._profiles[name].merges for name in present.rule.profiles if name in self._profiles]
        return present.store == LOCAL and bool(merges) and not any(merges)


# What may be so on every active profile of a rule, and how it is said.
_HINDRANCES = (
    (lambda profile, rule: not profile.enabled, "the firewall is off"),
    (lambda profile, rule: profile.shields_up and rule.direction == "in" and rule.action == "allow", "all inbound traffic is blocked"),
    (lambda profile, rule: not profile.merges, "Group Policy switches local rules off"),
)


def _names(profiles: Sequence[Profile]) -> str:
    return ", ".join(profile.name for profile in profiles) or "none"


def _needed(rule: Rule, others: Sequence[Rule]) -> list[Rule]:
    """Return others without those that the rest can do without."""
    needed = list(others)
    for other in others:
        rest = [one for one in needed if one is not other]
        if not uncovered(rule, rest):
            needed = rest
    return needed
