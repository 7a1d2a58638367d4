# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tables for a terminal, and flows between roles from the provenance that the rules of a plan carry."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.msuc.lync.plugins.plugin_utils._plan import tables
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    EXTRA_RULES,
    DnsRecord,
    FirewallRule,
    HostPlan,
    NotOpened,
    Plan,
    PoolPlan,
    VirtualService,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.names import Names
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.tables import Flow, Page, flows

SIP = FirewallRule(
    "Lync sip (TCP in)",
    ("S2",),
    "in",
    "tcp",
    ("5061",),
    ("any",),
    ("any",),
    tuple(f"10.{n}.0.0/16" for n in range(9)),
    "SIP",
)
OUT = FirewallRule(
    "Lync gw (TCP out)", ("S22",), "out", "tcp", ("any",), ("5066",), ("10.8.0.41",), ("10.8.0.1",), "gateway"
)
RELAY = FirewallRule(
    "Lync relay (UDP out)", ("S47",), "out", "udp", ("50000-59999",), ("any",), ("any",), ("any",), "relay"
)


def test_plan_of_a_host() -> None:
    opened = (NotOpened("S22", "a", "x"), NotOpened("S8", "a", "x"), NotOpened("S8", "b", "x"))
    plan = HostPlan(
        "fe01", ("frontend", "mediation"), "2010", "p", "windows", True, "active", (), (SIP, OUT, RELAY), (), opened
    )
    assert tables.host_plan(plan).splitlines() == [
        "fe01: frontend, mediation, version 2010",
        "  rule                  port             from/to                bound to",
        "  Lync sip (TCP in)     tcp 5061         10.0.0.0-10.8.255.255  any",
        "  Lync gw (TCP out)     tcp 5066         10.8.0.1               10.8.0.41",
        "  Lync relay (UDP out)  udp 50000-59999  any                    any",
        "  3 rules, 0 IPsec exemptions, 2 rows of the catalogue not fully opened",
    ]


def test_plan_of_a_host_without_rules() -> None:
    plan = HostPlan("fe01", ("frontend",), "se", None, "windows", True, "retired", ())
    assert (
        tables.host_plan(plan)
        == "fe01: frontend, version se\n  no firewall rules\n"
        "  0 rules, 0 IPsec exemptions, 0 rows of the catalogue not fully opened"
    )


def test_plan_of_a_pool() -> None:
    service = VirtualService(
        "p-sip-5061",
        "p",
        ("S2",),
        "10.1.0.100",
        5061,
        "tcp",
        5061,
        ("10.1.0.11", "10.1.0.12"),
        {"type": "source", "seconds": 1200},
        1800,
        {},
        True,
        True,
    )
    cookie = {"type": "cookie", "name": "MS-WSMAN"}
    web = VirtualService(
        "p-web-443", "p", ("S10",), "10.1.0.101", 443, "tcp", 4443, ("10.1.0.11",), cookie, 1800, {}, True, True
    )
    assert tables.pool_plan(PoolPlan("p", "frontend", "hlb", "2010", (service, web))).splitlines() == [
        "p (pool, frontend, load balancing: hlb)",
        "  service   listens on           members                        persistence",
        "  sip-5061  10.1.0.100 tcp 5061  10.1.0.11-10.1.0.12 port 5061  source 1200 s",
        "  web-443   10.1.0.101 tcp 443   10.1.0.11 port 4443            cookie",
        "  2 virtual services, 0 DNS records",
    ]
    assert (
        tables.pool_plan(PoolPlan("p", "frontend", "none", "2010"))
        == "p (pool, frontend, load balancing: none)\n  0 virtual services, 0 DNS records"
    )


HOSTS = {f"10.1.0.{number}": f"fe0{number - 10}" for number in (11, 12, 13)}
NAMES = Names({**HOSTS, "10.10.0.0/16": "10.10.0.0/16"})
IN_POOL = replace(SIP, remoteip=("10.1.0.11", "10.1.0.12/31", "10.10.0.0/16"))


def test_hosts_with_equal_plans_share_a_block_in_which_addresses_have_their_names() -> None:
    plans = {
        name: HostPlan(name, ("frontend",), "2015", "p", "windows", True, "active", (address,), (IN_POOL,))
        for address, name in HOSTS.items()
    }
    assert tables.plan_text(Plan(plans), Page(NAMES)).splitlines() == [
        "fe01, fe02, fe03 (3 hosts): frontend, version 2015",
        "  rule               port      from/to",
        "  Lync sip (TCP in)  tcp 5061  10.10.0.0/16, fe01, fe02, fe03",
        "  1 rule, 0 IPsec exemptions, 0 rows of the catalogue not fully opened",
    ]


