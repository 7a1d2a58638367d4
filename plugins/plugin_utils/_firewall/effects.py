# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each change, and each rule, really does beside the other rules of the host.

    Effect(kind="new_admission", text="new admission")           nobody admitted it before
    Effect(kind="already_admitted_by", by=("CS RTCSRV",), ...)   allow rules, one or together, cover it on its profiles
    Effect(kind="still_admitted_by", by=("RULE",), ...)          rules that are there afterwards cover what it admitted

Behind these stands what is true of the rule as it will be: it is ineffective, partly blocked, undercuts one that
requires authentication. Rules of Group Policy are looked at like local ones. A block beats an allow, whichever store it
is in and however specific either is ([MS-FASP] 2.2.34); a rule counts on its profiles only, and a local one only where
Group Policy merges local rules ([MS-FASP] 2.2.38).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from .._base.changes import Effect
from .bundles import Bundles
from .host_facts import GROUP_POLICY, LOCAL, MDM, Present, Profile
from .match import covers, is_without_limit, may_add, uncovered
from .planner import RuleChange, RuleChanges, applied
from .rule import PROFILE_BITS, Rule

# So many rules are named, and of so many together the needless ones are sought: more would tell nobody anything.
_NAMED, _TOGETHER = 3, 64


class EffectKind(str, Enum):
    """What a change of a rule does, and what a rule does that stays; those of exemptions come last."""

    NEW_ADMISSION = "new_admission"
    NEWLY_BLOCKED = "newly_blocked"
    WIDER = "wider"
    NARROWER = "narrower"
    MOVED = "moved"
    NO_LONGER_ADMITTED = "no_longer_admitted"
    NO_LONGER_BLOCKED = "no_longer_blocked"
    ALREADY_ADMITTED_BY = "already_admitted_by"
    STILL_ADMITTED_BY = "still_admitted_by"
    NO_CHANGE = "no_change"
    BLOCKS = "blocks"
    DISABLED = "disabled"
    ADMITS_ALONE = "admits_alone"
    NARROWER_THAN = "narrower_than"
    WIDER_THAN = "wider_than"
    INEFFECTIVE = "ineffective"
    PARTLY_INEFFECTIVE = "partly_ineffective"
    PARTLY_BLOCKED_BY = "partly_blocked_by"
    UNDERCUTS = "undercuts"
    WITHOUT_LIMIT = "without_limit"
    NEWLY_EXEMPT = "newly_exempt"
    NO_LONGER_EXEMPT = "no_longer_exempt"
    EXEMPTION_MOVED = "exemption_moved"
    ALREADY_EXEMPT_BY = "already_exempt_by"
    STILL_EXEMPT_BY = "still_exempt_by"
    NO_CHANGE_OF_EXEMPTION = "no_change_of_exemption"
    EXEMPTS_ALONE = "exempts_alone"
    CUTS_INTO = "cuts_into"
    WIDER_THAN_PROTECTION = "wider_than_protection"


# The same for people. {by}: names. {detail}: the reason. {requires}: one requires, several require.
_TEXTS: Mapping[EffectKind, str] = {
    EffectKind.NEW_ADMISSION: "new admission",
    EffectKind.NEWLY_BLOCKED: "newly blocked",
    EffectKind.WIDER: "wider than before",
    EffectKind.NARROWER: "narrower than before",
    EffectKind.MOVED: "moved: admits something new and something less than before",
    EffectKind.NO_LONGER_ADMITTED: "no longer admitted",
    EffectKind.NO_LONGER_BLOCKED: "no longer blocked",
    EffectKind.ALREADY_ADMITTED_BY: "already admitted by {by}{together}",
    EffectKind.STILL_ADMITTED_BY: "still admitted by {by}{together}",
    EffectKind.NO_CHANGE: "no change of admission",
    EffectKind.BLOCKS: "blocks",
    EffectKind.DISABLED: "disabled",
    EffectKind.ADMITS_ALONE: "admits what no other rule does",
    EffectKind.NARROWER_THAN: "narrower than {by}",
    EffectKind.WIDER_THAN: "wider than {by}",
    EffectKind.INEFFECTIVE: "ineffective: {detail}",
    EffectKind.PARTLY_INEFFECTIVE: "in part without effect: {detail}",
    EffectKind.PARTLY_BLOCKED_BY: "partly blocked by {by}",
    EffectKind.UNDERCUTS: "undercuts {by}, which {requires} authentication",
    EffectKind.WITHOUT_LIMIT: "admits every protocol on every port from everywhere",
    EffectKind.NEWLY_EXEMPT: "newly exempt",
    EffectKind.NO_LONGER_EXEMPT: "no longer exempt",
    EffectKind.EXEMPTION_MOVED: "moved: exempts something new and something less than before",
    EffectKind.ALREADY_EXEMPT_BY: "already exempt by {by}{together}",
    EffectKind.STILL_EXEMPT_BY: "still exempt by {by}{together}",
    EffectKind.NO_CHANGE_OF_EXEMPTION: "no change of what is exempt",
    EffectKind.EXEMPTS_ALONE: "exempts what no other rule does",
    EffectKind.CUTS_INTO: "cuts into {by}",
    EffectKind.WIDER_THAN_PROTECTION: "is wider than {by}, which Windows may rank either way",
}
PARTIAL = (EffectKind.PARTLY_BLOCKED_BY, EffectKind.PARTLY_INEFFECTIVE)
"""A part of the rule is not in force, and the rest is."""
# These follow "already ... by" with an "and": both are about one change.
_JOINED_BY_AND = (EffectKind.STILL_ADMITTED_BY, EffectKind.STILL_EXEMPT_BY)


