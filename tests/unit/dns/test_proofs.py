# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Marks that prove who wrote the values of a set: only what is proven loses values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import Kind
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.marks import Mark, Scope, choose_marks, mark_of
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.planner import (
    Have,
    applied,
    owned_addresses,
    plan_changes,
    with_held,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.records import Key, RecordSet, read_records

from . import results
from .memory_server import MemoryServer
from .results import FIRST, answer, entry, provider, record
from .zones import NEW, OLD, OTHER, POOL, WANT, ZONE, A, have, scope, wanted

DC = Key(ZONE, "dc01.contoso.com", "A")
NO_KEY = replace(scope(), mark_key=b"")
OTHER_KEY = replace(scope(), mark_key=b"another key of marks")


def forged(*values: str, key: Key = DC) -> Have:
    """Return a zone with a set of somebody else, and a mark that they wrote."""
    return Have({key: RecordSet(key, 300, values)}, {key: Mark(key, POOL)})


@pytest.mark.parametrize("state", ["replaced", "deleted"])
@pytest.mark.parametrize("proof", ["none", "other values", "another key", "another owner", "another name"])
def test_a_set_that_a_mark_does_not_prove_stays_and_is_told(state: str, proof: str) -> None:
    ours = RecordSet(DC, 300, ("10.1.0.93",))
    proofs = {
        "none": "",
        "other values": scope().mark(replace(ours, values=("10.1.0.94",)), POOL).proof,
        "another key": OTHER_KEY.mark(ours, POOL).proof,
        "another owner": scope().mark(ours, OTHER).proof,
        "another name": scope().mark(replace(ours, key=A), POOL).proof,
    }
    zone = Have({DC: ours}, {DC: Mark(DC, POOL, proofs[proof])})
    found = plan_changes([], zone, scope(state))
    assert (found.changes, found.unproven) == ((), (ours,))
    assert plan_changes([], zone, replace(scope(state), mark_key=b"")).unproven == (ours,)


@pytest.mark.parametrize("state", ["replaced", "deleted"])
def test_a_name_that_is_listed_goes_without_a_proof(state: str) -> None:
    run = replace(scope(state), mark_key=b"", gone=frozenset({DC.name}))
    (change,) = plan_changes([], forged("10.1.0.93"), run).changes
    assert (change.kind, change.key, change.mark_after) == (Kind.REMOVE, DC, None)


def test_a_proof_is_of_the_values_in_any_order() -> None:
    one, other = RecordSet(A, 300, (OLD, NEW)), RecordSet(A, 60, (NEW, OLD))
    assert scope().mark(one, POOL) == scope().mark(other, POOL)
    assert NO_KEY.mark(one, POOL) == Mark(A, POOL)


def test_values_of_a_set_that_is_wanted_go_where_we_wrote_what_is_there_or_wanted() -> None:
    (left,) = plan_changes([wanted(NEW)], have({A: (OLD, NEW)}, (A,)), scope()).changes
    assert left.after == RecordSet(A, 300, (NEW,))
    added = Have({A: RecordSet(A, 300, (OLD, NEW, "10.1.0.99"))}, {A: scope().mark(WANT[0].set, POOL)})
    (repaired,) = plan_changes(WANT, added, scope()).changes
    assert repaired.after == WANT[0].set


@pytest.mark.parametrize("run", [NO_KEY, OTHER_KEY])
def test_values_of_a_marked_set_stay_without_a_proof_and_what_is_missing_comes(run: Scope) -> None:
    zone = have({A: (OLD, "10.1.0.99")}, (A,))
    found = plan_changes(WANT, zone, run)
    (change,) = found.changes
    assert change.after is not None and set(change.after.values) == {OLD, NEW, "10.1.0.99"}
    assert change.mark_after == zone.marks[A]
    assert [one.values for one in found.unknown] == [("10.1.0.99",)]
    assert found.kept_owners == {POOL}


def test_a_mark_of_an_earlier_version_gets_its_proof_when_the_set_is_as_wanted() -> None:
    zone = Have({A: WANT[0].set}, {A: Mark(A, POOL)})
    (change,) = plan_changes(WANT, zone, scope()).changes
    assert (change.kind, change.touches_set) == (Kind.MARK, False)
    after = applied(zone, [change])
    assert plan_changes(WANT, after, scope()).changes == ()
    # Without a key nothing is written over it, nor over one without a proof.
    assert plan_changes(WANT, after, NO_KEY).changes == plan_changes(WANT, zone, NO_KEY).changes == ()


def test_an_address_that_is_held_does_not_prove_a_set_of_somebody_else() -> None:
    zone = forged("10.1.0.12")
    held = AddressSet.parse(["10.1.0.12"])
    assert list(owned_addresses([], zone, scope())) == []
    assert with_held("internal", [], zone, scope(), held) == []
    ours = have({A: (OLD, NEW)}, (A,))
    assert [one.set.values for one in with_held("internal", [], ours, scope(), held)] == [(NEW,)]


def test_of_several_marks_that_which_proves_counts() -> None:
    ours = have({A: (OLD,)}, (A,))
    marks = [Mark(A, POOL), ours.marks[A], Mark(A, POOL, "x" * 22)]
    assert choose_marks(marks, ours.sets, scope()) == choose_marks(marks[::-1], ours.sets, scope()) == ours.marks


@pytest.mark.parametrize("text", ["pool01 A x", f"pool01 A {'x' * 23}", "pool01 A  ", "pool01 MX", "pool01  A", ""])
def test_what_is_no_mark(text: str) -> None:
    assert mark_of(text, ZONE, POOL) is None


def test_a_mark_is_read_as_it_was_written() -> None:
    for run in (scope(), NO_KEY):
        mark = run.mark(RecordSet(A, 300, (OLD,)), POOL)
        assert mark_of(mark.text, ZONE, POOL) == mark


def test_a_mark_fits_a_string_of_255_bytes() -> None:
    label = "a" * 60
    longest = f"{label}.{label}.{label}.{'b' * 27}.{ZONE}"
    (one,) = read_records([record(OLD, name=longest, type="AAAA", values=["2001:db8::1"])])
    assert len(scope().mark(one.set, POOL).text) <= 255
    with pytest.raises(InvalidInputError, match="too long to be marked"):
        read_records([record(OLD, name=f"b{longest}")])


def test_a_key_that_is_too_short_is_refused_and_not_shown() -> None:
    with pytest.raises(InvalidInputError, match="is too short for a key; allowed: 16 characters and more") as caught:
        provider({}, [], [], mark_key="swordfish")
    assert "swordfish" not in str(caught.value)


def test_records_of_somebody_else_with_marks_that_they_wrote() -> None:
    lines = f'dc01 A 10.1.0.93\nwww A 10.9.9.9\n{POOL}._msuc-lync 300 TXT "dc01 A"\n{POOL}._msuc-lync 300 TXT "www A"'
    server = MemoryServer({ZONE: lines})
    found = answer(provider({FIRST: server}, [entry()], [record(OLD)]))
    zone = " ".join(server.lines(ZONE))
    assert "10.1.0.93" in zone and "10.9.9.9" in zone and OLD in zone
    assert [one["name"] for one in found["unknown"]] == ["dc01.contoso.com", "www.contoso.com"]
    assert "remove its mark where it is none of ours, else list dc01.contoso.com in gone" in found["warnings"][0]
    assert found["kept_owners"] == []


def test_the_proof_of_what_was_written_lets_it_go_again() -> None:
    server = MemoryServer({ZONE: ""})
    answer(provider({FIRST: server}, [entry()], [record(OLD, NEW)]))
    assert results.mark(OLD, NEW).rpartition(" ")[2] in " ".join(server.lines(ZONE))
    without = answer(provider({FIRST: server}, [entry()], [], owners=[POOL], mark_key=None))
    assert (without["changed"], without["kept_owners"], len(server.lines(ZONE))) == (False, [POOL], 3)
    gone = answer(provider({FIRST: server}, [entry()], [], owners=[POOL]))
    assert (gone["changed"], server.lines(ZONE)) == (True, [])
