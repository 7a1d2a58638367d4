# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reverse proxies brought to what is wanted: what changes, what clients notice, and the look again after a change."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import Cause, Kind, State, summary
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import SafetyStep
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import Class, deviations_of
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.remediation import Limits, decide
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import EffectKind, Publication, TlsMode
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import (
    PRESENTATION,
    PublicationsProvider,
    publication_changes,
    target,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

from tests.unit.load_balancers.memory_devices import MemoryHost

from . import results
from .results import published
from .samples import ALL, BRIDGED, LABEL, MEET, ONE, OTHER


@pytest.mark.parametrize(
    ("after", "labelled"),
    [
        (BRIDGED, True), (replace(OTHER, host_names=("web.contoso.com",)), False),
        (replace(OTHER, members=OTHER.members[:1]), False),
    ],
)  # fmt: skip
def test_a_change_of_mode_is_labelled(after: Publication, labelled: bool) -> None:
    (change,) = publication_changes((ONE, after), (ONE, OTHER), rewritten=True)
    assert (LABEL in PRESENTATION.impact(change)) is labelled
    assert (LABEL in PRESENTATION.command(change)) is (LABEL in PRESENTATION.diff(change)["before_header"]) is labelled
    assert change.notice == (LABEL if labelled else "")
    assert summary([change])["changed"] == 1 and change.name == OTHER.name


def test_another_certificate_is_labelled_and_another_authority_is_not() -> None:
    impacts = [
        PRESENTATION.impact(publication_changes((after,), (BRIDGED,), rewritten=True)[0])
        for after in (
            replace(BRIDGED, certificate="/etc/ssl/lync/new.pem"),
            replace(BRIDGED, ca="/etc/ssl/lync/new.pem"),
        )
    ]
    assert [LABEL in words for words in impacts] == [True, False]
    (alone,) = publication_changes((replace(BRIDGED, mode=TlsMode.PASSTHROUGH),), (BRIDGED,), rewritten=True)
    assert (alone.properties, PRESENTATION.impact(alone)) == (("mode",), LABEL)


@pytest.mark.parametrize(
    ("state", "want", "expected"),
    [
        (State.REPLACED, (ONE,), (ONE,)), (State.MERGED, (BRIDGED,), (ONE, BRIDGED)), (State.DELETED, (ONE,), (OTHER,)),
        (State.DELETED, (), ()),
        (State.MERGED, (MEET,), (replace(ONE, host_names=ONE.host_names[1:]), MEET)), (State.MERGED, (ALL,), (ALL,)),
    ],
)  # fmt: skip
def test_states(state: State, want: tuple[Publication, ...], expected: tuple[Publication, ...]) -> None:
    assert target(want, (ONE, OTHER), state) == expected


def test_an_unattended_run_changes_no_certificate_together_with_members_that_were_switched_off() -> None:
    result = results.certificate_and_members(check_mode=True)
    found = deviations_of(TaskResult.of_answer("rp01", Concern.PUBLICATIONS, Step.COMPARE, result, is_check=True))
    assert [item.kind for item in found] == [Class.DISABLED]
    decision = decide(found, Limits(unattended=True), datetime.datetime(2026, 11, 28, 23, 30))
    assert decision.left == ((found[0], f"it needs an attended run: the repair {LABEL}"),)


CHANGES = [
    ("added", Kind.ADD, Cause.MISSING, {EffectKind.PUBLISHES}, ""),
    ("unpublished", Kind.REMOVE, Cause.NOT_WANTED, {EffectKind.UNPUBLISHES}, ""),
    ("names_change", Kind.CHANGE, Cause.DIFFERENT, {EffectKind.RELOADS}, ""),
    ("certificate_changes", Kind.CHANGE, Cause.DIFFERENT, {EffectKind.CERTIFICATE, EffectKind.RELOADS}, LABEL),
    ("repaired", Kind.CHANGE, Cause.DIFFERENT, {EffectKind.REPAIRS}, ""),
]


@pytest.mark.parametrize(("name", "kind", "cause", "effects", "notice"), CHANGES)
def test_why_and_what_a_change_does_is_data(
    name: str, kind: Kind, cause: Cause, effects: set[EffectKind], notice: str
) -> None:
    (change,) = results.ALL[name](check_mode=True)["changes"]
    assert (change["kind"], change["cause"], change["notice"]) == (kind.value, cause.value, notice)
    assert {effect["kind"] for effect in change["effects"]} == {effect.value for effect in effects}
    assert change["impact"] == "; ".join(sorted(effect.text for effect in effects))


def test_all_candidates_of_several_files_are_tried_before_one_is_written() -> None:
    host = MemoryHost()
    published(host, [OTHER], driver="nginx")
    assert host.operations == ["gather"] * 2 + ["check"] * 2 + ["apply"] * 2 + ["gather"] * 2
    host.operations.clear()
    again = published(host, [OTHER], driver="nginx")
    assert (again["changed"], host.operations) == (False, ["gather", "gather"])


def test_a_host_that_took_the_change_and_publishes_something_else_fails() -> None:
    result = results.differs_afterwards()
    start = "it took the change, and differs from the plan all the same: publish meet.contoso.com, "
    assert (result["failed"], result["changed"]) == (True, True) and result["msg"].startswith(start)
    assert result["stats"] == {"requests": 2, "verify_requests": 1}


def test_an_address_of_somebody_else_stops_all_of_it() -> None:
    result = results.conflict()
    assert (result["failed"], result["changed"], result["changes"]) == (True, False, [])
    assert [conflict["port"] for conflict in result["conflicts"]] == [443]
    assert result["msg"].endswith("; nothing was written; fix: remove what is there, or choose another address")


def test_where_traffic_goes_are_the_ports_of_members_behind_the_proxy() -> None:
    assert results.member_leaves()["sends"] == [["10.1.0.21", 4443, "tcp"], ["10.1.0.21", 8080, "tcp"]]


def test_a_host_that_does_not_say_that_it_tried_the_candidate_fails() -> None:
    assert PublicationsProvider.safety[SafetyStep.VALID_CANDIDATE]
    result = published(MemoryHost(leaves_out=frozenset({"reloaded"})), [OTHER])
    assert result["msg"].startswith("the changes were made, but it is not known that nobody changed the device since ")
