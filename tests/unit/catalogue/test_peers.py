# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who talks to whom: peers, scopes and features of the rows, from the documented flows."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import FEATURES, Direction, Interface, PortRow

from .facts import numbered, peers, row, shipped

# Rows of the first edition and whom they admit, or reach when they are outbound.
PEERS = {
    "fe-sip-tls": {
        "clients", "phones", "frontend", "directors", "mediation", "sba", "persistent_chat", "exchange_um",
        "trusted_applications", "edge", "video_interop",
    },
    "fe-backup-service": {"share_users", "admin_hosts"},
    "fe-focus": {"frontend", "directors", "sba"},
    "fe-focus-av-conferencing": {"av_conferencing"},
    "fe-rpc-endpoint-mapper": {"frontend", "admin_hosts"},
    "fe-rpc-dynamic": {"frontend", "admin_hosts"},
    "fe-im-conferencing": {"frontend of the pool"},
    "fe-av-conferencing": {"frontend of the pool"},
    "fe-conferencing-attendant": {"frontend of the pool"},
    "fe-application-sharing": {"frontend of the pool"},
    "fe-web-conferencing": {"clients", "trusted_applications"},
    "fe-web-http": {"clients", "phones", "frontend", "directors"},
    "fe-web-https": {
        "clients", "phones", "frontend", "directors", "admin_hosts", "office_web_apps", "trusted_applications",
    },
    "fe-web-external-https": {"reverse_proxy", "frontend", "directors"},
    "fe-web-external-http": {"reverse_proxy"},
    "fe-bandwidth-policy-sip": {"frontend"},
    "fe-bandwidth-policy-turn": {"clients", "phones", "media_servers"},
    "fe-qoe-monitoring": {"frontend"},
    "audio-media": {
        "clients", "phones", "media_servers", "sba", "exchange_um", "media_networks", "trusted_applications",
        "video_interop",
    },
    "back-end-sql": {"database_users", "store_readers", "admin_hosts"},
    "back-end-copies": {"database_partners"},
    "file-share": {"share_users", "admin_hosts"},
    "reporting-services": {"report_users", "admin_hosts"},
    "reporting-services-rpc": {"report_users", "admin_hosts"},
    "office-web-apps-farm": {"office_web_apps of the pool"},
    "branch-sip-tls": {"clients", "phones", "frontend"},
    "application-sip": {"frontend"},
    "video-interop-gateway": {"video_gateways"},
    "mediation-pstn-media": {"pstn_gateways"},
    "director-sip-tls": {"clients", "phones", "frontend", "edge"},
    "mediation-gateway-tls": {"pstn_gateways"},
    "mediation-gateway-tcp": {"pstn_gateways"},
    "edge-internal-sip": {"directors", "frontend"},
    "edge-internal-sip-out": {"directors", "frontend"},
    "edge-internal-web-conferencing": {"frontend"},
    "edge-internal-av-udp": {"any_internal"},
    "client-legacy-file-transfer": {"clients"},
    "client-application-sharing": {"clients", "media_servers", "edge"},
}  # fmt: skip

FEATURE_OF_ROWS = {
    "rcc": {"S1", "S30"},
    "e911": {"S22"},
    "cac": {"S26", "S27"},
    "dhcp_discovery": {"S49", "S55"},
    "legacy_clients": {"S50"},
    "http_publishing": {"S38", "S40"},
    "mediation_tcp": {"S16", "S34"},
}


@pytest.mark.parametrize("row_id", PEERS)
def test_peers(row_id: str) -> None:
    assert peers(row_id) == PEERS[row_id]


@pytest.mark.parametrize("number", ["S13", "S19", "S20", "S21", "S24"])
def test_applications_are_reached_from_every_pool(number: str) -> None:
    (found,) = numbered(number)
    assert peers(found.id) == {"frontend"}


def test_virtual_addresses_are_peers_where_the_tables_say_so() -> None:
    found = {(entry.id, peer.peer_class) for entry in shipped().ports for peer in entry.peers if peer.vips}
    media = {
        (f"client-{kind}{side}", "edge")
        for kind in ("audio", "video", "file-transfer", "application-sharing")
        for side in ("", "-out")
    }
    assert found == media | {
        ("fe-sip-tls", "edge"),
        ("director-sip-tls", "edge"),
        ("rp-office-web-apps-out", "office_web_apps"),
        ("rp-office-web-apps-http-out", "office_web_apps"),
        ("rp-web-http-out", "frontend"),
        ("rp-web-http-out", "directors"),
        ("rp-web-https-out", "frontend"),
        ("rp-web-https-out", "directors"),
        ("edge-internal-sip", "directors"),
        ("edge-internal-sip", "frontend"),
        ("edge-internal-sip-out", "directors"),
        ("edge-internal-sip-out", "frontend"),
        ("edge-internal-av-authentication", "frontend"),
    }


