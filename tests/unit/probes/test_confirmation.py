# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A change that waits is confirmed when every peer gets through as before, and by nothing that nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.confirmation import (
    confirmed,
    find_objections,
    peers_of,
    probes_of,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import Probe
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import RunScope
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves

from .samples import CLOSED, NOW, TCP, VIP, answer

OPEN, SHUT, LATE = answer(), answer("timed_out"), answer("skipped")
PROBES = [CLOSED, VIP, TCP, replace(TCP, destination="fe02")]
NOBODY_KNOWS = "nobody knows what the change took from it"
FILTERED = "edge01 to fe01 TCP 5061: open before, filtered after"


# pylint: disable-next=dangerous-default-value
def run(path: Path, before: Any, after: Any, probes: Sequence[Probe] = PROBES, **scope: Any) -> RunState:
    """Return the state of a run in which edge01 asked; before, after: answers of all its probes, or why there is none.

    None: it left no result at all.
    """
    state = RunState(str(path))
    state.save({}, Waves(()), scope=RunScope(**scope) if scope else None)
    state.save_probes({"edge01": {"probes": plain(probes)}}, {"peers": peers_of(probes)})
    if before is not None:
        state.save_result(met(Step.BEFORE, before, len(probes)))
    if after is not None:
        state.save_peer_probes("fe01", met(Step.PEERS, after, 1))
    return state


def met(step: Step, answered: Any, count: int) -> TaskResult:
    if isinstance(answered, str):
        return TaskResult("edge01", Concern.PROBES, step, Status.UNREACHABLE, answered)
    answers = [{**answered, "id": str(number)} for number in range(count)]
    return TaskResult("edge01", Concern.PROBES, step, Status.UNCHANGED, document={"answers": answers})


@pytest.mark.parametrize(
    ("before", "after", "objections"),
    [
        (OPEN, OPEN, []),
        (SHUT, SHUT, []),
        (SHUT, OPEN, []),
        (OPEN, SHUT, [FILTERED]),
        (OPEN, LATE, ["edge01 to fe01 TCP 5061: open before, could not tell after"]),
        (LATE, OPEN, ["edge01 to fe01 TCP 5061: could not tell before, open after"]),
        ("no route", OPEN, [f"edge01 could not be asked before the change, so {NOBODY_KNOWS}: no route"]),
        (OPEN, "no route", [f"edge01 could not be asked after it, so {NOBODY_KNOWS}: no route"]),
    ],
)
def test_what_stands_against_confirming(tmp_path: Path, before: Any, after: Any, objections: list[str]) -> None:
    assert find_objections(run(tmp_path, before, after), "fe01", NOW) == objections


def test_a_peer_that_left_no_result_or_is_not_part_of_the_run_is_not_known(tmp_path: Path) -> None:
    for when, sides in (("before the change", (None, OPEN)), ("after it", (OPEN, None))):
        (line,) = find_objections(run(tmp_path / when, *sides), "fe01", NOW)
        assert line.startswith(f"edge01 could not be asked {when}, so nobody knows")
    left_out = run(tmp_path / "limited", OPEN, OPEN, played=("fe01",))
    (line,) = find_objections(left_out, "fe01", NOW)
    assert line == "edge01 is not part of this run, so nobody knows what the change took from it"


def test_without_probes_before_nobody_knows_and_a_host_that_nobody_probes_has_no_objection(tmp_path: Path) -> None:
    state = RunState(str(tmp_path))
    assert find_objections(state, "fe01", NOW) == [
        "no probes were made before the change, so nobody knows what it took from its peers"
    ]
    state.save_probes({}, {"peers": {}})
    assert find_objections(state, "fe01", NOW) == []


def test_peers_are_asked_for_what_should_be_open_on_the_host_itself() -> None:
    assert peers_of([CLOSED, VIP]) == {}
    assert peers_of([*PROBES, replace(TCP, source="fe02")]) == {"fe01": ["edge01", "fe02"], "fe02": ["edge01"]}
    assert [number for number, _probe in probes_of({"probes": plain(PROBES)}, "fe01")] == [2]


def test_a_change_that_was_not_confirmed_is_not_done_and_tells_what_it_changed() -> None:
    closed = {"left_armed": True, "msg": "waits", "changed": True, "changes": [{"name": "Old"}]}
    kept = [
        TaskResult.of_answer("fe01", Concern.FIREWALL, Step.CLOSE, answered, is_check=False)
        for answered in (closed, confirmed(closed, {"failed": True, "msg": "no"}), confirmed(closed, {"changed": True}))
    ]
    assert [(one.status, one.message) for one in kept] == [
        (Status.FAILED, "waits"), (Status.FAILED, "no"), (Status.CHANGED, ""),
    ]  # fmt: skip
    assert all(one.changes == ({"name": "Old"},) for one in kept)
