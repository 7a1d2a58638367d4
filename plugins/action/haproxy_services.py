# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the virtual services of HAProxy on a Linux host to what is wanted; documented in plugins/modules/haproxy_services.py."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.appliance import Task, run
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.haproxy import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.https import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils.balancers.linux import Hands, LinuxDevice
from ansible_collections.msuc.lync.plugins.plugin_utils.dependencies import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils.problems import InvalidInputError

_HANDS = "msuc.lync.haproxy_host"
_OF_THE_HOST = ("program", "master_socket", "seconds")
_SPEC = {
    "services": {"type": "list", "elements": "dict", "default": []},
    "state": {"type": "str", "choices": ["merged", "replaced", "deleted", "gathered", "rendered", "parsed"], "default": "replaced"},
    "path": {"type": "str", "default": "/etc/haproxy/conf.d/zz-msuc-lync.cfg"},
    "program": {"type": "str", "default": "/usr/sbin/haproxy"},
    "master_socket": {"type": "str", "default": "/run/haproxy-master.sock"},
    "seconds": {"type": "int", "default": 20},
    "running_config": {"type": "str"},
}


class ActionModule(ActionBase):
    """The action of msuc.lync.haproxy_services: it decides on the controller, its hands gather and apply on the host."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task; every fault of input or host is a failed result with a message."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=_SPEC)[1]
        is_check = bool(self._task.check_mode)
        try:
            # A host needs no provider: the connection is ansible's.
            task = Task.from_options({**options, "provider": None}, DRIVER, needs_provider=False)
            device = partial(LinuxDevice, DRIVER, self._hands(options, task_vars or {}), options["path"], is_check)
            result.update(run(task, DRIVER, device, write=not is_check))
        except (InvalidInputError, DeviceError, MissingLibraryError) as error:
            result.update(failed=True, changed=False, msg=str(error))
        if not self._task.diff:
            result.pop("diff", None)
        return result

    def _hands(self, options: Mapping[str, Any], task_vars: dict[str, Any]) -> Hands:
        """Return what runs the hands once on the host and returns their answer."""
        fixed = {name: options[name] for name in _OF_THE_HOST}

        def _run_hands(arguments: Mapping[str, object]) -> Mapping[str, Any]:
            answer: Mapping[str, Any] = self._execute_module(module_name=_HANDS, module_args={**fixed, **arguments}, task_vars=task_vars)
            return answer

        return _run_hands
