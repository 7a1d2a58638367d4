# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which probes a plan makes: from where to where, through what, what should be closed, and what is left out and why."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import mapping
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import DnsServer
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.files import read_plan
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import FirewallRule, HostPlan, Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.host_io import wanted_listeners
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.matrix import matrix
from ansible_collections.msuc.lync.plugins.plugin_utils._probes.plan_view import (
    Deployment,
    Expected,
    Kind,
    Limits,
    Matrix,
    Probe,
    admits,
    covers,
)

from tests.unit.compiler.deployments import compiled, host

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "contoso"
POOLS = {
    "pool01.contoso.com": {
        "role": "frontend",
        "load_balancing": "hlb",
        "balancer": "lb01",
        "vip": ["10.1.0.100", "2001:db8:1::100"],
    },
    "edge01.contoso.com": {"role": "edge", "load_balancing": "dns"},
}
FRONT_END, EDGE = "pool01.contoso.com", "edge01.contoso.com"
OUTSIDE = {"access": "203.0.113.21", "web_conferencing": "203.0.113.31", "av": "203.0.113.41"}
PLAN = compiled(
    {
        "fe01": host("frontend", "10.1.0.11", pool=FRONT_END, address=["10.1.0.11", "2001:db8:1::11"]),
        "fe02": host("frontend", "10.1.0.12", pool=FRONT_END, address=["10.1.0.12", "2001:db8:1::12"]),
        "edge01": host("edge", "10.2.0.21", pool=EDGE, internal_address="10.2.0.21", external_addresses=OUTSIDE),
        "rp01": host("reverse_proxy", "10.2.0.61", platform="linux", external_address="203.0.113.61"),
        "lb01": host("load_balancers", "10.1.0.5", balancer_driver="haproxy", balancer_addresses=["10.1.0.5"]),
        "dc01": host("dns_servers", "10.1.0.93"),
    },
    pools=POOLS,
    version="2015",
    sip_domains=["contoso.com"],
)
SERVERS = (DnsServer("10.1.0.93", ("contoso.com",)), DnsServer("203.0.113.93", ("contoso.com",), "external"))


ASKING = ("fe01", "fe02", "edge01", "rp01", "lb01")


@functools.cache
def deployment(asking: tuple[str, ...] = ASKING, servers: tuple[DnsServer, ...] = ()) -> Deployment:
    return Deployment.of(PLAN, servers, asking)


@functools.cache
def made(limits: Limits | None = None, **more: Any) -> Matrix:
    return matrix(deployment(**more), limits or Limits())


def find(found: Matrix, source: str, address: str, port: int) -> Probe | None:
    return next((probe for probe in found.probes[source] if (probe.address, probe.port) == (address, port)), None)


FLOWS: dict[str, tuple[str, str, int, Kind, Expected, str]] = {
    "SIP, between members of a pool": ("fe01", "10.1.0.12", 5061, Kind.TLS, Expected.OPEN, "10.1.0.11"),
    "both families": ("fe01", "2001:db8:1::12", 5061, Kind.TLS, Expected.OPEN, "2001:db8:1::11"),
    "to the inner side of the Edge": ("fe01", "10.2.0.21", 5061, Kind.TLS, Expected.OPEN, "10.1.0.11"),
    "STUN": ("fe01", "10.2.0.21", 3478, Kind.STUN, Expected.OPEN, "10.1.0.11"),
    "from the inner side of the Edge": ("edge01", "10.1.0.11", 5061, Kind.TLS, Expected.OPEN, "10.2.0.21"),
    "through the pool": ("edge01", "10.1.0.100", 5061, Kind.TLS, Expected.OPEN, "10.2.0.21"),
    "the endpoint mapper": ("fe02", "10.1.0.11", 135, Kind.RPC, Expected.OPEN, "10.1.0.12"),
    "from the Internet side": ("rp01", "203.0.113.21", 443, Kind.TLS, Expected.OPEN, "203.0.113.61"),
    "monitors of the balancer": ("lb01", "10.1.0.12", 5061, Kind.TLS, Expected.OPEN, "10.1.0.5"),
}


@pytest.mark.parametrize(("source", "address", "port", "kind", "expected", "source_address"), FLOWS.values(), ids=FLOWS)
def test_flows(source: str, address: str, port: int, kind: Kind, expected: Expected, source_address: str) -> None:
    probe = find(made(), source, address, port)
    assert probe is not None
    assert (probe.kind, probe.expected, probe.source_address) == (kind, expected, source_address)


def test_every_open_probe_is_let_in_by_its_rule_and_no_closed_one_by_any() -> None:
    incoming = deployment().incoming
    probes = [probe for probe in made().each if not probe.service and probe.kind is not Kind.DNS]
    assert {probe.expected for probe in probes} == set(Expected)
    for probe in probes:
        rules = [rule for rule in incoming[probe.destination] if rule.protocol == probe.transport]
        about = [rule for rule in rules if covers(rule, probe.address, probe.port)]
        letting = {rule.name for rule in about if admits(rule, probe.source_address)}
        assert (probe.rule in letting) if probe.expected is Expected.OPEN else not letting, probe


