# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The driver of NetScaler: what it says of a service, what it cannot say, and that both documents read back."""

from __future__ import annotations

import pathlib
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import MemberState, Service
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.driver import NetScaler
from hypothesis import given, settings
from hypothesis import strategies as st

from .samples import POOL, golden, service, services

DRIVER = NetScaler()
OPTIONS = st.fixed_dictionaries(
    {}, optional={"td": st.integers(1, 4094), "netprofile": st.sampled_from(["np", "np 2"])}
)
NAME = "lync_sip-5061"
GOLDEN_LINES = pathlib.Path(__file__).resolve().parents[2] / "golden" / "netscaler"


def rendered(wanted: Service) -> dict[str, list[dict[str, Any]]]:
    document = DRIVER.render([wanted]).document
    assert isinstance(document, dict)
    return document


@given(services(OPTIONS))
@settings(max_examples=150, deadline=None)
def test_both_documents_read_back_as_what_can_be_said(wanted: tuple[Service, ...]) -> None:
    rendered = DRIVER.render(wanted)
    expected = tuple(map(DRIVER.expressible, wanted))
    assert DRIVER.parse(rendered.document) == expected
    assert DRIVER.parse(rendered.text) == expected


def test_the_example_reads_back() -> None:
    rendered = DRIVER.render(golden())
    expected = tuple(map(DRIVER.expressible, golden()))
    assert DRIVER.parse(rendered.document) == DRIVER.parse(rendered.text) == expected


def test_what_is_said_is_what_is_not_among_not_rendered() -> None:
    """A field that reads back otherwise is named in not_rendered, and no other one is."""
    for wanted in golden():
        fields = {note.name.partition(".")[0] for note in DRIVER.render([wanted]).not_rendered}
        differing = {
            name for name in vars(wanted) if getattr(wanted, name) != getattr(DRIVER.expressible(wanted), name)
        }
        assert fields == differing, wanted.name


def test_persistence_is_in_minutes_and_idle_timeouts_in_seconds() -> None:
    document = rendered(service(persistence={"type": "source", "seconds": 1200}))
    (vserver,), (group,) = document["lbvserver"], document["servicegroup"]
    assert (vserver["persistencetype"], vserver["timeout"]) == ("SOURCEIP", 20)
    assert (vserver["clttimeout"], group["clttimeout"], group["svrtimeout"]) == (1800, 1800, 1800)


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 1), (60, 1), (61, 2), (1200, 20), (86400, 1440), (90000, 1440)])
def test_seconds_become_whole_minutes_and_the_difference_is_told(seconds: int, minutes: int) -> None:
    wanted = service(persistence={"type": "source", "seconds": seconds})
    assert rendered(wanted)["lbvserver"][0]["timeout"] == minutes
    assert [note.name for note in DRIVER.render([wanted]).not_rendered] == (
        ["persistence.seconds"] if seconds != minutes * 60 else []
    )


def test_affinity_across_ports_is_a_group() -> None:
    document = DRIVER.render([service("sip-5061"), service("focus-444", port=444)]).document
    assert isinstance(document, dict)
    (group,) = document["lbgroup"]
    assert (group["name"], group["persistencetype"], group["timeout"]) == (f"lync_{POOL}@10.1.0.100", "SOURCEIP", 20)
    assert [row["vservername"] for row in document["lbgroup_lbvserver_binding"]] == ["lync_focus-444", NAME]
    assert all(row["persistencetype"] == "NONE" for row in document["lbvserver"])


def test_members_see_the_client_without_source_nat() -> None:
    assert rendered(service(source_nat=False))["servicegroup"][0]["usip"] == "YES"
    assert rendered(service(source_nat=True))["servicegroup"][0]["usip"] == "NO"


def test_nagle_off_is_a_profile_on_both_sides() -> None:
    document = rendered(service(nagle=False))
    assert document["nstcpprofile"] == [{"name": "lync_no-nagle", "nagle": "DISABLED"}]
    assert (
        document["lbvserver"][0]["tcpprofilename"] == document["servicegroup"][0]["tcpprofilename"] == "lync_no-nagle"
    )


def test_what_cannot_be_said_is_told_with_the_reason() -> None:
    states = {
        "members": ["10.1.0.11"],
        "backup_members": ["10.1.0.12"],
        "draining_members": ["10.1.0.13"],
        "disabled_members": ["10.1.0.14"],
    }
    wanted = service(protocol="udp", nagle=False, persistence={"type": "cookie", "name": "MS-WSMAN"}, **states)
    rendered = DRIVER.render([wanted])
    assert [(note.name, note.why.split(":")[0]) for note in sorted(rendered.not_rendered)] == [
        ("members", "10.1.0.12"),
        ("members", "10.1.0.13"),
        ("nagle", "UDP has no Nagle"),
        (
            "persistence",
            "the cookie can only be set in decrypted traffic, and the address of the client stands in for it",
        ),
    ]
    assert DRIVER.parse(rendered.text)[0].persistence.seconds == 1200
    states_read = {member.address: member.state for member in DRIVER.parse(rendered.text)[0].members}
    off = MemberState.DISABLED
    assert states_read == {"10.1.0.11": MemberState.ACTIVE, "10.1.0.12": off, "10.1.0.13": off, "10.1.0.14": off}


