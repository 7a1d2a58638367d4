# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a zone: what is added, made exact, removed, reported; its laws."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.marks import Mark, Scope
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.planner import Have, applied, asked_keys, plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.records import Key, RecordSet, Wanted
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.results import command
from hypothesis import given, settings
from hypothesis import strategies as st

from .zones import AAAA, ALIAS, NEW, OLD, OTHER, POOL, SRV, WANT, ZONE, A, have, scope, wanted

MISSING, NOT_MARKED = f"missing ({OLD}, {NEW})", "not marked as owned"
CASES: list[tuple[str, list[Wanted], Have, Scope, dict[Key, str], dict[Key, tuple[str, ...]]]] = [
    # name, want, have, scope -> changes in words, unknown values
    ("nothing there", WANT, have({}), scope(), {A: MISSING}, {}),
    ("as wanted and ours", WANT, have({A: (OLD, NEW)}, (A,)), scope(), {}, {}),
    ("as wanted and not ours yet", WANT, have({A: (OLD, NEW)}), scope(), {A: NOT_MARKED}, {}),
    ("ours, a value missing", WANT, have({A: (OLD,)}, (A,)), scope(), {A: f"missing value {NEW}"}, {}),
    ("ours, a value extra", WANT, have({A: (OLD, NEW, "10.1.0.99")}, (A,)), scope(), {A: "extra value 10.1.0.99"}, {}),
    ("ours, another value", [wanted(NEW)], have({A: (OLD,)}, (A,)),
     scope(), {A: f"missing value {NEW}; extra value {OLD}"}, {}),
    ("ours, another time to live", WANT, have({A: (OLD, NEW)}, (A,), ttl=3600),
     scope(), {A: "ttl is 3600, should be 300"}, {}),
    ("first run, a value extra", WANT, have({A: (OLD, NEW, "10.1.0.99")}), scope(), {}, {A: ("10.1.0.99",)}),
    ("first run, another value", WANT, have({A: ("10.1.0.99", OLD)}),
     scope(), {A: f"missing value {NEW}"}, {A: ("10.1.0.99",)}),
    ("first run keeps the time to live of what it does not know", WANT, have({A: ("10.1.0.99", OLD, NEW)}, ttl=60),
     scope(), {}, {A: ("10.1.0.99",)}),
    ("taken over", WANT, have({A: (OLD, NEW, "10.1.0.99")}),
     scope(take_over=(POOL,)), {A: "extra value 10.1.0.99"}, {}),
    ("first run, another family", WANT, have({A: (OLD, NEW), AAAA: ("2001:db8::9",)}, (A,)),
     scope(), {}, {AAAA: ("2001:db8::9",)}),
    ("taken over, another family", WANT, have({A: (OLD, NEW), AAAA: ("2001:db8::9",)}, (A,)), scope(take_over=(POOL,)),
     {AAAA: "extra (2001:db8::9; its name was taken over)"}, {}),
    ("ours, another family", WANT, have({A: (OLD, NEW), AAAA: ("2001:db8::9",)}, (A, AAAA)), scope(),
     {AAAA: f"extra (2001:db8::9; {POOL} no longer wants it)"}, {}),
    ("no longer wanted", [], have({A: (OLD,)}, (A,)), scope(), {A: f"extra ({OLD}; {POOL} no longer wants it)"}, {}),
    ("no longer wanted, and gone", [], have({}, (A,)),
     scope(), {A: "marked as owned, and there is no such record"}, {}),
    ("of another owner", [], have({A: (OLD,)}, (A,), owner=OTHER), scope(), {}, {}),
    ("of nobody and not wanted", [], have({A: (OLD,)}), scope(), {}, {}),
    ("merged removes nothing", WANT, have({A: (OLD, "10.1.0.99"), SRV: ("0 0 5061 a",)}, (A, SRV)),
     scope("merged"), {A: f"missing value {NEW}"}, {}),
    ("merged tells what it does not know", WANT, have({A: (OLD, NEW, "10.1.0.99")}),
     scope("merged", (POOL,)), {}, {A: ("10.1.0.99",)}),
    ("deleted, ours", WANT, have({A: ("10.1.0.99",)}, (A,)),
     scope("deleted"), {A: "extra (10.1.0.99; it is to be deleted)"}, {}),
    ("deleted, not ours", WANT, have({A: (OLD, "10.1.0.99")}),
     scope("deleted"), {A: f"extra value {OLD}"}, {A: ("10.1.0.99",)}),
    ("deleted, all of an owner", [], have({A: (OLD,), SRV: ("0 0 5061 a",)}, (A,)),
     scope("deleted"), {A: f"extra ({OLD}; it is to be deleted)"}, {}),
    ("deleted, nothing there", WANT, have({}), scope("deleted"), {}, {}),
    ("gathered", WANT, have({A: ("10.1.0.99",)}, (A,)), scope("gathered"), {}, {}),
    ("the owner changes", [wanted(OLD, owner=OTHER)], have({A: (OLD,)}, (A,)),
     scope(owners=(POOL, OTHER)), {A: NOT_MARKED}, {}),
    ("our alias becomes an address", WANT, have({ALIAS: ("a.contoso.com",)}, (ALIAS,)), scope(),
     {A: MISSING, ALIAS: f"extra (a.contoso.com; {POOL} no longer wants it)"}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "want", "zone", "run", "changes", "unknown"), CASES, ids=[case[0] for case in CASES])
