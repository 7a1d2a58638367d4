# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changes of exemptions do: effects like those of firewall rules, of what is exempt instead of what is admitted.

The guard.

    effects_text(change.effects) == "newly exempt; cuts into Domain isolation (Group Policy)"
    judge(host, comparison, safety).refused
    == ("winrm (TCP 5985) on 10.1.0.11 would be left to Domain isolation, which requires protection, for 10.9.0.5 ...",)

How Windows ranks an exemption that is wider than the rule it cuts into is nowhere specified, so that such a pair is
named. Traffic that loses its exemption under a requiring rule is dropped silently; so is the connection that made the
change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ..._base.addresses import AddressSet
from ..._base.changes import Effect
from ..comparison import Comparison, in_force
from ..effects import EffectKind, RuleEffect, describe_effects, effect, labels, rule_effects
from ..host_facts import Present, Profile
from ..match import covers, overlaps
from ..planner import RuleChanges
from ..reachability import Target, reaching
from ..rule import Rule, address_texts
from ..safety import Management, Safety, Verdict, management
from .exemption import EXEMPT, REQUIRING, is_exemption
from .host import IpsecHost

# An exemption admits nothing: what is said of admission for a firewall rule is so for what is exempt.
_KINDS: Mapping[EffectKind, EffectKind] = {
    EffectKind.NEW_ADMISSION: EffectKind.NEWLY_EXEMPT,
    EffectKind.NO_LONGER_ADMITTED: EffectKind.NO_LONGER_EXEMPT,
    EffectKind.MOVED: EffectKind.EXEMPTION_MOVED,
    EffectKind.ALREADY_ADMITTED_BY: EffectKind.ALREADY_EXEMPT_BY,
    EffectKind.STILL_ADMITTED_BY: EffectKind.STILL_EXEMPT_BY,
    EffectKind.NO_CHANGE: EffectKind.NO_CHANGE_OF_EXEMPTION,
    EffectKind.ADMITS_ALONE: EffectKind.EXEMPTS_ALONE,
}


def described(host: IpsecHost, changes: RuleChanges, group: str) -> tuple[RuleChanges, tuple[RuleEffect, ...]]:
    """Return the changes with their effects beside the other rules of the host, and the effects of each owned rule."""
    profiles = [_always_on(profile) for profile in host.profiles]
    known = describe_effects(host.rules, changes, profiles)
    of_rules = rule_effects(host.rules, known, profiles, group)
    protecting = host.protecting
    # No change of an exemption changes what is admitted.
    now = tuple(
        replace(
            change,
            effects=_of_exemption(change.effects, change.after.rule if change.after else None, protecting),
            changes_admission=False,
        )
        for change in known.now
    )
    rules = {present.rule.name: present.rule for present in host.rules if present.rule.group == group}
    rules |= {change.name: change.after.rule for change in known.now if change.after is not None}
    effects = tuple(
        replace(one, effects=_of_exemption(one.effects, rules.get(one.name), protecting)) for one in of_rules
    )
    return replace(known, now=now), effects


def _always_on(profile: Profile) -> Profile:
    """Return a profile on which connection security counts: that the firewall is off does not switch it off."""
    return replace(profile, enabled=True, shields_up=False, allows_inbound=False)


def _of_exemption(effects: Sequence[Effect], rule: Rule | None, protecting: Sequence[Present]) -> tuple[Effect, ...]:
    kinds = [EffectKind(one.kind) for one in effects]
    found = [effect(_KINDS.get(kind, kind), one.by, one.detail) for kind, one in zip(kinds, effects, strict=True)]
    return (*found, *_cuts(rule, protecting))


def _cuts(rule: Rule | None, protecting: Sequence[Present]) -> Iterator[Effect]:
    """Yield into which rules an exemption cuts, and that it is wider than these where it is."""
    if rule is None or not is_exemption(rule):
        return
    cut = [present for present in protecting if overlaps(present.rule, rule)]
    wider = [present for present in cut if not covers(present.rule, rule)]
    if cut:
        yield effect(EffectKind.CUTS_INTO, labels(cut))
    if wider:
        yield effect(EffectKind.WIDER_THAN_PROTECTION, labels(wider))


def judge(host: IpsecHost, comparison: Comparison, safety: Safety, is_local: bool = True) -> Verdict:
    """Return the verdict over changes that may be none.

    Is_local: they are of the host's own store, which Group Policy may switch off.
    """
    unmerged = tuple(profile.name for profile in host.profiles if is_local and profile.active and not profile.merges)
    if not comparison.changes:
        return Verdict(unmerged=unmerged)
    ways = list(management(host, safety.networks))
    return Verdict(
        refused=tuple(line for way in ways for line in _explain_lost_exemption(comparison, way)),
        unmerged=unmerged,
        steady=frozenset(listener.port for listener in host.listeners) - _find_losing_ports(host, comparison, ways),
    )


def _explain_lost_exemption(comparison: Comparison, way: Management) -> Iterator[str]:
    sources = _find_lost_sources(comparison, way.target, way.profile) & way.sources
    names = _name_requiring_rules(comparison, way.target, way.profile, sources)
    if names:
        gone = ", ".join(comparison.ended_by(way.target, way.profile, sources))
        whom = ", ".join(address_texts(sources))
        verb = "requires" if len(names) == 1 else "require"
        left = f"would be left to {', '.join(names)}, which {verb} protection, for {whom}"
        yield f"{way} {left} on profile {way.profile.name}; exemptions that go: {gone}"


def _find_losing_ports(host: IpsecHost, comparison: Comparison, ways: list[Management]) -> frozenset[int]:
    """Return the ports whose listeners would drop those who manage the host."""
    managers = AddressSet.union_of(way.sources for way in ways)
    active = [profile for profile in host.profiles if profile.active]
    return frozenset(
        listener.port
        for listener in host.listeners
        for address in host.addresses
        for profile in active
        if _name_requiring_rules(
            comparison,
            Target(listener.port, address),
            profile,
            _find_lost_sources(comparison, Target(listener.port, address), profile) & managers,
        )
    )


def _find_lost_sources(comparison: Comparison, target: Target, profile: Profile) -> AddressSet:
    """Return the sources whose exemption the changes end; the state of the firewall is all the same to it."""
    return comparison.lost(target, _always_on(profile))


def _name_requiring_rules(comparison: Comparison, target: Target, profile: Profile, sources: AddressSet) -> list[str]:
    """Return the names of the rules that require protection of some of the sources after the changes."""
    if not sources:
        return []
    rules = [replace(rule, action=EXEMPT) for rule in in_force(comparison.after, profile) if rule.action in REQUIRING]
    return sorted({rule.name for rule in reaching(target, profile, rules, sources)})
