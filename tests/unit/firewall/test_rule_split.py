# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lists of more than 1000 entries: kept in parts, read back as one, and no entry is without a rule for a moment."""

from __future__ import annotations

import random
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.checks import by_kind
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import from_options, rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule_split import joined, split

from tests.unit.firewall.memory import MemoryStore
from tests.unit.firewall.windows.test_reconcile import run, stats


def hosts(numbers: Any) -> list[str]:
    """Return addresses no two of which make a network."""
    return [f"10.{number // 100}.{number % 100}.1" for number in numbers]


def wanted(numbers: Any, **options: Any) -> dict[str, Any]:
    return {"name": "Long", "protocol": "tcp", "localport": "5061", "remoteip": hosts(numbers), **options}


def names(store: MemoryStore) -> list[str]:
    return sorted(rule.name for rule in store.rules())


def admitted(rules: list[Any]) -> AddressSet:
    return AddressSet.union_of(rule.remoteip.addresses for rule in rules if rule.admits)


@pytest.mark.no_cover
def test_a_long_list_is_kept_in_parts_and_reads_back_as_one() -> None:
    store = MemoryStore.of()
    first = run(store, [wanted(range(2500))])
    assert (names(store), stats(first)) == (["Long (1 of 3)", "Long (2 of 3)", "Long (3 of 3)"], (2, 3, 3))
    again = run(store, [wanted(reversed(range(2500)))])
    assert stats(again) == (1, 1, 0)
    before = again.result()["before"]
    assert before == [from_options(wanted(range(2500))).to_options()]
    gathered = run(store, [], state="gathered").result()["gathered"]
    assert isinstance(gathered, list)
    assert stats(run(store, gathered)) == (1, 1, 0)


# What is wanted first and then, and the parts and writes of the second run.
CHANGES: list[tuple[str, Any, Any, list[str], int]] = [
    ("one more at the front", range(1, 2500), range(2500), ["1 of 3", "2 of 3", "3 of 3"], 1),
    ("one less", range(2500), range(1, 2500), ["1 of 3", "2 of 3", "3 of 3"], 1),
    ("grows beyond its parts", range(1500), range(2500), ["1 of 3", "2 of 3", "3 of 3"], 5),
    ("grows from one rule", range(1000), range(1001), ["1 of 2", "2 of 2"], 3),
    ("shrinks to fewer parts", range(2500), range(1100), ["1 of 2", "2 of 2"], 5),
    ("a little fewer keep their parts", range(2001), range(1999), ["1 of 3", "2 of 3", "3 of 3"], 1),
    ("shrinks to one rule", range(1500), range(900), [], 3),
    ("one for one in full parts", range(2000), range(1, 2001), ["1 of 2", "2 of 2"], 1),
    ("full parts have no room: dealt out anew", range(2000), range(2001), ["1 of 3", "2 of 3", "3 of 3"], 5),
]


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("old", "new", "parts", "writes"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES]
)
def test_parts_grow_and_shrink_without_a_gap(old: Any, new: Any, parts: list[str], writes: int) -> None:
    store = MemoryStore.of()
    run(store, [wanted(old)])
    before, start = admitted(store.rules()), len(store.history)
    changed = run(store, [wanted(new)], state="merged")
    assert names(store) == ([f"Long ({part})" for part in parts] or ["Long"])
    assert stats(changed)[2] == writes
    lasting = before & AddressSet.parse(hosts(new))
    assert all(lasting <= admitted(rules) for rules in store.history[start:])
    assert admitted(store.rules()) == AddressSet.parse(hosts(new))
    assert stats(run(store, [wanted(new)])) == (1, 1, 0)


@pytest.mark.no_cover
@pytest.mark.no_cover
def test_random_walks_of_a_long_list_never_have_a_gap() -> None:
    dice = random.Random(1)
    store = MemoryStore.of()
    for _turn in range(6):
        numbers = dice.sample(range(2600), dice.randint(800, 2500))
        before, start = admitted(store.rules()), len(store.history)
        run(store, [wanted(numbers)])
        lasting = before & AddressSet.parse(hosts(numbers))
        assert all(lasting <= admitted(rules) for rules in store.history[start:])
        assert admitted(store.rules()) == AddressSet.parse(hosts(numbers))
        assert stats(run(store, [wanted(numbers)])) == (1, 1, 0)


