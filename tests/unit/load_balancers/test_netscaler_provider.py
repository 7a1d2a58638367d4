# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated NetScaler brought to what is wanted over HTTPS: every trap of its users, orders, sessions, pairs,
refusals.

Numbers in names of tests are those of https://github.com/netscaler/ansible-collection-netscaleradc/issues.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError, InvalidInputError

from tests.simulators.https_server import ADDRESS, OTHER_ADDRESS
from tests.simulators.netscaler import NetScaler, Refused

from .netscaler_run import applied, reconcile
from .samples import POOL, golden_items, item

READ = "GET /nitro/v1/config/nsrunningconfig"
ADD, SET, REMOVE = (
    "POST /nitro/v1/config/macroapi",
    "PUT /nitro/v1/config/macroapi",
    "POST /nitro/v1/config/macroapi?action=remove",
)
SAVE = "POST /nitro/v1/config/nsconfig?action=save"
IS_SAVED, SAVED = "GET /nitro/v1/config/nsconfig", "GET /nitro/v1/config/nssavedconfig"
UNITS = "GET /nitro/v1/config/hanode"
SIP = "lync_sip-5061"
MEMBERS, SERVERS = "servicegroup_servicegroupmember_binding", "server"
ALONE: dict[str, Any] = {"persistence": {"type": "none"}}


@pytest.fixture
def adc() -> Iterator[NetScaler]:
    with NetScaler() as made:
        yield made


def members(adc: NetScaler, group: str = SIP) -> dict[str, str]:
    """Return the members of a group with their states: the independent look."""
    rows = [row for row in adc.config()[MEMBERS].values() if row["servicegroupname"] == group]
    return {f"{row['servername'].removeprefix('lync_')}:{row['port']}": row.get("state", "ENABLED") for row in rows}


def test_a_whole_deployment_is_made_in_three_requests_and_read_in_two(adc: NetScaler) -> None:
    wanted = golden_items()
    check = reconcile(adc, wanted, write=False)
    assert check["changed"]
    assert adc.asked() == [READ]
    assert not any(adc.config().values())
    result = reconcile(adc, wanted)
    assert adc.asked() == [READ, ADD, SAVE, READ, IS_SAVED]
    assert (result["commands"], result["lines"]) == (check["commands"], check["lines"])
    assert result["summary"]["added"] == len(wanted) == len(adc.config()["lbvserver"])
    assert not reconcile(adc, wanted)["changed"]
    assert adc.asked() == [READ, IS_SAVED], "one request more than reading, since no answer tells both"
    adc.restart()
    assert not reconcile(adc, wanted)["changed"], "the configuration was not saved"


def test_a_change_of_one_member_takes_four_requests_at_most_whatever_the_number_of_services(adc: NetScaler) -> None:
    def without(*states: str, **more: Any) -> list[dict[str, Any]]:
        services = [item(f"s-{port}", port=port) for port in range(5000, 5030)]
        return [
            {
                **each,
                "members": [member for member in ("10.1.0.11", "10.1.0.12", "10.1.0.13") if member not in states],
                **more,
            }
            for each in services
        ]

    reconcile(adc, without("10.1.0.13"))
    adc.asked()
    reconcile(adc, without())
    assert adc.asked() == [READ, ADD, SAVE, READ, IS_SAVED]
    result = reconcile(adc, without("10.1.0.12", draining_members=["10.1.0.12"]))
    assert adc.asked() == [READ, "POST /nitro/v1/config/servicegroup?action=disable", SAVE, READ, IS_SAVED]
    assert {change["impact"] for change in result["changes"]} == {"modifies members"}
    assert result["lines"][0] == "disable serviceGroup lync_s-5000 lync_10.1.0.12 5000 -graceful YES"
    reconcile(adc, without("10.1.0.12"))
    assert adc.asked() == [READ, REMOVE, SAVE, READ, IS_SAVED]


def test_nothing_is_saved_when_nothing_differs(adc: NetScaler) -> None:
    reconcile(adc, [item()])
    adc.asked()
    reconcile(adc, [item()])
    assert SAVE not in adc.asked()


