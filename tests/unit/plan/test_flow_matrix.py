# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Flows between roles, from the provenance that the rules of a plan carry."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.msuc.lync.plugins.plugin_utils._plan.flow_matrix import Flow, flows
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import EXTRA_RULES, FirewallRule, HostPlan

SIP = FirewallRule(
    "Lync fe-sip-tls (TCP in)", ("S2",), "in", "tcp", ("5061",), ("any",), ("any",), ("10.1.0.0/16",), "SIP",
    applications=("SIP/TLS",), services=("Front-End",), peer_classes=("clients", "edge"),
    component_roles=("frontend",),
)  # fmt: skip
HOST = HostPlan("fe01", ("frontend", "mediation"), "2010", "pool01", "windows", True, "active", ("10.1.0.11",), (SIP,))


def test_a_rule_is_a_flow_from_each_class_of_its_peers_to_the_role_that_it_is_for() -> None:
    flow = Flow("clients", "frontend", "tcp", "5061", ("S2",), "SIP/TLS", "any")
    assert flows([HOST, replace(HOST, host="fe02")]) == (flow, replace(flow, source="edge"))


def test_an_outbound_rule_goes_the_other_way_to_the_port_of_the_peer() -> None:
    out = replace(SIP, direction="out", localport=("any",), remoteport=("5066",), peer_classes=("pstn_gateways",))
    (flow,) = flows([replace(HOST, firewall_rules=(out,))])
    assert (flow.source, flow.destination, flow.port) == ("frontend", "pstn_gateways", "5066")


def test_any_peer_is_the_internet_on_the_perimeter_only() -> None:
    rule = replace(SIP, peer_classes=("any",), component_roles=("edge",))
    inside = replace(SIP, peer_classes=("any",))
    found = flows([replace(HOST, roles=("edge",), firewall_rules=(rule,)), replace(HOST, firewall_rules=(inside,))])
    assert [flow.source for flow in found] == ["any", "any_address"]


def test_a_rule_that_no_row_asks_for_has_another_peer_and_all_roles_of_its_host() -> None:
    extra = FirewallRule("Backup", (EXTRA_RULES,), "in", "tcp", ("10000",), ("any",), ("any",), ("10.9.0.1",), "")
    found = flows([replace(HOST, firewall_rules=(extra,))])
    assert [(flow.source, flow.destination) for flow in found] == [("other", "frontend"), ("other", "mediation")]
    assert not extra.is_of_catalogue and SIP.is_of_catalogue


def test_rules_that_admit_nothing_are_no_flows() -> None:
    assert flows([replace(HOST, firewall_rules=(replace(SIP, enabled=False), replace(SIP, action="block")))]) == ()
