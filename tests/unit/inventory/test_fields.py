# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a valid inventory becomes: types of values, defaults, roles, pools, warnings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet, PortSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import Problem
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import (
    DEFAULT_EDGE_PORTS,
    DEFAULT_MEDIA_PORTS,
    ROLES,
    SHARED_EDGE_PORTS,
    Version,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory import checks_records, read
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.build import Check, Draft, platform_of
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import (
    DnsServer,
    Host,
    MemberState,
    Method,
    Platform,
    Pool,
    SqlServer,
    Topology,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import WARNING_CHECKS, read_topology

from .sample import DIRECTORS, EDGES, GROUPS, MEDIATION, POOL, REMOVED, Path, changed, edges

NONE = AddressSet()
SHARED = {"access": "203.0.113.21", "web_conferencing": "203.0.113.21", "av": "203.0.113.21"}


OF_MEANING = tuple(check for check in WARNING_CHECKS if check not in checks_records.WARNINGS)
"""Warnings of records that cannot be made have tests of their own; the sample has hardly any name."""


@pytest.fixture
def without_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "WARNING_CHECKS", OF_MEANING)


class Tagged(str):
    """A text with an origin, as newer versions of Ansible have them."""


def addresses(*texts: str) -> AddressSet:
    return AddressSet.parse(texts)


def topology(changes: Mapping[Path, object] | None = None) -> Topology:
    return read_topology(changed(changes))


def gateway(**variables: object) -> Host:
    """Return the sample's gateway with these variables."""
    return topology({("gw01", name): value for name, value in variables.items()}).hosts["gw01"]


def test_sample_is_valid_and_gives_no_warning(without_records: None) -> None:
    found = topology()
    assert found.warnings == ()
    assert list(found.hosts) == ["fe01", "fe02", "dir01", "dir02", "med01", "edge01", "edge02", "gw01", "lb01", "lb02"]
    assert {pool.name: pool.members for pool in found.pools.values()} == {
        POOL: ("fe01", "fe02"), DIRECTORS: ("dir01", "dir02"), MEDIATION: ("med01",), EDGES: ("edge01", "edge02"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "version"),
    [
        (2010, "2010"),
        ("2013", "2013"),
        (Tagged("2015"), "2015"),
        ("SE", "se"),
        ("se", "se"),
        (" 2019 ", "2019"),
        (None, "2010"),
    ],
)
def test_version(raw: object, version: str) -> None:
    assert gateway(lync_version=raw).version is Version(version)


@pytest.mark.parametrize("raw", [["cac", "rcc"], "cac,rcc", "rcc, cac", ("rcc", "cac"), [Tagged("cac"), "rcc"]])
def test_features(raw: object) -> None:
    assert gateway(lync_features=raw).features == {"cac", "rcc"}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("10.8.0.2", ["10.8.0.2"]),
        (["10.8.0.2", "2001:db8:8::2"], ["10.8.0.2", "2001:db8:8::2"]),
        ("10.8.0.2, 2001:db8:8::2", ["10.8.0.2", "2001:db8:8::2"]),
        (Tagged("2001:DB8:8:0::2"), ["2001:db8:8::2"]),
        (None, ["10.8.0.1"]),
    ],
)
def test_address(raw: object, expected: list[str]) -> None:
    assert gateway(lync_address=raw).addresses == addresses(*expected)


def test_address_of_a_host_without_ansible_host_is_its_name_when_that_is_one() -> None:
    found = topology({("2001:db8::9", GROUPS): ("clients",)})
    assert found.hosts["2001:db8::9"].addresses == addresses("2001:db8::9")


@pytest.mark.parametrize("raw", ["true", "Yes", True, 1, "on"])
def test_managed(raw: object) -> None:
    assert gateway(lync_managed=raw).managed is True