@pytest.mark.parametrize("tells", [True, False])
def test_what_a_killed_run_did_not_save_differs_and_is_saved(adc: NetScaler, tells: bool) -> None:
    """Also where a firmware does not say whether its configuration is saved: then the saved one is read each time."""
    adc.tells_unsaved = tells
    reconcile(adc, [item()])
    adc.save = lambda: None  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match=r"it took the change, and differs from the plan all the same: .*not saved"):
        reconcile(adc, [item(), item("focus-444", port=444)])
    del adc.save  # type: ignore[method-assign]
    adc.asked()
    check = reconcile(adc, [item(), item("focus-444", port=444)], write=False)
    assert (check["changed"], check["lines"], adc.asked()) == (True, ["save ns config"], [READ, IS_SAVED, SAVED])
    assert [change["name"] for change in check["changes"]] == ["focus-444"]
    result = applied(adc, [item(), item("focus-444", port=444)])
    assert "lync_focus-444 is not saved: a restart would bring back what was there before" in result["differences"]
    adc.restart()
    assert set(adc.config()["lbvserver"]) == {SIP, "lync_focus-444"}


def test_what_somebody_else_did_not_save_is_theirs(adc: NetScaler) -> None:
    reconcile(adc, [item()])
    adc.appliance.add(SERVERS, {"name": "fe09", "ipaddress": "10.1.0.19"})
    adc.appliance.unsaved = True
    adc.asked()
    assert not reconcile(adc, [item()])["changed"]
    assert adc.asked() == [READ, IS_SAVED, SAVED]
    assert "fe09" not in adc.appliance.saved[SERVERS]


@pytest.mark.parametrize(
    ("kind", "key", "word", "value", "line"),
    [
        ("lbvserver", SIP, "m", "MAC", f"unset lb vserver {SIP} -m"),
        ("lbvserver", SIP, "sessionless", "ENABLED", f"unset lb vserver {SIP} -sessionless"),
        ("lbvserver", SIP, "downstateflush", "DISABLED", f"set lb vserver {SIP} -downStateFlush ENABLED"),
        ("servicegroup", SIP, "maxclient", "10", f"unset serviceGroup {SIP} -maxclient"),
        (
            MEMBERS,
            f"{SIP}|lync_10.1.0.11|5061",
            "weight",
            "7",
            f"unset serviceGroup {SIP} lync_10.1.0.11 5061 -weight",
        ),
    ],
)
def test_an_option_that_somebody_set_on_an_object_of_ours_is_set_right(
    adc: NetScaler, kind: str, key: str, word: str, value: str, line: str
) -> None:
    reconcile(adc, [item()])
    adc.appliance.running[kind][key][word] = value
    result = applied(adc, [item()])
    assert result["lines"] == [line]
    assert [change["name"] for change in result["changes"]] == ["sip-5061"]
    assert adc.config()[kind][key].get(word) in (None, "ENABLED")


def test_a_policy_that_somebody_bound_to_an_object_of_ours_is_told(adc: NetScaler) -> None:
    adc.appliance.others.append("bind lb vserver theirs -policyName p -priority 1")
    assert applied(adc, [item()])["warnings"] == []
    adc.appliance.others.append(f"bind lb vserver {SIP} -policyName hold -priority 100 -type REQUEST")
    (warning,) = reconcile(adc, [item()])["warnings"]
    assert f"'unbind lb vserver {SIP} -policyname hold -type REQUEST' ends it" in warning


def test_with_the_clients_address_goes_its_port(adc: NetScaler) -> None:
    """By default a NetScaler takes a port of its own with USIP, and an Edge Server tells clients the port it sees."""
    applied(adc, [item(source_nat=False)])
    group = adc.config()["servicegroup"][SIP]
    assert (group["usip"], group["useproxyport"]) == ("YES", "NO")
    applied(adc, [item()])
    assert adc.config()["servicegroup"][SIP]["usip"] == "NO"


def test_half_a_line_of_somebody_else_is_told_and_half_a_line_of_ours_is_refused(adc: NetScaler) -> None:
    adc.appliance.others.append('add lb vserver "theirs TCP')
    result = applied(adc, [item()])
    assert "half lines of somebody else are not read: 'lb vserver \"theirs'" in result["warnings"][0]
    adc.appliance.others.append('add serviceGroup "lync_sip')
    adc.asked()
    with pytest.raises(DeviceError, match="the configuration has half a line of ours: 'lync_sip'"):
        reconcile(adc, [item(idle_seconds=900)])
    assert adc.asked() == [READ]


