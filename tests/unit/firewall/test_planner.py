# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans of changes: tables for what is planned and said, laws for what holds whatever is wanted and there."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import Changes, Phase, State
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.effects import describe_effects, effects_text
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.host_facts import Present
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.planner import (
    RuleChange,
    RuleChanges,
    applied,
    plan_changes,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.results import commands, diffs, reason_text, summary
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.com import from_com
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.firewall import universe

STATES = st.sampled_from((State.MERGED, State.REPLACED, State.DELETED))
ALLOW = ("allow",)


def rule(name: str = "SIP", **options: Any) -> Rule:
    return from_options({"name": name, "protocol": "tcp", "localport": "5061", **options})


def foreign(**properties: Any) -> Rule:
    put = {"Name": "CS RTCSRV", "Direction": 1, "Action": 1, "Protocol": 6, "Enabled": True}
    return from_com({**put, **properties})


def on_host(*rules: Rule) -> list[Present]:
    return [Present(one, {"Name": one.name}) for one in rules]


def described(want: list[Rule], have: list[Rule], **options: Any) -> RuleChanges:
    presents = on_host(*have)
    return describe_effects(presents, plan_changes(want, presents, **options))


def said(changes: RuleChanges) -> list[tuple[str, str, str, bool]]:
    return [
        (change.kind.value, change.name, effects_text(change.effects), change.changes_admission)
        for change in changes.now
    ]


NARROW = {"remoteip": "10.1.0.0/24"}
WIDE = {"remoteip": "10.0.0.0/8"}
BY_SETUP = "admitted by CS RTCSRV"
CASES: list[tuple[str, list[Rule], list[Rule], list[tuple[str, str, str, bool]]]] = [
    ("nothing to do", [rule()], [rule()], []),
    ("missing", [rule()], [], [("add", "SIP", "new admission", True)]),
    ("missing, disabled", [rule(enabled=False)], [], [("add", "SIP", "no change of admission", False)]),
    ("missing, a block", [rule(action="block")], [], [("add", "SIP", "newly blocked", True)]),
    ("setup admits it already", [rule()], [foreign()], [("add", "SIP", "already admitted by CS RTCSRV", False)]),
    (
        "setup admits the word already",
        [rule(localport="RPC")],
        [foreign(LocalPorts="RPC,135")],
        [("add", "SIP", "already admitted by CS RTCSRV", False)],
    ),
    (
        "setup admits a range around it",
        [rule()],
        [foreign(LocalPorts="1024-65535")],
        [("add", "SIP", "already admitted by CS RTCSRV", False)],
    ),
    (
        "setup admits a list with it",
        [rule()],
        [foreign(LocalPorts="80,5060-5062")],
        [("add", "SIP", "already admitted by CS RTCSRV", False)],
    ),
    (
        "setup admits the ports beside it",
        [rule()],
        [foreign(LocalPorts="5060,5062")],
        [("add", "SIP", "new admission", True)],
    ),
    ("setup's rule is disabled", [rule()], [foreign(Enabled=False)], [("add", "SIP", "new admission", True)]),
    (
        "setup's rule is a block",
        [rule()],
        [foreign(Action=0)],
        [("add", "SIP", "new admission; ineffective: blocked by CS RTCSRV", False)],
    ),
    ("setup's rule has another profile", [rule()], [foreign(Profiles=1)], [("add", "SIP", "new admission", True)]),
    (
        "setup's rule is of one program",
        [rule()],
        [foreign(ApplicationName="C:\\RTCSrv.exe")],
        [("add", "SIP", "new admission", True)],
    ),
    (
        "setup's rule wants authentication",
        [rule()],
        [foreign(SecureFlags=2)],
        [("add", "SIP", "new admission; undercuts CS RTCSRV, which requires authentication", True)],
    ),
    (
        "setup's rule is of one user",
        [rule()],
        [foreign(LocalUserOwner="S-1-5-18")],
        [("add", "SIP", "new admission", True)],
    ),
    ("wider", [rule(**WIDE)], [rule(**NARROW)], [("change", "SIP", "wider than before", True)]),
    ("narrower", [rule(**NARROW)], [rule(**WIDE)], [("change", "SIP", "narrower than before", True)]),
    (
        "narrower, setup admits",
        [rule(**NARROW)],
        [rule(**WIDE), foreign()],
        [("change", "SIP", "still admitted by CS RTCSRV", False)],
    ),
    (
        "moved",
        [rule(localport=443)],
        [rule()],
        [("change", "SIP", "moved: admits something new and something less than before", True)],
    ),
    (
        "moved, setup admits both",
        [rule(localport=443)],
        [rule(), foreign()],
        [("change", "SIP", f"already {BY_SETUP} and still {BY_SETUP}", False)],
    ),
    ("a block beside setup's rule", [rule(action="block")], [foreign()], [("add", "SIP", "newly blocked", True)]),
    (
        "turned into a block",
        [rule(action="block")],
        [rule(), foreign()],
        [("change", "SIP", "narrower than before", True)],
    ),
    (
        "turned from a block",
        [rule()],
        [rule(action="block"), foreign()],
        [("change", "SIP", "wider than before", True)],
    ),
    (
        "what one gives up another takes over",
        [rule(**NARROW), rule("B", **WIDE)],
        [rule(**WIDE)],
        [("add", "B", "already admitted by SIP", False), ("change", "SIP", "still admitted by B", False)],
    ),
    ("a description", [rule(description="new")], [rule()], [("change", "SIP", "no change of admission", False)]),
    ("enabled by hand", [rule(enabled=False)], [rule()], [("disable", "SIP", "narrower than before", True)]),
    ("disabled by hand", [rule()], [rule(enabled=False)], [("change", "SIP", "wider than before", True)]),
    ("not wanted", [], [rule()], [("remove", "SIP", "no longer admitted", True)]),
    ("a block not wanted", [], [rule(action="block")], [("remove", "SIP", "no longer blocked", True)]),
    (
        "not wanted, another admits",
        [rule("B", **WIDE)],
        [rule(**NARROW), rule("B", **WIDE)],
        [("remove", "SIP", "still admitted by B", False)],
    ),
    ("a twin", [rule()], [rule(), rule()], [("remove", "SIP", "still admitted by SIP", False)]),
    (
        "twins, the second is right",
        [rule()],
        [rule(**NARROW), rule()],
        [("remove", "SIP", "still admitted by SIP", False)],
    ),
    (
        "foreign rule of our name",
        [rule()],
        [foreign(Name="SIP", Grouping="x")],
        [("add", "SIP", "already admitted by SIP", False)],
    ),
    (
        "additions first, removals last",
        [rule("B", localport=443)],
        [rule("A", localport=80)],
        [("add", "B", "new admission", True), ("remove", "A", "no longer admitted", True)],
    ),
]


@pytest.mark.parametrize(("want", "have", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_replaced(want: list[Rule], have: list[Rule], expected: list[tuple[str, str, str, bool]]) -> None:
    assert said(described(want, have)) == expected


def test_merged_leaves_other_rules_alone_and_deleted_takes_the_named_or_all() -> None:
    have = [rule("A"), rule("B"), foreign()]
    assert said(described([rule("A", **NARROW)], have, state=State.MERGED)) == [
        ("change", "A", "still admitted by B", False)
    ]
    assert [change.name for change in described([rule("A")], have, state=State.DELETED).now] == ["A"]
    assert [change.name for change in described([], have, state=State.DELETED).now] == ["A", "B"]
    assert described([], have, state=State.GATHERED) == Changes()


def test_phases_of_a_rule_that_moves() -> None:
    have = [rule(), rule("Gone")]
    want = [rule(localport=443), rule("New", localport=80)]
    opened = described(want, have, phase=Phase.OPEN)
    assert [(change.kind.value, change.name) for change in opened.now] == [("add", "New"), ("add", "SIP")]
    assert [(change.kind.value, change.name) for change in opened.later] == [("remove", "Gone"), ("remove", "SIP")]
    assert reason_text(opened.now[1]) == "different: localport; the old rule stays until phase close"
    between = [present.rule for present in applied(on_host(*have), opened.now)]
    assert described(want, [*have, rule("New", localport=80), rule(localport=443)], phase=Phase.OPEN).now == ()
    closed = described(want, between, phase=Phase.CLOSE)
    assert said(closed) == [
        ("remove", "Gone", "no longer admitted", True),
        ("remove", "SIP", "no longer admitted", True),
    ]
    assert closed.later == ()


def test_close_before_open_leaves_additions_and_changes_in_place() -> None:
    closed = described([rule(localport=443), rule("New")], [rule()], phase=Phase.CLOSE)
    assert [(change.kind.value, change.name) for change in closed.now] == [("change", "SIP")]
    assert [(change.kind.value, change.name) for change in closed.later] == [("add", "New")]


def test_reasons_commands_summary_and_diff() -> None:
    have = [rule("A"), rule("B"), rule("B"), rule("C", enabled=True), rule("D")]
    changes = described(
        [
            rule("A", description="it's"),
            rule("B"),
            rule("C", enabled=False),
            rule("E", remoteip="10.0.0.0/8", program="C:\\x.exe"),
        ],
        have,
    )
    assert [reason_text(change) for change in changes.now] == [
        "it is missing",
        "different: description",
        "different: enabled",
        "another rule has its name and group",
        "it is not wanted",
    ]
    assert commands(changes.now) == [
        "add rule E: allow in, program C:\\x.exe, protocol tcp, localport 5061, remoteip 10.0.0.0/8",
        "change rule A: description from '' to it's",
        "change rule C: enabled from true to false",
        "remove rule B: another rule has its name and group",
        "remove rule D: it is not wanted",
    ]
    # A and B admit what E, C and D do: only nothing changes here.
    assert summary(changes.now) == {"added": 1, "changed": 1, "disabled": 1, "removed": 2, "admission_changed": 0}
    disabled = diffs(changes.now)[2]
    assert disabled["before_header"] == "firewall rule C (still admitted by A)"
    assert disabled["before"] == "enabled: true\ngroup: msuc.lync\nlocalport: 5061\nname: C\nprotocol: tcp\n"
    assert disabled["after"] == "enabled: false\ngroup: msuc.lync\nlocalport: 5061\nname: C\nprotocol: tcp\n"


def _left(rules: list[Rule], group: str = "msuc.lync") -> Counter[Rule]:
    return Counter(one for one in rules if one.group == group)


def _after(have: list[Present], changes: tuple[RuleChange, ...]) -> list[Present]:
    return list(applied(have, changes))


def _values(have: list[Present]) -> list[Rule]:
    return [present.rule for present in have]


@given(universe.wanted(), universe.present(), STATES)
@settings(deadline=None)
def test_a_plan_that_was_applied_is_empty_and_foreign_rules_stay(
    want: list[Rule], have: list[Rule], state: State
) -> None:
    before = on_host(*have)
    after = _after(before, plan_changes(want, before, state).now)
    assert plan_changes(want, after, state) == Changes()
    assert _left(_values(after), "") == _left(have, "")


@given(universe.wanted(), universe.present())
@settings(deadline=None)
def test_replaced_leaves_exactly_the_wanted_rules(want: list[Rule], have: list[Rule]) -> None:
    before = on_host(*have)
    assert _left(_values(_after(before, plan_changes(want, before).now))) == Counter(want)


@given(universe.wanted(), universe.present(), STATES)
@settings(deadline=None)
def test_open_then_close_is_all(want: list[Rule], have: list[Rule], state: State) -> None:
    before = on_host(*have)
    opened = _after(before, plan_changes(want, before, state, Phase.OPEN).now)
    closed = _after(opened, plan_changes(want, opened, state, Phase.CLOSE).now)
    assert _left(_values(closed)) == _left(_values(_after(before, plan_changes(want, before, state).now)))
    assert plan_changes(want, closed, state) == Changes()


@given(universe.wanted(), universe.present(), STATES)
@settings(deadline=None)
def test_open_ends_no_admission_and_close_after_it_opens_none(want: list[Rule], have: list[Rule], state: State) -> None:
    before = on_host(*have)
    opened = _after(before, plan_changes(want, before, state, Phase.OPEN).now)
    closed = _after(opened, plan_changes(want, opened, state, Phase.CLOSE).now)
    assert universe.admitted(have) <= universe.admitted(_values(opened))
    if all(one.action == "allow" for one in want + have):
        assert universe.admitted(_values(closed)) <= universe.admitted(_values(opened))


@given(universe.wanted(ALLOW), universe.present(ALLOW))
@settings(deadline=None)
def test_open_admits_all_that_is_wanted(want: list[Rule], have: list[Rule]) -> None:
    before = on_host(*have)
    opened = plan_changes(want, before, phase=Phase.OPEN)
    after = _after(before, opened.now)
    assert universe.admitted(want) <= universe.admitted(_values(after))
    assert plan_changes(want, after, phase=Phase.OPEN).now == ()


@given(universe.wanted(ALLOW), universe.present(ALLOW))
@settings(deadline=None)
def test_a_change_said_to_be_without_admission_has_none(want: list[Rule], have: list[Rule]) -> None:
    before = on_host(*have)
    changes = describe_effects(before, plan_changes(want, before))
    if not any(change.changes_admission for change in changes.now):
        assert universe.admitted(_values(_after(before, changes.now))) == universe.admitted(have)