def effect(kind: EffectKind, by: Sequence[str] = (), detail: str = "") -> Effect:
    """Return one effect with its text; by: names of rules, one for each rule."""
    together, requires = (" together", "require") if len(by) > 1 else ("", "requires")
    names = tuple(dict.fromkeys(by))
    text = _TEXTS[kind].format(by=shortened(names), detail=detail, together=together, requires=requires)
    return Effect(kind.value, names, text, detail)


def effects_text(effects: Iterable[Effect]) -> str:
    """Return effects of one change or one rule as one line."""
    text = ""
    for one in effects:
        separator = "" if not text else " and " if one.kind in _JOINED_BY_AND else "; "
        text += separator + one.text
    return text


_STORES: Mapping[str, str] = {LOCAL: "", GROUP_POLICY: " (Group Policy)", MDM: " (MDM)"}


def label(present: Present) -> str:
    """Return the name of a rule, and of its store unless that is the local one."""
    # A name that is a text of a library tells nothing; the id of such a rule does: WFDPRINT-SPOOL-In-Active.
    name = present.rule.name
    return (str(present.com.get("id") or name) if name.startswith("@") else name) + _STORES[present.store]


def labels(presents: Iterable[Present]) -> tuple[str, ...]:
    """Return the names of rules, one for each."""
    return tuple(map(label, presents))


def shortened(by: Iterable[str]) -> str:
    """Return names as text, each once, and the first ones alone when they are many."""
    names = tuple(dict.fromkeys(by))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


@dataclass(frozen=True)
class RuleEffect:
    """What one rule of the owned group does; effective is False where nothing of it is in force now."""

    name: str
    effects: tuple[Effect, ...]
    effective: bool

    def document(self) -> dict[str, object]:
        """Return it as the result of a module has it; by: the names of all its facts."""
        by = dict.fromkeys(name for one in self.effects for name in one.by)
        return {
            "name": self.name,
            "kinds": [one.kind for one in self.effects],
            "effect": effects_text(self.effects),
            "effective": self.effective,
            "by": list(by),
            "facts": [one.document() for one in self.effects],
        }


def describe_effects(have: Sequence[Present], changes: RuleChanges, profiles: Sequence[Profile] = ()) -> RuleChanges:
    """Return the changes with effects and changes_admission filled in; without profiles, all are taken as in force."""
    if not changes.now:
        return changes
    old, new = Neighbours(have, profiles), Neighbours(applied(have, changes.now), profiles)
    return replace(changes, now=tuple(_describe_change(change, old, new) for change in changes.now))


def rule_effects(
    have: Sequence[Present], changes: RuleChanges, profiles: Sequence[Profile], group: str
) -> tuple[RuleEffect, ...]:
    """Return the effects of each rule that the owned group has after changes whose effects are described."""
    after = applied(have, changes.now)
    new = Neighbours(after, profiles)
    described = {id(change.after): change.effects for change in changes.now}
    own = [present for present in after if present.store == LOCAL and present.rule.group == group]
    own.sort(key=lambda present: present.rule.name)
    return tuple(_rule_effect(present.rule, described.get(id(present), ()), new) for present in own)


def _rule_effect(rule: Rule, described: tuple[Effect, ...], new: Neighbours) -> RuleEffect:
    is_effective = rule.enabled and new.hindrance(rule) is None
    if described and described[0].kind != EffectKind.NO_CHANGE:
        return RuleEffect(rule.name, described, is_effective)
    return RuleEffect(rule.name, (_describe_standing(rule, new), *new.remarks(rule)), is_effective)


