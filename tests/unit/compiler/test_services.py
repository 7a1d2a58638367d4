# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Virtual services per role, method and version, by hand from Microsoft's tables of ports on the load balancer."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import PoolPlan, VirtualService

from .deployments import Variables, compiled, host

POOL, EDGES = "pool01.contoso.com", "edge01.contoso.com"
BALANCERS = {
    "lb01": host("load_balancers", "10.1.0.5", balancer_driver="haproxy"),
    "lb02": host("load_balancers", "203.0.113.5", balancer_driver="haproxy"),
}
VIP, WEB_VIP, EXTERNAL_WEB_VIP = "10.1.0.100", "10.1.0.101", "10.1.0.102"
FRONT_ENDS = {"m1": host("frontend", "10.1.0.11", pool=POOL), "m2": host("frontend", "10.1.0.12", pool=POOL)}
COLLOCATED = {name: {**variables, "groups": ("frontend", "mediation")} for name, variables in FRONT_ENDS.items()}
DIRECTORS = {name: {**variables, "groups": ("directors",)} for name, variables in FRONT_ENDS.items()}
MEDIATION = {name: {**variables, "groups": ("mediation",)} for name, variables in FRONT_ENDS.items()}
HLB: Variables = {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": VIP, "web_vip": WEB_VIP}
DNS: Variables = {"role": "frontend", "load_balancing": "dns", "balancer": "lb01", "web_vip": WEB_VIP}


def pool_plan(members: Mapping[str, Variables], pool: Variables, **common: object) -> PoolPlan:
    return compiled({**members, **BALANCERS}, pools={POOL: pool}, **common).pools[POOL]


def listeners(plan: PoolPlan) -> set[tuple[str, str, int, int]]:
    """Return (transport, virtual address, port, port of the members) of each service."""
    return {(each.protocol, each.vip, each.port, each.node_port) for each in plan.virtual_services}


def straight(vip: str, *ports: int) -> set[tuple[str, str, int, int]]:
    return {("tcp", vip, port, port) for port in ports}


ALL = {
    "features": [
        "rcc",
        "cac",
        "mediation_tcp",
        "http_publishing",
        "federation",
        "mobility",
        "legacy_clients",
        "e911",
    ]
}
LATER = ("2013", "2015", "2019", "se")
SIP_2013 = (5061, 444, 135, 5071, 5072, 5073, 5075, 5076)
CAC, WEB = (5080, 448), (80, 443, 8080, 4443)


@pytest.mark.parametrize("version", LATER)
def test_front_end_behind_a_balancer(version: str) -> None:
    """The fourteen ports of the table; without call admission control its two are not there."""
    web = straight(WEB_VIP, *WEB)
    assert listeners(pool_plan(FRONT_ENDS, HLB, version=version, **ALL)) == straight(VIP, *SIP_2013, *CAC) | web
    assert len(pool_plan(FRONT_ENDS, HLB, version=version, **ALL).virtual_services) == 14
    assert listeners(pool_plan(FRONT_ENDS, HLB, version=version)) == straight(VIP, *SIP_2013) | web


def test_front_end_2010_has_the_ports_that_the_first_edition_balances() -> None:
    """Later editions drop 5060 and 5069."""
    expected = straight(VIP, *SIP_2013, *CAC, 5060, 5069) | straight(WEB_VIP, *WEB)
    assert listeners(pool_plan(FRONT_ENDS, HLB, version="2010", **ALL)) == expected


@pytest.mark.parametrize(("version", "more"), [("2010", (5067, 5068)), ("2013", ()), ("se", ())])
def test_collocated_mediation_adds_5070(version: str, more: tuple[int, ...]) -> None:
    alone, both = (listeners(pool_plan(members, HLB, version=version, **ALL)) for members in (FRONT_ENDS, COLLOCATED))
    assert both - alone == straight(VIP, 5070, *more)
    assert alone - both == set()


@pytest.mark.parametrize("version", LATER)
def test_with_dns_load_balancing_only_the_web_is_balanced(version: str) -> None:
    assert listeners(pool_plan(FRONT_ENDS, DNS, version=version, **ALL)) == straight(WEB_VIP, *WEB)


def test_with_dns_load_balancing_2010_keeps_135() -> None:
    assert listeners(pool_plan(FRONT_ENDS, DNS, version="2010", **ALL)) == straight(WEB_VIP, *WEB, 135)


@pytest.mark.parametrize("version", ["2010", *LATER])
def test_directors(version: str) -> None:
    more = (5060,) if version == "2010" else ()
    hlb = pool_plan(DIRECTORS, {**HLB, "role": "directors"}, version=version, **ALL)
    assert listeners(hlb) == straight(VIP, 444, 5061, *more) | straight(WEB_VIP, 80, 443, 8080, 4443)
    dns = pool_plan(DIRECTORS, {**DNS, "role": "directors"}, version=version, **ALL)
    assert listeners(dns) == straight(WEB_VIP, 80, 443, 8080, 4443)


@pytest.mark.parametrize(("version", "ports"), [("2010", (5070, 5067, 5068)), ("2013", (5070,)), ("2019", (5070,))])
def test_mediation_pool(version: str, ports: tuple[int, ...]) -> None:
    pool = {"role": "mediation", "load_balancing": "hlb", "balancer": "lb01", "vip": VIP}
    found = pool_plan(MEDIATION, pool, version=version, **ALL)
    assert listeners(found) == straight(VIP, *ports)
    assert {each.port: each.monitor["port"] for each in found.virtual_services} == {port: port for port in ports}
    assert (
        pool_plan(MEDIATION, {"role": "mediation", "load_balancing": "dns"}, version=version, **ALL).virtual_services
        == ()
    )


def test_one_server_needs_no_balancer() -> None:
    one = {"m1": FRONT_ENDS["m1"]}
    assert pool_plan(one, {"role": "frontend", "load_balancing": "none"}, **ALL).virtual_services == ()
    alone = compiled({"se01": host("standard_edition", "10.31.0.11")}, **ALL).pools
    assert {name: pool.virtual_services for name, pool in alone.items()} == {"se01": ()}


# --- How a service behaves ----------------------------------------------------------------------------------------


def by_port(plan: PoolPlan) -> dict[int, VirtualService]:
    return {each.node_port: each for each in plan.virtual_services}


def test_services_have_microsofts_figures() -> None:
    found = by_port(pool_plan(FRONT_ENDS, HLB, version="2013"))
    for port, service in found.items():
        source = {"type": "source", "seconds": 1200, "group": f"{POOL}@{service.vip}"}
        assert service.persistence == ({"type": "none"} if port in (4443, 8080) else source)
        assert service.monitor == {"type": "tcp", "port": 5061, "interval_seconds": 10, "failures": 2}
        assert (service.idle_seconds, service.algorithm, service.source_nat, service.nagle) == (
            1800,
            "least-connections",
            True,
            True,
        )
        assert service.members == ("10.1.0.11", "10.1.0.12")
        assert (service.balancers, service.disabled_members) == (("lb01",), ())


def test_external_web_services_of_2010_need_a_cookie() -> None:
    found = by_port(pool_plan(FRONT_ENDS, HLB, version="2010"))
    assert found[4443].persistence == found[8080].persistence == {"type": "cookie", "name": "MS-WSMAN"}
    assert (
        found[443].persistence
        == found[80].persistence
        == {"type": "source", "seconds": 1200, "group": f"{POOL}@{WEB_VIP}"}
    )
    assert found[5061].persistence == {"type": "source", "seconds": 1200, "group": f"{POOL}@{VIP}"}


def test_the_monitoring_port_is_asked_instead_of_5061() -> None:
    found = pool_plan(FRONT_ENDS, {**HLB, "monitoring_port": 5060}, version="2013")
    assert {each.monitor["port"] for each in found.virtual_services} == {5060}


def test_an_external_web_address_is_rewritten_by_the_balancer() -> None:
    """443 to 4443 and 80 to 8080; without the address the reverse proxy rewrites, and the balancer listens on 4443 and
    8080.
    """
    found = listeners(pool_plan(FRONT_ENDS, {**DNS, "external_web_vip": EXTERNAL_WEB_VIP}, version="2013"))
    rewritten = {("tcp", EXTERNAL_WEB_VIP, 443, 4443), ("tcp", EXTERNAL_WEB_VIP, 80, 8080)}
    assert found == straight(WEB_VIP, 80, 443) | rewritten


def test_a_web_address_that_is_not_given_is_that_of_the_pool() -> None:
    pool = {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": VIP}
    assert listeners(pool_plan(FRONT_ENDS, pool, version="2013")) == straight(VIP, *SIP_2013, *WEB)


def test_names_and_rows_of_services() -> None:
    found = by_port(pool_plan(FRONT_ENDS, HLB, version="2013"))
    assert (found[5061].name, found[5061].rows) == (f"{POOL}-fe-sip-tls-5061", ("S2",))
    assert (found[4443].name, found[4443].rows) == (f"{POOL}-fe-web-external-https-4443", ("fe-web-external-https",))


def test_a_range_is_never_balanced() -> None:
    row = {
        "id": "site-row", "component": "frontend", "port": ["9100-9109", 9200], "transports": ["tcp"],
        "direction": "in", "peers": [{"class": "clients"}],
        "load_balancer": "hlb",
    }  # fmt: skip
    with_row, without = (
        listeners(pool_plan(FRONT_ENDS, HLB, version="2013", **common)) for common in ({"extra_rows": [row]}, {})
    )
    assert with_row - without == straight(VIP, 9200)


def test_members_by_state() -> None:
    members = {
        "m1": FRONT_ENDS["m1"],
        "m2": {**FRONT_ENDS["m2"], "lync_member_state": "joining"},
        "m3": host("frontend", "10.1.0.13", pool=POOL, member_state="draining"),
        "m4": host("frontend", "10.1.0.14", pool=POOL, member_state="retired"),
        "m5": host("frontend", "10.1.0.15", pool=POOL, backup_member=True),
    }
    for service in pool_plan(members, HLB).virtual_services:
        found = (service.members, service.disabled_members, service.draining_members, service.backup_members)
        assert found == (("10.1.0.11",), ("10.1.0.12",), ("10.1.0.13",), ("10.1.0.15",))


def test_a_virtual_address_of_each_family_is_a_service_with_members_of_that_family() -> None:
    members = {
        "m1": host("frontend", "10.1.0.11", pool=POOL, address=["10.1.0.11", "2001:db8:1::11"]),
        "m2": host("frontend", "10.1.0.12", pool=POOL),
    }
    found = pool_plan(members, {**HLB, "vip": [VIP, "2001:db8:1::100"]}, version="2013")
    sip = {each.name: (each.vip, each.members) for each in found.virtual_services if each.port == 5061}
    assert sip == {
        f"{POOL}-fe-sip-tls-5061": (VIP, ("10.1.0.11", "10.1.0.12")),
        f"{POOL}-fe-sip-tls-5061-v6": ("2001:db8:1::100", ("2001:db8:1::11",)),
    }


def test_services_of_collocated_mediation_have_only_members_that_are_collocated() -> None:
    members = {"m1": COLLOCATED["m1"], "m2": FRONT_ENDS["m2"]}
    found = by_port(pool_plan(members, HLB, version="2013"))
    assert found[5070].members == ("10.1.0.11",)
    assert found[5061].members == ("10.1.0.11", "10.1.0.12")


# --- Edge ---------------------------------------------------------------------------------------------------------

EXTERNAL_VIPS = {"access": "203.0.113.10", "web_conferencing": "203.0.113.11", "av": "203.0.113.12"}
EDGE_POOL: Variables = {
    "role": "edge", "load_balancing": "hlb", "balancer": {"internal": "lb01", "external": "lb02"}, "vip": "10.2.0.100",
    "external_vips": EXTERNAL_VIPS,
}  # fmt: skip
EDGES_OF_POOL = {
    f"edge0{number}": host(
        "edge", f"10.2.0.2{number}", pool=POOL,
        external_addresses={"access": f"203.0.113.2{number}", "web_conferencing": f"203.0.113.3{number}",
                            "av": f"203.0.113.4{number}"},
    )
    for number in (1, 2)
}  # fmt: skip
# (transport, virtual address, port, members, port of the monitor, source NAT, Nagle)
_INSIDE, _ACCESS, _WEB, _AV = (
    tuple(f"{base}{number}" for number in (1, 2)) for base in ("10.2.0.2", "203.0.113.2", "203.0.113.3", "203.0.113.4")
)
EDGE_SERVICES = {
    ("tcp", "10.2.0.100", 5061, _INSIDE, 5061, True, True),
    ("tcp", "10.2.0.100", 5062, _INSIDE, 5062, True, True),
    ("tcp", "10.2.0.100", 443, _INSIDE, 443, True, False),
    ("udp", "10.2.0.100", 3478, _INSIDE, 443, True, True),
    ("tcp", "203.0.113.10", 443, _ACCESS, 443, True, False),
    ("tcp", "203.0.113.11", 443, _WEB, 443, True, False),
    ("tcp", "203.0.113.12", 443, _AV, 443, False, False),
    ("udp", "203.0.113.12", 3478, _AV, 443, False, True),
}
FEDERATION_SERVICE = ("tcp", "203.0.113.10", 5061, _ACCESS, 5061, True, True)
XMPP_SERVICE = ("tcp", "203.0.113.10", 5269, _ACCESS, 5269, True, True)


def edge_services(**common: object) -> tuple[VirtualService, ...]:
    return pool_plan(EDGES_OF_POOL, EDGE_POOL, **common).virtual_services


def described(service: VirtualService) -> tuple[object, ...]:
    return (
        service.protocol,
        service.vip,
        service.port,
        service.members,
        service.monitor["port"],
        service.source_nat,
        service.nagle,
    )


@pytest.mark.parametrize(
    ("version", "features", "more"),
    [
        ("2010", [], set()),
        ("2010", ["federation"], {FEDERATION_SERVICE}),
        ("2010", ["public_im"], {FEDERATION_SERVICE}),
        ("2013", ["federation", "xmpp"], {FEDERATION_SERVICE, XMPP_SERVICE}),
        ("2019", ["federation", "centralized_logging"], {FEDERATION_SERVICE}),
    ],
)
def test_edge_pool(version: str, features: list[str], more: set[tuple[object, ...]]) -> None:
    found = edge_services(version=version, features=features)
    assert {described(each) for each in found} == EDGE_SERVICES | more
    assert len(found) == len(EDGE_SERVICES | more)
    assert all(
        each.persistence == {"type": "source", "seconds": 1200, "group": f"{POOL}@{each.vip}"}
        and each.node_port == each.port
        for each in found
    )


def test_each_side_of_an_edge_has_its_balancer() -> None:
    assert {each.balancers for each in edge_services() if each.vip == "10.2.0.100"} == {("lb01",)}
    assert {each.balancers for each in edge_services() if each.vip != "10.2.0.100"} == {("lb02",)}


def test_the_monitor_of_3478_is_443_although_the_pool_has_a_monitoring_port() -> None:
    found = pool_plan(EDGES_OF_POOL, {**EDGE_POOL, "monitoring_port": 5999}).virtual_services
    assert {each.protocol: each.monitor["port"] for each in found} == {"udp": 443, "tcp": 5999}


def test_edges_with_dns_load_balancing_have_no_services() -> None:
    assert pool_plan(EDGES_OF_POOL, {"role": "edge", "load_balancing": "dns"}).virtual_services == ()


def test_a_pair_of_balancers_both_have_the_services() -> None:
    found = pool_plan(FRONT_ENDS, {**HLB, "balancer": ["lb01", "lb02"]})
    assert {each.balancers for each in found.virtual_services} == {("lb01", "lb02")}


def test_what_a_pool_relies_on_is_told() -> None:
    found = pool_plan(FRONT_ENDS, {**HLB, "monitoring_port": 5060, "external_web_fqdn": "webext.contoso.com"})
    assert found.assumptions == (
        "Something outside this inventory publishes webext.contoso.com.",
        "The published topology names the same pool, members and ports.",
        "Topology Builder has the hardware load balancer monitoring port 5060 switched on for this pool.",
    )
    edges = pool_plan(EDGES_OF_POOL, EDGE_POOL).assumptions
    assert any("default gateway of the external interfaces" in text for text in edges)


PROXIES = "rp01.contoso.com"
PROXY_POOL: Variables = {"role": "reverse_proxy", "load_balancing": "hlb", "balancer": "lb02", "vip": "203.0.113.100"}
REVERSE_PROXIES = {
    f"rp{number}": host(
        "reverse_proxy",
        f"10.2.0.6{number}",
        pool=PROXIES,
        internal_address=f"10.2.0.6{number}",
        external_address=f"203.0.113.6{number}",
    )
    for number in (1, 2)
}


def test_a_pool_of_reverse_proxies_is_reached_by_its_virtual_address() -> None:
    pools = {POOL: {**HLB, "external_web_fqdn": "webext.contoso.com"}, PROXIES: PROXY_POOL}
    plan = compiled(
        {**FRONT_ENDS, **REVERSE_PROXIES, **BALANCERS}, pools=pools, version="2013", features=["http_publishing"]
    )
    services = plan.pools[PROXIES].virtual_services
    assert listeners(plan.pools[PROXIES]) == straight("203.0.113.100", 80, 443)
    assert {each.members for each in services} == {("203.0.113.61", "203.0.113.62")}
    assert {(each.balancers, each.source_nat, each.monitor["port"]) for each in services} == {
        (("lb02",), True, 80),
        (("lb02",), True, 443),
    }
    assert plan.pools[PROXIES].dns_records == ()
    outside = [record for record in plan.pools[POOL].dns_records if record.view == "external"]
    assert {(record.name, record.values) for record in outside if record.type == "A"} == {
        ("webext.contoso.com", ("203.0.113.100",))
    } | {(record.name, record.values) for record in outside if record.name.startswith("lyncdiscover")}


def test_reverse_proxies_without_a_balancer_are_reached_one_by_one() -> None:
    proxies = {
        name: {key: value for key, value in each.items() if key != "lync_pool"}
        for name, each in REVERSE_PROXIES.items()
    }
    plan = compiled(
        {**FRONT_ENDS, **proxies, **BALANCERS},
        pools={POOL: {**HLB, "external_web_fqdn": "webext.contoso.com"}},
        version="2013",
    )
    found = [record for record in plan.pools[POOL].dns_records if record.name == "webext.contoso.com"]
    assert {record.values for record in found} == {("203.0.113.61", "203.0.113.62")}
