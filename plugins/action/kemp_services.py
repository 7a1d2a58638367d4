# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the virtual services of a LoadMaster to what is wanted, over its API.

Documented in plugins/modules/kemp_services.py.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.services_action import ApplianceServicesAction
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.driver import PREFIX, Kemp
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.kemp.provider import KempProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import Task


class ActionModule(ApplianceServicesAction):
    """The action of msuc.lync.kemp_services."""

    vendor_options = {  # noqa: RUF012  # read only
        "prefix": {"type": "str", "default": PREFIX},
        "assumptions": {"type": "list", "elements": "str", "default": []},
    }

    def driver_of(self, options: dict[str, Any]) -> Kemp:
        """Return the driver with the prefix of what is ours."""
        return Kemp(options["prefix"])

    def appliance(self, task: Task, driver: Kemp, options: dict[str, Any]) -> KempProvider:
        """Return the provider of a LoadMaster."""
        return KempProvider(task, driver, options["assumptions"])
