# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DNS records against a real BIND: the rhythm of states, compare-and-swap, views, secondaries, refusals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.marks import Scope
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import DnsProvider, Task
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.records import Key, RecordSet

from ..simulators.bind import MISSING, ZONE, Bind, present, secret

pytestmark = pytest.mark.skipif(not present(), reason=MISSING)

POOL, OTHER = "pool01.contoso.com", "pool02.contoso.com"
FOREIGN = 'www A 10.9.9.9\nmail 17 MX 10 www\ntext TXT "Mixed Case  and blanks" "two"\npool01 TXT "not ours"\n'
MARK_KEY = "a key of marks, for tests"
MARKS = f"{POOL}._msuc-lync.{ZONE}. 300 IN TXT"
OPTIONS: dict[str, Any] = {
    "state": "replaced",
    "records": [],
    "owners": [],
    "take_over": [],
    "mark_key": MARK_KEY,
    "timeout_seconds": 5.0,
    "wait_seconds": 5.0,
}


def mark(*values: str, name: str = POOL, kind: str = "A") -> str:
    """Return the text of the mark of a set of a pool."""
    made = Scope(mark_key=MARK_KEY.encode()).mark(RecordSet(Key(ZONE, name, kind), 300, values), POOL)
    return f'"{made.text}"'


def a(*values: str, name: str = POOL, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "A", "values": list(values), "zone": ZONE, "owner": POOL, **more}


SRV: dict[str, Any] = {
    "name": f"_sipinternaltls._tcp.{ZONE}",
    "type": "SRV",
    "values": [f"0 0 5061 {POOL}"],
    "zone": ZONE,
    "owner": POOL,
}
RECORDS = [a("10.1.0.11", "10.1.0.12"), SRV]


# RECORDS are only read.
# pylint: disable=dangerous-default-value
def provider(
    servers: Sequence[dict[str, object]], records: Sequence[dict[str, Any]] = RECORDS, **more: Any
) -> DnsProvider:
    return DnsProvider(Task.from_options({**OPTIONS, "servers": list(servers), "records": list(records), **more}))


def failure_of(run: Callable[[], None]) -> str:
    """Return the error that a step of a provider raises; empty when it raises none."""
    try:
        run()
    except DeviceError as error:
        return str(error)
    return ""


def planned(
    servers: Sequence[dict[str, object]], records: Sequence[dict[str, Any]] = RECORDS, **more: Any
) -> DnsProvider:
    """Return a provider that has looked at all zones and has something to write."""
    run = provider(servers, records, **more)
    run.gather()
    run.plan()
    assert run.has_changes
    return run


def failure_of_writing(run: DnsProvider) -> str:
    """Return the failure of what a provider has planned."""
    run.apply()
    return failure_of(run.verify)


def done(
    servers: Sequence[dict[str, object]], records: Sequence[dict[str, Any]] = RECORDS, check: bool = False, **more: Any
) -> Any:
    """Return the result of a whole run, with its failure under "failure"."""
    run = provider(servers, records, **more)
    failure = failure_of(lambda: reconcile(run, check_mode=check))
    return {**run.result(), "failure": failure}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Bind]:
    with Bind(tmp_path / "bind", {"internal": {ZONE: FOREIGN}, "external": {ZONE: FOREIGN}}) as running:
        yield running


def foreign(lines: Sequence[str]) -> list[str]:
    """Return the lines that no plan of these tests makes."""
    ours = (f"{POOL}._msuc-lync.", "_sipinternaltls.", f"{POOL}. 300 IN A ", "extra.")
    return [line for line in lines if not line.startswith(ours)]


def test_the_rhythm_of_replaced(server: Bind) -> None:
    before, servers = server.zone(), [server.entry()]
    assert done(servers, check=True)["changed"]
    assert (server.zone(), server.updates()) == (before, 0)
    first = done(servers)
    assert (first["failure"], first["summary"]["added"], first["stats"]["writes"]) == ("", 2, 1)
    made = server.zone()
    assert [line for line in made if line not in before] == [
        f"_sipinternaltls._tcp.{ZONE}. 300 IN SRV 0 0 5061 {POOL}.",
        f"{POOL}. 300 IN A 10.1.0.11", f"{POOL}. 300 IN A 10.1.0.12",
        f"{MARKS} {mark(*SRV['values'], name=SRV['name'], kind='SRV')}", f"{MARKS} {mark('10.1.0.11', '10.1.0.12')}",
    ]  # fmt: skip
    serial, changes = server.serial(), server.updates()
    again = done(servers)
    assert (again["changed"], again["stats"]["writes"], again["commands"]) == (False, 0, [])
    assert (server.zone(), server.serial(), server.updates()) == (made, serial, changes)
    server.nsupdate("internal", f"update delete {POOL}. A 10.1.0.12", f"update add {POOL}. 300 A 10.1.0.99")
    drift = done(servers, check=True)
    assert drift["commands"] == [f"{POOL} A (internal, zone {ZONE}): missing value 10.1.0.12; extra value 10.1.0.99"]
    assert done(servers)["failure"] == ""
    assert (server.zone(), foreign(server.zone()), done(servers)["changed"]) == (made, foreign(before), False)


