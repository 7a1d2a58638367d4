# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads and removes what an earlier version had in nginx on a Linux host.

Documented in plugins/modules/nginx_stream_services.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.services_action import HostServicesAction
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.driver import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.provider import (
    NginxProvider,
    refuse_services,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import ServicesProvider, Task
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern


class ActionModule(HostServicesAction):
    """The action of msuc.lync.nginx_stream_services."""

    concern = Concern.LOAD_BALANCER_UDP
    driver = DRIVER
    provider_class = NginxProvider
    remote_module = "msuc.lync.nginx_remote"
    path = "/etc/nginx/modules-enabled/90-msuc-lync.conf"
    host_options = {  # noqa: RUF012  # read only
        "program": {"type": "str", "default": "/usr/sbin/nginx"},
        "config": {"type": "str", "default": "/etc/nginx/nginx.conf"},
        "pid_file": {"type": "str", "default": "/run/nginx.pid"},
        "seconds": {"type": "int", "default": 20},
    }

    def host_provider(self, task: Task, options: Mapping[str, Any], task_vars: dict[str, Any]) -> ServicesProvider:
        """Return the provider of a task that takes services out; raises InvalidInputError for any other."""
        refuse_services(task)
        return super().host_provider(task, options, task_vars)