def test_roles_are_managed_by_default_as_the_table_says() -> None:
    new: dict[Path, object] = {
        ("chat", "lync_version"): "2013",
        ("chat", GROUPS): ("persistent_chat",),
        ("chat", "ansible_host"): "10.5.1.1",
        ("vis", "lync_version"): "2015",
        ("vis", GROUPS): ("video_interop",),
        ("vis", "ansible_host"): "10.5.1.2",
        ("vis", "lync_pool"): "vis.contoso.com",
        ("all", "lync_pools", "vis.contoso.com"): {"role": "video_interop"},
    }
    present = {
        "frontend": "fe01",
        "directors": "dir01",
        "mediation": "med01",
        "edge": "edge01",
        "load_balancers": "lb01",
        "persistent_chat": "chat",
        "video_interop": "vis",
    }
    for number, role in enumerate(ROLES.keys() - present.keys(), start=1):
        new |= {(role, GROUPS): (role,), (role, "ansible_host"): f"10.5.0.{number}"}
    hosts = topology(new).hosts
    assert {role: hosts[present.get(role, role)].managed for role in ROLES} == ROLES


@pytest.mark.parametrize(
    ("driver", "platform"),
    [
        ("haproxy", Platform.LINUX),
        ("kemp", Platform.APPLIANCE),
        (REMOVED, Platform.APPLIANCE),
    ],
)
def test_platform_of_a_balancer_follows_its_driver(driver: object, platform: Platform) -> None:
    changes: dict[Path, object] = {
        ("lb01", "lync_balancer_driver"): driver,
        ("lb01", "lync_managed"): driver is not REMOVED,
    }
    assert topology(changes).hosts["lb01"].platform is platform


@pytest.mark.parametrize(
    ("variables", "platform"),
    [
        ({}, Platform.WINDOWS),
        ({"lync_balancer_driver": "haproxy", "lync_member_state": "retired"}, Platform.LINUX),
        ({"lync_balancer_driver": "kemp"}, Platform.APPLIANCE),
        ({"lync_reverse_proxy_driver": "nginx"}, Platform.LINUX),
        ({"lync_platform": "windows", "lync_balancer_driver": "haproxy"}, Platform.WINDOWS),
        ({"lync_platform": "beos", "lync_balancer_driver": None}, Platform.WINDOWS),
    ],
)
def test_platform_of_a_host_without_a_role_follows_its_drivers(
    variables: dict[str, object], platform: Platform
) -> None:
    assert platform_of(variables) is platform


def test_platform_is_windows_unless_it_is_said() -> None:
    assert [gateway().platform, gateway(lync_platform="appliance").platform] == [Platform.WINDOWS, Platform.APPLIANCE]


def test_networks() -> None:
    found = topology(
        {
            ("gw01", "lync_phone_networks"): "10.12.0.0/255.255.0.0, 10.13.0.5-10.13.0.9",
            ("all", "lync_management_networks"): ["2001:db8:9::/64"],
        }
    )
    clients = addresses("10.10.0.0/16", "2001:db8:10::/48")
    assert (found.hosts["gw01"].client_networks, found.hosts["fe01"].phone_networks) == (clients, clients)
    assert found.hosts["gw01"].phone_networks == addresses("10.12.0.0/16", "10.13.0.5-10.13.0.9")
    assert found.management_networks == addresses("2001:db8:9::/64")


def test_phone_networks_may_be_none() -> None:
    assert gateway(lync_phone_networks=[]).phone_networks == NONE


def test_media_ports_are_merged_over_the_defaults() -> None:
    assert gateway(lync_media_ports={"client": "5350-5389"}).media_ports == {
        **DEFAULT_MEDIA_PORTS,
        "client": PortSet.of(5350, 5389),
    }
    assert gateway().media_ports == DEFAULT_MEDIA_PORTS


def test_single_media_ports_of_a_host_go_before_those_of_all() -> None:
    ports = {"audio": "50000-50999", "video": "51000-51999", "client_audio": ["50020-50039"]}
    found = gateway(lync_media_ports=ports, lync_media_port_overrides={"audio": "60000-64000"}).media_ports
    assert found == {
        **DEFAULT_MEDIA_PORTS,
        "audio": PortSet.of(60000, 64000),
        "video": PortSet.of(51000, 51999),
        "client_audio": PortSet.of(50020, 50039),
    }