@pytest.mark.parametrize(
    ("field", "value", "kind", "expected"),
    [
        ("algorithm", "round-robin", "lbvserver", {"lbmethod": "ROUNDROBIN"}),
        ("idle_seconds", 900, "lbvserver", {"clttimeout": "900"}),
        ("idle_seconds", 900, "servicegroup", {"clttimeout": "900", "svrtimeout": "900"}),
        ("source_nat", False, "servicegroup", {"usip": "YES"}),
        ("member_down", "keep", "servicegroup", {"downstateflush": "DISABLED"}),
        ("member_down", "keep", "lbvserver", {"downstateflush": "DISABLED"}),
        ("vip", "10.1.0.109", "lbvserver", {"ipv46": "10.1.0.109"}),
        (
            "persistence",
            {"type": "source", "seconds": 600},
            "lbvserver",
            {"persistencetype": "SOURCEIP", "timeout": "10"},
        ),
        ("nagle", False, "lbvserver", {"tcpprofilename": "lync_no-nagle"}),
    ],
)
def test_one_field_is_changed_in_place(
    adc: NetScaler, field: str, value: object, kind: str, expected: dict[str, str]
) -> None:
    reconcile(adc, [item(**ALONE)])
    result = applied(adc, [item(**{**ALONE, field: value})])
    (change,) = result["changes"]
    assert [part["property"] for part in change["properties"]] == [field]
    found = adc.config()[kind][SIP]
    assert {name: found[name] for name in expected} == expected


def test_what_is_no_longer_wanted_is_unset(adc: NetScaler) -> None:
    """idempotent=yes never unsets; a profile or a net profile of an earlier run would stay."""
    adc.appliance.others.append("add netProfile np")
    applied(adc, [item(nagle=False, options={"netprofile": "np"})])
    assert {"tcpprofilename", "netprofile"} <= adc.config()["lbvserver"][SIP].keys()
    result = applied(adc, [item()])
    assert f"unset lb vserver {SIP} -tcpProfileName -netProfile" in result["lines"]
    found = adc.config()
    assert not {"tcpprofilename", "netprofile"} & found["lbvserver"][SIP].keys()
    assert "tcpprofilename" not in found["servicegroup"][SIP]
    assert found["nstcpprofile"] == {}


def test_issue_622_the_same_server_with_two_ports_in_one_group(adc: NetScaler) -> None:
    reconcile(adc, [item()])
    # Somebody binds the same server a second time; the rival takes both for one and removes either.
    adc.appliance.add(MEMBERS, {"servicegroupname": SIP, "servername": "lync_10.1.0.11", "port": 5062})
    result = applied(adc, [item()])
    assert result["lines"] == [f"unbind serviceGroup {SIP} lync_10.1.0.11 5062"]
    assert members(adc) == {"10.1.0.11:5061": "ENABLED", "10.1.0.12:5061": "ENABLED"}


def test_issue_379_a_group_that_is_bound_to_its_server_is_not_bound_again(adc: NetScaler) -> None:
    def binds() -> bool:
        return any(
            "lbvserver_servicegroup_binding" in (request.document() or {})
            for request in adc.server.requests
            if request.method == "POST"
        )

    more = item(members=["10.1.0.11", "10.1.0.12", "10.1.0.13"])
    reconcile(adc, [item()])
    assert binds()
    adc.asked()
    applied(adc, [more])
    assert not binds() and not reconcile(adc, [more])["changed"]


def test_issue_392_an_attribute_that_is_missing_from_the_answer_is_at_its_default(adc: NetScaler) -> None:
    wanted = [
        item(
            persistence={"type": "source", "seconds": 120},
            monitor={"type": "tcp", "port": 5061, "interval_seconds": 5, "failures": 3},
        )
    ]
    reconcile(adc, wanted)
    del adc.appliance.running["lbvserver"][SIP]["timeout"]
    adc.appliance.running["lbvserver"][SIP].pop("lbmethod")
    assert not reconcile(adc, wanted)["changed"]


def test_issues_287_and_288_a_binding_that_is_there_is_not_bound_again(adc: NetScaler) -> None:
    reconcile(adc, [item()])
    adc.asked()
    reconcile(adc, [item(), item("focus-444", port=444)])
    bound = adc.server.requests[1].document()["servicegroup_lbmonitor_binding"]
    assert [row["servicegroupname"] for row in bound] == ["lync_focus-444"]


def test_issue_270_a_member_is_bound_by_its_server_alone(adc: NetScaler) -> None:
    reconcile(adc, [item()])
    assert all("ip" not in row for row in adc.server.requests[1].document()[MEMBERS])


def test_issue_376_members_are_added_to_a_group_that_has_some(adc: NetScaler) -> None:
    reconcile(adc, [item()])
    applied(adc, [item(members=["10.1.0.11", "10.1.0.12", "10.1.0.13"])])
    assert set(members(adc)) == {"10.1.0.11:5061", "10.1.0.12:5061", "10.1.0.13:5061"}


