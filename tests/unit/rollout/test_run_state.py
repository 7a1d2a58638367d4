# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run keeps for its later plays."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan, Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves

from .runs import Run

WAVES = Waves((("fe01", "med01"), ("fe02",)), {"fe02": ("fe01",)})


def files(*names: str) -> dict[str, str]:
    return plan_files.rendered(
        Plan({name: HostPlan(name, ("frontend",), "2010", None, "windows", True, "active", ()) for name in names})
    )


def test_a_host_reads_its_slice_and_the_waves(tmp_path: Path) -> None:
    RunState(str(tmp_path)).save(files("fe01", "fe 02/x"), WAVES)
    state = RunState(str(tmp_path))
    assert (state.host("fe 02/x") or {})["host"] == "fe 02/x"
    assert state.waves() == WAVES


def test_before_anything_was_compiled_there_is_nothing(tmp_path: Path) -> None:
    state = RunState(str(tmp_path))
    assert (state.host("fe01"), state.waves()) == (None, Waves())


def test_compiling_again_replaces_all(tmp_path: Path) -> None:
    state = RunState(str(tmp_path))
    state.save(files("fe01", "fe02"), WAVES)
    state.save(files("fe02"), Waves())
    assert state.host("fe01") is None
    assert state.host("fe02") is not None
    assert state.waves() == Waves()


@pytest.mark.parametrize("text", ["", "?", "[]", "[" * 100_000, '{"run": "x"}'])
def test_a_result_that_cannot_be_read_tells_nothing(tmp_path: Path, text: str) -> None:
    run = Run.below(tmp_path)
    run.opened("fe11")
    path = next(tmp_path.glob("msuc.lync/results/fe11/firewall.open.*"))
    path.write_text(text, encoding="utf-8")
    assert run.state.expected("fe11", Concern.FIREWALL, Step.OPEN).status is Status.UNKNOWN
