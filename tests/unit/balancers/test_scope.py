# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which services a balancer gets in a run, and what waits; how rendering and planning grow."""

from __future__ import annotations

import gc
import json
import time
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.changes import State, plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.model import Member, Monitor, Persistence, PersistenceKind, Service, affinity_group
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.registry import DRIVERS
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.scope import balancer_scope, pools_of_balancers


def pool(name: str, *balancers: str, protocol: str = "tcp") -> dict[str, Any]:
    return {"pool": name, "virtual_services": [{"name": f"{name}-{protocol}", "protocol": protocol, "balancers": list(balancers)}]}


POOLS = [pool("one", "lb01", "lb02"), pool("two", "lb01", protocol="udp"), pool("three", "lb03")]


def names(part: dict[str, Any]) -> list[str]:
    return [service["name"] for service in part["services"]]


def test_a_balancer_gets_its_own_services_by_what_each_driver_carries() -> None:
    scope = balancer_scope("lb01", POOLS, {}, {})
    assert (names(scope.of("haproxy", "haproxy")), names(scope.of("haproxy", "nginx_stream"))) == (["one-tcp"], ["two-udp"])
    assert names(scope.of("f5_as3", "f5_as3")) == ["one-tcp", "two-udp"]
    assert scope.of("haproxy", "haproxy")["state"] == "replaced"


def test_a_pool_waits_for_its_members_and_nothing_is_removed_meanwhile() -> None:
    part = balancer_scope("lb01", POOLS, {"one": "fe02 not as planned"}, {}).of("f5_as3", "f5_as3")
    assert (names(part), part["state"], part["waiting"]) == (["two-udp"], "merged", {"one": "fe02 not as planned"})
    assert balancer_scope("lb03", POOLS, {"one": "fe02 not as planned"}, {}).waiting == {}


def test_the_second_unit_of_a_pair_waits_for_the_first() -> None:
    assert balancer_scope("lb02", POOLS, {}, {"lb01": True}).waiting == {}
    assert balancer_scope("lb02", POOLS, {}, {"lb01": False}).waiting == {"one": "lb01 of the same pair is not as planned"}


def test_which_pools_a_managed_balancer_serves() -> None:
    files = {f"pools/{each['pool']}.json": json.dumps(each) for each in POOLS} | {f"hosts/{name}.json": "{}" for name in ("lb01", "lb02")}
    found = pools_of_balancers(files)
    assert found == {"lb01": ["one", "two"], "lb02": ["one"]}  # lb03 is not managed


def many(pools: int) -> tuple[Service, ...]:
    """Return 15 services of each of so many pools."""
    found = []
    for number in range(pools):
        name, net = f"pool{number:03}.contoso.com", f"10.{1 + number // 200}.{number % 200}"
        members = tuple(Member(f"{net}.{last}") for last in (11, 12, 13))
        kept = Persistence(PersistenceKind.SOURCE, 1200, group=affinity_group(name, f"{net}.100"))
        found += [
            Service(f"{name}-{port}", name, f"{net}.100", port, "tcp", port, members, Monitor(5061), kept)
            for port in (5061, 444, 135, 80, 8080, 443, 4443, 5071, 5072, 5073, 5075, 5076, 5080, 448, 5070)
        ]
    return tuple(found)


@pytest.mark.parametrize("name", ["haproxy", "nginx_stream"])
def test_ten_times_the_pools_take_at_most_twelve_times_the_time(name: str) -> None:
    driver = DRIVERS[name]

    def seconds(pools: int) -> float:
        want = many(pools)
        gc.collect()
        gc.freeze()  # what other tests left is not counted again and again
        start = time.process_time()
        have = driver.parse(driver.render(want).document)
        assert plan_changes(tuple(map(driver.expressible, want)), have, State.REPLACED, driver.impacts) == ()
        return time.process_time() - start

    seconds(100)
    # A busy machine makes single measurements wrong by more than the margin; what grows with the square would be a hundredfold.
    for _attempt in range(4):
        small, large = min(seconds(10) for _ in range(5)), min(seconds(100) for _ in range(3))  # pylint: disable=disallowed-name
        print(f"{name}: 10 pools {small:.3f} s, 100 pools {large:.3f} s, ratio {large / small:.1f}")
        if large <= 12 * small:
            return
    pytest.fail(f"{name}: 100 pools take {large / small:.1f} times the time of 10")
