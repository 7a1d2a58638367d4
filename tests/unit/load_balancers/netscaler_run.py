# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs what the action plugin of a NetScaler runs, in this process."""

from __future__ import annotations

from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile as _reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.driver import NetScaler
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.nitro import Authentication
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.provider import NetScalerProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task

from tests.simulators import netscaler

PREFIX = "lync_"


def reconcile(
    adc: netscaler.NetScaler,
    items: list[dict[str, Any]],
    state: str = "replaced",
    write: bool = True,
    authentication: str = "auto",
    **connection: Any,
) -> dict[str, Any]:
    """Return the result of a run against a simulated appliance."""
    driver = NetScaler(PREFIX)
    task = Task.from_options({"services": items, "state": state, "provider": adc.provider(**connection)}, driver)
    provider = NetScalerProvider(task, driver, Authentication(authentication))
    _reconcile(provider, check_mode=not write)
    return provider.result()


def applied(adc: netscaler.NetScaler, items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Apply, and prove that a second run finds nothing to do."""
    result = reconcile(adc, items, **more)
    again = reconcile(adc, items, **more)
    assert (again["changed"], again["lines"], again["commands"], again["changes"]) == (False, [], [], []), again[
        "lines"
    ]
    return result
