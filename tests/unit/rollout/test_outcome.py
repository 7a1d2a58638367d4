# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a run ends: its verdict, its last line, and which hosts fail for its exit status."""

from __future__ import annotations

import json
import pathlib
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import (
    Restored,
    RunOutcome,
    Verdict,
    ending_hosts,
    ending_of,
    verdict_of,
    worst_verdict,
    write_summary,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import Options, RunOptions, RunScope

from .runs import Run

PLAYED = ["fe01", "fe02", "lb01"]
DONE, DIFFERS, HELD, UNKNOWN = Verdict.DONE, Verdict.DIFFERS, Verdict.HELD, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("devices", "verdict"),
    [
        ({"fe01": DONE, "fe02": DONE}, DONE),
        ({"fe01": DONE, "fe02": HELD}, HELD),
        ({"fe01": DIFFERS, "fe02": HELD}, DIFFERS),
        ({"fe01": DIFFERS, "fe02": Verdict.LIMITED}, Verdict.LIMITED),
        ({"fe01": UNKNOWN, "fe02": Verdict.LIMITED}, UNKNOWN),
        ({"fe01": UNKNOWN, "fe02": Verdict.INVALID}, Verdict.INVALID),
    ],
)
def test_the_worst_device_is_the_verdict_of_the_run(devices: dict[str, Verdict], verdict: Verdict) -> None:
    found = RunOutcome.of_devices("drift", devices)
    assert (found.verdict, worst_verdict(devices.values())) == (verdict, verdict)
    assert set(found.devices) == {name for name, each in devices.items() if each is not DONE}


def test_a_run_that_asked_nobody_is_not_done() -> None:
    assert RunOutcome.of_devices("site", {}).verdict is UNKNOWN


@pytest.mark.parametrize("verdict", Verdict)
def test_only_done_ends_with_exit_status_0(verdict: Verdict) -> None:
    assert verdict.exit_status == (0 if verdict is DONE else 2)
    assert RunOutcome("site", verdict).document()["exit_status"] == verdict.exit_status


@pytest.mark.parametrize("status", Status)
def test_only_what_is_known_to_be_as_planned_is_done(status: Status) -> None:
    assert (verdict_of(status) is DONE) == status.is_done


def test_the_last_line_names_what_the_verdict_comes_from() -> None:
    outcome = RunOutcome("drift", DIFFERS, "3 deviations on 2 devices")
    assert (outcome.line, RunOutcome("plan", DONE).line) == (
        "Verdict: differs (3 deviations on 2 devices)",
        "Verdict: done",
    )


ENDINGS: dict[str, tuple[RunOutcome, dict[str, Verdict]]] = {
    "done": (RunOutcome.of_devices("drift", {"fe01": DONE}), {}),
    "one host": (
        RunOutcome.of_devices("drift", {"fe01": DONE, "fe02": DIFFERS, "lb01": HELD}),
        {"fe02": DIFFERS, "lb01": HELD},
    ),
    "DNS only": (RunOutcome.of_devices("drift", {"DNS": DIFFERS, "fe01": DONE}), {"fe01": DIFFERS}),
    "nobody was asked": (RunOutcome.of_devices("drift", {}), {"fe01": UNKNOWN}),
}


@pytest.mark.parametrize(("outcome", "failing"), ENDINGS.values(), ids=ENDINGS)
def test_who_fails_for_the_exit_status(outcome: RunOutcome, failing: dict[str, Verdict]) -> None:
    assert ending_hosts(outcome.document(), PLAYED) == failing
    # The last play has these hosts alone, and the same of them fail there.
    assert ending_hosts(outcome.document(), [*failing, "localhost"]) == failing or not failing


def test_a_run_without_a_summary_fails() -> None:
    assert ending_hosts({}, PLAYED) == {"fe01": UNKNOWN}


def test_the_summary_is_written_beside_the_reports(tmp_path: pathlib.Path) -> None:
    outcome = RunOutcome.of_devices("drift", {"fe02": DIFFERS}, "1 deviation on 1 device", counts={"deviations": 1})
    written = write_summary(tmp_path / "reports", outcome.document())
    assert written == tmp_path / "reports" / "summary.json"
    assert json.loads(written.read_text(encoding="utf-8")) == outcome.document()
    assert [path.name for path in written.parent.iterdir()] == ["summary.json"]


FIREWALL, IPSEC, NFTABLES = Concern.FIREWALL, Concern.IPSEC, Concern.NFTABLES
WHOLE = {"whole": True, "names": [], "extra": []}
PARTS = {"whole": False, "names": ["SIP"], "extra": ["Foreign"]}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.below(tmp_path)


def reported(run: Run, **devices: Verdict) -> None:
    outcome = RunOutcome.of_devices(
        "drift", devices, "3 deviations on 2 devices", files=["drift.json"], reference="CHG0042"
    )
    run.state.save_summary(outcome.document())


