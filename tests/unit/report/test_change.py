# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""change.json and change.md of a check, and how long earlier runs took."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._report.change import (
    change_document,
    change_text,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_collect import (
    Settings,
    changes_of,
    collect_summary,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_summary import RunSummary
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.record import earlier_seconds
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Step
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState

from tests.unit.report.synthetic_run import NOW, B, F, compiled, complete, keep

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads(
    (ROOT / "plugins/plugin_utils/_report/data/lync_change.schema.json").read_text(encoding="utf-8")
)
ADDS = {
    "changed": True,
    "summary": {"added": 1},
    "changes": [{"name": "Lync `sip` (TCP in)", "kind": "add", "reason": "it is missing", "opens": True}],
}
NARROWS = {
    "changed": True,
    "summary": {"changed": 1},
    "changes": [
        {
            "name": "pool01-5061",
            "kind": "remove",
            "reason": "it is not wanted\n",
            "impact": "ends its connections",
        }
    ],
}


def ran(folder: Path, *, narrows: bool = False, check: bool = True) -> tuple[RunState, RunSummary]:
    state = compiled(folder)
    answers = {**complete(), ("fe01", F, Step.OPEN): ADDS, ("fe02", F, Step.OPEN): ADDS}
    keep(state, {**answers, **({("lb01", B, Step.APPLY): NARROWS} if narrows else {})})
    settings = Settings(check=check, now=NOW, directory=str(folder), reference="CHG0042")
    return state, collect_summary(state, settings)


def checked(folder: Path, *, narrows: bool = False) -> tuple[RunSummary, dict[str, Any]]:
    state, summary = ran(folder, narrows=narrows)
    document = change_document(summary, changes_of(state), earlier_seconds(folder))
    jsonschema.validate(document, SCHEMA)
    return summary, json.loads(json.dumps(document))


def test_what_changes_why_and_who_could_notice(tmp_path: Path) -> None:
    _summary, document = checked(tmp_path, narrows=True)
    assert document["word"] == "NEEDS WINDOW"
    devices = {device["device"]: device for device in document["devices"]}
    assert set(devices) == {"fe01", "fe02", "lb01"}
    assert devices["fe01"]["could_notice"] == []
    assert devices["lb01"]["could_notice"] == ["pool01-5061 goes, with its connections (ends its connections)"]
    text = change_text(document)
    assert text.startswith("# Change CHG0042\n\n**NEEDS WINDOW**: something that may be in use ends")
    assert "* fe01, fe02 (2 hosts): firewall: add `Lync 'sip' (TCP in)` (it is missing)" in text
    assert "* lb01: pool01-5061 goes, with its connections (ends its connections)" in text
    for command in (document["apply"], *document["test"], *document["back_out"]):
        assert f"\n{command}\n" in text


def test_a_change_that_nobody_notices_says_so(tmp_path: Path) -> None:
    _summary, document = checked(tmp_path)
    assert document["word"] == "SAFE"
    text = change_text(document)
    assert "Nobody: nothing that may be in use ends." in text and "## Reasons" not in text
    assert "Not known: no earlier run" in text


def test_a_change_that_is_refused_has_its_reasons(tmp_path: Path) -> None:
    state = compiled(tmp_path)
    answers = {key: answer for key, answer in complete().items() if key[0] != "lb01"}
    keep(state, answers)
    summary = collect_summary(state, Settings(check=True, now=NOW))
    document = change_document(summary, changes_of(state), [])
    jsonschema.validate(document, SCHEMA)
    assert document["word"] == "REFUSED"
    assert "REFUSED: did not answer" in change_text(document)


def test_what_is_pending_is_no_part_of_it(tmp_path: Path) -> None:
    summary, _document = checked(tmp_path)
    run = replace(summary.run, pending=("fe01: 10.3.0.0/16 newly admitted to TCP 5061",), is_approved=True)
    text = change_text(change_document(replace(summary, run=run), {}, []))
    assert "## Not part of it\n\n* fe01: 10.3.0.0/16 newly admitted" in text and "`, approved, " in text


@pytest.mark.parametrize(
    "seconds, told",
    [([], "Not known"), ([61.2], "61 s, as the last 1 run"), ([40.0, 50.0, 61.2], "40 to 61 s, as the last 3 runs")],
)
def test_how_long_it_takes_is_what_earlier_runs_took(tmp_path: Path, seconds: list[float], told: str) -> None:
    state, summary = ran(tmp_path)
    assert told in change_text(change_document(summary, changes_of(state), seconds))
