# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings what a Linux reverse proxy publishes to what is wanted; documented in plugins/modules/publications.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, KeepsResult
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.entry import STATE, result_of
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import Proxy, Task, run
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.registry import DRIVERS
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

# Per driver: the module that is its hands, options of the host that it takes, and where each of its files is by default.
_HANDS = {"haproxy": "msuc.lync.haproxy_remote", "nginx": "msuc.lync.nginx_remote"}
_OF_THE_HOST = {"haproxy": ("program", "master_socket", "seconds"), "nginx": ("program", "config", "pid_file", "seconds")}
_PATHS = {
    "haproxy": {"haproxy": "/etc/haproxy/conf.d/zz-msuc-lync-publications.cfg"},
    "nginx": {"stream": "/etc/nginx/modules-enabled/91-msuc-lync-publications.conf", "http": "/etc/nginx/conf.d/zz-msuc-lync-publications.conf"},
}
_PATH_OPTIONS = {"haproxy": "path", "stream": "path", "http": "http_path"}
_SPEC = {
    **STEP_SPEC,
    "driver": {"type": "str", "choices": sorted(DRIVERS), "required": True},
    "publications": {"type": "list", "elements": "dict", "default": []},
    **STATE,
    "path": {"type": "str"},
    "http_path": {"type": "str"},
    "program": {"type": "str"},
    "master_socket": {"type": "str"},
    "config": {"type": "str"},
    "pid_file": {"type": "str"},
    "seconds": {"type": "int", "default": 20},
    "running_config": {"type": "dict"},
}


class _Action(ActionBase):
    """The action of msuc.lync.publications: it decides on the controller, the hands of load balancers gather and apply on the host."""

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the result of the task; every fault of input or host is a failed result with a message."""
        result = super().run(tmp, task_vars)
        options = self.validate_argument_spec(argument_spec=_SPEC)[1]
        driver = DRIVERS[options["driver"]]
        paths = {kind: options[_PATH_OPTIONS[kind]] or default for kind, default in _PATHS[driver.name].items()}

        def _hands(arguments: Mapping[str, object]) -> Mapping[str, Any]:
            fixed = {name: options[name] for name in _OF_THE_HOST[driver.name] if options[name] is not None}
            answer: Mapping[str, Any] = self._execute_module(module_name=_HANDS[driver.name], module_args={**fixed, **arguments}, task_vars=task_vars)
            return answer

        def _published() -> dict[str, Any]:
            return run(Task.from_options(options), Proxy(driver, _hands, paths), write=not self._task.check_mode)

        return {**result, **result_of(_published, self._task.diff)}


class ActionModule(KeepsResult, _Action):
    """The action of msuc.lync.publications: it decides on the controller, the hands of load balancers gather and apply on the host."""

    concern = Concern.PUBLICATIONS
