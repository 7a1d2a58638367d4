# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""f5_as3 against a simulated BIG-IP: how many requests, what counts as success, whose objects are left alone.

Traps that bit others are named after their issue: bigip is F5Networks/terraform-provider-bigip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError, InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.client import Waits
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.provider import F5Options, F5Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.https import Connection
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import (
    Member,
    MemberDown,
    MemberState,
    Monitor,
    Persistence,
    PersistenceKind,
    Service,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task
from hypothesis import given, settings

from tests.simulators.f5_objects import item
from tests.simulators.f5_simulator import BigIpSimulator
from tests.simulators.https_server import OTHER_ADDRESS, Request
from tests.unit.load_balancers.f5_services import any_services

POOL = "pool01.contoso.com"
# Asks often; the limit is for a machine that is busy with other things.
QUICK = Waits(limit_seconds=60, poll_seconds=0.02)
CONVERGE = ["GET /mgmt/tm/cm/device", "POST /mgmt/shared/appsvcs/declare"]
MEMBER = [*CONVERGE, "GET /mgmt/shared/appsvcs/declare", "POST /mgmt/shared/appsvcs/declare"]
LOOK_AGAIN = "POST /mgmt/shared/appsvcs/declare"


@pytest.fixture
def bigip() -> Iterator[BigIpSimulator]:
    made = BigIpSimulator()
    yield made
    made.stop()
    assert made.contract.faults == []


@pytest.fixture
def start(bigip: BigIpSimulator) -> Callable[..., F5Provider]:
    """Return what runs f5_as3 against the simulator and returns the run."""

    def run(
        services: tuple[Service, ...], state: State = State.REPLACED, *, check_mode: bool = False, **changed: Any
    ) -> F5Provider:
        connection = replace(
            Connection(bigip.address, bigip.port, bigip.user, bigip.password, ca=bigip.ca),
            **changed.pop("provider", {}),
        )
        made = F5Provider(Task(state, services, connection), F5Options(waits=changed.pop("waits", QUICK), **changed))
        reconcile(made, check_mode=check_mode)
        return made

    return run


def service(number: int = 1, **values: Any) -> Service:
    made = Service(
        name=f"{POOL}-fe-{5060 + number}",
        pool=POOL,
        vip="10.1.0.100",
        port=5060 + number,
        protocol="tcp",
        node_port=5060 + number,
        members=(Member("10.1.0.11"), Member("10.1.0.12")),
        monitor=Monitor(5061),
        persistence=Persistence(PersistenceKind.SOURCE, 1200, group=f"{POOL}@10.1.0.100"),
    )
    return replace(made, **values)


ONE, TWO = (service(1), service(2))
PATH = f"/Lync/app-{POOL}"
VIRTUAL, POOL_OF = f"{PATH}/vs-{ONE.name}", f"{PATH}/pool-{ONE.name}"
Run = Callable[..., F5Provider]


def kinds(run: F5Provider) -> list[str]:
    changes: Any = run.result()["changes"]
    return [f"{change['kind']} {change['name']} {change['impact']}" for change in changes]


def virtuals(bigip: BigIpSimulator) -> list[str]:
    return sorted(path for path, made in bigip.objects.items() if made["command"] == "ltm virtual")


def refused(run: Run, *services: Service, **changed: Any) -> str:
    with pytest.raises(DeviceError) as raised:
        run(services, **changed)
    return str(raised.value)


def foreign_virtual(path: str, destination: str, **properties: Any) -> dict[str, Any]:
    partition = path.split("/")[1]
    return item(
        "ltm virtual",
        destination=f"/{partition}/{destination}",
        ip_protocol="tcp",
        pool=f"/{partition}/old_pool",
        persist={"/Common/source_addr": {}},
        profiles={"/Common/old_tcp": {}},
        source_address_translation={"type": "automap"},
        **properties,
    )


# The rhythm, and the requests


def test_the_rhythm_and_what_each_step_costs(bigip: BigIpSimulator, start: Run) -> None:
    wanted = (ONE, TWO)
    checked = start(wanted, check_mode=True)
    assert checked.result()["changed"]
    assert (bigip.objects, bigip.stored, bigip.saves) == ({}, {}, 0)
    bigip.taken()
    assert kinds(start(wanted)) == [f"add {each.name} adds a virtual; nothing else is touched" for each in wanted]
    assert virtuals(bigip) == [f"{PATH}/vs-{each.name}" for each in wanted]
    assert (bigip.saves, bigip.taken()[2:-2]) == (
        1,
        [
            "GET /mgmt/shared/appsvcs/declare",
            *(f"GET /mgmt/tm/ltm/{kind}" for kind in ("virtual", "virtual-address", "node")),
        ],
    )
    again = start(wanted)
    assert (again.result()["changed"], bigip.taken(), bigip.saves) == (False, CONVERGE, 1)
    bigip.objects[POOL_OF]["properties"]["members"]["/Lync/10.1.0.12:5061"].update(
        session="user-disabled", state="user-down"
    )
    drifted = start(wanted, check_mode=True)
    assert kinds(drifted) == [f"change {ONE.name} modifies members"]
    assert "10.1.0.12" in str(drifted.diffs())
    bigip.taken()
    assert start(wanted).result()["changed"]
    assert bigip.taken() == [*MEMBER, LOOK_AGAIN]
    assert not start(wanted).result()["changed"]


@pytest.mark.parametrize("count", [1, 40])
def test_requests_do_not_grow_with_services(bigip: BigIpSimulator, start: Run, count: int) -> None:
    wanted = tuple(service(number) for number in range(1, count + 1))
    start(wanted)
    bigip.taken()
    start(wanted)
    assert len(bigip.taken()) <= 2
    left = tuple(
        replace(each, members=(Member("10.1.0.11"), Member("10.1.0.12", MemberState.DRAINING))) for each in wanted
    )
    assert kinds(start(left)) == [
        f"change {each.name} modifies members" for each in sorted(wanted, key=lambda each: each.name)
    ]
    assert len(bigip.taken()) <= 4 + len([LOOK_AGAIN])


def test_a_drift_that_is_no_field_of_a_service_is_named_and_repaired(bigip: BigIpSimulator, start: Run) -> None:
    start((ONE,))
    bigip.objects[VIRTUAL]["properties"]["rules"]["/Common/redirect"] = {}
    found = start((ONE,), check_mode=True).result()
    assert (found["changed"], found["changes"], found["differences"]) == (
        True,
        [],
        [f"{VIRTUAL} rules /Common/redirect is there and should not be"],
    )
    start((ONE,))
    assert bigip.objects[VIRTUAL]["properties"]["rules"] == {}
    assert not start((ONE,)).result()["changed"]


def test_states(bigip: BigIpSimulator, start: Run) -> None:
    start((ONE, TWO))
    assert kinds(start((replace(ONE, idle_seconds=60),), State.MERGED)) == [f"change {ONE.name} recreates the virtual"]
    assert len(virtuals(bigip)) == 2
    gathered: Any = start((), State.GATHERED).result()["gathered"]
    assert [(each["name"], each["idle_seconds"]) for each in gathered] == [(ONE.name, 60), (TWO.name, 1800)]
    assert kinds(start((TWO,))) == [f"remove {ONE.name} removes the virtual: its connections end"]
    assert kinds(start((TWO,), State.DELETED)) == [f"remove {TWO.name} removes the virtual: its connections end"]
    assert (bigip.objects, bigip.stored) == ({}, {})
    assert not start((), State.DELETED).result()["changed"]


def test_options_and_every_member_state_settle(bigip: BigIpSimulator, start: Run) -> None:
    members = tuple(Member(f"10.1.0.{number}", state) for number, state in enumerate(MemberState, 1))
    options = {
        "allow_vlans": ["/Common/b", "/Common/a"],
        "route_domain": 5,
        "snat_pool": "/Common/s",
        "traffic_group": "/Common/traffic-group-2",
    }
    options |= {"tcp_profile": "/Common/mine"}
    wanted = (
        service(1, members=members, options=options),
        service(
            2,
            pool="p2",
            vip="2001:db8::5",
            members=(Member("2001:db8::6"),),
            options={"fast_l4": True},
            persistence=Persistence(),
        ),
        service(
            3,
            pool="p2",
            vip="2001:db8::5",
            protocol="udp",
            members=(),
            node_port=3478,
            source_nat=False,
            algorithm="round-robin",
        ),
        service(
            4,
            pool="p2",
            vip="2001:db8::5",
            persistence=Persistence(PersistenceKind.COOKIE, cookie="MS-WSMAN"),
            nagle=False,
        ),
    )
    start(wanted)
    found = start(wanted)
    assert (found.result()["changes"], found.result()["differences"]) == ([], [])
    moved = start(
        (replace(wanted[0], options={**options, "allow_vlans": ["/Common/a"]}), *wanted[1:]), check_mode=True
    )
    assert kinds(moved) == [f"change {ONE.name} recreates the virtual"]
    left_out: Any = found.result()["not_rendered"]
    assert [each["name"] for each in left_out] == ["nagle", "persistence"]


@given(any_services(), any_services())
@settings(max_examples=15)
def test_from_any_services_to_any_others_in_one_run(first: list[Service], second: list[Service]) -> None:
    device = BigIpSimulator()
    connection = Connection(device.address, device.port, device.user, device.password, ca=device.ca)
    try:
        for wanted in (first, second):
            for settled in (False, True):
                run = F5Provider(Task(State.REPLACED, tuple(wanted), connection), F5Options(waits=QUICK))
                reconcile(run, check_mode=False)
                assert not (settled and run.result()["changed"]), run.result()["commands"]
    finally:
        device.stop()
    assert device.contract.faults == []


def test_one_pass_beside_one_call_per_object(
    bigip: BigIpSimulator, start: Run, record_property: Callable[[str, object], None]
) -> None:
    wanted = tuple(service(number) for number in range(1, 16))
    start(wanted)
    bigip.taken()
    start(wanted)
    ours = len(bigip.taken())
    theirs = one_call_per_object(bigip)
    record_property("requests", {"ours": ours, "one call per object": theirs})
    assert ours == 2
    assert theirs > 15 * ours


def one_call_per_object(bigip: BigIpSimulator) -> int:
    """Return the requests of modules that manage one object each: whether each one is there, and what it says."""
    kinds_of = {"ltm virtual", "ltm pool", "ltm monitor tcp", "ltm persistence source-addr", "ltm profile tcp"}
    for path, made in list(bigip.objects.items()):
        if made["command"] in kinds_of:
            for _question in ("is it there", "what does it say"):
                headers = {"authorization": "Basic YW5zaWJsZTpjb3JyZWN0IGhvcnNl"}
                target = f"/mgmt/tm/{made['command'].replace(' ', '/')}/{path.replace('/', '~')}"
                assert bigip.answer(Request("GET", target, headers, b"")).status == 200
    return len(bigip.taken())


# What counts as success


def test_bigip_1000_ok_around_a_failed_tenant_is_a_failure(bigip: BigIpSimulator, start: Run) -> None:
    bigip.quirks.failing_tenant = {
        "code": 422,
        "message": "declaration failed",
        "response": "01070734:3: Configuration error",
    }
    bigip.quirks.status_of_failure = 200
    assert "tenant Lync: 422 declaration failed, 01070734:3: Configuration error" in refused(start, ONE)


@pytest.mark.parametrize("issue", ["bigip 810: errors are not caught", "tf-bigip-version0.12 48: 207 with Common"])
def test_207_is_a_failure_when_any_tenant_failed(bigip: BigIpSimulator, start: Run, issue: str) -> None:
    bigip.quirks.extra_results = [
        {"code": 422, "message": "declaration failed", "tenant": "Common", "response": "address in use"}
    ]
    assert "tenant Common: 422 declaration failed, address in use" in refused(start, ONE)


def test_bigip_758_what_the_device_lacks_is_its_own_words(bigip: BigIpSimulator, start: Run) -> None:
    bigip.quirks.failing_tenant = {
        "code": 422,
        "message": "declaration failed",
        "response": "01020036:3: The requested VLAN (/Common/trans) was not found.",
    }
    assert "The requested VLAN (/Common/trans) was not found" in refused(start, ONE)


def test_bigip_162_a_call_that_becomes_a_task_is_waited_for(bigip: BigIpSimulator, start: Run) -> None:
    bigip.quirks.async_after, bigip.quirks.deploy_seconds = 0.05, 0.3
    start((ONE,))
    assert virtuals(bigip) == [VIRTUAL]
    assert any(request.startswith("GET /mgmt/shared/appsvcs/task/") for request in bigip.taken())


def test_a_task_without_end_is_left_with_its_name(bigip: BigIpSimulator, start: Run) -> None:
    bigip.quirks.async_after, bigip.quirks.deploy_seconds = 0.01, 30
    message = refused(start, ONE, waits=Waits(0.2, 0.05))
    assert "is not done after 0.2 s" in message
    assert next(iter(bigip.tasks)) in message


def test_bigip_as3_deploy_one_finished_tenant_does_not_end_the_wait(bigip: BigIpSimulator, start: Run) -> None:
    bigip.quirks.async_after, bigip.quirks.deploy_seconds = 0.05, 0.1
    start((ONE,))
    bigip.quirks.extra_results = [{"code": 0, "message": "in progress", "tenant": "Other"}]
    assert "is not done" in refused(start, replace(ONE, members=()), waits=Waits(0.5, 0.02))
    bigip.quirks.extra_results = [{"code": 0, "message": "task cancelled", "tenant": "Other"}]
    assert "tenant Other: 0 task cancelled" in refused(start, replace(ONE, members=(Member("10.1.0.13"),)))


def test_busy_is_waited_for_and_said(bigip: BigIpSimulator, start: Run) -> None:
    bigip.quirks.busy_answers = 2
    start((ONE,))
    bigip.quirks.busy_answers = 1000
    assert "AS3 is busy with another declaration for more than 0.1 s" in refused(start, TWO, waits=Waits(0.1, 0.02))


def test_an_invalid_declaration_is_422_with_every_error(
    bigip: BigIpSimulator, start: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bigip.contract,
        "declaration_errors",
        lambda adc: ["/Lync/a: should be object", "/Lync/b: should have required property 'class'"],
    )
    assert (
        "declaration is invalid, /Lync/a: should be object, /Lync/b: should have required property 'class'"
        in refused(start, ONE)
    )
    with pytest.raises(InvalidInputError, match="'Common' cannot be one"):
        start((ONE,), tenant="Common")


def test_a_configuration_that_was_not_saved_is_said(bigip: BigIpSimulator, start: Run) -> None:
    bigip.quirks.save_fails = True
    assert "not saved; save it on the device" in refused(start, ONE)


def test_an_unchanged_configuration_is_never_saved(bigip: BigIpSimulator, start: Run) -> None:
    """AS3 saves after "no change" as well, so nothing may be sent that is not needed."""
    start((ONE,))
    for _again in range(3):
        start((ONE,))
    assert bigip.saves == 1


# Versions, credentials, certificates


def test_as3_that_is_not_there_is_said(bigip: BigIpSimulator, start: Run) -> None:
    bigip.quirks.installed = False
    assert "install AS3 3.30 or newer" in refused(start, ONE)


def test_as3_that_is_too_old_is_said_with_its_version(bigip: BigIpSimulator, start: Run) -> None:
    bigip.quirks.version = "3.20.0"
    assert "AS3 there is 3.20.0, install 3.30 or newer" in refused(start, ONE)


def test_a_dry_run_that_was_none_ends_the_run(bigip: BigIpSimulator, start: Run) -> None:
    bigip.quirks.ignores_dry_run = True
    assert "did not take the request for a dry run" in refused(start, ONE)


def test_a_token_is_used_until_it_expires(bigip: BigIpSimulator, start: Run) -> None:
    token = bigip.new_token()
    start((ONE,), provider={"token": token, "user": "", "password": ""})
    bigip.tokens[token] = 0.0
    message = refused(start, ONE, provider={"token": token, "user": "", "password": ""})
    assert "HTTP 401, the credentials are wrong or the token has expired" in message
    assert token not in message


def test_a_strange_certificate_is_refused_before_anything_is_sent(bigip: BigIpSimulator, start: Run) -> None:
    message = refused(start, ONE, provider={"ca": None})
    assert "its certificate is not trusted" in message
    assert bigip.password not in message
    assert bigip.log == []
    start((ONE,), provider={"ca": None, "validate_certs": False})
    assert virtuals(bigip) == [VIRTUAL]


# Somebody else


def test_a_change_by_somebody_else_in_between_is_not_overwritten(bigip: BigIpSimulator, start: Run) -> None:
    start((ONE,))

    def declare_something() -> None:
        bigip.stored["Lync"]["label"] = "msuc.lync"
        bigip.stored["Lync"][f"app-{POOL}"]["remark"] = "changed"

    bigip.quirks.before_deploy = declare_something
    assert "somebody changed the tenant since it was looked at" in refused(start, replace(ONE, members=()))
    assert len(bigip.objects[POOL_OF]["properties"]["members"]) == 2


def test_a_merge_into_a_tenant_that_moves_is_not_built_on_sand(bigip: BigIpSimulator, start: Run) -> None:
    start((ONE,))
    bigip.objects[POOL_OF]["properties"]["members"].popitem()
    found = start((replace(ONE, idle_seconds=60),), State.MERGED)
    assert found.result()["changed"]
    assert len(bigip.objects[POOL_OF]["properties"]["members"]) == 2


def test_a_merge_is_not_built_on_what_somebody_changed_meanwhile(bigip: BigIpSimulator, start: Run) -> None:
    start((ONE, TWO))

    def declare_less() -> None:
        del bigip.stored["Lync"][f"app-{POOL}"][f"vs-{TWO.name}"], bigip.objects[f"{PATH}/vs-{TWO.name}"]

    bigip.quirks.before_retrieve = declare_less
    assert "somebody changed tenant Lync while it was looked at" in refused(
        start, replace(ONE, idle_seconds=60), state=State.MERGED
    )
    assert virtuals(bigip) == [VIRTUAL]


OWNERS = [
    (
        "/Common/lync_5061",
        {},
        "virtual server /Common/lync_5061, made by hand",
        "delete ltm virtual /Common/lync_5061",
    ),
    (
        "/Common/lync.app/vs",
        {"appService": "/Common/lync.app/lync"},
        "iApp /Common/lync.app/lync",
        "delete sys application service /Common/lync.app/lync",
    ),
    ("/Other/app/vs", {}, "AS3 tenant Other (virtual server /Other/app/vs)", "delete ltm virtual /Other/app/vs"),
]


@pytest.mark.parametrize(("path", "properties", "owner", "line"), OWNERS)
def test_an_address_that_somebody_has_stops_its_pool_alone(
    bigip: BigIpSimulator, start: Run, path: str, properties: dict[str, Any], owner: str, line: str
) -> None:
    bigip.objects[path] = foreign_virtual(path, "10.1.0.100:5061", **properties)
    if "/Other/" in path:
        bigip.stored |= {"class": "ADC", "schemaVersion": "3.30.0", "Other": {"class": "Tenant"}}
    before = dict(bigip.objects)
    other = service(3, name="other-5063", pool="other", vip="10.1.0.200", persistence=Persistence())
    found = start((ONE, TWO, other)).result()
    assert found["failed"]
    assert f"pool {POOL} is stopped: 10.1.0.100 port 5061 (tcp) of {ONE.name} belongs to {owner}" in str(found["msg"])
    assert {tuple(each["removal"]) for each in found["adoption"]} == {(line,)}  # type: ignore[attr-defined]
    assert virtuals(bigip) == sorted([path, "/Lync/app-other/vs-other-5063"])
    assert {name: bigip.objects[name] for name in before} == before


def test_the_adoption_report_compares_field_by_field(bigip: BigIpSimulator, start: Run) -> None:
    bigip.objects["/Common/old"] = foreign_virtual("/Common/old", "10.1.0.100:5061")
    up = {"session": "user-enabled", "state": "user-up"}
    members = {
        "/Common/10.1.0.11:5061": {**up, "priority-group": 20},
        "/Common/10.1.0.12:5061": {**up, "priority-group": 1},
    }
    bigip.objects["/Common/old_pool"] = item(
        "ltm pool", members=members, monitor={"/Common/old_tcp_monitor": {}}, load_balancing_mode="round-robin"
    )
    bigip.objects["/Common/old_tcp_monitor"] = item("ltm monitor tcp", destination="*:5061", interval=10, timeout=31)
    bigip.objects["/Common/source_addr"] = item("ltm persistence source-addr", timeout="180")
    bigip.objects["/Common/old_tcp"] = item("ltm profile tcp", idle_timeout="300", nagle="disabled")
    (adoption,) = start((ONE,), check_mode=True).result()["adoption"]  # type: ignore[misc]
    compared = {each["property"]: (each["theirs"], each["ours"]) for each in adoption["differences"]}
    assert compared["algorithm"] == ("round-robin", "least-connections")
    assert compared["idle_seconds"] == (300, 1800)
    assert compared["nagle"] == (False, True)
    assert compared["monitor"][0] == {"port": 5061, "interval_seconds": 10, "failures": 3, "kind": "tcp"}
    assert compared["persistence"][0]["seconds"] == 180
    assert [each["state"] for each in compared["members"][0]] == ["active", "backup"]
    assert "vip" not in compared


def test_0107176c_an_address_in_another_partition_is_found_before_it_fails(bigip: BigIpSimulator, start: Run) -> None:
    bigip.objects["/Old/10.1.0.100"] = item("ltm virtual-address", address="10.1.0.100")
    found = start((ONE,)).result()
    assert f"address 10.1.0.100 of {ONE.name} belongs to virtual address /Old/10.1.0.100, made by hand" in str(
        found["msg"]
    )
    removals = [each["removal"] for each in found["adoption"]]  # type: ignore[attr-defined]
    assert removals == [["delete ltm virtual-address /Old/10.1.0.100"]]
    assert bigip.stored == {}


@pytest.mark.parametrize(("partition", "is_taken"), [("Old", True), ("Common", False)])
def test_01020066_a_member_that_is_a_node_of_another_partition_is_found_before_it_fails(
    bigip: BigIpSimulator, start: Run, partition: str, is_taken: bool
) -> None:
    path = f"/{partition}/fe02"
    bigip.objects[path] = item("ltm node", address="10.1.0.12")
    bigip.objects["/Old/named"] = item("ltm node", address="any6")
    bigip.objects["/Old/far"] = item("ltm node", address="10.1.0.11%7")
    found = start((ONE,)).result()
    assert bool(found.get("failed")) == is_taken
    if is_taken:
        assert f"the member 10.1.0.12 of {ONE.name} is node /Old/fe02" in str(found["msg"])
        assert [each["removal"] for each in found["adoption"]] == [["delete ltm node /Old/fe02"]]  # type: ignore[attr-defined]
        assert virtuals(bigip) == []


def test_01020066_of_a_member_that_comes_later_is_said_with_its_remedy(bigip: BigIpSimulator, start: Run) -> None:
    start((ONE,))
    bigip.objects["/Old/fe03"] = item("ltm node", address="10.1.0.13")
    message = refused(start, replace(ONE, members=(*ONE.members, Member("10.1.0.13"))))
    assert "01020066" in message and "an address of a member is a node of another partition" in message


def test_where_a_virtual_listens_was_changed_by_hand(bigip: BigIpSimulator, start: Run) -> None:
    start((ONE,))
    properties = bigip.objects[VIRTUAL]["properties"]
    properties["vlans"] = {"/Common/inside": {}}
    found = start((ONE,), check_mode=True).result()
    (change,) = found["changes"]  # type: ignore[misc]
    assert change["properties"] == [
        {"property": "options", "before": {"reject_vlans": ["/Common/inside"]}, "after": {}}
    ]
    del properties["vlans-disabled"]
    properties |= {"vlans": {}, "vlans-enabled": " "}  # it listens nowhere
    assert start((ONE,), check_mode=True).result()["changed"]
    start((replace(ONE, options={"reject_vlans": ["/Common/inside"]}),))
    assert bigip.objects[VIRTUAL]["properties"]["vlans"] == {"/Common/inside": {}}
    assert not start((replace(ONE, options={"reject_vlans": ["/Common/inside"]}),)).result()["changed"]
    with pytest.raises(InvalidInputError, match="exclude each other"):
        start((replace(ONE, options={"reject_vlans": ["/Common/a"], "allow_vlans": ["/Common/b"]}),))


def test_connections_of_a_member_that_is_down_are_closed(bigip: BigIpSimulator, start: Run) -> None:
    start((ONE,))
    assert bigip.objects[POOL_OF]["properties"]["service-down-action"] == "reset"
    bigip.objects[POOL_OF]["properties"]["service-down-action"] = "none"
    (change,) = start((ONE,)).result()["changes"]  # type: ignore[misc]
    assert change["properties"] == [{"property": "member_down", "before": "keep", "after": "close"}]
    assert bigip.objects[POOL_OF]["properties"]["service-down-action"] == "reset"
    start((replace(ONE, member_down=MemberDown.KEEP),))
    assert bigip.objects[POOL_OF]["properties"]["service-down-action"] == "none"


def test_an_address_of_common_is_shared_by_as3(bigip: BigIpSimulator, start: Run) -> None:
    bigip.objects["/Common/10.1.0.100"] = item("ltm virtual-address", address="10.1.0.100")
    bigip.objects["/Common/any"] = item("ltm virtual-address", address="any6")
    start((ONE,))
    assert virtuals(bigip) == [VIRTUAL]
    assert not start((ONE,)).result()["changed"]


def test_another_route_domain_or_protocol_is_another_address(bigip: BigIpSimulator, start: Run) -> None:
    bigip.objects["/Old/a"] = foreign_virtual("/Old/a", "10.1.0.100%7:5061")
    bigip.objects["/Common/b"] = {**foreign_virtual("/Common/b", "10.1.0.100:5061")}
    bigip.objects["/Common/b"]["properties"]["ip-protocol"] = "udp"
    start((ONE,))
    assert VIRTUAL in virtuals(bigip)


def test_a_partition_made_by_hand_is_not_taken_over(bigip: BigIpSimulator, start: Run) -> None:
    bigip.objects["/Lync/web"] = foreign_virtual("/Lync/web", "10.9.9.9:80")
    assert "partition Lync was made without AS3, which would remove what is in it" in refused(start, ONE)
    assert virtuals(bigip) == ["/Lync/web"]


def test_a_tenant_of_somebody_else_is_not_taken_over(bigip: BigIpSimulator, start: Run) -> None:
    start((ONE,))
    del bigip.stored["Lync"]["label"]
    assert "tenant Lync was declared by somebody else" in refused(start, TWO)
    assert virtuals(bigip) == [VIRTUAL]


# Pairs


@pytest.fixture
def pair(bigip: BigIpSimulator) -> Iterator[BigIpSimulator]:
    """Return the other unit of bigip, which becomes the standby unit of a pair."""
    other = BigIpSimulator(OTHER_ADDRESS, bigip.port)
    bigip.partner, other.partner = other, bigip
    names = ("lb01.contoso.com", "lb02.contoso.com")
    for unit, own in ((bigip, names[0]), (other, names[1])):
        unit.sync_state = "In Sync"
        unit.devices = [
            {"name": name, "hostname": name, "failoverState": state, "selfDevice": "true" if name == own else "false"}
            for name, state in zip(names, ("active", "standby"), strict=True)
        ]
    yield other
    other.stop()
    assert other.contract.faults == []


def fail_over(*units: BigIpSimulator) -> None:
    for unit in units:
        for device in unit.devices:
            device["failoverState"] = "standby" if device["failoverState"] == "active" else "active"


def test_the_active_unit_is_found_written_and_synchronised(
    bigip: BigIpSimulator, pair: BigIpSimulator, start: Run
) -> None:
    found = start((ONE,), peers=("127.0.0.2",), sync_group="/Common/pair").result()
    assert (found["sync"], found["warnings"], found["unit"]) == (
        "In Sync",
        [],
        {"name": "lb01.contoso.com", "active": True, "others": ["lb02.contoso.com"]},
    )
    assert pair.taken() == ["GET /mgmt/tm/cm/sync-status"]
    assert bigip.taken().count("GET /mgmt/tm/cm/sync-status") == 1
    bigip.sync_state = pair.sync_state = "In Sync"
    fail_over(bigip, pair)
    bigip.taken()
    changed = start(
        (replace(ONE, members=(Member("10.1.0.11"),)),), peers=("127.0.0.2",), sync_group="/Common/pair"
    ).result()
    assert changed["unit"]["name"] == "lb02.contoso.com"  # type: ignore[index]
    assert bigip.taken() == ["GET /mgmt/tm/cm/device", "GET /mgmt/tm/cm/sync-status"]
    asked_before = 1  # of a pair, since a dry run changes the answer
    assert len(pair.taken()) == 4 + asked_before + len([LOOK_AGAIN])
    assert bigip.objects == pair.objects


def test_units_that_differ_are_said(bigip: BigIpSimulator, pair: BigIpSimulator, start: Run) -> None:
    found = start((ONE,), peers=("127.0.0.2",)).result()
    assert found["sync"] == "Changes Pending"
    assert "sync_group names the group" in str(found["warnings"])
    pair.stop()
    assert "the other unit was not asked" in str(start((TWO,), peers=("127.0.0.2",)).result()["warnings"])
    assert start((ONE,)).result()["sync"] == "not asked: provider.peers names no other unit"


@pytest.mark.parametrize("pends", [True, False])
def test_what_a_dry_run_does_to_a_device_group_is_not_blamed_on_the_configuration(
    bigip: BigIpSimulator, pair: BigIpSimulator, start: Run, pends: bool
) -> None:
    bigip.quirks.dry_run_pends = pends
    start((ONE,), peers=("127.0.0.2",), sync_group="/Common/pair")
    bigip.sync_state = pair.sync_state = "In Sync"
    bigip.taken()
    first = start((ONE,), check_mode=True, sync_group="/Common/pair").result()
    assert (first["changed"], first["sync"], first["warnings"]) == (False, "In Sync", [])
    assert bigip.taken() == ["GET /mgmt/tm/cm/device", "GET /mgmt/tm/cm/sync-status", LOOK_AGAIN]
    assert bigip.sync_state == ("Changes Pending" if pends else "In Sync")
    second = start((ONE,), check_mode=True, sync_group="/Common/pair").result()
    assert second["sync"] == bigip.sync_state
    line = "tmsh run cm config-sync to-group /Common/pair"
    offer = f"where nobody else changed a unit, {line} on lb01.contoso.com ends it"
    assert (offer in str(second["warnings"])) == pends
    # Without sync_group in the inventory the device is asked for its groups, so that the line can be typed as it is.
    bigip.taken()
    named = start((ONE,), check_mode=True).result()
    assert (offer in str(named["warnings"])) == pends
    assert ("GET /mgmt/tm/cm/device-group" in bigip.taken()) == pends
    third = start((TWO,), peers=("127.0.0.2",), sync_group="/Common/pair").result()
    assert (third["sync"], third["warnings"]) == ("In Sync", [])


def test_a_standby_unit_is_left_alone(bigip: BigIpSimulator, pair: BigIpSimulator, start: Run) -> None:
    fail_over(bigip, pair)
    found = start((ONE,)).result()
    assert (found["changed"], bigip.objects, found["sync"]) == (False, {}, "In Sync")
    assert (
        "lb01.contoso.com is not the active unit, nothing was looked at or written; active: lb02.contoso.com"
        in str(found["warnings"])
    )
    assert bigip.taken() == ["GET /mgmt/tm/cm/device", "GET /mgmt/tm/cm/sync-status"]
    bigip.sync_state = "Changes Pending"
    told = str(start((ONE,), sync_group="/Common/pair").result()["warnings"])
    assert "lb01.contoso.com says of the units: Changes Pending; a dry run of AS3" in told
    assert "to-group /Common/pair on lb01.contoso.com ends it" in told and "sync_group names" not in told
    for device in (*bigip.devices, *pair.devices):
        device["failoverState"] = "standby"
    nobody = start((ONE,), peers=(OTHER_ADDRESS,)).result()
    assert (nobody["unit"]["name"], pair.objects) == ("lb01.contoso.com", {})  # type: ignore[index]
    assert "active: none" in str(nobody["warnings"])


def test_what_cannot_be_known_to_be_right_contacts_nobody(bigip: BigIpSimulator, start: Run, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError):
        start((service(1, options={"vlan": "/Common/a"}),))
    with pytest.raises(InvalidInputError):
        start((ONE,), schema=str(tmp_path / "absent.json"))
    assert bigip.log == []
