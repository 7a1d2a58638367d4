# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever stands in an inventory, rows and overrides included, ends in a plan or in a list of errors."""

from __future__ import annotations

import copy
import functools
import json
import operator
import random
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import ROLES
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.variables import (
    DEPLOYMENT_VARIABLES,
    HOST_VARIABLES,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .examples import example
from .plan_schema import schema_errors

Inventory = dict[str, InventoryHost]
Tree = dict[str, object]

# What it runs has its coverage from the tests of single cases.
pytestmark = pytest.mark.no_cover

WORDS = (
    "any", "10.1.0.11", "10.1.0.100", "10.0.0.0/8", "::/0", "2001:db8::1", "fe80::1%eth0", "0.0.0.0/0",
    "10.1.0.1-10.1.0.9", "443", "1-2", "70000", "5-1",
    "hlb", "dns", "none", "edge", "frontend", "lb01", "internal", "external", "av", "audio", "client", "hosts", "2013",
    "2019", "se", "retired", "joining",
    "pool01.contoso.com", "edge01.contoso.com", "{{ x }}", "", " ", "-", ",", "\x00", "/", "..", "\ud800", "ß" * 300,
    "1e9", "0x10", "true", "no", "ports",
)  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers(-1, 70000) | st.integers() | st.floats() | st.dates()
    | st.binary(max_size=4) | st.sampled_from(WORDS) | st.text(max_size=8)
)  # fmt: skip
keys = st.sampled_from(WORDS) | st.text(max_size=4) | st.integers() | st.booleans() | st.none()
junk = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)

# Values that are likely to pass the first checks: parts of valid inventories and catalogues, moved elsewhere.
CATALOGUE_ROWS = [*read_document(default_path())["ports"],
                  *read_document(default_path())["ipsec"]]  # type: ignore[misc]
rows = st.sampled_from(CATALOGUE_ROWS).map(lambda row: {**copy.deepcopy(row), "id": f"{row['id']}-more"})
ROW_KEYS = sorted({key for row in CATALOGUE_ROWS for key in row})
SELECTS = (
    "component=='edge'", "id=='fe-sip-tls'", "interface!='any'", "`true`", "direction=='in'", "port.media",
    "contains(rows, 'S2')",
    "peers[?class=='any']", "][",
)  # fmt: skip
overrides = st.fixed_dictionaries(
    {"select": st.sampled_from(SELECTS) | junk, "set": st.dictionaries(st.sampled_from(ROW_KEYS), junk, max_size=3)},
    optional={"table": st.sampled_from(("ports", "ipsec")) | junk},
)
# One valid change of a row that is likely to matter to the policies.
VALID_SETS: tuple[Tree, ...] = (
    {"interface": "pstn"}, {"interface": "external"}, {"interface": "av"}, {"interface": "internal"},
    {"interface": "any"}, {"component": "edge"},
    {"component": "clients"}, {"component": "internal_servers"}, {"component": "cms_master"},
    {"component": "reverse_proxy"}, {"direction": "out"},
    {"direction": "in"}, {"load_balancer": "always"}, {"load_balancer": "hlb"}, {"port": {"media": "client"}},
    {"port": {"edge_service": "av"}},
    {"port": {"sql": [1433, 1434]}}, {"port": {"gateway_sip": 5060}}, {"port": "1-65535"}, {"port": [1, 3, "5-9"]},
    {"port_side": "remote"},
    {"peers": [{"class": "any"}]}, {"peers": [{"class": "backup_pool", "vips": True}]},
    {"peers": [{"class": "cms_replicas", "scope": "own_pool"}]},
    {"peers": [{"class": "edge", "scope": "own_pool", "vips": True}]},
    {"peers": [{"class": "phones", "features": ["rcc"]}]}, {"web": "external"},
    {"other_port": {"sql": 1433}}, {"other_port": {"edge_service": "access"}}, {"other_port": {"gateway_sip": 5067}},
    {"transports": ["udp", "tcp"]},
    {"features": []}, {"enabled": True}, {"collocated": True}, {"versions": ["2010"]},
)  # fmt: skip
valid_overrides = st.builds(
    lambda select, changes: {"select": select, "set": changes},
    st.sampled_from(SELECTS[:6]),
    st.sampled_from(VALID_SETS),
)


def trees(inventory: Inventory) -> dict[str, Tree]:
    """Return a deep copy of the variables of each host; what hosts share they go on sharing."""
    copied: dict[str, Tree] = copy.deepcopy({name: dict(host.variables) for name, host in inventory.items()})
    return copied


def outcome(inventory: Inventory) -> str:
    """Compile; return "plan" or "errors" and check what is common to all of each kind."""
    try:
        plan = compile_inventory(inventory)
    except InvalidInputError as error:
        assert error.problems
        assert all(problem.place and problem.message for problem in error.problems)
        assert str(error).startswith(f"{len(error.problems)} error")
        return "errors"
    files = plan_files.rendered(plan)
    assert schema_errors({path: text for path, text in files.items() if text not in _known_texts()}) == []
    assert all(text.encode("utf-8") for text in files.values())
    return "plan"


@functools.cache
def _known_texts() -> frozenset[str]:
    """Return the plan files of the example as it is, which need not be looked at again."""
    return frozenset(plan_files.rendered(compile_inventory(example("contoso"))).values())


