# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan relies on, beside the report of the last verify.yml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.assumptions import (
    NOT_READ,
    Assumption,
    Standing,
    last_report,
    standing,
    unconfirmed,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan, Plan, PoolPlan


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
