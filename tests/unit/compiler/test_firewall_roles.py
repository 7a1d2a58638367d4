# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules of each role, written by hand from the tables of ports and of who speaks to whom."""

from __future__ import annotations

import functools

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import GROUP, PROFILES, Plan

from .deployments import admissions, compiled, expected, host, not_opened

POOL, OTHER, EDGES, DIRECTORS, MEDIATION = (
    "pool01.contoso.com",
    "pool02.contoso.com",
    "edge01.contoso.com",
    "dir01.contoso.com",
    "med01.contoso.com",
)

# One of everything: two Front End pools, the second one of a single server without a load balancer.
HOSTS = {
    "fe01": host("frontend", "10.1.0.11", pool=POOL),
    "fe02": host("frontend", "10.1.0.12", pool=POOL),
    "fe21": host("frontend", "10.21.0.11", pool=OTHER),
    "se31": host("standard_edition", "10.31.0.11"),
    "dir01": host("directors", "10.1.0.31", pool=DIRECTORS),
    "med01": host("mediation", "10.1.0.41", pool=MEDIATION, pstn_address="10.8.0.41"),
    "edge01": host(
        "edge", "10.2.0.21", pool=EDGES,
        external_addresses={"access": "203.0.113.21", "web_conferencing": "203.0.113.31", "av": "203.0.113.41"},
    ),
    "rp01": host("reverse_proxy", "10.2.0.61", external_address="203.0.113.61"),
    "sba41": host("sba", "10.41.0.11"),
    "gw01": host("pstn_gateways", "10.8.0.201"),
    "e911": host("e911_gateways", "10.8.0.211"),
    "app01": host("trusted_applications", "10.1.0.91"),
    "adm01": host("admin_hosts", "10.9.0.10"),
    "um01": host("exchange_um", "10.1.0.71", managed=True),
    "pc01": host("clients", "10.10.0.101", managed=True),
    "dhcp01": host("dhcp_servers", "10.1.0.92", managed=True),
    "sql01": host("back_end", "10.1.0.81", managed=True),
    "fs01": host("file_servers", "10.1.0.94", managed=True),
    "owa01": host("office_web_apps", "10.1.0.95"),
    "lb01": host("load_balancers", "10.1.0.5", balancer_driver="haproxy"),
}  # fmt: skip
POOLS = {
    POOL: {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.1.0.100"},
    OTHER: {"role": "frontend", "load_balancing": "none"},
    DIRECTORS: {"role": "directors", "load_balancing": "none"},
    MEDIATION: {"role": "mediation", "load_balancing": "none"},
    EDGES: {"role": "edge", "load_balancing": "none"},
}
# Roles that only some versions have.
HOSTS_2010 = {
    "mon01": host("monitoring", "10.1.0.51"),
    "arc01": host("archiving", "10.1.0.52"),
    "av01": host("av_conferencing", "10.1.0.45"),
}
HOSTS_LATER = {"owa01": host("office_web_apps", "10.1.0.95", managed=True)}
HOSTS_CHAT = {**HOSTS_LATER, "chat01": host("persistent_chat", "10.1.0.55")}
NAMES = {
    "own": "10.1.0.11 10.1.0.12",
    "fe": "10.1.0.11 10.1.0.12 10.21.0.11 10.31.0.11",
    "fe-vip": "10.1.0.100",
    "rewriting": "10.1.0.102",
    "fe21": "10.21.0.11",
    "se": "10.31.0.11",
    "dir": "10.1.0.31",
    "med": "10.1.0.41",
    "pstn-side": "10.8.0.41",
    "edge": "10.2.0.21",
    "access": "203.0.113.21",
    "webconf": "203.0.113.31",
    "av": "203.0.113.41",
    "rp": "10.2.0.61",
    "rp-outside": "203.0.113.61",
    "sba": "10.41.0.11",
    "gw": "10.8.0.201",
    "e911": "10.8.0.211",
    "app": "10.1.0.91",
    "adm": "10.9.0.10",
    "um": "10.1.0.71",
    "clients": "10.10.0.0/16",
    "phones": "10.12.0.0/16",
    "sql": "10.1.0.81",
    "fs": "10.1.0.94",
    "owa": "10.1.0.95",
    "dhcp": "10.1.0.92",
    "lb": "10.1.0.5",
    "mon": "10.1.0.51",
    "arc": "10.1.0.52",
    "avconf": "10.1.0.45",
    "chat": "10.1.0.55",
}
# Every server of the deployment inside its networks; the Edge and the reverse proxy with their inner addresses.
SERVERS = "fe dir med edge rp sba gw e911 app adm um sql fs owa dhcp lb"


@functools.cache
def plan(version: str, *features: str) -> Plan:
    return planned(version, *features)


def planned(version: str, *features: str, **common: object) -> Plan:
    extra = HOSTS_2010 if version == "2010" else HOSTS_CHAT if version in ("2013", "2015") else HOSTS_LATER
    return compiled(
        {**HOSTS, **extra},
        version=version,
        features=list(features),
        pools=POOLS,
        central_management_pool=POOL,
        **common,
    )


def check(found: Plan, name: str, lines: str) -> None:
    assert admissions(found.hosts[name]) == expected(lines, NAMES)


# --- Front End ----------------------------------------------------------------------------------------------------

FRONT_END_2010 = """
S2  in tcp 5061 from clients phones fe dir med sba um app edge lb
S3  in tcp 444  from fe dir sba lb
S3  in tcp 444  from avconf lb
S4  in tcp 135  from fe adm lb
S4  in tcp 49152-65535 from fe adm
S5  in tcp 5062 from own
S6  in tcp 8057 from clients app
S7  in tcp 5063 from own
S8  in tcp 57501-65535 from clients fe med avconf app
S8  in udp 57501-65535 from clients fe med avconf app
S9  in tcp 80   from clients phones fe dir lb
S10 in tcp 443  from clients phones fe dir adm app owa lb
S11 in tcp 8080 from lb
fe-web-external-https in tcp 4443 from rp fe dir lb
S12 in tcp 5064 from own
S13 in tcp 5072 from fe lb
S17 in tcp 5065 from own
S18 in tcp 49152-65535 from clients app
S19 in tcp 5073 from fe lb
S20 in tcp 5075 from fe lb
S21 in tcp 5076 from fe lb
S23 in tcp 5069 from fe lb
S24 in tcp 5071 from fe lb
S25 in tcp 8404 from own
S29 in tcp 49152-57500 from clients phones fe med avconf sba um app
S29 in udp 49152-57500 from clients phones fe med avconf sba um app
S28 in tcp 445 from own
S28 out tcp 445 to own fe21 se dir med mon arc avconf sba app
"""


def test_front_end_2010() -> None:
    """fe01 and fe02 are alike: the same peers, the own pool with both."""
    found = plan("2010")
    check(found, "fe01", FRONT_END_2010)
    assert admissions(found.hosts["fe01"]) == admissions(found.hosts["fe02"])


# What a feature adds to the rules of a host, and nothing else changes.
FEATURES = {
    ("fe01", "2010", "rcc"): "S1 in tcp 5060 from app lb",
    ("fe01", "2010", "e911"): "S22 out tcp 5066 to e911",
    ("fe01", "2010", "cac"): "S26 in tcp 5080 from fe lb\nS27 in tcp 448 from clients phones fe med avconf lb",
    ("fe01", "2010", "legacy_clients"): "fe-web-conferencing-compatibility in tcp 8058 from clients fe",
    (
        "fe01",
        "2010",
        "mobility",
    ): "fe-mobility-internal in tcp 5086 from own\nfe-mobility-external in tcp 5087 from own",
    ("fe01", "2010", "federation"): "",
    ("fe01", "2013", "xmpp"): "fe-xmpp in tcp 5098 from edge",
    ("fe01", "2013", "centralized_logging"): "centralized-logging in tcp 50001-50003 from fe dir med chat sba adm",
    ("fe01", "2013", "rcc"): "S1 in tcp 5060 from app",
    ("dir01", "2010", "rcc"): "S30 in tcp 5060 from app",
    ("dir01", "2010", "http_publishing"): "director-web-external-http in tcp 8080 from rp",
    ("med01", "2010", "mediation_tcp"): "S34 in tcp 5068 from gw at pstn-side",
    ("edge01", "2010", "federation"): "S43 in tcp 5061 from any at access\nS43 out tcp 5061 to any at access",
    ("edge01", "2010", "public_im"): "S43 in tcp 5061 from any at access\nS43 out tcp 5061 to any at access",
    ("edge01", "2010", "legacy_federation"): """
        S47 in tcp 50000-59999 from any at av
        S47 in udp 50000-59999 from any at av
        S47 out udp own 50000-59999 to any at av""",
    ("edge01", "2013", "xmpp"): """
        edge-xmpp in tcp 5269 from any at access
        edge-xmpp-out out tcp 5269 to any at access
        edge-internal-xmpp in tcp 23456 from fe at edge""",
    (
        "edge01",
        "2019",
        "centralized_logging",
    ): "edge-internal-centralized-logging in tcp 50001-50003 from fe dir med sba adm at edge",
    (
        "rp01",
        "2010",
        "http_publishing",
    ): "S38 in tcp 80 from any at rp-outside\nS40 out tcp 8080 to fe fe-vip dir at rp",
    ("pc01", "2010", "dhcp_discovery"): "S49 out udp own 68 67 to any",
    ("pc01", "2010", "legacy_clients"): "S50 in tcp 6891-6901 from clients\nS50 out tcp 6891-6901 to clients",
    ("dhcp01", "2010", "dhcp_discovery"): "S49,S55 in udp 67 from any",
}


@pytest.mark.parametrize(("name", "version", "feature"), FEATURES)
def test_a_feature_opens_exactly_its_rows(name: str, version: str, feature: str) -> None:
    without, with_it = admissions(plan(version).hosts[name]), admissions(plan(version, feature).hosts[name])
    assert [item for item in without if item not in with_it] == []
    assert [item for item in with_it if item not in without] == expected(FEATURES[name, version, feature], NAMES)


def test_http_publishing_admits_the_reverse_proxy_beside_the_balancer() -> None:
    without, with_it = plan("2010").hosts["fe01"], plan("2010", "http_publishing").hosts["fe01"]
    assert [item for item in admissions(with_it) if item not in admissions(without)] == expected(
        "S11 in tcp 8080 from rp lb", NAMES
    )
    assert [item for item in admissions(without) if item not in admissions(with_it)] == expected(
        "S11 in tcp 8080 from lb", NAMES
    )


def test_a_feature_that_is_off_is_told() -> None:
    told = not_opened(plan("2010").hosts["fe01"])
    assert told["S22"] == "feature e911 is not in lync_features"
    assert told["S1"] == "feature rcc is not in lync_features"
    assert not_opened(plan("2010").hosts["edge01"])["S43"] == "feature federation or public_im is not in lync_features"


# From 2013 on: no QoE row, no Monitoring, Archiving and A/V Conferencing Servers; the balancer has fewer ports.
_FRONT_END_LATER = """
S2  in tcp 5061 from clients phones fe dir med sba {chat} um app edge lb
S3  in tcp 444  from fe dir sba lb
S4  in tcp 135  from fe adm lb
S4  in tcp 49152-65535 from fe adm
S5  in tcp 5062 from own
S6  in tcp 8057 from clients app
S7  in tcp 5063 from own
S8  in tcp 57501-65535 from clients fe med app
S8  in udp 57501-65535 from clients fe med app
S9  in tcp 80   from clients phones fe dir lb
S10 in tcp 443  from clients phones fe dir adm app owa lb
S11 in tcp 8080 from lb
fe-web-external-https in tcp 4443 from rp fe dir lb
fe-web-8060 in tcp 8060 from own
fe-web-8061 in tcp 8061 from own
S12 in tcp 5064 from own
S13 in tcp 5072 from fe lb
S17 in tcp 5065 from own
S18 in tcp 49152-65535 from clients app
S19 in tcp 5073 from fe lb
S20 in tcp 5075 from fe lb
S21 in tcp 5076 from fe lb
S24 in tcp 5071 from fe lb
S25 in tcp 8404 from own
S29 in tcp 49152-57500 from clients phones fe med sba um app
S29 in udp 49152-57500 from clients phones fe med sba um app
S28 in tcp 445 from own
S28 out tcp 445 to own fe21 se dir med {chat} sba app
sql-browser in udp 1434 from own adm
fe-windows-fabric in tcp 5090-5094 from own
fe-storage-service in tcp 5077 from own
fe-ucwa in tcp 5088-5089 from own
fe-conferencing-factory in tcp 9001 from own
"""
FRONT_END = {
    "2013": _FRONT_END_LATER.format(chat="chat") + "fe-persistent-chat-web-manager in tcp 5095-5096 from own",
    "2015": _FRONT_END_LATER.format(chat="chat") + "fe-persistent-chat-web-manager in tcp 5095-5096 from own",
    "2019": _FRONT_END_LATER.format(chat="") + "fe-platform-service in tcp 6008 from own",
    "se": _FRONT_END_LATER.format(chat="") + "fe-platform-service in tcp 6008 from own",
}


@pytest.mark.parametrize("version", FRONT_END)
def test_front_end_of_later_versions(version: str) -> None:
    check(plan(version), "fe01", FRONT_END[version])


def test_standard_edition_is_a_front_end_alone() -> None:
    """Its own pool is itself, which needs no rule; no balancer speaks to it, and it is a replica of the store."""
    lines = """
    S2  in tcp 5061 from clients phones fe dir med sba um app edge
    S3  in tcp 444  from fe dir sba
    S3  in tcp 444  from avconf
    S4  in tcp 135  from fe adm
    S4  in tcp 49152-65535 from fe adm
    S6  in tcp 8057 from clients app
    S8  in tcp 57501-65535 from clients fe med avconf app
    S8  in udp 57501-65535 from clients fe med avconf app
    S9  in tcp 80   from clients phones fe dir
    S10 in tcp 443  from clients phones fe dir adm app owa
    fe-web-external-https in tcp 4443 from rp fe dir
    S13 in tcp 5072 from fe
    S18 in tcp 49152-65535 from clients app
    S19 in tcp 5073 from fe
    S20 in tcp 5075 from fe
    S21 in tcp 5076 from fe
    S23 in tcp 5069 from fe
    S24 in tcp 5071 from fe
    S29 in tcp 49152-57500 from clients phones fe med avconf sba um app
    S29 in udp 49152-57500 from clients phones fe med avconf sba um app
    S28 in tcp 445 from own
    fe-backup-service in tcp 445 from adm se
    standard-edition-sql in tcp 1433 from adm
    standard-edition-sql-browser in udp 1434 from adm
    """
    found = plan("2010")
    check(found, "se31", lines)
    assert not_opened(found.hosts["se31"])["S11"] == "feature http_publishing is not in lync_features"


# --- Directors, Mediation -----------------------------------------------------------------------------------------

DIRECTOR = """
S31 in tcp 5061 from clients phones fe edge
director-focus in tcp 444 from fe
director-web-http in tcp 80 from clients phones
director-web-https in tcp 443 from clients phones
director-web-external-https in tcp 4443 from rp
S28 in tcp 445 from own
"""


@pytest.mark.parametrize("version", ["2010", "2013", "2015", "2019", "se"])
def test_director(version: str) -> None:
    later = "" if version == "2010" else "sql-browser in udp 1434 from own adm"
    check(plan(version), "dir01", DIRECTOR + later)


MEDIATION_2010 = """
S32,S35 in tcp 5070 from fe
S33 in tcp 5067 from gw at pstn-side
S29 in tcp 49152-57500 from clients phones fe med avconf sba um app
S29 in udp 49152-57500 from clients phones fe med avconf sba um app
S29 in tcp 49152-57500 from gw at pstn-side
S29 in udp 49152-57500 from gw at pstn-side
S28 in tcp 445 from own
"""
MEDIATION_LATER = """
mediation-gateway-out-tcp out tcp 5081 to gw at pstn-side
mediation-gateway-out-tls out tcp 5082 to gw at pstn-side
sql-browser in udp 1434 from own adm
"""


def test_mediation() -> None:
    check(plan("2010"), "med01", MEDIATION_2010)
    check(plan("2019"), "med01", MEDIATION_2010.replace("avconf ", "") + MEDIATION_LATER)


def test_collocated_mediation() -> None:
    """A Front End that is a Mediation Server too has the rules of both, by its rows S15 and S16, and no rule twice; S14
    is about itself alone.
    """
    hosts = {
        "fe01": host("frontend mediation", "10.1.0.11", pool=POOL, pstn_address="10.8.0.11"),
        "gw01": host("pstn_gateways", "10.8.0.201", sip_port=5067),
        "gw02": host("pstn_gateways", "10.8.0.202", sip_port=5068),
        "gw03": host("pstn_gateways", "10.8.0.203", sip_port=5067),
        "gw04": host("pstn_gateways", "10.8.0.204"),
    }
    pools = {POOL: {"role": "frontend", "load_balancing": "none"}}
    names = {
        "fe": "10.1.0.11",
        "pstn-side": "10.8.0.11",
        "tls": "10.8.0.201 10.8.0.203",
        "tcp": "10.8.0.202",
        "unknown": "10.8.0.204",
    }
    alone = compiled(
        {**hosts, "fe01": host("frontend", "10.1.0.11", pool=POOL)},
        version="2013",
        features=["mediation_tcp"],
        pools=pools,
    )
    both = compiled(hosts, version="2013", features=["mediation_tcp"], pools=pools)
    added = [item for item in admissions(both.hosts["fe01"]) if item not in admissions(alone.hosts["fe01"])]
    assert added == expected(
        """
        S15 in tcp 5067 from tls tcp unknown at pstn-side
        S16 in tcp 5068 from tls tcp unknown at pstn-side
        S29 in tcp 49152-57500 from tls tcp unknown at pstn-side
        S29 in udp 49152-57500 from tls tcp unknown at pstn-side
        mediation-gateway-out-tcp,mediation-gateway-out-tls out tcp 5067 to tls at pstn-side
        mediation-gateway-out-tcp,mediation-gateway-out-tls out tcp 5068 to tcp at pstn-side
        mediation-gateway-out-tcp out tcp 5081 to unknown at pstn-side
        mediation-gateway-out-tls out tcp 5082 to unknown at pstn-side
        """,
        names,
    )
    assert [item for item in admissions(alone.hosts["fe01"]) if item not in admissions(both.hosts["fe01"])] == []


def test_mediation_without_an_address_towards_gateways_is_bound_to_none() -> None:
    found = compiled({**HOSTS, "med01": host("mediation", "10.1.0.41", pool=MEDIATION)}, version="2010", pools=POOLS)
    lines = [item for item in admissions(found.hosts["med01"]) if item.localport == ("5067",)]
    assert lines == expected("S33 in tcp 5067 from gw", NAMES)


# --- Edge, reverse proxy ------------------------------------------------------------------------------------------

EDGE = """
S42 in tcp 443 from any at access
S42 in tcp 443 from any at webconf
S42 in tcp 443 from any at av
S42 out tcp 443 to any at av
S46 in udp 3478 from any at av
S46 out udp 3478 to any at av
S47 out tcp own 50000-59999 to any at av
edge-crl-out out tcp 80 to any at access
edge-dns-out out tcp 53 to any at access
edge-dns-out out udp 53 to any at access
S43 in tcp 5061 from dir fe fe-vip at edge
S43 out tcp 5061 to dir fe fe-vip at edge
S44 in tcp 8057 from fe at edge
S45 in tcp 5062 from fe fe-vip sba at edge
S46 in udp 3478 from clients phones {servers} at edge
edge-internal-av-tcp in tcp 443 from clients phones {servers} at edge
S48 in tcp 4443 from own at edge
"""
EDGE_LATER = "S47 out udp own 50000-59999 to any at av\nedge-internal-skype-search in tcp 4443 from fe at edge"


@pytest.mark.parametrize(
    ("version", "more_servers", "more_rules"),
    [
        ("2010", "mon arc avconf", ""),
        ("2013", "chat", ""),
        ("2015", "chat", EDGE_LATER),
        ("2019", "", EDGE_LATER),
        ("se", "", EDGE_LATER),
    ],
)
def test_edge(version: str, more_servers: str, more_rules: str) -> None:
    check(plan(version), "edge01", EDGE.format(servers=f"{SERVERS} {more_servers}") + more_rules)


def test_reverse_proxy() -> None:
    check(plan("2010"), "rp01", "S39 in tcp 443 from any at rp-outside\nS41 out tcp 4443 to fe fe-vip dir at rp")
    later = "rp-office-web-apps-out out tcp 443 to owa at rp"
    check(
        plan("2013"),
        "rp01",
        f"S39 in tcp 443 from any at rp-outside\nS41 out tcp 4443 to fe fe-vip dir at rp\n{later}",
    )


def test_reverse_proxy_with_one_interface_is_bound_to_none() -> None:
    found = compiled({**HOSTS, "rp01": host("reverse_proxy", "10.2.0.61")}, version="2010", pools=POOLS)
    check(found, "rp01", "S39 in tcp 443 from any\nS41 out tcp 4443 to fe fe-vip dir")


def test_reverse_proxy_reaches_the_balancer_that_rewrites_where_it_listens() -> None:
    pools = {**POOLS, POOL: {**POOLS[POOL], "external_web_vip": "10.1.0.102"}}
    found = compiled(HOSTS, version="2010", pools=pools, features=["http_publishing"])
    names = [rule.name for rule in found.hosts["rp01"].firewall_rules if rule.direction == "out"]
    assert names == [
        f"Lync rp-web-{row}-out (TCP out {port})"
        for row, ports in (("http", (8080, 80)), ("https", (4443, 443)))
        for port in ports
    ]
    check(
        found,
        "rp01",
        """
        S38 in tcp 80 from any at rp-outside
        S39 in tcp 443 from any at rp-outside
        S40 out tcp 8080 to fe fe-vip dir at rp
        S40 out tcp 80 to rewriting at rp
        S41 out tcp 4443 to fe fe-vip dir at rp
        S41 out tcp 443 to rewriting at rp
        """,
    )


# --- Servers around ------------------------------------------------------------------------------------------------

_MESSAGES = """
{row} in tcp 135 from fe med dir sba
{row} in tcp 49152-65535 from fe med dir sba
{row} in tcp 1801 from fe med dir sba
{row} in tcp 2101,2103,2105 from fe med dir sba
{row} in udp 1801,3527 from fe med dir sba
S28 in tcp 445 from own
"""
AROUND = {
    ("mon01", "2010"): _MESSAGES.format(row="S36"),
    ("arc01", "2010"): _MESSAGES.format(row="S37"),
    ("av01", "2010"): """
        S7 in tcp 5063 from fe
        S3 in tcp 444 from fe
        S8 in tcp 57501-65535 from clients fe med avconf
        S8 in udp 57501-65535 from clients fe med avconf
        S29 in tcp 49152-57500 from clients phones fe med avconf sba um
        S29 in udp 49152-57500 from clients phones fe med avconf sba um
        S28 in tcp 445 from own""",
    ("chat01", "2013"): """
        persistent-chat-sip in tcp 5041 from fe
        persistent-chat-wcf in tcp 881 from chat fe
        persistent-chat-file-transfer in tcp 443 from clients fe
        S28 in tcp 445 from own
        sql-browser in udp 1434 from own adm""",
    ("owa01", "2019"): "office-web-apps in tcp 443 from fe clients rp",
    ("sql01", "2010"): "back-end-sql in tcp 1433 from fe adm\nback-end-sql-browser in udp 1434 from fe adm",
    ("fs01", "2010"): "file-share in tcp 445 from fe adm",
    ("um01", "2010"): "",
    ("dhcp01", "2010"): "",
    ("pc01", "2010"): "",
}


@pytest.mark.parametrize(("name", "version"), AROUND)
def test_servers_around(name: str, version: str) -> None:
    check(plan(version), name, AROUND[name, version])


def test_clients_open_media_ports_only_to_a_program_or_in_a_narrow_range() -> None:
    fix = "set lync_client_program, or lync_media_ports.client to a narrower range"
    why = f"any unprivileged port would be opened: {fix}"
    closed = plan("2010").hosts["pc01"]
    assert dict.fromkeys(("S51", "S52", "S53", "S54"), why).items() <= not_opened(closed).items()


@pytest.mark.parametrize(
    ("ports", "common"),
    [
        ("5350-5389", {"media_ports": {"client": "5350-5389"}}),
        ("1024-65535", {"client_program": "C:\\Lync\\communicator.exe"}),
    ],
)
def test_rules_of_clients(ports: str, common: dict[str, object]) -> None:
    """Rows that say the same are one rule with the rows of all: over TCP video, files and application sharing."""
    found = planned("2010", **common).hosts["pc01"]
    lines = f"""
    S51 in udp {ports} from clients phones fe med avconf edge sba app
    S51 out udp own {ports} to clients phones fe med avconf edge sba app
    S52 in udp {ports} from clients fe med avconf edge
    S52 out udp own {ports} to clients fe med avconf edge
    S51 in tcp {ports} from clients phones fe med avconf edge sba app
    S51 out tcp own {ports} to clients phones fe med avconf edge sba app
    S52,S53,S54 in tcp {ports} from clients fe med avconf edge
    S52,S53,S54 out tcp own {ports} to clients fe med avconf edge
    """
    assert admissions(found) == expected(lines, NAMES)
    assert {rule.program for rule in found.firewall_rules} == {common.get("client_program")}


# --- What all rules have in common ----------------------------------------------------------------------------------


def test_rules_are_named_by_row_and_carry_the_group() -> None:
    found = plan("2013", "federation", "mediation_tcp", "cac")
    for name, host_plan in found.hosts.items():
        names = [rule.name for rule in host_plan.firewall_rules]
        assert len(set(names)) == len(names), name
        assert all(rule.name.startswith("Lync ") and rule.description for rule in host_plan.firewall_rules), name
        assert {(rule.group, rule.action, rule.enabled, rule.profiles) for rule in host_plan.firewall_rules} <= {
            (GROUP, "allow", True, PROFILES)
        }
    by_port = {rule.localport: rule.name for rule in found.hosts["fe01"].firewall_rules}
    assert by_port["5061",] == "Lync fe-sip-tls (TCP in)"


def test_a_rule_per_gateway_port_has_the_port_in_its_name() -> None:
    hosts = {
        **HOSTS,
        "gw01": host("pstn_gateways", "10.8.0.201", sip_port=5067),
        "gw02": host("pstn_gateways", "10.8.0.202", sip_port=5068),
    }
    found = compiled(hosts, version="2013", pools=POOLS)
    names = [rule.name for rule in found.hosts["med01"].firewall_rules if rule.direction == "out"]
    assert names == ["Lync mediation-gateway-out-tcp (TCP out 5067)", "Lync mediation-gateway-out-tcp (TCP out 5068)"]
