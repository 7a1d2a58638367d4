# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan tells those who run the perimeter's firewalls and the authority of certificates."""

from __future__ import annotations

import copy
import csv
import functools
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.files import CERTIFICATES, PERIMETER
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Certificate, Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._report.papers import firewall_rows, papers

from ..compiler.examples import example

EDGE, SHARED, PROXY = "edge11 ({})", "edge21 (172.21.2.21)", "rp11 (172.21.1.61)"
ACCESS, CONFERENCES, AV = (EDGE.format(f"172.21.1.{number}") for number in (21, 31, 41))


@functools.cache
def plan_of(name: str) -> Plan:
    return compile_inventory(example(name))


def changed(name: str, hosts: Mapping[str, Mapping[str, object]], pools: Mapping[str, Any] | None = None) -> Plan:
    """Return the plan of an example with more variables of hosts, and more keys of pools."""
    found = {}
    for each, host in example(name).items():
        own: dict[str, Any] = copy.deepcopy(dict(cast(Any, host.variables))) | dict(hosts.get(each, {}))
        for pool, keys in (pools or {}).items():
            own["lync_pools"][pool].update(keys)
        found[each] = replace(host, variables=own)
    return compile_inventory(found)


def flows(plan: Plan, side: str) -> set[tuple[str, ...]]:
    return {
        (row.direction, row.source, row.source_port, row.destination, row.transport, row.port, row.public)
        for row in firewall_rows(plan)
        if row.side == side
    }


def test_flows_of_an_edge_server_behind_translation() -> None:
    """Microsoft's tables of the external firewall: each service by its address, and what the A/V Edge sends has its
    range as source port; the public address stands beside.
    """
    assert flows(plan_of("fabrikam"), "external") >= {
        ("in", "any", "any", ACCESS, "TCP", "443", "203.0.113.21"),
        ("in", "any", "any", ACCESS, "TCP", "5061", "203.0.113.21"),
        ("out", ACCESS, "any", "any", "TCP", "5061", "203.0.113.21"),
        ("out", ACCESS, "any", "any", "TCP", "80", "203.0.113.21"),
        ("in", "any", "any", CONFERENCES, "TCP", "443", "203.0.113.31"),
        ("in", "any", "any", AV, "TCP", "443", "203.0.113.41"),
        ("in", "any", "any", AV, "UDP", "3478", "203.0.113.41"),
        ("out", AV, "50000-59999", "any", "TCP", "any", "203.0.113.41"),
        ("out", AV, "50000-59999", "any", "UDP", "any", "203.0.113.41"),
        ("in", "any", "any", SHARED, "TCP", "444", "203.0.113.121"),
        ("in", "any", "any", PROXY, "TCP", "443", "203.0.113.61"),
    }


def test_no_address_is_translated_towards_the_inside() -> None:
    found = flows(plan_of("fabrikam"), "internal")
    assert {public for *_flow, public in found} == {""}
    assert any(
        direction == "in" and source == "10.50.0.11, 10.50.0.12/31" and destination == "edge11 (172.20.1.21)"
        for direction, source, _port, destination, *_rest in found
    ), found


def test_what_balancers_take_for_the_perimeter_is_told_by_their_address_too() -> None:
    """Microsoft's tables for hardware load balancers name the virtual addresses, and the members for media."""
    found = flows(plan_of("contoso"), "external")
    for pool in ("edge01.contoso.com (203.0.113.12)", "edge01 (203.0.113.41)"):
        assert ("in", "any", "any", pool, "UDP", "3478", "") in found
    assert any(flow[3] == "edge01.contoso.com (10.2.0.100)" for flow in flows(plan_of("contoso"), "internal"))


def certificates(plan: Plan, pool: str) -> Mapping[tuple[str, str], Certificate]:
    return {(each.holder, each.use): each for each in plan.pools[pool].certificates}


def test_certificates_of_an_edge_pool() -> None:
    """The subject is the Access Edge's name; the A/V Edge shows no certificate."""
    found = certificates(plan_of("fabrikam"), "edge20.fabrikam.com")
    outside = found["members", "external interface"]
    assert (outside.subject, outside.seen_by) == ("sip20.fabrikam.com", "outside")
    assert set(outside.names) == {"sip20.fabrikam.com", "webcon20.fabrikam.com", "sip.fabrikam.com"}
    inside = found["members", "internal interface"]
    assert inside.names == ("edge20.fabrikam.com", "edge21.fabrikam.com", "edge22.fabrikam.com")


