# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses that are held in a run, hosts that the inventory lacks, and what lets them go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan, Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.gates import Gates
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import Options, RunOptions
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.vanished import (
    expectation_problems,
    held_addresses,
    missing_hosts,
    resolved_gone,
    without_held,
)
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
    assert held_addresses(state) == ()
    keep(state, "fe02", {GONE: ["focus"]})
    (held,) = held_addresses(state)
    assert (held.address, held.devices) == (GONE, ("fe01", "fe02"))
    keep(state, "fe02", {ALONE: ["focus"], GONE: []})
    assert [one.address for one in held_addresses(state)] == [ALONE]


def test_the_last_result_of_a_device_counts(state: RunState) -> None:
    keep(state, "fe01", {GONE: ["focus", "sip"]})
    keep(state, "fe01", {}, Step.CLOSE)
    assert held_addresses(state) == ()


def test_what_is_named_as_gone_is_not_held(state: RunState) -> None:
    keep(state, "fe01", {GONE: ["focus", "sip"]})
    state.save_options(RunOptions(Options(gone=(GONE,))).document())
    assert held_addresses(state) == ()


def test_a_device_is_told_what_others_would_lose_and_not_itself(state: RunState) -> None:
    keep(state, "fe01", {GONE: ["focus"]})
    keep(state, "fe02", {ALONE: ["focus"]})
    state.collect_leaving()
    presence = Gates(state).presence("fe01", Concern.FIREWALL, AddressSet())
    assert presence.elsewhere == {ALONE: 1}
    assert presence.held({ALONE: ["focus"]}).each() == (ALONE,)
    assert not presence.held({GONE: ["focus"]})


def test_a_rule_with_a_held_address_is_not_removed_by_a_repair(state: RunState) -> None:
    keep(state, "fe01", {GONE: ["old", "focus"]}, Step.COMPARE)
    repairs = {"fe01": {"firewall": {"whole": False, "names": [], "extra": ["old"]}}}
    assert without_held(repairs, held_addresses(state)) == {}
    more = {"fe01": {"firewall": {"whole": False, "names": [], "extra": ["old", "mine"]}}}
    assert without_held(more, held_addresses(state))["fe01"]["firewall"]["extra"] == ["mine"]


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


@pytest.mark.parametrize(("expected", "is_wrong"), [(["2"], False), (["3"], True), (["fe01"], False), (["fe09"], True)])
def test_the_inventory_must_have_the_hosts_that_are_expected(expected: list[str], is_wrong: bool) -> None:
    assert bool(list(expectation_problems(expected, ["fe01", "fe02"]))) == is_wrong
