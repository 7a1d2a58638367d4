# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The law of plans for a NetScaler: from any services to any others, in an order that the appliance takes, and then at
rest.

The rules of the simulated appliance refuse what comes too early or too late; no wire is between.
"""

from __future__ import annotations

from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Service
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.cli import parse_configuration
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.driver import NetScaler
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.planner import Scope, plan_resources
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.resources import resources_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators import netscaler

from .memory_devices import Unwired
from .samples import services

laws = settings(max_examples=80, deadline=None)
DOMAINS: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {}, optional={"td": st.integers(1, 2), "netprofile": st.just("np")}
)


def netscaler_steps(adc: netscaler.NetScaler, driver: NetScaler, wanted: tuple[Service, ...]) -> list[str]:
    """Bring the appliance to what is wanted; return the lines."""
    have = parse_configuration(netscaler.running_lines(adc.appliance, [])).tables
    steps = plan_resources(
        resources_of(tuple(map(driver.expressible, wanted)), driver.prefix), have, Scope(driver.prefix)
    ).steps
    for step in steps:
        request = step.request()
        answer = Unwired(adc).send(
            request.method, request.path, request.body, {"x-nitro-onerror": request.on_error, **CREDENTIALS}
        )
        assert answer.status in (200, 201), (answer.text, step.lines())
    return [line for step in steps for line in step.lines()]


CREDENTIALS = {"x-nitro-user": netscaler.USER, "x-nitro-pass": netscaler.PASSWORD}


@laws
@given(services(DOMAINS), services(DOMAINS))
def test_a_netscaler_comes_from_any_services_to_any_others_and_rests(
    before: tuple[Service, ...], wanted: tuple[Service, ...]
) -> None:
    driver, adc = NetScaler(), netscaler.NetScaler()
    try:
        adc.appliance.add("lbvserver", {"name": "web", "servicetype": "HTTP", "ipv46": "10.9.0.1", "port": 80})
        netscaler_steps(adc, driver, before)
        netscaler_steps(adc, driver, wanted)
        text = netscaler.running_lines(adc.appliance, [])
        assert driver.parse(text) == tuple(map(driver.expressible, wanted))
        assert netscaler_steps(adc, driver, wanted) == []
        netscaler_steps(adc, driver, ())
        assert [kind for kind, rows in adc.appliance.running.items() for _row in rows] == ["lbvserver"]
    finally:
        adc.server.close()