REFUSED: list[tuple[Service, str]] = [
    (
        replace(service(), name="a/b"),
        "service a/b: 'lync_a/b' is no name of a NetScaler; allowed: up to 127 letters, digits and _ # . : @ = - and "
        "spaces",
    ),
    (service("x" * 123), "is no name of a NetScaler"),
    (
        service(monitor={"type": "tcp", "port": 1, "interval_seconds": 1, "failures": 2}),
        "leaves no time for an answer; allowed: 2 seconds and more",
    ),
]


@pytest.mark.parametrize(("wanted", "message"), REFUSED)
def test_what_no_netscaler_carries_is_refused(wanted: Service, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        DRIVER.render([wanted])
    assert message in str(caught.value)


def test_one_affinity_lasts_equally_long_everywhere() -> None:
    other = service(
        "focus-444", port=444, persistence={"type": "source", "seconds": 600, "group": f"{POOL}@10.1.0.100"}
    )
    with pytest.raises(InvalidInputError, match="lasts 1200 s here and 600 s elsewhere; fix: make them equal"):
        DRIVER.render([other, service()])


@pytest.mark.parametrize("document", [7, {"ltm": []}, ["add lb vserver"]])
def test_a_document_of_something_else_is_refused(document: object) -> None:
    with pytest.raises(InvalidInputError, match="neither lines of a configuration nor resources of NITRO"):
        DRIVER.parse(document)


# As appliances of users have it: abbreviations of nobody, capitals at will, quotes, options before and after, foreign
# objects.
CONFIGURATION = r"""
#NS13.1 Build 49.13
set ns config -IPAddress 10.1.0.5 -netmask 255.255.255.0
ADD SERVER lync_10.1.0.11 10.1.0.11 -Comment "msuc.lync"
add server "their server" 10.1.0.12
add serviceGroup lync_sip-5061 TCP -td 0 -maxClient 0 -cip DISABLED -usip YES -useproxyport NO -cltTimeout 1800 -svrTimeout 900 -appflowLog DISABLED
add lb vserver lync_sip-5061 tcp 10.1.0.100 5061 -persistenceType sourceip -cltTimeout 1800 -devno 33128448 -comment "msuc.lync pool01.contoso.com"
add lb vserver "their \"web\"" SSL 10.1.0.200 443 -cltTimeout 180
bind lb vserver lync_sip-5061 lync_sip-5061
bind lb vserver lync_sip-5061 -policyName p -priority 100
bind serviceGroup lync_sip-5061 lync_10.1.0.11 5061
bind serviceGroup lync_sip-5061 "their server" 5061 -CustomServerID "\"None\"" -state DISABLED
bind serviceGroup lync_sip-5061 -monitorName lync_m
add lb monitor lync_m TCP -LRTM DISABLED -destPort 5061
set lb vserver lync_sip-5061 -lbMethod roundrobin
disable server lync_10.1.0.11
"""


def test_a_configuration_of_an_appliance_is_read() -> None:
    (found,) = DRIVER.parse(CONFIGURATION)
    assert (found.name, found.pool, found.vip, found.port, found.protocol, found.node_port) == (
        "sip-5061",
        POOL,
        "10.1.0.100",
        5061,
        "tcp",
        5061,
    )
    # Two minutes, which the line leaves out; every 5 s and 3 times alike.
    assert (found.persistence.seconds, found.monitor.interval_seconds, found.monitor.failures, found.monitor.port) == (
        120,
        5,
        3,
        5061,
    )
    assert (found.algorithm, found.source_nat) == ("round-robin", False)
    # The odd one out of three timeouts is what somebody changed.
    assert found.idle_seconds == 900
    assert {member.address: member.state.value for member in found.members} == {
        "10.1.0.11": "disabled",
        "10.1.0.12": "disabled",
    }


def test_the_lines_of_an_edge_pool_are_the_golden_ones() -> None:
    """Read the difference when they change: it is what people would paste."""
    wanted = [found for found in golden() if found.pool == "edge01.contoso.com"]
    assert DRIVER.render(wanted).text == (GOLDEN_LINES / "edge01.contoso.com.txt").read_text(encoding="utf-8")
