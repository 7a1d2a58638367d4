# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each rule really does: beside other rules, under Group Policy, on profiles that are off, shielded or not active."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.effects import describe_effects, rule_effects
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.planner import GROUP_POLICY, Present, plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.network import Profile

from tests.unit.firewall.test_planner import foreign, rule
from tests.unit.firewall.windows.test_reconcile import SIP, SIP_COM, MemoryStore, run

DOMAIN = Profile("domain")
PRIVATE, PUBLIC = (Profile(name, active=False) for name in ("private", "public"))
USUAL = (DOMAIN, PRIVATE, PUBLIC)
NARROW, WIDE = {"remoteip": "10.1.0.0/24"}, {"remoteip": "10.0.0.0/8"}
OFF = "new admission; ineffective: "


def policy(**properties: Any) -> Present:
    return Present(foreign(Name="Corp", **properties), {}, GROUP_POLICY)


def local(*rules: Rule) -> list[Present]:
    return [Present(one, {}) for one in rules]


def profiles(**fields: Any) -> tuple[Profile, ...]:
    return (replace(DOMAIN, **fields), PRIVATE, PUBLIC)


# What is on the host, the profiles, the effect of adding rule SIP (TCP 5061 from anywhere), and whether admission changes.
ADDED: list[tuple[str, Sequence[Present], tuple[Profile, ...], str, bool]] = [
    ("alone", [], USUAL, "new admission", True),
    ("Group Policy admits it", [policy()], USUAL, "already admitted by Corp (Group Policy)", False),
    ("two rules admit it together", local(foreign(Name="A", Profiles=1), foreign(Name="B", Profiles=6)), USUAL, "already admitted by A, B together", False),
    (
        "one of two is superfluous",
        local(foreign(Name="A", Profiles=1), foreign(Name="C", Profiles=3), foreign(Name="B", Profiles=6)),
        USUAL,
        "already admitted by C, B together",
        False,
    ),
    ("two rules admit a part", local(foreign(Name="A", Profiles=1), foreign(Name="B", Profiles=2)), USUAL, "new admission", True),
    ("Group Policy blocks it", [policy(Action=0)], USUAL, OFF + "blocked by Corp (Group Policy)", False),
    ("a local block of a part", local(foreign(Action=0, RemoteAddresses="10.1.0.0/24")), USUAL, "new admission; partly blocked by CS RTCSRV", True),
    ("two blocks of all", local(foreign(Name="A", Action=0, Profiles=1), foreign(Name="B", Action=0, Profiles=6)), USUAL, OFF + "blocked by A, B", False),
    ("a block that is disabled", local(foreign(Action=0, Enabled=False)), USUAL, "new admission", True),
    ("a block of another port", local(foreign(Action=0, LocalPorts="5060")), USUAL, "new admission", True),
    ("the firewall is off", [], profiles(enabled=False), OFF + "the firewall is off on domain", True),
    ("shields up", [], profiles(shields_up=True), OFF + "all inbound traffic is blocked on domain", True),
    ("local rules are off", [], profiles(merges=False), OFF + "Group Policy switches local rules off on domain", True),
    (
        "local rules are off everywhere",
        [],
        tuple(replace(profile, merges=False) for profile in USUAL),
        OFF + "Group Policy switches local rules off on domain",
        False,
    ),
    (
        "local rules are off, and so is what admitted it",
        local(foreign()),
        tuple(replace(profile, merges=False) for profile in USUAL),
        OFF + "Group Policy switches local rules off on domain",
        False,
    ),
    (
        "it undercuts one that asks for authentication",
        [policy(SecureFlags=1)],
        USUAL,
        "new admission; undercuts Corp (Group Policy), which requires authentication",
        True,
    ),
    ("one that asks on another port", [policy(SecureFlags=1, LocalPorts="443")], USUAL, "new admission", True),
]


@pytest.mark.parametrize(("have", "states", "effect", "changes_admission"), [case[1:] for case in ADDED], ids=[case[0] for case in ADDED])
def test_an_addition(have: Sequence[Present], states: tuple[Profile, ...], effect: str, changes_admission: bool) -> None:
    changes = describe_effects(have, plan_changes([rule()], have), states)
    assert [(change.effect, change.changes_admission) for change in changes.now] == [(effect, changes_admission)]
    told = rule_effects(have, changes, states, "msuc.lync")
    assert [(one.name, one.effect, one.effective) for one in told] == [("SIP", effect, "ineffective" not in effect)]


def test_a_profile_that_is_not_active() -> None:
    changes = describe_effects([], plan_changes([rule(profiles="public")], []), USUAL)
    assert [(change.effect, change.changes_admission) for change in changes.now] == [
        ("new admission; ineffective: its profiles are not active (active: domain)", True)
    ]


# The rule that is there and stays, other rules, and its effect.
STANDING: list[tuple[str, Rule, list[Rule], str]] = [
    ("alone", rule(), [], "admits what no other rule does"),
    ("the same as another", rule(), [foreign(LocalPorts="5061")], "already admitted by CS RTCSRV"),
    ("less than another", rule(), [foreign()], "narrower than CS RTCSRV"),
    ("more than another", rule(**WIDE), [foreign(LocalPorts="5061", RemoteAddresses="10.1.0.0/16")], "wider than CS RTCSRV"),
    ("beside another", rule(**NARROW), [foreign(LocalPorts="5061", RemoteAddresses="10.2.0.0/16")], "admits what no other rule does"),
    ("as several together", rule(), [foreign(Name="A", Profiles=1), foreign(Name="B", Profiles=6)], "already admitted by A, B together"),
    ("blocked", rule(), [foreign(Action=0)], "admits what no other rule does; ineffective: blocked by CS RTCSRV"),
    ("disabled", rule(enabled=False), [foreign(Action=0)], "disabled"),
    ("a block", rule(action="block"), [foreign()], "blocks"),
]


@pytest.mark.parametrize(("mine", "others", "effect"), [case[1:] for case in STANDING], ids=[case[0] for case in STANDING])
def test_a_rule_that_stays(mine: Rule, others: list[Rule], effect: str) -> None:
    have = local(*others, mine)
    changes = describe_effects(have, plan_changes([mine], have), USUAL)
    assert changes.now == ()
    assert [one.effect for one in rule_effects(have, changes, USUAL, "msuc.lync")] == [effect]


def test_rules_of_group_policy_are_never_written_whatever_their_group() -> None:
    have = [Present(rule(), {}, GROUP_POLICY)]
    assert [change.kind.value for change in plan_changes([rule(**NARROW)], have).now] == ["add"]
    assert plan_changes([], have).now == ()


def test_the_result_of_a_run_tells_the_effect_of_every_rule() -> None:
    store = MemoryStore.of(SIP_COM, {**SIP_COM, "Grouping": None, "Name": "CS RTCSRV", "RemoteAddresses": "*"})
    result = run(store, [SIP, {**SIP, "name": "New", "localport": 443}]).result()
    assert result["effects"] == [
        {"name": "New", "effect": "new admission", "effective": True},
        {"name": "SIP", "effect": "narrower than CS RTCSRV", "effective": True},
    ]