def test_gateway_has_a_port_pools_and_a_site() -> None:
    host = gateway(lync_sip_port="5067", lync_gateway_pools=POOL, lync_site=7)
    assert (host.sip_ports, host.serves_pools, host.site) == ((5067,), (POOL,), "7")


def test_null_counts_as_not_set() -> None:
    host = gateway(lync_site=None, lync_version=None, lync_pool=None, lync_managed=None)
    assert (host.site, host.version, host.pool, host.managed) == (None, Version.LYNC_2010, None, False)


def test_groups_stand_for_roles_by_another_name() -> None:
    changes: dict[Path, object] = {(name, GROUPS): ("lync_fe", "edge_of_network") for name in ("fe01", "fe02")}
    found = topology(
        {
            **changes,
            ("all", "lync_groups"): {"frontend": "lync_fe"},
            ("all", "lync_pools", POOL, "role"): "lync_fe",
            ("other", GROUPS): ("frontend",),
        }
    )
    assert (set(found.hosts["fe01"].roles), found.pools[POOL].role) == ({"frontend"}, "frontend")
    assert "other" not in found.hosts


def test_all_groups_of_roles_may_begin_alike() -> None:
    """Where they do, the plain names are of others; lync_groups names its own groups whole."""
    names = {"frontend": "fe", "mediation": "lync_mediation"}
    prefixed = {
        (name, GROUPS): tuple(names.get(group, f"lync_{group}") for group in host.groups)
        for name, host in changed().items()
    }
    own: dict[Path, object] = {("all", "lync_group_prefix"): "lync_", ("all", "lync_groups"): {"frontend": "fe"}}
    shop: dict[Path, object] = {("shop", GROUPS): ("load_balancers",), ("shop", "ansible_host"): "10.99.0.1"}
    found = topology({**prefixed, **own, **shop, ("all", "lync_pools", POOL, "role"): "fe"})
    assert {name: host.roles for name, host in found.hosts.items()} == {
        name: host.roles for name, host in topology().hosts.items()
    }


def test_collocated_mediation_is_in_the_front_end_pool() -> None:
    found = topology()
    assert (found.hosts["fe01"].collocated, found.hosts["fe01"].pool, found.hosts["med01"].collocated) == (
        True,
        POOL,
        False,
    )


def test_site_of_a_pool_is_that_of_its_members() -> None:
    found = topology({("all", "lync_pools", POOL, "site"): "oslo", ("fe02", "lync_site"): "bergen"})
    assert [found.pools[POOL].site, found.hosts["fe01"].site, found.hosts["fe02"].site] == ["oslo", "oslo", "bergen"]


def test_retired_members_stay_members_and_do_not_count() -> None:
    alone = {"role": "frontend", "load_balancing": "none"}
    found = topology({("fe02", "lync_member_state"): "retired", ("all", "lync_pools", POOL): alone})
    assert (found.hosts["fe02"].member_state, found.pools[POOL].members) == (MemberState.RETIRED, ("fe01", "fe02"))


def test_edge_addresses_and_ports() -> None:
    edge = topology({("edge01", "lync_internal_address"): "10.2.0.21"}).hosts["edge01"]
    assert (edge.addresses, edge.internal_address) == (addresses("10.2.0.21"), addresses("10.2.0.21"))
    assert edge.external_addresses["av"] == addresses("203.0.113.61")
    assert (edge.edge_ports, edge.external_nat_addresses) == (DEFAULT_EDGE_PORTS, {})


