# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first edition's 55 port rows and 15 IPsec rows: each is in the catalogue, with its ports, transports and load
balancer value.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import Direction, Version

from .facts import described, exempted, fixture, numbered, port_text, shipped

PORT_ROWS = fixture("first_edition")["ports"]
IPSEC_ROWS = fixture("first_edition")["ipsec"]
LOAD_BALANCER_WORDS = {"Yes": "hlb", "No": "no", "N/A": "n/a", "always": "always"}
# Rows that later tables call duplicates of another, and that share its row of the catalogue.
DUPLICATES = {"S35": "S32"}


def expected(fact: dict[str, Any]) -> set[str]:
    return set(fact["becomes"])


@pytest.mark.parametrize("fact", PORT_ROWS, ids=lambda fact: fact["row"])
def test_port_row_became_exactly_these_listeners_and_flows(fact: dict[str, Any]) -> None:
    assert {text for row in numbered(fact["row"]) for text in described(row)} == expected(fact)


@pytest.mark.parametrize("fact", PORT_ROWS, ids=lambda fact: fact["row"])
def test_load_balancer_value_of_2010_is_the_printed_one(fact: dict[str, Any]) -> None:
    rows = [
        row
        for row in numbered(fact["row"])
        if f" {port_text(row.port)}" in fact["becomes"][0] and Version.LYNC_2010 in row.versions
    ]
    inbound = [row for row in rows if row.direction is Direction.IN] or rows
    assert {row.load_balancer[Version.LYNC_2010].value for row in inbound} == {
        LOAD_BALANCER_WORDS[fact["load_balancer"]]
    }


def test_duplicates_share_the_row_of_their_original() -> None:
    for number, original in DUPLICATES.items():
        assert numbered(number) == numbered(original)


@pytest.mark.parametrize("fact", IPSEC_ROWS, ids=lambda fact: fact["row"])
def test_ipsec_row_became_this_exemption(fact: dict[str, Any]) -> None:
    (row,) = exempted(fact["row"])
    components = ", ".join(row.components[Version.LYNC_2010])
    interface = "" if row.interface.value == "any" else f" {row.interface.value}"
    transports = " ".join(transport.value for transport in row.transports)
    ports = f" {port_text(row.local_port)}" if row.local_port else ""
    assert f"{components}{interface} {row.direction.value} {transports}{ports}" == fact["becomes"]
    assert row.name == fact["name"]
    assert row.peer_class == "any"


def test_every_number_that_a_row_names_is_a_row_of_the_first_edition() -> None:
    known = {fact["row"] for fact in PORT_ROWS + IPSEC_ROWS}
    named = {number for row in (*shipped().ports, *shipped().ipsec) for number in row.rows}
    assert named == known


def counts(key: str) -> dict[str, int]:
    return dict(Counter(str(fact[key]) for fact in PORT_ROWS))


def test_counts_of_rows() -> None:
    assert [fact["row"] for fact in PORT_ROWS] == [f"S{number}" for number in range(1, 56)]
    assert [fact["row"] for fact in IPSEC_ROWS] == [f"I{number}" for number in range(1, 16)]


def test_counts_per_component() -> None:
    found = Counter("phones" if isinstance(fact["component"], list) else fact["component"] for fact in PORT_ROWS)
    assert found == {
        "Front End Servers": 24,
        "Edge Servers": 7,
        "Clients": 6,
        "Mediation Servers": 4,
        "Reverse proxy servers": 4,
        "Front End Servers that also run a Collocated Mediation Server": 3,
        "Directors": 2,
        "Front End Servers where the Central Management store resides": 1,
        "All internal servers": 1,
        "Monitoring Servers": 1,
        "Archiving Servers": 1,
        "phones": 1,
    }


def test_counts_of_load_balancer_values() -> None:
    assert counts("load_balancer") == {"Yes": 24, "N/A": 14, "No": 13, "always": 4}
    assert [fact["row"] for fact in PORT_ROWS if fact["load_balancer"] == "always"] == ["S4", "S9", "S10", "S11"]


def test_counts_of_protocols_and_ports() -> None:
    protocols = counts("protocol")
    assert len(protocols) == 12
    assert {name: count for name, count in protocols.items() if count > 1} == {
        "TCP": 35, "TCP (TLS)": 4, "TCP/UDP": 4, "HTTPS": 2, "TCP (MTLS)": 2, "DHCP": 2,
    }  # fmt: skip
    kinds = Counter(
        "a/b" if "/" in fact["port"] else "range" if "-" in fact["port"] else "single" for fact in PORT_ROWS
    )
    assert kinds == {"single": 44, "range": 9, "a/b": 2}


def test_counts_of_empty_services() -> None:
    empty = [fact["row"] for fact in PORT_ROWS if not fact["service"]]
    assert empty == ["S22", "S38", "S39", "S40", "S41", "S49", "S50", "S51", "S52", "S53", "S54", "S55"]


def printed_transports(fact: dict[str, Any]) -> tuple[str, ...]:
    if fact["protocol"] in ("TCP/UDP", "RTP/TCP, RTP/UDP"):
        return ("tcp", "udp")
    return ("udp",) if fact["protocol"] in ("UDP", "DHCP") else ("tcp",)


def test_counts_after_splitting_by_transport() -> None:
    split = [
        (str(fact["component"]), transport, fact["port"])
        for fact in PORT_ROWS
        for transport in printed_transports(fact)
    ]
    assert (len(split), len(set(split))) == (60, 55)
    assert sum(2 if "and" in fact["protocol"] or "&" in fact["protocol"] else 1 for fact in IPSEC_ROWS) == 27


def test_transports_are_the_printed_ones() -> None:
    for fact in PORT_ROWS:
        assert {transport.value for row in numbered(fact["row"]) for transport in row.transports} >= set(
            printed_transports(fact)
        ), fact["row"]
