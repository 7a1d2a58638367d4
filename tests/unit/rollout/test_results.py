# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an answer of a module comes to, and what gates and reports read in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Status, Step, TaskResult

CHANGED = TaskResult("fe01", Concern.FIREWALL, Step.OPEN, Status.CHANGED)


def answered(**answer: object) -> TaskResult:
    return TaskResult.of_answer("fe01", Concern.FIREWALL, Step.OPEN, answer, is_check=False)


# The first word of an answer counts that stands higher in this list.
ANSWERS: list[tuple[dict[str, object], Status]] = [
    ({"unreachable": True, "failed": True, "skipped": True, "changed": True}, Status.UNREACHABLE),
    ({"failed": True, "skipped": True, "handed_out": ["x"], "changed": True}, Status.FAILED),
    ({"skipped": True, "handed_out": ["x"], "changed": True}, Status.STOPPED),
    ({"handed_out": ["x"], "changed": True}, Status.HANDED_OUT),
    ({"changed": True}, Status.CHANGED),
    ({"changed": False, "failed": False, "unreachable": False, "handed_out": []}, Status.UNCHANGED),
]


@pytest.mark.parametrize(("answer", "status"), ANSWERS)
def test_the_worst_that_an_answer_says_is_its_status(answer: dict[str, object], status: Status) -> None:
    assert answered(**answer).status is status


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("held", [True, False, None, "yes"])
def test_only_a_closing_that_was_held_back_is_held_and_no_failure_is(status: Status, held: object) -> None:
    result = replace(CHANGED, step=Step.CLOSE, status=status, document={"held": held})
    assert result.is_held == (status is Status.STOPPED and held is True)


@pytest.mark.parametrize(("status", "brought"), [(Status.FAILED, "yes"), (Status.UNREACHABLE, None)])
def test_what_is_not_known_to_be_there_is_not_brought(status: Status, brought: object) -> None:
    result = replace(CHANGED, status=status, document={"brought": brought})
    assert not result.is_brought and not result.is_done
    assert replace(result, document={"brought": True}).is_brought and replace(result, status=Status.CHANGED).is_brought


def test_what_a_host_has_afterwards_is_kept_for_a_closing_that_is_left() -> None:
    assert "after" not in answered(after=["SIP"]).document
    assert answered(after=["SIP"], pending=True).document["after"] == ["SIP"]
    assert "before" not in answered(before=["SIP"], pending=True).document


def test_a_message_is_why_it_failed_or_was_skipped() -> None:
    messages = [answered(**each).message for each in ({"msg": "no", "skip_reason": "x"}, {"skip_reason": "x"}, {})]
    assert messages == ["no", "x", ""]


def test_numbers_and_lists_of_another_kind_count_as_none() -> None:
    result = answered(summary={"added": 2, "removed": "3"}, changes="all", warnings="one", effects=[{"name": "a"}, 7])
    assert [result.count("summary", name) for name in ("added", "removed", "changed")] == [2, 0, 0]
    assert (result.changes, result.texts("warnings"), result.count("warnings", "x")) == ((), (), 0)
    assert result.mappings("effects") == ({"name": "a"},)


def test_a_file_gives_back_what_was_kept() -> None:
    kept = replace(CHANGED, message="m", attempt=3, is_check=True, document={"pending": True})
    assert TaskResult.from_document(kept.to_document()) == kept


@pytest.mark.parametrize("change", [{"schema": 0}, {"result": []}, {"status": "fine"}, {"concern": "fax"}])
def test_a_file_of_another_layout_is_none_of_ours(change: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"layout|is not a valid"):
        TaskResult.from_document({**CHANGED.to_document(), **change})


def test_only_true_says_that_nothing_was_written() -> None:
    assert not TaskResult.from_document({**CHANGED.to_document(), "is_check": "no"}).is_check
