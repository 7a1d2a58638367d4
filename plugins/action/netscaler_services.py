# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the virtual services of a NetScaler to what is wanted, over NITRO.

Documented in plugins/modules/netscaler_services.py.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.services_action import ApplianceServicesAction
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.driver import PREFIX, NetScaler
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.nitro import Authentication
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.netscaler.provider import NetScalerProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task


class ActionModule(ApplianceServicesAction):
    """The action of msuc.lync.netscaler_services."""

    vendor_options = {  # noqa: RUF012  # read only
        "authentication": {"type": "str", "choices": ["auto", "request", "session"], "default": "auto"},
        "prefix": {"type": "str", "default": PREFIX},
        "peer": {"type": "str", "default": ""},
    }

    def driver_of(self, options: dict[str, Any]) -> NetScaler:
        """Return the driver with the prefix of what is ours."""
        return NetScaler(options["prefix"])

    def appliance(self, task: Task, driver: NetScaler, options: dict[str, Any]) -> NetScalerProvider:
        """Return the provider of a NetScaler or a pair."""
        return NetScalerProvider(task, driver, Authentication(options["authentication"]), options["peer"])
