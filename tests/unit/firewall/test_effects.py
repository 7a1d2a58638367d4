# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each rule really does: beside others, under Group Policy, on profiles that are off, shielded or not active."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.effects import (
    EffectKind,
    describe_effects,
    effects_text,
    rule_effects,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.host_facts import GROUP_POLICY, Present, Profile
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.planner import plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule

from tests.unit.firewall.memory import MemoryStore
from tests.unit.firewall.test_planner import foreign, rule
from tests.unit.firewall.windows.test_reconcile import SIP, SIP_COM, run

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


# What is on the host, the profiles, the effect of adding rule SIP (TCP 5061 from anywhere), and whether admission
# changes.
ADDED: list[tuple[str, Sequence[Present], tuple[Profile, ...], str, bool]] = [
    ("alone", [], USUAL, "new admission", True),
    ("Group Policy admits it", [policy()], USUAL, "already admitted by Corp (Group Policy)", False),
    (
        "two rules admit it together",
        local(foreign(Name="A", Profiles=1), foreign(Name="B", Profiles=6)),
        USUAL,
        "already admitted by A, B together",
        False,
    ),
    (
        "one of two is superfluous",
        local(foreign(Name="A", Profiles=1), foreign(Name="C", Profiles=3), foreign(Name="B", Profiles=6)),
        USUAL,
        "already admitted by C, B together",
        False,
    ),
    (
        "two rules admit a part",
        local(foreign(Name="A", Profiles=1), foreign(Name="B", Profiles=2)),
        USUAL,
        "new admission",
        True,
    ),
    ("Group Policy blocks it", [policy(Action=0)], USUAL, OFF + "blocked by Corp (Group Policy)", False),
    (
        "a local block of a part",
        local(foreign(Action=0, RemoteAddresses="10.1.0.0/24")),
        USUAL,
        "new admission; partly blocked by CS RTCSRV",
        True,
    ),
    (
        "two blocks of all",
        local(foreign(Name="A", Action=0, Profiles=1), foreign(Name="B", Action=0, Profiles=6)),
        USUAL,
        OFF + "blocked by A, B",
        False,
    ),
    ("a block that is disabled", local(foreign(Action=0, Enabled=False)), USUAL, "new admission", True),
    ("a block of another port", local(foreign(Action=0, LocalPorts="5060")), USUAL, "new admission", True),
    ("the firewall is off", [], profiles(enabled=False), OFF + "the firewall is off on domain", True),
    ("shields up", [], profiles(shields_up=True), OFF + "all inbound traffic is blocked on domain", True),
    ("local rules are off", [], profiles(merges=False), OFF + "Group Policy switches local rules off on domain", True),
    (
        "off on one of two active profiles",
        [],
        (DOMAIN, PRIVATE, replace(PUBLIC, active=True, enabled=False)),
        "new admission; in part without effect: the firewall is off on public",
        True,
    ),
    (
        "each active profile for its own reason",
        [],
        (replace(DOMAIN, shields_up=True), PRIVATE, replace(PUBLIC, active=True, enabled=False)),
        OFF + "all inbound traffic is blocked on domain; the firewall is off on public",
        True,
    ),
    (
        "a block on the active profile alone",
        local(foreign(Action=0, Profiles=1)),
        USUAL,
        OFF + "blocked by CS RTCSRV",
        True,
    ),
    ("a block on a profile that is not active", local(foreign(Action=0, Profiles=4)), USUAL, "new admission", True),
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


@pytest.mark.parametrize(
    ("have", "states", "effect", "changes_admission"), [case[1:] for case in ADDED], ids=[case[0] for case in ADDED]
)
def test_an_addition(
    have: Sequence[Present], states: tuple[Profile, ...], effect: str, changes_admission: bool
) -> None:
    changes = describe_effects(have, plan_changes([rule()], have), states)
    assert [(effects_text(change.effects), change.changes_admission) for change in changes.now] == [
        (effect, changes_admission)
    ]
    told = rule_effects(have, changes, states, "msuc.lync")
    assert [(one.name, effects_text(one.effects), one.effective) for one in told] == [
        ("SIP", effect, "ineffective" not in effect)
    ]


def test_a_profile_that_is_not_active() -> None:
    changes = describe_effects([], plan_changes([rule(profiles="public")], []), USUAL)
    assert [(effects_text(change.effects), change.changes_admission) for change in changes.now] == [
        ("new admission; ineffective: its profiles are not active (active: domain)", True)
    ]


# The rule that is there and stays, other rules, and its effect.
STANDING: list[tuple[str, Rule, list[Rule], str]] = [
    ("alone", rule(), [], "admits what no other rule does"),
    ("the same as another", rule(), [foreign(LocalPorts="5061")], "already admitted by CS RTCSRV"),
    ("less than another", rule(), [foreign()], "narrower than CS RTCSRV"),
    (
        "more than another",
        rule(**WIDE),
        [foreign(LocalPorts="5061", RemoteAddresses="10.1.0.0/16")],
        "wider than CS RTCSRV",
    ),
    (
        "beside another",
        rule(**NARROW),
        [foreign(LocalPorts="5061", RemoteAddresses="10.2.0.0/16")],
        "admits what no other rule does",
    ),
    (
        "as several together",
        rule(),
        [foreign(Name="A", Profiles=1), foreign(Name="B", Profiles=6)],
        "already admitted by A, B together",
    ),
    ("blocked", rule(), [foreign(Action=0)], "admits what no other rule does; ineffective: blocked by CS RTCSRV"),
    ("disabled", rule(enabled=False), [foreign(Action=0)], "disabled"),
    ("a block", rule(action="block"), [foreign()], "blocks"),
]


@pytest.mark.parametrize(
    ("mine", "others", "effect"), [case[1:] for case in STANDING], ids=[case[0] for case in STANDING]
)
def test_a_rule_that_stays(mine: Rule, others: list[Rule], effect: str) -> None:
    have = local(*others, mine)
    changes = describe_effects(have, plan_changes([mine], have), USUAL)
    assert changes.now == ()
    assert [effects_text(one.effects) for one in rule_effects(have, changes, USUAL, "msuc.lync")] == [effect]


@pytest.mark.parametrize(
    ("limit", "is_told"),
    [({}, True), ({"profiles": "domain"}, True), ({"protocol": "tcp"}, False), ({"remoteip": "10.0.0.0/8"}, False),
     ({"direction": "out"}, False), ({"action": "block"}, False), ({"enabled": False}, False)],
)  # fmt: skip
def test_a_rule_with_nothing_but_a_name_is_said_to_admit_everything(limit: dict[str, Any], is_told: bool) -> None:
    outcome = run(MemoryStore.of(), [{"name": "RemoteFwAdmin-In-TCP", **limit}])
    changes: Any = outcome.result()["changes"]
    assert changes[0]["effect"].endswith("admits every protocol on every port from everywhere") == is_told


def test_rules_of_group_policy_are_never_written_whatever_their_group() -> None:
    have = [Present(rule(), {}, GROUP_POLICY)]
    assert [change.kind.value for change in plan_changes([rule(**NARROW)], have).now] == ["add"]
    assert plan_changes([], have).now == ()


def test_the_result_of_a_run_tells_the_effect_of_every_rule() -> None:
    store = MemoryStore.of(SIP_COM, {**SIP_COM, "Grouping": None, "Name": "CS RTCSRV", "RemoteAddresses": "*"})
    effects: Any = run(store, [SIP, {**SIP, "name": "New", "localport": 443}]).result()["effects"]
    assert [{**effect, "facts": None} for effect in effects] == [
        {"name": name, "kinds": kinds, "effect": text, "effective": True, "by": by, "facts": None}
        for name, kinds, text, by in (
            ("New", ["new_admission"], "new admission", []),
            ("SIP", ["narrower_than"], "narrower than CS RTCSRV", ["CS RTCSRV"]),
        )
    ]
    assert effects[1]["facts"] == [
        {"kind": "narrower_than", "by": ["CS RTCSRV"], "text": "narrower than CS RTCSRV", "detail": ""}
    ]


# What is on the host beside the wanted rule SIP, the profiles, and what is true of it as data: kind, by, detail.
FACTS: list[tuple[str, Sequence[Present], tuple[Profile, ...], list[tuple[EffectKind, list[str], str]]]] = [
    (
        "a block that names it",
        [policy(Action=0)],
        USUAL,
        [
            (EffectKind.NEW_ADMISSION, [], ""),
            (EffectKind.INEFFECTIVE, ["Corp (Group Policy)"], "blocked by Corp (Group Policy)"),
        ],
    ),
    (
        "a switch of the profile",
        [],
        profiles(enabled=False),
        [(EffectKind.NEW_ADMISSION, [], ""), (EffectKind.INEFFECTIVE, [], "the firewall is off on domain")],
    ),
    (
        "a block of a part",
        local(foreign(Action=0, RemoteAddresses="10.1.0.0/24")),
        USUAL,
        [(EffectKind.NEW_ADMISSION, [], ""), (EffectKind.PARTLY_BLOCKED_BY, ["CS RTCSRV"], "")],
    ),
    (
        "one that asks for authentication",
        [policy(SecureFlags=1)],
        USUAL,
        [(EffectKind.NEW_ADMISSION, [], ""), (EffectKind.UNDERCUTS, ["Corp (Group Policy)"], "")],
    ),
    (
        "two that admit it together",
        local(foreign(Name="A", Profiles=1), foreign(Name="B", Profiles=6)),
        USUAL,
        [(EffectKind.ALREADY_ADMITTED_BY, ["A", "B"], "")],
    ),
]


@pytest.mark.parametrize(("have", "states", "facts"), [case[1:] for case in FACTS], ids=[case[0] for case in FACTS])
def test_effects_are_data(
    have: Sequence[Present], states: tuple[Profile, ...], facts: list[tuple[EffectKind, list[str], str]]
) -> None:
    (change,) = describe_effects(have, plan_changes([rule()], have), states).now
    assert [(one.kind, list(one.by), one.detail) for one in change.effects] == facts


def test_a_moved_rule_that_others_admit_has_two_facts_in_one_sentence() -> None:
    have = local(rule(), foreign())
    (change,) = describe_effects(have, plan_changes([rule(localport=443)], have), USUAL).now
    assert [one.kind for one in change.effects] == [EffectKind.ALREADY_ADMITTED_BY, EffectKind.STILL_ADMITTED_BY]
    assert effects_text(change.effects) == "already admitted by CS RTCSRV and still admitted by CS RTCSRV"
