# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds for the plan of every deployment."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet, PortSet
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import read_topology
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    FirewallRule,
    HostPlan,
    IpsecExemption,
    Plan,
    PoolPlan,
    VirtualService,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from .generated import BALANCERS, inventories

Inventory = dict[str, InventoryHost]
# What it runs has its coverage from the tests of single cases.
pytestmark = pytest.mark.no_cover

RELAY = PortSet.of(50000, 59999)
# Roles that exchange packets with the whole Internet, or with clients that have no address yet.
OPEN_TO_ANY = {"edge", "reverse_proxy", "dhcp_servers", "clients"}
everything = settings(max_examples=60)


def services(plan: Plan) -> list[tuple[str, VirtualService]]:
    """Return every virtual service with its pool's role."""
    return [(pool.role, service) for pool in plan.pools.values() for service in pool.virtual_services]


def holder(plan: Plan, address: str) -> HostPlan:
    return next(found for found in plan.hosts.values() if address in found.addresses)


def admits(rule: FirewallRule, protocol: str, local: str, port: int, source: AddressSet) -> bool:
    return (
        (rule.direction, rule.protocol) == ("in", protocol)
        and AddressSet.parse([local]) <= AddressSet.parse(rule.localip)
        and PortSet.of(port) <= PortSet.parse(rule.localport)
        and source <= AddressSet.parse(rule.remoteip)
    )


@everything
@given(inventories())
def test_virtual_services_balance_only_what_is_balanced(inventory: Inventory) -> None:
    plan = compile_inventory(inventory)
    for role, service in services(plan):
        assert not (service.node_port == 8057 or (role == "edge" and service.node_port in (4443, 23456)))
        assert not PortSet.of(service.node_port) & RELAY
    for found in plan.pools.values():
        if found.method == "none":
            assert found.virtual_services == ()


@everything
@given(inventories())
def test_a_virtual_address_and_port_belongs_to_one_service_and_to_no_member(inventory: Inventory) -> None:
    plan = compile_inventory(inventory)
    listeners = [(service.vip, service.port, service.protocol) for _role, service in services(plan)]
    assert len(set(listeners)) == len(listeners)
    assert len({service.name for _role, service in services(plan)}) == len(listeners)
    members = {address for found in plan.hosts.values() for address in found.addresses}
    assert not members & {service.vip for _role, service in services(plan)}


@everything
@given(inventories())
def test_the_rules_of_load_balancing_hold_for_every_service(inventory: Inventory) -> None:
    """No NAT before the A/V Edge only, STUN asked on TCP 443, affinity of one virtual address shared, no service of a
    Standard Edition.
    """
    plan = compile_inventory(inventory)
    pools = read_topology(inventory).pools
    for role, service in services(plan):
        av = pools[service.pool].external_vips.get("av", AddressSet()) if role == "edge" else AddressSet()
        assert service.source_nat is not (AddressSet.parse([service.vip]) <= av), service
        assert role != "standard_edition"
        assert service.protocol == "tcp" or (service.port, service.monitor["port"]) == (3478, 443)
        assert (
            service.persistence["type"] != "source" or service.persistence["group"] == f"{service.pool}@{service.vip}"
        )
        assert (service.idle_seconds, service.monitor["failures"]) == (1800, 2)
        states = (service.members, service.backup_members, service.draining_members, service.disabled_members)
        assert len(set().union(*states)) == sum(map(len, states))
    for pool in pools.values():
        assert pool.role != "edge" or pool.method.value in ("hlb", "dns", "none")