def test_edge_needs_no_other_address_than_the_internal_one() -> None:
    edge = topology(
        {
            ("edge01", "ansible_host"): "edge01.mgmt",
            ("edge01", "lync_internal_address"): ["10.2.0.29", "2001:db8:2::29"],
        }
    ).hosts["edge01"]
    assert edge.addresses == edge.internal_address == addresses("10.2.0.29", "2001:db8:2::29")


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ({}, SHARED_EDGE_PORTS),
        ({"access": 5061, "web_conferencing": 4440}, {"access": 5061, "web_conferencing": 4440, "av": 443}),
    ],
)
def test_edge_ports_with_one_shared_address(ports: object, expected: Mapping[str, int]) -> None:
    changes: dict[Path, object] = {
        ("edge02",): REMOVED,
        ("edge01", "lync_external_addresses"): SHARED,
        ("edge01", "lync_edge_ports"): ports,
    }
    assert topology(changes).hosts["edge01"].edge_ports == expected


def test_public_addresses_behind_translation() -> None:
    dns: dict[Path, object] = {("all", "lync_pools", EDGES): {"role": "edge", "load_balancing": "dns"}}
    found = topology({**dns, ("edge01", "lync_external_nat_addresses"): {"av": "198.51.100.1"}})
    assert found.hosts["edge01"].external_nat_addresses == {"av": addresses("198.51.100.1")}


@pytest.mark.parametrize(
    ("variables", "internal", "external"),
    [
        ({}, NONE, NONE),
        ({"lync_external_address": "203.0.113.99"}, addresses("10.2.0.61"), addresses("203.0.113.99")),
        ({"lync_internal_address": "10.2.0.62"}, addresses("10.2.0.62"), NONE),
    ],
)
def test_reverse_proxy_has_one_interface_or_two(
    variables: Mapping[str, object], internal: AddressSet, external: AddressSet
) -> None:
    proxy: dict[Path, object] = {("rp01", GROUPS): ("reverse_proxy",), ("rp01", "ansible_host"): "10.2.0.61"}
    host = topology({**proxy, **{("rp01", name): value for name, value in variables.items()}}).hosts["rp01"]
    assert (host.internal_address, host.external_address) == (internal, external)
    assert host.addresses == (internal or addresses("10.2.0.61"))


def test_balancer_speaks_from_its_address_unless_more_are_named() -> None:
    found = topology({("lb02", "lync_balancer_addresses"): ["203.0.113.6", "203.0.113.7"]})
    assert found.hosts["lb01"].balancer_addresses == addresses("10.1.0.5")
    assert found.hosts["lb02"].balancer_addresses == addresses("203.0.113.6", "203.0.113.7")
    assert found.hosts["fe01"].balancer_addresses == NONE


def test_two_balancers_may_share_a_floating_address() -> None:
    shared: dict[Path, object] = {
        (name, "lync_balancer_addresses"): ["10.1.0.4", "10.1.0.5", "203.0.113.5"] for name in ("lb01", "lb02")
    }
    assert topology(shared).hosts["lb02"].balancer_addresses == addresses("10.1.0.4", "10.1.0.5", "203.0.113.5")


def test_vip_may_be_an_address_of_the_balancer() -> None:
    assert topology({("all", "lync_pools", POOL, "vip"): "10.1.0.5"}).pools[POOL].vip == addresses("10.1.0.5")


def test_pool_in_full() -> None:
    servers: dict[Path, object] = {
        ("sql01", GROUPS): ("back_end",), ("sql01", "ansible_host"): "10.1.0.81", ("fs01", GROUPS): ("file_servers",),
        ("fs01", "ansible_host"): "10.1.0.94",
        ("se01", GROUPS): ("standard_edition",), ("se01", "ansible_host"): "10.3.0.11",
        ("se01", "lync_pool"): "se01.contoso.com",
        ("all", "lync_pools", "se01.contoso.com"): {"role": "standard_edition", "backup_pool": POOL},
    }  # fmt: skip
    entry = {
        "role": "frontend", "load_balancing": "hlb", "balancer": ["lb01", "lb02"],
        "vip": ["10.1.0.100", "2001:db8:1::100"], "web_vip": "10.1.0.101",
        "external_web_vip": "10.1.0.102", "web_fqdn": "web01.contoso.com.",
        "external_web_fqdn": "webext01.contoso.com", "monitoring_port": "5080",
        "backup_pool": "se01.contoso.com", "sql": {"hosts": ["sql01"]}, "file_share": {"hosts": "fs01"},
        "vendor": {"maxconn": 500}, "site": "oslo",
    }  # fmt: skip
    assert topology({**servers, ("all", "lync_pools", POOL): entry}).pools[POOL] == Pool(
        name=POOL, role="frontend", method=Method.HLB, version=Version.LYNC_2010, members=("fe01", "fe02"),
        vip=addresses("10.1.0.100", "2001:db8:1::100"),
        web_vip=addresses("10.1.0.101"), external_web_vip=addresses("10.1.0.102"),
        balancers={"internal": ("lb01", "lb02")}, web_fqdn="web01.contoso.com",
        external_web_fqdn="webext01.contoso.com", monitoring_port=5080, backup_pool="se01.contoso.com",
        sql=SqlServer(("sql01",), 1433), file_share=("fs01",),
        vendor={"maxconn": 500}, site="oslo",
    )  # fmt: skip


