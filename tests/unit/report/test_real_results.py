# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reports over results that providers really made.

Each class of deviation, each risk, and every key that a reader uses.
"""

from __future__ import annotations

import datetime
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any, ClassVar

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import Class, deviations_of
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.remediation import Limits, Repair, remediation
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Report
from ansible_collections.msuc.lync.plugins.plugin_utils._report.output import drift_text
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_collect import was_asked
from ansible_collections.msuc.lync.plugins.plugin_utils._report.run_parts import Part, Risk, Status, part_of
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.outcome import Verdict
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

from tests.unit.dns import results as dns
from tests.unit.firewall import results as windows
from tests.unit.firewall.nftables import results as nftables
from tests.unit.load_balancers import results as load_balancers
from tests.unit.publications import results as publications

F, L, X = Concern.FIREWALL, Concern.NFTABLES, Concern.IPSEC
B, P, D = Concern.LOAD_BALANCER, Concern.PUBLICATIONS, Concern.DNS
NOW = datetime.datetime(2026, 11, 28, 3, 0, tzinfo=datetime.timezone.utc)
SIP, EXTRA = windows.SIP["name"], windows.EXTRA
Answer = Mapping[str, Any]
Maker = Callable[..., Answer]


def makers(module: ModuleType) -> dict[str, Maker]:
    """Return the functions of a module that make a result, of check mode where they have the choice."""
    found = inspect.getmembers(module, inspect.isfunction)
    own = {name: function for name, function in found if function.__module__ == module.__name__}
    return {
        name: function
        for name, function in own.items()
        if set(inspect.signature(function).parameters) <= {"check_mode"}
    }


MAKERS: dict[Concern, Mapping[str, Maker]] = {
    F: windows.FIREWALL,
    X: windows.IPSEC,
    L: makers(nftables),
    B: makers(load_balancers),
    P: makers(publications),
    D: makers(dns),
}


@functools.cache
def real(concern: Concern, name: str, check_mode: bool = True) -> TaskResult:
    """Return a real result as the run state keeps it."""
    make = MAKERS[concern][name]
    answer = make(check_mode=check_mode) if inspect.signature(make).parameters else make()
    return TaskResult.of_answer("x1", concern, Step.OPEN, answer, is_check=check_mode)


def part(concern: Concern, name: str, check_mode: bool = True) -> Part:
    return part_of("x1", concern, [real(concern, name, check_mode)])


# --- drift ------------------------------------------------------------------------------------------------------------

CLASSES: list[tuple[Concern, str, Class | None, str]] = [
    (F, "as planned", None, ""),
    (F, "missing", Class.MISSING, f"{SIP}: missing (new admission)"),
    (F, "changed", Class.CHANGED, f"{SIP}: changed: remoteip is 10.1.0.0/24, should be any"),
    (F, "disabled", Class.DISABLED, f"{SIP}: disabled: enabled is false, should be true"),
    (F, "duplicate", Class.DUPLICATE, f"{SIP}: duplicate (another rule has its name and group)"),
    (F, "extra", Class.EXTRA, f"{EXTRA}: extra (it is not wanted)"),
    (F, "shadowed", Class.SHADOWED, f"{SIP}: shadowed (narrower than CS RTCSRV)"),
    (F, "blocked by Group Policy", Class.INEFFECTIVE, f"{SIP}: ineffective (blocked by Segmentation (Group Policy))"),
    (F, "shields up", Class.INEFFECTIVE, f"{SIP}: ineffective (all inbound traffic is blocked on domain)"),
    (F, "partly blocked", Class.PARTLY_BLOCKED, f"{SIP}: partly_blocked (partly blocked by Segmentation)"),
    (F, "admits by default", Class.OPEN, "profile domain: open (what comes in is admitted unless a rule blocks it)"),
    (F, "made again by setup", Class.RECREATED, f"{windows.SETUP}: recreated_by_setup ("),
    (F, "opened by somebody else", Class.FOREIGN, f"{EXTRA}: foreign (it admits more than the list on tcp 5061)"),
    (X, "as planned", None, ""),
    (X, "duplicate", Class.DUPLICATE, "Lync exempt media (UDP): duplicate (another rule has its name and group)"),
    (X, "extra", Class.EXTRA, "Lync exempt old: extra (it is not wanted)"),
    (L, "nothing_to_do", None, ""),
    (L, "file_is_lost", Class.CHANGED, "file /etc/nftables.d/msuc-lync.nft: changed: content is missing, should be "),
    (B, "unchanged", None, ""),
    (B, "added", Class.MISSING, "sip-5061: missing (adds a virtual; nothing else is touched)"),
    (B, "removed", Class.EXTRA, "web-443: extra"),
    (B, "modified", Class.CHANGED, "sip-5061: changed: idle_seconds is 60, should be 1800"),
    (B, "repaired", Class.CHANGED, "sip-5061: changed (sets right what the fields of a service do not show)"),
    (B, "member_was_switched_off", Class.DISABLED, "sip-5061: disabled: members: "),
    (P, "unpublished", Class.EXTRA, "pool02.contoso.com: extra"),
    (P, "certificate_and_members", Class.DISABLED, "pool02.contoso.com: disabled: members: "),
    (D, "nothing_to_do", None, ""),
    (D, "record_comes", Class.MISSING, f"{dns.POOL} A (internal): missing (it is wanted)"),
    (D, "record_goes", Class.EXTRA, f"{dns.POOL} A (internal): extra "),
    (D, "value_changes", Class.CHANGED, f"{dns.POOL} A (internal): changed: values lacks "),
]


@pytest.mark.parametrize(("concern", "name", "kind", "text"), CLASSES)
def test_class_and_text_of_a_deviation(concern: Concern, name: str, kind: Class | None, text: str) -> None:
    found = deviations_of(real(concern, name))
    assert [item.kind for item in found] == ([kind] if kind else [])
    assert all(item.text.startswith(text) for item in found), found


def test_every_class_is_one_of_a_real_result() -> None:
    assert {kind for _concern, _name, kind, _text in CLASSES} - {None} == set(Class)


def test_a_value_that_nobody_knows_stays() -> None:
    found = [item for item in deviations_of(real(D, "unknown_value_stays")) if item.stays]
    assert [(item.kind, item.is_repairable, item.too_wide) for item in found] == [(Class.EXTRA, False, True)]


def test_a_rule_that_is_there_twice_is_not_removed_by_its_name() -> None:
    report = Report.of([real(F, "duplicate")], Context(NOW, {}))
    found = remediation(report, Limits(classes=frozenset({Class.DUPLICATE})), NOW)
    assert found.repairs == {"x1": {"firewall": Repair(whole=True)}}
    report = Report.of([real(F, "extra")], Context(NOW, {}))
    assert not remediation(report, Limits(classes=frozenset({Class.DUPLICATE})), NOW).repairs


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("made again by setup", f"left: x1: {windows.SETUP}: recreated_by_setup ("),
        ("opened by somebody else", f"left: x1: {EXTRA}: foreign ("),
    ],
)
def test_a_rule_of_others_is_named_and_never_fought_over(name: str, left: str) -> None:
    found = remediation(Report.of([real(F, name)], Context(NOW, {})), Limits(), NOW)
    assert (found.repairs, found.verdicts) == ({}, {"x1": Verdict.DIFFERS})
    assert found.left[0].startswith(left)


def test_beside_a_rule_of_others_ours_are_all_repaired() -> None:
    report = Report.of([real(F, "made again by setup, and one is missing")], Context(NOW, {}))
    assert remediation(report, Limits(), NOW).repairs == {"x1": {"firewall": Repair(whole=True)}}


def test_a_build_that_nobody_has_proven_is_named_once() -> None:
    told = "not proven on Windows Server 2022, build 20348.2700"
    assert part(F, "as planned").notes == (told,)
    assert part(L, "nothing_to_do").notes == ()
    results = [replace(real(F, "as planned"), device=name) for name in ("fe01", "fe02")]
    assert drift_text(Report.of(results, Context(NOW, {}))).splitlines()[:-1] == [f"fe01, fe02: {told}"]


def test_another_certificate_needs_an_attended_run() -> None:
    report = Report.of([real(P, "certificate_and_members")], Context(NOW, {}))
    assert not remediation(report, Limits(unattended=True), NOW).repairs
    assert remediation(report, Limits(), NOW).repairs == {"x1": {"publications": Repair(whole=True)}}


# --- site -------------------------------------------------------------------------------------------------------------

RISKS: list[tuple[Concern, str, set[Risk]]] = [
    (F, "missing", set()),
    (F, "too wide", {Risk.NARROWED}),
    (F, "extra", {Risk.NARROWED}),
    (F, "duplicate", set()),
    (F, "already admitted", set()),
    (F, "other rules are disabled", {Risk.NARROWED, Risk.DISABLED}),
    (F, "would cut", {Risk.REFUSES, Risk.CUT, Risk.NARROWED}),
    (F, "would cut, accepted", {Risk.CUT, Risk.NARROWED}),
    (F, "management would be shut", {Risk.REFUSES, Risk.CUT, Risk.NARROWED}),
    (F, "wrong host", {Risk.FAILED}),
    (F, "firewall off", {Risk.INEFFECTIVE, Risk.OPEN}),
    (F, "blocked by Group Policy", {Risk.INEFFECTIVE}),
    (F, "partly blocked", {Risk.PARTLY_BLOCKED}),
    (F, "unreadable Group Policy", {Risk.FAILED}),
    (X, "missing", set()),
    (X, "not needed", set()),
    (X, "extra", {Risk.EXEMPTION}),
    (X, "changed", {Risk.EXEMPTION}),
    (X, "still exempt", set()),
    (X, "duplicate", set()),
    (L, "first_run", {Risk.POLICY}),
    (L, "rule_goes", {Risk.NARROWED}),
    (L, "refused", {Risk.REFUSES, Risk.POLICY}),
    (B, "added", set()),
    (B, "modified", set()),
    (B, "member_drains", set()),
    (B, "removed", {Risk.VIRTUAL_GOES}),
    (B, "recreated", {Risk.RECREATED}),
    (B, "member_leaves", {Risk.MEMBER_GOES}),
    (B, "member_disabled", {Risk.MEMBER_GOES}),
    (B, "conflict", {Risk.FAILED}),
    (P, "added", set()),
    (P, "names_change", set()),
    (P, "unpublished", {Risk.UNPUBLISHED}),
    (P, "certificate_changes", {Risk.CERTIFICATE}),
    (D, "record_comes", set()),
    (D, "record_goes", {Risk.RECORD_GOES}),
    (D, "value_changes", {Risk.RECORD_GOES}),
]
# What no module returns: it is of the run, of its plan, or of Ansible.
NOT_OF_RESULTS = {
    Risk.UNREACHABLE,
    Risk.STOPPED,
    Risk.NOT_ASKED,
    Risk.CONTRADICTED,
    Risk.NO_ROLLBACK,
    Risk.HELD,
}


@pytest.mark.parametrize(("concern", "name", "risks"), RISKS)
def test_risks_of_a_change(concern: Concern, name: str, risks: set[Risk]) -> None:
    assert {reason.risk for reason in part(concern, name).reasons} == risks


def test_every_risk_is_one_of_a_real_result() -> None:
    assert set().union(*(risks for _concern, _name, risks in RISKS)) | NOT_OF_RESULTS == set(Risk)


def test_what_is_refused_is_a_reason_and_no_note() -> None:
    found = part(F, "management would be shut")
    refused = [reason.detail for reason in found.reasons if reason.risk is Risk.REFUSES]
    assert any("would be shut" in text for text in refused)
    assert not any("would be shut" in note for note in found.notes)


def test_what_a_run_left_behind_it() -> None:
    assert part(F, "pending").status is Status.NOT_CLOSED
    (snapshot,) = part(F, "applied").snapshots
    assert str(snapshot["path"]).endswith(".wfw") and snapshot["armed"] is False
    assert part(X, "applied").snapshots and part(L, "confirmed").snapshots
    assert part(X, "not needed").notes == (
        "IPsec exemptions are not needed: no rule of the host or of Group Policy requests or requires protection",
        "not proven on Windows Server 2022, build 20348.2700",
    )


def test_members_and_their_health() -> None:
    found = part(B, "members_down")
    assert (found.members, found.up, found.down) == ({"active": 2}, 1, ("sip-5061 10.1.0.12",))
    assert part(B, "member_drains").members == {"active": 1, "draining": 1}
    assert any(note.startswith("not rendered: persistence of 1 service: ") for note in part(B, "not_rendered").notes)


@pytest.mark.parametrize("concern", [B, P])
def test_a_device_that_differs_after_the_change_failed(concern: Concern) -> None:
    found = part(concern, "differs_afterwards", check_mode=False)
    assert found.status is Status.FAILED
    assert found.message.startswith("it took the change, and differs from the plan all the same: ")


def test_what_dns_could_not_do_is_noted() -> None:
    assert "no server takes the zone" in part(D, "no_server").notes[0]
    assert not was_asked(real(D, "no_server")) and was_asked(real(D, "nothing_to_do"))
    assert part(D, "failed_zone", check_mode=False).status is Status.FAILED


# --- keys -------------------------------------------------------------------------------------------------------------


class Recording(dict[str, Any]):
    """A result that takes down which of its keys a reader asks for, and which of these it has."""

    asked: ClassVar[set[str]] = set()
    found: ClassVar[set[str]] = set()

    @classmethod
    def of(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return cls({str(key): cls.of(item) for key, item in value.items()})
        return [cls.of(item) for item in value] if isinstance(value, (list, tuple)) else value

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if self._has(key) else default

    def __contains__(self, key: object) -> bool:
        return self._has(str(key))

    def __getitem__(self, key: str) -> Any:
        self._has(key)
        return super().__getitem__(key)

    def _has(self, key: str) -> bool:
        has = super().__contains__(key)
        self.asked.add(key)
        if has:
            self.found.add(key)
        return has


def every_result() -> Iterator[TaskResult]:
    for concern, own in MAKERS.items():
        yield from (real(concern, name) for name in own)
        changing = [name for name, make in own.items() if inspect.signature(make).parameters]
        yield from (real(concern, name, check_mode=False) for name in changing)


# What only a playbook adds to a result, or what stands for a name in one concern alone.
ADDED_LATER = {"handed_out"}


def test_every_key_that_a_reader_uses_is_one_that_a_real_result_has() -> None:
    Recording.asked, Recording.found = set(), set()
    for result in every_result():
        recorded = TaskResult(
            result.device,
            result.concern,
            result.step,
            result.status,
            result.message,
            is_check=result.is_check,
            document=Recording.of(result.document),
        )
        part_of("x1", result.concern, [recorded])
        deviations_of(recorded)
        was_asked(recorded)
    assert Recording.asked - Recording.found - ADDED_LATER == set()
