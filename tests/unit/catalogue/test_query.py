# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions to the catalogue: JMESPath, and which ports let one class reach another."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.query import port_query, search

from .facts import shipped


def asked(source: str, destination: str, version: str | None = "2010") -> list[str]:
    """Return the answer as texts: "in tcp 443 STUN/TCP"; outbound rows with the port of the peer say so."""
    rows = port_query(shipped(), source, destination, version)
    side = {"local": "", "remote": "remote "}
    return [
        f"{row['direction']} {row['transport']} {side[str(row['port_side'])]}{row['port']} {row['application']}"
        for row in rows
    ]


def test_client_to_edge_internal() -> None:
    assert asked("client", "Edge internal") == [
        "in udp 3478 STUN/UDP",
        "in tcp 443 STUN/TCP",
        "out tcp, udp 1024-65535 SRTP audio",
        "out tcp, udp 1024-65535 SRTP video",
        "out tcp 1024-65535 File transfer",
        "out tcp 1024-65535 SRTP (RDP)",
    ]


def test_internet_to_edge_external() -> None:
    assert asked("Internet", "edge EXTERNAL") == [
        "in tcp 443 SIP/TLS",
        "in tcp 443 PSOM/TLS",
        "in tcp 443 STUN/TCP",
        "in tcp 5061 SIP/MTLS",
        "in udp 3478 STUN/UDP",
        "in tcp, udp 50000-59999 RTP/TCP, RTP/UDP",
    ]
    assert asked("Internet", "Edge access") == ["in tcp 443 SIP/TLS", "in tcp 5061 SIP/MTLS"]
    assert asked("Internet", "Edge internal") == []


def test_reverse_proxy_to_front_end() -> None:
    assert asked("reverse proxy", "Front End") == [
        "in tcp 8080 HTTP",
        "in tcp 4443 HTTPS",
        "out tcp remote 8080 HTTP",
        "out tcp remote 4443 HTTPS",
    ]


def test_edge_to_front_end_and_back() -> None:
    assert asked("Edge", "Front End Servers") == ["in tcp 5061 SIP/TLS, SIP/MTLS", "out tcp remote 5061 SIP/MTLS"]
    assert asked("Front End", "Edge internal", "2013") == [
        "in tcp 5061 SIP/MTLS",
        "in tcp 8057 PSOM/MTLS",
        "in tcp 5062 SIP/MTLS",
        "in udp 3478 STUN/UDP",
        "in tcp 443 STUN/TCP",
        "in tcp 4443 HTTPS",
        "in tcp 23456 XMPP/MTLS",
        "in tcp 50001-50003 MTLS",
    ]


def test_an_edge_as_a_peer_is_its_internal_side() -> None:
    assert asked("Edge access", "Front End") == []
    assert "in tcp 5061 SIP/TLS, SIP/MTLS" in asked("Edge internal", "Front End")


def test_gateways_phones_and_dhcp() -> None:
    assert asked("gateway", "Mediation Server") == [
        "in tcp 5067 SIP/TLS",
        "in tcp 5068 SIP/TCP",
        "in tcp 5067 SIP/TLS",
        "in tcp 5068 SIP/TCP",
        "in tcp, udp 49152-57500 SRTP audio",
    ]
    assert asked("Mediation", "PSTN", "2013")[-2:] == ["out tcp remote 5081 SIP/TCP", "out tcp remote 5082 SIP/TLS"]
    assert asked("phone", "Director") == ["in tcp 5061 SIP/TLS, SIP/MTLS", "in tcp 80 HTTP", "in tcp 443 HTTPS"]
    assert asked("client", "DHCP server") == ["out udp remote 67 DHCP", "in udp 67 DHCP"]
    assert asked("Front End", "SQL") == [
        "in tcp 1433 TDS",
        "in udp 1434 SQL Browser",
        "in tcp 80, 443 HTTP, HTTPS",
        "in tcp 135, 49152-65535 WMI/RPC",
    ]


def test_special_classes_stand_for_their_members() -> None:
    assert "in tcp 4443 HTTPS" in asked("cms_master", "Edge internal")
    assert "in tcp 445 SMB" in asked("Front End", "mediation")
    assert asked("media_networks", "Edge internal") == ["in udp 3478 STUN/UDP", "in tcp 443 STUN/TCP"]


def test_rows_that_are_switched_off_are_no_answer() -> None:
    assert asked("client", "internet", "2013") == ["out udp remote 67 DHCP"]


def test_versions_limit_the_answer() -> None:
    assert "in tcp 5269 XMPP" in asked("internet", "edge external", "2013")
    assert "in tcp 5269 XMPP" not in asked("internet", "edge external", "2019")
    assert "in tcp 5269 XMPP" in asked("internet", "edge external", None)


def test_an_answer_holds_what_the_row_says() -> None:
    (row,) = (
        row
        for row in port_query(read_document(default_path()), "internet", "edge access", "2013")
        if row["port"] == "5061"
    )
    assert row == {
        "id": "edge-federation",
        "rows": ["S43"],
        "direction": "in",
        "transport": "tcp",
        "port": "5061",
        "port_side": "local",
        "application": "SIP/MTLS",
        "service": "Access Edge",
        "interface": "access",
        "load_balancer": dict.fromkeys(["2010", "2013", "2015", "2019", "se"], "hlb"),
        "features": ["federation", "public_im"],
        "versions": ["2010", "2013", "2015", "2019", "se"],
    }


def test_words_that_are_not_known_are_told_together() -> None:
    with pytest.raises(InvalidInputError) as caught:
        port_query(shipped(), "clint", "Edge outside", "2011")
    lines = [str(problem) for problem in caught.value.problems]
    assert [line.split(";")[0] for line in lines] == [
        "destination: 'Edge outside' is not a role or class",
        "source: 'clint' is not a role or class",
        "version: '2011' is not a version",
    ]
    assert "edge internal" in lines[0]
    assert lines[1].endswith("fix: write clients")
    assert lines[2].endswith("allowed: 2010, 2013, 2015, 2019, se")


def test_search() -> None:
    document = read_document(default_path())
    assert search(document, "ports[?port==`8404`].id") == ["fe-response-group-wcf"]
    assert search(document, "length(ipsec)") == 15
    assert search(document, "classes.frontend") == ["frontend", "standard_edition"]


@pytest.mark.parametrize("expression", ["a b", "", "nothing(ports)", "length(`5`)", "contains('a', nothing)"])
def test_search_tells_what_it_cannot_use(expression: str) -> None:
    with pytest.raises(
        InvalidInputError,
        match=r"cannot be used as JMESPath: .*fix: texts stand in single quotes, numbers in backticks",
    ):
        search({"ports": []}, expression)