def test_the_rhythm_of_merged_and_deleted(server: Bind) -> None:
    servers = [server.entry()]
    server.nsupdate("internal", f"update add extra.{ZONE}. 60 A 10.1.0.1")
    before = server.zone()
    records = [*RECORDS, a("10.1.0.2", name=f"extra.{ZONE}")]
    assert done(servers, records, state="merged", check=True)["changed"]
    assert server.zone() == before
    merged = done(servers, records, state="merged")
    assert [one["values"] for one in merged["unknown"]] == [["10.1.0.1"]]
    assert {f"extra.{ZONE}. 60 IN A 10.1.0.1", f"extra.{ZONE}. 60 IN A 10.1.0.2"} <= set(server.zone())
    assert not done(servers, records, state="merged")["changed"]
    made = server.zone()
    assert done(servers, [], state="deleted", owners=[POOL], check=True)["changed"]
    assert server.zone() == made
    assert done(servers, [], state="deleted", owners=[POOL])["summary"]["removed"] == 2
    assert server.zone() == sorted([*before, f"extra.{ZONE}. 60 IN A 10.1.0.2"])
    assert not done(servers, [], state="deleted", owners=[POOL])["changed"]
    assert done(servers, records[2:], state="deleted")["summary"]["changed"] == 1
    assert server.zone() == before


def test_a_first_run_reports_what_it_does_not_know_until_somebody_decides(server: Bind) -> None:
    servers = [server.entry()]
    server.nsupdate("internal", f"update add {POOL}. 300 A 10.1.0.99", f"update add {POOL}. 300 AAAA 2001:db8::99")
    for run in (1, 2):
        result = done(servers)
        assert [(one["type"], one["values"]) for one in result["unknown"]] == [
            ("A", ["10.1.0.99"]),
            ("AAAA", ["2001:db8::99"]),
        ], run
        assert result["changed"] == (run == 1)
        assert f"{POOL}. 300 IN A 10.1.0.99" in server.zone()
    assert not [line for line in server.zone() if line.startswith(f'{MARKS} "pool01 A')]
    taken = done(servers, take_over=[POOL])
    assert (taken["summary"]["changed"], taken["summary"]["removed"], taken["unknown"]) == (1, 1, [])
    assert [line for line in server.zone() if line.startswith(f"{POOL}. 300")] == [
        f"{POOL}. 300 IN A 10.1.0.11",
        f"{POOL}. 300 IN A 10.1.0.12",
    ]
    # From now on it is ours, and the name needs no mention any more.
    server.nsupdate("internal", f"update add {POOL}. 300 A 10.1.0.99")
    assert done(servers)["commands"] == [f"{POOL} A (internal, zone {ZONE}): extra value 10.1.0.99"]


def test_a_member_that_leaves_and_a_pool_that_ends(server: Bind) -> None:
    """What other pools have is of no concern, also not that they had something here before."""
    servers = [server.entry()]
    theirs = a("10.1.0.21", name=OTHER, owner=OTHER)
    done(servers, [*RECORDS, theirs])
    assert done(servers, [a("10.1.0.12"), SRV])["commands"] == [
        f"{POOL} A (internal, zone {ZONE}): extra value 10.1.0.11"
    ]
    of_other = Scope(mark_key=MARK_KEY.encode()).mark(RecordSet(Key(ZONE, OTHER, "A"), 300, ("10.1.0.21",)), OTHER)
    ended = done(servers, [], owners=[POOL])
    assert (ended["summary"]["removed"], ended["failure"]) == (2, "")
    assert [line for line in server.zone() if OTHER in line or POOL in line] == [
        f'{POOL}. 3600 IN TXT "not ours"', f"{OTHER}. 300 IN A 10.1.0.21",
        f'{OTHER}._msuc-lync.{ZONE}. 300 IN TXT "{of_other.text}"',
    ]  # fmt: skip


