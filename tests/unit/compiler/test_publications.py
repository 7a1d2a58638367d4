# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What reverse proxies publish: names per pool, where their traffic goes, and how plan files say it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.files import rendered
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import (
    Publication,
    TlsMode,
    read_publications,
)

from .deployments import Variables, compiled, host
from .plan_schema import schema_errors

POOL, OTHER = "pool01.contoso.com", "pool02.contoso.com"
HOSTS = {
    "fe01": host("frontend", "10.1.0.11", pool=POOL), "fe02": host("frontend", "10.1.0.12", pool=POOL),
    "fe21": host("frontend", "10.1.0.21", pool=OTHER),
    "fe22": host("frontend", "10.1.0.22", pool=OTHER, member_state="joining"),
    "lb01": host("load_balancers", "10.1.0.5", balancer_driver="haproxy"),
    "rp01": host("reverse_proxy", "10.2.0.61", external_address="203.0.113.61", reverse_proxy_driver="haproxy"),
    "rp02": host("reverse_proxy", "10.2.0.62", external_nat_address="203.0.113.62"),
}  # fmt: skip
HLB: Variables = {
    "role": "frontend",
    "load_balancing": "hlb",
    "balancer": "lb01",
    "vip": "10.1.0.100",
    "external_web_fqdn": "WebExt01.contoso.com",
}
ALONE: Variables = {
    "role": "frontend",
    "external_web_fqdn": "webext02.contoso.com",
    "load_balancing": "dns",
    "balancer": "lb01",
    "web_vip": "10.1.0.200",
}
BRIDGE = {"mode": "bridge", "certificate": "/etc/ssl/lync/web.pem", "ca": "/etc/ssl/lync/ca.pem"}
COMMON = {
    "version": "2013", "sip_domains": ["contoso.com"], "central_management_pool": POOL,
    "simple_urls": {"meet": ["https://meet.contoso.com"], "dialin": ["https://dialin.contoso.com"]},
}  # fmt: skip
AT_HOME = ("dialin.contoso.com", "lyncdiscover.contoso.com", "meet.contoso.com", "webext01.contoso.com")


def deployment(first: Variables | None = None, second: Variables | None = None, **common: object) -> Plan:
    return compiled(HOSTS, pools={POOL: first or HLB, OTHER: second or ALONE}, **{**COMMON, **common})


def published(plan: Plan) -> dict[str, Publication]:
    return {each.name: each for each in plan.hosts["rp01"].publications or ()}


def test_names_go_to_the_pool_that_answers_them() -> None:
    found = published(deployment())
    assert {name: each.host_names for name, each in found.items()} == {POOL: AT_HOME, OTHER: ("webext02.contoso.com",)}
    assert {each.listens for each in found.values()} == {("203.0.113.61",)}
    assert deployment().hosts["rp02"].publications is None and deployment().hosts["fe01"].publications is None


def test_each_name_outside_that_leads_to_the_proxies_is_published_and_no_other() -> None:
    """DNS and the proxies say the same: a law over both policies."""
    for version, features in (("2010", []), ("2010", ["mobility"]), ("2013", [])):
        plan = deployment(version=version, features=features)
        proxies = ("203.0.113.61", "203.0.113.62")
        led = {
            each.name.lower()
            for pool in plan.pools.values()
            for each in pool.dns_records
            if each.view == "external" and each.values == proxies
        }
        assert {name for each in published(plan).values() for name in each.host_names} == led
        assert ("lyncdiscover.contoso.com" in led) is (version != "2010" or bool(features))


@pytest.mark.parametrize(
    ("pool", "members", "ports"),
    [
        (HLB, ["10.1.0.100 active"], (4443, 8080)),
        ({**HLB, "web_vip": "10.1.0.101"}, ["10.1.0.101 active"], (4443, 8080)),
        ({**HLB, "external_web_vip": "10.1.0.102"}, ["10.1.0.102 active"], (443, 80)),
    ],
)
def test_traffic_goes_to_the_virtual_address(pool: Variables, members: list[str], ports: tuple[int, int]) -> None:
    found = published(deployment(pool))[POOL]
    assert [f"{each.address} {each.state.value}" for each in found.members] == members
    assert (found.https_port, found.http_port, found.https_node_port, found.http_node_port) == (443, 80, *ports)


def test_traffic_goes_to_members_where_nobody_balances() -> None:
    hosts = {**{name: each for name, each in HOSTS.items() if name != "fe02"}, "lb01": HOSTS["lb01"]}
    plan = compiled(
        hosts, pools={POOL: {"role": "frontend", "external_web_fqdn": "webext01.contoso.com"}, OTHER: ALONE}, **COMMON
    )
    assert [each.address for each in published(plan)[POOL].members] == ["10.1.0.11"]


def test_tls_is_the_pools() -> None:
    found = published(deployment({**HLB, "tls": BRIDGE}))
    assert (found[POOL].mode, found[POOL].certificate, found[POOL].ca) == (
        TlsMode.BRIDGE,
        BRIDGE["certificate"],
        BRIDGE["ca"],
    )
    assert (found[OTHER].mode, found[OTHER].certificate, found[OTHER].ca) == (TlsMode.PASSTHROUGH, "", "")


def test_nobody_publishes_what_nobody_answers_and_a_retired_proxy_nothing() -> None:
    hosts = {**HOSTS, "fe21": {**HOSTS["fe21"], "lync_member_state": "joining"}}
    assert set(published(compiled(hosts, pools={POOL: HLB, OTHER: ALONE}, **COMMON))) == {POOL}
    retired = {**HOSTS, "rp01": {**HOSTS["rp01"], "lync_member_state": "retired"}}
    assert compiled(retired, pools={POOL: HLB, OTHER: ALONE}, **COMMON).hosts["rp01"].publications == ()


def test_plan_files_carry_what_the_module_takes() -> None:
    plan = deployment({**HLB, "tls": BRIDGE})
    files = rendered(plan)
    document = json.loads(files["hosts/rp01.json"])
    assert schema_errors(files) == []
    assert read_publications(document["publications"]) == plan.hosts["rp01"].publications
    assert document["platform"] == "linux" and not [
        text for text in document["assumptions"] if "publishing rules" in text
    ]
    assert "publications" not in json.loads(files["hosts/rp02.json"]) and "publications" not in plain(
        plan.hosts["fe01"]
    )  # type: ignore[operator]


def test_a_pool_with_tls_that_nobody_reads_is_warned_about() -> None:
    hosts = {name: each for name, each in HOSTS.items() if name != "rp01"}
    warnings = compiled(hosts, pools={POOL: {**HLB, "tls": BRIDGE}, OTHER: ALONE}, **COMMON).warnings
    assert any("nobody reads it: no reverse proxy has lync_reverse_proxy_driver" in text for text in warnings)
