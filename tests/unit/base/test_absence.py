# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which addresses leave a device, and which of them stay because nobody said that they go."""

from __future__ import annotations

from ansible_collections.msuc.lync.plugins.plugin_utils._base.absence import Presence, find_leaving, objects_of
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet

GONE = "10.1.0.12"


def parsed(*texts: str) -> AddressSet:
    return AddressSet.parse(texts)


def test_an_address_leaves_the_objects_that_have_it_and_should_not() -> None:
    have, want = parsed("10.1.0.11-10.1.0.13"), parsed("10.1.0.11", "10.1.0.13")
    assert find_leaving([("sip", have, want), ("focus", have, want), ("web", have, have)]) == {GONE: ("sip", "focus")}


def test_each_address_of_a_small_range_counts_and_none_of_a_network() -> None:
    small, wide = parsed("10.1.0.16/28"), parsed("10.2.0.0/27", "2001:db8::/64")
    assert len(find_leaving([("rule", small, parsed()), ("other", wide, parsed())])) == 16


def test_addresses_of_both_families_count() -> None:
    assert set(find_leaving([("rule", parsed(GONE, "2001:db8::12"), parsed())])) == {GONE, "2001:db8::12"}


def held(leaving: dict[str, tuple[str, ...]], **known: object) -> tuple[str, ...]:
    return Presence(**{"known": AddressSet(), **known}).held(leaving).each()  # type: ignore[arg-type]


def test_an_address_is_held_when_it_would_leave_two_places() -> None:
    assert held({GONE: ("sip", "focus")}) == (GONE,)
    assert held({GONE: ("sip",)}) == ()
    assert held({GONE: ("sip",)}, elsewhere={GONE: 1}) == (GONE,)
    assert held({}, vanished=parsed(GONE)) == (GONE,)


def test_what_the_inventory_knows_or_names_as_gone_is_not_held() -> None:
    leaving = {GONE: ("sip", "focus")}
    assert held(leaving, known=parsed("10.1.0.0/24")) == ()
    assert held(leaving, gone=parsed(GONE)) == ()


def test_outside_of_a_run_nothing_is_held() -> None:
    assert not Presence().held({GONE: ("sip", "focus")})


def test_objects_of_what_is_held() -> None:
    assert objects_of({GONE: ("sip",), "10.1.0.13": ("web",)}, parsed(GONE, "10.9.0.1")) == {GONE: ("sip",)}
