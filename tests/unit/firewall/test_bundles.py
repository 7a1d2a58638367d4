# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many rules at once: the answers of a look at each, and in a time that does not grow with their square."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet, PortSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.bundles import Bundles
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.effects import describe_effects, rule_effects
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.host_facts import Present, Profile
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.match import covers, overlaps, uncovered
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.planner import RuleChanges, plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.reachability import Target, lost
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import AddressScope, PortScope, Rule
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.firewall import universe

RESTRICTIONS = (frozenset(), frozenset({("LocalUserOwner", "S-1-5-21-1")}))
restricted = st.builds(
    lambda rule, some: replace(rule, restrictions=some), universe.rules(), st.sampled_from(RESTRICTIONS)
)


@pytest.mark.no_cover
@given(st.lists(restricted, max_size=12), restricted)
@settings(max_examples=400, deadline=None)
def test_bundles_answer_what_a_look_at_each_rule_does(others: list[Rule], rule: Rule) -> None:
    bundles = Bundles([*others, rule])
    assert bundles.covering(rule) == [other for other in others if covers(other, rule)]
    assert bundles.covered(rule) == [other for other in others if covers(rule, other)]
    assert bundles.overlapping(rule) == [other for other in others if overlaps(other, rule)]
    assert bool(bundles.uncovered(rule)) == bool(uncovered(rule, others))


COUNT, OWN = 7_400, 60
SECONDS = 2.0
SOURCES = [AddressScope(AddressSet.parse([str(ipaddress.ip_address(0x0A000000 + 7 * each))])) for each in range(COUNT)]
# What a host may have thousands of.
CROWDS: dict[str, Callable[[int], Rule]] = {
    "outbound blocks of one address": lambda n: Rule("r", direction="out", action="block", remoteip=SOURCES[n]),
    "inbound blocks of one address": lambda n: Rule("r", action="block", remoteip=SOURCES[n]),
    "inbound rules of one address": lambda n: Rule("r", remoteip=SOURCES[n]),
    "inbound blocks of a port and an address": lambda n: Rule(
        "r", action="block", protocol=6, localport=PortScope(PortSet.of(n + 1)), remoteip=SOURCES[n]
    ),
    "rules of a program": lambda n: Rule("r", program=f"c:\\{n}.exe"),
    "blocks of a program": lambda n: Rule("r", action="block", program=f"c:\\{n}.exe"),
    "rules of a user's application": lambda n: Rule("r", restrictions=frozenset({("LocalUserOwner", f"S-1-5-{n}")})),
    "rules that require authentication": lambda n: Rule("r", security="authenticate", remoteip=SOURCES[n]),
}
WANTED = rules_from_options(
    [
        {"name": f"{way} {n}", "direction": way, "protocol": "tcp", "localport": 5000 + n, "remoteip": ["10.0.0.0/8"]}
        for way in ("in", "out")
        for n in range(OWN // 2)
    ]
)


@pytest.mark.no_cover
@pytest.mark.parametrize("crowd", CROWDS.values(), ids=list(CROWDS))
@pytest.mark.parametrize("own", [(), WANTED], ids=["first", "idle"])
def test_effects_beside_a_crowd_take_no_time(crowd: Callable[[int], Rule], own: tuple[Rule, ...]) -> None:
    have = [Present(rule, {}) for rule in (*map(crowd, range(COUNT)), *own)]
    start = time.process_time()
    changes = describe_effects(have, plan_changes(WANTED, have, State.REPLACED))
    effects = rule_effects(have, changes, (), "msuc.lync")
    assert time.process_time() - start < SECONDS
    assert len(effects) == OWN and len(changes.now) == OWN - len(own)


@pytest.mark.no_cover
def test_the_guard_looks_at_each_rule_of_a_crowd_once() -> None:
    crowd = [CROWDS["inbound blocks of one address"](n) for n in range(COUNT)]
    new = Rule("new", action="block", remoteip=AddressScope(AddressSet.parse(["192.168.0.0/24"])))
    allow = Rule("all")
    start = time.process_time()
    gone = lost(Target(5061, "10.1.0.11"), Profile("domain"), [*crowd, allow], [*crowd, allow, new])
    assert time.process_time() - start < SECONDS
    assert gone == AddressSet.parse(["192.168.0.0/24"])


def test_blocks_of_an_address_each_that_cover_a_network_make_a_rule_ineffective() -> None:
    wanted = rules_from_options([{"name": "SIP", "protocol": "tcp", "localport": 5061, "remoteip": ["10.0.0.0/21"]}])
    blocks = [Present(Rule(f"b{n}", action="block", remoteip=_one(n)), {}) for n in range(2048)]
    every = [*blocks, *(Present(rule, {}) for rule in wanted)]
    assert [one.effective for one in rule_effects(every, _nothing(every, wanted), (), "msuc.lync")] == [False]
    some = every[1:]
    assert [one.effective for one in rule_effects(some, _nothing(some, wanted), (), "msuc.lync")] == [True]


def test_allows_of_an_address_each_that_cover_a_network_admit_it_together() -> None:
    wanted = rules_from_options([{"name": "SIP", "protocol": "tcp", "localport": 5061, "remoteip": ["10.0.0.0/24"]}])
    have = [Present(Rule(f"a{n}", remoteip=_one(n)), {}) for n in range(256)]
    told = [describe_effects(some, plan_changes(wanted, some, State.REPLACED)).now for some in (have, have[1:])]
    assert [effects.effects[0].kind for effects, in told] == ["already_admitted_by", "new_admission"]
    assert told[0][0].effects[0].text == "already admitted by a0, a1, a2 and 253 more together"


def _one(number: int) -> AddressScope:
    return AddressScope(AddressSet.parse([str(ipaddress.ip_address(0x0A000000 + number))]))


def _nothing(have: list[Present], wanted: tuple[Rule, ...]) -> RuleChanges:
    changes = plan_changes(wanted, have, State.REPLACED)
    assert not changes.now
    return changes
