# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Comparisons become one report: classes, what is accepted, since when, status, JUnit."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import (
    Acceptance,
    Class,
    Deviation,
    deviations_of,
    ending,
    read_acceptances,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Report
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan
from ansible_collections.msuc.lync.plugins.plugin_utils._report.output import drift_junit, file_name, first_seen
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[3] / "plugins/plugin_utils/_drift/data/lync_drift.schema.json").read_text(
        encoding="utf-8"
    )
)
NOW = datetime.datetime(2026, 11, 28, 3, 0, tzinfo=datetime.timezone.utc)
HOSTS = {
    "fe02": HostPlan("fe02", ("frontend",), "2013", "pool01.contoso.com", "windows", True, "active", ("10.1.0.12",)),
    "lb01": HostPlan("lb01", ("load_balancers",), "2013", None, "linux", True, "active", ("10.1.0.5",)),
}


def compared(device: str, concern: str, answer: Mapping[str, object]) -> TaskResult:
    """Return what a module answered to a comparison as the run state has it."""
    return TaskResult.of_answer(device, Concern(concern), Step.COMPARE, answer, is_check=True)


def found_in(answer: Mapping[str, object], concern: str = "firewall", device: str = "fe02") -> tuple[Deviation, ...]:
    return deviations_of(compared(device, concern, answer))


def change(kind: str, name: str = "SIP", **more: object) -> dict[str, object]:
    return {"kind": kind, "name": name, "reason": "it is missing", "properties": [], **more}


def differing(name: str, before: object, after: object) -> dict[str, object]:
    return {"property": name, "before": before, "after": after}


UP, DRAINED = {"address": "10.1.0.11", "state": "active"}, {"address": "10.1.0.11", "state": "draining"}
CLASSES: dict[str, tuple[dict[str, object], Class, str]] = {
    "missing": (change("add", effect="new admission", opens=True), Class.MISSING, "SIP: missing (new admission)"),
    "extra": (
        change("remove", cause="not_wanted", reason="it is not wanted", closes=True),
        Class.EXTRA,
        "SIP: extra (it is not wanted)",
    ),
    "duplicate": (change("remove", cause="duplicate", reason="twice"), Class.DUPLICATE, "SIP: duplicate (twice)"),
    "disabled": (
        change("change", properties=[differing("enabled", False, True)]),
        Class.DISABLED,
        "SIP: disabled: enabled is false, should be true",
    ),
    "changed": (
        change("change", properties=[differing("localport", ["4444"], ["444", "445"])]),
        Class.CHANGED,
        "SIP: changed: localport is 4444, should be 444, 445",
    ),
    "switched on": (
        change("disable", properties=[differing("enabled", True, False)]),
        Class.CHANGED,
        "SIP: changed: enabled is true, should be false",
    ),
    "member drained": (
        change("change", properties=[differing("members", [DRAINED], [UP])]),
        Class.DISABLED,
        "SIP: disabled: members is address 10.1.0.11 state draining, should be address 10.1.0.11 state active",
    ),
    "member gone": (
        change("change", properties=[differing("members", [], [UP])]),
        Class.CHANGED,
        "SIP: changed: members is nothing, should be address 10.1.0.11 state active",
    ),
}


@pytest.mark.parametrize(("changed", "kind", "words"), CLASSES.values(), ids=CLASSES)
def test_class_and_words(changed: dict[str, object], kind: Class, words: str) -> None:
    (found,) = found_in({"changes": [changed]})
    assert (found.kind, found.text) == (kind, words)


def effect(*kinds: str, detail: str = "") -> dict[str, object]:
    """Return the effect of a rule whose text is that of its kinds."""
    facts = [{"kind": kind, "by": [], "text": kind, "detail": detail} for kind in kinds]
    return {"kinds": list(kinds), "effect": "; ".join(kinds), "facts": facts}


EFFECTS = {
    "ineffective": (
        effect("narrower_than", "ineffective", detail="the firewall is off"),
        Class.INEFFECTIVE,
        "the firewall is off",
    ),
    "shadowed": (effect("narrower_than"), Class.SHADOWED, "narrower_than"),
    "the same": (
        effect("already_admitted_by", "partly_blocked_by"),
        Class.SHADOWED,
        "already_admitted_by; partly_blocked_by",
    ),
}


