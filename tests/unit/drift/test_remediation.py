# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a remediation may repair: classes, concerns, unattended runs, and the limits that stop it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import Class, Deviation
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.remediation import Limits, Window, decide, read_limits
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.repair import Repair, remediation
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Device, Report

SATURDAY_NIGHT = datetime.datetime(2026, 11, 28, 23, 30)


def deviation(kind: Class = Class.MISSING, device: str = "fe01", **more: Any) -> Deviation:
    return Deviation(device, more.pop("concern", "firewall"), kind, "SIP", **more)


def repaired(limits: Limits, *deviations: Deviation) -> list[bool]:
    decision = decide(deviations, limits, SATURDAY_NIGHT)
    return [item in decision.repaired for item in deviations]


def test_an_attended_run_repairs_all_but_what_lies_outside() -> None:
    kinds = {kind: repaired(Limits(), deviation(kind))[0] for kind in Class}
    assert [kind for kind, done in kinds.items() if not done] == [Class.INEFFECTIVE, Class.SHADOWED]


UNATTENDED = {
    "missing": (deviation(), True),
    "disabled": (deviation(Class.DISABLED), True),
    "narrowed": (deviation(Class.CHANGED, too_narrow=True), True),
    "widened": (deviation(Class.CHANGED, too_wide=True), False),
    "moved": (deviation(Class.CHANGED, too_narrow=True, too_wide=True), False),
    "extra": (deviation(Class.EXTRA, too_wide=True), False),
    "duplicate": (deviation(Class.DUPLICATE), False),
    "switched off beside another certificate": (deviation(Class.DISABLED, too_narrow=True, notice="changes the certificate clients see"), False),
    "recreates a virtual": (deviation(Class.CHANGED, too_narrow=True, recreates=True), False),
}


@pytest.mark.parametrize(("item", "done"), UNATTENDED.values(), ids=UNATTENDED)
def test_an_unattended_run_only_opens_what_was_planned(item: Deviation, done: bool) -> None:
    assert repaired(Limits(unattended=True), item) == [done]


def test_classes_and_concerns_choose() -> None:
    limits = Limits(classes=frozenset({Class.EXTRA}), concerns=frozenset({"dns"}))
    items = [deviation(Class.EXTRA, concern="dns"), deviation(Class.EXTRA), deviation(concern="dns")]
    assert repaired(limits, *items) == [True, False, False]


def test_limits_stop_what_would_be_repaired_and_say_so() -> None:
    items = [deviation(), deviation(Class.DISABLED), deviation(device="fe02")]
    decision = decide(items, Limits(max_changes=1), SATURDAY_NIGHT)
    assert decision.repaired == (items[0], items[2])
    assert decision.left == ((items[1], "the device has had its 1 changes (lync_remediate_max_changes)"),)
    assert decision.stopped_by_limit
    assert not decide([deviation(Class.SHADOWED)], Limits(max_changes=1), SATURDAY_NIGHT).stopped_by_limit


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
    options = {"classes": ["shadowed", "mising"], "window": "at night", "unattended": True, "after_hours": -1, "max_changes": "many"}
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
    limits = read_limits(
        {"classes": "missing,disabled", "concerns": "firewall", "unattended": True, "approved": "plan", "max_changes": 5, "window": "22:00-05:00"}
    )
    assert limits == Limits(frozenset({Class.MISSING, Class.DISABLED}), frozenset({"firewall"}), True, 0, 5, Window.parse("22:00-05:00"))


def test_load_balancers_are_repaired_as_a_whole_or_not_at_all() -> None:
    changes = [{"kind": "add", "name": "SIP"}, {"kind": "change", "name": "WEB", "fields": [{"field": "port", "before": 80, "after": 443}]}]
    now = datetime.datetime(2026, 11, 28, 3, 0, tzinfo=datetime.timezone.utc)
    report = Report.of({"lb01": {"load_balancer": {"changes": changes}}}, Context(now, {"lb01": Device("lb01", "linux")}))
    whole = remediation(report, Limits(), now)
    assert (dict(whole.repairs), whole.left, whole.verdicts) == ({"lb01": {"load_balancer": Repair(whole=True)}}, (), {"lb01": "clean"})
    part = remediation(report, Limits(classes=frozenset({Class.MISSING})), now)
    assert (dict(part.repairs), part.verdicts) == ({}, {"lb01": "drift"})
    assert part.left[-1] == "left: lb01: SIP: missing: it is repaired only together with all else that differs there"


def test_hosts_are_repaired_in_part_where_something_is_to_stay() -> None:
    changes = [{"kind": "add", "name": "SIP"}, {"kind": "remove", "name": "test", "reason": "it is not wanted"}, {"kind": "change", "name": "WEB"}]
    now = datetime.datetime(2026, 11, 28, 3, 0, tzinfo=datetime.timezone.utc)
    report = Report.of({"fe01": {"firewall": {"changes": changes}}}, Context(now, {"fe01": Device("fe01", "windows")}))
    part = remediation(report, Limits(classes=frozenset({Class.MISSING, Class.EXTRA})), now)
    assert part.repairs["fe01"]["firewall"] == Repair(names=("SIP",), extra=("test",))
