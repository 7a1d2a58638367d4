# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is a peer: pools, sites, states, networks, balancers, interfaces, and what it does to the rules."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import PortSet
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import FirewallRule, HostPlan, Plan

from .deployments import Variables, compiled, host, not_opened

POOL, OTHER, EDGES, MEDIATION = "pool01.contoso.com", "pool02.contoso.com", "edge01.contoso.com", "med01.contoso.com"
FRONT_ENDS = {
    "fe01": host("frontend", "10.1.0.16", pool=POOL),
    "fe02": host("frontend", "10.1.0.17", pool=POOL),
    "fe03": host("frontend", "10.1.0.18", pool=POOL),
    "fe04": host("frontend", "10.1.0.19", pool=POOL),
    "fe21": host("frontend", "10.21.0.11", pool=OTHER),
    "lb01": host("load_balancers", "10.1.0.5", balancer_driver="haproxy", balancer_addresses=["10.1.0.4", "10.1.0.5"]),
}
HLB: Variables = {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.1.0.100"}
SINGLE: Variables = {"role": "frontend", "load_balancing": "none"}
POOLS: Mapping[str, Variables] = {POOL: HLB, OTHER: SINGLE}
EXTERNAL = {"access": "203.0.113.21", "web_conferencing": "203.0.113.31", "av": "203.0.113.41"}


def front_ends(
    hosts: Mapping[str, Variables] | None = None, pools: Mapping[str, Variables] | None = None, **common: object
) -> Plan:
    return compiled({**FRONT_ENDS, **(hosts or {})}, pools={**POOLS, **(pools or {})}, **common)


def rules(plan: HostPlan, row: str, direction: str = "in") -> list[FirewallRule]:
    return [rule for rule in plan.firewall_rules if row in rule.rows and rule.direction == direction]


def peers(plan: HostPlan, row: str, direction: str = "in") -> tuple[str, ...]:
    """Return the peers of the only rule of a row, or of its TCP rule."""
    found = rules(plan, row, direction)
    only = [rule for rule in found if rule.protocol == "tcp"] if len(found) > 1 else found
    assert len(only) == 1, only
    return only[0].remoteip


# --- Pools ----------------------------------------------------------------------------------------------------------


def test_peers_are_the_fewest_networks() -> None:
    """The four addresses of the pool are one network; a server alone has no rule about itself alone."""
    found = front_ends()
    assert peers(found.hosts["fe01"], "S5") == ("10.1.0.16/30",)
    assert rules(found.hosts["fe21"], "S5") == []
    assert peers(found.hosts["fe21"], "S20") == ("10.1.0.16/30", "10.21.0.11")


def test_client_networks_that_touch_are_joined() -> None:
    found = front_ends(
        client_networks=[
            "10.10.0.0/17",
            "10.10.128.0-10.10.255.255",
            "10.10.3.0/24",
            "2001:db8:10::/49",
            "2001:db8:10:8000::/49",
        ]
    )
    assert peers(found.hosts["fe21"], "S6") == ("10.10.0.0/16", "2001:db8:10::/48")


def test_any_client_is_any_and_warned_about() -> None:
    found = front_ends(client_networks=["any"], phone_networks=["10.12.0.0/16"])
    assert peers(found.hosts["fe21"], "S6") == ("any",)
    assert any("lync_client_networks" in warning for warning in found.warnings)


def test_the_backup_pool_copies_from_where_the_share_is() -> None:
    paired = {POOL: {**HLB, "backup_pool": OTHER}, OTHER: {**SINGLE, "backup_pool": POOL}}
    shared = {**paired, OTHER: {**paired[OTHER], "file_share": {"hosts": ["fe21"]}}}
    found = front_ends(pools=shared, version="2013")
    assert peers(found.hosts["fe21"], "fe-backup-service") == ("10.1.0.16/30", "10.21.0.11")
    assert rules(found.hosts["fe01"], "fe-backup-service") == []
    assert rules(front_ends(pools=paired, version="2013").hosts["fe21"], "fe-backup-service") == []
    assert rules(front_ends(version="2013").hosts["fe21"], "fe-backup-service") == []
    assert rules(front_ends(pools=shared, version="2010").hosts["fe21"], "fe-backup-service") == []


def test_gateways_serve_the_pools_that_they_name() -> None:
    hosts = {
        "med01": host("mediation", "10.1.0.41", pool=MEDIATION),
        "med02": host("mediation", "10.1.0.42", pool="med02.contoso.com"),
        "gw01": host("pstn_gateways", "10.8.0.1", gateway_pools=[MEDIATION]),
        "gw02": host("pstn_gateways", "10.8.0.2"),
    }
    found = front_ends(hosts, {MEDIATION: {"role": "mediation"}, "med02.contoso.com": {"role": "mediation"}})
    assert peers(found.hosts["med01"], "S33") == ("10.8.0.1", "10.8.0.2")
    assert peers(found.hosts["med02"], "S33") == ("10.8.0.2",)


def test_the_sql_port_is_that_of_the_pools_that_use_the_server() -> None:
    hosts = {
        "sql01": host("back_end", "10.1.0.81", managed=True),
        "sql02": host("back_end", "10.1.0.82", managed=True),
    }
    pools = {
        POOL: {**HLB, "sql": {"hosts": ["sql01"], "port": 14330}},
        OTHER: {**SINGLE, "sql": {"hosts": ["sql01"], "port": 1433}},
    }
    found = front_ends(hosts, pools)
    assert rules(found.hosts["sql01"], "back-end-sql")[0].localport == ("1433", "14330")
    assert rules(found.hosts["sql02"], "back-end-sql")[0].localport == ("1433",)


# --- Central Management store -------------------------------------------------------------------------------------


def test_the_store_pushes_to_every_other_internal_server() -> None:
    hosts = {
        "mon01": host("monitoring", "10.1.0.51"),
        "edge01": host("edge", "10.2.0.21", pool=EDGES, external_addresses=EXTERNAL),
    }
    found = front_ends(hosts, {EDGES: {"role": "edge"}}, central_management_pool=POOL)
    everybody = ("10.1.0.16/30", "10.1.0.51", "10.21.0.11")
    assert peers(found.hosts["fe01"], "S28", "out") == everybody, (
        "any member can be master, the others are its replicas"
    )
    assert [peers(found.hosts[name], "S28") for name in ("fe01", "fe21", "mon01")] == [("10.1.0.16/30",)] * 3
    assert rules(found.hosts["fe21"], "S28", "out") == rules(found.hosts["edge01"], "S28") == []
    assert peers(found.hosts["edge01"], "S48") == ("10.1.0.16/30",)


def test_a_standard_edition_server_may_hold_the_store() -> None:
    hosts = {"se01.contoso.com": host("standard_edition", "10.31.0.11")}
    found = front_ends(hosts, central_management_pool="se01.contoso.com")
    assert peers(found.hosts["se01.contoso.com"], "S28", "out") == ("10.1.0.16/30", "10.21.0.11")
    assert peers(found.hosts["fe01"], "S28") == ("10.31.0.11",)


def test_without_a_named_pool_nothing_is_opened_for_the_store() -> None:
    found = front_ends().hosts["fe01"]
    assert rules(found, "S28") == rules(found, "S28", "out") == []
    assert not_opened(found)["S28"] == "no member of: cms_master"


# --- Sites, networks ------------------------------------------------------------------------------------------------


def test_a_site_limits_clients_phones_and_gateways() -> None:
    """Hosts without a site belong to every site; networks of clients are per host."""
    hosts = {
        "fe21": host(
            "frontend",
            "10.21.0.11",
            pool=OTHER,
            site="berlin",
            client_networks=["10.20.0.0/16"],
            phone_networks=["10.22.0.0/16"],
        ),
        "pc01": host("clients", "10.50.0.1", site="berlin"),
        "pc02": host("clients", "10.50.0.2", site="oslo"),
        "pc03": host("clients", "10.50.0.3"),
        "med21": host("mediation", "10.21.0.41", pool=MEDIATION, site="berlin"),
        "gw01": host("pstn_gateways", "10.8.0.1", site="oslo"),
        "gw02": host("pstn_gateways", "10.8.0.2", site="berlin"),
    }
    found = front_ends(hosts, {MEDIATION: {"role": "mediation"}})
    assert peers(found.hosts["fe21"], "S6") == ("10.20.0.0/16", "10.50.0.1", "10.50.0.3")
    assert peers(found.hosts["fe21"], "S10")[:2] == ("10.1.0.16/30", "10.20.0.0/16")
    assert "10.22.0.0/16" in peers(found.hosts["fe21"], "S10")
    assert peers(found.hosts["fe01"], "S6") == ("10.10.0.0/16", "10.50.0.1", "10.50.0.2/31")
    assert peers(found.hosts["med21"], "S33") == ("10.8.0.2",)


def test_the_site_of_a_pool_is_that_of_its_members() -> None:
    hosts = {"pc01": host("clients", "10.50.0.1", site="berlin"), "pc02": host("clients", "10.50.0.2", site="oslo")}
    found = front_ends(hosts, {OTHER: {**SINGLE, "site": "oslo"}})
    assert peers(found.hosts["fe21"], "S6") == ("10.10.0.0/16", "10.50.0.2")


def test_phones_are_where_the_clients_are_unless_told() -> None:
    found = compiled({"fe21": FRONT_ENDS["fe21"]}, pools={OTHER: SINGLE}, phone_networks=None)
    assert peers(found.hosts["fe21"], "S10") == ("10.10.0.0/16", "10.21.0.11")


def test_media_networks_may_send_media_and_nothing_else() -> None:
    without, with_it = front_ends().hosts["fe21"], front_ends(media_networks=["10.77.0.0/16"]).hosts["fe21"]
    changed = {row for rule in with_it.firewall_rules for row in rule.rows if "10.77.0.0/16" in rule.remoteip}
    assert changed == {"S8", "S18", "S29"}
    assert "media_networks" in not_opened(without)["S8"]


def test_closed_ports_are_those_of_listeners_that_no_rule_opens() -> None:
    row = {"select": "id == 'fe-web-conferencing'", "set": {"enabled": False}}
    hosts, pools = {"fe21": FRONT_ENDS["fe21"]}, {OTHER: SINGLE}
    before, after = (compiled(hosts, pools=pools, **more).hosts["fe21"] for more in ({}, {"row_overrides": [row]}))
    closed = PortSet.parse(before.closed_ports)
    assert PortSet.parse(after.closed_ports) - closed == PortSet.of(8057)
    opened = PortSet.parse(
        port for rule in before.firewall_rules if (rule.direction, rule.protocol) == ("in", "tcp")
        for port in rule.localport
    )  # fmt: skip
    assert closed and not closed & opened
    assert PortSet.of(5269) <= closed  # of Edge Servers
    anything = {"name": "Site", "protocol": "tcp", "localport": "any", "remoteip": "10.9.0.0/24"}
    hosts["fe21"] = {**hosts["fe21"], "lync_extra_firewall_rules": [anything]}
    assert compiled(hosts, pools=pools).hosts["fe21"].closed_ports == ()


def test_media_ranges_are_those_of_the_host() -> None:
    ranges = {"audio": "40000-40999", "video": "41000-41999", "application_sharing": "42000-42999"}
    found = front_ends({"fe21": {**FRONT_ENDS["fe21"], "lync_media_ports": ranges}})
    assert [rules(found.hosts["fe21"], row)[0].localport for row in ("S29", "S8", "S18")] == [
        ("40000-40999",),
        ("41000-41999",),
        ("42000-42999",),
    ]
    assert rules(found.hosts["fe01"], "S29")[0].localport == ("49152-57500",)


def test_a_peer_class_without_a_member_opens_nothing_and_is_told() -> None:
    found = compiled(
        {"med01": host("mediation", "10.1.0.41", pool=MEDIATION)}, pools={MEDIATION: {"role": "mediation"}}
    ).hosts["med01"]
    assert {rule.rows for rule in found.firewall_rules} == {("S29",)}
    assert not_opened(found)["S32"] == not_opened(found)["S35"] == "no member of: frontend"
    assert not_opened(found)["S33"] == "no member of: pstn_gateways"
    assert all("any" not in rule.remoteip for rule in found.firewall_rules)


# --- Members come and go --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["joining", "draining"])
def test_joining_and_draining_members_have_rules_and_are_peers(state: str) -> None:
    changed = front_ends({"fe04": {**FRONT_ENDS["fe04"], "lync_member_state": state}})
    assert changed.hosts["fe04"].firewall_rules == front_ends().hosts["fe04"].firewall_rules
    assert changed.hosts["fe01"] == front_ends().hosts["fe01"]


def test_a_retired_member_wants_nothing_and_is_nobodys_peer() -> None:
    found = front_ends({"fe04": {**FRONT_ENDS["fe04"], "lync_member_state": "retired"}})
    gone = found.hosts["fe04"]
    assert (gone.firewall_rules, gone.ipsec_exemptions, gone.not_opened, gone.member_state) == ((), (), (), "retired")
    assert peers(found.hosts["fe01"], "S5") == ("10.1.0.16/31", "10.1.0.18")
    assert all("10.1.0.19" not in rule.remoteip for each in found.hosts.values() for rule in each.firewall_rules)


def test_unmanaged_hosts_have_no_plan_but_are_peers() -> None:
    found = front_ends(
        {
            "fe04": {**FRONT_ENDS["fe04"], "lync_managed": False},
            "app01": host("trusted_applications", "10.1.0.91"),
            "x": host("web"),
        }
    )
    assert {"fe04", "app01", "x"} & set(found.hosts) == set()
    assert peers(found.hosts["fe01"], "S5") == ("10.1.0.16/30",)
    assert "10.1.0.91" in peers(found.hosts["fe21"], "S2")


# --- Balancers ------------------------------------------------------------------------------------------------------


def test_every_source_of_a_balancer_is_a_peer_of_the_ports_that_it_serves() -> None:
    """4 and 5 are one network; a port that the balancer does not serve knows nothing of it."""
    found = front_ends(version="2019").hosts["fe01"]
    served = {
        rule.localport[0] for rule in found.firewall_rules if rule.direction == "in" and "10.1.0.4/31" in rule.remoteip
    }
    assert served == {"5061", "444", "135", "80", "443", "8080", "4443", "5071", "5072", "5073", "5075", "5076"}


def test_with_dns_load_balancing_the_balancer_serves_the_web_and_asks_5061() -> None:
    dns = {POOL: {"role": "frontend", "load_balancing": "dns", "balancer": "lb01", "web_vip": "10.1.0.101"}}
    found = front_ends(pools=dns, version="2019").hosts["fe01"]
    served = {
        rule.localport[0] for rule in found.firewall_rules if rule.direction == "in" and "10.1.0.4/31" in rule.remoteip
    }
    assert served == {"80", "443", "8080", "4443", "5061"}


def test_the_monitoring_port_has_a_rule_of_its_own() -> None:
    found = front_ends(pools={POOL: {**HLB, "monitoring_port": 5060}}, version="2019").hosts["fe01"]
    rule = next(rule for rule in found.firewall_rules if rule.localport == ("5060",))
    assert (rule.rows, rule.direction, rule.protocol, rule.remoteip, rule.localip) == (
        ("balancer-monitor",),
        "in",
        "tcp",
        ("10.1.0.4/31",),
        ("any",),
    )
    assert rule.name == "Lync balancer-monitor-any (TCP in)"


def test_the_reverse_proxy_reaches_the_web_addresses_of_pools() -> None:
    pools = {POOL: {"role": "frontend", "load_balancing": "dns", "balancer": "lb01", "web_vip": "10.1.0.101"}}
    found = front_ends({"rp01": host("reverse_proxy", "10.2.0.61")}, pools)
    assert peers(found.hosts["rp01"], "S41", "out") == ("10.1.0.16/30", "10.1.0.101", "10.21.0.11")


# --- Edge: interfaces, ports, families ------------------------------------------------------------------------------


def edge(pool: Variables | None = None, **variables: object) -> HostPlan:
    given = {"external_addresses": EXTERNAL, **variables}
    hosts = {
        "edge01": host("edge", "10.2.0.21", pool=EDGES, **given),
        "lb02": host("load_balancers", "203.0.113.5", balancer_driver="haproxy"),
    }
    return front_ends(hosts, {EDGES: {"role": "edge", **(pool or {})}}, features=["federation"]).hosts["edge01"]


def test_one_shared_address_has_the_other_ports() -> None:
    shared = dict.fromkeys(EXTERNAL, "203.0.113.21")
    found = [
        rule
        for rule in edge(external_addresses=shared).firewall_rules
        if rule.remoteip == ("any",) and rule.direction == "in"
    ]
    assert {(rule.protocol, rule.localport, rule.localip) for rule in found} == {
        ("tcp", ("5061",), ("203.0.113.21",)),
        ("tcp", ("444",), ("203.0.113.21",)),
        ("tcp", ("443",), ("203.0.113.21",)),
        ("udp", ("3478",), ("203.0.113.21",)),
    }
    assert next(rule.rows for rule in found if rule.localport == ("5061",)) == ("S42", "S43")


def test_ports_of_an_edge_can_be_set() -> None:
    ports = {"access": 5061, "web_conferencing": 8443, "av": 444}
    assert [rule.localport for rule in rules(edge(edge_ports=ports), "S42")] == [("5061",), ("8443",), ("444",)]


def test_rules_behind_nat_are_bound_to_the_addresses_of_the_network_cards() -> None:
    cards = {"access": "192.168.3.21", "web_conferencing": "192.168.3.31", "av": "192.168.3.41"}
    found = edge(external_addresses=cards, external_nat_addresses=EXTERNAL)
    assert [rule.localip for rule in rules(found, "S42")] == [("192.168.3.21",), ("192.168.3.31",), ("192.168.3.41",)]
    assert any("NAT" in text for text in found.assumptions)


def test_a_rule_bound_to_one_family_admits_peers_of_that_family_only() -> None:
    """Inside there are clients of both families; the internal card has an IPv4 address only."""
    variables = {"client_networks": ["10.10.0.0/16", "2001:db8:10::/48"], "phone_networks": ["10.12.0.0/16"]}
    hosts = {"edge01": host("edge", "10.2.0.21", pool=EDGES, external_addresses=EXTERNAL, **variables)}
    found = front_ends(hosts, {EDGES: {"role": "edge"}}).hosts["edge01"]
    assert "10.10.0.0/16" in peers(found, "edge-internal-av-tcp")
    assert not any(":" in text for rule in found.firewall_rules for text in rule.remoteip)


def test_a_card_with_both_families_admits_peers_of_both() -> None:
    variables = {
        "client_networks": ["10.10.0.0/16", "2001:db8:10::/48"], "internal_address": ["10.2.0.21", "2001:db8:2::21"],
        "external_addresses": {**EXTERNAL, "av": ["203.0.113.41", "2001:db8:ff::41"]},
    }  # fmt: skip
    hosts = {"edge01": host("edge", "10.2.0.21", pool=EDGES, **variables)}
    found = front_ends(hosts, {EDGES: {"role": "edge"}}).hosts["edge01"]
    rule = rules(found, "edge-internal-av-tcp")[0]
    assert rule.localip == ("10.2.0.21", "2001:db8:2::21")
    assert {"10.10.0.0/16", "2001:db8:10::/48"} <= set(rule.remoteip)
    assert rules(found, "S47", "out")[0].localip == ("203.0.113.41", "2001:db8:ff::41")


def test_peers_of_another_family_than_the_card_open_nothing_and_are_told() -> None:
    hosts = {
        "fe21": host("frontend", "2001:db8:21::11", pool=OTHER),
        "edge01": host("edge", "10.2.0.21", pool=EDGES, external_addresses=EXTERNAL),
    }
    networks = {"client_networks": ["2001:db8:10::/48"], "phone_networks": ["2001:db8:12::/48"]}
    found = compiled(hosts, pools={OTHER: SINGLE, EDGES: {"role": "edge"}}, **networks).hosts["edge01"]
    assert rules(found, "S44") == []
    assert not_opened(found)["S44"] == "its peers have no address of the family of the address that it is bound to"


def test_rules_that_are_bound_to_no_address_keep_both_families() -> None:
    found = front_ends(client_networks=["10.10.0.0/16", "2001:db8:10::/48"]).hosts["fe01"]
    assert peers(found, "S6") == ("10.10.0.0/16", "2001:db8:10::/48")


EDGE_HLB: Variables = {
    "load_balancing": "hlb", "balancer": {"internal": "lb01", "external": "lb02"}, "vip": "10.2.0.100",
    "external_vips": {"access": "203.0.113.10", "web_conferencing": "203.0.113.11", "av": "203.0.113.12"},
}  # fmt: skip


def test_balancers_of_an_edge_are_peers_on_their_side() -> None:
    found = edge(EDGE_HLB)
    inside = {
        (rule.protocol, rule.localport[0])
        for rule in found.firewall_rules
        if rule.direction == "in" and "10.1.0.4/31" in rule.remoteip
    }
    # Inside any_internal holds the balancers too, as servers: what they serve is 5061, 5062, 443 and 3478.
    assert {("tcp", "5061"), ("tcp", "5062"), ("tcp", "443")} <= inside
    assert ("tcp", "8057") not in inside
    assert ("tcp", "4443") not in inside


def test_a_balancer_outside_is_no_server_inside() -> None:
    found = edge({**EDGE_HLB, "monitoring_port": 5999})
    bound = {rule.localip for rule in found.firewall_rules if "203.0.113.5" in rule.remoteip}
    assert bound == {("203.0.113.21",), ("203.0.113.31",), ("203.0.113.41",)}


def test_the_monitoring_port_of_an_edge_is_bound_to_each_interface() -> None:
    found = edge({**EDGE_HLB, "monitoring_port": 5999})
    monitors = {rule.localip: rule.remoteip for rule in found.firewall_rules if rule.localport == ("5999",)}
    assert monitors == {
        ("10.2.0.21",): ("10.1.0.4/31",),
        ("203.0.113.21",): ("203.0.113.5",),
        ("203.0.113.31",): ("203.0.113.5",),
        ("203.0.113.41",): ("203.0.113.5",),
    }


def test_the_virtual_address_of_an_edge_pool_is_a_peer_of_front_ends() -> None:
    hosts = {
        "edge01": host("edge", "10.2.0.21", pool=EDGES, external_addresses=EXTERNAL),
        "lb02": host("load_balancers", "203.0.113.5", balancer_driver="haproxy"),
    }
    found = front_ends(hosts, {EDGES: {"role": "edge", **EDGE_HLB}})
    assert {"10.2.0.21", "10.2.0.100"} <= set(peers(found.hosts["fe21"], "S2"))


# --- Rows of the user ------------------------------------------------------------------------------------------------


def test_extra_rows_and_overrides_reach_the_rules() -> None:
    row = {
        "id": "site-backup",
        "component": "frontend",
        "port": 9102,
        "transports": ["tcp"],
        "direction": "in",
        "peers": [{"class": "management"}],
    }
    override = {"select": "id=='fe-qoe-monitoring'", "set": {"enabled": False}}
    found = front_ends(extra_rows=[row], row_overrides=[override], management_networks=["10.9.0.0/24"]).hosts["fe21"]
    assert peers(found, "site-backup") == ("10.9.0.0/24",)
    assert rules(found, "S23") == []
