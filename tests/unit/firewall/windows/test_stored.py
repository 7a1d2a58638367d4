# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is written through COM: the registry and COM show the same of it, and not the same when anything differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.com import to_com
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.host import read_answer, read_stored_of
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.stored import differences
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.host_module import run_module
from tests.unit.firewall.memory import MemoryStore

from .test_registry_strings import written

# What somebody changes of a rule whatever it is, and the name of the property in the sentence about it.
CHANGES: dict[str, Callable[[dict[str, object]], dict[str, object]]] = {
    "enabled": lambda rule: {"Enabled": not rule["Enabled"]},
    "action": lambda rule: {"Action": 0 if rule["Action"] else 1},
    "description": lambda rule: {"Description": f"{rule['Description'] or ''}!"},
    "group": lambda rule: {"Grouping": f"{rule['Grouping'] or ''}!"},
    "profiles": lambda rule: {"Profiles": 4 if rule["Profiles"] != 4 else 2},
    "remoteip": lambda rule: {"RemoteAddresses": "10.99.0.0/255.255.0.0"},
    "program": lambda rule: {"ApplicationName": "C:\\other.exe"},
    "service": lambda rule: {"ServiceName": "Other"},
}
_INTERFACES = st.sets(st.sampled_from(["Ethernet", "Ethernet 2", "LAN, first"]))


@st.composite
def _rules(draw: st.DrawFn) -> list[Rule]:
    """Return rules that Windows takes, namesakes among them; some are bound to interfaces."""
    found = draw(st.lists(written(), min_size=1, max_size=4))
    return [rule if rule.localip else replace(rule, interfaces=frozenset(draw(_INTERFACES))) for rule in found]


def store_with(rules: list[Rule]) -> MemoryStore:
    """Return a host on which rules were written property by property, as the module writes them."""
    store = MemoryStore.of()
    policy = store.policy()
    for rule in rules:
        new = policy.new_rule()
        for name, value in to_com(rule).items():
            new.put(name, value)
        policy.add(new)
    return store


def compared(store: MemoryStore) -> tuple[str, ...]:
    """Return what differs between both readings of one answer of a host."""
    answer = run_module(store, {"operation": "gather", "gather_through": "both"}, False)
    stored = read_stored_of(answer)
    assert stored is not None and stored.problems == ()
    return differences(stored.rules, read_answer(answer).rules)


@given(_rules())
def test_what_was_written_is_the_same_in_both_readings(rules: list[Rule]) -> None:
    store = store_with(rules)
    assert len(store.document["rules"]) == len(rules)
    assert compared(store) == ()


@pytest.mark.parametrize("option", CHANGES)
@given(rules=_rules(), data=st.data())
def test_one_changed_property_is_one_difference_that_names_it(
    option: str, rules: list[Rule], data: st.DataObject
) -> None:
    store = store_with(rules)
    before = run_module(store, {"operation": "gather", "gather_through": "registry"}, False)["stored"]["rules"]
    present = store.document["rules"]
    chosen = data.draw(st.integers(0, len(present) - 1))
    changed = {**present[chosen], **CHANGES[option](present[chosen])}
    store.change(rules=[changed if rule is present[chosen] else rule for rule in present], registry={"rules": before})
    found = compared(store)
    assert found and all(option in line for line in found), found
