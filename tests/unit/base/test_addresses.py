# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets of numbers, addresses and ports: their algebra, their texts, what they refuse."""

from __future__ import annotations

import ipaddress
import itertools
import re

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import (
    ANY,
    ANY_PORT,
    AddressSet,
    Interval,
    Intervals,
    PortSet,
    difference,
    intersection,
    is_subset,
    normalise,
    parse_address,
    parse_network,
    union,
)
from hypothesis import given
from hypothesis import strategies as st

# --- Intervals, against sets of numbers -----------------------------------------------------------------------------

SIZE = 24
pairs = st.lists(
    st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)).map(lambda pair: (min(pair), max(pair))), max_size=6
)


def members(some: Intervals) -> set[int]:
    return {number for first, last in some for number in range(first, last + 1)}


def is_normal(some: Intervals) -> bool:
    return all(first <= last for first, last in some) and all(
        one[1] + 1 < other[0] for one, other in itertools.pairwise(some)
    )


@given(pairs, pairs)
def test_intervals_are_sets(one: list[Interval], other: list[Interval]) -> None:
    a, b = normalise(one), normalise(other)
    assert members(a) == members(tuple(one))
    for found, expected in (
        (union(a, b), members(a) | members(b)),
        (intersection(a, b), members(a) & members(b)),
        (difference(a, b), members(a) - members(b)),
    ):
        assert members(found) == expected
        assert is_normal(found)
    assert is_subset(a, b) == (members(a) <= members(b))


# --- Addresses ------------------------------------------------------------------------------------------------------

addresses = st.lists(
    st.one_of(
        st.builds(
            lambda number, prefix: f"{ipaddress.IPv4Address(number)}/{prefix}",
            st.integers(0, 2**32 - 1),
            st.integers(0, 32),
        ),
        st.builds(
            lambda number, prefix: f"{ipaddress.IPv6Address(number)}/{prefix}",
            st.integers(0, 2**128 - 1),
            st.integers(0, 128),
        ),
        st.builds(
            lambda first, more: f"{ipaddress.IPv4Address(first)}-{ipaddress.IPv4Address(first + more)}",
            st.integers(0, 2**31),
            st.integers(0, 300),
        ),
    ),
    max_size=4,
).map(AddressSet.parse)


@given(addresses, addresses)
def test_address_sets_keep_the_laws_of_sets(one: AddressSet, other: AddressSet) -> None:
    assert one | other == other | one
    assert (one - other) | (one & other) == one
    assert not (one - other) & other
    assert (one & other) <= one <= (one | other)
    assert AddressSet.union_of([one, other]) == one | other
    assert (one <= other) == (one | other == other)
    assert one.of_families(frozenset({4})) | one.of_families(frozenset({6})) == one
    assert one.families == frozenset(family for family in (4, 6) if one.of_families(frozenset({family})))


@given(addresses)
def test_the_text_of_addresses_is_the_fewest_networks(one: AddressSet) -> None:
    texts = one.to_text()
    assert AddressSet.parse(texts) == one
    networks = [ipaddress.ip_network(text) for text in texts if text != "any"]
    for family in (4, 6):
        own = [network for network in networks if network.version == family]
        assert list(ipaddress.collapse_addresses(own)) == own  # type: ignore[type-var]


TEXTS = {
    ("10.1.0.0/25", "10.1.0.128/25", "2001:db8::1"): ("10.1.0.0/24", "2001:db8::1"),
    ("10.1.0.7/24",): ("10.1.0.0/24",),
    ("10.1.0.0/255.255.255.0",): ("10.1.0.0/24",),
    ("10.1.0.1/32", "10.1.0.1"): ("10.1.0.1",),
    ("10.1.0.1-10.1.0.4",): ("10.1.0.1", "10.1.0.2/31", "10.1.0.4"),
    ("10.1.0.1 - 10.1.0.1",): ("10.1.0.1",),
    ("2001:DB8:0:0::1",): ("2001:db8::1",),
    ("::ffff:10.1.0.1",): ("::ffff:10.1.0.1",),
    ("any",): ("any",),
    ("0.0.0.0/0", "::/0"): ("any",),
    ("0.0.0.0/0",): ("0.0.0.0/0",),
    ("any", "10.1.0.1"): ("any",),
    (): (),
}


