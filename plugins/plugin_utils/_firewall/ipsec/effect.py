# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changes of exemptions do, in words: the effects of windows/effect.py, told of what is exempt instead of what is admitted.

    "newly exempt; cuts into Domain isolation (Group Policy)"

How Windows ranks an exemption that is wider than the rule it cuts into is nowhere specified, so that such a pair is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..effects import RuleEffect, describe_effects, rule_effects
from ..match import covers, overlaps
from ..planner import Changes, Present
from ..rule import Rule
from ..shadowing import labels
from ..windows.network import Profile
from .exemption import is_exemption
from .host import IpsecHost

_STARTS: Mapping[str, str] = {
    "new admission": "newly exempt",
    "no change of admission": "no change of what is exempt",
    "no longer admitted": "no longer exempt",
    "already admitted by ": "already exempt by ",
    "still admitted by ": "still exempt by ",
    "moved: admits something": "moved: exempts something",
    "admits what no other rule does": "exempts what no other rule does",
}


def described(host: IpsecHost, changes: Changes, group: str) -> tuple[Changes, tuple[RuleEffect, ...]]:
    """Return the changes with what they do beside the other rules of the host, and the effect of each owned rule after them."""
    profiles = [_always_on(profile) for profile in host.profiles]
    known = describe_effects(host.rules, changes, profiles)
    effects = rule_effects(host.rules, known, profiles, group)
    # An exemption admits nothing, so that no change of one changes what is admitted.
    now = tuple(replace(change, effect=_told(change.effect, change.after, host.protecting), changes_admission=False) for change in known.now)
    rules = {present.rule.name: present.rule for present in host.rules if present.rule.group == group}
    rules |= {change.name: change.after for change in known.now if change.after is not None}
    return replace(known, now=now), tuple(replace(one, effect=_told(one.effect, rules.get(one.name), host.protecting)) for one in effects)


def _always_on(profile: Profile) -> Profile:
    """Return a profile on which connection security counts: that the firewall is off does not switch it off."""
    return replace(profile, enabled=True, shields_up=False, allows_inbound=False)


def _told(effect: str, rule: Rule | None, protecting: Sequence[Present]) -> str:
    start = next((text for text in _STARTS if effect.startswith(text)), "")
    text = _STARTS.get(start, "") + effect[len(start) :].replace(" and still admitted by ", " and still exempt by ", 1)
    return "; ".join([text, *_cuts(rule, protecting)])


def _cuts(rule: Rule | None, protecting: Sequence[Present]) -> list[str]:
    """Return into which rules an exemption cuts, and that it is wider than these where it is."""
    cut = [present for present in protecting if overlaps(present.rule, rule)] if rule is not None and is_exemption(rule) else []
    wider = [present for present in cut if rule is not None and not covers(present.rule, rule)]
    found = [f"cuts into {labels(cut)}"] if cut else []
    return found + ([f"is wider than {labels(wider)}, which Windows may rank either way"] if wider else [])
