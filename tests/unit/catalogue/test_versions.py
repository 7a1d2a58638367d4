# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The port tables of every version against the catalogue: nothing is missing, and nothing is in it without a reason.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import PortSet
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import (
    Direction,
    Interface,
    LoadBalancer,
    PortRow,
    Transport,
    Version,
)

from .facts import LATER, fixture, ports_of, shipped, versions_of

FACTS = fixture("versions")
APART = {"edge", "reverse_proxy", "clients", "dhcp_servers"}
# component, transport, port: one line of a table
Line = tuple[str, str, str]


def places(row: PortRow) -> list[str]:
    """Return the component of a row as the tables name it."""
    if row.component != "mediation":
        return [row.component]
    return [
        name
        for name, collocated in (("collocated", True), ("stand-alone", False))
        if row.collocated in (None, collocated)
    ]


def pieces(ports: PortSet) -> list[str]:
    """Return single ports one by one (a short range is several listeners), long ranges as a-b."""
    short = [str(port) for first, last in ports.pairs if last - first < 10 for port in range(first, last + 1)]
    return short + [f"{first}-{last}" for first, last in ports.pairs if last - first >= 10]


def lines(component: str, ports: str, transports: str) -> set[Line]:
    return {
        (component, transport, port)
        for transport in transports.split()
        for port in pieces(PortSet.parse(ports.split(",")))
    }


def lines_of(rows: Iterable[PortRow]) -> set[Line]:
    return {
        line
        for row in rows
        for place in places(row)
        for line in lines(place, ",".join(ports_of(row.port).to_text()), _transports(row))
    }


def _transports(row: PortRow) -> str:
    return " ".join(transport.value for transport in row.transports)


def inner(version: Version) -> list[PortRow]:
    """Return the rows of inner servers whose ports are numbers of the catalogue."""
    rows = (row for row in shipped().ports if row.component not in APART and version in row.versions)
    return [row for row in rows if not row.port.own_sip]


def values(version: Version) -> dict[Line, LoadBalancer]:
    """Return the load balancer value per line of the inbound rows of a version."""
    return {line: row.load_balancer[version] for row in inner(version) for line in lines_of([row])}


@pytest.mark.parametrize("version", Version)
def test_internal_servers_have_the_ports_of_the_tables_and_those_with_a_reason(version: Version) -> None:
    tabled = {line for fact in FACTS["internal"] if version in versions_of(fact[5]) for line in lines(*fact[:3])}
    beyond = {line for fact in FACTS["untabled"] if version in versions_of(fact[3]) for line in lines(*fact[:3])}
    assert lines_of(inner(version)) == tabled | beyond
    assert tabled & beyond == {("frontend", "tcp", "49152-65535")}  # application sharing and dynamic RPC


def test_check_sums_of_the_internal_table() -> None:
    assert len(FACTS["internal"]) == 57
    assert sum(Version.LYNC_2010 in versions_of(line[-1]) for line in FACTS["internal"]) == 37
    assert sum(Version.LYNC_2013 in versions_of(line[-1]) for line in FACTS["internal"]) == 53


@pytest.mark.parametrize("version", Version)
def test_load_balancer_values_are_those_of_the_tables(version: Version) -> None:
    found = values(version)
    for component, port, transports, lb10, lb, versions in FACTS["internal"]:
        word = lb10 if version is Version.LYNC_2010 else lb
        for line in lines(component, port, transports) if version in versions_of(versions) and word != "-" else ():
            assert found[line].value == word, line


@pytest.mark.parametrize("version", LATER)
@pytest.mark.parametrize(("table", "words"), [("only_hlb", {"always", "hlb"}), ("dns_load_balancing", {"always"})])
def test_hardware_load_balancer_tables(version: Version, table: str, words: set[str]) -> None:
    wanted = {(place, "tcp", str(port)) for place, ports in FACTS[table].items() for port in ports}
    assert len(wanted) == {"only_hlb": 22, "dns_load_balancing": 8}[table]
    assert {line for line, value in values(version).items() if value.value in words} == wanted


EdgeLine = tuple[str, str, str, str]


