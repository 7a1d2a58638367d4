# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which services a balancer gets in a run, and what waits, and how rendering and planning grow."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.registry import DRIVERS
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.balancer_scope import balancer_scope, pools_of_balancers

from tests.bench.balancers import document_of, plan, services


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
    idle = json.dumps({"host": "lb09", "balancer_driver": "kemp"})
    found = pools_of_balancers({**files, "hosts/lb09.json": idle})
    assert found == {"lb01": ["one", "two"], "lb02": ["one"], "lb09": []}  # lb03 is not managed, and lb09 has no pool any more


def calls(name: str, pools: int) -> int:
    """Return how many functions are called to render and plan 15 services of so many pools."""
    want = services(range(pools))
    document, count = document_of(name, want), 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        assert plan(name, want, document)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", sorted(DRIVERS))
def test_ten_times_the_pools_take_ten_times_the_calls(name: str) -> None:
    # Seconds, which a busy machine makes wrong by more than the margin, are measured by make bench.
    calls(name, 2)
    few, many = calls(name, 3), calls(name, 30)
    assert many <= 10.2 * few
