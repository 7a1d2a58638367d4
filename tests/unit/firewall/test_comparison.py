# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changes take from a port is the same whether each rule is looked at, or only those that can matter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import ANY, AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.comparison import Comparison, in_force
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.host_facts import (
    GROUP_POLICY,
    LOCAL,
    Present,
    Profile,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.planner import applied, plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reachability import Target, lost, reaching
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import AddressScope, Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.safety import Safety, judge
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench import guard
from tests.unit.firewall import universe

DOUBTS = st.fixed_dictionaries(
    {},
    optional={
        "restrictions": st.just(frozenset({("LocalUserOwner", "S-1-5-21-1")})),
        "security": st.just("authenticate"),
        "interfacetypes": st.just(frozenset({"Lan"})),
        "service": st.sampled_from(["", "*", "w3svc"]),
        "localip": st.just(AddressScope(AddressSet.parse(["10.9.0.1"]))),
        "remoteip": st.just(AddressScope(AddressSet(), frozenset({"LocalSubnet"}))),
    },
)
rules = st.builds(lambda rule, doubts: replace(rule, **doubts), universe.rules(names=tuple("abcdef")), DOUBTS)
presents = st.builds(lambda rule, store: Present(rule, {}, store), rules, st.sampled_from([LOCAL, GROUP_POLICY]))
targets = st.builds(
    Target,
    st.sampled_from([1, 2, 3, 9]),
    st.sampled_from(["10.9.0.1", "10.9.0.2", "2001:db8::9"]),
    st.sampled_from([None, ("a.exe", ""), ("other.exe", "w3svc")]),
)
profiles = st.builds(Profile, st.just("domain"), merges=st.booleans(), allows_inbound=st.booleans())


@pytest.mark.no_cover
@given(st.lists(presents, max_size=8), st.lists(rules, max_size=4), st.lists(st.integers(0, 7)), targets, profiles)
@settings(max_examples=500, deadline=None)
def test_what_is_lost_is_what_a_look_at_each_rule_says(
    have: list[Present], new: list[Rule], gone: list[int], target: Target, profile: Profile
) -> None:
    after = [one for place, one in enumerate(have) if place not in gone] + [Present(rule, {}) for rule in new]
    wanted = lost(target, profile, in_force(have, profile), in_force(after, profile))
    comparison = Comparison(have, after, ())
    assert comparison.lost(target, profile) == wanted
    admitting = reaching(target, profile, in_force(after, profile), ANY)
    assert sorted(map(id, comparison.reaching_after(target, profile, ANY))) == sorted(map(id, admitting))
    for_all = [rule for rule in admitting if not (rule.program or rule.service)]
    assert comparison.reaches_anybody_after(target, profile) == bool(for_all)


@pytest.mark.no_cover
def test_what_is_cut_beside_a_crowd_of_rules_and_connections_is_what_is_cut_without_it() -> None:
    """How long that takes beside 7,400 rules, make bench prints."""
    cuts = []
    for rules_of_others in (0, 7_400):
        found = guard.host(rules_of_others, 2_000)
        changes = plan_changes(guard.wanted(), found.rules, State.REPLACED, group=guard.GROUP)
        verdict = judge(found, Comparison(found.rules, applied(found.rules, changes.now), changes.now), Safety())
        cuts.append({cut.place for cut in verdict.cuts})
    assert cuts[0] >= cuts[1] and len(cuts[1]) > 50
