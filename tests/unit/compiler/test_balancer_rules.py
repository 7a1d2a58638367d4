# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of load balancers that are Linux hosts: every virtual service is open to whom the members expect, and to
nobody else.
"""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import FirewallRule

from .deployments import compiled, host
from .examples import example

POOL = "pool01.contoso.com"
FRONT_END = host("frontend", "10.1.0.11", pool=POOL)
HLB = {
    "role": "frontend",
    "load_balancing": "hlb",
    "balancer": "lb01",
    "vip": ["10.1.0.100", "2001:db8:1::100"],
    "external_web_vip": "10.1.0.102",
}


def rules(**balancer: object) -> tuple[FirewallRule, ...]:
    balancers = {"lb01": host("load_balancers", "10.1.0.5", **{"balancer_driver": "haproxy", **balancer})}
    proxy = host("reverse_proxy", "10.2.0.61")
    plan = compiled(
        {"fe01": FRONT_END, "rp01": proxy, **balancers},
        pools={POOL: HLB},
        client_networks=["10.10.0.0/16", "2001:db8:10::/48"],
    )
    return plan.hosts["lb01"].firewall_rules


def test_the_peers_of_a_virtual_address_are_those_of_the_row() -> None:
    found = {rule.name: rule for rule in rules()}
    sip = found[f"Lync fe-sip-tls of {POOL} (TCP in)"]
    assert (sip.rows, sip.localport, sip.localip) == (("S2",), ("5061",), ("10.1.0.100", "2001:db8:1::100"))
    assert "10.1.0.11" in sip.remoteip and "any" not in sip.remoteip
    web = [rule for rule in found.values() if rule.localip == ("10.1.0.102",)]
    assert {(rule.localport, "10.2.0.61" in rule.remoteip) for rule in web} == {(("443",), True)}


def test_every_virtual_service_of_the_example_has_one_rule_on_each_of_its_linux_balancers() -> None:
    plan = compile_inventory(example("contoso"))
    services = [service for pool in plan.pools.values() for service in pool.virtual_services]
    for name in ("lb01", "lb21"):
        own = [service for service in services if name in service.balancers]
        for service in own:
            vip = AddressSet.parse([service.vip])
            fitting = [
                rule for rule in plan.hosts[name].firewall_rules
                if vip <= AddressSet.parse(rule.localip) and rule.localport == (str(service.port),
                                                                                ) and rule.protocol == service.protocol
            ]  # fmt: skip
            assert len(fitting) == 1 or {row for rule in fitting for row in rule.rows} >= set(service.rows), (
                service.name
            )
        assert own
    assert plan.hosts["lb02"].firewall_rules == ()


@pytest.mark.parametrize(
    "change", [{"balancer_driver": "kemp"}, {"member_state": "retired"}, {"platform": "appliance"}]
)
def test_an_appliance_and_a_retired_balancer_have_none(change: dict[str, object]) -> None:
    assert rules(**change) == ()


def test_a_linux_host_is_managed_by_ssh() -> None:
    management = next(
        rule
        for rule in rules(management_rule=True, management_networks=["10.9.0.0/24"])
        if rule.name == "Lync management (TCP in)"
    )
    assert (management.localport, management.remoteip) == (("22",), ("10.9.0.0/24",))


def test_a_virtual_address_of_a_family_that_the_balancer_does_not_speak_is_warned_of() -> None:
    """What the packet lab found: members admit a balancer by its addresses, and it had none of the family of its
    virtual address.
    """

    def warned(*addresses: str) -> list[str]:
        balancer = host("load_balancers", "10.1.0.5", balancer_driver="haproxy", balancer_addresses=list(addresses))
        return [
            text
            for text in compiled({"fe01": FRONT_END, "lb01": balancer}, pools={POOL: HLB}).warnings
            if "speaks to members" in text
        ]

    assert warned("10.1.0.5", "2001:db8:1::5") == []
    assert (
        len(warned("10.1.0.5")) == 1
        and "no IPv6 address" in warned("10.1.0.5")[0]
        and "fix: add one to lync_balancer_addresses" in warned("10.1.0.5")[0]
    )


@pytest.mark.parametrize(("driver", "has_switch"), [("kemp", True), ("netscaler", False), ("f5_as3", False)])
def test_a_pool_assumes_what_its_appliance_needs_besides(driver: str, has_switch: bool) -> None:
    balancers = {"lb01": host("load_balancers", "10.1.0.5", balancer_driver=driver)}
    plan = compiled({"fe01": FRONT_END, **balancers}, pools={POOL: HLB}, client_networks=["10.10.0.0/16"])
    found = plan.pools[POOL].assumptions
    assert any("drops connections of a Real Server that fails" in text for text in found) == has_switch
    assert not any("forwarding virtual" in text for text in found), "that concerns external sides of Edge pools"
    if driver == "kemp":  # what members admit is what they see with SubnetOriginating, and not the virtual address
        (sip,) = [rule for rule in plan.hosts["fe01"].firewall_rules if rule.rows == ("S2",)]
        assert "10.1.0.5" in sip.remoteip and "10.1.0.100" not in sip.remoteip