def test_views_are_apart(server: Bind) -> None:
    servers = [server.entry("internal"), server.entry("external")]
    result = done(servers, [a("10.1.0.100"), a("203.0.113.1", view="external")])
    assert result["stats"]["writes"] == 2
    views = ("internal", "external")
    assert {view: [line for line in server.zone(view) if line.startswith(f"{POOL}. 300")] for view in views} == {
        "internal": [f"{POOL}. 300 IN A 10.1.0.100"], "external": [f"{POOL}. 300 IN A 203.0.113.1"],
    }  # fmt: skip
    assert not done(servers, [a("10.1.0.100"), a("203.0.113.1", view="external")])["changed"]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ((f"update add {POOL}. 300 A 10.1.0.13",), "a record set that was there is gone or has other values"),
        ((f"update delete {POOL}. A",), "a record set that was there is gone or has other values"),
        (
            (f"update add _sipinternaltls._tcp.{ZONE}. 300 SRV 0 0 5061 {OTHER}.",),
            "a record set that was not there is there",
        ),
        (
            (f"update delete {POOL}. A", f"update delete {POOL}. TXT", f"update add {POOL}. 300 CNAME {OTHER}."),
            "a record set that was there is gone",
        ),
    ],
)
def test_what_somebody_changed_meanwhile_is_not_overwritten(server: Bind, lines: tuple[str, ...], fault: str) -> None:
    """Nothing of the update is made, not even what nobody else touched."""
    servers = [server.entry()]
    server.nsupdate("internal", f"update add {POOL}. 300 A 10.1.0.11")
    run = planned(servers)
    server.nsupdate("internal", *lines)
    between, serial = server.zone(), server.serial()
    assert f"the zone {ZONE} was changed meanwhile, nothing was written: {fault}" in failure_of_writing(run)
    assert (run.result()["changed"], run.result()["failed_owners"]) == (False, [POOL])
    assert (server.zone(), server.serial()) == (between, serial)


def test_no_value_of_a_concurrent_writer_is_lost(server: Bind) -> None:
    """Somebody adds addresses to a name without end; ours come and go beside them, in one piece or not at all."""
    servers, written, outcomes = [server.entry()], [], set()
    server.nsupdate("internal", f"update add {POOL}. 300 A 10.7.0.1")
    stop = threading.Event()

    def write() -> None:
        for number in range(2, 200):
            if stop.is_set():
                return
            server.nsupdate("internal", f"update add {POOL}. 300 A 10.7.0.{number}")
            written.append(f"10.7.0.{number}")

    writer = threading.Thread(target=write)
    writer.start()
    for round_number in range(200):
        # On a busy machine the other one may come late.
        if round_number >= 40 and len(written) > 5:
            break
        failure = failure_of_writing(planned(servers, [a(f"10.1.0.{round_number + 1}")], state="merged"))
        expected = ("changed meanwhile, nothing was written", "took the changes and answers differently")
        outcomes.add(next((text for text in expected if text in failure), failure))
    stop.set()
    writer.join()
    assert outcomes <= {"", *expected} and "" in outcomes and len(written) > 5, outcomes
    values = {line.split()[-1] for line in server.zone() if line.startswith(f"{POOL}. 300 IN A")}
    assert {"10.7.0.1", *written} <= values


FAULTS: list[tuple[dict[str, Any], str]] = [
    (
        {"key_secret": secret("another")},
        "does not accept the TSIG key internal (BADSIG); fix: compare key_name, key_algorithm and key_secret",
    ),
    ({"key_name": "unknown"}, "does not accept the TSIG key unknown (BADKEY)"),
    ({"key_algorithm": "hmac-sha512"}, "does not accept the TSIG key internal (BADKEY)"),
    (
        {"key_name": "nobody", "key_secret": secret("nobody")},
        "did not change the zone contoso.com: it refuses the update; fix: allow the key in allow-update",
    ),
    ({"zones": ["fabrikam.com"]}, "does not tell fabrikam.com SOA: it refuses to answer"),
    ({"zones": ["oslo.contoso.com"]}, "is not authoritative for the zone oslo.contoso.com"),
    ({"zones": ["www.contoso.com"]}, "holds no zone www.contoso.com; fix: correct zones"),
]


@pytest.mark.parametrize(
    ("entry", "expected"), FAULTS, ids=[next(iter(str(case[0]).split("'")[1::2])) + case[1][:20] for case in FAULTS]
)
def test_what_a_server_refuses(server: Bind, entry: dict[str, Any], expected: str) -> None:
    server.nsupdate(
        "internal", f"update add oslo.{ZONE}. 60 NS ns.oslo.{ZONE}.", f"update add ns.oslo.{ZONE}. 60 A 127.0.0.2"
    )
    before = server.zone()
    zone = entry.get("zones", [ZONE])[0]
    result = done([server.entry(**entry)], [a("10.1.0.1", name=f"pool01.{zone}", zone=zone)])
    assert expected in result["failure"], result["failure"]
    assert f"DNS server 127.0.0.1 port {server.port}" in result["failure"] and "fix: " in result["failure"]
    assert (result["changed"], server.zone()) == (False, before)


