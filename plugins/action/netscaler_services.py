# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the virtual services of a NetScaler to what is wanted, over NITRO; documented in plugins/modules/netscaler_services.py."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, KeepsResult
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.entry import PROVIDER, SERVICES, result_of
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.driver import PREFIX, NetScaler
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.nitro import Authentication
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.provider import NetScalerDevice
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task, run
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

_SPEC = {
    **STEP_SPEC,
    **SERVICES,
    "provider": {"type": "dict", "options": PROVIDER},
    "authentication": {"type": "str", "choices": ["auto", "request", "session"], "default": "auto"},
    "prefix": {"type": "str", "default": PREFIX},
    "peer": {"type": "str", "default": ""},
}


class _Action(ActionBase):
    """The action of msuc.lync.netscaler_services; it speaks to the appliance from the controller."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task; every fault of input or appliance is a failed result with a message."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=_SPEC)[1]
        return {**result, **result_of(lambda: self._brought(options), self._task.diff)}

    def _brought(self, options: Mapping[str, Any]) -> dict[str, Any]:
        driver = NetScaler(options["prefix"])
        task = Task.from_options(options, driver)
        device = partial(NetScalerDevice, task.provider, driver.prefix, Authentication(options["authentication"]), options["peer"])
        return run(task, driver, device, write=not self._task.check_mode)


class ActionModule(KeepsResult, _Action):
    """The action of msuc.lync.netscaler_services; it speaks to the appliance from the controller."""

    concern = Concern.LOAD_BALANCER
