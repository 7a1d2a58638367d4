# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DNS records per method and view: pools, web names, simple URLs, client discovery, zones."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan

from .deployments import Variables, compiled, host

POOL, OTHER, EDGES, DIRECTORS = "pool01.contoso.com", "pool02.contoso.com", "edge01.contoso.com", "dir01.contoso.com"
WEB, EXTERNAL_WEB = "web01.contoso.com", "webext01.contoso.com"
HLB: Variables = {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.1.0.100"}
DNS: Variables = {"role": "frontend", "load_balancing": "dns", "balancer": "lb01", "web_vip": "10.1.0.101"}
HOSTS = {
    "fe01": host("frontend", "10.1.0.11", pool=POOL, address=["10.1.0.11", "2001:db8:1::11"]),
    "fe02": host("frontend", "10.1.0.12", pool=POOL),
    "fe03": host("frontend", "10.1.0.13", pool=POOL, member_state="joining"),
    "fe04": host("frontend", "10.1.0.14", pool=POOL, member_state="draining"),
    "lb01": host("load_balancers", "10.1.0.5", balancer_driver="haproxy"),
}
PROXIES = {
    "rp01": host("reverse_proxy", "10.2.0.61", external_address="203.0.113.61"),
    "rp02": host("reverse_proxy", "10.2.0.62", external_address="203.0.113.62", member_state="draining"),
}

Records = set[tuple[str, str, str, tuple[str, ...]]]


def records(plan: Plan, pool: str = POOL) -> Records:
    """Return (view, name, type, values) of each record."""
    return {(each.view, each.name, each.type, each.values) for each in plan.pools[pool].dns_records}


def deployment(
    pool: Variables,
    more: Mapping[str, Variables] | None = None,
    pools: Mapping[str, Variables] | None = None,
    **common: object,
) -> Plan:
    return compiled({**HOSTS, **(more or {})}, pools={POOL: pool, **(pools or {})}, **common)


@pytest.mark.parametrize(
    ("pool", "addresses"),
    [
        (HLB, {("A", ("10.1.0.100",))}),
        ({**HLB, "vip": ["10.1.0.100", "2001:db8:1::100"]}, {("A", ("10.1.0.100",)), ("AAAA", ("2001:db8:1::100",))}),
        (DNS, {("A", ("10.1.0.11", "10.1.0.12")), ("AAAA", ("2001:db8:1::11",))}),
    ],
)
def test_the_name_of_a_pool(pool: Variables, addresses: set[tuple[str, tuple[str, ...]]]) -> None:
    """The virtual address, or each active member; joining and draining members are not in DNS."""
    assert records(deployment(pool)) == {("internal", POOL, kind, values) for kind, values in addresses}


def test_the_name_of_a_pool_of_one_server() -> None:
    found = compiled({"fe01": HOSTS["fe02"]}, pools={POOL: {"role": "frontend", "web_fqdn": WEB}})
    assert records(found) == {("internal", name, "A", ("10.1.0.12",)) for name in (POOL, WEB)}


def test_web_names() -> None:
    """Inside the virtual web address, outside the active reverse proxies; the external name is in both views where the
    inside has its zone.
    """
    pool = {**DNS, "web_fqdn": WEB, "external_web_fqdn": EXTERNAL_WEB}
    found = records(deployment(pool, PROXIES))
    assert {record for record in found if record[1] != POOL} == {
        ("internal", WEB, "A", ("10.1.0.101",)),
        ("external", EXTERNAL_WEB, "A", ("203.0.113.61",)),
        ("internal", EXTERNAL_WEB, "A", ("203.0.113.61",)),
    }


def test_one_web_name_for_inside_and_outside_leads_inside_to_the_pool() -> None:
    """As a farm of Office Online Servers has it: two sets of one name in one view would be no answer at all."""
    found = records(deployment({**DNS, "web_fqdn": WEB, "external_web_fqdn": WEB}, PROXIES))
    assert {record for record in found if record[1] == WEB} == {
        ("internal", WEB, "A", ("10.1.0.101",)),
        ("external", WEB, "A", ("203.0.113.61",)),
    }


def test_an_external_web_name_without_reverse_proxies_is_the_balancers() -> None:
    pool = {**HLB, "external_web_fqdn": EXTERNAL_WEB, "external_web_vip": "203.0.113.70"}
    assert ("external", EXTERNAL_WEB, "A", ("203.0.113.70",)) in records(deployment(pool))


SIMPLE_URLS = {
    "meet": "https://meet.contoso.com",
    "dialin": ["https://dialin.contoso.com/x", "dialin.fabrikam.com"],
    "admin": "https://meet.contoso.com/admin",
}
SIMPLE_NAMES = ("dialin.contoso.com", "dialin.fabrikam.com", "meet.contoso.com")


def test_simple_urls_are_in_both_views_once() -> None:
    found = records(deployment({**HLB, "web_vip": "10.1.0.101"}, PROXIES, simple_urls=SIMPLE_URLS))
    inside = {("internal", name, "A", ("10.1.0.101",)) for name in SIMPLE_NAMES}
    outside = {("external", name, "A", ("203.0.113.61",)) for name in SIMPLE_NAMES}
    assert {record for record in found if record[1] in SIMPLE_NAMES} == inside | outside


HOMES: dict[str, tuple[Variables, str]] = {
    "the first Front End pool": ({}, POOL),
    "the central management pool": ({"central_management_pool": OTHER}, OTHER),
    "the Directors": ({"directors": True, "central_management_pool": OTHER}, DIRECTORS),
}


@pytest.mark.parametrize("home", HOMES)
def test_clients_are_sent_to(home: str) -> None:
    common, expected = HOMES[home]
    more: dict[str, Variables] = {"fe21": host("frontend", "10.21.0.11", pool=OTHER)}
    pools: dict[str, Variables] = {OTHER: {"role": "frontend"}}
    if common.get("directors"):
        more["dir01"], pools[DIRECTORS] = host("directors", "10.1.0.31", pool=DIRECTORS), {"role": "directors"}
    options = {key: value for key, value in common.items() if key != "directors"}
    found = deployment(
        HLB, more, pools, sip_domains=["contoso.com"], simple_urls={"meet": "https://meet.contoso.com"}, **options
    )
    srv = {pool: values for pool in found.pools for view, name, kind, values in records(found, pool) if kind == "SRV"}
    assert srv == {expected: (f"0 0 5061 {expected}",)}
    assert [
        pool for pool in found.pools if any(record[1] == "meet.contoso.com" for record in records(found, pool))
    ] == [expected]


EXTERNAL = {"access": "203.0.113.21", "web_conferencing": "203.0.113.31", "av": "203.0.113.41"}
CARDS = {"access": "192.168.3.21", "web_conferencing": "192.168.3.31", "av": "192.168.3.41"}
EDGE_DNS: Variables = {"role": "edge", "load_balancing": "dns"}
EDGE_HLB: Variables = {
    "role": "edge", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.2.0.100",
    "external_vips": {"access": "203.0.113.10", "web_conferencing": "203.0.113.11", "av": "203.0.113.12"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("pool", "variables", "inside", "access"),
    [
        (EDGE_DNS, {"external_addresses": EXTERNAL}, "10.2.0.21", "203.0.113.21"),
        (EDGE_DNS, {"external_addresses": CARDS, "external_nat_addresses": EXTERNAL}, "10.2.0.21", "203.0.113.21"),
        (EDGE_HLB, {"external_addresses": EXTERNAL}, "10.2.0.100", "203.0.113.10"),
    ],
)
def test_names_of_an_edge_pool(pool: Variables, variables: dict[str, object], inside: str, access: str) -> None:
    """The public addresses outside, those behind NAT are nobody's business."""
    edge = host("edge", "10.2.0.21", pool=EDGES, fqdn="one.contoso.com", **variables)
    found = deployment(HLB, {"edge01": edge}, {EDGES: pool}, sip_domains=["contoso.com"], features=["federation"])
    assert records(found, EDGES) == {
        ("internal", EDGES, "A", (inside,)),
        ("internal", "one.contoso.com", "A", ("10.2.0.21",)),
        ("external", "sip.contoso.com", "A", (access,)),
        ("external", "_sip._tls.contoso.com", "SRV", ("0 0 443 sip.contoso.com",)),
        ("external", "_sipfederationtls._tcp.contoso.com", "SRV", ("0 0 5061 sip.contoso.com",)),
    }


def test_each_external_service_has_its_name() -> None:
    """A given name of the Access Edge is the target of its own domain; clients of another domain would not trust it."""
    edge = host("edge", "10.2.0.21", pool=EDGES, external_addresses=EXTERNAL)
    pool = {
        **EDGE_DNS,
        "external_fqdns": {
            "access": "access.contoso.com",
            "web_conferencing": "webcon.contoso.com",
            "av": "av.contoso.com",
        },
    }
    found = records(
        deployment(HLB, {"edge01": edge}, {EDGES: pool}, sip_domains=["contoso.com", "fabrikam.com"]), EDGES
    )
    assert {record[1:] for record in found if record[0] == "external"} == {
        ("access.contoso.com", "A", ("203.0.113.21",)),
        ("webcon.contoso.com", "A", ("203.0.113.31",)),
        ("av.contoso.com", "A", ("203.0.113.41",)),
        ("sip.contoso.com", "A", ("203.0.113.21",)),
        ("sip.fabrikam.com", "A", ("203.0.113.21",)),
        ("_sip._tls.contoso.com", "SRV", ("0 0 443 access.contoso.com",)),
        ("_sip._tls.fabrikam.com", "SRV", ("0 0 443 sip.fabrikam.com",)),
    }


def test_the_first_edge_pool_takes_the_sip_domains() -> None:
    edges = {"edge01": host("edge", "10.2.0.21", pool=EDGES, external_addresses=EXTERNAL, member_state="retired")}
    for name, address in (("edge11", "10.2.0.51"), ("edge12", "10.2.0.52")):
        services = dict.fromkeys(EXTERNAL, address.replace("10.2.0", "203.0.113"))
        edges[name] = host("edge", address, pool=f"{name}.contoso.com", external_addresses=services)
    pools = dict.fromkeys((EDGES, "edge11.contoso.com", "edge12.contoso.com"), EDGE_DNS)
    found = deployment(HLB, edges, pools, sip_domains=["contoso.com"])
    assert {pool: {name for view, name, _type,
                   _values in records(found, pool) if view == "external"} for pool in pools} == {
        EDGES: set(), "edge11.contoso.com": {"sip.contoso.com", "_sip._tls.contoso.com"}, "edge12.contoso.com": set(),
    }  # fmt: skip


SIGN_IN = ("sip.contoso.com", "ucupdates-r2.contoso.com")


@pytest.mark.parametrize(
    ("version", "features", "expected"),
    [
        ("2010", ["federation"], {"_sip._tls", "_sipfederationtls._tcp", "_sipinternaltls._tcp"}),
        ("2010", ["mobility"], {"_sip._tls", "_sipinternaltls._tcp", "lyncdiscover", "lyncdiscoverinternal"}),
        (
            "2013",
            ["public_im"],
            {"_sip._tls", "_sipfederationtls._tcp", "_sipinternaltls._tcp", "lyncdiscover", "lyncdiscoverinternal"},
        ),
        (
            "2015",
            ["xmpp"],
            {"_sip._tls", "_xmpp-server._tcp", "_sipinternaltls._tcp", "lyncdiscover", "lyncdiscoverinternal"},
        ),
        ("se", [], {"_sip._tls", "_sipinternaltls._tcp", "lyncdiscover", "lyncdiscoverinternal"}),
    ],
)
def test_discovery_names_of_a_version(version: str, features: list[str], expected: set[str]) -> None:
    edge = host("edge", "10.2.0.21", pool=EDGES, external_addresses=EXTERNAL)
    pools = {EDGES: EDGE_DNS}
    found = deployment(
        HLB, {"edge01": edge, **PROXIES}, pools, version=version, features=features, sip_domains=["contoso.com"]
    )
    names = {record[1] for pool in (POOL, EDGES) for record in records(found, pool)} - {POOL, EDGES, *SIGN_IN}
    assert names == {f"{label}.contoso.com" for label in expected}


def test_autodiscover_leads_to_web_services() -> None:
    """Inside to the virtual web address of the home pool, outside to the reverse proxies."""
    found = records(deployment({**HLB, "web_vip": "10.1.0.101"}, PROXIES, version="2013", sip_domains=["contoso.com"]))
    assert {record for record in found if "discover" in record[1]} == {
        ("internal", "lyncdiscoverinternal.contoso.com", "A", ("10.1.0.101",)),
        ("external", "lyncdiscover.contoso.com", "A", ("203.0.113.61",)),
    }


@pytest.mark.parametrize(
    ("pool", "states", "addresses"),
    [
        (DNS, {"fe01": "draining", "fe02": "active"}, {"10.1.0.12"}),
        (DNS, {"fe01": "draining", "fe02": "joining"}, set()),
        (HLB, {"fe01": "draining", "fe02": "retired"}, {"10.1.0.100"}),
        (HLB, {"fe01": "retired", "fe02": "retired"}, set()),
    ],
)
def test_states_of_members(pool: Variables, states: dict[str, str], addresses: set[str]) -> None:
    """The balancer knows who is active; the name of its VIP goes with the last member."""
    members = {
        name: host("frontend", address, pool=POOL, member_state=states[name])
        for name, address in (("fe01", "10.1.0.11"), ("fe02", "10.1.0.12"))
    }
    found = compiled({**members, "lb01": HOSTS["lb01"]}, pools={POOL: pool}, sip_domains=["contoso.com"])
    assert {value for record in records(found) if record[1] == POOL for value in record[3]} == addresses
    assert any(record[2] == "SRV" for record in records(found)) == bool(addresses)


def test_without_federation_partners_are_not_told_where_to_go() -> None:
    edge = host("edge", "10.2.0.21", pool=EDGES, external_addresses=dict.fromkeys(EXTERNAL, "203.0.113.21"))
    found = records(deployment(HLB, {"edge01": edge}, {EDGES: EDGE_DNS}, sip_domains=["contoso.com"]), EDGES)
    assert {record[1:] for record in found if record[2] == "SRV"} == {
        ("_sip._tls.contoso.com", "SRV", ("0 0 5061 sip.contoso.com",))
    }


def test_an_edge_pool_without_an_active_member_has_no_names() -> None:
    edge = host("edge", "10.2.0.21", pool=EDGES, external_addresses=EXTERNAL, member_state="joining")
    assert records(deployment(HLB, {"edge01": edge}, {EDGES: EDGE_DNS}, sip_domains=["contoso.com"]), EDGES) == set()


ZONES = [
    {"address": "10.1.0.93", "zones": ["contoso.com", "oslo.contoso.com"]},
    {"address": "203.0.113.93", "zones": ["com"], "view": "external"},
]


@pytest.mark.parametrize(
    ("servers", "zones"),
    [
        (
            [],
            {
                "pool.oslo.contoso.com": "oslo.contoso.com",
                "web.contoso.com": "contoso.com",
                "ext.contoso.com": "contoso.com",
            },
        ),
        (
            ZONES,
            {"pool.oslo.contoso.com": "oslo.contoso.com", "web.contoso.com": "contoso.com", "ext.contoso.com": "com"},
        ),
    ],
)
def test_zones(servers: list[Variables], zones: Mapping[str, str]) -> None:
    """The longest zone of the view's servers that holds the name, else the name's parent."""
    pool = {
        "role": "frontend",
        "web_fqdn": "web.contoso.com",
        "external_web_fqdn": "ext.contoso.com",
    }
    member = host("frontend", "10.1.0.11", pool="pool.oslo.contoso.com")
    found = compiled(
        {"fe01": member, "rp01": PROXIES["rp01"]},
        pools={"pool.oslo.contoso.com": pool},
        sip_domains=["contoso.com"],
        dns_servers=servers,
    )
    records_of_pool = sorted(found.pools["pool.oslo.contoso.com"].dns_records, key=lambda each: each.view, reverse=True)
    told = {each.name: each.zone for each in records_of_pool}
    discovery = dict.fromkeys(("_sipinternaltls._tcp.contoso.com", *SIGN_IN), "contoso.com")
    assert told == {**zones, **discovery}


def test_records_live_five_minutes_and_are_sorted() -> None:
    found = deployment({**HLB, "web_fqdn": WEB}, simple_urls=SIMPLE_URLS).pools[POOL].dns_records
    assert {each.ttl for each in found} == {300}
    assert list(found) == sorted(found, key=lambda each: (each.view, each.name, each.type))


# --- What a site says of its names ----------------------------------------------------------------------------------

TWO_EDGES = {
    f"edge{number}1": host(
        "edge", f"10.{number}.9.21", pool=f"edge{number}.contoso.com",
        external_addresses=dict.fromkeys(EXTERNAL, f"203.0.113.{number}"),
    )
    for number in (1, 2)
}  # fmt: skip
EDGE_POOLS: dict[str, Variables] = {
    f"edge{number}.contoso.com": {**EDGE_DNS, "external_fqdns": {"access": f"access{number}.contoso.com"}}
    for number in (1, 2)
}


def srv(plan: Plan, label: str, view: str = "external") -> tuple[str, ...]:
    """Return the values of one SRV record of contoso.com, whatever pool it is of."""
    found = [each for pool in plan.pools for each in records(plan, pool) if each[1] == f"{label}.contoso.com"]
    return next((values for each_view, _name, _kind, values in found if each_view == view), ())


@pytest.mark.parametrize(
    ("options", "signing_in", "partners"),
    [
        ({}, ("10 0 5061 access1.contoso.com", "20 0 5061 access2.contoso.com"), "access1"),
        ({"federation_pool": "edge2.contoso.com"},
         ("10 0 5061 access1.contoso.com", "20 0 5061 access2.contoso.com"), "access2"),
        ({"home_pools": {"*": {"external": "edge2.contoso.com"}}},
         ("10 0 5061 access2.contoso.com", "20 0 5061 access1.contoso.com"), "access2"),
    ],
)  # fmt: skip
def test_several_edge_pools_are_tried_one_after_the_other(
    options: dict[str, object], signing_in: tuple[str, ...], partners: str
) -> None:
    found = deployment(HLB, TWO_EDGES, EDGE_POOLS, sip_domains=["contoso.com"], features=["federation"], **options)
    assert srv(found, "_sip._tls") == tuple(sorted(signing_in))
    assert srv(found, "_sipfederationtls._tcp") == (f"0 0 5061 {partners}.contoso.com",)


def test_a_domain_of_its_own_has_its_home() -> None:
    more = {"fe21": host("frontend", "10.21.0.11", pool=OTHER)}
    found = deployment(
        HLB, more, {OTHER: {"role": "frontend"}}, sip_domains=["contoso.com", "fabrikam.com"],
        home_pools={"fabrikam.com": {"internal": OTHER}}, central_management_pool=POOL,
        simple_urls={"meet": ["https://meet.contoso.com", "https://meet.fabrikam.com"]},
    )  # fmt: skip
    assert ("internal", "sip.fabrikam.com", "A", ("10.21.0.11",)) in records(found, OTHER)
    assert ("internal", "meet.fabrikam.com", "A", ("10.21.0.11",)) in records(found, OTHER)
    assert ("internal", "sip.contoso.com", "A", ("10.1.0.100",)) in records(found, POOL)


def test_a_standard_edition_server_has_all_names_without_being_asked() -> None:
    found = compiled(
        {"se01.contoso.com": host("standard_edition", "10.1.0.11")}, version="2015", sip_domains=["contoso.com"],
        simple_urls={"meet": "https://meet.contoso.com"},
    )  # fmt: skip
    names = {record[1] for record in records(found, "se01.contoso.com")}
    assert names >= {"se01.contoso.com", "meet.contoso.com", "lyncdiscoverinternal.contoso.com", "sip.contoso.com",
                     "_sipinternaltls._tcp.contoso.com"}  # fmt: skip


def test_the_outside_is_never_told_a_private_address() -> None:
    proxy = {"rp01": host("reverse_proxy", "172.16.0.31")}
    pool = {**HLB, "external_web_fqdn": EXTERNAL_WEB}
    assert [each for each in records(deployment(pool, proxy)) if each[0] == "external"] == []
    behind = {"rp01": {**proxy["rp01"], "lync_external_nat_address": "203.0.113.61"}}
    assert ("external", EXTERNAL_WEB, "A", ("203.0.113.61",)) in records(deployment(pool, behind))


def test_the_control_panel_is_for_the_inside() -> None:
    urls = {"admin": "https://admin.contoso.com", "meet": "https://meet.contoso.com"}
    found = records(deployment({**HLB, "web_vip": "10.1.0.101"}, PROXIES, simple_urls=urls))
    assert {(each[0], each[1]) for each in found if each[1] != POOL} == {
        ("internal", "admin.contoso.com"), ("internal", "meet.contoso.com"), ("external", "meet.contoso.com"),
    }  # fmt: skip


def test_phones_find_the_time_and_records_of_ones_own_go_with_their_pool() -> None:
    extra = {"pool": POOL, "name": "voicemail.contoso.com", "type": "CNAME", "values": ["um01.contoso.com"], "ttl": 600}
    found = deployment(HLB, sip_domains=["contoso.com"], time_server="time.contoso.com", extra_dns_records=[extra])
    assert srv(found, "_ntp._udp", "internal") == ("0 0 123 time.contoso.com",)
    assert ("internal", "voicemail.contoso.com", "CNAME", ("um01.contoso.com",)) in records(found)
    assert 600 in {each.ttl for each in found.pools[POOL].dns_records}
