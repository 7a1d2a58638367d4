# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The 44 known faults of the first edition's tables, Q1 to Q44: how the catalogue resolves each of them."""

from __future__ import annotations

import re

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import (
    Direction,
    Interface,
    LoadBalancer,
    PortRow,
    PortSide,
    Transport,
    Version,
)

from .facts import LATER, described, exempted, fixture, numbered, peers, port_text, ports_of, row, shipped

# Faults of wording: what no test of data can show.
COSMETIC = {
    "q13": "the sentence in the load balancer column is the value always; the tests of versions hold both tables "
    "that replaced it",
    "q36": "names of one service that differ; service is free text and the catalogue has one name for each",
    "q41": "spelling of the names of IPsec rows; the catalogue keeps the printed names",
    "q42": "the column Permit became Do not authenticate; an IPsec row of the catalogue is an exemption and has no "
    "action",
    "q44": "a comparison with an older product",
}
V2010 = Version.LYNC_2010


def only(number: str) -> PortRow:
    """Return the one row that stands for a number."""
    (found,) = numbered(number)
    return found


def test_every_quirk_has_a_test_or_a_reason() -> None:
    tested = {match[1] for name in globals() if (match := re.match(r"test_(q\d\d)_", name))}
    assert tested | set(COSMETIC) == {f"q{number:02}" for number in range(1, 45)}
    assert not tested & set(COSMETIC)


def test_q01_ranges_end_at_65535() -> None:
    assert "65335" not in " ".join(port_text(found.port) for found in shipped().ports)
    assert {port_text(found.port) for found in numbered("S8")} == {"57501-65535"}
    assert port_text(only("S18").port) == "49152-65535"


def test_q02_media_ranges_are_named_so_that_a_site_can_set_them() -> None:
    assert {found.port.media for number in ("S8", "S18", "S29") for found in numbered(number)} == {
        "video",
        "application_sharing",
        "audio",
    }
    assert {found.port.media for number in ("S51", "S52", "S53", "S54") for found in numbered(number)} == {
        "client_audio", "client_video", "client_files", "client_sharing",
    }  # fmt: skip


def test_q03_application_sharing_overlaps_audio_and_video_as_documented() -> None:
    sharing = ports_of(only("S18").port)
    assert all(ports_of(found.port) <= sharing for number in ("S8", "S29") for found in numbered(number))


def test_q04_5070_once_for_each_place_of_the_mediation_server() -> None:
    rows = [found for found in shipped().ports if port_text(found.port) == "5070" and found.component == "mediation"]
    assert [(found.rows, found.collocated) for found in rows] == [(("S14",), True), (("S32", "S35"), False)]


@pytest.mark.parametrize("number", ["S5", "S7", "S12", "S13", "S14", "S17", "S19", "S20", "S21", "S24", "S26", "S32"])
def test_q05_sip_listeners_are_mtls_over_tcp(number: str) -> None:
    assert {(found.transports, found.application) for found in numbered(number)} == {((Transport.TCP,), "SIP/MTLS")}


def test_q06_wordings_without_a_transport_got_one() -> None:
    assert all(
        found.transports == (Transport.TCP,) for number in ("S3", "S4", "S9", "S10") for found in numbered(number)
    )
    assert all(found.transports == (Transport.UDP,) for number in ("S49", "S55") for found in numbered(number))
    for number in ("S4", "S36", "S37"):
        assert {"135", "49152-65535"} <= {port_text(found.port) for found in numbered(number)}


def test_q07_dhcp_is_two_ports_of_one_service() -> None:
    client = row("client-dhcp")
    assert client.other_port is not None
    assert (client.direction, client.port_side) == (Direction.OUT, PortSide.REMOTE)
    assert (port_text(client.port), port_text(client.other_port)) == ("67", "68")
    assert described(row("dhcp-server")) == ["dhcp_servers in udp 67"]


def test_q08_thousands_separators_are_gone() -> None:
    assert {port_text(found.port) for found in numbered("S47")} == {"50000-59999"}


def test_q09_the_two_transports_of_the_relay_range_have_rows_of_their_own() -> None:
    assert row("edge-relay-tcp-out").transports == (Transport.TCP,)
    assert row("edge-relay-udp-out").transports == row("edge-relay-udp-out-legacy").transports == (Transport.UDP,)


def test_q10_inbound_and_udp_only_with_ocs_2007_partners() -> None:
    in_2010 = [found for found in numbered("S47") if V2010 in found.versions]
    assert [described(found) for found in in_2010 if not found.features] == [["edge av out tcp 50000-59999"]]
    assert [found.id for found in in_2010 if found.features == ("legacy_federation",)] == [
        "edge-relay-udp-out-legacy",
        "edge-relay-in-legacy",
    ]
    in_2015 = [found for found in numbered("S47") if Version.SFB_2015 in found.versions]
    assert [(found.id, found.features) for found in in_2015] == [
        ("edge-relay-tcp-out", ()),
        ("edge-relay-udp-out", ()),
    ]