@everything
@given(inventories())
def test_members_admit_their_balancer_and_its_monitor(inventory: Inventory) -> None:
    """With source NAT the balancer is the peer; without it the clients are, and the balancer still asks whether the
    member is well.
    """
    plan = compile_inventory(inventory)
    topology = read_topology(inventory)
    for _role, service in services(plan):
        balancers = AddressSet.union_of(topology.hosts[name].balancer_addresses for name in service.balancers)
        for member in service.members + service.disabled_members + service.draining_members + service.backup_members:
            rules = holder(plan, member).firewall_rules
            source = balancers if service.source_nat else AddressSet.parse(["any"])
            source, monitor = (each.of_families(AddressSet.parse([member]).families) for each in (source, balancers))
            assert any(admits(rule, service.protocol, member, service.node_port, source) for rule in rules), (
                service,
                member,
            )
            asked = service.monitor["port"]
            assert isinstance(asked, int)
            assert any(admits(rule, "tcp", member, asked, monitor) for rule in rules), (service, member)


@everything
@given(inventories())
def test_any_is_a_peer_only_where_a_row_says_so(inventory: Inventory) -> None:
    for found in compile_inventory(inventory).hosts.values():
        for rule in found.firewall_rules:
            assert rule.remoteip, rule
            assert "any" not in rule.remoteip or set(found.roles) & OPEN_TO_ANY, (found.host, rule)


@everything
@given(inventories())
def test_nothing_is_both_opened_twice_and_named_once(inventory: Inventory) -> None:
    """Rules of a host differ in name and in what they say; retired hosts have none; exemptions come with rules."""
    for found in compile_inventory(inventory).hosts.values():
        said = [replace(rule, name="", description="", rows=()) for rule in found.firewall_rules]
        assert len(set(said)) == len(said) == len({rule.name for rule in found.firewall_rules})
        assert not (found.member_state == "retired" and (said or found.ipsec_exemptions))
        if found.ipsec_exemptions and not set(found.roles) & {"exchange_um"}:
            assert said
        names = {exemption.name for exemption in found.ipsec_exemptions}
        assert len(names) == len(found.ipsec_exemptions)


@everything
@given(inventories())
def test_texts_are_canonical(inventory: Inventory) -> None:
    """Peers are the fewest networks and ports the fewest ranges: reading and writing them changes nothing."""
    for found in compile_inventory(inventory).hosts.values():
        for rule in found.firewall_rules:
            for texts in (rule.remoteip, rule.localip):
                assert AddressSet.parse(texts).to_text() == texts
            for ports in (rule.localport, rule.remoteport):
                assert PortSet.parse(ports).to_text() == ports


@everything
@given(inventories(), st.randoms(use_true_random=False))
def test_the_order_of_the_inventory_is_all_the_same_to_hosts(inventory: Inventory, chance: random.Random) -> None:
    shuffled = list(inventory.items())
    chance.shuffle(shuffled)
    one, other = compile_inventory(inventory), compile_inventory(dict(shuffled))
    assert one.hosts == other.hosts
    assert {name: pool.dns_records for name, pool in one.pools.items()} == {
        name: pool.dns_records for name, pool in other.pools.items()
    }


@everything
@given(inventories())
def test_the_same_input_gives_the_same_bytes(inventory: Inventory) -> None:
    assert plan_files.rendered(compile_inventory(inventory)) == plan_files.rendered(compile_inventory(dict(inventory)))


@settings(deadline=None)
@given(inventories())
def test_a_plan_loads_back_from_its_files(inventory: Inventory) -> None:
    plan = compile_inventory(inventory)
    documents = plan_files.parsed(plan_files.rendered(plan))
    assert {name: plan_files.load_host(documents[plan_files.host_path(name)]) for name in plan.hosts} == plan.hosts
    assert {name: plan_files.load_pool(documents[plan_files.pool_path(name)]) for name in plan.pools} == plan.pools


def _without_clients(plan: Plan) -> dict[str, PoolPlan]:
    return {
        name: replace(
            pool,
            virtual_services=tuple(
                replace(service, options={key: value for key, value in service.options.items() if key != "clients"})
                for service in pool.virtual_services
            ),
        )
        for name, pool in plan.pools.items()
    }


