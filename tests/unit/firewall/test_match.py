# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""10,000 random sets of rules, whatever their spelling, beside an oracle that asks packet by packet."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.match import covers, overlaps, uncovered
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule, differing
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.com import from_com, to_com
from hypothesis import given, settings

from tests.unit.firewall import universe
from tests.unit.firewall.test_planner import rule

# What it runs has its coverage from the tests of single cases.
pytestmark = pytest.mark.no_cover

SETS = 10_000
# Per limit: the values of packets (the last stands for all that no rule names), and per scope its spellings and its
# values.
PORTS = (1, 2, 3, 9)
PORT_SCOPES: dict[frozenset[Any], list[Any]] = {
    frozenset(PORTS): ["any", [], "1-65535", ["*"]],
    frozenset({1}): ["1", [1], "1-1"],
    frozenset({1, 2}): ["1,2", "2,1", "1-2", [1, "1-2"]],
    frozenset({2, 3}): ["2-3", ["3", 2]],
    frozenset({3}): [3],
}
ADDRESSES = ("10.0.0.0", "10.0.0.1", "10.0.0.2", "2001:db8::1", "10.9.9.9")
ADDRESS_SCOPES: dict[frozenset[Any], list[Any]] = {
    frozenset(ADDRESSES): ["any", "*", ["0.0.0.0/0", "::/0"]],
    frozenset({"10.0.0.1"}): ["10.0.0.1", "10.0.0.1/32", "10.0.0.1/255.255.255.255", "10.0.0.1-10.0.0.1"],
    frozenset({"10.0.0.0", "10.0.0.1"}): [
        "10.0.0.0/31",
        "10.0.0.1/255.255.255.254",
        ["10.0.0.1", "10.0.0.0"],
        "10.0.0.0-10.0.0.1",
    ],
    frozenset({"10.0.0.1", "10.0.0.2"}): ["10.0.0.1-10.0.0.2", "10.0.0.2,10.0.0.1"],
    frozenset({"10.0.0.0", "2001:db8::1"}): ["2001:DB8:0::1, 10.0.0.0", ["10.0.0.0/32", "2001:db8::1/128"]],
}
PROFILES = ("domain", "private", "public")
PROFILE_SCOPES: dict[frozenset[Any], list[Any]] = {
    frozenset(PROFILES): ["any", "domain,private,public", []],
    **{
        frozenset(some): [",".join(some), list(some)]
        for count in (1, 2)
        for some in itertools.combinations(PROFILES, count)
    },
}
LIMITS: Mapping[str, tuple[tuple[Any, ...], Mapping[frozenset[Any], list[Any]]]] = {
    "localport": (PORTS, PORT_SCOPES),
    "remoteip": (ADDRESSES, ADDRESS_SCOPES),
    "localip": (
        ADDRESSES[:2],
        {frozenset(ADDRESSES[:2]): ["any"], frozenset(ADDRESSES[:1]): ["10.0.0.0", "10.0.0.0/32"]},
    ),
    "profiles": (PROFILES, PROFILE_SCOPES),
    "direction": (("in", "out"), {frozenset({"in"}): ["in", "IN"], frozenset({"out"}): ["out"]}),
    "protocol": ((6, 17), {frozenset({6}): ["tcp", 6, "6"], frozenset({17}): ["udp", "17"]}),
    "program": (
        ("C:\\a.exe", "other"),
        {frozenset({"C:\\a.exe", "other"}): ["any", ""], frozenset({"C:\\a.exe"}): ["C:\\a.exe", "c:\\A.EXE"]},
    ),
}
PACKETS = list(itertools.product(*(values for values, _scopes in LIMITS.values())))
# For each limit and scope, the packets that it lets through, as bits.
BITS = {
    (name, scope): sum(1 << number for number, packet in enumerate(PACKETS) if packet[place] in scope)
    for place, (name, (_values, scopes)) in enumerate(LIMITS.items())
    for scope in scopes
}
Drawn = dict[str, frozenset[Any]]


