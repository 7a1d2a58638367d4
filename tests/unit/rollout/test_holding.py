# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses that are held in a run, hosts that the inventory lacks, and what lets them go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.absence import Losses
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan, NotOpened, Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.acceptance import Acceptances, HoldKind
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.gates import Gates, Go
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.holding import (
    expectation_problems,
    explain_pairs,
    judge_losses,
    missing_hosts,
    resolved_gone,
    without_held,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import Options, RunOptions, RunScope
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves

GONE, ALONE, KNOWN = "10.1.0.99", "10.1.0.98", "10.1.0.11"


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    made = RunState(str(tmp_path))
    made.save({}, Waves(), known_addresses=(KNOWN,))
    return made


def keep(state: RunState, device: str, leaving: Mapping[str, list[str]], step: Step = Step.OPEN) -> None:
    answer = {"changed": False, "leaving": leaving}
    state.save_result(TaskResult.of_answer(device, Concern.FIREWALL, step, answer, is_check=False))


def test_an_address_is_held_by_two_objects_of_one_device_or_of_two(state: RunState) -> None:
    keep(state, "fe01", {GONE: ["focus"], ALONE: ["focus"], KNOWN: ["focus", "sip"]})
    assert judge_losses(state).holds == ()
    keep(state, "fe02", {GONE: ["focus"]})
    (held,) = judge_losses(state).holds
    assert (held.kind, held.item, held.devices) == (HoldKind.VANISHED, GONE, ("fe01", "fe02"))
    keep(state, "fe02", {ALONE: ["focus"], GONE: []})
    assert [one.item for one in judge_losses(state).holds] == [ALONE]


@pytest.mark.parametrize(("number", "end"), [(6, "fe6, "), (7, "fe6 and 1 more, ")])
def test_many_devices_are_counted_at_the_end_of_their_line(state: RunState, number: int, end: str) -> None:
    for device in range(1, number + 1):
        keep(state, f"fe{device}", {GONE: ["focus"]})
    (held,) = judge_losses(state).holds
    assert f"stays on fe1, fe2, fe3, fe4, fe5, {end}and nothing of the inventory has it" in held.text


def test_the_last_result_of_a_device_counts(state: RunState) -> None:
    keep(state, "fe01", {GONE: ["focus", "sip"]})
    keep(state, "fe01", {}, Step.CLOSE)
    assert judge_losses(state).holds == ()


def test_what_is_named_as_gone_is_not_held(state: RunState) -> None:
    keep(state, "fe01", {GONE: ["focus", "sip"]})
    state.save_options(RunOptions(Options(gone=(GONE,))).document())
    assert judge_losses(state).holds == ()


def test_a_device_is_told_what_others_would_lose_and_not_itself(state: RunState) -> None:
    keep(state, "fe01", {GONE: ["focus"]})
    keep(state, "fe02", {ALONE: ["focus"]})
    judge_losses(state)
    presence = Gates(state).presence("fe01", Concern.FIREWALL)
    assert presence.elsewhere == {ALONE: 1}
    assert presence.held(Losses({ALONE: ("focus",)})).each() == (ALONE,)
    assert not presence.held(Losses({GONE: ("focus",)}))


def test_a_rule_with_a_held_address_is_not_removed_by_a_repair(state: RunState) -> None:
    keep(state, "fe01", {GONE: ["old", "focus"]}, Step.COMPARE)
    repairs = {"fe01": {"firewall": {"whole": False, "names": [], "extra": ["old"]}}}
    assert without_held(repairs, judge_losses(state)) == {}
    more = {"fe01": {"firewall": {"whole": False, "names": [], "extra": ["old", "mine"]}}}
    assert without_held(more, judge_losses(state))["fe01"]["firewall"]["extra"] == ["mine"]


def host(name: str, *addresses: str) -> HostPlan:
    return HostPlan(name, (), "2019", None, "windows", True, "active", addresses)


EARLIER = Plan({"fe01": host("fe01", KNOWN), "fe02": host("fe02", GONE, "2001:db8::99")})


def test_a_name_that_is_gone_is_a_host_of_an_earlier_plan() -> None:
    assert resolved_gone(["fe02", ALONE], [EARLIER]) == ([GONE, "2001:db8::99", ALONE], [])
    (problem,) = resolved_gone(["fe02"], [])[1]
    assert "lync_plan_baseline" in str(problem)
    (problem,) = resolved_gone(["fe20"], [EARLIER])[1]
    assert "'fe20'" in str(problem)


def test_hosts_of_earlier_plans_that_the_inventory_lacks() -> None:
    assert missing_hosts([EARLIER], ["fe01", "fe03"], []) == ["fe02"]
    assert missing_hosts([EARLIER], ["fe01"], ["fe02"]) == []


@pytest.mark.parametrize(
    ("expected", "is_wrong"),
    [(["1"], False), (["2"], False), (["3"], True), (["fe01"], False), (["fe09"], True), (["2", "fe01"], True)],
)
def test_the_inventory_must_have_the_hosts_that_are_expected(expected: list[str], is_wrong: bool) -> None:
    assert bool(list(expectation_problems(expected, ["fe01", "fe02"]))) == is_wrong


def lose(state: RunState, device: str, concern: Concern = Concern.FIREWALL, **losses: object) -> None:
    answer = {"changed": False, "leaving": {}, **losses}
    state.save_result(TaskResult.of_answer(device, concern, Step.OPEN, answer, is_check=False))


def of_plan(tmp_path: Path, *hosts: HostPlan) -> RunState:
    made = RunState(str(tmp_path))
    known = tuple(address for each in hosts for address in each.addresses)
    files = plan_files.rendered(Plan({each.host: each for each in hosts}))
    made.save(files, Waves((tuple(each.host for each in hosts),)), known_addresses=known)
    return made


def kinds(state: RunState) -> list[HoldKind]:
    return [one.kind for one in judge_losses(state).holds]


MANY = [host(f"fe{number:02}", f"10.1.0.{number}", f"2001:db8::{number}") for number in range(1, 6)]


def test_three_peers_may_leave_in_a_run_and_a_fourth_holds_all_narrowing(tmp_path: Path) -> None:
    state = of_plan(tmp_path, *MANY)
    three = {address: ["sip"] for each in MANY[:3] for address in each.addresses}
    for device in ("fe05", "fe06", "fe07", "fe08"):
        lose(state, device, leaving=three)
    assert kinds(state) == []
    for device in ("fe05", "fe06", "fe07", "fe08"):
        lose(state, device, leaving={**three, MANY[3].addresses[0]: ["sip"]})
    assert kinds(state) == [HoldKind.PEERS]
    assert Gates(state).presence("lb01", Concern.LOAD_BALANCER).holds_all


def test_a_host_that_leaves_its_own_rules_leaves_nobody(tmp_path: Path) -> None:
    state = of_plan(tmp_path, *MANY)
    for each in MANY:
        lose(state, each.host, leaving={address: ["focus"] for address in each.addresses})
    assert kinds(state) == []


def test_a_host_that_changes_its_role_is_one_cause_however_many_peers_it_has() -> None:
    moved = {(f"fe{number}", "fe12") for number in range(20)} | {("fe12", f"fe{number}") for number in range(20)}
    assert explain_pairs(moved | {("gw01", "fe3"), ("gw01", "fe4")}) == ["fe12", "gw01"]
    assert explain_pairs([("fe1", "fe1")]) == ["fe1"] and explain_pairs([]) == []


def test_what_is_named_as_gone_is_no_mistake(tmp_path: Path) -> None:
    state = of_plan(tmp_path, *MANY)
    addresses = [each.addresses[0] for each in MANY[:4]]
    lose(state, "fe05", leaving={address: ["sip"] for address in addresses})
    state.save_options(RunOptions(Options(gone=tuple(addresses))).document())
    assert kinds(state) == []


def test_a_host_that_would_lose_all_its_rules_keeps_them_unless_it_is_retired(tmp_path: Path) -> None:
    state = of_plan(tmp_path, host("fe01", KNOWN), replace(host("fe02", ALONE), member_state="retired"))
    lose(state, "fe02", goes=["sip"], loses_all=True)
    assert kinds(state) == []
    lose(state, "fe01", goes=["sip"], loses_all=True)
    assert kinds(state) == [HoldKind.ALL_RULES]


def test_exemptions_and_services_may_all_go(tmp_path: Path) -> None:
    state = of_plan(tmp_path, host("fe01", KNOWN))
    for concern in (Concern.IPSEC, Concern.LOAD_BALANCER, Concern.PUBLICATIONS):
        lose(state, "fe01", concern, goes=["sip"], loses_all=True)
    assert kinds(state) == []
    lose(state, "fe01", Concern.NFTABLES, goes=["sip"], loses_all=True)
    assert kinds(state) == [HoldKind.ALL_RULES]


def test_what_only_some_of_the_peers_are_named_for_is_counted_without_them(tmp_path: Path) -> None:
    state = of_plan(tmp_path, *MANY)
    for device in ("fe05", "fe06", "fe07", "fe08", "fe09"):
        lose(state, device, leaving={each.addresses[0]: ["sip"] for each in MANY[:4]})
    state.save_options(RunOptions(Options(gone=(MANY[0].addresses[0],))).document())
    assert kinds(state) == []
    state.save_options(RunOptions(Options(gone=(ALONE,))).document())
    assert kinds(state) == [HoldKind.PEERS]


def test_a_class_of_peers_that_becomes_empty_holds_all_narrowing(tmp_path: Path) -> None:
    empty = (NotOpened("S22", "no member of: pstn_gateways", "med-gateways", ("pstn_gateways",)),)
    state = of_plan(tmp_path, replace(host("med01", KNOWN), not_opened=empty))
    lose(state, "med01", goes=["Lync med-sip (TCP in)"])
    assert kinds(state) == []
    lose(state, "med01", goes=["Lync med-gateways (TCP in)"])
    (held,) = judge_losses(state).holds
    assert held.kind is HoldKind.PEER_CLASS and "nobody of pstn_gateways" in held.text


def test_a_pool_that_keeps_its_members_holds_back_nothing_else(tmp_path: Path) -> None:
    state = of_plan(tmp_path, host("lb01", KNOWN))
    lose(state, "lb01", Concern.LOAD_BALANCER, exceeded_pools={"pool01": "2 members of pool01 would leave at once"})
    holding = judge_losses(state)
    assert [one.kind for one in holding.holds] == [HoldKind.POOL]
    assert not holding.narrowing_reasons("lb01", Acceptances())


def test_neighbours_keep_what_a_host_needs_that_was_not_reached(tmp_path: Path) -> None:
    retired = replace(host("fe03", GONE), member_state="retired")
    state = of_plan(tmp_path, host("fe01", KNOWN), host("fe02", ALONE), retired)
    lose(state, "fe01")
    assert judge_losses(state).unreached == (ALONE,)


def test_nobody_keeps_anything_for_hosts_that_this_run_does_not_look_at(tmp_path: Path) -> None:
    state = of_plan(tmp_path, host("fe01", KNOWN))
    assert judge_losses(state).unreached == (KNOWN,)
    files = plan_files.rendered(Plan({"fe01": host("fe01", KNOWN)}))
    state.save(files, Waves((("fe01",),)), scope=RunScope(tags=frozenset({"dns"})), known_addresses=(KNOWN,))
    assert judge_losses(state).unreached == ()


def test_a_remediation_knows_hosts_by_their_comparison(tmp_path: Path) -> None:
    state = of_plan(tmp_path, host("fe01", KNOWN), host("fe02", ALONE))
    state.save_repairs({"fe01": {"firewall": {"whole": True, "names": [], "extra": []}}})
    lose(state, "fe01")
    keep(state, "fe02", {}, Step.COMPARE)
    assert judge_losses(state).unreached == (KNOWN,)


REPAIR = {"whole": False, "names": [], "extra": []}


@pytest.mark.parametrize(
    ("repair", "stays"),
    [
        (REPAIR, False),
        ({**REPAIR, "extra": ["old"]}, False),
        ({**REPAIR, "extra": ["old"], "names": ["sip"]}, True),
        ({**REPAIR, "extra": ["old"], "whole": True}, True),
        ({**REPAIR, "extra": ["mine"]}, True),
    ],
)
def test_a_repair_of_which_nothing_is_left_is_none(state: RunState, repair: dict[str, object], stays: bool) -> None:
    keep(state, "fe01", {GONE: ["old", "focus"]}, Step.COMPARE)
    left = without_held({"fe01": {"firewall": repair}}, judge_losses(state))
    assert ("fe01" in left) == stays
    assert "old" not in str(left)


def test_nothing_is_removed_by_a_repair_while_all_narrowing_is_held(tmp_path: Path) -> None:
    state = of_plan(tmp_path, host("fe01", KNOWN))
    lose(state, "fe01", goes=["sip"], loses_all=True)
    repairs = {"fe01": {"firewall": {"whole": False, "names": ["web"], "extra": ["sip"]}}}
    assert without_held(repairs, judge_losses(state)) == {"fe01": {"firewall": {**REPAIR, "names": ["web"]}}}


def test_nothing_is_closed_while_all_narrowing_is_held(tmp_path: Path) -> None:
    state = of_plan(tmp_path, host("fe01", KNOWN))
    lose(state, "fe01", goes=["sip"], loses_all=True, pending=True)
    judge_losses(state)
    decision = Gates(state).decide("fe01", Concern.FIREWALL, Step.CLOSE)
    assert decision.go is Go.HELD and "would lose all" in decision.message