def faces_the_internet(found: PortRow) -> bool:
    return found.interface in (Interface.EXTERNAL, Interface.ACCESS, Interface.WEB_CONFERENCING, Interface.AV)


def test_any_is_a_peer_on_the_internet_side_of_dhcp_and_of_external_users_only() -> None:
    open_to_all = {entry.id for entry in shipped().ports if "any" in peers(entry.id) and not faces_the_internet(entry)}
    assert open_to_all == {"client-dhcp", "dhcp-server"} | {entry.id for entry in shipped().ports if not entry.enabled}


@pytest.mark.parametrize("feature", FEATURE_OF_ROWS)
def test_features_gate_exactly_their_rows(feature: str) -> None:
    assert {
        number for entry in shipped().ports if entry.features == (feature,) for number in entry.rows
    } == FEATURE_OF_ROWS[feature]


def test_features_gate_these_rows_beyond_the_first_edition() -> None:
    found = {entry.id: entry.features for entry in shipped().ports if entry.features and not entry.rows}
    assert found == {
        "fe-web-conferencing-compatibility": ("legacy_clients",),
        "fe-mobility-internal": ("mobility",),
        "fe-mobility-external": ("mobility",),
        "office-web-apps-http": ("http_publishing",),
        "rp-office-web-apps-http-out": ("http_publishing",),
        "branch-gateway-tcp": ("mediation_tcp",),
        "fe-xmpp": ("xmpp",),
        "edge-xmpp": ("xmpp",),
        "edge-xmpp-out": ("xmpp",),
        "edge-internal-xmpp": ("xmpp",),
        "centralized-logging": ("centralized_logging",),
        "edge-internal-centralized-logging": ("centralized_logging",),
    }


def test_federation_opens_the_outside_only() -> None:
    gated = {entry.id for entry in numbered("S43") if entry.features == ("federation", "public_im")}
    assert gated == {"edge-federation", "edge-federation-out"}
    assert {entry.id for entry in numbered("S43") if not entry.features} == {
        "edge-internal-sip",
        "edge-internal-sip-out",
    }


def test_every_feature_gates_a_row() -> None:
    assert {feature for entry in shipped().ports for feature in entry.features} == set(FEATURES)


def test_the_reverse_proxy_reaches_8080_with_http_publishing_only() -> None:
    for row_id in ("fe-web-external-http", "director-web-external-http"):
        assert [(peer.peer_class, peer.features) for peer in row(row_id).peers] == [
            ("reverse_proxy", ("http_publishing",))
        ]
        assert row(row_id).features == ()


def test_web_services() -> None:
    found = {entry.id: entry.web for entry in shipped().ports if entry.web}
    wanted = {
        "web-http": "internal",
        "web-https": "internal",
        "web-external-http": "external",
        "web-external-https": "external",
    }
    listeners = {f"{prefix}-{name}": side for prefix in ("fe", "director") for name, side in wanted.items()}
    assert found == listeners | {"rp-web-http-out": "external", "rp-web-https-out": "external"}


def test_outbound_rows_exist_only_where_the_tables_say_out() -> None:
    outbound = {entry.id for entry in shipped().ports if entry.direction is Direction.OUT and entry.enabled}
    assert outbound == {
        "fe-e911-gateway",
        "cms-master-push",
        "mediation-gateway-out-tcp",
        "mediation-gateway-out-tls",
        "branch-gateway-out-tcp",
        "branch-gateway-out-tls",
        "rp-web-http-out",
        "rp-web-https-out",
        "rp-office-web-apps-out",
        "rp-office-web-apps-http-out",
        "edge-av-tcp-out",
        "edge-federation-out",
        "edge-av-udp-out",
        "edge-relay-tcp-out",
        "edge-relay-udp-out",
        "edge-relay-udp-out-legacy",
        "edge-crl-out",
        "edge-dns-out",
        "edge-xmpp-out",
        "edge-internal-sip-out",
        "client-dhcp",
        "client-legacy-file-transfer-out",
        "client-audio-out",
        "client-video-out",
        "client-file-transfer-out",
        "client-application-sharing-out",
    }


def test_gateway_ports_are_defaults_of_the_gateway() -> None:
    specs = {entry.id: entry.port.gateway_sip.to_text() for entry in shipped().ports if entry.port.gateway_sip}
    ports = {"tcp": ("5081",), "tls": ("5082",)}
    assert specs == {f"{host}-gateway-out-{how}": ports[how] for host in ("mediation", "branch") for how in ports}


def test_what_gateways_reach_is_bound_to_the_address_that_faces_them() -> None:
    bound = {entry.id for entry in shipped().ports if entry.interface is Interface.PSTN}
    facing = {entry.id for entry in shipped().ports if "pstn_gateways" in peers(entry.id)}
    assert bound == {row_id for row_id in facing if not row_id.startswith("branch-")}
    assert {number for entry in shipped().ports if entry.id in bound for number in entry.rows} == {
        "S15",
        "S16",
        "S29",
        "S33",
        "S34",
    }