def drawn(dice: random.Random) -> Drawn:
    return {name: dice.choice(list(scopes)) for name, (_values, scopes) in LIMITS.items()}


def spelled(dice: random.Random, scopes: Drawn) -> Rule:
    return from_options({"name": "x", **{name: dice.choice(LIMITS[name][1][scope]) for name, scope in scopes.items()}})


def packets(scopes: Drawn) -> int:
    found = (1 << len(PACKETS)) - 1
    for name, scope in scopes.items():
        found &= BITS[name, scope]
    return found


@pytest.mark.slow
def test_comparison_and_coverage_agree_with_the_oracle() -> None:
    dice = random.Random(20100)
    covered = 0
    for _turn in range(SETS):
        mine, *theirs = [drawn(dice) for _rule in range(dice.randint(2, 6))]
        # Sets that come near to covering, or the answer would nearly always be no.
        theirs = [
            {name: mine[name] if dice.random() < 0.6 else scope for name, scope in scopes.items()} for scopes in theirs
        ]
        rule, others = spelled(dice, mine), [spelled(dice, scopes) for scopes in theirs]
        bits, other_bits = packets(mine), [packets(scopes) for scopes in theirs]
        together = 0
        for found in other_bits:
            together |= found
        first, first_bits = others[0], other_bits[0]
        assert (differing(rule, first) == ()) == (bits == first_bits), (mine, theirs)
        assert covers(first, rule) == (bits & ~first_bits == 0), (mine, theirs)
        assert overlaps(first, rule) == (bits & first_bits != 0), (mine, theirs)
        assert (uncovered(rule, others) == ()) == (bits & ~together == 0), (mine, theirs)
        assert differing(rule, spelled(dice, mine)) == ()
        assert differing(rule, from_com(to_com(rule))) == ()
        covered += not uncovered(rule, others) and not any(covers(other, rule) for other in others)
    # Coverage by several rules that none of them has alone is among what was asked.
    assert covered > 50


@given(universe.rules(), universe.rules())
@settings(max_examples=400, deadline=None)
def test_covers_is_what_an_oracle_finds_packet_by_packet(wide: Rule, narrow: Rule) -> None:
    assert covers(wide, narrow) == all(
        universe.matches(wide, packet) for packet in universe.PACKETS if universe.matches(narrow, packet)
    )


def test_a_word_covers_itself_only_and_is_covered_by_any() -> None:
    subnet, other = rule(remoteip="LocalSubnet"), rule(remoteip="10.0.0.0/8")
    assert covers(rule(), subnet)
    assert covers(rule(remoteip=["LocalSubnet", "10.0.0.0/8"]), subnet)
    assert not covers(other, subnet)
    assert not covers(subnet, other)
    assert covers(replace(rule(), service="*"), replace(rule(), service="dhcp"))
    assert not covers(replace(rule(), service="*"), rule())


# ICMP types of a wide and of a narrow rule, and whether the one covers the other.
ICMP = [
    ("any", "8:0", True),
    ("8:*", "8:0", True),
    ("8:*", "8:*", True),
    ("8:0", "8:*", False),
    ("8:0,0:0", "0:0", True),
    ("8:*", "any", False),
    ("8:*", "0:0", False),
]


@pytest.mark.parametrize(("wide", "narrow", "expected"), ICMP)
def test_icmp_types_cover_their_codes(wide: str, narrow: str, expected: bool) -> None:
    ping = {"name": "x", "protocol": "icmpv4"}
    assert (
        covers(from_options({**ping, "icmp_type_code": wide}), from_options({**ping, "icmp_type_code": narrow}))
        is expected
    )


def test_interface_types_cover_their_part() -> None:
    every, both, lan = rule(), rule(interfacetypes="lan,wireless"), rule(interfacetypes="lan")
    assert covers(every, lan)
    assert covers(both, lan)
    assert not covers(lan, both)
    assert not covers(lan, every)