def test_a_repair_that_is_done_ends_the_run_well(run: Run) -> None:
    reported(run, fe11=Verdict.DONE, lb01=Verdict.DONE)
    run.state.save_repairs({"fe11": {"firewall": PARTS}, "lb01": {"load_balancer": WHOLE}})
    run.keep("fe11", FIREWALL, Step.REMEDIATE, Status.CHANGED, summary={"added": 1, "changed": 2})
    run.keep("fe11", FIREWALL, Step.REMOVE, Status.CHANGED, summary={"removed": 1})
    run.keep("lb01", Concern.LOAD_BALANCER, Step.REMEDIATE)
    lines, outcome = ending_of("remediation", run.state)
    assert lines == ["fe11: firewall: changed (1 added, 2 changed, 1 removed)", "lb01: load balancer: unchanged"]
    assert outcome.line == "Verdict: done (3 deviations on 2 devices; 2 of 2 devices repaired)"
    assert (outcome.playbook, outcome.files, outcome.reference) == ("drift", ("drift.json",), "CHG0042")


def test_the_programs_of_a_load_balancer_are_one_and_what_they_cannot_do_is_told(run: Run) -> None:
    reported(run, lb01=Verdict.DONE)
    run.state.save_repairs({"lb01": {"load_balancer": WHOLE}})
    lacks = {"not_rendered": [{"service": name, "name": "algorithm", "why": "it hashes"} for name in ("a", "b")]}
    run.keep("lb01", Concern.LOAD_BALANCER, Step.REMEDIATE, Status.CHANGED, summary={"changed": 3}, **lacks)
    run.keep("lb01", Concern.LOAD_BALANCER_UDP, Step.REMEDIATE, summary={}, **lacks)
    lines, _outcome = ending_of("remediation", run.state)
    assert lines == [
        "lb01: load balancer: changed (3 changed)",
        "lb01: not rendered: algorithm of 2 services: it hashes",
    ]


def test_what_failed_of_a_device_is_told_beside_what_is_done(run: Run) -> None:
    reported(run, fe11=Verdict.DONE)
    run.state.save_repairs({"fe11": {"firewall": PARTS}})
    run.state.save_result(TaskResult("fe11", FIREWALL, Step.REMEDIATE, Status.FAILED, "the reason"))
    run.keep("fe11", FIREWALL, Step.REMOVE, Status.CHANGED, summary={"removed": 1})
    lines, _outcome = ending_of("remediation", run.state)
    assert lines == ["fe11: firewall: failed (the reason)", "fe11: firewall: changed (1 removed)"]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (None, Verdict.UNKNOWN),
        (Status.FAILED, Verdict.DIFFERS),
        (Status.UNREACHABLE, Verdict.UNKNOWN),
        (Status.STOPPED, Verdict.HELD),
    ],
)
def test_a_repair_that_is_not_known_to_be_done_is_the_verdict(
    run: Run, status: Status | None, verdict: Verdict
) -> None:
    reported(run, fe11=Verdict.DONE, fe12=Verdict.DONE)
    run.state.save_repairs({"fe11": {"firewall": WHOLE}, "fe12": {"firewall": WHOLE}})
    run.keep("fe11", FIREWALL, Step.REMEDIATE, Status.CHANGED)
    if status:
        run.state.save_result(TaskResult("fe12", FIREWALL, Step.REMEDIATE, status, "the reason"))
    lines, outcome = ending_of("remediation", run.state)
    assert (outcome.verdict, outcome.devices) == (verdict, {"fe12": verdict})
    assert not status or lines[-1] == f"fe12: firewall: {status.value} (the reason)"


@pytest.mark.parametrize(
    ("status", "line"),
    [(Status.CHANGED, "DNS record sets 1 added, 0 changed, 2 removed."), (Status.FAILED, "DNS: failed (no key)")],
)
def test_a_repair_of_dns(run: Run, status: Status, line: str) -> None:
    reported(run, DNS=Verdict.DONE)
    run.state.save_repairs({"DNS": {"dns": WHOLE}})
    document = {"summary": {"added": 1, "removed": 2}}
    message = "no key" if status is Status.FAILED else ""
    run.state.save_result(TaskResult("DNS", Concern.DNS, Step.REMEDIATE, status, message, document=document))
    assert ending_of("remediation", run.state)[0] == [line]


def test_what_a_repair_holds_back_is_told_and_is_the_verdict_of_its_devices(run: Run) -> None:
    reported(run, fe11=Verdict.DONE, fe12=Verdict.DONE)
    run.state.save_repairs({"fe11": {"firewall": WHOLE}})
    run.keep("fe11", FIREWALL, Step.REMEDIATE, Status.CHANGED, leaving={"10.1.0.99": ["SIP"]})
    run.keep("fe12", FIREWALL, Step.COMPARE, leaving={"10.1.0.99": ["SIP"]})
    lines, outcome = ending_of("remediation", run.state)
    assert lines[-1].startswith("held: 10.1.0.99 stays on fe11, fe12")
    assert (outcome.verdict, outcome.devices) == (Verdict.HELD, {"fe11": Verdict.HELD, "fe12": Verdict.HELD})
    run.state.save_options(RunOptions(Options(gone=("10.1.0.99",))).document())
    assert ending_of("remediation", run.state)[1].verdict is DONE


