# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The law of plans for a LoadMaster: from any services to any others, in an order that the appliance takes, and then at
rest.

The rules of the simulated appliance refuse what comes too early or too late; no wire is between.
"""

from __future__ import annotations

from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.https import Connection
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.driver import Kemp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.provider import KempProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Service
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Order, Task
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators import kemp

from .memory_devices import Unwired
from .samples import services

laws = settings(max_examples=80, deadline=None)
GATEWAYS = st.fixed_dictionaries({}, optional={"default_gateway": st.sampled_from(["10.1.0.1", "10.1.0.2"])})


def kemp_commands(lm: kemp.LoadMaster, driver: Kemp, wanted: tuple[Service, ...]) -> tuple[str, ...]:
    """Bring the LoadMaster to what is wanted; return the commands."""
    device = KempProvider(Task(State.REPLACED, wanted, Connection("lm", token=kemp.KEY)), driver)
    device._https = Unwired(lm)  # type: ignore[assignment]
    expressed = tuple(map(driver.expressible, wanted))
    device.read()
    work = device.prepare(Order(expressed, wanted, frozenset()))
    device.write()
    return work.lines


@laws
@given(services(GATEWAYS), services(GATEWAYS))
def test_a_loadmaster_comes_from_any_services_to_any_others_and_rests(
    before: tuple[Service, ...], wanted: tuple[Service, ...]
) -> None:
    driver, lm = Kemp(), kemp.LoadMaster()
    try:
        lm.do("addvs", vs="10.9.0.1", port="80", prot="tcp", NickName="web")
        kemp_commands(lm, driver, before)
        kemp_commands(lm, driver, wanted)
        expected = tuple(sorted(map(driver.expressible, wanted), key=lambda service: service.name))
        assert driver.parse(lm.do("listvs")) == expected
        assert kemp_commands(lm, driver, wanted) == ()
        kemp_commands(lm, driver, ())
        assert [item["NickName"] for item in lm.items] == ["web"]
    finally:
        lm.server.close()
