# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whole synthetic runs of site.yml.

The plan that was compiled, the results of its tasks, and the summary that comes of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_collect import (
    Settings,
    accept_text,
    collect_summary,
    compared,
    was_asked,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_summary import RunSummary
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_text import summary_text
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import Verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Status, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import RunScope
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves

from tests.unit.report.synthetic_run import (
    ADDED,
    NOW,
    PLAN,
    POOL,
    SAME,
    Answers,
    B,
    D,
    F,
    Key,
    L,
    P,
    U,
    X,
    compiled,
    complete,
    host,
    keep,
    pool,
    service,
)


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    """A run with a pool of two Front Ends behind a balancer, and a Linux reverse proxy that publishes it."""
    return compiled(tmp_path)


def run(state: RunState, answers: Answers, **settings: Any) -> RunSummary:
    keep(state, answers)
    return look(state, **settings)


def look(state: RunState, **settings: Any) -> RunSummary:
    return collect_summary(state, Settings(**{"check": True, "now": NOW, **settings}))


def test_nothing_to_do(state: RunState) -> None:
    found = run(state, complete())
    assert (found.outcome, found.run.not_run, found.run.left, found.reasons) == ("SAFE", {}, {}, ())
    assert {(part.device, part.concern) for part in found.parts} == {
        ("fe01", F),
        ("fe01", X),
        ("fe02", F),
        ("fe02", X),
        ("rp01", L),
        ("rp01", P),
        ("lb01", B),
        ("DNS", D),
    }
    assert len(found.run.digest) == 64 and look(state, check=False).outcome == "DONE"


@pytest.mark.parametrize("away", [key for key in complete() if key[0] != "fe01"])
def test_a_device_without_a_result_is_never_taken_for_unchanged(state: RunState, away: Key) -> None:
    found = run(state, {key: answer for key, answer in complete().items() if key != away})
    assert [(reason.risk.name, reason.device) for reason in found.reasons] == [("NOT_ASKED", away[0])]
    after = look(state, check=False)
    assert (after.outcome, {name for name, verdict in after.verdicts.items() if verdict is Verdict.UNKNOWN}) == (
        "NOT DONE",
        {away[0]},
    )


def test_a_result_that_is_cut_off_or_of_an_earlier_run_is_none(state: RunState, tmp_path: Path) -> None:
    keep(state, complete())
    (path,) = tmp_path.rglob("fe02/firewall.open.*.json")
    text = path.read_text(encoding="utf-8")
    path.write_text(text[:-20], encoding="utf-8")
    assert [(reason.risk.name, reason.device) for reason in look(state).reasons] == [("NOT_ASKED", "fe02")]
    path.write_text(text, encoding="utf-8")
    assert look(state).outcome == "SAFE"
    assert {reason.risk.name for reason in look(compiled(tmp_path)).reasons} == {"NOT_ASKED"}


def test_the_second_program_of_a_load_balancer_is_expected_where_the_plan_has_something_for_it(tmp_path: Path) -> None:
    state = compiled(tmp_path, replace(PLAN, pools={POOL: pool(service(), service("udp"))}))
    found = run(state, complete())
    assert [(reason.risk.name, reason.device) for reason in found.reasons] == [("NOT_ASKED", "lb01")]
    keep(state, {("lb01", U, Step.APPLY): ADDED})
    (part,) = (part for part in look(state).parts if part.device == "lb01")
    assert (part.concern, part.status.value, part.counts["added"]) == (B, "changed", 1)


def test_dns_that_did_not_answer_is_reported(state: RunState) -> None:
    answers = complete()
    answers.pop(("DNS", D, Step.APPLY))
    found = run(state, answers)
    assert [(reason.risk.name, reason.device) for reason in found.reasons] == [("NOT_ASKED", "DNS")]
    # No server is known: nobody was to be asked, and the records of the plan are counted as not looked at.
    keep(state, {("DNS", D, Step.APPLY): {**SAME, "stats": {"requests": 0}}})
    assert (look(state).reasons, look(state).run.not_run) == ((), {D: 1})


def test_tags_and_limits_are_reported(tmp_path: Path) -> None:
    opened = {("fe01", F, Step.OPEN): ADDED, ("fe02", F, Step.OPEN): ADDED}
    firewall: dict[str, Any] = {"tags": frozenset({"firewall"})}
    found = run(compiled(tmp_path, **firewall), opened)
    assert (found.run.not_run, found.outcome) == ({X: 2, L: 1, B: 1, P: 1, D: 1}, "SAFE")
    hosts = run(compiled(tmp_path, played=("fe01", "fe02"), **firewall), opened)
    assert hosts.run.not_run == {X: 2, L: 1, D: 1}
    skipped = run(compiled(tmp_path, skipped=frozenset({"load_balancer"})), complete())
    assert (skipped.run.not_run, skipped.outcome) == ({B: 1, P: 1}, "SAFE")


def test_a_run_whose_tags_leave_out_everything_is_refused_and_not_done(tmp_path: Path) -> None:
    state = compiled(tmp_path, tags=frozenset({"nosuchtag"}))
    assert (look(state).outcome, look(state, check=False).outcome) == ("REFUSED", "NOT DONE")
    assert look(compiled(tmp_path)).outcome == "REFUSED"


def test_pools_that_wait_are_reported(state: RunState) -> None:
    gone: Mapping[str, object] = {"unreachable": True, "msg": "no route"}
    answers = {
        **complete(),
        ("fe02", F, Step.OPEN): gone,
        ("fe02", X, Step.OPEN): {"skipped": True},
        ("lb01", B, Step.APPLY): {**SAME, "waiting": {POOL: "fe02 not as planned"}},
    }
    found = run(state, answers)
    assert [(reason.risk.name, reason.device) for reason in found.reasons] == [("UNREACHABLE", "fe02")]
    assert found.run.left == {POOL: "fe02 not as planned"}
    after = look(state, check=False)
    assert (after.outcome, after.verdicts["fe02"], after.verdicts["lb01"]) == (
        "NOT DONE",
        Verdict.UNKNOWN,
        Verdict.HELD,
    )


def test_a_gate_that_stays_shut_is_reported_with_its_reason(state: RunState) -> None:
    answers = {
        **complete(),
        ("fe01", F, Step.OPEN): {**ADDED, "pending": True, "after": []},
        ("lb01", B, Step.APPLY): {"failed": True, "msg": "no answer"},
    }
    keep(state, answers)
    why = f"lb01 of its pool {POOL} is not as planned"
    held = {"skipped": True, "held": True, "skip_reason": why}
    keep(state, {("fe01", F, Step.CLOSE): held})
    found = look(state, check=False)
    assert (found.run.held, found.verdicts["fe01"]) == ({"fe01": (why,)}, Verdict.HELD)
    assert f"not closed yet: fe01: {why}" in summary_text(found)
    # The same host after it was closed.
    keep(state, {("fe01", F, Step.CLOSE): ADDED})
    closed = look(state, check=False)
    assert (closed.run.held, closed.outcome, closed.verdicts["fe01"]) == ({}, "NOT DONE", Verdict.DONE)


@pytest.mark.parametrize("stopped", [True, False])
def test_a_closing_that_never_came_is_not_done(state: RunState, stopped: bool) -> None:
    """An earlier host was not done, or nobody came to this one."""
    answers = {**complete(), ("fe01", F, Step.OPEN): {**ADDED, "pending": True, "after": []}}
    if stopped:
        answers["fe01", F, Step.CLOSE] = {"skipped": True, "skip_reason": "an earlier host was not done"}
    found = run(state, answers, check=False)
    assert (found.outcome, found.verdicts["fe01"], found.run.held) == ("NOT DONE", Verdict.HELD, {})
    assert "fe01: not closed: opened only" in summary_text(found)


def test_dns_that_refuses_fails_the_run(state: RunState) -> None:
    found = run(
        state, {**complete(), ("DNS", D, Step.APPLY): {"failed": True, "msg": "it refuses the update"}}, check=False
    )
    assert (found.outcome, found.verdicts["DNS"], found.verdicts["fe01"]) == ("NOT DONE", Verdict.DIFFERS, Verdict.DONE)
    assert "DNS: failed: it refuses the update" in summary_text(found)


def test_the_last_report_of_verify_confirms_assumptions(tmp_path: Path) -> None:
    text = "The default gateway is on the external interface."
    edge = host("edge01", "windows", "10.2.0.21", assumptions=(text,))
    state = RunState(str(tmp_path))
    only = RunScope(("edge01",), frozenset({"firewall"}))
    state.save(plan_files.rendered(Plan({"edge01": edge})), Waves((("edge01",),)), None, only)
    keep(state, {("edge01", F, Step.OPEN): ADDED})
    assert look(state).reasons == () and "Assumptions of the plan: 1 unverified" in summary_text(look(state))
    for standing, risks in (("confirmed", []), ("contradicted", ["CONTRADICTED"]), ("could not tell", [])):
        item = {"place": "edge01", "text": text, "standing": standing, "why": "read"}
        report = {"made": "2026", "probes": [], "assumptions": [item]}
        (tmp_path / "verify.json").write_text(json.dumps(report), encoding="utf-8")
        assert [reason.risk.name for reason in look(state, directory=str(tmp_path)).reasons] == risks


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


def test_an_address_that_two_places_would_lose_is_held_and_said_in_one_line(state: RunState) -> None:
    answers = complete()
    answers[("fe01", F, Step.OPEN)] = {**SAME, "leaving": {"10.1.0.99": ["fe-focus"]}}
    answers[("lb01", B, Step.APPLY)] = {**SAME, "leaving": {"10.1.0.99": ["sip"], "10.1.0.98": ["sip"]}}
    found = run(state, answers)
    assert (found.outcome, [reason.risk.name for reason in found.reasons]) == ("NEEDS WINDOW", ["HELD"])
    assert {name for name, verdict in found.verdicts.items() if verdict is Verdict.HELD} == {"fe01", "lb01"}
    after = look(state, check=False)
    (line,) = (line for line in summary_text(after, columns=1000).splitlines() if "10.1.0.99" in line)
    assert "stays on fe01, lb01" in line and '"lync_gone": ["10.1.0.99"]' in line
    assert (after.outcome, "10.1.0.98" in summary_text(after)) == ("NOT DONE", False)


def test_a_check_writes_what_can_be_accepted_of_all_devices_and_names_the_rest(state: RunState) -> None:
    answers = complete()
    place = "TCP 5061 of 10.1.0.11"
    answers["fe01", F, Step.OPEN] = {
        **SAME,
        "leaving": {"10.1.0.99": ["fe-focus"]},
        "fingerprint": "f1",
        "refused": ["nobody could manage it", f"10.10.3.4 would be cut: {place}"],
        "refused_cuts": [place],
    }
    answers["lb01", B, Step.APPLY] = {**SAME, "leaving": {"10.1.0.99": ["sip"]}, "fingerprint": "f2"}
    answers["fe02", F, Step.OPEN] = {**SAME, "fingerprint": "f3"}
    keep(state, answers)
    text = accept_text(state, NOW)
    accepted = yaml.safe_load(text)["lync_accept"]
    assert [(one["device"], one["kind"], one["object"]) for one in accepted["items"]] == [
        ("fe01", "cut", place),
        ("fe01", "vanished", "10.1.0.99"),
        ("lb01", "vanished", "10.1.0.99"),
    ]
    assert (accepted["fingerprints"], accepted["plan"]) == ({"fe01": "f1"}, state.digest())
    assert "# Cannot be accepted: fe01: nobody could manage it" in text and "fe01: 10.10.3.4" not in text


def test_tags_that_leave_a_device_out_accept_nothing_of_it(tmp_path: Path) -> None:
    state = compiled(tmp_path, tags=frozenset({"dns"}))
    cut = {**SAME, "refused": ["it would be cut"], "refused_cuts": ["TCP 5061"]}
    keep(state, {**complete(), ("fe01", F, Step.OPEN): cut})
    assert accept_text(state, NOW) == ""


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        ({**SAME, "stats": {"requests": 1}}, True),
        ({**SAME, "stats": {"requests": 0}}, False),
        (SAME, False),
        ({"failed": True, "stats": {"requests": 0}}, True),
        ({"unreachable": True}, True),
    ],
)
def test_dns_that_failed_before_its_first_question_should_have_been_asked(
    answer: Mapping[str, object], asked: bool
) -> None:
    assert was_asked(TaskResult.of_answer("DNS", D, Step.APPLY, answer, is_check=False)) == asked