def _describe_standing(rule: Rule, new: Neighbours) -> Effect:
    """Return what a rule that does not change is beside the others."""
    if not rule.admits:
        return effect(EffectKind.BLOCKS if rule.enabled else EffectKind.DISABLED)
    covering = new.covering(rule)
    if covering:
        is_narrower = len(covering) == 1 and not covers(rule, covering[0].rule)
        kind = EffectKind.NARROWER_THAN if is_narrower else EffectKind.ALREADY_ADMITTED_BY
        return effect(kind, labels(covering))
    covered = new.covered(rule)
    return effect(EffectKind.WIDER_THAN, labels(covered)) if covered else effect(EffectKind.ADMITS_ALONE)


# What a change does that no other rule makes good: (is there a before, is there an after, opens, closes).
_MOVEMENTS: Mapping[tuple[bool, bool, bool, bool], EffectKind] = {
    (False, True, True, False): EffectKind.NEW_ADMISSION,
    (False, True, False, True): EffectKind.NEWLY_BLOCKED,
    (True, True, True, False): EffectKind.WIDER,
    (True, True, False, True): EffectKind.NARROWER,
    (True, True, True, True): EffectKind.MOVED,
    (True, False, False, True): EffectKind.NO_LONGER_ADMITTED,
    (True, False, True, False): EffectKind.NO_LONGER_BLOCKED,
}


def _describe_change(change: RuleChange, old: Neighbours, new: Neighbours) -> RuleChange:
    effects, changes_admission = _effects(change, old, new)
    if change.after is None or not (change.opens or change.closes):
        return replace(change, effects=effects, changes_admission=changes_admission)
    was_never = old.is_never_in_force(change.before.rule if change.before else None)
    is_latent = was_never and new.is_never_in_force(change.after.rule)
    effects = (*effects, *new.remarks(change.after.rule))
    return replace(change, effects=effects, changes_admission=changes_admission and not is_latent)


def _effects(change: RuleChange, old: Neighbours, new: Neighbours) -> tuple[tuple[Effect, ...], bool]:
    """Return the effects beside what the host admitted before (old) and admits after (new).

    Whether admission changes.
    """
    if not (change.opens or change.closes):
        return (effect(EffectKind.NO_CHANGE),), False
    before, after = (None if side is None else side.rule for side in (change.before, change.after))
    found: list[Effect] = []
    if change.opens and after is not None and (covering := old.covering(after)):
        found.append(effect(EffectKind.ALREADY_ADMITTED_BY, labels(covering)))
    if change.closes and before is not None and (covering := new.covering(before)):
        found.append(effect(EffectKind.STILL_ADMITTED_BY, labels(covering)))
    # What a block takes away stays away, whoever allows it.
    if not found or len(found) < change.opens + change.closes or _is_block(before) or _is_block(after):
        return (effect(_MOVEMENTS[before is not None, after is not None, change.opens, change.closes]),), True
    return tuple(found), False


def _is_block(rule: Rule | None) -> bool:
    return rule is not None and rule.enabled and rule.action == "block"


