# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where an inventory and a topology disagree, in the classes of drift."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._drift.deviations import Deviation, deviations_of
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import sketch_topology
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.compare import compared, inventory_hosts
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.mapping import imported
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.read import read_topology_bytes

from tests.simulators.topologies import Document, Port
from tests.unit.compiler.examples import example
from tests.unit.topology.topology_of import document_of

from .samples import everything

Inventory = dict[str, InventoryHost]


@functools.cache
def imported_inventory() -> Inventory:
    return inventory_hosts(imported(read_topology_bytes(everything().published_text().encode(), "t")))


def deviations(inventory: Inventory, document: Document) -> list[Deviation]:
    published = read_topology_bytes(document.published_text().encode(), "t")
    shared = next(iter(inventory.values())).variables
    changes = compared(sketch_topology(inventory), shared, published)
    answers = ((name, {"changes": own, "changed": bool(own)}) for name, own in changes.items())
    results = (TaskResult.of_answer(name, Concern.TOPOLOGY, Step.COMPARE, own, is_check=True) for name, own in answers)
    return [deviation for result in results for deviation in deviations_of(result)]


def test_the_inventory_of_a_topology_agrees_with_it() -> None:
    assert not deviations(imported_inventory(), everything())


@pytest.mark.parametrize("name", ["small", "fabrikam"])
def test_an_example_agrees_with_its_topology_although_its_names_are_short(name: str) -> None:
    inventory = dict(example(name))
    topology = sketch_topology(inventory)
    domain = topology.sip_domains[0] if topology.sip_domains else "fabrikam.com"
    assert [one.text for one in deviations(inventory, document_of(topology, domain))] == []


def _new_server(document: Document) -> None:
    document.clusters[0].machines["fe13.woodgrove.com"] = ()


def _gone_server(document: Document) -> None:
    del document.clusters[0].machines["fe12.woodgrove.com"]


def _application(document: Document) -> None:
    runs = [one for one in document.services if one.role == "ApplicationServer"]
    runs[0].ports += [Port("Cps", "SipServer", 5075)]
    runs[1].ports = [port for port in runs[1].ports if port.owner != "Caa"]


def _federation(document: Document) -> None:
    edge = next(one for one in document.services if one.role == "EdgeServer")
    edge.ports = [port for port in edge.ports if (port.usage, port.side) != ("SipServer", "External")]


def _gateway(document: Document) -> None:
    trunk = next(one for one in document.services if one.role == "PstnGateway")
    trunk.ports = [replace(port, number=5068) for port in trunk.ports]
    trunk.needs = trunk.needs[:1]


CASES: dict[str, tuple[Callable[[Document], None], list[str]]] = {
    "a server is new": (_new_server, [
        "fe13.woodgrove.com: frontend, mediation fe13.woodgrove.com: missing (the topology alone has it)",
        "pool01.woodgrove.com: inventory: changed: members lacks fe13.woodgrove.com",
    ]),
    "a server is gone": (_gone_server, [
        "fe12.woodgrove.com: frontend, mediation fe12.woodgrove.com: extra (the inventory alone has it)",
        "pool01.woodgrove.com: inventory: changed: members has fe12.woodgrove.com besides",
    ]),
    "applications are deployed and removed": (_application, [
        "pool01.woodgrove.com: row fe-call-park: disabled: enabled is false, should be true",
        "pool02.woodgrove.com: row fe-conferencing-attendant: changed: enabled is true, should be false",
        "pool02.woodgrove.com: row fe-dial-in-attendant: changed: enabled is true, should be false",
    ]),
    "federation is off": (_federation, [
        f"edge0{number}.woodgrove.com: inventory: changed: lync_features is federation, should be nothing"
        for number in (1, 2)
    ]),
    "a trunk is another": (_gateway, [
        "gw01.woodgrove.com: inventory: changed: lync_gateway_pools has pool02.woodgrove.com besides; lync_sip_port is "
        "5067, should be 5068",
    ]),
}  # fmt: skip


@pytest.mark.parametrize(("change", "said"), CASES.values(), ids=CASES)
def test_a_change_of_the_topology_is_told(change: Callable[[Document], None], said: list[str]) -> None:
    document = everything()
    change(document)
    found = deviations(imported_inventory(), document)
    assert [f"{one.device}: {one.text}" for one in found] == said
    assert all(one.too_narrow or one.too_wide for one in found)


def test_subscription_edition_is_no_difference() -> None:
    inventory = {
        name: replace(host, variables={**host.variables, "lync_version": "se"})
        for name, host in imported_inventory().items()
    }
    assert not deviations(inventory, everything())