@pytest.mark.parametrize("texts", TEXTS, ids=str)
def test_texts_of_addresses(texts: tuple[str, ...]) -> None:
    assert AddressSet.parse(texts).to_text() == TEXTS[texts]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("10.1.0.999", "'10.1.0.999' is not an address, a network a/n or a range a-b"),
        ("10.1.0.0/33", "'10.1.0.0/33' is not an address, a network a/n or a range a-b"),
        ("fe01", "'fe01' is not an address, a network a/n or a range a-b"),
        ("", "'' is not an address, a network a/n or a range a-b"),
        ("10.1", "'10.1' is not an address, a network a/n or a range a-b"),
        ("fe80::1%eth0", "'fe80::1%eth0' is not an address, a network a/n or a range a-b"),
        (
            "10.1.0.9-10.1.0.1",
            "'10.1.0.9-10.1.0.1' is not an address range: first and last must be of one family and in order",
        ),
        (
            "10.1.0.1-2001:db8::1",
            "'10.1.0.1-2001:db8::1' is not an address range: first and last must be of one family and in order",
        ),
        ("10.1.0.1-", "'' is not an IPv4 or IPv6 address"),
        ("10.1.0.0/24-10.2.0.0", "'10.1.0.0/24' is not an IPv4 or IPv6 address"),
    ],
)
def test_texts_that_are_no_addresses(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        AddressSet.parse(["10.0.0.1", text])


@given(st.text(max_size=20))
def test_any_text_is_addresses_or_a_value_error(text: str) -> None:
    for read in (parse_address, parse_network, lambda value: AddressSet.parse([value])):
        try:
            read(text)
        except ValueError as error:
            assert "is not an" in str(error)


def test_each_address_of_a_set() -> None:
    assert AddressSet.parse(["10.1.0.8/30", "2001:db8::1"]).each() == (
        "10.1.0.8",
        "10.1.0.9",
        "10.1.0.10",
        "10.1.0.11",
        "2001:db8::1",
    )


def test_everything_is_any() -> None:
    assert AddressSet.parse(["any"]) == ANY
    assert ANY.families == {4, 6}
    assert not AddressSet()
    assert AddressSet() <= ANY


# --- Ports ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "canonical"),
    [
        ([443, "5061-5063", "5064"], ("443", "5061-5064")),
        (["5064", "5061-5063", 443, 443], ("443", "5061-5064")),
        (["any"], ("any",)),
        (["1-65535"], ("any",)),
        (["1-100", "50-65535"], ("any",)),
        (["80 - 81"], ("80-81",)),
        ([], ()),
    ],
)
def test_texts_of_ports(texts: list[int | str], canonical: tuple[str, ...]) -> None:
    assert PortSet.parse(texts).to_text() == canonical


BAD_PORTS = [0, 65536, -1, "0", "5-1", "1-70000", "70000", "http", "", "1,2", "1-2-3", True, " 80", "８０"]


@pytest.mark.parametrize("text", BAD_PORTS, ids=repr)
def test_texts_that_are_no_ports(text: int | str) -> None:
    numbers = text in (0, 65536, "0", "5-1", "1-70000", "70000") and text is not True
    told = f"{text!r} is out of order or outside 1-65535" if numbers else f"{text!r} is not a port or a range a-b"
    with pytest.raises(ValueError) as caught:
        PortSet.parse([443, text])
    assert str(caught.value) == told


@given(pairs, pairs)
def test_port_sets_keep_the_laws_of_sets(one: list[Interval], other: list[Interval]) -> None:
    a, b = (PortSet(normalise((first + 1, last + 1) for first, last in some)) for some in (one, other))
    assert (a - b) | (a & b) == a
    assert not (a - b) & b
    assert (a <= b) == (a | b == b)
    assert bool(a) == bool(one)
    assert PortSet.parse(a.to_text()) == a


def test_single_ports() -> None:
    assert PortSet.of(5061) == PortSet.parse([5061])
    assert PortSet.of(1, 65535) == ANY_PORT
