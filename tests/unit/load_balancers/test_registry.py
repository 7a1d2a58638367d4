# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The laws of all drivers: what is rendered reads back as it can be said, by each alone and by all alike; plans end."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.carriers import CARRIERS
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.changes import applied, plan_changes
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.driver import Driver
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Service
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.registry import DRIVERS, options_of
from hypothesis import given, settings

from .generated import services

laws = settings(max_examples=25)
each_driver = pytest.mark.parametrize(
    "driver", [DRIVERS[name] for name in sorted(DRIVERS)], ids=lambda driver: driver.name
)


def carried(driver: Driver, wanted: tuple[Service, ...]) -> tuple[Service, ...]:
    """Return the services that the driver carries at all."""
    protocols = {
        protocol for carrier in CARRIERS.values() for protocol, name in carrier.items() if name == driver.name
    }
    return tuple(service for service in wanted if service.protocol in protocols)


def expressed(driver: Driver, wanted: tuple[Service, ...]) -> tuple[Service, ...]:
    """Return the services as the driver can say them, sorted by the name that it gives them."""
    return tuple(sorted(map(driver.expressible, wanted), key=lambda service: service.name))


def read_back(driver: Driver, wanted: tuple[Service, ...]) -> tuple[Service, ...]:
    return driver.parse(driver.render(wanted).document)


@each_driver
@laws
@given(wanted=services())
def test_what_is_rendered_reads_back_as_it_can_be_said(driver: Driver, wanted: tuple[Service, ...]) -> None:
    wanted = carried(driver, wanted)
    assert read_back(driver, wanted) == expressed(driver, wanted)
    assert driver.render(wanted).text == driver.render(tuple(reversed(wanted))).text


@each_driver
@laws
@given(wanted=services())
def test_to_say_what_can_be_said_changes_nothing(driver: Driver, wanted: tuple[Service, ...]) -> None:
    once = expressed(driver, carried(driver, wanted))
    assert expressed(driver, once) == once


@each_driver
@laws
@given(wanted=services())
def test_all_that_differs_from_what_was_asked_is_told(driver: Driver, wanted: tuple[Service, ...]) -> None:
    """nagle is no demand: a driver that never delays small packets does not have to say so.

    And a name is nobody's traffic.
    """
    wanted = carried(driver, wanted)
    told = {(item.service, item.name.partition(".")[0]) for item in driver.render(wanted).not_rendered}
    for service in wanted:
        can_be_said = driver.expressible(service)
        differing = {name for name in vars(service) if getattr(service, name) != getattr(can_be_said, name)} - {
            "nagle",
            "name",
        }
        assert {(service.name, name) for name in differing} <= told


@laws
@given(wanted=services())
def test_all_drivers_say_the_same_of_what_all_can_say(wanted: tuple[Service, ...]) -> None:
    """Units and directions: a driver that confuses minutes and seconds is alone with its answer."""
    for service in wanted:
        answers = [
            (driver.expressible(service), read_back(driver, (service,))[0])
            for driver in DRIVERS.values()
            if carried(driver, (service,))
        ]
        common = [
            name
            for name in vars(service)
            if all(getattr(can, name) == getattr(service, name) for can, _read in answers)
        ]
        known = {"pool", "vip", "port", "protocol", "node_port"}
        # Layer 4 of a LoadMaster, which UDP goes through, has no source NAT; the kernel waits for datagrams less long.
        assert known | ({"source_nat", "idle_seconds"} if service.protocol == "tcp" else set()) <= set(common)
        for _can, read in answers:
            assert {name: getattr(read, name) for name in common} == {name: getattr(service, name) for name in common}


@each_driver
@laws
@given(want=services(), have=services())
def test_a_plan_that_was_applied_leaves_nothing_to_do(
    driver: Driver, want: tuple[Service, ...], have: tuple[Service, ...]
) -> None:
    want, have = (expressed(driver, carried(driver, each)) for each in (want, have))
    for state in (State.MERGED, State.REPLACED, State.DELETED):
        after = applied(have, plan_changes(want, have, state, driver.effects))
        assert plan_changes(want, after, state, driver.effects) == ()
    assert applied(have, plan_changes(want, have, State.REPLACED, driver.effects)) == want


def test_every_carrier_is_a_driver_that_is_there() -> None:
    landed = {name for carrier in CARRIERS.values() for name in carrier.values()} & DRIVERS.keys()
    assert landed == DRIVERS.keys()
    assert set(options_of("haproxy")) == {"clients", "interface", "maxconn", "transparent_bind"}
    assert set(options_of("haproxy", ("udp",))) == {"clients"}
