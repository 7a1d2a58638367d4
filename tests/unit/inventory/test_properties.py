# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whatever stands in an inventory: it becomes a topology, or a list of errors that each say where and what."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import ROLES
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.pool_fields import POOL_FIELDS
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import read_topology
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.variables import (
    DEPLOYMENT_VARIABLES,
    HOST_VARIABLES,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from .sample import DIRECTORS, EDGES, GROUPS, MEDIATION, POOL, Path, changed

# What it runs has its coverage from the tests of single cases.
pytestmark = pytest.mark.no_cover

HOSTS = ("fe01", "fe02", "dir01", "med01", "edge01", "edge02", "gw01", "lb01", "other", "new host", "../new")
POOL_NAMES = (POOL, DIRECTORS, EDGES, MEDIATION, "new.contoso.com")
WORDS = (
    "any", "10.1.0.11", "10.1.0.100", "10.0.0.0/8", "::/0", "2001:db8::1", "0.0.0.0", "1-2", "70000", "5-1", "443",
    "hlb", "dns", "none", "edge", "frontend",
    "lb01", "internal", "external", "access", "audio", "hosts", "zones", "address", "2013", "se", "retired", POOL,
    EDGES, "{{ x }}", "", "-", ",", "\x00", "/",
)  # fmt: skip

scalars = (
    st.none() | st.booleans() | st.integers(-1, 70000) | st.integers() | st.floats() | st.dates()
    | st.binary(max_size=4) | st.sampled_from(WORDS) | st.text(max_size=8)
)  # fmt: skip
keys = st.sampled_from(WORDS) | st.text(max_size=4) | st.integers() | st.booleans() | st.none()
junk = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)

paths: st.SearchStrategy[Path] = st.one_of(
    st.tuples(
        st.sampled_from(("all", *HOSTS)),
        st.sampled_from([*(each.name for each in HOST_VARIABLES + DEPLOYMENT_VARIABLES), "ansible_host", "lync_no"]),
    ),
    st.tuples(st.just("all"), st.just("lync_pools"), st.sampled_from(POOL_NAMES)),
    st.tuples(
        st.just("all"),
        st.just("lync_pools"),
        st.sampled_from(POOL_NAMES),
        st.sampled_from([each.name for each in POOL_FIELDS]),
    ),
)
groups = st.lists(st.sampled_from([*ROLES, "somebody_else"]), max_size=3).map(tuple)
regroupings = st.dictionaries(st.tuples(st.sampled_from(HOSTS), st.just(GROUPS)), groups, max_size=3)


def _shortest_last(changes: Mapping[Path, object]) -> dict[Path, object]:
    """Order changes so that a mapping is replaced by junk only after its keys were."""
    return dict(sorted(changes.items(), key=lambda change: -len(change[0])))


@settings(max_examples=400, deadline=None)
@given(changes=st.dictionaries(paths, junk, max_size=6), regrouped=regroupings)
def test_any_inventory_ends_in_a_topology_or_in_errors(
    changes: dict[Path, object], regrouped: dict[Path, object]
) -> None:
    inventory = changed({**_shortest_last(changes), **regrouped})
    try:
        topology = read_topology(inventory)
    except InvalidInputError as error:
        assert error.problems
        assert all(problem.place and problem.message for problem in error.problems)
    else:
        assert set(topology.hosts) <= set(inventory)
        assert all(member in topology.hosts for pool in topology.pools.values() for member in pool.members)
        assert all(host.addresses for host in topology.hosts.values())


@settings(max_examples=100, deadline=None)
@given(changes=st.dictionaries(paths, junk, max_size=4), regrouped=regroupings)
def test_errors_do_not_depend_on_sharing_of_values(changes: dict[Path, object], regrouped: dict[Path, object]) -> None:
    """An inventory whose hosts share their values reads as one in which every host has its own."""
    shared = changed({**_shortest_last(changes), **regrouped})
    own = {name: changed({**_shortest_last(changes), **regrouped})[name] for name in shared}
    assert _outcome(shared) == _outcome(own)


def _outcome(inventory: Mapping[str, InventoryHost]) -> object:
    try:
        return read_topology(inventory)
    except InvalidInputError as error:
        return error.report()