def test_clocks_that_differ(server: Bind, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    failure = done([server.entry()])["failure"]
    assert "the clocks differ by more than five minutes (BADTIME); fix: set the clock" in failure, failure


def test_a_server_that_does_not_answer(server: Bind) -> None:
    run = planned([server.entry()], timeout_seconds=1.0)
    server.pause()
    try:
        asked = done([server.entry()], timeout_seconds=0.3)["failure"]
        failure = failure_of_writing(run)
    finally:
        server.go_on()
    # Whichever of its threads stopped last may have answered a question yet.
    assert "cannot be asked for " in asked and "no answer in 0.3 s; fix: look whether it runs" in asked
    assert (
        "no answer in 1 s; it is not known whether it made the changes; "
        "fix: look whether it runs, and for a firewall; then run again" in failure
    )
    server.stop()
    assert "cannot be asked for contoso.com SOA" in done([server.entry()], timeout_seconds=0.3)["failure"]


def test_one_zone_that_fails_stops_no_other(server: Bind) -> None:
    servers = [server.entry("internal"), server.entry("external", key_secret=secret("another"))]
    result = done(servers, [a("10.1.0.100"), a("203.0.113.1", view="external", owner=OTHER)])
    assert "zone contoso.com (external): " in result["failure"] and "(internal)" not in result["failure"]
    assert (result["changed"], result["failed_owners"]) == (True, [OTHER])
    assert f"{POOL}. 300 IN A 10.1.0.100" in server.zone()


def test_secondary_servers_are_looked_at_and_those_that_lag_are_named(server: Bind, tmp_path: Path) -> None:
    with Bind(tmp_path / "second", {"internal": {ZONE: ""}}, primary=server) as second:
        servers = [server.entry(), second.entry()]
        lagging = done(servers, wait_seconds=0.5)
        assert lagging["failure"] == "" and lagging["changed"]
        name = f"DNS server 127.0.0.1 port {second.port}"
        assert lagging["lagging"] == [
            f"{name} does not have the changes of the zone {ZONE} yet; fix: look at its zone transfers"
        ]
        serials = (
            f"has serial {second.serial()} of the zone {ZONE}, and 127.0.0.1 port {server.port} has {server.serial()}"
        )
        unchanged = done(servers)
        assert (unchanged["changed"], unchanged["lagging"]) == (
            False,
            [f"{name} {serials}; fix: look at its zone transfers"],
        )
        second.follow()
        assert done(servers)["lagging"] == []
        # The other way round, the secondary server cannot be written.
        assert "it refuses the update" in done(servers[::-1], [a("10.1.0.13")])["failure"]


def test_many_records_take_few_updates_and_large_answers(server: Bind) -> None:
    """210 sets are two updates; their marks fit no datagram, and no datagram holds the update."""
    records = [
        a(
            f"10.{number // 250}.1.{number % 250 + 1}",
            name=f"pool{number:03}.{ZONE}",
            owner=f"owner{number // 90}.{ZONE}",
        )
        for number in range(210)
    ]
    result = done([server.entry()], records)
    assert (result["failure"], result["stats"]["writes"]) == ("", 2)
    assert sum(line.startswith("pool") for line in server.zone()) == 210 + 1
    assert not done([server.entry()], records)["changed"]


def test_a_wildcard_is_no_record_of_the_names_below_it(server: Bind) -> None:
    servers = [server.entry()]
    server.nsupdate("internal", f"update add *.{ZONE}. 60 A 10.1.0.100")
    records = [a("10.1.0.100", name=f"meet.{ZONE}"), a("10.1.0.11", name=f"web.{ZONE}")]
    result = done(servers, records)
    assert (result["failure"], result["summary"]["added"], result["unknown"]) == ("", 2, [])
    assert not done(servers, records)["changed"]
    assert done(servers, records[1:])["failure"] == ""
    assert f"meet.{ZONE}. 300 IN A 10.1.0.100" not in server.zone()
    assert not done(servers, records[1:])["changed"]


def test_an_alias_is_told_and_taken_over_in_one_piece(server: Bind) -> None:
    server.nsupdate("internal", f"update delete {POOL}. TXT", f"update add {POOL}. 60 CNAME {OTHER}.")
    before = server.zone()
    assert f"{POOL} is an alias of {OTHER}, and nobody knows whose that is" in done([server.entry()])["failure"]
    assert server.zone() == before
    assert done([server.entry()], take_over=[POOL])["failure"] == ""
    assert {f"{POOL}. 300 IN A 10.1.0.11", f"{POOL}. 300 IN A 10.1.0.12"} <= set(server.zone())
    assert not done([server.entry()])["changed"]
    alias = {**a(OTHER), "type": "CNAME"}
    assert done([server.entry()], [alias])["failure"] == ""
    assert [line for line in server.zone() if line.startswith(f"{POOL}. ")] == [f"{POOL}. 300 IN CNAME {OTHER}."]
    assert not done([server.entry()], [alias])["changed"]