def test_pool_defaults() -> None:
    pools = topology({("all", "lync_pools", MEDIATION): {"role": "mediation"}}).pools
    assert pools[MEDIATION].method is Method.NONE
    assert pools[POOL].web_vip == pools[POOL].vip
    assert pools[EDGES].balancers == {"internal": ("lb01",), "external": ("lb02",)}
    assert pools[EDGES].external_vips["web_conferencing"] == addresses("203.0.113.11")


def test_one_balancer_of_an_edge_pool_serves_both_sides() -> None:
    assert topology({("all", "lync_pools", EDGES, "balancer"): "lb02"}).pools[EDGES].balancers == {
        "internal": ("lb02",),
        "external": ("lb02",),
    }


def test_one_server_with_dns_needs_no_web_vip() -> None:
    found = topology(
        {("dir02",): REMOVED, ("all", "lync_pools", DIRECTORS): {"role": "directors", "load_balancing": "dns"}}
    )
    assert (found.pools[DIRECTORS].method, found.pools[DIRECTORS].web_vip) == (Method.DNS, NONE)


def test_edge_pool_may_have_12_servers() -> None:
    assert len(topology(edges(range(3, 13))).pools[EDGES].members) == 12


def test_pool_has_the_version_of_its_members() -> None:
    found = topology({("dir01", "lync_version"): 2015, ("dir02", "lync_version"): "2015"})
    assert (found.pools[DIRECTORS].version, found.pools[POOL].version) == (Version.SFB_2015, Version.LYNC_2010)


def test_standard_edition_without_a_pool_holds_the_central_management_store() -> None:
    changes: dict[Path, object] = {
        ("se01", GROUPS): ("standard_edition",),
        ("se01", "ansible_host"): "10.3.0.11",
        ("gw01", "lync_gateway_pools"): ["se01"],
    }
    found = topology({**changes, ("all", "lync_central_management_pool"): "se01"})
    assert (found.central_management_pool, found.hosts["se01"].pool) == ("se01", "se01")


def test_deployment_values() -> None:
    rows = [{"id": "x", "port": [1]}]
    found = topology(
        {
            ("all", "lync_sip_domains"): "contoso.com",
            ("all", "lync_simple_urls"): {"meet": "https://meet.contoso.com", "dialin": ["dialin.contoso.com"]},
            ("all", "lync_dns_servers"): [{"address": "10.1.0.93", "zones": "Contoso.com", "key_name": "lync",
                                           "key_secret": "aHVzaA=="}],
            ("all", "lync_ipsec"): False,
            ("all", "lync_ipsec_remote_networks"): "10.0.0.0/8", ("all", "lync_ipsec_ports"): "media",
            ("all", "lync_extra_rows"): rows,
            ("all", "lync_row_overrides"): rows, ("all", "lync_media_networks"): ["10.14.0.0/16"],
        }
    )  # fmt: skip
    assert (found.sip_domains, found.simple_urls) == (
        ("contoso.com",),
        {"meet": ("https://meet.contoso.com",), "dialin": ("dialin.contoso.com",)},
    )
    assert found.dns_servers == (DnsServer("10.1.0.93", ("contoso.com",), "internal", "lync", key_secret="aHVzaA=="),)
    assert (found.ipsec, found.ipsec_ports, found.ipsec_remote_networks) == ("false", "media", addresses("10.0.0.0/8"))
    assert found.extra_rows == found.row_overrides == tuple(rows)
    assert found.media_networks == addresses("10.14.0.0/16")