def test_plan(
    name: str, want: list[Wanted], zone: Have, run: Scope, changes: dict[Key, str], unknown: dict[Key, tuple[str, ...]]
) -> None:
    found = plan_changes(want, zone, run)
    assert {change.key: command(change, "internal").partition("): ")[2] for change in found.changes} == changes
    assert {one.key: one.values for one in found.unknown} == unknown
    assert found.conflicts == ()


@pytest.mark.parametrize(
    ("want", "zone", "expected"),
    [
        (WANT, have({ALIAS: ("a.contoso.com",)}), "pool01.contoso.com is an alias of a.contoso.com"),
        (
            [wanted("a.contoso.com", key=ALIAS)],
            have({A: (OLD,)}),
            "pool01.contoso.com is to be an alias and has records of type A",
        ),
    ],
)
def test_an_alias_of_nobody_knows_whom_stands_in_the_way(want: list[Wanted], zone: Have, expected: str) -> None:
    (conflict,) = plan_changes(want, zone, scope()).conflicts
    assert conflict == f"{expected}, and nobody knows whose that is; fix: remove it, or list the name in take_over"
    assert plan_changes(want, zone, scope(take_over=(POOL,))).conflicts == ()


def test_both_families_of_a_name_are_asked_for() -> None:
    marks = [Mark(SRV, POOL), Mark(Key(ZONE, OTHER, "A"), OTHER)]
    assert asked_keys(ZONE, WANT, marks, scope()) == (SRV, A, AAAA)


_ADDRESSES = st.lists(
    st.sampled_from([f"10.1.0.{number}" for number in range(1, 6)]), min_size=1, max_size=4, unique=True
)
_KEYS = st.sampled_from([Key(ZONE, name, kind) for name in (POOL, OTHER, "x.contoso.com") for kind in ("A", "AAAA")])
_OWNERS = st.sampled_from([POOL, OTHER])
_SETS = st.dictionaries(
    _KEYS, st.builds(lambda values, ttl: (values, ttl), _ADDRESSES, st.sampled_from((60, 300))), max_size=5
)


def _set(key: Key, values: list[str], ttl: int) -> RecordSet:
    texts = values if key.type == "A" else [f"2001:db8::{value.rpartition('.')[2]}" for value in values]
    return RecordSet(key, ttl, tuple(sorted(texts)))


_HAVE = st.builds(
    lambda sets, marks: Have(
        {key: _set(key, *one) for key, one in sets.items()},
        {key: Mark(key, owner) for key, owner in marks.items()},
    ),
    _SETS,
    st.dictionaries(_KEYS, _OWNERS, max_size=4),
)
_WANT = st.builds(
    lambda sets, owner: [Wanted("internal", _set(key, *one), owner) for key, one in sets.items()], _SETS, _OWNERS
)
_SCOPES = st.builds(
    lambda state, take_over: Scope(State(state), frozenset({POOL}), frozenset(take_over)),
    st.sampled_from(("merged", "replaced", "deleted")), st.sets(st.sampled_from((POOL, OTHER)), max_size=1),
)  # fmt: skip


@settings(max_examples=300)
@given(_WANT, _HAVE, _SCOPES)
def test_laws_of_plans(want: list[Wanted], zone: Have, run: Scope) -> None:
    """Once applied, nothing is left to do; nothing of nobody or of others goes; what is wanted is there."""
    found = plan_changes(want, zone, run)
    after = applied(zone, found.changes)
    assert plan_changes(want, after, run).changes == ()
    asked = {one.set.key: set(one.set.values) for one in want}
    for key, one in zone.sets.items():
        is_foreign = key not in zone.marks and key.name not in run.take_over
        gone = set(one.values) - set(after.sets[key].values if key in after.sets else ())
        if is_foreign:
            assert gone <= (asked.get(key, set()) if run.state is State.DELETED else set())
        elif key not in asked and key in zone.marks and zone.marks[key].owner != POOL:
            assert not gone
        if run.state is State.MERGED:
            assert not gone
    if run.state is not State.DELETED:
        assert all(key in after.sets and values <= set(after.sets[key].values) for key, values in asked.items())


def test_more_marks_than_a_name_takes_are_refused() -> None:
    want = [wanted("10.1.0.1", key=Key(ZONE, f"pool{number}.contoso.com", "A")) for number in range(101)]
    assert plan_changes(want, have({}), scope()).conflicts == (
        "pool01.contoso.com has 101 record sets in one zone, and at most 100 can be marked; "
        "fix: give them several owners",
    )
