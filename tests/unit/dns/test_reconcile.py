# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DNS as a provider, over servers in memory: zones by themselves, writing and looking again, what a result holds."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import NotApplicable, SafetyStep, reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import DnsProvider

from . import results
from .memory_server import MemoryServer
from .results import FIRST, NEW, OLD, OTHER, POOL, SECOND, ZONE, answer, entry, provider, record

MARK = results.mark(OLD, NEW).replace("._msuc-lync ", f"._msuc-lync.{ZONE} ")


def test_a_name_is_written_marked_and_looked_at_again() -> None:
    server = MemoryServer({ZONE: "www A 10.9.9.9"})
    found = answer(provider({FIRST: server}, [entry()], [record(OLD, NEW)]))
    foreign = "www.contoso.com 3600 A 10.9.9.9"
    assert server.lines(ZONE) == [f"{POOL} 300 A {OLD}", f"{POOL} 300 A {NEW}", MARK, foreign]
    assert (found["changed"], found["stats"]["writes"], found["stats"]["verify_requests"]) == (True, 1, 1)
    again = answer(provider({FIRST: server}, [entry()], [record(OLD, NEW)]))
    assert (again["changed"], again["changes"], again["stats"]["writes"], again["stats"]["verify_requests"]) == (
        False,
        [],
        0,
        0,
    )


def test_check_mode_writes_nothing_and_tells_the_same_changes() -> None:
    server = MemoryServer({ZONE: ""})
    would = answer(provider({FIRST: server}, [entry()], [record(OLD)]), check_mode=True)
    assert (would["changed"], would["stats"]["writes"], server.lines(ZONE)) == (True, 0, [])
    assert would["changes"] == answer(provider({FIRST: server}, [entry()], [record(OLD)]))["changes"]


class Counting(MemoryServer):
    """A server that counts the messages that it answers."""

    answered = 0

    def answer(self, wire: bytes) -> bytes:
        self.answered += 1
        return super().answer(wire)


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_result_says_how_many_messages_were_answered(check_mode: bool) -> None:
    """Whether a server was asked at all is known from this number."""
    server = Counting({ZONE: ""})
    stats = answer(provider({FIRST: server}, [entry()], [record(OLD)]), check_mode=check_mode)["stats"]
    assert stats["requests"] + stats["verify_requests"] == server.answered > 0


CHANGES: list[tuple[Any, dict[str, Any]]] = [
    # result of -> the change in it
    (
        results.record_comes,
        {"kind": "add", "cause": "missing", "reason": "it is wanted", "opens": True, "closes": False},
    ),
    (
        results.record_goes,
        {
            "kind": "remove",
            "cause": "not_wanted",
            "reason": f"{POOL} no longer wants it",
            "opens": False,
            "closes": True,
        },
    ),
    (
        results.value_changes,
        {"kind": "change", "cause": "different", "reason": "it is wanted", "opens": False, "closes": False},
    ),
    (results.not_marked, {"kind": "mark", "cause": "different", "properties": []}),
    (results.windows_tasks, {"kind": "change", "cause": "different"}),
]


@pytest.mark.parametrize(("result", "expected"), CHANGES, ids=[case[0].__name__ for case in CHANGES])
@pytest.mark.parametrize("check_mode", [False, True])
def test_changes_of_a_result(result: Any, expected: dict[str, Any], check_mode: bool) -> None:
    (change,) = result(check_mode)["changes"]
    where = {"name": POOL, "type": "A", "zone": ZONE, "view": "internal"}
    assert {name: change[name] for name in (*expected, *where)} == {**expected, **where}


def test_values_before_and_after_are_in_the_result() -> None:
    (gone,) = results.record_goes()["changes"]
    assert gone["properties"] == [{"property": "values", "before": [OLD, NEW], "after": None}]
    (changed,) = results.value_changes()["changes"]
    assert changed["properties"] == [{"property": "values", "before": [OLD, "10.1.0.99"], "after": [OLD, NEW]}]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_zone_that_fails_stops_no_other(check_mode: bool) -> None:
    found = results.failed_zone(check_mode)
    if check_mode:
        assert "failed" not in found  # whether a server takes updates is known when it is sent one
        return
    assert found["msg"].splitlines() == [
        "DNS is not as planned:",
        f"  - zone {ZONE} (external): DNS server {SECOND} did not change the zone {ZONE}: it refuses the update; "
        "fix: allow the key in allow-update or update-policy of the zone, on its primary server; "
        "a zone of Active Directory needs kerberos_principal or windows_host",
    ]
    assert (found["failed"], found["changed"], found["failed_owners"], found["stats"]["writes"]) == (
        True,
        True,
        [OTHER],
        1,
    )


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_server_that_does_not_answer_fails_the_task_also_in_check_mode(check_mode: bool) -> None:
    found = results.silent_zone(check_mode)
    assert found["msg"].startswith(
        f"DNS is not as planned:\n  - zone {ZONE} (internal): DNS server {FIRST} does not tell {ZONE} SOA"
    )
    assert found["msg"].endswith("; nothing was written")
    assert (found["changed"], found["failed_owners"]) == (False, [POOL])


@pytest.mark.parametrize("check_mode", [False, True])
def test_failures_of_all_zones_are_one_error(check_mode: bool) -> None:
    servers = {FIRST: MemoryServer({ZONE: ""}), SECOND: MemoryServer({ZONE: ""}, refuses="query")}
    entries = [entry(), entry(SECOND, view="external")]
    aliases = [record(OLD), record("203.0.113.1", view="external")]
    servers[FIRST].put(ZONE, POOL, "CNAME", "other.contoso.com.")
    found = answer(provider(servers, entries, aliases), check_mode)
    zones = [line.split(":")[0] for line in found["msg"].splitlines()[1:]]
    assert zones == [f"  - zone {ZONE} (external)", f"  - zone {ZONE} (internal)"]
    assert "is an alias of other.contoso.com, and nobody knows whose that is" in found["msg"]