def test_an_edge_pool_that_is_known_as_sip_of_its_domain_has_that_name_once() -> None:
    found = certificates(plan_of("contoso"), "edge01.contoso.com")["members", "external interface"]
    assert (found.subject, found.names) == ("sip.contoso.com", ("sip.contoso.com", "webconf.contoso.com"))


def test_each_server_is_named_in_the_certificates_of_its_pool() -> None:
    plan = plan_of("fabrikam")
    for name in ("pool10.fabrikam.com", "dir10.fabrikam.com", "med20.fabrikam.com", "edge10.fabrikam.com"):
        inside = [each for each in plan.pools[name].certificates if each.seen_by == "inside"]
        members = {f"{host.host}.fabrikam.com" for host in plan.hosts.values() if host.pool == name}
        assert inside and members and all(members < set(each.names) for each in inside)


PUBLISHED = {"webext10.fabrikam.com", "meet.fabrikam.com", "dialin.fabrikam.com", "lyncdiscover.fabrikam.com"}


def test_where_tls_passes_through_the_outside_sees_the_certificate_of_the_members() -> None:
    found = certificates(plan_of("fabrikam"), "pool10.fabrikam.com")
    assert not any(holder == "reverse proxies" for holder, _use in found)
    shown = found["members", "web services external"]
    assert shown.seen_by == "outside" and set(shown.names) > PUBLISHED
    assert "admin.fabrikam.com" not in shown.names


def test_where_tls_ends_on_the_proxy_the_outside_sees_the_certificate_of_its_file() -> None:
    tls = {"mode": "bridge", "certificate": "/etc/ssl/web.pem", "ca": "/etc/ssl/ca.pem"}
    proxies = {name: {"lync_reverse_proxy_driver": "haproxy"} for name in ("rp11", "rp21")}
    plan = changed("fabrikam", proxies, {"pool10.fabrikam.com": {"tls": tls}})
    found = certificates(plan, "pool10.fabrikam.com")
    assert found["members", "web services external"].seen_by == "reverse proxies"
    shown = found["reverse proxies", "listener"]
    assert (shown.subject, shown.seen_by, shown.path) == ("webext10.fabrikam.com", "outside", "/etc/ssl/web.pem")


def test_where_somebody_else_publishes_the_proxy_has_a_certificate_whose_place_is_not_known() -> None:
    shown = certificates(plan_of("contoso"), "pool01.contoso.com")["reverse proxies", "listener"]
    assert (shown.subject, shown.path) == ("webext01.contoso.com", None)


@pytest.mark.parametrize("name", ["contoso", "fabrikam", "small"])
def test_the_papers_are_tables_of_the_same_rows(name: str) -> None:
    plan = plan_of(name)
    found = papers(plan)
    flows_of, held = (list(csv.DictReader(io.StringIO(found[file]))) for file in (PERIMETER, CERTIFICATES))
    assert len(flows_of) == len(firewall_rows(plan)) > 0
    assert len(held) == sum(len(pool.certificates) for pool in plan.pools.values()) > 0
    assert all(row["Subject"] in row["Names"].split() for row in held)
    assert {row["Direction"] for row in flows_of} == {"in", "out"}


def test_papers_lie_beside_a_plan_that_is_read_again(tmp_path: Path) -> None:
    plan = plan_of("fabrikam")
    for _time in range(2):
        texts = {**files.rendered(plan), **papers(plan)}
        files.write(tmp_path, texts, plan.known_addresses, plan.inputs, plan.names)
    assert files.read_plan(tmp_path) == replace(plan, warnings=())
    assert papers(files.read_plan(tmp_path)) == papers(plan)
    assert (tmp_path / PERIMETER).is_file() and (tmp_path / CERTIFICATES).is_file()


def test_no_order_of_the_inventory_changes_a_paper() -> None:
    """One address may be known by several; members and services come in any order."""
    nat = {"access": "203.0.113.121", "web_conferencing": "203.0.113.131", "av": "203.0.113.141"}
    found = []
    for turned in (False, True):
        own = dict(sorted(nat.items(), reverse=turned))
        hosts = dict(sorted(example("fabrikam").items(), reverse=turned))
        variables = {**hosts["edge21"].variables, "lync_external_nat_addresses": own}
        found.append(papers(compile_inventory({**hosts, "edge21": replace(hosts["edge21"], variables=variables)})))
    assert found[0] == found[1]
    assert '"203.0.113.121, 203.0.113.131, 203.0.113.141"' in found[0][PERIMETER]


def test_a_server_that_leaves_is_named_no_more() -> None:
    gone = changed("fabrikam", {"edge22": {"lync_member_state": "retired"}})
    assert "edge22.fabrikam.com" not in str(gone.pools["edge20.fabrikam.com"].certificates)
