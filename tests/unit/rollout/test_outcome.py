# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What became of a host by the results of its parts, as an audit of dumps tells it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import outcome

SUMMARY = {"added": 2, "changed": 1, "disabled": 0, "removed": 3, "admission_changed": 4}
CHANGED: Mapping[str, object] = {"changed": True, "summary": SUMMARY}
SAME: Mapping[str, object] = {"changed": False, "summary": dict.fromkeys(SUMMARY, 0)}
FAILED: Mapping[str, object] = {"failed": True, "msg": "the guard refused it"}
UNREACHABLE: Mapping[str, object] = {"unreachable": True, "msg": "no route"}
SKIPPED: Mapping[str, object] = {"skipped": True, "changed": False}


@pytest.mark.parametrize(
    ("results", "status", "is_done"),
    [
        ([SAME], "unchanged", True),
        ([], "unchanged", True),
        ([CHANGED], "changed", True),
        ([SAME, CHANGED], "changed", True),
        ([CHANGED, FAILED], "failed", False),
        ([UNREACHABLE], "unreachable", False),
        ([CHANGED, UNREACHABLE], "unreachable", False),
        ([SKIPPED], "stopped", False),
        ([{"changed": "?", "summary": "?", "changes": "?"}], "changed", True),
    ],
)
def test_status(results: list[Mapping[str, object]], status: str, is_done: bool) -> None:
    found = outcome("fe01", results)
    assert (found.host, found.status, found.is_done) == ("fe01", status, is_done)


def test_counts_are_added_up_over_the_phases() -> None:
    found = outcome("fe01", [CHANGED, {"changed": True, "summary": {"removed": 1, "added": "many"}}, {"changed": True}])
    assert found.counts == {"added": 2, "changed": 1, "disabled": 0, "removed": 4, "admission_changed": 4}


def test_the_message_is_that_of_the_first_failure() -> None:
    assert outcome("fe01", [CHANGED, FAILED, UNREACHABLE]).message == "the guard refused it"


CHANGES: list[tuple[Mapping[str, object], str]] = [
    ({"kind": "add", "name": "Lync x", "effect": "new admission"}, "Lync x: missing (new admission)"),
    ({"kind": "add", "name": "Lync x", "reason": "not on the host"}, "Lync x: missing (not on the host)"),
    ({"kind": "remove", "name": "Lync x", "reason": "not in the plan"}, "Lync x: extra (not in the plan)"),
    (
        {
            "kind": "change",
            "name": "Lync x",
            "properties": [{"property": "localport", "before": ["5061", "5062"], "after": ["5061"]}],
        },
        "Lync x: changed: localport is 5061,5062, should be 5061",
    ),
    (
        {"kind": "change", "name": "Lync x", "properties": [{"property": "enabled", "before": False, "after": True}]},
        "Lync x: disabled: enabled is false, should be true",
    ),
    (
        {
            "kind": "change",
            "name": "Lync x",
            "properties": [{"property": "a", "before": 1, "after": 2}, {"property": "b", "before": "x", "after": "y"}],
        },
        "Lync x: changed: a is 1, should be 2, b is x, should be y",
    ),
]


@pytest.mark.parametrize(("change", "line"), CHANGES, ids=[line for _change, line in CHANGES])
def test_a_difference_in_words(change: Mapping[str, object], line: str) -> None:
    assert outcome("fe01", [{"changed": True, "changes": [change, "no mapping"]}]).drift == (line,)