@pytest.mark.no_cover
def test_parts_that_drift_are_repaired_in_place() -> None:
    store = MemoryStore.of()
    run(store, [wanted(range(2500))])
    second = next(rule for rule in store.document["rules"] if rule["Name"] == "Long (2 of 3)")
    store.document["rules"].remove(second)
    assert stats(run(store, [wanted(range(2500))])) == (2, 3, 1)
    store.document["rules"].append({**second, "id": "{twin}"})
    assert stats(run(store, [wanted(range(2500))])) == (2, 3, 2)
    assert len(names(store)) == 3
    run(store, [{"name": "Long"}], state="deleted")
    assert names(store) == []


def test_ports_are_split_too() -> None:
    rule = from_options({"name": "x", "protocol": "tcp", "localport": ["RPC", *range(1, 2401, 2)]})
    parts = split(rule, [])
    assert [(part.name, len(part.localport.to_text())) for part in parts] == [("x (1 of 2)", 601), ("x (2 of 2)", 600)]
    assert joined(parts) == [rule]


def test_what_only_looks_like_parts_is_left_apart() -> None:
    one, two, three = (
        from_options({"name": name, "remoteip": address})
        for name, address in (("a (1 of 2)", "10.0.0.1"), ("a (2 of 2)", "10.0.0.2"), ("a", "any"))
    )
    assert [rule.name for rule in joined([one, two])] == ["a"]
    assert [rule.name for rule in joined([one, two, three])] == ["a", "a (1 of 2)", "a (2 of 2)"]
    assert [rule.name for rule in joined([one])] == ["a (1 of 2)"]
    assert [
        rule.name
        for rule in joined([one, from_options({"name": "a (2 of 2)", "remoteip": "10.0.0.2", "enabled": False})])
    ] == ["a (1 of 2)", "a (2 of 2)"]


def test_names_of_parts_and_two_long_lists_are_refused() -> None:
    with pytest.raises(
        InvalidInputError,
        match=r"rule a \(1 of 2\), name: it would be taken for a part of rule a; fix: choose another name",
    ):
        rules_from_options([{"name": "a"}, {"name": "a (1 of 2)"}])
    assert len(rules_from_options([{"name": "a (1 of 2)"}])) == 1
    with pytest.raises(InvalidInputError) as raised:
        from_options(wanted(range(1001), localport=list(range(1, 2401, 2))))
    only = "a rule is split along one list only (localport is too long as well)"
    text = f"1001 entries; Windows takes 1000, and {only}; fix: split the rule in two"
    assert f"rule Long, remoteip: {text}" in str(raised.value)


def addresses(networks: int, ranges: int, ipv6: int) -> list[str]:
    """Return so many entries of each kind, none of which touches another."""
    found = [f"10.{number // 100}.{2 * (number % 100)}.0/24" for number in range(networks)]
    found += [
        f"11.{number // 100}.{2 * (number % 100)}.1-11.{number // 100}.{2 * (number % 100)}.6"
        for number in range(ranges)
    ]
    return found + [f"2001:db8:{2 * number:x}::/48" for number in range(ipv6)]


@pytest.mark.parametrize(
    ("networks", "ranges", "ipv6", "count"), [(1000, 1000, 1000, 1), (1001, 1000, 400, 2), (100, 100, 2001, 3)]
)
def test_each_kind_of_entries_is_counted_by_itself(networks: int, ranges: int, ipv6: int, count: int) -> None:
    rule = from_options({"name": "x", "remoteip": ["LocalSubnet", *addresses(networks, ranges, ipv6)]})
    parts = split(rule, [])
    assert len(parts) == count
    assert all(len(texts) <= 1000 for part in parts for texts in by_kind(part.remoteip).values())
    assert joined(parts) == [rule]
    assert split(rule, parts) == parts
