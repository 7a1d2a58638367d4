# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rule traces to: rows, applications, services, classes of peers, roles of the host, and the side that it is
on.
"""

from __future__ import annotations

from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import FirewallRule, Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.tables import flows

from .deployments import compiled, host

EDGE_ADDRESSES = {"access": "203.0.113.11", "web_conferencing": "203.0.113.12", "av": "203.0.113.13"}
POOLS = {
    "pool01": {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.1.0.100"},
    "edge": {"role": "edge"},
}
HOSTS = {
    "fe01": host("frontend", "10.1.0.11", pool="pool01"),
    "edge01": host("edge", "10.2.0.11", pool="edge", external_addresses=EDGE_ADDRESSES),
    "lb01": host("load_balancers", "10.1.0.5", balancer_driver="haproxy"),
}
ROW = {
    "id": "site-transfer", "component": "edge", "interface": "access", "direction": "in", "transports": ["tcp"],
    "port": 5666,
    "peers": [{"class": "any"}], "service": "Transfer", "application": "HTTPS",
}  # fmt: skip


def rule(plan: Plan, name: str, of: str) -> FirewallRule:
    return next(rule for rule in plan.hosts[of].firewall_rules if rule.name == name)


def test_a_row_of_the_site_is_traced_like_one_of_the_catalogue() -> None:
    plan = compiled(HOSTS, pools=POOLS, extra_rows=[ROW])
    found = rule(plan, "Lync site-transfer (TCP in)", "edge01")
    assert (found.rows, found.applications, found.services) == (("site-transfer",), ("HTTPS",), ("Transfer",))
    assert (found.peer_classes, found.component_roles, found.interface) == (("any",), ("edge",), "access")
    assert any(
        (flow.source, flow.destination, flow.port) == ("any", "edge", "5666") for flow in flows(plan.hosts.values())
    )


def test_classes_of_servers_are_traced_as_roles() -> None:
    row = {
        **ROW,
        "interface": "internal",
        "peers": [{"class": "audio_servers"}, {"class": "cms_master"}, {"class": "management"}],
    }
    found = rule(
        compiled(HOSTS, pools=POOLS, extra_rows=[row], central_management_pool="pool01"),
        "Lync site-transfer (TCP in)",
        "edge01",
    )
    assert found.peer_classes == ("frontend", "management", "mediation", "standard_edition")


def test_a_peer_whose_feature_is_off_is_not_traced() -> None:
    row = {**ROW, "peers": [{"class": "clients"}, {"class": "phones", "features": ["e911"]}], "interface": "internal"}
    for features, peers in (((), ("clients",)), (("e911",), ("clients", "phones"))):
        plan = compiled(HOSTS, pools=POOLS, extra_rows=[row], features=list(features))
        assert rule(plan, "Lync site-transfer (TCP in)", "edge01").peer_classes == peers


def test_a_rule_without_a_peer_traces_to_the_balancers_that_it_admits() -> None:
    """S11 is for reverse proxies with http_publishing; without it, the balancer of the pool alone gets in."""
    found = rule(compiled(HOSTS, pools=POOLS), "Lync fe-web-external-http (TCP in)", "fe01")
    assert (found.remoteip, found.peer_classes) == (("10.1.0.5",), ("load_balancers",))
    published = rule(
        compiled(HOSTS, pools=POOLS, features=["http_publishing"]), "Lync fe-web-external-http (TCP in)", "fe01"
    )
    assert published.peer_classes == ("reverse_proxy",)


def test_rules_that_say_the_same_are_one_that_traces_to_all() -> None:
    rows = [
        {**ROW, "peers": [{"class": "clients"}], "interface": "internal"},
        {
            **ROW,
            "id": "site-again",
            "peers": [{"class": "clients"}],
            "interface": "internal",
            "service": "Again",
            "application": "FTP",
        },
    ]
    found = rule(compiled(HOSTS, pools=POOLS, extra_rows=rows), "Lync site-transfer (TCP in)", "edge01")
    assert (found.rows, found.applications, found.services) == (
        ("site-transfer", "site-again"),
        ("HTTPS", "FTP"),
        ("Transfer", "Again"),
    )


def test_rules_of_a_balancer_trace_to_the_rows_behind_its_virtual_addresses() -> None:
    found = rule(compiled(HOSTS, pools=POOLS), "Lync fe-sip-tls of pool01 (TCP in)", "lb01")
    assert (found.rows[0], found.services, found.component_roles, found.interface) == (
        "S2",
        ("Front-End",),
        ("load_balancers",),
        "any",
    )
    assert {"clients", "edge"} <= set(found.peer_classes)


def test_what_no_row_asks_for_says_so() -> None:
    extra = {"name": "Backup", "protocol": "tcp", "localport": "10000", "remoteip": "10.9.0.0/24"}
    pools = {**POOLS, "pool01": {**POOLS["pool01"], "monitoring_port": 5070}}
    hosts = {**HOSTS, "fe01": {**HOSTS["fe01"], "lync_extra_firewall_rules": [extra], "lync_management_rule": True}}
    rules = compiled(hosts, pools=pools, management_networks=["10.9.0.0/24"]).hosts["fe01"].firewall_rules
    others = {rule.name: rule.peer_classes for rule in rules if not rule.is_of_catalogue}
    assert others == {
        "Backup": (),
        "Lync management (TCP in)": ("management",),
        "Lync balancer-monitor-any (TCP in)": ("load_balancers",),
    }


def test_exemptions_are_traced_too() -> None:
    exemptions = compiled(HOSTS, pools=POOLS).hosts["edge01"].ipsec_exemptions
    assert exemptions[0].services[0] == "A/V Edge Server Internal Inbound"
    assert {exemption.peer_classes for exemption in exemptions} == {("any",)}
