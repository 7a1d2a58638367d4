# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the virtual services of nginx on a Linux host to what is wanted; documented in plugins/modules/nginx_stream_services.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, KeepsResult
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.entry import SERVICES, on_linux, result_of
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.driver import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

_HANDS = "msuc.lync.nginx_remote"
_OF_THE_HOST = {
    "program": {"type": "str", "default": "/usr/sbin/nginx"},
    "config": {"type": "str", "default": "/etc/nginx/nginx.conf"},
    "pid_file": {"type": "str", "default": "/run/nginx.pid"},
    "seconds": {"type": "int", "default": 20},
}
_SPEC = {**STEP_SPEC, **SERVICES, **_OF_THE_HOST, "path": {"type": "str", "default": "/etc/nginx/modules-enabled/90-msuc-lync.conf"}}


class _Action(ActionBase):
    """The action of msuc.lync.nginx_stream_services: it decides on the controller, its hands gather and apply on the host."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task; every fault of input or host is a failed result with a message."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=_SPEC)[1]

        def _hands(arguments: Mapping[str, object]) -> Mapping[str, Any]:
            fixed = {name: options[name] for name in _OF_THE_HOST}
            answer: Mapping[str, Any] = self._execute_module(module_name=_HANDS, module_args={**fixed, **arguments}, task_vars=task_vars)
            return answer

        return {**result, **result_of(lambda: on_linux(DRIVER, options, _hands, bool(self._task.check_mode)), self._task.diff)}


class ActionModule(KeepsResult, _Action):
    """The action of msuc.lync.nginx_stream_services: it decides on the controller, its hands gather and apply on the host."""

    concern = Concern.LOAD_BALANCER_UDP