def test_issue_484_a_server_that_is_there_is_no_change(adc: NetScaler) -> None:
    """An address has one server object; the one of somebody else is used, and neither written nor removed."""
    adc.appliance.add(SERVERS, {"name": "fe01", "ipaddress": "10.1.0.11"})
    applied(adc, [item()])
    assert set(members(adc)) == {"fe01:5061", "10.1.0.12:5061"}
    applied(adc, [])
    assert adc.config()[SERVERS] == {"fe01": {"name": "fe01", "ipaddress": "10.1.0.11"}}


def test_a_port_is_immutable_so_the_old_server_serves_until_the_new_one_is_there(adc: NetScaler) -> None:
    reconcile(adc, [item(**ALONE)])
    adc.asked()
    result = applied(adc, [item(**ALONE, port=5068)])
    assert result["changes"][0]["impact"].startswith(
        "recreates the virtual: the old one serves until the new one is there"
    )
    assert adc.asked()[:5] == [READ, "POST /nitro/v1/config/lbvserver?action=rename", ADD, REMOVE, SAVE]
    assert (result["lines"][0], result["lines"][-1]) == (
        f"rename lb vserver {SIP} {SIP}-old",
        f"rm lb vserver {SIP}-old",
    )
    assert {key: row["port"] for key, row in adc.config()["lbvserver"].items()} == {SIP: "5068"}


def test_two_services_that_change_their_ports_with_each_other(adc: NetScaler) -> None:
    reconcile(adc, [item("a", **ALONE, port=5061), item("b", **ALONE, port=5062)])
    result = applied(adc, [item("a", **ALONE, port=5062), item("b", **ALONE, port=5061)])
    assert {change["impact"].split(",")[0] for change in result["changes"]} == {
        "recreates the virtual: nothing listens for a moment"
    }
    assert {key: row["port"] for key, row in adc.config()["lbvserver"].items()} == {"lync_a": "5062", "lync_b": "5061"}


def test_two_services_that_change_their_addresses_with_each_other(adc: NetScaler) -> None:
    reconcile(adc, [item("a", **ALONE), item("b", **ALONE, vip="10.1.0.101")])
    applied(adc, [item("a", **ALONE, vip="10.1.0.101"), item("b", **ALONE)])
    assert {key: row["ipv46"] for key, row in adc.config()["lbvserver"].items()} == {
        "lync_a": "10.1.0.101",
        "lync_b": "10.1.0.100",
    }


def test_a_service_of_another_name_takes_over_an_address_and_port(adc: NetScaler) -> None:
    reconcile(adc, [item("old")])
    applied(adc, [item("new")])
    assert set(adc.config()["lbvserver"]) == set(adc.config()["servicegroup"]) == {"lync_new"}


def test_protocol_and_traffic_domain_are_immutable_too(adc: NetScaler) -> None:
    reconcile(adc, [item(port=3478, options={"td": 5})])
    applied(adc, [item(port=3478, protocol="udp", options={"td": 7})])
    found = adc.config()
    assert {
        (row["servicetype"], row["td"]) for kind in ("lbvserver", "servicegroup") for row in found[kind].values()
    } == {("UDP", "7")}
    assert {row["td"] for row in found[SERVERS].values()} == {"7"}


def test_a_service_moves_to_another_affinity(adc: NetScaler) -> None:
    """A virtual server is of one group at a time, so it leaves before it joins."""
    reconcile(adc, [item(), item("focus-444", port=444)])
    other = {"type": "source", "seconds": 600, "group": "other"}
    applied(adc, [item(persistence=other), item("focus-444", port=444)])
    assert {row["vservername"]: row["name"] for row in adc.config()["lbgroup_lbvserver_binding"].values()} == {
        SIP: "lync_other",
        "lync_focus-444": f"lync_{POOL}@10.1.0.100",
    }


