# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the UDP services that the kernel of a Linux host leads to what is wanted.

Documented in plugins/modules/nftables_udp_services.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.services_action import HostServicesAction
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.config_files import Remote
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nftables.driver import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.nftables.provider import NftablesUdpProvider
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.reconcile import ServicesProvider, Task
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern

_NGINX = ("config", "pid_file")


class ActionModule(HostServicesAction):
    """The action of msuc.lync.nftables_udp_services."""

    concern = Concern.LOAD_BALANCER_UDP
    driver = DRIVER
    remote_module = "msuc.lync.nftables_udp_remote"
    path = "/etc/msuc-lync-udp.conf"
    host_options = {  # noqa: RUF012  # read only
        "master_socket": {"type": "str", "default": "/run/haproxy-master.sock"},
        "nginx_path": {"type": "str", "default": "/etc/nginx/modules-enabled/90-msuc-lync.conf"},
        "config": {"type": "str", "default": "/etc/nginx/nginx.conf"},
        "pid_file": {"type": "str", "default": "/run/nginx.pid"},
        "seconds": {"type": "int", "default": 20},
    }

    def host_provider(self, task: Task, options: Mapping[str, Any], task_vars: dict[str, Any]) -> ServicesProvider:
        """Return the provider, which asks the module of nginx too where an earlier version had a file."""
        own = {name: options[name] for name in self.host_options if name not in _NGINX}
        beside = {name: options[name] for name in _NGINX}
        remote = self.asking(self.remote_module, own, task_vars)
        nginx: Remote = self.asking("msuc.lync.nginx_remote", beside, task_vars)
        return NftablesUdpProvider(task, remote, options["path"], nginx, options["nginx_path"])
