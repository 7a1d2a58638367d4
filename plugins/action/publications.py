# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings what a Linux reverse proxy publishes to what is wanted; documented in plugins/modules/publications.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import STEP_SPEC, ProviderAction
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.options import STATE
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.provider import (
    DRIVERS,
    PublicationsProvider,
    Task,
    offline,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

# Per driver: the module on the host, options that only it needs, and where each of the files is by default.
_REMOTE = {"haproxy": "msuc.lync.haproxy_remote", "nginx": "msuc.lync.nginx_remote"}
_HOST_OPTIONS = {
    "haproxy": ("program", "master_socket", "seconds"),
    "nginx": ("program", "config", "pid_file", "seconds"),
}
_PATHS = {
    "haproxy": {"haproxy": "/etc/haproxy/conf.d/zz-msuc-lync-publications.cfg"},
    "nginx": {
        "stream": "/etc/nginx/modules-enabled/91-msuc-lync-publications.conf",
        "http": "/etc/nginx/conf.d/zz-msuc-lync-publications.conf",
    },
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


class ActionModule(ProviderAction):
    """The action of msuc.lync.publications.

    It decides on the controller, the modules of load balancers work on the host.
    """

    concern = Concern.PUBLICATIONS
    argument_spec = _SPEC

    def provider(self, options: dict[str, Any], task_vars: dict[str, Any]) -> Provider | dict[str, Any]:
        """Return the provider of a reverse proxy, or the whole result of a task that asks none."""
        task, driver = Task.from_options(options), DRIVERS[options["driver"]]
        if task.state.is_offline:
            return offline(task, driver)
        paths = {kind: options[_PATH_OPTIONS[kind]] or default for kind, default in _PATHS[driver.name].items()}
        fixed = {name: options[name] for name in _HOST_OPTIONS[driver.name] if options[name] is not None}
        remote = self.remote(_REMOTE[driver.name], task_vars)

        def _ask(arguments: Mapping[str, object]) -> Mapping[str, Any]:
            return remote({**fixed, **arguments})

        return PublicationsProvider(task, driver, _ask, paths)
