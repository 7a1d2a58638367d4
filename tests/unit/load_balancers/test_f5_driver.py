# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The driver f5_as3: what a service becomes, the law of parse and render, and what cannot be said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError, InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.changes import plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5 import objects as device
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.driver import F5As3
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.f5.rest import rest_objects
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import (
    Member,
    MemberState,
    Monitor,
    Persistence,
    PersistenceKind,
    Service,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.registry import DRIVERS
from hypothesis import given, settings

from tests.simulators.f5_objects import Objects, desired
from tests.simulators.f5_rest import rest_item
from tests.unit.load_balancers.f5_services import GOLDEN, POOL, any_services, example_services, service

DRIVER = F5As3()


def application(*services: Service) -> dict[str, Any]:
    """Return the only application of the declaration of some services."""
    document: Any = DRIVER.render(services).document
    (found,) = [value for name, value in document["Lync"].items() if name.startswith("app-")]
    assert isinstance(found, dict)
    return found


def expressed(services: list[Service]) -> list[Service]:
    return sorted((DRIVER.expressible(each) for each in services), key=lambda each: each.name)


@given(any_services())
@settings(max_examples=200)
def test_what_is_rendered_parses_back(services: list[Service]) -> None:
    assert list(DRIVER.parse(DRIVER.render(services).document)) == expressed(services)


@given(any_services())
@settings(max_examples=50)
def test_the_same_services_give_the_same_bytes_in_any_order(services: list[Service]) -> None:
    assert DRIVER.render(services).text == DRIVER.render(services[::-1]).text


def on_the_device(services: list[Service]) -> Objects:
    document: Any = DRIVER.render(services).document
    return desired("Lync", document["Lync"], frozenset())


def with_ports(found: tuple[Service, ...], services: list[Service]) -> list[Service]:
    """Return what was found; a device forgets the port of a pool without members."""
    ports = {each.name: each.node_port for each in services}
    return [each if each.members else replace(each, node_port=ports[each.name]) for each in found]


@given(any_services())
@settings(max_examples=100)
def test_what_the_device_has_parses_back_too(services: list[Service]) -> None:
    objects = on_the_device(services)
    # Profiles that are there already are paths of another partition; of which kind they are, the services tell.
    kinds = device.profile_kinds(expressed(services))
    assert with_ports(device.services(device.traced(objects), kinds), services) == expressed(services)

    def collection(path: str) -> list[dict[str, Any]]:
        kind = path.partition("?")[0].replace("/", " ")
        return [
            rest_item(name, made, expand="expand" in path) for name, made in objects.items() if made["command"] == kind
        ]

    assert with_ports(device.services(rest_objects(collection), kinds), services) == expressed(services)


def test_vlans_on_which_a_virtual_server_is_switched_off_are_none_on_which_it_listens() -> None:
    objects = on_the_device([service(options={"allow_vlans": ["/Common/a"]})])
    (found,) = device.services(device.traced(objects), {})
    assert found.options == {"allow_vlans": ["/Common/a"]}
    for made in objects.values():
        made.get("properties", {}).pop("vlans-enabled", None)
    (found,) = device.services(device.traced(objects), {})
    assert "allow_vlans" not in found.options


def test_the_planned_services_of_the_example_parse_back() -> None:
    services = example_services()
    assert len(services) > 30
    assert list(DRIVER.parse(json.loads(DRIVER.render(services).text))) == expressed(list(services))


def test_the_declaration_of_an_edge_pool_is_the_golden_one() -> None:
    """To renew the file, write there what render gives and read the difference."""
    text = DRIVER.render(example_services("edge01.contoso.com")).text
    assert text == (GOLDEN.parents[1] / "f5_as3" / "edge01.contoso.com.json").read_text(encoding="utf-8")


def test_a_service_becomes_the_objects_of_as3_with_as3s_units() -> None:
    name = f"{POOL}-fe-5061"
    assert application(service()) == {
        "class": "Application",
        "template": "generic",
        f"affinity-{POOL}_4010.1.0.100": {
            "class": "Persist", "persistenceMethod": "source-address", "duration": 1200,
            "matchAcrossVirtualPorts": True,
        },
        "monitor-tcp-5061-10-2": {
            "class": "Monitor", "monitorType": "tcp", "targetPort": 5061, "interval": 10, "timeout": 21,
        },
        f"pool-{name}": {
            "class": "Pool", "loadBalancingMode": "least-connections-member", "serviceDownAction": "reset",
            "monitors": [{"use": "monitor-tcp-5061-10-2"}],
            "members": [{"servicePort": 5061, "serverAddresses": ["10.1.0.11", "10.1.0.12"]}],
        },
        "tcp-1800": {"class": "TCP_Profile", "idleTimeout": 1800},
        f"vs-{name}": {
            "class": "Service_TCP", "virtualAddresses": ["10.1.0.100"], "virtualPort": 5061, "pool": f"pool-{name}",
            "persistenceMethods": [{"use": f"affinity-{POOL}_4010.1.0.100"}], "profileTCP": {"use": "tcp-1800"},
            "snat": "auto",
        },
    }  # fmt: skip


def test_states_of_members_are_admin_states_and_priorities() -> None:
    members = (
        Member("10.1.0.1"),
        *(Member(f"10.1.0.{index}", state) for index, state in enumerate(list(MemberState)[1:], 2)),
    )
    entries = application(service(members=members))[f"pool-{POOL}-fe-5061"]["members"]
    assert [{name: value for name, value in entry.items() if name != "servicePort"} for entry in entries] == [
        {"serverAddresses": ["10.1.0.1"], "priorityGroup": 10},
        {"serverAddresses": ["10.1.0.2"], "priorityGroup": 5},
        {"serverAddresses": ["10.1.0.3"], "adminState": "disable"},
        {"serverAddresses": ["10.1.0.4"], "adminState": "offline"},
    ]


def test_the_av_edge_keeps_its_clients_addresses_and_small_packets_do_not_wait() -> None:
    found = application(
        service(source_nat=False, nagle=False), service(2, protocol="udp", node_port=3478, source_nat=False)
    )
    assert found[f"vs-{POOL}-fe-5061"]["snat"] == found[f"vs-{POOL}-fe-5062"]["snat"] == "none"
    assert found["tcp-1800-nodelay"] == {"class": "TCP_Profile", "idleTimeout": 1800, "nagle": "disable"}
    assert (found[f"vs-{POOL}-fe-5062"]["class"], found["udp-1800"]) == (
        "Service_UDP",
        {"class": "UDP_Profile", "idleTimeout": 1800},
    )


def test_no_affinity_is_said_because_the_default_is_affinity() -> None:
    assert application(service(persistence=Persistence()))[f"vs-{POOL}-fe-5061"]["persistenceMethods"] == []


def test_options_become_what_the_device_has_already() -> None:
    options = {
        "allow_vlans": ["/Common/b", "/Common/a"],
        "route_domain": 5,
        "snat_pool": "/Common/s",
        "traffic_group": "/Common/traffic-group-2",
    }
    found = application(service(options={**options, "tcp_profile": "/Common/mine"}))
    virtual = found[f"vs-{POOL}-fe-5061"]
    assert virtual["allowVlans"] == [{"bigip": "/Common/a"}, {"bigip": "/Common/b"}]
    assert (virtual["snat"], virtual["profileTCP"]) == ({"bigip": "/Common/s"}, {"bigip": "/Common/mine"})
    address = {"class": "Service_Address", "virtualAddress": "10.1.0.100%5", "trafficGroup": "/Common/traffic-group-2"}
    assert found[virtual["virtualAddresses"][0]["use"]] == address
    assert found[f"pool-{POOL}-fe-5061"]["members"][0]["serverAddresses"] == ["10.1.0.11%5", "10.1.0.12%5"]


@pytest.mark.parametrize(
    ("changed", "field", "why"),
    [
        ({"persistence": Persistence(PersistenceKind.COOKIE, cookie="MS-WSMAN")}, "persistence", "stands in for it"),
        ({"options": {"tcp_profile": "/Common/mine"}, "idle_seconds": 60}, "idle_seconds", "existing profile"),
        ({"options": {"tcp_profile": "/Common/mine"}, "nagle": False}, "nagle", "existing profile"),
        ({"options": {"fast_l4": True}}, "nagle", "passes packets"),
        ({"protocol": "udp", "nagle": False}, "nagle", "UDP"),
    ],
)
def test_what_cannot_be_said_is_told_with_the_reason(changed: dict[str, object], field: str, why: str) -> None:
    made = service(**changed)
    (refused,) = DRIVER.render([made]).not_rendered
    assert (refused.service, refused.name) == (made.name, field)
    assert why in refused.why
    assert getattr(DRIVER.expressible(made), field) != getattr(made, field)


def test_all_that_cannot_be_carried_is_said_at_once() -> None:
    broken = [
        service(1, options={"alow_vlans": ["/Common/a"]}),
        service(2, options={"route_domain": 70000}),
        service(3, monitor=Monitor(5061, 500, 2)),
        service(4, idle_seconds=90000),
        service(5, name="x" * 190),
        service(6, persistence=Persistence(PersistenceKind.SOURCE, 60, group=f"{POOL}@10.1.0.100")),
        service(7, options={"traffic_group": "/Common/traffic-group-2"}),
    ]
    with pytest.raises(InvalidInputError) as raised:
        DRIVER.render(broken)
    text = str(raised.value)
    for word in (
        "allow_vlans",
        "70000",
        "1001 s",
        "90000",
        "too long",
        "differ in seconds: 1200, 60",
        "one traffic_group",
    ):
        assert word in text


@pytest.mark.parametrize(
    ("field", "value", "recreates"),
    [
        ("members", (Member("10.1.0.11"),), False),
        ("port", 5999, True), ("vip", "10.1.0.101", True), ("source_nat", False, True),
        ("persistence", Persistence(), True),
        ("idle_seconds", 60, True), ("algorithm", "round-robin", True), ("monitor", Monitor(444), True),
        ("nagle", False, True),
        ("options", {"route_domain": 1}, True),
    ],
)  # fmt: skip
def test_only_members_change_without_a_new_virtual(field: str, value: object, recreates: bool) -> None:
    (change,) = plan_changes([service(**{field: value})], [service()], State.REPLACED, DRIVER.effects)
    assert (change.properties, change.recreates) == ((field,), recreates)


def test_full_and_expanded_forms_parse_the_same() -> None:
    made = [service(), service(2, members=(Member("10.1.0.9", MemberState.DRAINING),))]
    document: Any = json.loads(DRIVER.render(made).text)
    tree = document["Lync"][f"app-{POOL}"]
    for name, item in tree.items():
        if name.startswith("vs-"):  # expanded has absolute pointers, full has every default
            item["pool"] = {"use": f"/Lync/app-{POOL}/{item['pool']}"}
            item |= {
                "layer4": "tcp",
                "shareAddresses": False,
                "enable": True,
                "maxConnections": 0,
                "translateServerPort": True,
                "virtualType": "standard",
            }
        for member in item.get("members", ()) if isinstance(item, dict) else ():
            member.setdefault("adminState", "enable")
            member |= {
                "priorityGroup": 0,
                "enable": True,
                "addressDiscovery": "static",
                "ratio": 1,
                "shareNodes": False,
            }
    assert list(DRIVER.parse(document)) == expressed(made)
    assert list(DRIVER.parse({"class": "AS3", "declaration": document})) == expressed(made)


@pytest.mark.parametrize(
    ("properties", "options"),
    [
        ({}, {"tcp_profile": "/Common/f5-tcp-progressive"}),
        ({"profileTCP": "normal"}, {"tcp_profile": "/Common/f5-tcp-progressive"}),
        ({"profileTCP": "wan"}, {"tcp_profile": "/Common/f5-tcp-wan"}),
        ({"profileTCP": {"bigip": "/Common/mine"}}, {"tcp_profile": "/Common/mine"}),
        ({"class": "Service_UDP"}, {"udp_profile": "/Common/udp"}),
        ({"class": "Service_L4"}, {"fast_l4": True, "l4_profile": "/Common/fastL4"}),
    ],
)
def test_a_profile_of_the_device_is_named_and_not_invented(
    properties: dict[str, Any], options: dict[str, object]
) -> None:
    """What a declaration does not say of idle connections and Nagle, the profile of the device decides."""
    (found,) = DRIVER.parse(declared(properties))
    assert found.options == options


def test_a_profile_that_is_not_understood_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"/T/a/s: the answer is not understood: .*profile 'turbo' is not understood"):
        DRIVER.parse(declared({"profileTCP": "turbo"}))


def test_a_class_that_is_no_text_is_of_no_service() -> None:
    assert DRIVER.parse(declared({"class": ["Service_TCP"]})) == ()


def declared(properties: dict[str, Any]) -> dict[str, Any]:
    """Return a declaration of somebody else."""
    service = {"class": "Service_TCP", "virtualAddresses": ["10.1.0.9"], "virtualPort": 80, "pool": "p", **properties}
    application = {"class": "Application", "s": service, "p": {"class": "Pool"}}
    return {"class": "ADC", "schemaVersion": "3.30.0", "T": {"class": "Tenant", "a": application}}


def test_what_is_no_declaration_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="no AS3 declaration"):
        DRIVER.parse({"virtual": 1})


def test_without_services_the_tenant_goes() -> None:
    document: Any = DRIVER.render([]).document
    assert document["Lync"] == {"class": "Tenant"}


def test_the_driver_is_registered() -> None:
    assert isinstance(DRIVERS["f5_as3"], F5As3)
