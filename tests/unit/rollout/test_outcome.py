# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run is told to have done, from the results of its tasks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import Outcome, counted, drift_report, outcome, recap, results_of

SUMMARY = {"added": 2, "changed": 1, "disabled": 0, "removed": 3, "admission_changed": 4}
CHANGED: Mapping[str, object] = {"changed": True, "summary": SUMMARY}
SAME: Mapping[str, object] = {"changed": False, "summary": dict.fromkeys(SUMMARY, 0)}
FAILED: Mapping[str, object] = {"failed": True, "msg": "the guard refused it"}
UNREACHABLE: Mapping[str, object] = {"unreachable": True, "msg": "no route"}
SKIPPED: Mapping[str, object] = {"skipped": True, "changed": False}
OPENED, CLOSED = "windows_firewall_opened", "windows_firewall_closed"


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


def test_results_are_read_in_order_and_idle_later_tasks_left_out() -> None:
    variables = {CLOSED: SKIPPED, OPENED: CHANGED, "other": FAILED, "text": "x"}
    assert results_of(variables, [OPENED, CLOSED]) == [CHANGED]
    assert results_of({OPENED: SKIPPED, CLOSED: SKIPPED}, [OPENED, CLOSED]) == [SKIPPED]
    assert results_of(variables, ["text", "absent"]) == []


CHANGES: list[tuple[Mapping[str, object], str]] = [
    ({"kind": "add", "name": "Lync x", "effect": "new admission"}, "Lync x: missing (new admission)"),
    ({"kind": "add", "name": "Lync x", "reason": "not on the host"}, "Lync x: missing (not on the host)"),
    ({"kind": "remove", "name": "Lync x", "reason": "not in the plan"}, "Lync x: extra (not in the plan)"),
    (
        {"kind": "change", "name": "Lync x", "properties": [{"property": "localport", "before": ["5061", "5062"], "after": ["5061"]}]},
        "Lync x: changed: localport is 5061,5062, should be 5061",
    ),
    (
        {"kind": "change", "name": "Lync x", "properties": [{"property": "enabled", "before": False, "after": True}]},
        "Lync x: disabled: enabled is false, should be true",
    ),
    (
        {"kind": "change", "name": "Lync x", "properties": [{"property": "a", "before": 1, "after": 2}, {"property": "b", "before": "x", "after": "y"}]},
        "Lync x: changed: a is 1, should be 2, b is x, should be y",
    ),
]


@pytest.mark.parametrize(("change", "line"), CHANGES, ids=[line for _change, line in CHANGES])
def test_a_difference_in_words(change: Mapping[str, object], line: str) -> None:
    assert outcome("fe01", [{"changed": True, "changes": [change, "no mapping"]}]).drift == (line,)


def told(host: str, status: str, message: str = "", drift: tuple[str, ...] = (), **counts: int) -> Outcome:
    return Outcome(host, status, {**dict.fromkeys(SUMMARY, 0), **counts}, drift, message)


HOSTS = [
    told("fe01", "changed", added=31, admission_changed=28),
    told("fe02", "unchanged"),
    told("med01", "unchanged"),
    told("edge01", "failed", "the guard refused it", added=1),
    told("edge02", "stopped"),
    told("rp01", "unreachable", "no route"),
]


def test_recap_of_a_run() -> None:
    assert recap(HOSTS).splitlines() == [
        "host    outcome      added  changed  disabled  removed  change what is admitted",
        "fe01    changed      31     0        0         0        28",
        "edge01  failed       1      0        0         0        0",
        "edge02  stopped      0      0        0         0        0",
        "rp01    unreachable  0      0        0         0        0",
        "2 hosts unchanged: fe02, med01",
        "Rules 32 added, 0 changed, 0 disabled, 0 removed; 28 of these change what is admitted.",
        "edge01: failed: the guard refused it",
        "edge02: stopped: not touched, because an earlier host of its pool or the canary of its role was not done",
        "rp01: unreachable: no route",
    ]


def test_recap_of_a_check() -> None:
    lines = recap(HOSTS[:2], would=True).splitlines()
    assert lines[1].split()[:3] == ["fe01", "would", "change"]
    assert lines[2:] == ["1 host unchanged: fe02", "Rules that would be 31 added, 0 changed, 0 disabled, 0 removed; 28 of these change what is admitted."]


def test_recap_of_a_run_that_changed_nothing() -> None:
    assert recap([told("fe02", "unchanged")]) == (
        "1 host unchanged: fe02\nRules 0 added, 0 changed, 0 disabled, 0 removed; 0 of these change what is admitted."
    )


DRIFTED = [told("fe01", "changed", drift=("Lync x: extra (y)", "Lync z: missing (w)")), told("fe02", "unchanged"), told("fe03", "unreachable", "no route")]


@pytest.mark.parametrize(
    ("outcomes", "repaired", "last"),
    [
        (DRIFTED, False, "Drift: 2 rules on 1 of 3 hosts."),
        (DRIFTED, True, "Drift: 2 rules on 1 of 3 hosts, repaired."),
        (DRIFTED[1:2], True, "Drift: 0 rules on 0 of 1 host."),
        ([], False, "Drift: 0 rules on 0 of 0 hosts."),
    ],
)
def test_report_of_drift(outcomes: list[Outcome], repaired: bool, last: str) -> None:
    lines = drift_report(outcomes, repaired).splitlines()
    assert lines[-1] == last
    drifted = ["fe01: Lync x: extra (y)", "fe01: Lync z: missing (w)", "could not tell: fe03: unreachable: no route"]
    assert lines[:-1] == (drifted if outcomes == DRIFTED else [])


@pytest.mark.parametrize(("number", "text"), [(0, "0 hosts"), (1, "1 host"), (2, "2 hosts")])
def test_numbers_with_nouns(number: int, text: str) -> None:
    assert counted(number, "host") == text
