# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run goes by when its plan was approved: which hosts must be there, and what is pending."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.plans import MissingHostsError, Request, order_of_run
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files

from tests.unit.compiler.examples import example

Inventory = dict[str, InventoryHost]


@pytest.fixture(scope="module")
def whole() -> Inventory:
    return example("small")


@pytest.fixture(scope="module")
def directory(whole: Inventory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plan")
    plan = compile_inventory(whole)
    plan_files.write(made, plan_files.rendered(plan), plan.known_addresses, plan.inputs, plan.names)
    return made


def request_of(directory: Path, inventory: Inventory, **more: object) -> Request:
    request = Request({"lync_plan": str(directory)}, played=sorted(inventory))
    return replace(request, **more)  # type: ignore[arg-type]  # one keyword each


def without(inventory: Inventory, name: str) -> Inventory:
    return {key: host for key, host in inventory.items() if key != name}


def test_an_inventory_that_says_the_same_has_nothing_pending(directory: Path, whole: Inventory) -> None:
    order = order_of_run(whole, request_of(directory, whole))
    assert order.approved is not None
    assert (order.approved.pending, order.missing, order.warnings) == ((), (), ())
    assert order.plan == replace(compile_inventory(whole), warnings=())


def test_a_host_that_the_inventory_lacks_ends_the_run(directory: Path, whole: Inventory) -> None:
    partial = without(whole, "edge01")
    with pytest.raises(MissingHostsError, match="edge01: in the earlier plan and not in the inventory"):
        order_of_run(partial, request_of(directory, partial))
    order = order_of_run(partial, request_of(directory, partial, stops_at_missing=False))
    assert order.missing == ("edge01",)


def test_a_limit_needs_its_own_hosts_alone(directory: Path, whole: Inventory) -> None:
    partial = without(whole, "edge01")
    order = order_of_run(partial, request_of(directory, partial, limited=True, played=["se01.fabrikam.com"]))
    assert order.approved is not None
    assert order.approved.pending == (
        "the inventory lacks 1 host of the plan, so what it changes cannot be told",
    )
    assert set(order.plan.hosts) == set(compile_inventory(whole).hosts)


def test_a_host_beside_the_plan_is_left_alone_and_named(directory: Path, whole: Inventory) -> None:
    more = {**whole, "app09": InventoryHost("app09", ("all",), {})}
    order = order_of_run(more, request_of(directory, more))
    assert order.warnings == ("not in the plan, and so left alone: app09",)


@pytest.mark.parametrize(
    "variables, expected",
    [
        ({"lync_client_networks": ["192.168.10.0/24", "192.168.11.0/24"]}, "192.168.11.0/24 newly admitted"),
        ({"lync_version": "2011"}, "the inventory has 1 error by now, so what it changes cannot be told"),
    ],
)
def test_what_the_inventory_says_by_now_is_pending(
    directory: Path, whole: Inventory, variables: dict[str, object], expected: str
) -> None:
    now = {name: replace(host, variables={**host.variables, **variables}) for name, host in whole.items()}
    order = order_of_run(now, request_of(directory, now))
    assert order.approved is not None and any(expected in line for line in order.approved.pending)
    assert order.plan.hosts == compile_inventory(whole).hosts


def test_all_that_is_wrong_is_told_at_once(directory: Path, whole: Inventory) -> None:
    variables = {"lync_plan": str(directory), "lync_plan_digest": "0" * 64, "lync_wave_size": 0}
    request = replace(request_of(directory, whole), variables=variables, approved_dir="x", plan_only=True)
    with pytest.raises(InvalidInputError) as refused:
        order_of_run(whole, request)
    found = str(refused.value)
    for text in ("lync_wave_size", "goes by one plan", "goes by none", "digest"):
        assert text in found
