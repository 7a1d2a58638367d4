# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a run: there from its beginning, a line for each change, and how it ended."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._rollout import record
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves

NOW = datetime.datetime(2026, 11, 30, 22, tzinfo=datetime.timezone.utc)
CHANGE = {"name": "Lync sip (TCP in)", "kind": "change", "reason": "it differs", "opens": True, "properties": [1]}
RESULT = TaskResult("fe01", Concern.FIREWALL, Step.OPEN, Status.CHANGED, document={"changes": [CHANGE]})


def begun(directory: Path, **more: Any) -> tuple[RunState, Path]:
    given = {"id": record.new_id(NOW), "playbook": "site", "started": "2026-11-30T22:00:00Z", **more}
    folder = record.begin(directory / "reports", record.RunRecord(**given))
    state = RunState(str(directory / "state"))
    state.save({}, Waves((("fe01",),)))
    state.begin_record(folder)
    return state, folder


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / record.CHANGES
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def test_a_change_is_a_line_with_who_what_and_why(tmp_path: Path) -> None:
    state, folder = begun(tmp_path)
    state.save_result(RESULT)
    (line,) = lines(folder)
    told = {"device": "fe01", "concern": "firewall", "step": "open", "status": "changed", "run": folder.name}
    assert line.items() >= {**told, "name": CHANGE["name"], "kind": "change", "reason": "it differs"}.items()
    assert line["properties"] == [1] and line["time"].endswith("Z")
    kept = json.loads((folder / "results" / "fe01.firewall.open.1.json").read_text(encoding="utf-8"))
    assert kept["result"]["changes"] == [CHANGE]


def test_what_wrote_nothing_is_no_change_and_what_failed_is_told(tmp_path: Path) -> None:
    state, folder = begun(tmp_path)
    state.save_result(replace(RESULT, status=Status.UNCHANGED))
    state.save_result(replace(RESULT, is_check=True))
    assert lines(folder) == []
    state.save_result(TaskResult("fe01", Concern.IPSEC, Step.OPEN, Status.FAILED, "the host refused"))
    (line,) = lines(folder)
    assert (line["status"], line["message"]) == ("failed", "the host refused")


def test_a_run_that_died_has_no_end_and_one_that_ended_has(tmp_path: Path) -> None:
    state, folder = begun(tmp_path, account="lync", change_reference="CHG0042")
    state.save_result(RESULT)
    document = json.loads((folder / record.RUN).read_text(encoding="utf-8"))
    assert (document["account"], document["change_reference"], document["ended"]) == ("lync", "CHG0042", "")
    assert record.earlier_seconds(tmp_path / "reports") == []
    record.end(folder, "done", NOW + datetime.timedelta(seconds=61))
    document = json.loads((folder / record.RUN).read_text(encoding="utf-8"))
    assert (document["ended"], document["seconds"], document["changed"]) == ("2026-11-30T22:01:01Z", 61.0, 1)
    assert record.earlier_seconds(tmp_path / "reports") == [61.0]


def test_only_the_last_runs_count_that_changed_something_and_can_be_read(tmp_path: Path) -> None:
    for minute in range(8):
        state, folder = begun(tmp_path, id=record.new_id(NOW + datetime.timedelta(minutes=minute)))
        if minute != 6:
            state.save_result(RESULT)
        record.end(folder, "done", NOW + datetime.timedelta(seconds=minute + 1))
    (folder / record.RUN).write_text("[]", encoding="utf-8")
    assert record.earlier_seconds(tmp_path / "reports") == [6.0, 5.0, 4.0, 3.0, 2.0]


def test_a_record_that_is_lost_half_way_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    state, folder = begun(tmp_path)
    (folder / "results").rename(folder / "gone")
    state.save_result(RESULT)
    assert state.result("fe01", Concern.FIREWALL, Step.OPEN) is not None
    assert "results" in state.lost_record()
    state.lose_record("no space left")
    assert (state.record_folder(), state.lost_record()) == (None, "no space left")
    state.save({}, Waves())
    assert (state.record_folder(), state.lost_record()) == (None, "")
