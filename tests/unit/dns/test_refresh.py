# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records that Active Directory would scavenge: they are written again when that is long ago, which is no change."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.marks import Mark, mark_of
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.planner import Have, plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.zone import update_message

from . import results
from .memory_server import MemoryServer
from .results import FIRST, NEW, OLD, answer, entry, provider, record
from .zones import POOL, WANT, ZONE, A, have, scope, wanted

TODAY = datetime.datetime.now(datetime.timezone.utc).date()
AGEING = replace(scope(), today=TODAY)
ACCOUNT = {
    "kerberos_principal": "svc@CONTOSO.COM", "kerberos_server": "dc01.contoso.com", "kerberos_password": "hush!",
}  # fmt: skip


def days_ago(days: int) -> datetime.date:
    return TODAY - datetime.timedelta(days=days)


def zone_of(day: datetime.date | None) -> Have:
    """Return a zone that is as wanted, with a mark of a day."""
    return Have({A: WANT[0].set}, {A: replace(scope().mark(WANT[0].set, POOL), day=day)})


def server_of(day: datetime.date | None) -> MemoryServer:
    """Return a server with the pool's two addresses and their mark of a day."""
    line = results.mark(OLD, NEW).removesuffix('"') + (f' {day:%Y%m%d}"' if day else '"')
    return MemoryServer({ZONE: f"pool01 300 A {OLD}\npool01 300 A {NEW}\n{line}\n"})


def run_on(server: MemoryServer, check_mode: bool = False, **options: Any) -> Any:
    records = [record(OLD, NEW)]
    return answer(provider({FIRST: server}, [entry(**ACCOUNT)], records, **options), check_mode)


@pytest.mark.parametrize(("day", "is_due"), [(0, False), (7, False), (8, True), (400, True), (None, True), (-1, False)])
def test_a_set_is_due_after_eight_days_or_when_nobody_knows(day: int | None, is_due: bool) -> None:
    zone = zone_of(None if day is None else days_ago(day))
    found = plan_changes(WANT, zone, AGEING)
    assert (found.changes, [one.key for one in found.refreshes]) == ((), [A] if is_due else [])
    assert plan_changes(WANT, zone, scope()).refreshes == ()


def test_a_refresh_writes_the_same_values_if_they_are_still_there_and_the_day() -> None:
    zone = zone_of(days_ago(9))
    (refresh,) = plan_changes(WANT, zone, AGEING).refreshes
    message = update_message(ZONE, [refresh])
    assert sorted(line for rrset in message.prerequisite for line in rrset.to_text().splitlines()) == [
        f"pool01.contoso.com. 0 IN A {OLD}",
        f"pool01.contoso.com. 0 IN A {NEW}",
    ]
    proof = zone.marks[A].proof
    assert [line for rrset in message.update for line in rrset.to_text().splitlines()] == [
        f"pool01.contoso.com. 300 IN A {OLD}", f"pool01.contoso.com. 300 IN A {NEW}",
        f'pool01.contoso.com._msuc-lync.contoso.com. 0 NONE TXT "pool01 A {proof} {days_ago(9):%Y%m%d}"',
        f'pool01.contoso.com._msuc-lync.contoso.com. 300 IN TXT "pool01 A {proof} {TODAY:%Y%m%d}"',
    ]  # fmt: skip


def test_what_is_not_ours_or_changes_anyway_is_not_refreshed() -> None:
    assert plan_changes(WANT, have({A: (OLD, NEW)}), AGEING).refreshes == ()
    other = plan_changes([wanted(OLD, NEW, "10.1.0.13")], zone_of(days_ago(9)), AGEING)
    assert other.refreshes == ()
    (change,) = other.changes
    assert change.mark_after is not None and change.mark_after.day == TODAY
    assert plan_changes([], zone_of(days_ago(9)), replace(scope("gathered"), today=TODAY)).refreshes == ()


@pytest.mark.parametrize("day", [None, days_ago(9)])
def test_a_refresh_is_counted_apart_from_changes(day: datetime.date | None) -> None:
    server = server_of(day)
    would = run_on(server, check_mode=True)
    assert (would["changed"], would["refreshed"], would["stats"]["writes"]) == (False, [f"{POOL} A"], 0)
    first = run_on(server)
    assert (first["changed"], first["changes"], first["refreshed"]) == (False, [], [f"{POOL} A"])
    assert first["stats"]["writes"] == 1 and first["stats"]["verify_requests"] > 0
    assert f" {TODAY:%Y%m%d}" in " ".join(server.lines(ZONE)) and len(server.lines(ZONE)) == 3
    again = run_on(server)
    assert (again["changed"], again["refreshed"], again["stats"]["writes"]) == (False, [], 0)
    assert run_on(server_of(days_ago(9)), refresh_days=10)["refreshed"] == []


def test_who_only_looks_warns_and_writes_nothing() -> None:
    server = server_of(days_ago(9))
    before = server.lines(ZONE)
    found = run_on(server, check_mode=True, step="compare")
    assert (found["changed"], found["refreshed"], server.lines(ZONE)) == (False, [], before)
    assert found["warnings"] == [
        f"zone {ZONE}: {POOL} A was last written on {days_ago(9)}; where scavenging is on, Active Directory removes "
        "what nobody refreshes; fix: run site.yml, or remediate"
    ]
    assert "on a day that nobody knows" in run_on(server_of(None), True, step="compare")["warnings"][0]


def test_a_server_that_nothing_scavenges_gets_no_refresh_and_no_day() -> None:
    server = server_of(None)
    found = answer(provider({FIRST: server}, [entry()], [record(OLD, NEW)]))
    assert (found["refreshed"], found["stats"]["writes"]) == ([], 0)


def test_a_refresh_that_somebody_was_faster_than_changes_nothing() -> None:
    server = server_of(days_ago(9))
    run = provider({FIRST: server}, [entry(**ACCOUNT)], [record(OLD, NEW)])
    run.gather()
    run.plan()
    server.put(ZONE, POOL, "A", OLD)
    run.apply()
    assert server.lines(ZONE)[0] == f"{POOL} 300 A {OLD}" and len(server.lines(ZONE)) == 2
    assert (run.result()["changed"], run.result()["refreshed"]) == (False, [])


@pytest.mark.parametrize("day", ["20261301", "2026113", "99999999", "x"])
def test_a_day_that_is_none_makes_no_mark(day: str) -> None:
    assert mark_of(f"pool01 A {day}", ZONE, POOL) is None
    assert mark_of("pool01 A 20261130", ZONE, POOL) == Mark(A, POOL)
