# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated LoadMaster brought to what is wanted over HTTPS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError, InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile as _reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.driver import Kemp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.provider import KempProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.relied_on import CLOSES_OF_FAILED

from tests.simulators.kemp import PASSWORD, USER, LoadMaster

from .samples import POOL, golden_items, item, service

DRIVER = Kemp()
LOOK_AGAIN = "listvs"  # after a change: what a LoadMaster took is not yet what it has
SWITCH = "get"  # at the end of a run: whether the whole LoadMaster drops connections of a member that is down
ALONE: dict[str, Any] = {"persistence": {"type": "none"}}


@pytest.fixture
def lm() -> Iterator[LoadMaster]:
    with LoadMaster() as made:
        yield made


def reconcile(
    lm: LoadMaster, items: list[dict[str, Any]], state: str = "replaced", write: bool = True, **connection: Any
) -> dict[str, Any]:
    task = Task.from_options({"services": items, "state": state, "provider": lm.provider(**connection)}, DRIVER)
    provider = KempProvider(task, DRIVER)
    _reconcile(provider, check_mode=not write)
    return provider.result()


def applied(lm: LoadMaster, items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Apply, and prove that a second run finds nothing to do."""
    result = reconcile(lm, items, **more)
    again = reconcile(lm, items, **more)
    assert (again["changed"], again["lines"], again["commands"], again["changes"]) == (False, [], [], []), again[
        "lines"
    ]
    return result


@pytest.mark.parametrize(("value", "standing"), [("yes", "confirmed"), ("no", "contradicted")])
def test_the_switch_of_the_whole_loadmaster_is_asked_for_alone(lm: LoadMaster, value: str, standing: str) -> None:
    lm.switches["droponfail"] = value
    lm.asked()
    task = Task.from_options({"services": golden_items(), "state": "gathered", "provider": lm.provider()}, DRIVER)
    provider = KempProvider(task, DRIVER, [CLOSES_OF_FAILED])
    _reconcile(provider, check_mode=False)
    (found,) = provider.result()["assumptions"]
    assert (found["text"], found["standing"]) == (CLOSES_OF_FAILED, standing)
    assert lm.asked() == ["get"] and provider.result()["gathered"] is None


def test_a_whole_deployment_is_read_in_one_request(lm: LoadMaster) -> None:
    wanted = golden_items()
    check = reconcile(lm, wanted, write=False)
    assert (check["changed"], lm.asked(), lm.services()) == (True, ["listvs"], [])
    result = applied(lm, wanted)
    assert (result["commands"], result["lines"]) == (check["commands"], check["lines"])
    assert result["summary"]["added"] == len(wanted)
    lm.asked()
    again = reconcile(lm, wanted)
    assert (again["changed"], again["stats"]) == (False, {"requests": 1, "verify_requests": 1})
    assert lm.asked() == ["listvs", SWITCH]
    assert len(lm.services()) < len(wanted)


def test_a_change_of_one_member_takes_four_requests_at_most_whatever_the_number_of_services(lm: LoadMaster) -> None:
    def pool(*addresses: str, **more: Any) -> list[dict[str, Any]]:
        return [item(f"s-{port}", port=port, members=list(addresses), **more) for port in range(5000, 5030)]

    reconcile(lm, pool("10.1.0.11", "10.1.0.12"))
    lm.asked()
    reconcile(lm, pool("10.1.0.11", "10.1.0.12", "10.1.0.13"))
    assert lm.asked() == ["listvs", "addrs", LOOK_AGAIN, SWITCH]
    result = reconcile(lm, pool("10.1.0.11", "10.1.0.13", draining_members=["10.1.0.12"]))
    assert lm.asked() == ["listvs", "disablers", LOOK_AGAIN, SWITCH]
    assert result["stats"] == {"requests": 2, "verify_requests": 2}
    assert {change["impact"] for change in result["changes"]} == {"modifies members"}
    reconcile(lm, pool("10.1.0.11", "10.1.0.13"))
    assert lm.asked() == ["listvs", "delrs", LOOK_AGAIN, SWITCH]
    # Of services that stand alone, a member is switched as fast, and added to one by one.
    alone = {"persistence": {"type": "source", "seconds": 1200}}
    applied(lm, pool("10.1.0.11", "10.1.0.13", **alone))
    lm.asked()
    applied(lm, pool("10.1.0.11", disabled_members=["10.1.0.13"], **alone))
    assert lm.asked() == ["listvs", "disablers", LOOK_AGAIN, SWITCH, "listvs", SWITCH]


def test_a_member_that_somebody_else_has_too_is_switched_where_it_is_ours_alone(lm: LoadMaster) -> None:
    lm.do("addvs", vs="10.9.0.1", port="80", prot="tcp", NickName="web")
    lm.do("addrs", vs="10.9.0.1", port="80", prot="tcp", rs="10.1.0.12", rsport="80")
    reconcile(lm, [item()])
    lm.asked()
    applied(lm, [item(members=["10.1.0.11"], disabled_members=["10.1.0.12"])])
    assert lm.asked() == ["listvs", "modrs", LOOK_AGAIN, SWITCH, "listvs", SWITCH]
    (theirs,) = [found for found in lm.services() if found["NickName"] == "web"]
    assert theirs["Rs"][0]["Enable"] is True


CHANGES: list[tuple[str, object, dict[str, object]]] = [
    ("algorithm", "round-robin", {"Schedule": "rr"}),
    ("idle_seconds", 900, {"Idletime": "900"}),
    ("source_nat", False, {"Transparent": True, "SubnetOriginating": False}),
    ("persistence", {"type": "source", "seconds": 600}, {"NickName": None, "Persist": "src", "PersistTimeout": "600"}),
    ("monitor", {"type": "tcp", "port": 5061, "interval_seconds": 20, "failures": 2}, {"ChkInterval": "20"}),
    ("options", {"default_gateway": "10.1.0.1"}, {"DefaultGW": "10.1.0.1"}),
]


@pytest.mark.parametrize(("field", "value", "sent"), CHANGES)
def test_only_what_differs_is_modified(lm: LoadMaster, field: str, value: object, sent: dict[str, object]) -> None:
    reconcile(lm, [item(**ALONE)])
    lm.asked()
    result = reconcile(lm, [item(**{**ALONE, field: value})])
    (change,) = result["changes"]
    assert [part["property"] for part in change["properties"]] == [field]
    request = lm.server.requests[1].document()
    assert request["cmd"] == "modvs"
    found = {name: content for name, content in request.items() if name not in ("cmd", "apikey", "vs", "port", "prot")}
    assert found == {name: content for name, content in sent.items() if content is not None}
    assert not reconcile(lm, [item(**{**ALONE, field: value})])["changed"]


def test_what_somebody_put_into_a_virtual_service_of_ours_is_told(lm: LoadMaster) -> None:
    applied(lm, [item()])
    lm.do("addvs", vs="10.9.0.1", port="80", prot="tcp", NickName="web")
    for found in lm.items:
        found |= {"RequestRules": ["block"], "SubVS": [{"VSIndex": 7}], "ResponseRules": []}
    (warning,) = reconcile(lm, [item()])["warnings"]
    assert warning.startswith("tcp 10.1.0.100 port 5061 has RequestRules, SubVS, which are not of the plan; fix: ")


def test_members_see_an_address_of_the_loadmaster_which_their_firewall_admits(lm: LoadMaster) -> None:
    applied(lm, [item(), item("av-443", port=443, source_nat=False)])
    assert lm.seen_by_members("10.1.0.100", 5061) == "interface"
    assert lm.seen_by_members("10.1.0.100", 443) == "client"
    lm.do("modvs", vs="10.1.0.100", port="5061", prot="tcp", SubnetOriginating=False)
    assert lm.seen_by_members("10.1.0.100", 5061) == "virtual address"
    result = applied(lm, [item(), item("av-443", port=443, source_nat=False)])
    assert result["changes"][0]["impact"] == "sets right what the fields of a service do not show"
    assert lm.seen_by_members("10.1.0.100", 5061) == "interface"


@pytest.mark.parametrize("reads_back", [True, False])
@pytest.mark.parametrize("asked", [True, False])
def test_layer_4_is_transparent_whatever_is_asked_and_read(lm: LoadMaster, reads_back: bool, asked: bool) -> None:
    lm.layer_4_is_transparent = reads_back
    result = applied(lm, [item(protocol="udp", port=3478, source_nat=asked)])
    told = [note for note in result["not_rendered"] if note["name"] == "source_nat"]
    assert bool(told) == asked and all("members see the client's address" in note["why"] for note in told)
    assert lm.seen_by_members("10.1.0.100", 3478) == "client"


def test_members_outside_the_networks_of_the_loadmaster_are_said_to_be(lm: LoadMaster) -> None:
    lm.networks = ("10.9.0.0/24",)
    with pytest.raises(DeviceError, match="Rs is not on a local network"):
        reconcile(lm, [item()])
    applied(lm, [item(options={"remote_members": True})])
    assert len(lm.services()[0]["Rs"]) == 2
    rendered = DRIVER.render([service(options={"remote_members": True})]).text
    assert "addrs vs=10.1.0.100 port=5061 prot=tcp rs=10.1.0.11 rsport=5061 non_local=1" in rendered
    for more in ({"source_nat": False}, {"protocol": "udp"}):
        with pytest.raises(InvalidInputError, match="take source NAT, and UDP has none"):
            reconcile(lm, [item(options={"remote_members": True}, **more)])


@pytest.mark.parametrize("raises", [True, False])
def test_a_check_is_not_shorter_than_its_tries(lm: LoadMaster, raises: bool) -> None:
    """Ten seconds are too short for three tries of four seconds."""
    lm.raises_interval = raises
    monitor = {"type": "tcp", "port": 5061, "interval_seconds": 10, "failures": 3}
    result = applied(lm, [item(monitor=monitor)])
    (found,) = lm.services()
    assert (found["ChkInterval"], found["ChkTimeout"], found["ChkRetryCount"]) == (13, 4, 3)
    assert "10 is not within 13 (failures x 4 + 1) to 120: it is 13" in [note["why"] for note in result["not_rendered"]]


@pytest.mark.parametrize(
    ("switches", "text"),
    [
        ({"droponfail": "yes"}, ""),
        ({"droponfail": "no"}, "keeps connections of a member that is down, since droponfail is off; fix: switch on"),
        ({"droponfail": "?"}, "whether droponfail is on is not known: '?' is neither on nor off"),
        ({}, "whether droponfail is on is not known: "),
    ],
)
def test_the_switch_that_closes_connections_is_read_back(
    lm: LoadMaster, switches: dict[str, object], text: str
) -> None:
    lm.switches = switches
    warnings = reconcile(lm, [item()])["warnings"]
    assert bool(warnings) == bool(text) and text in " ".join(warnings)
    lm.asked()
    assert reconcile(lm, [item(member_down="keep")])["warnings"] == []
    assert lm.asked() == ["listvs"]


def test_persistence_is_turned_off_without_a_duration_which_would_turn_it_on(lm: LoadMaster) -> None:
    reconcile(lm, [item(persistence={"type": "source", "seconds": 600})])
    lm.asked()
    applied(lm, [item(**ALONE)])
    assert "PersistTimeout" not in lm.server.requests[1].document()
    assert lm.services()[0]["Persist"] == "none"


def test_ports_move_between_virtual_services(lm: LoadMaster) -> None:
    applied(lm, [item("a", port=444), item("b", port=5061), item("c", port=5062)])
    other = {"type": "tcp", "port": 443, "interval_seconds": 10, "failures": 2}
    result = applied(lm, [item("a", port=444), item("b", port=5061, monitor=other), item("c", port=5062)])
    assert [line.split()[0] for line in result["lines"]] == ["modvs", "addvs", "addrs", "addrs"]
    applied(lm, [item("a", port=444), item("b", port=5061), item("c", port=5062)])
    applied(lm, [item("b", port=5061), item("c", port=5062)])
    assert [(found["VSPort"], found["ExtraPorts"]) for found in lm.services()] == [(5061, "5062")]


def test_states_merged_replaced_and_deleted(lm: LoadMaster) -> None:
    first, second, third = item("a", port=1001), item("b", port=1002), item("c", port=1003)
    reconcile(lm, [first, second])
    applied(lm, [third], state="merged")
    applied(lm, [second, third], state="replaced")
    assert [found["name"] for found in reconcile(lm, [], state="gathered")["gathered"]] == [
        "tcp 10.1.0.100 port 1002",
        "tcp 10.1.0.100 port 1003",
    ]
    applied(lm, [second], state="deleted")
    assert [(found["VSPort"], found["ExtraPorts"]) for found in lm.services()] == [(1003, "")]
    applied(lm, [], state="deleted")
    assert lm.services() == []


TAMPERED: list[tuple[str, dict[str, Any], str]] = [
    ("modvs", {"Idletime": "660"}, "idle_seconds"),
    ("modvs", {"Schedule": "wlc"}, "algorithm"),
    ("modvs", {"Persist": "none"}, "persistence"),
    ("modvs", {"CheckPort": "0"}, ""),
    ("modvs", {"Enable": False}, ""),
    ("modvs", {"SSLAcceleration": True}, ""),
    ("modvs", {"CheckType": "icmp"}, "monitor"),
    ("delrs", {"rs": "10.1.0.11", "rsport": "5061"}, "members"),
    ("disablers", {"rs": "10.1.0.11"}, "members"),
]


@pytest.mark.parametrize(("command", "parameters", "field"), TAMPERED)
def test_what_somebody_changed_by_hand_is_named_and_set_right(
    lm: LoadMaster, command: str, parameters: dict[str, Any], field: str
) -> None:
    reconcile(lm, [item()])
    before = lm.services()
    place = {} if command == "disablers" else {"vs": "10.1.0.100", "port": "5061", "prot": "tcp"}
    lm.do(command, **place, **parameters)
    result = applied(lm, [item()])
    (change,) = result["changes"]
    assert change["name"] == "sip-5061"
    assert [part["property"] for part in change["properties"]] == ([field] if field else [])
    after = lm.services()
    for found in (*before, *after):
        found["Rs"] = sorted((member["Addr"], member["Enable"]) for member in found["Rs"])
    assert after == before


def test_an_index_is_no_identity(lm: LoadMaster) -> None:
    reconcile(lm, [item()])
    lm.items[0]["Index"] = 77
    assert not reconcile(lm, [item()])["changed"]


def test_somebody_elses_port_stops_the_pool_with_a_report_and_stays(lm: LoadMaster) -> None:
    lm.do(
        "addvs",
        vs="10.1.0.100",
        port="443",
        prot="tcp",
        ExtraPorts="5061",
        NickName="Old SIP",
        Idletime="1800",
        Schedule="lc",
    )
    before = lm.services()
    other = item("other", pool="pool02.contoso.com", vip="10.2.0.100", port=443, **ALONE)
    result = reconcile(lm, [item(), other])
    assert result["msg"].startswith(
        f"pool {POOL}: tcp 10.1.0.100 port 5061 belongs to Virtual Service Old SIP; nothing of these pools was "
        "written; fix: "
    )
    (report,) = result["adoption"]
    assert {"idle_seconds", "algorithm", "source_nat"} <= set(report["same"])
    assert {part["property"] for part in report["differences"]} >= {"members", "persistence"}
    assert report["removal"] == ["delvs vs=10.1.0.100 port=443 prot=tcp"]
    assert [found for found in lm.services() if found["NickName"] == "Old SIP"] == before
    assert len(lm.services()) == 2


@pytest.mark.parametrize("allowed", [True, False])
def test_udp_that_is_checked_by_tcp_is_taken_or_refused_clearly(lm: LoadMaster, allowed: bool) -> None:
    """Whether a LoadMaster takes a TCP check for a UDP service is not known."""
    lm.tcp_checks_udp = allowed
    if allowed:
        applied(lm, [item(protocol="udp", port=3478)])
        return
    with pytest.raises(
        DeviceError,
        match=(
            r"addvs vs=10.1.0.100 port=3478 prot=udp: the LoadMaster refuses: Invalid value for CheckType; 0 of 3 "
            r"commands"
        ),
    ):
        reconcile(lm, [item(protocol="udp", port=3478)])


def test_a_failure_half_way_is_said_and_the_next_run_goes_on(lm: LoadMaster) -> None:
    lm.fail_at = "addrs"
    with pytest.raises(
        DeviceError,
        match=r"addrs .*: the LoadMaster refuses: Simulated failure; "
        r"1 of 3 commands were done before and stay; run again",
    ):
        reconcile(lm, [item()])
    lm.fail_at = ""
    applied(lm, [item()])
    assert len(lm.services()[0]["Rs"]) == 2


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        ({"token": "wrong"}, "listvs: key, user or password is refused: Unauthorized"),
        ({"token": None, "user": USER, "password": "wrong"}, "key, user or password is refused"),
        ({"ca": None}, "its certificate is not trusted"),
    ],
)
def test_who_is_not_known_or_trusted_is_said(lm: LoadMaster, provider: dict[str, Any], message: str) -> None:
    with pytest.raises(DeviceError, match=message) as caught:
        reconcile(lm, [item()], **provider)
    assert "wrong" not in str(caught.value)


def test_user_and_password_will_do(lm: LoadMaster) -> None:
    assert reconcile(lm, [item()], token=None, user=USER, password=PASSWORD)["changed"]