TAMPERED: list[tuple[str, str, dict[str, Any], str]] = [
    ("update", "servicegroup", {"servicegroupname": SIP, "svrtimeout": 9000}, "idle_seconds"),
    ("update", "servicegroup", {"servicegroupname": SIP, "clttimeout": 9000, "svrtimeout": 9000}, "idle_seconds"),
    ("update", "lbvserver", {"name": SIP, "clttimeout": 9000}, "idle_seconds"),
    ("update", "lbvserver", {"name": SIP, "lbmethod": "SOURCEIPHASH"}, "algorithm"),
    ("update", "lbgroup", {"name": f"lync_{POOL}@10.1.0.100", "timeout": 2}, "persistence"),
    ("update", "lbgroup", {"name": f"lync_{POOL}@10.1.0.100", "persistencetype": "NONE"}, "persistence"),
    ("update", "lbmonitor", {"monitorname": "lync_tcp-5061-10s-2", "type": "TCP", "retries": 9}, "monitor"),
    ("remove", MEMBERS, {"servicegroupname": SIP, "servername": "lync_10.1.0.11", "port": 5061}, "members"),
    ("disable", "servicegroup", {"servicegroupname": SIP, "servername": "lync_10.1.0.11", "port": 5061}, "members"),
    ("disable", "server", {"name": "lync_10.1.0.11"}, "members"),
    ("disable", "lbvserver", {"name": SIP}, ""),
    ("update", "lbmonitor", {"monitorname": "lync_tcp-5061-10s-2", "type": "TCP", "resptimeout": 1}, ""),
    ("remove", "lbvserver", {"name": SIP}, ""),
]


@pytest.mark.parametrize(("action", "kind", "values", "field"), TAMPERED)
def test_what_somebody_changed_by_hand_is_named_and_set_right(
    adc: NetScaler, action: str, kind: str, values: dict[str, Any], field: str
) -> None:
    reconcile(adc, [item()])
    before = adc.config()
    if action == "disable":
        adc.appliance.switch(kind, values, "DISABLED")
    else:
        getattr(adc.appliance, action)(kind, values)
    result = applied(adc, [item()])
    (change,) = result["changes"]
    assert change["name"] == "sip-5061"
    assert [part["property"] for part in change["properties"]] == ([field] if field else [])
    after = adc.config()
    assert [row.get("state", "ENABLED") for row in after["lbvserver"].values()] == ["ENABLED"]
    assert {name: set(rows) for name, rows in after.items()} == {name: set(rows) for name, rows in before.items()}


def foreign(adc: NetScaler) -> None:
    """Give the appliance objects of somebody else, some of which use ours."""
    adc.appliance.add("lbvserver", {"name": "web", "servicetype": "HTTP", "ipv46": "10.9.0.1", "port": 80})
    adc.appliance.add("servicegroup", {"servicegroupname": "web", "servicetype": "HTTP"})
    adc.appliance.add("lbvserver_servicegroup_binding", {"name": "web", "servicegroupname": "web"})
    adc.appliance.add(MEMBERS, {"servicegroupname": "web", "servername": "lync_10.1.0.11", "port": 80})
    adc.appliance.add(
        "servicegroup_lbmonitor_binding", {"servicegroupname": "web", "monitor_name": "lync_tcp-5061-10s-2"}
    )


def test_objects_of_others_stay_and_ours_that_they_use_stay_with_them(adc: NetScaler) -> None:
    reconcile(adc, [item()])
    foreign(adc)
    applied(adc, [])
    found = adc.config()
    assert set(found["lbvserver"]) == set(found["servicegroup"]) == {"web"}
    assert set(found[SERVERS]) == {"lync_10.1.0.11"}
    assert set(found["lbmonitor"]) == {"lync_tcp-5061-10s-2"}
    assert members(adc, "web") == {"10.1.0.11:80": "ENABLED"}


def test_states_merged_replaced_and_deleted(adc: NetScaler) -> None:
    first, second, third = item("a", port=1001), item("b", port=1002), item("c", port=1003)
    reconcile(adc, [first, second])
    applied(adc, [third], state="merged")
    assert set(adc.config()["lbvserver"]) == {"lync_a", "lync_b", "lync_c"}
    applied(adc, [second, third], state="replaced")
    assert set(adc.config()["lbvserver"]) == {"lync_b", "lync_c"}
    applied(adc, [second], state="deleted")
    assert set(adc.config()["lbvserver"]) == {"lync_c"}
    gathered = reconcile(adc, [], state="gathered")["gathered"]
    assert [found["name"] for found in gathered] == ["c"]
    applied(adc, [], state="deleted")
    assert not any(adc.config().values())


OWNERS: list[tuple[str, str]] = [
    ("add cs vserver portal SSL 10.1.0.100 5061 -cltTimeout 180", "cs vserver portal"),
    ("add vpn vserver gw SSL 10.1.0.100 5061", "vpn vserver gw"),
    ("add lb vserver all ANY * *", "lb vserver all"),
    ("add lb vserver sip TCP 10.1.0.100 5061 -td 9", "lb vserver sip in td 9"),
]