def test_q11_an_empty_service_is_empty() -> None:
    assert {
        found.service
        for number in ("S22", "S38", "S39", "S40", "S41", "S49", "S50", "S55")
        for found in numbered(number)
    } == {""}


def test_q12_phones_are_one_class_of_peers() -> None:
    devices = next(fact["component"] for fact in fixture("first_edition")["ports"] if fact["row"] == "S55")
    assert len(devices) == 4
    assert numbered("S55") == [row("dhcp-server")]
    assert "phones" in peers("audio-media")


def test_q14_135_is_behind_the_load_balancer_with_dns_in_2010_only() -> None:
    words = row("fe-rpc-endpoint-mapper").load_balancer
    assert words[V2010] is LoadBalancer.ALWAYS
    assert {words[version] for version in LATER} == {LoadBalancer.HLB}


@pytest.mark.parametrize("number", ["S1", "S15", "S16", "S30", "S33", "S34"])
def test_q15_ports_that_left_the_load_balancer_in_2013(number: str) -> None:
    words = only(number).load_balancer
    assert words[V2010] is LoadBalancer.HLB
    assert {words[version] for version in LATER} == {LoadBalancer.NO}


def test_q16_front_end_4443_in_every_version() -> None:
    found = row("fe-web-external-https")
    assert described(found) == ["frontend in tcp 4443"]
    assert found.versions == set(Version)
    assert set(found.load_balancer.values()) == {LoadBalancer.ALWAYS}
    assert peers(found.id) == {"reverse_proxy", "frontend", "directors"}


def test_q17_front_end_5060_is_for_remote_call_control_only() -> None:
    assert (only("S1").features, peers("fe-sip-tcp")) == (("rcc",), {"trusted_applications"})


def test_q18_director_5060_is_for_remote_call_control_only() -> None:
    assert (only("S30").features, peers("director-sip-tcp")) == (("rcc",), {"trusted_applications"})


def test_q19_director_5061_is_the_tls_listener() -> None:
    assert row("director-sip-tls").application == row("fe-sip-tls").application == "SIP/TLS, SIP/MTLS"


def test_q20_8404_is_wcf_between_the_servers_of_a_pool() -> None:
    assert (only("S25").application, peers("fe-response-group-wcf")) == ("WCF/MTLS", {"frontend of the pool"})


def test_q21_5066_is_outbound_to_the_emergency_gateway() -> None:
    found = only("S22")
    assert described(found) == ["frontend out tcp remote 5066"]
    assert (found.features, peers(found.id)) == (("e911",), {"e911_gateways"})


def test_q22_5069_in_2010_only() -> None:
    assert only("S23").versions == {V2010}


def test_q23_445_is_open_on_the_replicas_and_flows_out_of_the_master() -> None:
    replica, master = numbered("S28")
    assert (replica.component, replica.direction, peers(replica.id)) == ("cms_replicas", Direction.IN, {"cms_master"})
    assert (master.component, master.direction, peers(master.id)) == ("cms_master", Direction.OUT, {"cms_replicas"})
    assert "edge" not in shipped().classes["internal_servers"]


@pytest.mark.parametrize("number", ["S36", "S37"])
def test_q24_message_queuing_has_ports_of_its_own(number: str) -> None:
    opened = {text.split(" in ")[1] for found in numbered(number) for text in described(found)}
    assert opened == {"tcp 135", "tcp 49152-65535", "tcp 1801", "tcp 2101, 2103, 2105", "udp 1801, 3527"}


def test_q25_8080_is_http_to_the_web_services() -> None:
    found = only("S40")
    assert described(found) == ["reverse_proxy internal out tcp remote 8080"]
    assert (found.application, peers(found.id)) == ("HTTP", {"frontend", "directors"})


def test_q26_the_reverse_proxy_listens_on_80_and_443_only() -> None:
    assert described(only("S41")) == ["reverse_proxy internal out tcp remote 4443"]
    listeners = [
        found for found in shipped().ports if found.component == "reverse_proxy" and found.direction is Direction.IN
    ]
    assert [text for found in listeners for text in described(found)] == [
        "reverse_proxy external in tcp 80",
        "reverse_proxy external in tcp 443",
    ]


def test_q27_4443_of_the_web_services_is_not_4443_of_the_edge() -> None:
    assert peers("edge-internal-replication") == {"cms_master"}
    assert "reverse_proxy" not in {
        name for found in shipped().ports if found.component == "edge" for name in peers(found.id)
    }


def test_q28_443_of_the_edge_is_three_listeners() -> None:
    inbound = [found for found in numbered("S42") if found.direction is Direction.IN]
    assert [(found.interface.value, found.port.edge_service, found.application) for found in inbound] == [
        ("access", "access", "SIP/TLS"),
        ("web_conferencing", "web_conferencing", "PSOM/TLS"),
        ("av", "av", "STUN/TCP"),
    ]


