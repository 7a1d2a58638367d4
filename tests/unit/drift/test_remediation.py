# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a remediation may repair: classes, concerns, unattended runs, and the limits that stop it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import Class, Deviation
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.remediation import (
    Limits,
    Repair,
    Window,
    decide,
    read_limits,
    remediation,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Report
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import Verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

SATURDAY_NIGHT = datetime.datetime(2026, 11, 28, 23, 30)


def deviation(kind: Class = Class.MISSING, device: str = "fe01", **more: Any) -> Deviation:
    return Deviation(device, more.pop("concern", Concern.FIREWALL), kind, "SIP", **more)


def repaired(limits: Limits, *deviations: Deviation) -> list[bool]:
    decision = decide(deviations, limits, SATURDAY_NIGHT)
    return [item in decision.repaired for item in deviations]


def test_an_attended_run_repairs_all_but_what_lies_outside() -> None:
    kinds = {kind: repaired(Limits(), deviation(kind))[0] for kind in Class}
    assert [kind for kind, done in kinds.items() if not done] == [
        Class.INEFFECTIVE,
        Class.PARTLY_BLOCKED,
        Class.OPEN,
        Class.RECREATED,
        Class.FOREIGN,
        Class.SHADOWED,
    ]


UNATTENDED = {
    "missing": (deviation(), True),
    "disabled": (deviation(Class.DISABLED), True),
    "narrowed": (deviation(Class.CHANGED, too_narrow=True), True),
    "widened": (deviation(Class.CHANGED, too_wide=True), False),
    "moved": (deviation(Class.CHANGED, too_narrow=True, too_wide=True), False),
    "extra": (deviation(Class.EXTRA, too_wide=True), False),
    "duplicate": (deviation(Class.DUPLICATE), False),
    "switched off beside another certificate": (
        deviation(Class.DISABLED, too_narrow=True, notice="changes the certificate clients see"),
        False,
    ),
    "recreates a virtual": (deviation(Class.CHANGED, too_narrow=True, recreates=True), False),
}


@pytest.mark.parametrize(("item", "done"), UNATTENDED.values(), ids=UNATTENDED)
def test_an_unattended_run_only_opens_what_was_planned(item: Deviation, done: bool) -> None:
    assert repaired(Limits(unattended=True), item) == [done]


def test_classes_and_concerns_choose() -> None:
    limits = Limits(classes=frozenset({Class.EXTRA}), concerns=frozenset({"dns"}))
    items = [deviation(Class.EXTRA, concern=Concern.DNS), deviation(Class.EXTRA), deviation(concern=Concern.DNS)]
    assert repaired(limits, *items) == [True, False, False]


def test_limits_stop_what_would_be_repaired_and_say_so() -> None:
    items = [deviation(), deviation(Class.DISABLED), deviation(device="fe02")]
    decision = decide(items, Limits(max_changes=1), SATURDAY_NIGHT)
    assert decision.repaired == (items[0], items[2])
    assert decision.left == ((items[1], "the device has had its 1 changes (lync_remediate_max_changes)"),)
    assert decision.limited == {"fe01"}
    assert not decide([deviation(Class.SHADOWED)], Limits(max_changes=1), SATURDAY_NIGHT).limited


def test_what_is_too_fresh_waits() -> None:
    decision = decide([deviation()], Limits(after_hours=4), SATURDAY_NIGHT, lambda _item: 3.0)
    assert "it has been seen for 3.0 hours only" in decision.left[0][1]
    assert decide([deviation()], Limits(after_hours=4), SATURDAY_NIGHT, lambda _item: 4.0).repaired


WINDOWS = {
    "22:00-05:00": True,
    "00:00-24:00": True,
    "05:00-22:00": False,
    "sat 23:00-23:30": False,
    "sat,sun 23:00-01:00": True,
    "mon-fri 22:00-05:00": False,
    "fri-mon 22:00-05:00": True,
}


@pytest.mark.parametrize(("text", "holds"), WINDOWS.items())
def test_window(text: str, holds: bool) -> None:
    assert Window.parse(text).holds(SATURDAY_NIGHT) is holds


def test_a_window_goes_on_after_midnight_into_the_next_day() -> None:
    sunday = datetime.datetime(2026, 11, 29, 2, 0)
    assert Window.parse("sat 22:00-05:00").holds(sunday)
    assert not Window.parse("sun 22:00-05:00").holds(sunday)


def test_every_fault_of_the_options_is_told_at_once() -> None:
    options = {
        "classes": ["shadowed", "mising"],
        "window": "at night",
        "unattended": True,
        "after_hours": -1,
        "max_changes": "many",
    }
    with pytest.raises(InvalidInputError) as caught:
        read_limits(options)
    expected = (
        "'shadowed' cannot be repaired",
        "'mising' cannot be",
        "'at night' is not a window",
        "no approved plan",
        "after_hours: -1",
        "max_changes: 'many'",
    )
    assert [words for words in expected if words not in str(caught.value)] == []


@pytest.mark.parametrize("text", ["22:00", "25:00-26:00", "22:00-22:99", "weekend 22:00-05:00", "", "moo 22:00-05:00"])
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write"):
        Window.parse(text)


def test_options_are_read() -> None:
    options = {"classes": "missing,disabled", "concerns": "firewall", "unattended": True, "approved": "plan"}
    limits = read_limits({**options, "max_changes": 5, "window": "22:00-05:00"})
    classes, window = frozenset({Class.MISSING, Class.DISABLED}), Window.parse("22:00-05:00")
    assert limits == Limits(classes, frozenset({"firewall"}), True, 0, 5, window)


NOW = datetime.datetime(2026, 11, 28, 3, 0, tzinfo=datetime.timezone.utc)


def report_of(device: str, concern: Concern, *changes: dict[str, object]) -> Report:
    result = TaskResult.of_answer(device, concern, Step.COMPARE, {"changed": True, "changes": changes}, is_check=True)
    return Report.of([result], Context(NOW, {}))


@pytest.mark.parametrize("concern", [Concern.LOAD_BALANCER, Concern.PUBLICATIONS, Concern.DNS])
def test_what_serves_many_is_repaired_as_a_whole_or_not_at_all(concern: Concern) -> None:
    port = {"property": "port", "before": 80, "after": 443}
    report = report_of(
        "lb01", concern, {"kind": "add", "name": "SIP"}, {"kind": "change", "name": "WEB", "properties": [port]}
    )
    whole = remediation(report, Limits(), NOW)
    assert (dict(whole.repairs), whole.left) == ({"lb01": {concern.value: Repair(whole=True)}}, ())
    assert whole.verdicts == {"lb01": Verdict.DONE}
    part = remediation(report, Limits(classes=frozenset({Class.MISSING})), NOW)
    assert (dict(part.repairs), part.verdicts) == ({}, {"lb01": Verdict.DIFFERS})
    assert part.left[-1] == "left: lb01: SIP: missing: it is repaired only together with all else that differs there"


def test_hosts_are_repaired_in_part_where_something_is_to_stay() -> None:
    removed: dict[str, object] = {"kind": "remove", "name": "test", "cause": "not_wanted", "reason": "it is not wanted"}
    report = report_of(
        "fe01", Concern.FIREWALL, {"kind": "add", "name": "SIP"}, removed, {"kind": "change", "name": "WEB"}
    )
    part = remediation(report, Limits(classes=frozenset({Class.MISSING, Class.EXTRA})), NOW)
    assert part.repairs["fe01"]["firewall"] == Repair(names=("SIP",), extra=("test",))


def test_a_duplicate_is_not_removed_by_its_name() -> None:
    """The rule that is to stay has the same name."""
    twin: dict[str, object] = {"kind": "remove", "name": "SIP", "cause": "duplicate", "reason": "twice"}
    report = report_of("fe01", Concern.FIREWALL, twin, {"kind": "change", "name": "WEB"})
    part = remediation(report, Limits(classes=frozenset({Class.DUPLICATE})), NOW)
    assert part.repairs["fe01"]["firewall"] == Repair(names=("SIP",))


def test_the_verdict_names_devices_that_a_limit_stopped() -> None:
    report = report_of("fe01", Concern.FIREWALL, {"kind": "add", "name": "SIP"}, {"kind": "add", "name": "WEB"})
    assert remediation(report, Limits(max_changes=1), NOW).verdicts == {"fe01": Verdict.LIMITED}


DUE = {
    "nothing else": ((), Limits(unattended=True), True),
    "and a repair": (("missing",), Limits(), True),
    "beside what stays": (("extra",), Limits(unattended=True), False),
    "another concern": ((), Limits(concerns=frozenset({"firewall"})), False),
    "outside the window": ((), Limits(window=Window.parse("05:00-22:00")), False),
}


@pytest.mark.parametrize(("others", "limits", "done"), DUE.values(), ids=DUE)
def test_records_that_are_due_are_written_where_nothing_has_to_stay(
    others: tuple[str, ...], limits: Limits, done: bool
) -> None:
    kinds = {"missing": ("add", True, False), "extra": ("remove", False, True)}
    changes = [
        {"name": "a", "type": "A", "view": "internal", "kind": kind, "opens": opens, "closes": closes}
        for kind, opens, closes in (kinds[name] for name in others)
    ]
    document = {"changed": bool(changes), "changes": changes, "due": ["pool01.contoso.com A"]}
    result = TaskResult.of_answer("DNS", Concern.DNS, Step.COMPARE, document, is_check=True)
    now = SATURDAY_NIGHT.replace(tzinfo=datetime.timezone.utc)
    report = Report.of([result], Context(now, {}))
    found = remediation(report, limits, SATURDAY_NIGHT)
    assert found.repairs == ({"DNS": {"dns": Repair(whole=True)}} if done else {})
