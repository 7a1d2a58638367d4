# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reports as files and as text: since when a deviation is there, JUnit, lines for a terminal, whole files or none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Report
from ansible_collections.msuc.lync.plugins.plugin_utils._report.output import (
    drift_junit,
    drift_text,
    file_name,
    first_seen,
    write_files,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

from tests.unit.drift.samples import CLEAN, DRIFTED, GONE, HOSTS, NOW, SHADOW, change, report


def test_since_when_goes_back_as_long_as_it_was_there(tmp_path: Path) -> None:
    days = {1: DRIFTED, 2: CLEAN, 3: DRIFTED, 4: GONE, 5: DRIFTED}
    for day, result in days.items():
        moment = NOW.replace(day=day)
        made = report({"fe02": {"firewall": result}}, moment)
        (tmp_path / file_name(moment)).write_text(json.dumps(made.document()), encoding="utf-8")
    (tmp_path / "drift-2026-11-27T000000Z.json").write_text('{"made": "2026-', encoding="utf-8")
    key = ("fe02", "firewall", "missing", "SIP")
    assert first_seen(tmp_path, [key, ("fe02", "firewall", "extra", "SIP")]) == {key: NOW.replace(day=3)}


def test_no_history_is_no_fault(tmp_path: Path) -> None:
    assert not first_seen(tmp_path / "none", [("fe02", "firewall", "missing", "SIP")])


def test_junit_has_a_suite_per_device_and_a_case_per_concern() -> None:
    text = drift_junit(
        report(
            {
                "fe01": {"firewall": GONE},
                "fe02": {"firewall": {**SHADOW, "changes": [change("add", "R\x01TP")]}, "ipsec": CLEAN},
            }
        )
    )
    assert text.startswith("<?xml ")
    suites = {suite.get("name"): suite for suite in ElementTree.fromstring(text)}
    assert (suites["fe01"].get("errors"), suites["fe02"].get("failures"), suites["fe02"].get("tests")) == (
        "1",
        "1",
        "2",
    )
    assert suites["fe01"][0][0].text == "no route"
    assert "RTP: missing" in (suites["fe02"][0][0].text or "")
    assert suites["fe02"][0][1].text == "note: SIP: shadowed (narrower_than)"


def test_a_terminal_shows_what_differs_what_is_not_known_and_a_sum() -> None:
    made = report({"fe01": {"firewall": GONE}, "fe02": {"firewall": DRIFTED}, "lb01": {"load_balancer": CLEAN}})
    assert drift_text(made).splitlines() == [
        "fe02: SIP: missing (it is missing)",
        "could not tell: fe01: unreachable: no route",
        "Drift: 1 deviation on 1 of 3 devices; 1 of 3 devices could not tell.",
    ]
    lost = TaskResult.unknown("lb01", Concern.LOAD_BALANCER, Step.COMPARE)
    text = drift_text(Report.of([lost], Context(NOW, HOSTS)))
    assert text.startswith("could not tell: lb01: unknown: it is part of this run, and no task of it has a result")
    assert text.endswith("\nDrift: no deviation is known, and 1 of 1 device could not tell.")


def test_nobody_asked_is_not_counted_as_no_deviation() -> None:
    assert drift_text(report({})) == "Drift: no device was asked; --limit or --tags leave out every one."


def test_files_are_written_whole_and_leave_nothing_else_behind(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    assert write_files(folder, {"b.txt": "two", "a.txt": "one"}) == [str(folder / "a.txt"), str(folder / "b.txt")]
    assert write_files(folder, {"a.txt": "three"}) == [str(folder / "a.txt")]
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == {
        "a.txt": "three",
        "b.txt": "two",
    }


def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.txt": "one"})
    with pytest.raises(UnicodeEncodeError):
        write_files(tmp_path, {"a.txt": "two \udc80"})
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"a.txt": "one"}
    assert os.listdir(tmp_path) == ["a.txt"]
