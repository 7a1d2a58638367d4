# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which addresses leave a device, and which of them stay because nobody said that they go."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.absence import (
    RUNNING_FRONT_ENDS,
    Losses,
    Owned,
    Presence,
    needed_members,
    objects_of,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet

GONE = "10.1.0.12"


def parsed(*texts: str) -> AddressSet:
    return AddressSet.parse(texts)


def test_an_address_leaves_the_objects_that_have_it_and_should_not() -> None:
    have, want = parsed("10.1.0.11-10.1.0.13"), parsed("10.1.0.11", "10.1.0.13")
    losses = Losses.of([Owned("sip", have, want), Owned("focus", have, want), Owned("web", have, have)])
    assert losses == Losses({GONE: ("sip", "focus")})


def test_an_object_that_goes_loses_all_its_addresses() -> None:
    losses = Losses.of([Owned("sip", parsed(GONE), None), Owned("web", parsed(GONE), parsed(GONE))])
    assert (losses.goes, losses.is_all, dict(losses.leaving)) == (("sip",), False, {GONE: ("sip",)})
    assert Losses.of([Owned("sip", parsed(GONE), None)]).is_all and not Losses.of([]).is_all


def test_each_address_of_a_small_range_counts_and_none_of_a_network() -> None:
    small, wide = parsed("10.1.0.16/28"), parsed("10.2.0.0/27", "2001:db8::/64")
    assert len(Losses.of([Owned("rule", small, None), Owned("other", wide, parsed())]).leaving) == 16


def test_seventeen_addresses_in_a_row_are_a_network() -> None:
    losses = Losses.of([Owned("rule", parsed("10.1.0.16-10.1.0.32", "2001:db8::10-2001:db8::20"), None)])
    assert (losses.leaving, losses.goes) == ({}, ("rule",))


def test_addresses_of_both_families_count() -> None:
    assert set(Losses.of([Owned("rule", parsed(GONE, "2001:db8::12"), None)]).leaving) == {GONE, "2001:db8::12"}


def held(leaving: dict[str, tuple[str, ...]], **known: object) -> tuple[str, ...]:
    return Presence(**{"known": AddressSet(), **known}).held(Losses(leaving)).each()  # type: ignore[arg-type]


def test_an_address_is_held_when_it_would_leave_two_places() -> None:
    assert held({GONE: ("sip", "focus")}) == (GONE,)
    assert held({GONE: ("sip",)}) == ()
    assert held({GONE: ("sip",)}, elsewhere={GONE: 1}) == (GONE,)
    assert held({}, vanished=parsed(GONE)) == (GONE,)


def test_what_the_inventory_knows_or_names_as_gone_is_not_held() -> None:
    leaving = {GONE: ("sip", "focus")}
    assert held(leaving, known=parsed("10.1.0.0/24")) == ()
    assert held(leaving, gone=parsed(GONE)) == ()


def test_a_neighbour_that_was_not_reached_keeps_what_it_needs() -> None:
    assert held({GONE: ("sip",)}, known=parsed(GONE), unreached=parsed(GONE)) == (GONE,)


def test_beyond_the_bounds_of_a_run_nothing_leaves() -> None:
    assert held({GONE: ("sip",)}, known=parsed(GONE), holds_all=True) == (GONE,)


def test_outside_of_a_run_nothing_is_held() -> None:
    assert not Presence().held(Losses({GONE: ("sip", "focus")}))
    assert Presence().exceeded_pools([pool(2, 0)], AddressSet()) == {}


def test_objects_of_what_is_held() -> None:
    assert objects_of({GONE: ("sip",), "10.1.0.13": ("web",)}, parsed(GONE, "10.9.0.1")) == {GONE: ["sip"]}


def pool(had: int, stay: int) -> Owned:
    def members(count: int) -> AddressSet:
        return parsed(*(f"10.1.0.{10 + 2 * number}" for number in range(count)))

    return Owned("sip", members(had), members(stay), "pool01")


@pytest.mark.parametrize(
    ("had", "stay", "is_quorum", "is_fine"),
    [(4, 3, False, True), (4, 2, False, False), (2, 1, False, True), (1, 0, False, False), (2, 1, True, True)],
)
def test_a_pool_loses_one_member_at_a_time_and_keeps_what_it_needs(
    had: int, stay: int, is_quorum: bool, is_fine: bool
) -> None:
    presence = Presence(known=AddressSet(), quorums=frozenset({"pool01"} if is_quorum else ()))
    assert (presence.exceeded_pools([pool(had, stay)], AddressSet()) == {}) == is_fine


def test_a_member_that_is_down_does_not_count() -> None:
    presence = Presence(known=AddressSet())
    assert presence.exceeded_pools([pool(3, 2)], AddressSet()) == {}
    (lost, why), *_more = presence.exceeded_pools([pool(3, 2)], parsed("10.1.0.10")).values()
    assert lost.each() == ("10.1.0.14",) and why == "pool01 would have 1 members that are well, and needs 2"


@pytest.mark.parametrize(("quorum", "is_fine"), [("pool01", True), ("pool02", False)])
def test_the_table_of_microsoft_is_for_its_own_pools(quorum: str, is_fine: bool) -> None:
    """Of nine servers four must run, and of nine others five must be well."""
    presence = Presence(known=AddressSet(), quorums=frozenset({quorum}))
    down = parsed("10.1.0.10", "10.1.0.12", "10.1.0.14", "10.1.0.16")
    assert (presence.exceeded_pools([pool(9, 8)], down) == {}) == is_fine


def test_a_pool_that_goes_as_a_whole_or_whose_members_are_gone_is_not_judged() -> None:
    presence = Presence(known=AddressSet())
    one = pool(4, 1)
    assert set(presence.exceeded_pools([one], AddressSet())) == {"pool01"}
    assert presence.exceeded_pools([Owned("sip", one.have, None, "pool01")], AddressSet()) == {}
    assert presence.exceeded_pools([Owned("sip", one.have, one.want)], AddressSet()) == {}
    gone = Presence(known=AddressSet(), gone=one.lost)
    assert gone.exceeded_pools([pool(4, 2)], AddressSet()) == {}


def test_something_is_held_in_a_run_with_vanished_addresses_or_exceeded_bounds() -> None:
    assert not Presence(known=AddressSet()).is_holding
    assert Presence(known=AddressSet(), vanished=parsed(GONE)).is_holding
    assert not Presence(known=parsed(GONE), vanished=parsed(GONE)).is_holding
    assert Presence(known=parsed(GONE), holds_all=True).is_holding


def test_a_member_of_both_families_leaves_once_and_an_accepted_pool_may_lose_more() -> None:
    both = parsed("10.1.0.10", "2001:db8::10", "10.1.0.12", "2001:db8::12")
    one = Owned("sip", both, parsed("10.1.0.10", "2001:db8::10"), "pool01")
    assert Presence(known=AddressSet()).exceeded_pools([one], AddressSet()) == {}
    accepted = Presence(known=AddressSet(), accepted_pools=frozenset({"pool01"}))
    assert accepted.exceeded_pools([pool(4, 1)], AddressSet()) == {}


def test_a_quorum_is_what_the_table_of_microsoft_says_and_half_of_any_other_pool() -> None:
    assert [needed_members(count, is_quorum=True) for count in range(2, 13)] == [1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5]
    assert [needed_members(count, is_quorum=False) for count in range(1, 6)] == [1, 1, 2, 2, 3]
    assert max(RUNNING_FRONT_ENDS) == 12