@pytest.mark.parametrize(("seen", "kind", "reason"), EFFECTS.values(), ids=EFFECTS)
def test_rules_as_planned_that_do_not_do_what_they_say(seen: dict[str, object], kind: Class, reason: str) -> None:
    result = {"changes": [change("add", "other")], "effects": [{"name": "SIP", **seen}, {"name": "other", **seen}]}
    assert [(item.name, item.kind, item.reason) for item in found_in(result)][1:] == [("SIP", kind, reason)]


def test_a_rule_that_works_is_none() -> None:
    assert not found_in({"changes": [], "effects": [{"name": "SIP", **effect("admits_alone")}]})


CLEAN: Mapping[str, Any] = {"changed": False, "changes": [], "effects": []}
DRIFTED: Mapping[str, Any] = {"changed": True, "changes": [change("add", opens=True)]}
GONE: Mapping[str, Any] = {"unreachable": True, "msg": "no route"}
SHADOW: Mapping[str, Any] = {"changes": [], "effects": [{"name": "SIP", **effect("narrower_than")}]}


Answers = Mapping[str, Mapping[str, Mapping[str, Any]]]


def report(answers: Answers, now: datetime.datetime = NOW, **context: Any) -> Report:
    """Return the report of answers by device and concern."""
    results = [compared(device, concern, answer) for device, own in answers.items() for concern, answer in own.items()]
    return Report.of(results, Context(now, HOSTS, **context))


STATUSES = {
    "as planned": ({"fe02": {"firewall": CLEAN}}, "clean"),
    "drift": ({"fe02": {"firewall": CLEAN, "ipsec": DRIFTED}}, "drift"),
    "could not tell": ({"fe02": {"firewall": GONE}}, "unreachable"),
    "drift, and could not tell": (
        {"fe02": {"firewall": DRIFTED}, "lb01": {"load_balancer": {"failed": True, "msg": "x"}}},
        "failed",
    ),
    "one of two programs of a balancer": (
        {"lb01": {"load_balancer": CLEAN, "load_balancer_udp": {"failed": True, "msg": "x"}}},
        "failed",
    ),
    "left alone": ({"fe02": {"firewall": {"skipped": True}}}, "unknown"),
    "a note only": ({"fe02": {"firewall": SHADOW}}, "clean"),
    "nobody was asked": ({}, "unknown"),
}


@pytest.mark.parametrize(("answers", "status"), STATUSES.values(), ids=STATUSES)
def test_status(answers: Answers, status: str) -> None:
    made = report(answers)
    assert made.status.value == status
    jsonschema.validate(made.document(), SCHEMA)


def test_what_was_expected_and_is_not_there_is_unknown() -> None:
    lost = TaskResult.unknown("lb01", Concern.LOAD_BALANCER_UDP, Step.COMPARE)
    made = Report.of([compared("lb01", "load_balancer", CLEAN), lost], Context(NOW, HOSTS))
    document: Any = made.document()
    assert document["devices"][0]["concerns"] == [
        {"concern": "load_balancer", "status": "unknown", "message": lost.message}
    ]
    assert made.verdicts() == {"lb01": "unknown"}


def test_two_programs_of_a_load_balancer_are_one_concern() -> None:
    made = report(
        {"lb01": {"load_balancer": DRIFTED, "load_balancer_udp": {"changed": True, "changes": [change("add", "UDP")]}}}
    )
    (checked,) = made.devices["lb01"]
    assert (checked.concern, [item.deviation.name for item in checked.found]) == (Concern.LOAD_BALANCER, ["SIP", "UDP"])


def test_an_unreachable_device_hides_no_other() -> None:
    made: Any = report({"fe01": {"firewall": GONE}, "fe02": {"firewall": DRIFTED}}).document()
    found = [(device["device"], device["status"], len(device["deviations"])) for device in made["devices"]]
    assert found == [("fe01", "unreachable", 0), ("fe02", "drift", 1)]
    assert made["counts"]["missing"] == 1


def accepted(**more: object) -> dict[str, object]:
    return {
        "device": "fe0*",
        "name": "SI?",
        "owner": "netops",
        "reason": "audit tool",
        "ticket": "CHG0042",
        "expires": "2026-12-05",
        **more,
    }


