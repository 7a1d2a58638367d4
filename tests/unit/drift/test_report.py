# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Comparisons become one report: what is known of each device, and what all of them come to."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Report
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

from tests.unit.drift.samples import CLEAN, DRIFTED, GONE, HOSTS, NOW, SCHEMA, SHADOW, Answers, change, compared, report

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
