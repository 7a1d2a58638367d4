# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the virtual services of a LoadMaster to what is wanted, over its API; documented in plugins/modules/kemp_services.py."""

from __future__ import annotations

from functools import partial
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.appliance import Task, run
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.https import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.kemp.device import KempDevice
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.kemp.driver import PREFIX, Kemp
from ansible_collections.msuc.lync.plugins.plugin_utils.dependencies import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils.problems import InvalidInputError

_PROVIDER = {
    "host": {"type": "str"},
    "port": {"type": "int", "default": 443},
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "token": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool", "default": True},
    "ca": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
}
_SPEC = {
    "services": {"type": "list", "elements": "dict", "default": []},
    "state": {"type": "str", "choices": ["merged", "replaced", "deleted", "gathered", "rendered", "parsed"], "default": "replaced"},
    "provider": {"type": "dict", "options": _PROVIDER},
    "prefix": {"type": "str", "default": PREFIX},
    "running_config": {"type": "str"},
}


class ActionModule(ActionBase):
    """The action of msuc.lync.kemp_services; it speaks to the LoadMaster from the controller."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task; every fault of input or LoadMaster is a failed result with a message."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=_SPEC)[1]
        driver = Kemp(options["prefix"])
        try:
            task = Task.from_options(options, driver)
            result.update(run(task, driver, partial(KempDevice, task.provider, driver), write=not self._task.check_mode))
        except (InvalidInputError, DeviceError, MissingLibraryError) as error:
            result.update(failed=True, changed=False, msg=str(error))
        if not self._task.diff:
            result.pop("diff", None)
        return result
