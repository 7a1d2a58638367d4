# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a run ends: its verdict, its last line, and which hosts fail for its exit status."""

from __future__ import annotations

import json
import pathlib

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import (
    RunOutcome,
    Verdict,
    ending_hosts,
    verdict_of,
    worst_verdict,
    write_summary,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Status

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