@everything
@given(inventories())
def test_one_more_client_network_changes_peers_only(inventory: Inventory) -> None:
    """10.99.0.0/16 is nobody's neighbour: rules gain it or stay as they are."""
    wider = {name: _with_client_network(each, "10.99.0.0/16") for name, each in inventory.items()}
    before, after = compile_inventory(inventory), compile_inventory(wider)
    # A Linux balancer of UDP services admits clients itself.
    assert _without_clients(before) == _without_clients(after)
    for name, found in before.hosts.items():
        pairs = list(zip(found.firewall_rules, after.hosts[name].firewall_rules, strict=True))
        for old, new in pairs:
            assert replace(new, remoteip=old.remoteip) == old
            assert set(new.remoteip) - set(old.remoteip) <= {"10.99.0.0/16"}
        assert (
            replace(after.hosts[name], firewall_rules=found.firewall_rules, mirror_peers=found.mirror_peers) == found
        )


@everything
@given(inventories())
def test_an_exemption_is_not_an_allow_and_has_its_rules(inventory: Inventory) -> None:
    """What an exemption spares IPsec, firewall rules of the same plan admit: one of its protocol and address, on its
    media ports.
    """
    for found in compile_inventory(inventory).hosts.values():
        # The catalogue has no port rows of Exchange, and the plan says so.
        theirs = {"I11", "I14"} if any("Exchange's own setup" in text for text in found.assumptions) else set()
        for each in (item for item in found.ipsec_exemptions if not theirs & set(item.rows)):
            media = [
                flow
                for flow in found.media_flows
                if (flow.protocol, flow.localip, flow.rows) == (each.protocol, each.localip, each.rows)
            ]
            assert media, each.name
            admitted = [PortSet.parse(rule.localport) for rule in found.firewall_rules if _is_about(rule, each)]
            assert all(any(PortSet.parse(flow.localport) & ports for ports in admitted) for flow in media), (
                found.host,
                each.name,
            )


def _is_about(rule: FirewallRule, exemption: IpsecExemption) -> bool:
    bound = AddressSet.parse(exemption.localip) & AddressSet.parse(rule.localip)
    return rule.protocol == exemption.protocol and bool(bound)


def _with_client_network(each: InventoryHost, network: str) -> InventoryHost:
    networks = each.variables["lync_client_networks"]
    assert isinstance(networks, list)
    return replace(each, variables={**each.variables, "lync_client_networks": [*networks, network]})


@everything
@given(inventories())
def test_a_host_that_changes_its_role_keeps_nothing_of_the_old_one(inventory: Inventory) -> None:
    """Whatever it was before, a Director alone in a new pool has the rules of a Director."""
    moved = next(name for name in inventory if name not in BALANCERS)
    neutral = {
        key: value
        for key, value in inventory[moved].variables.items()
        if key not in ("lync_external_addresses", "lync_member_state")
    }
    pools = neutral["lync_pools"]
    assert isinstance(pools, dict)
    changed_pools = {**pools, "new.contoso.com": {"role": "directors"}}
    turned = {
        name: replace(each, variables={**each.variables, "lync_pools": changed_pools})
        for name, each in inventory.items()
    }
    turned[moved] = InventoryHost(
        moved, ("directors",), {**neutral, "lync_pools": changed_pools, "lync_pool": "new.contoso.com"}
    )
    assume(_still_valid(turned))
    found = compile_inventory(turned).hosts[moved]
    assert found.roles == ("directors",)
    assert all(
        rule.name.startswith(("Lync director-", "Lync cms-replica", "Lync sql-browser", "Lync centralized-logging"))
        for rule in found.firewall_rules
    )
    assert found.ipsec_exemptions == ()


def _still_valid(inventory: Inventory) -> bool:
    """Return whether the pool that the host left can do without it."""
    left = {each.variables.get("lync_pool") for each in inventory.values()}
    pools = next(iter(inventory.values())).variables["lync_pools"]
    assert isinstance(pools, dict)
    return set(pools) <= left