def test_services_are_gone_through_by_those_whom_the_members_let_in() -> None:
    found = [probe for probe in made().each if probe.service]
    assert {probe.address for probe in found} == {"10.1.0.100", "2001:db8:1::100"}
    assert {probe.destination for probe in found} == {FRONT_END}
    members = [*deployment().incoming["fe01"], *deployment().incoming["fe02"]]
    for probe in found:
        assert any(rule.name == probe.rule and admits(rule, probe.source_address) for rule in members), probe
    assert "rp01" in {probe.source for probe in found if probe.port == 4443}
    assert "edge01" not in {probe.source for probe in found if probe.port == 4443}


def test_a_member_does_not_ask_through_a_service_that_passes_its_own_address_on() -> None:
    """The answer would come from the other member, or itself, past the balancer."""
    pool = PLAN.pools[FRONT_END]
    own_address = tuple(replace(service, source_nat=False) for service in pool.virtual_services)
    changed = replace(PLAN, pools={**PLAN.pools, FRONT_END: replace(pool, virtual_services=own_address)})
    found = {probe.source for probe in matrix(Deployment.of(changed, (), ASKING), Limits()).each if probe.service}
    before = {probe.source for probe in made().each if probe.service}
    assert {"fe01", "fe02", "edge01"} <= before and found == before - {"fe01", "fe02"}


def test_the_rule_behind_a_service_is_one_of_the_address_that_it_passes_on_to() -> None:
    contoso = Deployment.of(read_plan(GOLDEN), (), ["edge01", "fe01", "rp01"])
    found = [probe for probe in matrix(contoso, Limits()).each if probe.service]
    assert {"203.0.113.10", "10.2.0.100", "10.1.0.100"} <= {probe.address for probe in found}
    for probe in found:
        service = contoso.services[probe.service]
        rules = [
            rule for member in service.members for rule in contoso.incoming[member.host] if rule.name == probe.rule
        ]
        planned = service.planned
        assert any(covers(rule, address, planned.node_port) for rule in rules for address in planned.members), probe


def test_names_that_a_certificate_may_have() -> None:
    to_member, to_pool = (find(made(), "edge01", address, 5061) for address in ("10.1.0.11", "10.1.0.100"))
    assert to_member and to_pool
    assert {"fe01", FRONT_END} <= set(to_member.names)
    assert FRONT_END in to_pool.names and "fe01" not in to_pool.names


def test_what_cannot_be_probed_is_told_with_its_reason() -> None:
    found = {(item.destination, item.transport, item.port): (item.why, item.sources) for item in made().not_probed}
    assert found["fe01", "udp", "49152-57500"] == ("UDP without a question that everybody answers tells nothing", 1)
    why, sources = found["edge01", "tcp", "443"]
    assert (why, sources) == ("it is for the Internet, and the host that would ask is not on that side", 3)


def test_the_first_port_of_a_range_is_probed_where_temporary_listeners_are() -> None:
    assert find(made(), "fe01", "10.1.0.12", 49152) is None
    assert find(made(), "fe01", "10.1.0.12", 5090) is not None  # of five ports, which one service has all of
    probe = find(made(Limits(ranges=True)), "fe01", "10.1.0.12", 49152)
    assert probe and probe.transport == "tcp"


def test_of_closed_ports_those_are_preferred_that_are_open_to_others() -> None:
    for number in (0, 1, 3):
        to_fe01 = (
            probe for probe in made(Limits(closed_per_pair=number)).probes["rp01"] if probe.destination == "fe01"
        )
        closed = [probe for probe in to_fe01 if probe.expected is Expected.CLOSED]
        assert len(closed) == number
    rules = deployment().incoming["fe01"]
    assert all(any(covers(rule, "10.1.0.11", probe.port) for rule in rules) for probe in closed)


def test_where_all_is_open_the_closed_ports_of_the_plan_are_asked_for() -> None:
    """Two hosts admit each other to all that they open; what is sampled is what nobody has to open."""
    opened = FirewallRule(
        name="Lync site (TCP in)",
        rows=("site",),
        direction="in",
        protocol="tcp",
        localport=("5061",),
        remoteport=("any",),
        localip=("any",),
        remoteip=("10.1.0.0/24",),
        description="",
    )

    def _host(name: str, address: str, *rules: FirewallRule, **more: Any) -> HostPlan:
        return HostPlan(name, ("frontend",), "2013", None, "windows", True, "active", (address,), rules, **more)

    shut = ("444", "5065-5067", "50000")
    hosts = (
        _host("a", "10.1.0.11", opened, closed_ports=shut), _host("b", "10.1.0.12", opened),
        _host("foreign", "10.1.0.13", closed_ports=shut),
    )  # fmt: skip
    plan = Plan({each.host: each for each in hosts})
    found = matrix(Deployment.of(plan, (), ["b"]), Limits(closed_per_pair=9)).probes["b"]
    closed = {(probe.destination, probe.port) for probe in found if probe.expected is Expected.CLOSED}
    assert closed == {("a", 444), ("a", 5065), ("a", 5066), ("a", 5067)}


