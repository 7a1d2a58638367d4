# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A change that nobody confirms comes back, as a real Task Scheduler brings it; simulated and in a PowerShell."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.lab.test_safety import HOST, NEEDS_POWERSHELL, NOT_WANTED, PWSH, owned, refuse_when_armed
from tests.lab.test_windows_firewall_rules import SIP, playbook
from tests.simulators.firewall_store import SCHED_S_TASK_RUNNING, FirewallStore
from tests.simulators.powershell import PowerShellExecutor

PLAY = playbook(rules=[SIP], confirm_minutes=5)


@pytest.fixture(params=["simulator", pytest.param("powershell", marks=NEEDS_POWERSHELL)])
def lab(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Any:
    """Return a lab of one host, simulated or with the collection's PowerShell."""
    made = Lab(tmp_path)
    if request.param == "powershell":
        made.executor = PowerShellExecutor(PWSH)
    made.start({"fe01": {**HOST["fe01"], "seed": [NOT_WANTED]}})
    yield made
    made.stop()


def change_and_lose(lab: Lab) -> FirewallStore:
    """Bring the rules, and lose the host before the change is confirmed."""
    store = lab.stores["fe01"]
    if isinstance(lab.executor, PowerShellExecutor):
        refuse_when_armed(store)
    else:
        store.set_faults(shut_after_write=1)
    assert lab.play(PLAY).result("fe01")["status"] == "unreachable"
    store.set_faults()
    return store


def test_the_second_change_that_comes_back_is_armed_as_the_first_one(lab: Lab) -> None:
    store = change_and_lose(lab)
    first = store.read()["task"]
    store.advance(5)
    assert (owned(lab), store.read()["task"]["has_run"]) == ({"Old"}, True)
    change_and_lose(lab)
    second = store.read()["task"]
    assert (second["has_run"], second["name"] == first["name"]) == (False, False)
    refused = lab.play(playbook(rules=[SIP])).result("fe01")
    assert "was not confirmed and is taken back in 5 min; nothing was written" in refused["msg"]
    store.advance(5)
    assert owned(lab) == {"Old"}
    assert (lab.play(PLAY).result("fe01")["status"], store.read()["task"]) == ("ok", None)


def test_where_windows_is_kinder_than_its_documents_the_same_holds(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_FLIPPED", "update_forgets_run,available_without_end")
    store = change_and_lose(lab)
    store.advance(5)
    assert owned(lab) == {"Old"}
    assert (lab.play(PLAY).result("fe01")["status"], store.read()["task"]) == ("ok", None)


def test_an_armed_change_whose_task_cannot_be_asked_for_is_unknown_and_stops_everything(lab: Lab) -> None:
    store = change_and_lose(lab)
    store.set_faults(scheduler_stopped=True)
    refused = lab.play(playbook(rules=[])).result("fe01")
    assert (refused["status"], refused["changed"], owned(lab)) == ("failed", False, {SIP["name"]})
    assert "whether a change of an earlier run waits to be taken back is not known: " in refused["msg"]
    kept = lab.play(playbook(rules=[SIP], pending="confirm")).result("fe01")
    assert (kept["status"], "0x80070422" in kept["msg"]) == ("failed", True)


def test_a_host_that_was_off_at_that_minute_takes_the_change_back_after_it_started(lab: Lab) -> None:
    store = change_and_lose(lab)
    store.advance(6, is_off=True)
    waits = lab.play(PLAY).result("fe01")
    assert "was not confirmed and is taken back in 0 min, up to 10 min later where the host was off" in waits["msg"]
    assert (waits["changed"], owned(lab)) == (False, {SIP["name"]})
    store.advance(10)
    assert owned(lab) == {"Old"}


def test_what_could_not_be_taken_back_is_said_and_is_no_obstacle(lab: Lab) -> None:
    store = change_and_lose(lab)
    path = pathlib.Path(store.read()["task"]["path"])
    path.unlink(missing_ok=True)
    store.change(files={})
    store.advance(5)
    assert owned(lab) == {SIP["name"]}
    looked = lab.play(playbook(rules=[SIP]), "--check").result("fe01")
    failed = "a change of an earlier run was to be taken back, and netsh ended with 1: it is still in force"
    assert (looked["status"], looked["pending_revert"]) == ("ok", {})
    assert [warning for warning in looked["warnings"] if failed in " ".join(warning.split())], looked
    done = lab.play(playbook(rules=[{**SIP, "localport": 443}])).result("fe01")
    assert (done["status"], store.read()["task"]) == ("ok", None)
    assert "warnings" not in lab.play(playbook(rules=[])).result("fe01")


def test_a_host_that_was_off_for_days_does_not_take_it_back_and_says_so(lab: Lab) -> None:
    store = change_and_lose(lab)
    store.advance(2 * 24 * 60, is_off=True)
    looked = lab.play(playbook(rules=[SIP]), "--check").result("fe01")
    told = [" ".join(warning.split()) for warning in looked["warnings"]]
    assert any("its task never ran: it is still in force" in warning for warning in told), looked
    store.advance(8 * 24 * 60)
    assert store.read()["task"] is None


def test_without_a_task_scheduler_only_what_needs_it_fails_and_before_the_first_write(lab: Lab) -> None:
    lab.stores["fe01"].set_faults(scheduler_stopped=True)
    refused = lab.play(PLAY).result("fe01")
    assert (refused["status"], refused["changed"], owned(lab)) == ("failed", False, {"Old"}), refused
    assert "0x80070422" in refused["msg"]
    assert lab.play(playbook(rules=[SIP])).result("fe01")["status"] == "ok"


def test_a_task_that_would_not_run_is_found_before_the_first_write(lab: Lab) -> None:
    store = lab.stores["fe01"]
    store.set_faults(scheduler_never=True)
    refused = lab.play(PLAY).result("fe01")
    assert (refused["status"], refused["changed"], owned(lab)) == ("failed", False, {"Old"}), refused
    assert "the task that takes the change back was made and would not run; nothing was written" in refused["msg"]
    assert store.read()["task"] is None


def test_a_task_that_was_run_by_hand_still_waits_for_its_minute(lab: Lab) -> None:
    store = change_and_lose(lab)
    # As "Run" of the Task Scheduler's window does: the trigger is not spent, so it runs once more.
    store.change(task={**store.read()["task"], "has_run": True})
    assert "waits to be taken back" in apply_by_hand(lab)["msg"]


def test_while_it_is_taken_back_nothing_is_written_confirmed_or_taken_back_twice(lab: Lab) -> None:
    store = change_and_lose(lab)
    # The minute has come, and netsh has not ended.
    store.change(now=5, task={**store.read()["task"], "has_run": True, "result": SCHED_S_TASK_RUNNING})
    for play in (PLAY, playbook(rules=[])):
        refused = lab.play(play).result("fe01")
        assert (refused["status"], refused["changed"], owned(lab)) == ("failed", False, {SIP["name"]})
        assert "was not confirmed and is taken back in 0 min" in refused["msg"]
    assert "waits to be taken back" in apply_by_hand(lab)["msg"]
    for pending, why in (("confirm", "the change is being taken back at this moment"), ("revert", "no change waits")):
        result = lab.play(playbook(rules=[SIP], pending=pending)).result("fe01")
        assert (result["status"], why in result["msg"]) == ("failed", True), result
    assert store.read()["task"] is not None


def apply_by_hand(lab: Lab) -> dict[str, Any]:
    """Return what the host's module says to an apply without operations."""
    task = {"msuc.lync.windows_firewall_remote": {"operation": "apply", "snapshot": False}}
    play = [{"hosts": "all", "gather_facts": False, "tasks": [task]}]
    result: dict[str, Any] = lab.play(repr(play).replace("False", "false")).result("fe01")
    return result
