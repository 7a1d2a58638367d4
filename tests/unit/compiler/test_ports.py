# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A listener that a pool moved is moved wherever the plan names its port, and the other pools stay as they are."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan

from .deployments import Variables, compiled, host

POOL, OTHER, EDGE = "pool01.contoso.com", "pool02.contoso.com", "edge.contoso.com"
OUTSIDE = {"access": "203.0.113.10", "web_conferencing": "203.0.113.11", "av": "203.0.113.12"}
HOSTS = {
    "fe01": host("frontend", "10.1.0.11", pool=POOL), "fe02": host("frontend", "10.1.0.12", pool=POOL),
    "fe21": host("frontend", "10.21.0.11", pool=OTHER),
    "lb01": host("load_balancers", "10.1.0.5", balancer_driver="haproxy"),
    "rp01": host("reverse_proxy", "10.2.0.61", external_address="203.0.113.61", reverse_proxy_driver="haproxy"),
    "rp02": host("reverse_proxy", "10.2.0.62", external_address="203.0.113.62", managed=True),
    "edge01": host(
        "edge", pool=EDGE, internal_address="10.5.0.11", external_addresses=OUTSIDE, edge_ports={"av": 442}
    ),
}  # fmt: skip
HLB: Variables = {
    "role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.1.0.100",
    "external_web_fqdn": "webext01.contoso.com",
}  # fmt: skip
OF_EDGE: Variables = {
    "role": "edge", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.5.0.100",
    "external_vips": {"access": "203.0.113.20", "web_conferencing": "203.0.113.21", "av": "203.0.113.22"},
    "external_fqdns": {"access": "access.contoso.com"},
}  # fmt: skip
COMMON = {
    "version": "2013", "sip_domains": ["contoso.com"], "features": ["federation", "xmpp", "http_publishing"],
    "central_management_pool": POOL, "home_pools": {"*": {"internal": POOL}},
}  # fmt: skip
MOVED = {"fe-sip-tls": [7061, 5061], "fe-web-external-https": 7443, "fe-web-external-http": 7080}


def plan_of(moved: Mapping[str, object], of: str = POOL, deployment: object = (), **more: object) -> Plan:
    """Return a plan in which a pool has rows on other ports."""
    pools: dict[str, Variables] = {
        POOL: HLB, OTHER: {"role": "frontend", "external_web_fqdn": "webext02.contoso.com"}, EDGE: OF_EDGE
    }  # fmt: skip
    overrides = [{"select": f"id=='{row}'", "set": {"port": port}} for row, port in moved.items()]
    pools[of] = {**pools[of], **more, "row_overrides": overrides}
    return compiled(HOSTS, pools=pools, **COMMON, **({"row_overrides": deployment} if deployment else {}))


def records(plan: Plan, name: str) -> list[str]:
    found = [record for pool in plan.pools.values() for record in pool.dns_records]
    return [value for record in found if record.name == f"{name}.contoso.com" for value in record.values]


def monitors(plan: Plan, pool: str) -> dict[tuple[str, int], object]:
    return {(each.protocol, each.port): each.monitor["port"] for each in plan.pools[pool].virtual_services}


def outbound(plan: Plan, name: str, *ports: str) -> list[AddressSet]:
    """Return whom a host may reach on each of some ports."""
    rules = [rule for rule in plan.hosts[name].firewall_rules if rule.direction == "out"]
    found = {port: [AddressSet.parse(rule.remoteip) for rule in rules if port in rule.remoteport] for port in ports}
    return [AddressSet.union_of(found[port]) for port in ports]


def test_records_and_monitors_have_the_first_port_of_sip() -> None:
    plan, usual = plan_of(MOVED), plan_of({})
    assert records(usual, "_sipinternaltls._tcp") == ["0 0 5061 pool01.contoso.com"]
    assert records(plan, "_sipinternaltls._tcp") == ["0 0 7061 pool01.contoso.com"]
    assert set(monitors(usual, POOL).values()) == {5061}
    assert set(monitors(plan, POOL).values()) == {7061}
    assert set(monitors(plan_of(MOVED, monitoring_port=6060), POOL).values()) == {6060}


