# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far a run is: a line where it is due, of every host and step that is in a wave."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.progress import INTERVAL_SECONDS, progress_text
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves

LINUX = Waves((("rp01",),))


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    made = RunState(str(tmp_path))
    made.save({}, Waves((("fe01", "med01"), ("fe02",))), LINUX)
    made.begin_telling()
    return made


def wait(tmp_path: Path) -> None:
    """Let the interval go by."""
    (told,) = tmp_path.rglob("told.json")
    then = told.stat().st_mtime - INTERVAL_SECONDS - 1
    os.utime(told, (then, then))


def done(state: RunState, device: str, concern: Concern = Concern.FIREWALL, status: Status = Status.CHANGED) -> str:
    return progress_text(state, state.save_result(TaskResult(device, concern, Step.OPEN, status)))


def test_a_line_is_told_when_it_is_due_and_no_sooner(state: RunState, tmp_path: Path) -> None:
    assert done(state, "fe01") == ""
    wait(tmp_path)
    assert done(state, "med01", status=Status.FAILED) == "open: wave 1 of 2, 2 of 3 hosts, 1 failed"
    assert done(state, "fe02") == ""
    wait(tmp_path)
    assert done(state, "fe02") == "open: wave 2 of 2, 3 of 3 hosts, 1 failed"


def test_each_platform_counts_its_own_hosts_and_an_appliance_is_in_no_wave(state: RunState, tmp_path: Path) -> None:
    done(state, "fe01", status=Status.UNREACHABLE)
    wait(tmp_path)
    assert done(state, "rp01", Concern.NFTABLES) == "open: wave 1 of 1, 1 of 1 host, 0 failed"
    wait(tmp_path)
    assert done(state, "lb01", Concern.LOAD_BALANCER) == ""


def test_the_next_compile_step_forgets_who_failed_and_a_quiet_run_says_nothing(tmp_path: Path) -> None:
    state = RunState(str(tmp_path))
    state.save({}, LINUX)
    assert done(state, "rp01", status=Status.FAILED) == ""
    state.save({}, LINUX)
    state.begin_telling()
    wait(tmp_path)
    assert done(state, "rp01") == "open: wave 1 of 1, 1 of 1 host, 0 failed"
