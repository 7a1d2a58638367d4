# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which comparisons a run must have: those of its plan and tags; a lost one is unknown."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.msuc.lync.plugins.plugin_utils._report.expected import compared
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Status, Step

from tests.unit.report.synthetic_run import PLAN, SAME, D, L, P, compiled, complete, keep


def test_comparisons_of_a_run_are_those_of_plan_and_tags(tmp_path: Path) -> None:
    state = compiled(tmp_path)
    keep(state, complete(Step.COMPARE))
    found = {(result.device, result.concern) for result in compared(state, PLAN)}
    assert found == {(device, concern) for device, concern, _step in complete()}
    only = compiled(tmp_path, tags=frozenset({"dns"}))
    keep(only, complete(Step.COMPARE))
    # What was compared all the same, is known.
    results = list(compared(only, PLAN))
    assert {result.status for result in results} == {Status.UNCHANGED} and len(results) == len(found)


def test_a_comparison_that_left_nothing_is_unknown(tmp_path: Path) -> None:
    state = compiled(tmp_path)
    keep(state, {key: answer for key, answer in complete(Step.COMPARE).items() if key[0] != "rp01"})
    found = [result for result in compared(state, PLAN) if result.status is Status.UNKNOWN]
    assert [(result.device, result.concern) for result in found] == [("rp01", L), ("rp01", P)]


def test_what_tags_and_limits_leave_out_is_not_missing(tmp_path: Path) -> None:
    state = compiled(tmp_path, played=("fe01",), tags=frozenset({"load_balancer"}))
    assert not list(compared(state, PLAN))


def test_dns_is_compared_where_there_is_a_server(tmp_path: Path) -> None:
    state = compiled(tmp_path)
    keep(state, {**complete(Step.COMPARE), ("DNS", D, Step.COMPARE): {**SAME, "stats": {"requests": 0}}})
    assert D not in {result.concern for result in compared(state, PLAN)}
