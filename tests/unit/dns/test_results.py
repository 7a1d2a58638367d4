# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of a zone as tasks on a Windows DNS server."""

from __future__ import annotations

from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._dns.planner import plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.records import Key
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.results import not_expressible, tasks_of

from .zones import AAAA, NEW, OLD, POOL, SRV, ZONE, A, have, scope, wanted


def test_tasks_on_a_windows_server() -> None:
    """As win_dns_record takes them: relative names, targets apart from priority, weight and port, marks as one set."""
    zone = have({A: (OLD,), AAAA: ("2001:db8::9",)}, (A, AAAA))
    want = [
        wanted(OLD, NEW),
        wanted("0 10 5061 pool01.contoso.com", key=SRV),
        wanted("10.1.0.1", key=Key(ZONE, ZONE, "A")),
    ]
    srv: dict[str, Any] = {
        "host": "dc01", "zone": ZONE, "name": "_sipinternaltls._tcp", "type": "SRV", "state": "present", "ttl": 300,
        "value": [POOL], "priority": 0, "weight": 10, "port": 5061,
    }  # fmt: skip
    assert tasks_of("dc01", ZONE, zone, plan_changes(want, zone, scope()).changes) == [
        {"host": "dc01", "zone": ZONE, "name": "pool01", "type": "AAAA", "state": "absent"},
        srv, srv,
        {"host": "dc01", "zone": ZONE, "name": "@", "type": "A", "state": "present", "ttl": 300,
         "value": ["10.1.0.1"]},
        {"host": "dc01", "zone": ZONE, "name": "pool01", "type": "A", "state": "present", "ttl": 300,
         "value": [OLD, NEW]},
        {"host": "dc01", "zone": ZONE, "name": f"{POOL}._msuc-lync", "type": "TXT", "state": "present", "ttl": 300,
         "value": sorted(scope().mark(one.set, POOL).text for one in want)},
    ]  # fmt: skip


def test_the_last_mark_goes_with_the_last_record_on_windows() -> None:
    zone = have({A: (OLD,)}, (A,))
    tasks = tasks_of("dc01", ZONE, zone, plan_changes([], zone, scope()).changes)
    assert [(task["name"], task["state"], "value" in task) for task in tasks] == [
        ("pool01", "absent", False),
        (f"{POOL}._msuc-lync", "absent", False),
    ]


def test_what_win_dns_record_cannot_express() -> None:
    zone = have({})
    srv = plan_changes([wanted("0 0 5061 a.contoso.com", "10 0 5061 b.contoso.com", key=SRV)], zone, scope()).changes
    assert not_expressible(srv)[0].startswith("_sipinternaltls._tcp.contoso.com SRV has values of several priorities")
    assert (
        not_expressible(
            plan_changes([wanted("0 0 5061 a.contoso.com", "0 0 5061 b.contoso.com", key=SRV)], zone, scope()).changes
        )
        == []
    )
