# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IPsec exemptions per role and version, by hand from the tables."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.catalogues import Catalogues
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_topology
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import read_topology
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import GROUP, PROFILES, HostPlan, Plan

from .deployments import compiled, host, inventory, not_opened

POOL, OTHER, EDGES, MEDIATION = "pool01.contoso.com", "pool02.contoso.com", "edge01.contoso.com", "med01.contoso.com"
HOSTS = {
    "fe01": host("frontend", "10.1.0.11", pool=POOL),
    "fe02": host("frontend mediation", "10.1.0.12", pool=OTHER),
    "se01": host("standard_edition", "10.31.0.11"),
    "med01": host("mediation", "10.1.0.41", pool=MEDIATION, pstn_address="10.8.0.41"),
    "edge01": host(
        "edge", "10.2.0.21", pool=EDGES,
        external_addresses={"access": "203.0.113.21", "web_conferencing": "203.0.113.31", "av": "203.0.113.41"},
    ),
    "um01": host("exchange_um", "10.1.0.71", managed=True),
    "pc01": host("clients", "10.10.0.101", managed=True, media_ports={"client": "5350-5389"}),
    "rp01": host("reverse_proxy", "10.2.0.61"),
    "dir01": host("directors", "10.1.0.31", pool="dir01.contoso.com"),
}  # fmt: skip
AV_CONFERENCING = {"av01": host("av_conferencing", "10.1.0.45")}
POOLS = {
    POOL: {"role": "frontend"}, OTHER: {"role": "frontend"}, MEDIATION: {"role": "mediation"}, EDGES: {"role": "edge"},
    "dir01.contoso.com": {"role": "directors"},
}  # fmt: skip


def plan(version: str = "2010", **common: object) -> Plan:
    return compiled(
        {**HOSTS, **(AV_CONFERENCING if version == "2010" else {})}, version=version, pools=POOLS, **common
    )


def described(found: HostPlan) -> set[tuple[object, ...]]:
    """Return (rows, transport, local address, local ports, remote) of each exemption."""
    return {(each.rows, each.protocol, each.localip, each.localport, each.remoteip) for each in found.ipsec_exemptions}


def both(rows: tuple[str, ...], *addresses: str) -> set[tuple[object, ...]]:
    """Return an exemption over TCP and UDP; rows I12 and I13 are TCP only."""
    udp = tuple(row for row in rows if row not in ("I12", "I13"))
    return {(rows, "tcp", addresses, ("any",), ("any",)), (udp, "udp", addresses, ("any",), ("any",))}


FRONT_END = ("I7", "I8", "I9", "I10", "I12", "I13")
TABLE = {
    "fe01": both(FRONT_END, "10.1.0.11"),
    "fe02": both(("I5", "I6", *FRONT_END), "10.1.0.12"),
    "se01": both(FRONT_END, "10.31.0.11"),
    "med01": both(("I5", "I6"), "10.1.0.41", "10.8.0.41"),
    "edge01": both(("I1", "I3"), "10.2.0.21") | both(("I2", "I4"), "203.0.113.41"),
    "um01": both(("I11", "I14"), "10.1.0.71"),
    "pc01": {(("I15",), "udp", ("10.10.0.101",), ("5350-5389",), ("any",))},
    "rp01": set(),
    "dir01": set(),
}


@pytest.mark.parametrize("version", ["2010", "2013", "2015", "2019", "se"])
def test_exemptions_of_each_role(version: str) -> None:
    assert {name: described(found) for name, found in plan(version).hosts.items() if name != "av01"} == TABLE


def test_a_front_end_that_is_a_mediation_server_too_exempts_the_gateways_on_their_address_only() -> None:
    found = compiled(
        {"fe02": host("frontend mediation", "10.1.0.12", pool=OTHER, pstn_address="10.8.0.12")},
        pools={OTHER: {"role": "frontend"}},
    )
    assert described(found.hosts["fe02"]) == both(("I5", "I6"), "10.1.0.12", "10.8.0.12") | both(
        FRONT_END, "10.1.0.12"
    )


@pytest.mark.parametrize("version", ["2013", "2015", "2019", "se"])
def test_later_versions_have_no_av_conferencing_role(version: str) -> None:
    """Its rows are the Front End's there; a server that is still listed for 2010 gets nothing of another version."""
    row = next(row for row in parse(read_document(default_path())).ipsec if row.rows == ("I9",))
    assert {name for found, names in row.components.items() if found.value == version for name in names} == {
        "frontend"
    }


def test_rows_are_switched_off_by_overrides() -> None:
    off = [
        {
            "table": "ipsec",
            "select": "starts_with(id, 'ipsec-conferencing') || starts_with(id, 'ipsec-av')",
            "set": {"enabled": False},
        }
    ]
    found = plan(row_overrides=off).hosts["fe01"]
    assert described(found) == {(("I12", "I13"), "tcp", ("10.1.0.11",), ("any",), ("any",))}
    # What is not exempt any more is still media: a rule that requires protection for it is reported.
    assert {flow.protocol for flow in found.media_flows} == {"tcp", "udp"}


