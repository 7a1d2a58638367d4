# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the virtual services of nginx on a Linux host to what is wanted.

Documented in plugins/modules/nginx_stream_services.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.actions import run_state
from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.services_action import HostServicesAction
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.driver import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nginx.provider import NginxProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step


class ActionModule(HostServicesAction):
    """The action of msuc.lync.nginx_stream_services; of UDP alone where nginx is the second program of a host."""

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

    def keep(self, answer: Mapping[str, Any], step: Step, task_vars: Mapping[str, Any]) -> None:
        """Keep what became of the task."""
        plan = (run_state().host(self.device_name(task_vars)) or {}).get("load_balancer")
        planned = plan.get("driver") if isinstance(plan, Mapping) else None
        is_first = (planned or task_vars.get("lync_balancer_driver")) == "nginx"
        self.concern = Concern.LOAD_BALANCER if is_first else Concern.LOAD_BALANCER_UDP
        super().keep(answer, step, task_vars)
