# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The order of changes: canaries first, then never more of a pool than allowed."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves, waves_of
from hypothesis import given
from hypothesis import strategies as st


def plan(name: str, roles: str, pool: str | None = None) -> HostPlan:
    return HostPlan(name, tuple(roles.split()), "2010", pool, "windows", True, "active", ())


FARM = [
    plan("fe01", "frontend", "p1"),
    plan("fe02", "frontend", "p1"),
    plan("fe03", "frontend", "p1"),
    plan("fe21", "frontend", "p2"),
    plan("fe22", "frontend", "p2"),
    plan("med01", "mediation", "m1"),
    plan("med02", "mediation", "m1"),
    plan("mon01", "monitoring"),
    plan("mon02", "monitoring"),
    plan("mon03", "monitoring"),
]


def test_a_canary_per_role_and_then_a_member_of_each_pool() -> None:
    found = waves_of(FARM)
    assert found.waves == (("fe01", "med01", "mon01"), ("fe02", "fe21", "med02", "mon02", "mon03"), ("fe03", "fe22"))
    assert found.predecessors == {
        "fe02": ("fe01",),
        "fe03": ("fe01", "fe02"),
        "fe21": ("fe01",),
        "fe22": ("fe01", "fe21"),
        "med02": ("med01",),
        "mon02": ("mon01",),
        "mon03": ("mon01",),
    }


def test_wave_size() -> None:
    assert waves_of(FARM, 2).waves == (
        ("fe01", "med01", "mon01"),
        ("fe02", "fe03", "fe21", "fe22", "med02", "mon02", "mon03"),
    )


def test_two_roles_of_one_pool_have_one_canary() -> None:
    """The second member, the first Mediation Server, waits for the first: they share a pool."""
    hosts = [plan("fe01", "frontend", "p1"), plan("fe02", "frontend mediation", "p1"), plan("med01", "mediation", "m1")]
    found = waves_of(hosts)
    assert found.waves[0] == ("fe01", "med01")
    assert found.predecessors == {"fe02": ("fe01", "med01")}


@pytest.mark.parametrize("hosts", [[], [plan("x", "")], [plan("fe01", "frontend")]])
def test_few_hosts(hosts: list[HostPlan]) -> None:
    assert waves_of(hosts) == Waves((tuple(host.host for host in hosts),) if hosts else ())


hosts_strategy = st.lists(
    st.tuples(
        st.sets(st.sampled_from(("frontend", "mediation", "edge", "monitoring")), max_size=2),
        st.sampled_from((None, "p1", "p2", "p3")),
    ),
    max_size=12,
).map(lambda drawn: [plan(f"h{index:02}", " ".join(sorted(roles)), pool) for index, (roles, pool) in enumerate(drawn)])


@given(hosts_strategy, st.integers(1, 3))
def test_laws_of_waves(hosts: list[HostPlan], size: int) -> None:
    found = waves_of(hosts, size)
    order = [name for wave in found.waves for name in wave]
    assert sorted(order) == [host.host for host in hosts], "each host once"
    number = {name: index for index, wave in enumerate(found.waves) for name in wave}
    pool_of = {host.host: host.pool for host in hosts if host.pool}
    for wave in found.waves:
        assert wave
        for pool in set(pool_of.values()):
            assert sum(pool_of.get(name) == pool for name in wave) <= size
    for name, before in found.predecessors.items():
        assert before == tuple(sorted(set(before)))
        assert all(number[other] < number[name] for other in before), "who must succeed before comes in an earlier wave"
    for host in hosts:
        mates = {
            other.host
            for other in hosts
            if host.pool and other.pool == host.pool and number[other.host] < number[host.host]
        }
        assert mates <= set(found.predecessors.get(host.host, ())), "a failed member stops its pool"


@given(hosts_strategy)
def test_no_two_hosts_of_the_first_wave_share_a_pool(hosts: list[HostPlan]) -> None:
    first = waves_of(hosts).waves[0] if hosts else ()
    pools = [host.pool for host in hosts if host.host in first and host.pool]
    assert len(set(pools)) == len(pools)