def test_a_failure_weighs_more_than_what_is_held_on_the_same_device(run: Run) -> None:
    reported(run, fe11=Verdict.DONE)
    run.state.save_repairs({"fe11": {"firewall": WHOLE}})
    run.keep("fe11", FIREWALL, Step.REMEDIATE, Status.FAILED, leaving={"10.1.0.99": ["SIP", "Focus"]})
    assert ending_of("remediation", run.state)[1].devices == {"fe11": DIFFERS}


def test_what_a_limit_leaves_stays_the_verdict(run: Run) -> None:
    reported(run, fe11=Verdict.DONE, fe12=Verdict.LIMITED)
    run.state.save_repairs({"fe11": {"firewall": WHOLE}})
    run.keep("fe11", FIREWALL, Step.REMEDIATE, Status.CHANGED)
    outcome = ending_of("remediation", run.state)[1]
    assert (outcome.verdict, outcome.devices) == (Verdict.LIMITED, {"fe12": Verdict.LIMITED})


def test_a_remediation_without_a_report_is_unknown(run: Run) -> None:
    assert ending_of("remediation", run.state)[1].verdict is Verdict.UNKNOWN


def retired(run: Run, *hosts: str, is_check: bool = False) -> None:
    for host in hosts:
        for concern in (FIREWALL, IPSEC, NFTABLES):
            run.state.save_result(TaskResult(host, concern, Step.RETIRE, Status.CHANGED, is_check=is_check))


def test_a_retirement(run: Run) -> None:
    run.state.save_options(RunOptions(Options(retire=("old01", "old02"))).document())
    run.state.save_summary(RunOutcome.of_devices("site", {"fe11": Verdict.DONE}, "1 of 4 devices changed").document())
    retired(run, "old01")
    retired(run, "old02", is_check=True)  # only the first look left a result
    outcome = ending_of("retire", run.state)[1]
    assert (outcome.playbook, outcome.verdict, outcome.devices) == (
        "retire",
        Verdict.UNKNOWN,
        {"old02": Verdict.UNKNOWN},
    )
    retired(run, "old02")
    assert (
        ending_of("retire", run.state)[1].line == "Verdict: done (1 of 4 devices changed; 2 of 2 devices removed)"
    )


def test_a_retirement_in_check_mode_or_by_tags(tmp_path: Path) -> None:
    for scope in (RunScope(is_check=True), RunScope(tags=frozenset({"dns"}))):
        run = Run.below(tmp_path, scope)
        run.state.save_options(RunOptions(Options(retire=("old01",))).document())
        run.state.save_summary(RunOutcome.of_devices("site", {"fe11": Verdict.DONE}).document())
        if scope.is_check:
            retired(run, "old01", is_check=True)
        verdict = ending_of("retire", run.state)[1].verdict
        assert verdict is (Verdict.DONE if scope.is_check else Verdict.UNKNOWN)


def test_a_rollback_counts_the_hosts_that_are_left(run: Run) -> None:
    asked = Restored(dict.fromkeys(("fe11", "fe12", "fe13", "fe21"), ""))
    run.state.save_options(RunOptions(Options()).document())
    assert ending_of("rollback", run.state, asked)[1].line == "Verdict: done (4 of 4 hosts asked for snapshots)"
    run.state.save_options(RunOptions(Options(rollback_to="newest")).document())
    lines, outcome = ending_of("rollback", run.state, Restored({"fe11": "C:\\a.wfw", "fe12": "C:\\b.wfw"}, ["fe13"]))
    assert lines == [
        "fe11: C:\\a.wfw came back: our firewall rules, and those disabled for them",
        "fe12: C:\\b.wfw came back: our firewall rules, and those disabled for them",
        "fe13: left alone, because it is handed out",
    ]
    assert (outcome.line, outcome.devices) == (
        "Verdict: unknown (2 of 4 hosts brought back)",
        {"fe13": Verdict.HELD, "fe21": Verdict.UNKNOWN},
    )


def test_a_rollback_that_reached_nobody_is_unknown(run: Run) -> None:
    run.state.save_options(RunOptions(Options(rollback_to="newest")).document())
    assert ending_of("rollback", run.state)[1].line == "Verdict: unknown (0 of 4 hosts brought back)"


def test_a_look_at_those_that_leave_ends_the_run_unless_all_can_be_asked(run: Run) -> None:
    run.state.save_options(RunOptions(Options(retire=("old01", "old02"))).document())
    retired(run, "old01", is_check=True)
    lines, outcome = ending_of("leaving", run.state)
    assert outcome.line == "Verdict: unknown (nothing was changed anywhere: 1 host cannot be retired)"
    assert lines and all(line.startswith("old02: ") for line in lines)
    retired(run, "old02", is_check=True)
    assert ending_of("leaving", run.state)[1].verdict is Verdict.DONE


def test_a_plan(run: Run) -> None:
    assert ending_of("plan", run.state)[1].line == "Verdict: done (8 hosts, 2 pools)"