def test_deployment_variable_may_be_absent_on_some_hosts() -> None:
    assert topology({("fe02", "lync_ipsec"): "true"}).ipsec == "true"


def test_equal_values_of_other_identity_are_one_value() -> None:
    assert topology(
        {("fe01", "lync_sip_domains"): ["contoso.com"], ("fe02", "lync_sip_domains"): ["contoso.com"]}
    ).sip_domains == ("contoso.com",)


@pytest.mark.parametrize("name", ["lync_plan_dir", "lync_wave_size", "lync_my_own"])
def test_play_and_local_variables_are_no_errors(name: str) -> None:
    assert topology({("all", name): "x", ("all", "lync_local_variables"): ["lync_my_own"]}).hosts


# Name of the case, the changes, the warnings in full.
WARNINGS: list[tuple[str, Mapping[Path, object], list[str]]] = [
    ("any client", {("all", "lync_client_networks"): ["any"]},
     ["hosts fe01, fe02, dir01 and 8 more, lync_client_networks: ['any'] admits every address; "
      "fix: name the networks"]),
    ("media ranges overlap", {("gw01", "lync_media_ports"): {"video": "57000-60000"}},
     ["host gw01, lync_media_ports: audio 49152-57500 and video 57000-60000 overlap; "
      "fix: give each kind of media a range of its own, so that its packets can be marked",
      "host gw01, lync_media_ports: video 57000-60000 and application_sharing 49152-65535 overlap; "
      "fix: give each kind of media a range of its own, so that its packets can be marked"]),
    ("documented defaults are silent",
     {("gw01", "lync_media_ports"): {"audio": "49152-57500", "video": "57501-65535",
                                     "application_sharing": "49152-65535"}}, []),
    ("ranges that share one port",
     {("gw01", "lync_media_ports"): {"audio": "51000-52000", "video": "50000-51000",
                                     "application_sharing": "52000-53000"}},
     [f"host gw01, lync_media_ports: audio 51000-52000 and {other} overlap; fix: give each kind of media a range of "
      f"its own, so that its packets can be marked"
      for other in ("application_sharing 52000-53000", "video 50000-51000")]),
    ("ranges that only touch are silent",
     {("gw01", "lync_media_ports"): {"audio": "50000-50999", "video": "51000-51999",
                                     "application_sharing": "52000-52999"}}, []),
    ("appliance with one address", {("lb02", "lync_balancer_driver"): "f5_as3"},
     ["host lb02, lync_balancer_addresses: the only source address is 203.0.113.5, which ansible_host manages the "
     "appliance by; "
      "fix: list every address that connections and monitors come from"]),
    ("TLS that nobody reads", {("all", "lync_pools", POOL, "tls"): {"mode": "passthrough"}},
     [f"pool {POOL}, tls: nobody reads it: no reverse proxy has lync_reverse_proxy_driver; fix: set it on the "
     f"proxies, or remove tls"]),
    ("Group Chat", {("gc01", GROUPS): ("persistent_chat",), ("gc01", "ansible_host"): "10.1.0.55"},
     ["host gc01, lync_version: 2010 has Group Chat, for which the catalogue has no rows; fix: add its ports with "
     "lync_extra_rows"]),
    ("two internal addresses",
     {("edge01", "lync_address"): "10.9.0.21", ("edge01", "lync_internal_address"): "10.2.0.21"},
     ["host edge01, lync_address: 10.9.0.21 is not used beside lync_internal_address; fix: leave it out, or make the "
      "two equal"]),
    ("web VIP of an unknown balancer", {("all", "lync_pools", DIRECTORS, "balancer"): REMOVED},
     ["pool dir01.contoso.com, balancer: the balancer of the web VIP is not named, so the members do not admit its "
     "addresses; fix: name it"]),
    ("VIP with DNS", {("all", "lync_pools", DIRECTORS, "vip"): "10.1.0.130"},
     ["pool dir01.contoso.com, vip: load_balancing is dns: the name of the pool stands for its members, and the VIP "
     "is not used; fix: remove it"]),
    ("VIP of a family that the balancer lacks",
     {("all", "lync_pools", POOL, "vip"): ["10.1.0.100", "2001:db8:1::100"]},
     [f"pool {POOL}, balancer: lb01 has IPv6 virtual addresses on its internal side and no IPv6 address that it "
      f"speaks to members from; "
      "fix: add one to lync_balancer_addresses of lb01"]),
    ("file of a Linux host elsewhere", {("fe01", "lync_linux_path"): "/etc/x.nft"},
     ["host fe01, lync_linux_path: it means nothing on this kind of host; allowed: hosts with a role on linux; fix: "
      "remove it, or correct it"]),
    ("mobility without push", {("fe01", "lync_features"): ["mobility"], ("fe02", "lync_features"): ["mobility"]},
     ["hosts fe01, fe02, lync_features: mobility is on and federation is not, so that push notifications stay off; "
      "fix: add federation, or expect no push"]),
    ("partners without an Edge Server",
     {("edge01", GROUPS): ("somebody",), ("edge02", GROUPS): ("somebody",), ("all", "lync_pools", EDGES): REMOVED,
      **{(f"edge0{number}", name): REMOVED for number in (1, 2)
         for name in ("lync_pool", "lync_external_addresses")},
      ("fe01", "lync_features"): ["federation"], ("fe02", "lync_features"): ["federation"]},
     ["lync_features: there is no Edge Server, so that federation opens nothing"]),
    ("home that nobody chose",
     {("all", "lync_sip_domains"): ["contoso.com"], ("all", "lync_central_management_pool"): EDGES,
      ("all", "lync_pools", "dir02.contoso.com"): {"role": "directors"}, ("dir02", "lync_pool"): "dir02.contoso.com"},
     ["lync_home_pools: clients of contoso.com are sent to pool dir01.contoso.com, the first by name of 2; fix: name "
      "the pool that they sign in to first"]),
    ("SQL Server that no pool names",
     {("sql01", GROUPS): ("back_end",), ("sql01", "ansible_host"): "10.1.0.81", ("sql01", "lync_managed"): True},
     ["host sql01: no pool names it under sql, so that it is open to every Front End Server and to nobody else; fix: "
      "name it under sql of the pools that use it"]),
    ("named instance without a port", {("all", "lync_pools", POOL, "sql"): {"hosts": "fe01", "instance": "RTC"}},
     ["pool pool01.contoso.com, sql.instance: a named instance has a port of its own, and 1433 is opened; fix: give "
      "the instance a fixed port, and write port"]),
    ("no central management", {("all", "lync_central_management_pool"): REMOVED},
     ["lync_central_management_pool: not set, so the rows of the replication of the configuration open nothing; "
      "fix: name the pool that holds the Central Management Store"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"), [pytest.param(changes, expected, id=name) for name, changes, expected in WARNINGS]
)
def test_warnings(without_records: None, changes: Mapping[Path, object], expected: list[str]) -> None:
    assert [str(warning) for warning in topology(changes).warnings] == expected


def test_every_warning_is_seen(without_records: None, monkeypatch: pytest.MonkeyPatch) -> None:
    found: set[str] = set()

    def watched(check: Check) -> Callable[[Draft], list[Problem]]:
        def run(draft: Draft) -> list[Problem]:
            problems = list(check(draft))
            found.update([check.__name__] if problems else [])
            return problems

        return run

    monkeypatch.setattr(read, "WARNING_CHECKS", tuple(map(watched, OF_MEANING)))
    for _name, changes, _expected in WARNINGS:
        topology(changes)
    assert found == {check.__name__ for check in OF_MEANING}
