# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which comparisons a run must have: those of its plan and tags; a lost one is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._report.expected import Selection, compared
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Status, Step
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

from tests.unit.report.synthetic_run import ALL, PLAN, SAME, D, L, P, compiled, complete, keep


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    return compiled(tmp_path)


def test_comparisons_of_a_run_are_those_of_plan_and_tags(state: RunState) -> None:
    keep(state, complete(Step.COMPARE))
    found = {(result.device, result.concern) for result in compared(state, PLAN, ALL, Selection())}
    assert found == {(device, concern) for device, concern, _step in complete()}
    only = list(compared(state, PLAN, ALL, Selection(frozenset({"dns"}))))
    # What was compared all the same, is known.
    assert {result.status for result in only} == {Status.UNCHANGED} and len(only) == len(found)


def test_a_comparison_that_left_nothing_is_unknown(state: RunState) -> None:
    keep(state, {key: answer for key, answer in complete(Step.COMPARE).items() if key[0] != "rp01"})
    found = [result for result in compared(state, PLAN, ALL, Selection()) if result.status is Status.UNKNOWN]
    assert [(result.device, result.concern) for result in found] == [("rp01", L), ("rp01", P)]
    # Nor is a device that the tags leave out, or that is not in this run.
    assert not [
        result
        for result in compared(state, PLAN, ("fe01",), Selection(frozenset({"load_balancer"})))
        if not result.is_done
    ]


def test_dns_is_compared_where_there_is_a_server(state: RunState) -> None:
    answers = complete(Step.COMPARE)
    keep(state, {**answers, ("DNS", D, Step.COMPARE): {**SAME, "stats": {"requests": 0}}})
    assert D not in {result.concern for result in compared(state, PLAN, ALL, Selection())}