@pytest.mark.parametrize(("line", "owner"), OWNERS)
def test_an_address_and_port_of_somebody_else_stops_the_pool_and_no_other(
    adc: NetScaler, line: str, owner: str
) -> None:
    other = item("other-443", pool="pool02.contoso.com", vip="10.2.0.100", port=443, **ALONE)
    if line.endswith("* *"):
        other["protocol"] = "udp"
        line = line.replace("ANY", "TCP")
    adc.appliance.others.append(line)
    result = reconcile(adc, [item(), item("focus-444", port=444), other])
    assert result["failed"]
    assert f"pool {POOL}: tcp 10.1.0.100 port 5061 belongs to {owner}" in [
        conflict["message"] for conflict in result["conflicts"]
    ]
    assert set(adc.config()["lbvserver"]) == {"lync_other-443"}
    assert [found["name"] for found in result["changes"]] == ["other-443"]


def test_the_adoption_report_compares_what_is_there_field_by_field(adc: NetScaler) -> None:
    adc.appliance.add(
        "lbvserver", {"name": "sip", "servicetype": "TCP", "ipv46": "10.1.0.100", "port": 5061, "clttimeout": 1800}
    )
    adc.appliance.add(
        "servicegroup", {"servicegroupname": "sg", "servicetype": "TCP", "clttimeout": 1800, "svrtimeout": 1800}
    )
    adc.appliance.add("lbvserver_servicegroup_binding", {"name": "sip", "servicegroupname": "sg"})
    adc.appliance.add(SERVERS, {"name": "fe01", "ipaddress": "10.1.0.11"})
    adc.appliance.add(MEMBERS, {"servicegroupname": "sg", "servername": "fe01", "port": 5061})
    before = adc.config()
    (report,) = reconcile(adc, [item()])["adoption"]
    assert {part["property"] for part in report["differences"]} == {"members", "persistence", "monitor"}
    assert {"idle_seconds", "source_nat", "algorithm", "node_port"} <= set(report["same"])
    assert report["removal"] == ["rm lb vserver sip", "rm serviceGroup sg"]
    assert adc.config() == before


CLASSIC = """add server fe01 10.1.0.11
add service svc1 fe01 TCP 8080 -gslb NONE -maxClient 0 -cip DISABLED -usip YES -cltTimeout 1800 -svrTimeout 1800 -CKA NO
add service "svc 2" 10.1.0.12 TCP 8080 -usip YES -cltTimeout 1800 -svrTimeout 1800
add lb vserver old TCP 10.1.0.100 5061 -persistenceType SSLSESSION -timeout 30 -cltTimeout 1800
bind lb vserver old svc1
bind lb vserver old "svc 2"
add lb monitor web HTTP -respCode 200 -httpRequest "GET /"
bind service svc1 -monitorName web
bind service "svc 2" -monitorName web
disable service "svc 2"
"""


def test_classic_services_and_other_persistence_are_read_as_they_are(adc: NetScaler) -> None:
    adc.appliance.others += CLASSIC.splitlines()
    (report,) = reconcile(adc, [item()])["adoption"]
    theirs = {part["property"]: part["theirs"] for part in report["differences"]}
    assert theirs["members"] == [
        {"address": "10.1.0.11", "state": "active"},
        {"address": "10.1.0.12", "state": "disabled"},
    ]
    assert (theirs["node_port"], theirs["source_nat"], theirs["monitor"]["kind"]) == (8080, False, "http")
    assert theirs["options"] == {"persistencetype": "SSLSESSION"} and theirs["persistence"]["kind"] == "none"
    assert set(report["same"]) == {"idle_seconds", "nagle", "algorithm", "member_down"}
    assert report["removal"] == ["rm lb vserver old", 'rm service "svc 2"', "rm service svc1"]


@pytest.mark.parametrize("kind", ["DESTIP", "RULE", "SSLSESSION", "CUSTOMSERVERID", "URLPASSIVE"])
def test_no_other_persistence_is_taken_for_that_by_source(adc: NetScaler, kind: str) -> None:
    adc.appliance.others.append(f"add lb vserver old TCP 10.1.0.100 5061 -persistenceType {kind} -timeout 20")
    (report,) = reconcile(adc, [item(persistence={"type": "source", "seconds": 1200})])["adoption"]
    assert "persistence" not in report["same"]


def test_members_that_differ_in_what_they_see_are_not_compared(adc: NetScaler) -> None:
    adc.appliance.others += [line.replace("fe01 TCP 8080 -gslb NONE", "fe01 TCP 8080") for line in CLASSIC.splitlines()]
    adc.appliance.others = [
        line.replace("-usip YES", "-usip NO") if "svc 2" in line else line for line in adc.appliance.others
    ]
    (report,) = reconcile(adc, [item()])["adoption"]
    assert not report["comparable"]


