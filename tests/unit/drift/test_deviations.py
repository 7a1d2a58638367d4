# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a comparison says of a device, class by class, and which deviations are accepted for a time."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import (
    NOT_READ,
    Acceptance,
    Assumption,
    Class,
    Deviation,
    Standing,
    deviations_of,
    ending,
    last_report,
    read_acceptances,
    standing,
    unconfirmed,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan, Plan, PoolPlan
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.names import Names

from tests.unit.drift.samples import DRIFTED, NOW, SCHEMA, change, compared, differing, effect, report


def found_in(answer: Mapping[str, object], concern: str = "firewall", device: str = "fe02") -> tuple[Deviation, ...]:
    return deviations_of(compared(device, concern, answer))


UP, DRAINED = {"address": "10.1.0.11", "state": "active"}, {"address": "10.1.0.11", "state": "draining"}
ADMITS_MORE: dict[str, Any] = {
    "cause": "admits_more", "reason": "it admits more", "properties": [differing("enabled", True, False)],
}  # fmt: skip
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
    "switched on by setup": (
        change("disable", "CS RTCSRV", **ADMITS_MORE),
        Class.RECREATED,
        "CS RTCSRV: recreated_by_setup (it admits more)",
    ),
    "switched on by somebody else": (
        change("disable", "Theirs", **ADMITS_MORE), Class.FOREIGN, "Theirs: foreign (it admits more)",
    ),
    "member drained": (
        change("change", properties=[differing("members", [DRAINED], [UP])]),
        Class.DISABLED,
        "SIP: disabled: members: 10.1.0.11 is draining, should be active",
    ),
    "everybody is lacking": (
        change("change", properties=[differing("remoteip", ["10.1.0.11-10.1.0.12"], ["any"])]),
        Class.CHANGED,
        "SIP: changed: remoteip is 10.1.0.11-10.1.0.12, should be any",
    ),
    "addresses of two spellings": (
        change("change", properties=[differing("remoteip", ["10.1.0.10-10.1.0.13", "10.9.0.7"], ["10.1.0.8/29"])]),
        Class.CHANGED,
        "SIP: changed: remoteip lacks 10.1.0.8/31, 10.1.0.14/31, has 10.9.0.7 besides",
    ),
    "ports are lacking and others are there": (
        change("change", properties=[differing("localport", ["444", "9999"], ["444-446"])]),
        Class.CHANGED,
        "SIP: changed: localport lacks 445-446, has 9999 besides",
    ),
    "a list of texts": (
        change("change", properties=[differing("profiles", ["domain"], ["domain", "private"])]),
        Class.CHANGED,
        "SIP: changed: profiles lacks private",
    ),
    "member gone": (
        change("change", properties=[differing("members", [], [UP])]),
        Class.CHANGED,
        "SIP: changed: members is nothing, should be address 10.1.0.11 state active",
    ),
}


def test_addresses_of_a_difference_have_the_names_of_the_inventory() -> None:
    names = Names({"10.1.0.11": "fe01", "10.1.0.12": "fe02", "10.10.0.0/16": "10.10.0.0/16"})
    wanted = ["10.1.0.11", "10.1.0.12", "10.10.0.0/16"]
    (found,) = found_in({"changes": [change("change", properties=[differing("remoteip", ["10.1.0.11"], wanted)])]})
    assert found.described(names) == "SIP: changed: remoteip lacks 10.10.0.0/16, fe02"


@pytest.mark.parametrize(("changed", "kind", "words"), CLASSES.values(), ids=CLASSES)
def test_class_and_words(changed: dict[str, object], kind: Class, words: str) -> None:
    (found,) = found_in({"changes": [changed]})
    assert (found.kind, found.text) == (kind, words)