def test_servers_with_several_interfaces_share_a_block_and_have_their_addresses_above_it() -> None:
    plans = {}
    for number in (1, 2):
        rule = replace(IN_POOL, localip=(f"192.0.2.{number}",), interface="access")
        name = f"edge0{number}"
        plans[name] = HostPlan(name, ("edge",), "2015", "p", "windows", True, "active", (), (rule,))
    text = tables.plan_text(Plan(plans), Page(NAMES))
    assert text.splitlines()[:4] == [
        "edge01, edge02 (2 hosts): edge, version 2015",
        "  edge01: access 192.0.2.1",
        "  edge02: access 192.0.2.2",
        "  rule               port      from/to                         bound to",
    ]


def test_rows_and_whole_lists_are_for_the_verbose_and_lead_to_a_page() -> None:
    many = replace(SIP, remoteip=tuple(f"10.{number}.0.1" for number in range(0, 80, 2)))
    plan = Plan({"fe01": HostPlan("fe01", ("frontend",), "2015", "p", "windows", True, "active", (), (many,))})
    short, whole = (
        tables.plan_text(plan, Page(is_whole=is_whole, links={"S2": "https://example.org/x"}))
        for is_whole in (False, True)
    )
    assert " more" in short and "S2" not in short and "10.78.0.1" not in short
    assert " more" not in whole and "S2: https://example.org/x" in whole and "10.78.0.1" in whole


def test_dns_records_of_a_pool_are_shown() -> None:
    record = DnsRecord("sip.contoso.com", "A", ("10.1.0.100",), "contoso.com", "internal")
    assert tables.pool_plan(PoolPlan("p", "frontend", "dns", "2015", dns_records=(record,))).splitlines()[1:] == [
        "  DNS record       type  view      values",
        "  sip.contoso.com  A     internal  10.1.0.100",
        "  0 virtual services, 1 DNS record",
    ]


FROM_CLIENTS = FirewallRule(
    "Lync fe-sip-tls (TCP in)", ("S2",), "in", "tcp", ("5061",), ("any",), ("any",), ("10.1.0.0/16",), "SIP",
    applications=("SIP/TLS",), services=("Front-End",), peer_classes=("clients", "edge"),
    component_roles=("frontend",),
)  # fmt: skip
FRONT_END = HostPlan(
    "fe01", ("frontend", "mediation"), "2010", "pool01", "windows", True, "active", ("10.1.0.11",), (FROM_CLIENTS,)
)


def test_a_rule_is_a_flow_from_each_class_of_its_peers_to_the_role_that_it_is_for() -> None:
    flow = Flow("clients", "frontend", "tcp", "5061", ("S2",), "SIP/TLS", "any")
    assert flows([FRONT_END, replace(FRONT_END, host="fe02")]) == (flow, replace(flow, source="edge"))


def test_an_outbound_rule_goes_the_other_way_to_the_port_of_the_peer() -> None:
    out = replace(
        FROM_CLIENTS, direction="out", localport=("any",), remoteport=("5066",), peer_classes=("pstn_gateways",)
    )
    (flow,) = flows([replace(FRONT_END, firewall_rules=(out,))])
    assert (flow.source, flow.destination, flow.port) == ("frontend", "pstn_gateways", "5066")


def test_any_peer_is_the_internet_on_the_perimeter_only() -> None:
    rule = replace(FROM_CLIENTS, peer_classes=("any",), component_roles=("edge",))
    inside = replace(FROM_CLIENTS, peer_classes=("any",))
    found = flows(
        [replace(FRONT_END, roles=("edge",), firewall_rules=(rule,)), replace(FRONT_END, firewall_rules=(inside,))]
    )
    assert [(flow.source, flow.destination) for flow in found] == [("any", "edge"), ("any_address", "frontend")]


def test_a_rule_that_no_row_asks_for_has_another_peer_and_all_roles_of_its_host() -> None:
    extra = FirewallRule("Backup", (EXTRA_RULES,), "in", "tcp", ("10000",), ("any",), ("any",), ("10.9.0.1",), "")
    found = flows([replace(FRONT_END, firewall_rules=(extra,))])
    assert [(flow.source, flow.destination) for flow in found] == [("other", "frontend"), ("other", "mediation")]
    assert not extra.is_of_catalogue and FROM_CLIENTS.is_of_catalogue


def test_rules_that_admit_nothing_are_no_flows() -> None:
    assert (
        flows(
            [
                replace(
                    FRONT_END,
                    firewall_rules=(replace(FROM_CLIENTS, enabled=False), replace(FROM_CLIENTS, action="block")),
                )
            ]
        )
        == ()
    )