def test_what_is_accepted_is_told_and_is_no_drift_until_it_expires() -> None:
    acceptances = read_acceptances([accepted()])
    made = report({"fe02": {"firewall": DRIFTED}}, acceptances=acceptances)
    assert made.status.value == "clean"
    document: Any = made.document()
    jsonschema.validate(document, SCHEMA)
    assert document["devices"][0]["deviations"][0]["accepted"]["ticket"] == "CHG0042"
    assert (document["counts"]["missing"], document["counts"]["accepted"]) == (0, 1)
    assert document["acceptances_ending"][0]["days_left"] == 7
    later = NOW + datetime.timedelta(days=8)
    assert report({"fe02": {"firewall": DRIFTED}}, later, acceptances=acceptances).status.value == "drift"


@pytest.mark.parametrize(
    "item", [accepted(device="edge*"), accepted(name="RTP"), accepted(concern="ipsec"), accepted(**{"class": "extra"})]
)
def test_an_acceptance_covers_only_what_it_names(item: dict[str, object]) -> None:
    assert report({"fe02": {"firewall": DRIFTED}}, acceptances=read_acceptances([item])).status.value == "drift"


def test_acceptances_that_end_within_thirty_days_are_listed_earliest_first() -> None:
    dates = {"a": "2026-12-28", "b": "2026-12-29", "c": "2026-11-01"}
    found: list[Acceptance] = list(
        read_acceptances([accepted(name=name, expires=date) for name, date in dates.items()])
    )
    assert [item.name for item in ending(found, NOW.date())] == ["c", "a"]


def test_every_fault_of_acceptances_is_told_at_once() -> None:
    items = [{"device": "fe01", "onwer": "x"}, accepted(expires="31.12.2026"), accepted(**{"class": "gone"}), "text"]
    with pytest.raises(InvalidInputError) as caught:
        read_acceptances(items)
    text = str(caught.value)
    expected = (
        "[0]: there is no key 'onwer'",
        "write owner",
        "has no ticket",
        "'31.12.2026' is not a date",
        "'gone' is not a class",
        "[3]: 'text' is not a mapping",
    )
    assert [words for words in expected if words not in text] == []


def test_since_when_goes_back_as_long_as_it_was_there(tmp_path: Path) -> None:
    days = {1: DRIFTED, 2: CLEAN, 3: DRIFTED, 4: GONE, 5: DRIFTED}
    for day, result in days.items():
        moment = NOW.replace(day=day)
        made = report({"fe02": {"firewall": result}}, moment)
        (tmp_path / file_name(moment)).write_text(json.dumps(made.document()), encoding="utf-8")
    (tmp_path / "drift-2026-11-27T000000Z.json").write_text('{"made": "2026-', encoding="utf-8")
    key = ("fe02", "firewall", "missing", "SIP")
    assert first_seen(tmp_path, [key, ("fe02", "firewall", "extra", "SIP")]) == {key: NOW.replace(day=3)}


def test_no_history_is_no_fault(tmp_path: Path) -> None:
    assert not first_seen(tmp_path / "none", [("fe02", "firewall", "missing", "SIP")])


def test_junit_has_a_suite_per_device_and_a_case_per_concern() -> None:
    text = drift_junit(
        report(
            {
                "fe01": {"firewall": GONE},
                "fe02": {"firewall": {**SHADOW, "changes": [change("add", "R\x01TP")]}, "ipsec": CLEAN},
            }
        )
    )
    suites = {suite.get("name"): suite for suite in ElementTree.fromstring(text)}
    assert (suites["fe01"].get("errors"), suites["fe02"].get("failures"), suites["fe02"].get("tests")) == (
        "1",
        "1",
        "2",
    )
    assert suites["fe01"][0][0].text == "no route"
    assert "RTP: missing" in (suites["fe02"][0][0].text or "")
    assert suites["fe02"][0][1].text == "note: SIP: shadowed (narrower_than)"


def test_a_dns_record_is_named_by_type_and_view_and_unknown_values_stay() -> None:
    record = {"name": "pool01.contoso.com", "type": "A", "view": "internal"}
    values = [differing("values", ["10.1.0.9"], ["10.1.0.11"])]
    result = {
        "changes": [{"kind": "change", "reason": "it differs", "properties": values, **record}],
        "unknown": [{**record, "values": ["10.1.0.8"]}],
    }
    changed, unknown = found_in(result, "dns", "DNS")
    assert (changed.name, changed.is_repairable) == ("pool01.contoso.com A (internal)", True)
    assert (unknown.kind, unknown.is_repairable, unknown.reason) == (
        Class.EXTRA,
        False,
        "unknown value 10.1.0.8, which stays",
    )