def test_q29_stun_over_tcp_on_the_internal_side_of_the_edge() -> None:
    found = row("edge-internal-av-tcp")
    assert described(found) == ["edge internal in tcp 443"]
    assert (peers(found.id), found.versions, found.load_balancer[V2010]) == (
        {"any_internal"},
        set(Version),
        LoadBalancer.HLB,
    )


@pytest.mark.parametrize(
    "text",
    ["access out tcp remote 80", "access out tcp remote 53", "access out udp remote 53", "av out tcp remote 443"],
)
def test_q30_what_the_edge_asks_of_the_internet(text: str) -> None:
    (found,) = [found for found in shipped().ports if f"edge {text}" in described(found)]
    assert (found.versions, peers(found.id)) == (set(Version), {"any"})


def test_q30_3478_has_a_row_per_direction_and_interface() -> None:
    texts = [text for found in numbered("S46") for text in described(found)]
    assert texts == ["edge av in udp 3478", "edge av out udp remote 3478", "edge internal in udp 3478"]


@pytest.mark.parametrize(
    ("port", "wanted"),
    [
        ("80", {"clients", "phones"}),
        ("443", {"clients", "phones"}),
        ("444", {"frontend"}),
        ("4443", {"reverse_proxy"}),
        ("8080", {"reverse_proxy"}),
    ],
)
def test_q31_directors_have_web_services_in_every_version(port: str, wanted: set[str]) -> None:
    (found,) = [found for found in shipped().ports if found.component == "directors" and port_text(found.port) == port]
    assert (found.versions, found.features, peers(found.id)) == (set(Version), (), wanted)


def test_q32_8058_for_legacy_clients() -> None:
    found = row("fe-web-conferencing-compatibility")
    assert described(found) == ["frontend in tcp 8058"]
    assert (found.versions, found.features, found.application) == (set(Version), ("legacy_clients",), "PSOM/TLS")


def test_q33_sql_and_sql_browser() -> None:
    sql = row("back-end-sql")
    assert (sql.port.sql, peers(sql.id), described(sql)) == (
        ports_of(sql.port),
        {"database_users", "store_readers", "admin_hosts"},
        ["databases in tcp 1433"],
    )
    assert described(row("sql-browser")) == ["internal_servers in udp 1434"]
    assert row("sql-browser").versions == set(LATER)
    assert described(row("back-end-sql-browser")) == ["databases in udp 1434"]


def test_q34_authentication_of_media_is_inbound_on_the_edge() -> None:
    assert described(only("S45")) == ["edge internal in tcp 5062"]
    assert peers("edge-internal-av-authentication") == {"frontend", "sba"}


def test_q35_interfaces_are_data() -> None:
    found = {
        number: {entry.interface for entry in numbered(number)}
        for number in ("S42", "S43", "S44", "S45", "S46", "S47", "S48")
    }
    assert found == {
        "S42": {Interface.ACCESS, Interface.WEB_CONFERENCING, Interface.AV},
        "S43": {Interface.INTERNAL, Interface.ACCESS},
        "S44": {Interface.INTERNAL},
        "S45": {Interface.INTERNAL},
        "S46": {Interface.INTERNAL, Interface.AV},
        "S47": {Interface.AV},
        "S48": {Interface.INTERNAL},
    }


def test_q37_white_space_is_plain() -> None:
    assert "\u00a0" not in default_path().read_text(encoding="utf-8")


def test_q38_names_in_two_cells_are_joined() -> None:
    assert [exempted(number)[0].name for number in ("I5", "I6")] == [
        "Mediation Server Inbound",
        "Mediation Server Outbound",
    ]
    assert {exempted(number)[0].components[V2010] for number in ("I5", "I6")} == {("mediation",)}


@pytest.mark.parametrize("number", ["I7", "I8"])
def test_q39_conferencing_attendant_is_bound_to_its_front_end(number: str) -> None:
    (found,) = exempted(number)
    assert set(found.components.values()) == {("frontend",)}


@pytest.mark.parametrize("number", ["I9", "I10"])
def test_q40_av_conferencing_servers_are_a_role_of_2010_only(number: str) -> None:
    (found,) = exempted(number)
    assert found.components[V2010] == ("av_conferencing", "frontend")
    assert {found.components[version] for version in LATER} == {("frontend",)}


def test_q43_the_client_exemption_has_the_client_media_range() -> None:
    (found,) = exempted("I15")
    assert found.local_port is not None
    assert (found.local_port.media, found.transports, found.components[V2010]) == (
        "client",
        (Transport.UDP,),
        ("clients",),
    )
    assert [entry.id for entry in shipped().ipsec if entry.local_port] == [found.id]