def edge_lines(version: Version, legacy: bool) -> set[EdgeLine]:
    rows = [row for row in shipped().ports if row.component == "edge" and version in row.versions]
    return {line for row in rows if (row.features == ("legacy_federation",)) is legacy for line in flows_of(row)}


def flows_of(row: PortRow) -> set[EdgeLine]:
    """Return interface, direction, transport and port of each of a row's flows."""
    sides = row.interface.value, row.direction.value
    return {(*sides, transport.value, port) for transport in row.transports for port in pieces(ports_of(row.port))}


@pytest.mark.parametrize("version", Version)
def test_edge_has_the_flows_of_its_tables(version: Version) -> None:
    always, with_ocs = set(), set()
    for interface, direction, ports, transports, versions, legacy_versions in FACTS["edge"]:
        found = {
            (interface, direction, transport, port) for _edge, transport, port in lines("edge", ports, transports)
        }
        always |= found if version in versions_of(versions) else set()
        with_ocs |= found if version in versions_of(legacy_versions) else set()
    assert edge_lines(version, legacy=False) == always
    assert edge_lines(version, legacy=True) == with_ocs


@pytest.mark.parametrize("version", Version)
def test_edge_flows_on_the_load_balancer(version: Version) -> None:
    rows = [row for row in shipped().ports if row.component == "edge" and version in row.versions]
    balanced = [row for row in rows if row.load_balancer[version] in (LoadBalancer.HLB, LoadBalancer.ALWAYS)]
    assert {row.direction for row in balanced} == {Direction.IN}
    found = {
        (interface, f"{port} {transport}")
        for row in balanced
        for interface, _direction, transport, port in flows_of(row)
    }
    wanted = {(interface, port) for interface, ports in FACTS["edge_vips"].items() for port in ports}
    assert found == wanted - (set() if version in (Version.LYNC_2013, Version.SFB_2015) else {("access", "5269 tcp")})


@pytest.mark.parametrize("version", Version)
def test_reverse_proxy_has_the_flows_of_its_tables(version: Version) -> None:
    rows = [row for row in shipped().ports if row.component == "reverse_proxy" and version in row.versions]
    found = {(row.interface.value, row.direction.value, *pieces(ports_of(row.port))) for row in rows}
    assert found == {tuple(line[:3]) for line in FACTS["reverse_proxy"] if version in versions_of(line[3])}
    assert {transport for row in rows for transport in row.transports} == {Transport.TCP}


@pytest.mark.parametrize("version", Version)
def test_clients_have_the_flows_of_their_table(version: Version) -> None:
    rows = [row for row in shipped().ports if row.component == "clients" and version in row.versions]
    found = {
        (row.direction.value, transport.value, *ports_of(row.port).to_text())
        for row in rows
        for transport in row.transports
    }
    facts = [fact for fact in FACTS["clients"] if version in versions_of(fact[3])]
    assert found == {
        (direction, transport, port)
        for direction, port, transports, _versions in facts
        for transport in transports.split()
    }


def test_only_the_flows_of_external_users_are_switched_off() -> None:
    off = {row.id for row in shipped().ports if not row.enabled}
    assert off == {row.id for row in shipped().ports if row.id.startswith("client-external-")}
    assert len(off) == 5


def test_what_ended_with_2019_is_not_in_2019_and_se() -> None:
    for version in (Version.SFB_2019, Version.SFB_SE):
        words = {row.service for row in shipped().ports if version in row.versions}
        assert not {
            word
            for word in words
            if "XMPP" in word or "Persistent Chat" in word or word in ("Monitoring", "Archiving", "QoE Monitoring")
        }


def test_2019_and_se_are_the_same() -> None:
    rows = (*shipped().ports, *shipped().ipsec)
    assert [row.id for row in rows if (Version.SFB_2019 in row.versions) is not (Version.SFB_SE in row.versions)] == []


def test_interfaces_belong_to_the_components_that_have_them() -> None:
    allowed = {
        "edge": {Interface.INTERNAL, Interface.ACCESS, Interface.WEB_CONFERENCING, Interface.AV},
        "reverse_proxy": {Interface.INTERNAL, Interface.EXTERNAL},
        "mediation": {Interface.PSTN, Interface.ANY},
    }
    for row in shipped().ports:
        assert row.interface in allowed.get(row.component, {Interface.ANY}), row.id