def test_our_own_services_of_a_stopped_pool_stay_as_they_are(adc: NetScaler) -> None:
    reconcile(adc, [item(**ALONE)])
    adc.appliance.others.append("add cs vserver portal SSL 10.1.0.100 444")
    reconcile(adc, [item("focus-444", port=444, **ALONE)])
    assert set(adc.config()["lbvserver"]) == {SIP}


def test_a_traffic_domain_that_is_asked_for_has_its_own_addresses(adc: NetScaler) -> None:
    adc.appliance.others.append("add lb vserver sip TCP 10.1.0.100 5061")
    applied(adc, [item(options={"td": 5})])
    assert set(adc.config()["lbvserver"]) == {SIP}


def test_a_session_is_logged_out_also_after_a_failure(adc: NetScaler) -> None:
    reconcile(adc, [item()], authentication="session")
    login, logout = "POST /nitro/v1/config/login", "POST /nitro/v1/config/logout"
    assert adc.asked() == [login, READ, ADD, SAVE, READ, IS_SAVED, logout]
    adc.fail_at = "update lbvserver"
    with pytest.raises(
        DeviceError,
        match=(
            "set 1 servicegroup, 1 lbvserver: a part failed, what came before it is done: 1 Simulated failure; nothing "
            "was saved; run again"
        ),
    ):
        reconcile(adc, [item(idle_seconds=900)], authentication="session")
    assert adc.asked() == [login, READ, SET, logout]
    assert adc.sessions == set()


def test_a_session_that_has_ended_is_opened_again_once(adc: NetScaler) -> None:
    original = adc._write

    def expire(*arguments: Any) -> Any:
        adc.sessions.clear()
        adc._write = original  # type: ignore[method-assign]
        adc._known(arguments[0])

    adc._write = expire  # type: ignore[method-assign]
    result = reconcile(adc, [item()], authentication="session")
    assert [line.rpartition("/")[2] for line in adc.asked()] == [
        *(
            "login",
            "nsrunningconfig",
            "macroapi",
            "login",
            "macroapi",
            "nsconfig?action=save",
            "nsrunningconfig",
            "nsconfig",
            "logout",
        )
    ]
    assert result["changed"]


def test_a_session_is_used_where_credentials_per_request_are_off(adc: NetScaler) -> None:
    adc.basic_authentication = False
    reconcile(adc, [item()])
    assert [line.rpartition("/")[2] for line in adc.asked()] == [
        *(
            "nsrunningconfig",
            "login",
            "nsrunningconfig",
            "macroapi",
            "nsconfig?action=save",
            "nsrunningconfig",
            "nsconfig",
            "logout",
        )
    ]


def test_a_failed_addition_is_rolled_back(adc: NetScaler) -> None:
    adc.fail_at = "add lbgroup_lbvserver_binding"
    with pytest.raises(DeviceError, match="1 Simulated failure; nothing was saved"):
        reconcile(adc, [item()])
    assert not any(adc.config().values())


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        (
            {"password": "wrong"},
            "reading the running configuration: user or password is refused: 354 Invalid username or password",
        ),
        (
            {"ca": None},
            "its certificate is not trusted: .*; fix: name the authority in ca, or set validate_certs to false",
        ),
        ({"ca": "/nowhere/ca.pem"}, "/nowhere/ca.pem.*; fix: correct ca"),
        ({"port": 1}, "127.0.0.1:1: cannot be reached: .*refused; fix: check host and port"),
        ({"host": "localhost"}, "its certificate is not trusted: .*localhost.*; fix"),
    ],
)
def test_what_cannot_be_reached_or_is_not_trusted_is_one_sentence(
    adc: NetScaler, provider: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeviceError, match=message) as caught:
        reconcile(adc, [item()], **provider)
    assert "not-a-secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (400, "the appliance does not understand the request"),
        (403, "the user may not do this"),
        (404, "an object is not there"),
        (409, "an object is there already, or in use"),
        (418, "HTTP 418"),
        (503, "the appliance is busy; try again"),
        (599, "the appliance refuses"),
    ],
)
def test_a_status_is_told_in_words(adc: NetScaler, status: int, meaning: str) -> None:
    def refuse(*_arguments: Any) -> Any:
        raise Refused(status, 7, "No")

    adc._write = refuse  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match=f": {meaning}: 7 No"):
        reconcile(adc, [item()])


def test_a_certificate_may_go_unchecked_when_the_user_says_so(adc: NetScaler) -> None:
    assert reconcile(adc, [item()], ca=None, validate_certs=False)["changed"]


