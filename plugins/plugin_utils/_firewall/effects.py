# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each change, and each rule, really does beside the other rules of the host, in words.

    "new admission"                              nobody admitted it before
    "already admitted by CS RTCSRV"              enabled allow rules, one or together, cover it on all its profiles
    "wider than before", "narrower than before", "moved: ...", "no longer admitted"
    "still admitted by RULE"                     rules that are there afterwards cover what this one admitted
    "no change of admission"                     a description, a disabled rule

Behind these stands what is true of the rule as it will be: "ineffective: ...", "partly blocked by RULE",
"undercuts RULE, which requires authentication" (standing.py). Rules of Group Policy are looked at like local ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .planner import LOCAL, Change, Changes, Present, applied
from .rule import Rule
from .shadowing import Neighbours, label, labels
from .windows.network import Profile

_NO_CHANGE = "no change of admission"
_TEXTS = {
    # (is there a before, is there an after, opens, closes)
    (False, True, True, False): "new admission",
    (False, True, False, True): "newly blocked",
    (True, True, True, False): "wider than before",
    (True, True, False, True): "narrower than before",
    (True, True, True, True): "moved: admits something new and something less than before",
    (True, False, False, True): "no longer admitted",
    (True, False, True, False): "no longer blocked",
}


@dataclass(frozen=True)
class RuleEffect:
    """What one rule of the owned group does; effective is False where nothing of it is in force now."""

    name: str
    effect: str
    effective: bool


def describe_effects(have: Sequence[Present], changes: Changes, profiles: Sequence[Profile] = ()) -> Changes:
    """Return the changes with effect and changes_admission filled in; without profiles, all are taken to be in force."""
    if not changes.now:
        return changes
    old, new = Neighbours(have, profiles), Neighbours(applied(have, changes.now), profiles)
    return replace(changes, now=tuple(_described(change, old, new) for change in changes.now))


def rule_effects(have: Sequence[Present], changes: Changes, profiles: Sequence[Profile], group: str) -> tuple[RuleEffect, ...]:
    """Return the effect of each rule that the owned group has after the changes, whose effects are described already."""
    after = applied(have, changes.now)
    new = Neighbours(after, profiles)
    said = {id(change.after): change.effect for change in changes.now}
    own = sorted((present for present in after if present.store == LOCAL and present.rule.group == group), key=lambda present: present.rule.name)
    return tuple(_rule_effect(present, said.get(id(present.rule), ""), new) for present in own)


def _rule_effect(present: Present, said: str, new: Neighbours) -> RuleEffect:
    rule = present.rule
    hindrance = new.hindrance(rule)
    if said and said != _NO_CHANGE:
        return RuleEffect(rule.name, said, rule.enabled and not hindrance)
    text = "; ".join([_standing(rule, new), *new.remarks(rule)])
    return RuleEffect(rule.name, text, rule.enabled and not hindrance)


def _standing(rule: Rule, new: Neighbours) -> str:
    """Return what a rule that does not change is beside the others."""
    if not rule.admits:
        return "blocks" if rule.enabled else "disabled"
    covering = new.covering(rule)
    if len(covering) == 1:
        word = "already admitted by" if new.is_equal(rule, covering[0]) else "narrower than"
        return f"{word} {label(covering[0])}"
    if covering:
        return f"already admitted by {labels(covering)} together"
    covered = new.covered(rule)
    return f"wider than {labels(covered)}" if covered else "admits what no other rule does"


def _described(change: Change, old: Neighbours, new: Neighbours) -> Change:
    effect, changes_admission = _effect(change, old, new)
    if change.after is None or effect == _NO_CHANGE:
        return replace(change, effect=effect, changes_admission=changes_admission)
    latent = old.is_never_in_force(change.before.rule if change.before else None) and new.is_never_in_force(change.after)
    return replace(change, effect="; ".join([effect, *new.remarks(change.after)]), changes_admission=changes_admission and not latent)


def _effect(change: Change, old: Neighbours, new: Neighbours) -> tuple[str, bool]:
    """Return the effect beside what the host admitted before (old) and admits after (new)."""
    moves = change.moves
    if not (moves.opens or moves.closes):
        return _NO_CHANGE, False
    before, after = None if change.before is None else change.before.rule, change.after
    found = [("already", old.covering(after))] if moves.opens and after is not None else []
    found += [("still", new.covering(before))] if moves.closes and before is not None else []
    names = [f"{word} admitted by {labels(rules)}{' together' if len(rules) > 1 else ''}" for word, rules in found if rules]
    # What a block takes away stays away, whoever allows it.
    if not names or len(names) < moves.opens + moves.closes or _blocks(before) or _blocks(after):
        return _TEXTS[(before is not None, after is not None, moves.opens, moves.closes)], True
    return " and ".join(names), False


def _blocks(rule: Rule | None) -> bool:
    return rule is not None and rule.enabled and rule.action == "block"
