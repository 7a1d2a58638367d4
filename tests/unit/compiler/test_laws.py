# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan promises is there: names and publications lead to somebody who listens, whatever the deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet, PortSet
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.naming import private_addresses
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import read_topology
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan
from hypothesis import given, settings

from .examples import NAMES, example
from .generated import related_inventories

Inventory = Mapping[str, InventoryHost]
Socket = tuple[str, int]

# What it runs has its coverage from the tests of single cases.
pytestmark = pytest.mark.no_cover
everything = settings(max_examples=60)


def listening(plan: Plan) -> AddressSet:
    """Return the addresses on which something of the plan takes TCP: services of balancers, and hosts with rules."""
    texts = [service.vip for pool in plan.pools.values() for service in pool.virtual_services]
    for host in plan.hosts.values():
        if any(rule.direction == "in" and rule.protocol == "tcp" for rule in host.firewall_rules):
            texts += host.addresses
    return AddressSet.parse(texts)


def takes(plan: Plan, socket: Socket) -> bool:
    address, port = socket
    services = (service for pool in plan.pools.values() for service in pool.virtual_services)
    if any((service.vip, service.port) == socket for service in services):
        return True
    holders = [host for host in plan.hosts.values() if address in host.addresses]
    rules = [rule for host in holders for rule in host.firewall_rules if rule.direction == "in"]
    return any(rule.protocol == "tcp" and PortSet.of(port) <= PortSet.parse(rule.localport) for rule in rules)


def outside(inventory: Inventory) -> AddressSet:
    """Return the addresses by which the Internet reaches hosts through translation."""
    topology = read_topology(inventory)
    translated = [host.external_nat_address for host in topology.hosts.values()]
    translated += [each for host in topology.hosts.values() for each in host.external_nat_addresses.values()]
    return AddressSet.union_of([*translated, *(pool.external_web_nat_vip for pool in topology.pools.values())])


def led_to(plan: Plan) -> Iterator[tuple[str, str]]:
    for pool in plan.pools.values():
        for record in pool.dns_records:
            if record.view == "internal" and record.type in ("A", "AAAA"):
                yield from ((record.name, value) for value in record.values)


def check_names(inventory: Inventory) -> None:
    plan = compile_inventory(inventory)
    there = listening(plan) | outside(inventory)
    assert [(name, value) for name, value in led_to(plan) if AddressSet.parse([value]) - there] == []


def check_publications(inventory: Inventory) -> None:
    plan = compile_inventory(inventory)
    published = [each for host in plan.hosts.values() for each in host.publications or ()]
    for each in published:
        for member in each.members:
            assert takes(plan, (member.address, each.https_node_port)), (each.name, member, each.https_node_port)
            if publishes_http(inventory):
                assert takes(plan, (member.address, each.http_node_port)), (each.name, member, each.http_node_port)


def publishes_http(inventory: Inventory) -> bool:
    features = next(iter(inventory.values())).variables["lync_features"]
    return isinstance(features, list) and "http_publishing" in features


def check_discovery(inventory: Inventory) -> None:
    """Hold SRV records inside to targets that have addresses there, where something takes their port."""
    plan = compile_inventory(inventory)
    records = [record for pool in plan.pools.values() for record in pool.dns_records if record.view == "internal"]
    for record in (each for each in records if each.name.startswith("_sipinternaltls.")):
        for _priority, _weight, port, target in (value.split() for value in record.values):
            named = [each for each in records if each.name == target and each.type in ("A", "AAAA")]
            assert named, (record.name, target)
            for address in (value for each in named for value in each.values):
                assert takes(plan, (address, int(port))), (record.name, target, address)


def check_monitors(inventory: Inventory) -> None:
    """Hold monitors to ports that members take, and the port of a member to one that it takes."""
    plan = compile_inventory(inventory)
    ours = AddressSet.parse(address for host in plan.hosts.values() for address in host.addresses)
    services = [service for pool in plan.pools.values() for service in pool.virtual_services]
    for service in services:
        asked = service.monitor["port"]
        assert isinstance(asked, int)
        for member in (each for each in service.members if AddressSet.parse([each]) <= ours):
            assert takes(plan, (member, asked)), (service.name, member, asked)
            assert service.protocol == "udp" or takes(plan, (member, service.node_port)), (service.name, member)


@everything
@given(related_inventories())
def test_every_monitor_leads_to_a_listener(inventory: Inventory) -> None:
    check_monitors(inventory)


@everything
@given(related_inventories())
def test_every_name_inside_leads_to_a_listener(inventory: Inventory) -> None:
    check_names(inventory)


@everything
@given(related_inventories())
def test_what_clients_discover_inside_leads_to_a_listener(inventory: Inventory) -> None:
    check_discovery(inventory)


@everything
@given(related_inventories())
def test_every_publication_leads_to_a_listener(inventory: Inventory) -> None:
    check_publications(with_drivers(inventory))


def with_drivers(inventory: Inventory) -> Inventory:
    """Return an inventory whose reverse proxies have a driver, so that they publish."""
    return {name: replace(each, variables=_driven(each)) for name, each in inventory.items()}


def _driven(each: InventoryHost) -> Mapping[str, object]:
    driver = {"lync_reverse_proxy_driver": "haproxy"} if "reverse_proxy" in each.groups else {}
    return {**each.variables, **driver}


def check_outside(inventory: Inventory) -> None:
    """Hold what the Internet is told to public addresses, and to names that are not of the inside alone."""
    plan = compile_inventory(inventory)
    records = [record for pool in plan.pools.values() for record in pool.dns_records if record.view == "external"]
    told = AddressSet.parse(value for each in records if each.type in ("A", "AAAA") for value in each.values)
    assert (told & private_addresses()).to_text() == ()
    published = {name for host in plan.hosts.values() for each in host.publications or () for name in each.host_names}
    assert "admin.contoso.com" not in published | {record.name for record in records}


def check_loopback(inventory: Inventory) -> None:
    """Hold rules that admit somebody to admitting somebody else than the host itself."""
    for host in compile_inventory(inventory).hosts.values():
        own = AddressSet.parse(host.addresses)
        peers = [AddressSet.parse(rule.remoteip) for rule in host.firewall_rules if rule.direction == "in"]
        assert [each.to_text() for each in peers if each <= own] == []


@everything
@given(related_inventories())
def test_the_internet_is_told_public_addresses_and_no_control_panel(inventory: Inventory) -> None:
    check_outside(with_drivers(inventory))


@everything
@given(related_inventories())
def test_no_rule_admits_a_host_to_itself_alone(inventory: Inventory) -> None:
    check_loopback(inventory)


@pytest.mark.parametrize("name", NAMES)
def test_examples_keep_all(name: str) -> None:
    check_names(example(name))
    check_publications(example(name))
    check_discovery(example(name))
    check_monitors(example(name))
    check_outside(example(name))
    check_loopback(example(name))


def turned(value: object) -> object:
    """Return a value with the keys of every mapping in the opposite order."""
    if isinstance(value, Mapping):
        return {key: turned(value[key]) for key in reversed(list(value))}
    return [turned(item) for item in value] if isinstance(value, list) else value


@everything
@given(related_inventories())
def test_the_order_of_mappings_changes_no_byte_of_a_plan(inventory: Inventory) -> None:
    other = {
        name: replace(host, variables={key: turned(value) for key, value in reversed(list(host.variables.items()))})
        for name, host in inventory.items()
    }
    one, two = compile_inventory(inventory), compile_inventory(other)
    assert plan_files.rendered(one) == plan_files.rendered(two)
    assert (one.inputs, one.known_addresses) == (two.inputs, two.known_addresses)