def test_what_somebody_else_made_meanwhile_is_said(adc: NetScaler) -> None:
    original = adc._write

    def meanwhile(*arguments: Any) -> Any:
        adc.appliance.running["servicegroup"][SIP] = {"servicegroupname": SIP, "servicetype": "TCP"}
        return original(*arguments)

    adc._write = meanwhile  # type: ignore[method-assign]
    with pytest.raises(
        DeviceError, match="a part failed: 273 Resource already exists; nothing was saved; run again to go on"
    ):
        reconcile(adc, [item()])


def test_a_switch_that_is_refused_is_said(adc: NetScaler) -> None:
    """One object in a request of its own: the appliance answers by HTTP 599."""
    reconcile(adc, [item()])
    adc.fail_at = "disable servicegroup"
    with pytest.raises(DeviceError, match="disable 1 servicegroup: the appliance refuses: 1 Simulated failure"):
        reconcile(adc, [item(members=["10.1.0.11"], draining_members=["10.1.0.12"])])


def test_an_object_that_is_gone_meanwhile_is_said(adc: NetScaler) -> None:
    reconcile(adc, [item()])
    original = adc._write

    def meanwhile(*arguments: Any) -> Any:
        adc.appliance.running["servicegroup_servicegroupmember_binding"].clear()
        return original(*arguments)

    adc._write = meanwhile  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match="an object is not there: 258 No such resource"):
        reconcile(adc, [item(members=["10.1.0.11"], draining_members=["10.1.0.12"])])


def test_a_busy_appliance_is_said(adc: NetScaler) -> None:
    adc.busy = True
    with pytest.raises(DeviceError, match="the appliance is busy; try again: 1086 Service unavailable"):
        reconcile(adc, [item()])


def pair(own_state: str) -> list[dict[str, str]]:
    """Return how the unit at 127.0.0.1 describes a pair; the other unit is at 127.0.0.2."""
    other_state = "Secondary" if own_state == "Primary" else "Primary"
    return [
        {"id": "0", "ipaddress": ADDRESS, "state": own_state, "hasync": "ENABLED"},
        {
            "id": "1",
            "ipaddress": OTHER_ADDRESS,
            "state": other_state,
            "hasync": "FAILED",
            "hasyncfailurereason": "versions differ",
        },
    ]


def test_the_primary_of_a_pair_is_written_in_place(adc: NetScaler) -> None:
    adc.units = pair("Primary")
    result = reconcile(adc, [item()])
    assert adc.asked() == [READ, UNITS, ADD, SAVE, READ, UNITS, IS_SAVED]
    assert (result["unit"]["name"], result["pair"][1]["sync"], result["pair"][1]["sync_failure"]) == (
        ADDRESS,
        "FAILED",
        "versions differ",
    )
    assert not reconcile(adc, [item()])["changed"]
    assert adc.asked() == [READ, UNITS, IS_SAVED]


def test_a_secondary_tells_of_the_primary_and_is_not_written(adc: NetScaler) -> None:
    adc.units = pair("Secondary")
    with NetScaler(OTHER_ADDRESS, adc.port) as primary:
        result = reconcile(adc, [item()], authentication="session")
        assert (result["unit"]["name"], result["changed"]) == (OTHER_ADDRESS, True)
        assert [line.rpartition("/")[2] for line in adc.asked()] == ["login", "nsrunningconfig", "hanode", "logout"]
        assert [line.rpartition("/")[2] for line in primary.asked()] == [
            *("login", "nsrunningconfig", "macroapi", "nsconfig?action=save", "nsrunningconfig", "nsconfig", "logout")
        ]
        assert set(primary.config()["lbvserver"]) == {SIP}
    assert not any(adc.config().values())


def test_a_pair_without_a_primary_is_not_written(adc: NetScaler) -> None:
    adc.units = [{**unit, "state": "Secondary"} for unit in pair("Primary")]
    with pytest.raises(
        DeviceError, match=r"no unit of the pair is primary: 127\.0\.0\.1 is Secondary, 127\.0\.0\.2 is Secondary"
    ):
        reconcile(adc, [item()])
    assert not any(adc.config().values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"tdd": 5},
            r"service sip-5061, options.tdd: 'tdd' is not an option of netscaler; allowed: netprofile, td; fix: write "
            r"td",
        ),
        ({"td": 5000}, r"service sip-5061, options.td: 5000 cannot be used: 5000 is greater than the maximum of 4094"),
    ],
)
def test_vendor_options_are_a_closed_list(adc: NetScaler, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        reconcile(adc, [item(options=options)])
    assert adc.asked() == []