def test_a_zone_that_somebody_changed_meanwhile_is_not_overwritten() -> None:
    server = MemoryServer({ZONE: ""})
    run = provider({FIRST: server}, [entry()], [record(OLD)])
    run.gather()
    run.plan()
    server.put(ZONE, POOL, "A", "10.7.0.1")
    run.apply()
    with pytest.raises(
        DeviceError, match="was changed meanwhile, nothing was written: a record set that was not there is there"
    ):
        run.verify()
    assert (run.result()["changed"], server.lines(ZONE)) == (False, [f"{POOL} 300 A 10.7.0.1"])


def test_a_server_that_answers_differently_after_it_took_the_changes_fails() -> None:
    server = MemoryServer({ZONE: ""})
    server.after_update = lambda changed: changed.put(ZONE, POOL, "A", "10.7.0.1")
    found = answer(provider({FIRST: server}, [entry()], [record(OLD)]))
    assert "took the changes and answers differently; fix: look who else changes the zone" in found["msg"]
    assert (found["changed"], found["failed_owners"]) == (True, [POOL])


def test_what_earlier_updates_of_a_zone_made_counts_as_changed() -> None:
    """An update holds 200 sets; the second one of this zone is refused."""
    server = MemoryServer({ZONE: ""})
    server.updates_left = 1
    names = [f"pool{number:03}.{ZONE}" for number in range(210)]
    records = [record(OLD, name=name, owner=f"owner{number // 90}.{ZONE}") for number, name in enumerate(names)]
    found = answer(provider({FIRST: server}, [entry()], records))
    assert "it refuses the update" in found["msg"]
    assert (found["changed"], found["stats"]["writes"]) == (True, 1)


def test_servers_that_do_not_follow_are_named_and_are_no_failure() -> None:
    found = results.lagging()
    assert "failed" not in found
    assert found["lagging"] == [
        f"DNS server {SECOND} does not have the changes of the zone {ZONE} yet; fix: look at its zone transfers"
    ]
    assert found["lagging"][0] in found["warnings"]


def test_values_that_nobody_knows_stay() -> None:
    found = results.unknown_value_stays()
    assert [(one["name"], one["values"]) for one in found["unknown"]] == [(POOL, ["10.1.0.99"])]
    assert (found["changed"], found["summary"]["unknown"], "failed" in found) == (False, 1, False)


def test_a_zone_of_active_directory_is_left_to_its_host() -> None:
    found = results.windows_tasks()
    assert [(task["host"], task["name"], task["state"]) for task in found["windows_tasks"]] == [
        ("dc01", "pool01", "present"),
        ("dc01", f"{POOL}._msuc-lync", "present"),
    ]
    assert (found["changed"], found["stats"]["writes"], "failed" in found) == (True, 0, False)


def test_step_verify_fails_when_something_still_differs() -> None:
    found = results.windows_tasks_not_made()
    assert found["msg"].splitlines() == [
        "DNS is not as planned:",
        f"  - zone {ZONE} (internal): the servers do not answer with what was written: "
        f"{POOL} A (internal, zone {ZONE}): extra value {NEW}",
    ]
    assert (found["failed"], found["changed"], found["failed_owners"]) == (True, False, [POOL])


@pytest.mark.parametrize("check_mode", [False, True])
def test_step_verify_writes_nothing_and_passes_where_all_is_as_wanted(check_mode: bool) -> None:
    server = MemoryServer({ZONE: ""})
    for _look in ("first", "second"):
        found = answer(provider({FIRST: server}, [entry()], [record(OLD)], step="verify"), check_mode)
        assert (found["failed"], found["stats"]["writes"], server.lines(ZONE)) == (True, 0, [])
    answer(provider({FIRST: server}, [entry()], [record(OLD)]))
    found = answer(provider({FIRST: server}, [entry()], [record(OLD)], step="verify"), check_mode)
    assert (found.get("failed"), found["changed"]) == (None, False)


def test_a_zone_that_no_server_takes_is_named() -> None:
    found = results.no_server()
    assert found["not_applied"] == [
        "no server takes the zone contoso.com in the view internal; fix: add it to lync_dns_servers"
    ]
    assert (found["changed"], found["stats"]["requests"]) == (False, 0)


def test_every_safety_step_is_taken_or_has_its_reason() -> None:
    assert set(DnsProvider.safety) == set(SafetyStep)
    assert all(cell.why for cell in DnsProvider.safety.values() if isinstance(cell, NotApplicable))
    run = provider({FIRST: MemoryServer({ZONE: ""})}, [entry()], [record(OLD)])
    reconcile(run, check_mode=False)
    assert run.evidence == run.required


def test_evidence_of_one_zone_is_none_of_another() -> None:
    """The internal zone could be read; where the external one was not planned yet, nothing is known of both."""
    servers = {FIRST: MemoryServer({ZONE: ""}), SECOND: MemoryServer({ZONE: ""})}
    run = provider(
        servers, [entry(), entry(SECOND, view="external")], [record(OLD), record("203.0.113.1", view="external")]
    )
    run.gather()
    run.zones[0].evidence.discard(SafetyStep.READ_WHOLE)
    with pytest.raises(
        DeviceError, match="nothing was written: it is not known that everything of ours on the device was read"
    ):
        run.gather = lambda: None  # type: ignore[method-assign]
        reconcile(run, check_mode=False)
    assert [server.lines(ZONE) for server in servers.values()] == [[], []]