def test_publications_and_balancers_go_to_the_ports_of_the_web_services() -> None:
    def ports(plan: Plan) -> dict[str, tuple[int, int]]:
        found = plan.hosts["rp01"].publications or ()
        return {each.name: (each.https_node_port, each.http_node_port) for each in found}

    assert ports(plan_of(MOVED)) == {POOL: (7443, 7080), OTHER: (4443, 8080)}
    behind = plan_of(MOVED, external_web_vip="10.1.0.101")
    assert ports(behind)[POOL] == (443, 80)
    rewritten = [each for each in behind.pools[POOL].virtual_services if each.vip == "10.1.0.101"]
    assert {(each.port, each.node_port) for each in rewritten} == {(443, 7443), (80, 7080)}


def test_who_connects_outbound_follows_the_pool_that_moved_and_no_other() -> None:
    plan, moved = plan_of(MOVED), AddressSet.parse(["10.1.0.11", "10.1.0.12", "10.1.0.100"])
    usual = AddressSet.parse(["10.21.0.11"])
    first, second = outbound(plan, "edge01", "7061", "5061")
    assert (first, second & (moved | usual)) == (moved, moved | usual)
    assert outbound(plan, "rp02", "7443", "4443", "7080", "8080") == [moved, usual, moved, usual]


def test_a_rule_whose_own_port_was_set_follows_nobody() -> None:
    own = {"select": "id=='rp-web-https-out'", "set": {"port": [4443, 9443]}}
    both, again, none = outbound(plan_of(MOVED, deployment=[own]), "rp02", "4443", "9443", "7443")
    assert both and (again, none) == (both, AddressSet())


@pytest.mark.parametrize(
    ("row", "name", "usual"),
    [
        ("edge-federation", "_sipfederationtls._tcp", "0 0 5061 access.contoso.com"),
        ("edge-xmpp", "_xmpp-server._tcp", "0 0 5269 access.contoso.com"),
    ],
)
def test_partners_are_told_the_port_of_the_edge(row: str, name: str, usual: str) -> None:
    assert usual in records(plan_of({}), name)
    assert records(plan_of({row: 7061}, of=EDGE), name) == ["0 0 7061 access.contoso.com"]


def test_stun_is_judged_by_the_port_for_tcp_beside_it() -> None:
    found = monitors(plan_of({"edge-internal-av-tcp": 7443}, of=EDGE), EDGE)
    services = plan_of({"edge-internal-av-tcp": 7443}, of=EDGE).pools[EDGE].virtual_services
    stun = {each.vip: each.monitor["port"] for each in services if each.protocol == "udp"}
    assert stun == {"10.5.0.100": 7443, "203.0.113.22": 442}
    assert found[("tcp", 7443)] == 7443


def test_a_proxy_that_others_configure_is_told_which_ports_go_where() -> None:
    def said(plan: Plan) -> list[str]:
        return [text for text in plan.hosts["rp02"].assumptions if "publishing rules" in text]

    assert said(plan_of({})) == ["The publishing rules forward the original host header, 443 to 4443 and 80 to 8080."]
    assert said(plan_of(MOVED)) == [
        "The publishing rules forward the original host header, 443 to 4443 and 80 to 8080 of pool02.contoso.com; "
        "443 to 7443 and 80 to 7080 of pool01.contoso.com."
    ]


def test_the_order_of_pools_changes_nothing() -> None:
    """Each pool listens on a port of its own, towards which an Edge Server has a rule."""
    pools: dict[str, Variables] = {POOL: HLB, OTHER: {"role": "frontend"}, EDGE: OF_EDGE}
    for place, name in enumerate((POOL, OTHER)):
        row = {"select": "id=='fe-sip-tls'", "set": {"port": 7062 - place}}
        pools[name] = {**pools[name], "row_overrides": [row]}
    one, two = (compiled(HOSTS, pools=each, **COMMON) for each in (pools, dict(reversed(pools.items()))))
    assert one.hosts["edge01"].firewall_rules == two.hosts["edge01"].firewall_rules
    assert len([rule for rule in one.hosts["edge01"].firewall_rules if "edge-internal-sip-out" in rule.name]) == 2


def test_members_admit_their_balancer_on_a_row_of_several_ports() -> None:
    """It comes to the first for its monitors, and passes clients on to each."""
    rules = plan_of(MOVED).hosts["fe01"].firewall_rules
    (rule,) = [rule for rule in rules if rule.name == "Lync fe-sip-tls (TCP in)"]
    assert rule.localport == ("5061", "7061")
    assert AddressSet.parse(["10.1.0.5"]) <= AddressSet.parse(rule.remoteip)
