# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan relies on, beside the report of the last verify.yml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.assumptions import NOT_READ, Assumption, Standing, last_report, standing, unconfirmed

HOSTS = [
    {"host": "edge01", "managed": True, "member_state": "active", "assumptions": ["Gateway.", "Routes."]},
    {"host": "sql01", "managed": False, "member_state": "active", "assumptions": ["Never told."]},
    {"host": "fe09", "managed": True, "member_state": "retired", "assumptions": ["Never told."]},
]
POOLS = [{"pool": "edge01.contoso.com", "assumptions": ["Topology."]}]
READ = [
    Assumption("edge01", "Gateway.", Standing.CONFIRMED, "read"),
    Assumption("edge01", "Routes.", Standing.CONTRADICTED, "read otherwise"),
    Assumption("edge01", "Gone from the plan.", Standing.CONTRADICTED, "read"),
]


def test_beside_a_report_and_without_one(tmp_path: Path) -> None:
    (tmp_path / "verify.json").write_text(json.dumps({"assumptions": [item.document() for item in READ]}), encoding="utf-8")
    report = last_report(tmp_path)
    assert standing(HOSTS, POOLS, report) == (READ[0], READ[1], Assumption("edge01.contoso.com", "Topology.", Standing.UNKNOWN, NOT_READ))
    assert [(item.place, item.words) for item in unconfirmed(HOSTS, POOLS, report)] == [
        ("edge01", "Routes. contradicted: read otherwise"),
        ("edge01.contoso.com", f"Topology. could not tell: {NOT_READ}"),
    ]
    assert len(unconfirmed(HOSTS, POOLS, None)) == 3


@pytest.mark.parametrize("text", ["", "[]", "{", '{"assumptions": [1, {"standing": "perhaps"}]}', '{"assumptions": 5}'])
def test_a_report_that_is_none_confirms_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "verify.json").write_text(text, encoding="utf-8")
    assert {item.standing for item in standing(HOSTS, POOLS, last_report(tmp_path))} == {Standing.UNKNOWN}
    assert last_report(tmp_path / "nowhere") is None