class Neighbours:
    """The rules of a host as found by port, and what its profiles let through at all."""

    def __init__(self, have: Iterable[Present], profiles: Sequence[Profile] = ()) -> None:
        self._profiles = {profile.name: profile for profile in profiles or map(Profile, PROFILE_BITS)}
        self._presents = {
            id(present.rule): present for present in have if present.rule.enabled and not self._is_ignored(present)
        }
        rules = [present.rule for present in self._presents.values()]
        self._allows = Bundles(rule for rule in rules if rule.action == "allow")
        self._blocks = Bundles(rule for rule in rules if rule.action == "block")
        self._secured = Bundles(rule for rule in rules if rule.action == "allow" and rule.security != "notrequired")

    def covering(self, rule: Rule) -> list[Present]:
        """Return rules that admit all that rule admits, one or several together; none when there are none."""
        alone = self._allows.covering(rule)
        if alone:
            return self._presents_of(alone[:1])
        if self._allows.uncovered(rule):
            return []
        # One that is for fewer programs, users or services than the rule adds nothing.
        others = [other for other in self._allows.overlapping(rule) if may_add(other, rule)]
        return self._presents_of(_drop_redundant(rule, others))

    def covered(self, rule: Rule) -> list[Present]:
        """Return rules that admit a part of what rule admits and nothing else."""
        return self._presents_of(self._allows.covered(rule))

    def hindrance(self, rule: Rule) -> Effect | None:
        """Return why nothing of an enabled local rule is in force now; None where something is, or it is disabled."""
        if not rule.enabled:
            return None
        own = self._own_profiles(rule)
        if not own:
            active = [profile for profile in self._profiles.values() if profile.active]
            return effect(
                EffectKind.INEFFECTIVE, detail=f"its profiles are not active (active: {_list_profile_names(active)})"
            )
        hindered = _find_hindered(rule, own)
        if len(hindered) == len(own):
            return effect(EffectKind.INEFFECTIVE, detail=_explain_hindered(hindered))
        now = replace(rule, profiles=frozenset(profile.name for profile in own))
        if rule.action != "allow" or self._blocks.uncovered(now):
            return None
        blocks = self._blocks_on(rule)
        return effect(EffectKind.INEFFECTIVE, labels(blocks), f"blocked by {shortened(labels(blocks))}")

    def remarks(self, rule: Rule) -> list[Effect]:
        """Return what limits an enabled rule, and which rule it undercuts."""
        if not rule.enabled:
            return []
        hindrance = self.hindrance(rule)
        found = [] if hindrance is None else [hindrance]
        if hindrance is None:
            found += self._describe_partial(rule)
        is_open = rule.security == "notrequired" and rule.admits
        asking = self._presents_of(self._secured.overlapping(rule)) if is_open else []
        found += [effect(EffectKind.WITHOUT_LIMIT)] if rule.admits and is_without_limit(rule) else []
        return found + ([effect(EffectKind.UNDERCUTS, labels(asking))] if asking else [])

    def is_never_in_force(self, rule: Rule | None) -> bool:
        """Return whether a rule never counts, whichever profile is active: local rules are off, or blocks cover it."""
        if rule is None or not rule.enabled:
            return True
        ignored = not any(self._profiles[name].merges for name in rule.profiles if name in self._profiles)
        return ignored or (rule.action == "allow" and not self._blocks.uncovered(rule))

    def _describe_partial(self, rule: Rule) -> list[Effect]:
        """Return what keeps a part of a rule, which is in force otherwise, from doing anything now."""
        own = self._own_profiles(rule)
        hindered = _find_hindered(rule, own)
        blocks = self._blocks_on(replace(rule, profiles=frozenset(profile.name for profile in own)))
        found = [effect(EffectKind.PARTLY_INEFFECTIVE, detail=_explain_hindered(hindered))] if hindered else []
        return found + ([effect(EffectKind.PARTLY_BLOCKED_BY, labels(blocks))] if blocks else [])

    def _own_profiles(self, rule: Rule) -> list[Profile]:
        """Return the active profiles that a rule is for."""
        return [profile for profile in self._profiles.values() if profile.active and profile.name in rule.profiles]

    def _blocks_on(self, rule: Rule) -> list[Present]:
        return self._presents_of(self._blocks.overlapping(rule)) if rule.action == "allow" else []

    def _presents_of(self, rules: Iterable[Rule]) -> list[Present]:
        return [self._presents[id(rule)] for rule in rules]

    def _is_ignored(self, present: Present) -> bool:
        """Return whether Group Policy switches a rule off on all its profiles."""
        merges = [self._profiles[name].merges for name in present.rule.profiles if name in self._profiles]
        return present.store == LOCAL and bool(merges) and not any(merges)


# What may be so on an active profile of a rule, and its text.
_HINDRANCES = (
    (lambda profile, rule: not profile.enabled, "the firewall is off"),
    (
        lambda profile, rule: profile.shields_up and rule.direction == "in" and rule.action == "allow",
        "all inbound traffic is blocked",
    ),
    (lambda profile, rule: not profile.merges, "Group Policy switches local rules off"),
)


def _find_hindered(rule: Rule, profiles: Iterable[Profile]) -> dict[str, str]:
    """Return the profiles on which a local rule does nothing, each with the reason."""
    reasons = {
        profile.name: next((text for is_so, text in _HINDRANCES if is_so(profile, rule)), "") for profile in profiles
    }
    return {name: text for name, text in reasons.items() if text}


def _explain_hindered(hindered: Mapping[str, str]) -> str:
    texts = dict.fromkeys(hindered.values())
    return "; ".join(f"{text} on {', '.join(name for name in hindered if hindered[name] == text)}" for text in texts)


def _list_profile_names(profiles: Sequence[Profile]) -> str:
    return ", ".join(profile.name for profile in profiles) or "none"


def _drop_redundant(rule: Rule, others: Sequence[Rule]) -> list[Rule]:
    """Return others without those that the rest can do without; of many nobody reads the names, so all of them."""
    if len(others) > _TOGETHER:
        return list(others)
    needed = list(others)
    for other in others:
        rest = [one for one in needed if one is not other]
        if not uncovered(rule, rest):
            needed = rest
    return needed