def test_a_row_of_the_site_is_probed_as_what_it_is_and_closed_elsewhere() -> None:
    """lync_extra_rows: an application of its own, on a port that no row of the shipped catalogue has."""
    rule = FirewallRule(
        name="Lync site (TCP in)",
        rows=("site",),
        direction="in",
        protocol="tcp",
        localport=("5666",),
        remoteport=("any",),
        localip=("any",),
        remoteip=("10.1.0.12",),
        description="",
        applications=("HTTPS",),
    )

    def _host(name: str, address: str, *rules: FirewallRule) -> HostPlan:
        return HostPlan(name, ("frontend",), "2013", None, "windows", True, "active", (address,), firewall_rules=rules)

    hosts = (_host("a", "10.1.0.11", rule), _host("b", "10.1.0.12"), _host("c", "10.1.0.13", rule))
    found = matrix(Deployment.of(Plan({each.host: each for each in hosts}), (), ["b", "c"]), Limits())
    wanted, closed = (find(found, source, "10.1.0.11", 5666) for source in ("b", "c"))
    assert wanted and (wanted.kind, wanted.expected) == (Kind.TLS, Expected.OPEN)
    assert closed and closed.expected is Expected.CLOSED


def test_a_cap_keeps_one_of_each_kind_of_flow_and_tells_the_rest() -> None:
    whole, capped = made(), made(Limits(per_host=25))
    assert len(whole.probes["fe01"]) > 25 == len(capped.probes["fe01"])
    kept = {(probe.port, probe.transport) for probe in capped.probes["fe01"]}
    assert len(kept) > 15
    left = len(whole.probes["fe01"]) - 25
    assert f"{left} more probes of fe01: lync_probe_max is 25" in [item.why for item in capped.not_probed]


def test_only_hosts_of_the_run_ask_and_all_are_asked() -> None:
    found = made(asking=("fe01",))
    assert list(found.probes) == ["fe01"]
    assert {"fe02", "edge01"} <= {probe.destination for probe in found.each}


def test_same_plan_same_probes_each_once_and_as_plain_data() -> None:
    one, other = made(), matrix(deployment(), Limits())
    assert one == other
    for probes in one.probes.values():
        keys = [(probe.source_address, probe.address, probe.port, probe.transport, probe.question) for probe in probes]
        assert len(keys) == len(set(keys))
        assert list(probes) == sorted(probes)
    assert [Probe.of(mapping(plain(probe))) for probe in one.each] == list(one.each)


def test_every_server_is_asked_for_each_record_of_its_view_and_by_each_host() -> None:
    found = [probe for probe in made(servers=SERVERS).each if probe.kind is Kind.DNS]
    inside, outside = ([probe for probe in found if probe.address == server.address] for server in SERVERS)
    records = [record for _pool, record in deployment().records if record.zone == "contoso.com"]
    for view, probes in (("internal", inside), ("external", outside)):
        of_view = {(record.name, record.type) for record in records if record.view == view}
        assert {probe.question for probe in probes} == of_view
    assert {probe.source for probe in inside} == {"fe01", "fe02", "edge01", "rp01", "lb01"}
    assert {probe.source for probe in outside} == {"edge01", "rp01"}
    assert {probe.source_address for probe in outside} <= {"203.0.113.21", "203.0.113.61"}
    pool = next(probe for probe in inside if probe.question == (FRONT_END, "A"))
    assert pool.answers == ("10.1.0.100",)


def test_temporary_listeners_are_wanted_where_probes_should_pass() -> None:
    found = made(Limits(ranges=True))
    wanted = wanted_listeners(found.each, deployment())
    for probe in found.each:
        if probe.expected is Expected.OPEN and probe.destination in deployment().hosts:
            assert {"protocol": probe.transport, "address": probe.address, "port": probe.port} in wanted[
                probe.destination
            ]
    assert {"protocol": "tcp", "address": "2001:db8:1::12", "port": 5061} in wanted["fe02"]


def test_a_temporary_listener_is_not_wanted_where_the_rule_is_for_one_program() -> None:
    rule = FirewallRule(
        name="R",
        rows=("S1",),
        direction="in",
        protocol="tcp",
        localport=("5061",),
        remoteport=("any",),
        localip=("any",),
        remoteip=("10.1.0.0/24",),
        description="",
        program="C:\\a.exe",
    )
    host_plan = HostPlan("a", (), "2013", None, "windows", True, "active", ("10.1.0.1",), firewall_rules=(rule,))
    other = Deployment.of(Plan({"a": host_plan}))
    probe = Probe("b", "a", 5061, "tcp", "10.1.0.1", "10.1.0.2", Kind.TCP, Expected.OPEN, rule="R")
    assert wanted_listeners([probe], other) == {}
