# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which records a run may change, and what is said of DNS afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.dns_results import dns_report, is_as_planned
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.dns_scope import is_ready, run_scope

POOL, OTHER = "pool01.contoso.com", "pool02.contoso.com"
RECORD = {"name": POOL, "type": "A", "values": ["10.1.0.11"], "zone": "contoso.com", "view": "internal", "ttl": 300}
POOLS: list[dict[str, Any]] = [{"pool": POOL, "dns_records": [RECORD]}, {"pool": OTHER, "dns_records": []}]


def member(name: str, pool: str = POOL, state: str = "active", platform: str = "windows") -> dict[str, Any]:
    return {"host": name, "pool": pool, "member_state": state, "platform": platform}


HOSTS: list[dict[str, Any]] = [
    member("fe01"), member("fe02"), member("fe03", state="draining"), member("lx01", platform="linux"), member("fe21", OTHER), {"host": "lb01"},
]  # fmt: skip


@pytest.mark.parametrize(
    ("ready", "left_out"),
    [
        (None, {}),
        ({"fe01": True, "fe02": True, "fe21": True}, {}),
        ({"fe01": True, "fe21": True}, {POOL: "fe02 not part of this run"}),
        ({"fe01": False, "fe02": True, "fe03": False, "fe21": True}, {POOL: "fe01 not as planned"}),
        ({"fe02": False}, {POOL: "fe01 not part of this run; fe02 not as planned", OTHER: "fe21 not part of this run"}),
    ],
)
def test_a_pool_waits_for_its_active_members(ready: dict[str, bool] | None, left_out: dict[str, str]) -> None:
    found = run_scope(POOLS, HOSTS, ready).to_dict()
    assert found["left_out"] == left_out
    assert found["owners"] == [name for name in (POOL, OTHER) if name not in left_out]
    assert found["records"] == ([] if POOL in left_out else [{**RECORD, "owner": POOL}])


@pytest.mark.parametrize(
    ("results", "expected"),
    [([], True), ([{"changed": False}], True), ([{"changed": True}], True), ([{"failed": True}], False), ([{"unreachable": True}], False),
     ([{"skipped": True}], False), ([{"changed": True, "handed_out": ["plan/handout/fe01.ps1"]}], False)],
)  # fmt: skip
def test_who_is_ready_for_traffic(results: list[dict[str, Any]], expected: bool) -> None:
    assert is_ready("fe01", results) is expected


ASKED: dict[str, Any] = {
    "changed": True, "stats": {"queries": 9, "updates": 1}, "summary": {"added": 1, "changed": 0, "removed": 0, "marked": 3}, "commands": ["web A: missing"],
    "unknown": [RECORD], "not_applied": ["no server takes the zone fabrikam.com"], "lagging": ["DNS server 10.1.0.94 lags"],
}  # fmt: skip
QUIET: dict[str, Any] = {**ASKED, "changed": False, "commands": [], "unknown": [], "not_applied": [], "lagging": []}
NOTES = [
    "DNS: no server takes the zone fabrikam.com", f"DNS: {POOL} A (internal, zone contoso.com): unknown value 10.1.0.11, which stays",
    "DNS: DNS server 10.1.0.94 lags",
]  # fmt: skip


@pytest.mark.parametrize(
    ("results", "kind", "would", "lines", "as_planned"),
    [
        ([], "site", False, [], True),
        ([{"stats": {"queries": 0}}, {}], "drift", False, [], True),
        ([ASKED], "site", False, [*NOTES, "DNS record sets 1 added, 0 changed, 0 removed."], True),
        ([ASKED], "site", True, [*NOTES, "DNS record sets that would be 1 added, 0 changed, 0 removed."], True),
        ([ASKED], "drift", False, ["DNS: web A: missing", *NOTES, "DNS drift: 2 record sets."], False),
        ([QUIET], "drift", False, ["DNS drift: 0 record sets."], True),
        ([{**QUIET, "unknown": [RECORD]}], "drift", False, [NOTES[1], "DNS drift: 1 record set."], False),
        ([QUIET, {**QUIET, "failed": True}], "site", False,
         ["DNS record sets 1 added, 0 changed, 0 removed.", "DNS: failed: the servers do not answer with what was written"], False),
        ([{"failed": True, "msg": "no key"}], "drift", False, ["DNS drift: 0 record sets.", "DNS: failed: no key"], False),
    ],
)  # fmt: skip
def test_what_is_said_of_dns(results: list[dict[str, Any]], kind: str, would: bool, lines: list[str], as_planned: bool) -> None:
    assert dns_report(results, kind, would).splitlines() == lines
    assert is_as_planned(results, kind) == as_planned