DIRECTIONS: dict[str, tuple[dict[str, object], bool, bool]] = {
    # what changed -> too narrow, too wide
    "the result says it": (change("add", opens=False, closes=True), False, True),
    "missing": (change("add"), True, False),
    "disabled": (change("change", properties=[differing("enabled", False, True)]), True, False),
    "changed": (change("change", properties=[differing("localport", ["4444"], ["444"])]), False, False),
    "extra": (change("remove", cause="not_wanted"), False, True),
    "duplicate": (change("remove", cause="duplicate"), False, False),
}


@pytest.mark.parametrize(("changed", "too_narrow", "too_wide"), DIRECTIONS.values(), ids=DIRECTIONS)
def test_whether_a_device_lets_through_less_or_more_than_planned(
    changed: dict[str, object], too_narrow: bool, too_wide: bool
) -> None:
    (found,) = found_in({"changes": [changed]})
    assert (found.too_narrow, found.too_wide) == (too_narrow, too_wide)


EFFECTS = {
    "ineffective": (
        effect("narrower_than", "ineffective", detail="the firewall is off"),
        Class.INEFFECTIVE,
        "the firewall is off",
    ),
    "shadowed": (effect("narrower_than"), Class.SHADOWED, "narrower_than"),
    "the same": (
        effect("already_admitted_by", "partly_blocked_by"),
        Class.PARTLY_BLOCKED,
        "partly_blocked_by",
    ),
}


@pytest.mark.parametrize(("seen", "kind", "reason"), EFFECTS.values(), ids=EFFECTS)
def test_rules_as_planned_that_do_not_do_what_they_say(seen: dict[str, object], kind: Class, reason: str) -> None:
    result = {"changes": [change("add", "other")], "effects": [{"name": "SIP", **seen}, {"name": "other", **seen}]}
    assert [(item.name, item.kind, item.reason) for item in found_in(result)][1:] == [("SIP", kind, reason)]


def test_a_rule_that_works_is_none() -> None:
    assert not found_in({"changes": [], "effects": [{"name": "SIP", **effect("admits_alone")}]})


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


def host(name: str, *assumptions: str, managed: bool = True, member_state: str = "active") -> HostPlan:
    addresses = ("10.2.0.21",)
    return HostPlan(name, (), "2013", None, "windows", managed, member_state, addresses, assumptions=assumptions)


HOSTS = (
    host("edge01", "Gateway.", "Routes."),
    host("sql01", "Never told.", managed=False),
    host("fe09", "Never told.", member_state="retired"),
)
POOL = PoolPlan("edge01.contoso.com", "edge", "dns", "2013", assumptions=("Topology.",))
PLAN = Plan({each.host: each for each in HOSTS}, {POOL.pool: POOL})
READ = [
    Assumption("edge01", "Gateway.", Standing.CONFIRMED, "read"),
    Assumption("edge01", "Routes.", Standing.CONTRADICTED, "read otherwise"),
    Assumption("edge01", "Gone from the plan.", Standing.CONTRADICTED, "read"),
]


def test_beside_a_report_and_without_one(tmp_path: Path) -> None:
    (tmp_path / "verify.json").write_text(
        json.dumps({"assumptions": [item.document() for item in READ]}), encoding="utf-8"
    )
    report = last_report(tmp_path)
    assert standing(PLAN, report) == (
        READ[0],
        READ[1],
        Assumption("edge01.contoso.com", "Topology.", Standing.UNKNOWN, NOT_READ),
    )
    assert [(item.place, item.line) for item in unconfirmed(PLAN, report)] == [
        ("edge01", "Routes. contradicted: read otherwise"),
        ("edge01.contoso.com", f"Topology. could not tell: {NOT_READ}"),
    ]
    assert len(unconfirmed(PLAN, None)) == 3


@pytest.mark.parametrize("text", ["", "[]", "{", '{"assumptions": [1, {"standing": "perhaps"}]}', '{"assumptions": 5}'])
def test_a_report_that_is_none_confirms_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "verify.json").write_text(text, encoding="utf-8")
    assert {item.standing for item in standing(PLAN, last_report(tmp_path))} == {Standing.UNKNOWN}
    assert last_report(tmp_path / "nowhere") is None