def test_the_av_conferencing_server_of_2010() -> None:
    assert described(plan("2010").hosts["av01"]) == both(("I9", "I10"), "10.1.0.45")


def test_exemptions_carry_names_and_group() -> None:
    for found in plan().hosts.values():
        names = [each.name for each in found.ipsec_exemptions]
        assert len(set(names)) == len(names)
        assert {(each.group, each.enabled, each.profiles, each.remoteport) for each in found.ipsec_exemptions} <= {
            (GROUP, True, PROFILES, ("any",))
        }
    assert plan().hosts["med01"].ipsec_exemptions[0].name == "Lync exempt ipsec-mediation-in (TCP)"


def test_remote_networks_limit_every_exemption() -> None:
    found = plan(ipsec_remote_networks=["10.0.0.0/9", "10.128.0.0/9", "2001:db8::/32"])
    assert {each.remoteip for each_host in found.hosts.values() for each in each_host.ipsec_exemptions} == {
        ("10.0.0.0/8", "2001:db8::/32")
    }


MEDIA = {
    "fe01": {"tcp": ("49152-65535",), "udp": ("49152-65535",)},
    "edge01": {"tcp": ("443", "50000-59999"), "udp": ("3478", "50000-59999")},
    "pc01": {"udp": ("5350-5389",)},
}


@pytest.mark.parametrize("name", MEDIA)
def test_exemptions_can_be_limited_to_media_ports(name: str) -> None:
    found = plan(ipsec_ports="media").hosts[name]
    assert {each.protocol: each.localport for each in found.ipsec_exemptions} == MEDIA[name]


def test_media_ports_are_those_of_the_host() -> None:
    """Application sharing is TCP only."""
    ranges = {"audio": "40000-40999", "video": "50000-50999", "application_sharing": "60000-60999"}
    found = plan(ipsec_ports="media", media_ports=ranges).hosts["fe01"]
    assert {each.protocol: each.localport for each in found.ipsec_exemptions} == {
        "tcp": ("40000-40999", "50000-50999", "60000-60999"),
        "udp": ("40000-40999", "50000-50999"),
    }


def test_clients_with_the_whole_range_get_no_exemption_and_it_is_told() -> None:
    hosts = {"pc01": host("clients", "10.10.0.101", managed=True, client_program="C:\\Lync\\communicator.exe")}
    found = compiled(hosts).hosts["pc01"]
    assert found.ipsec_exemptions == ()
    assert (
        not_opened(found)["I15"]
        == "no client media range is configured: set lync_media_ports.client to a range narrower than 1024-65535"
    )


def test_unmanaged_peers_of_media_are_named() -> None:
    hosts = {
        "fe01": host("frontend", "10.1.0.11", pool=POOL),
        "um01": host("exchange_um", "10.1.0.71"),
        "gw01": host("pstn_gateways", "10.8.0.9"),
        "sql01": host("back_end", "10.1.0.81"),
    }
    found = compiled(hosts, pools={POOL: {"role": "frontend"}}).hosts["fe01"]
    assert [(peer.name, peer.addresses) for peer in found.mirror_peers] == [
        ("clients", ("10.10.0.0/16",)),
        ("um01", ("10.1.0.71",)),
    ]
    limited = compiled(hosts, pools={POOL: {"role": "frontend"}}, ipsec_remote_networks=["10.10.8.0/24"]).hosts["fe01"]
    assert [(peer.name, peer.addresses) for peer in limited.mirror_peers] == [("clients", ("10.10.8.0/24",))]


def test_a_retired_host_has_none() -> None:
    assert (
        compiled({"se01": host("standard_edition", "10.31.0.11", member_state="retired")})
        .hosts["se01"]
        .ipsec_exemptions
        == ()
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_order_and_direction_of_rows_is_all_the_same(seed: int) -> None:
    """An exemption has two endpoints and no direction: inbound rows and outbound rows swapped mean the same."""
    topology, catalogue = read_topology(inventory(HOSTS, pools=POOLS)), parse(read_document(default_path()))
    turned = {"in": "out", "out": "in"}
    rows = [replace(row, direction=type(row.direction)(turned[row.direction.value])) for row in catalogue.ipsec]
    random.Random(seed).shuffle(rows)
    swapped = compile_topology(topology, Catalogues(replace(catalogue, ipsec=tuple(rows))))
    straight = compile_topology(topology, Catalogues(catalogue))
    assert {name: described(found) for name, found in swapped.hosts.items()} == {
        name: described(found) for name, found in straight.hosts.items()
    }