def paths(node: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Return the path of every value below a node, mappings and lists included."""
    items: list[tuple[object, object]] = (
        list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    )
    return [found for key, child in items for found in [(*path, key), *paths(child, (*path, key))]]


def put(node: Any, path: tuple[object, ...], change: Callable[[Any, Any], None]) -> None:
    """Apply a change(holder, key) at a path, if it still exists."""
    try:
        for key in path[:-1]:
            node = node[key]
        change(node, path[-1])
    except (KeyError, IndexError, TypeError):
        return


def rebuilt(inventory: Inventory, variables: dict[str, Tree], groups: dict[str, tuple[str, ...]]) -> Inventory:
    return {
        name: InventoryHost(name, groups.get(name, host.groups), variables[name]) for name, host in inventory.items()
    }


NAMES = sorted(example("contoso"))
CONTOSO_PATHS = sorted({path for tree in trees(example("contoso")).values() for path in paths(tree)}, key=str)
VARIABLE_NAMES = [
    *(variable.name for variable in HOST_VARIABLES + DEPLOYMENT_VARIABLES),
    "ansible_host",
    "ansible_port",
    "lync_typo",
]
regroupings = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from([*ROLES, "web"]), max_size=3, unique=True).map(tuple), max_size=3
)
slow = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@slow
@given(
    changes=st.lists(st.tuples(st.sampled_from(CONTOSO_PATHS), junk), max_size=4),
    own=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VARIABLE_NAMES), junk), max_size=3),
    groups=regroupings,
)
def test_junk_at_every_place(
    changes: list[tuple[tuple[object, ...], object]],
    own: list[tuple[str, str, object]],
    groups: dict[str, tuple[str, ...]],
) -> None:
    variables = trees(example("contoso"))
    for path, value in changes:
        for tree in variables.values():
            put(tree, path, lambda holder, key,
                value=value: operator.setitem(holder, key, value))  # type: ignore[misc]
    for name, variable, value in own:
        variables[name][variable] = value
    outcome(rebuilt(example("contoso"), variables, groups))


@slow
@given(seed=st.integers(0, 2**32), count=st.integers(1, 6))
def test_parts_removed_doubled_and_moved_elsewhere(seed: int, count: int) -> None:
    """Values stay such as inventories have them, so that mistakes get as far as they can."""
    chance = random.Random(seed)
    variables = trees(example("contoso"))
    for _turn in range(count):
        tree = variables[chance.choice(NAMES)]
        found = paths(tree)
        if found:
            put(tree, chance.choice(found), chance.choice((_remove, _double, _swapped(tree, chance))))
    groups = {
        name: tuple(chance.sample(sorted(ROLES), chance.randint(0, 2)))
        for name in chance.sample(NAMES, chance.randint(0, 2))
    }
    outcome(rebuilt(example("contoso"), variables, groups))


def _remove(holder: Any, key: Any) -> None:
    del holder[key]


def _double(holder: Any, key: Any) -> None:
    holder[key] = [holder[key], holder[key]]


def _swapped(tree: Any, chance: random.Random) -> Callable[[Any, Any], None]:
    other = chance.choice(paths(tree))

    def _swap(holder: Any, key: Any) -> None:
        value = tree
        for step in other:
            value = value[step]
        holder[key] = copy.deepcopy(value)

    return _swap


def with_rows(extra: object, changes: object) -> Inventory:
    added = {"lync_extra_rows": extra, "lync_row_overrides": changes}
    return {
        name: InventoryHost(name, host.groups, {**host.variables, **added})
        for name, host in example("contoso").items()
    }


@slow
@given(extra=junk | st.lists(rows | junk, max_size=3), changes=junk | st.lists(overrides | junk, max_size=3))
def test_junk_in_rows_and_overrides(extra: object, changes: object) -> None:
    outcome(with_rows(extra, changes))


@settings(slow, max_examples=50)
@given(changes=st.lists(valid_overrides, min_size=1, max_size=3))
def test_rows_in_unusual_but_valid_forms(changes: list[Tree]) -> None:
    """Each of these changes is fine by itself; what the policies cannot use must be refused, with words."""
    outcome(with_rows([], changes))


def test_the_examples_themselves_are_valid() -> None:
    assert outcome(example("contoso")) == outcome(example("small")) == "plan"


def test_an_inventory_without_any_role_is_an_empty_plan() -> None:
    plan = compile_inventory({"web01": InventoryHost("web01", ("web",), {"ansible_host": "10.0.0.1"})})
    assert (plan.hosts, plan.pools) == ({}, {})
    assert json.dumps(plan_files.rendered(plan)) == "{}"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "interface": (
        {"component": "frontend", "interface": "av"},
        "interface: 'frontend' has no interface av; allowed: for av: edge; fix: leave interface out",
    ),
    "edge_service": (
        {"component": "frontend", "port": {"edge_service": "av"}},
        "port: edge_service is a port of Edge Servers only",
    ),
    "gateway_sip": (
        {"component": "mediation", "port": {"gateway_sip": 5060}},
        "port: gateway_sip is the port of PSTN gateways, and there are other peers",
    ),
    "other_port": (
        {"component": "frontend", "port": 1, "other_port": {"sql": 1433}},
        "other_port: sql can be a row's port only",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_would_open_more_than_it_says_is_refused(case: str) -> None:
    changes, text = REFUSED[case]
    row = {
        "id": "site-row",
        "port": 9100,
        "transports": ["tcp"],
        "direction": "in",
        "peers": [{"class": "clients"}],
        **changes,
    }
    with pytest.raises(InvalidInputError) as caught:
        compile_inventory(with_rows([row], []))
    assert [str(problem) for problem in caught.value.problems if f"lync_extra_rows[0], {text}" in str(problem)]


def test_an_exemption_of_a_port_is_limited_to_it() -> None:
    row = {
        "table": "ipsec", "id": "site-row", "name": "Site", "components": ["directors"], "direction": "in",
        "transports": ["udp"], "local_port": "7000-7009",
    }  # fmt: skip
    found = compile_inventory(with_rows([row], [])).hosts["dir01"].ipsec_exemptions
    assert [(each.rows, each.localport) for each in found] == [(("site-row",), ("7000-7009",))]
