# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings the virtual services of HAProxy on a Linux host to what is wanted.

Documented in plugins/modules/haproxy_services.py.
"""

from __future__ import annotations

from ansible_collections.msuc.lync.plugins.plugin_utils._ansible.services_action import HostServicesAction
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.driver import DRIVER
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.haproxy.provider import HaproxyProvider


class ActionModule(HostServicesAction):
    """The action of msuc.lync.haproxy_services."""

    driver = DRIVER
    provider_class = HaproxyProvider
    remote_module = "msuc.lync.haproxy_remote"
    path = "/etc/haproxy/conf.d/zz-msuc-lync.cfg"
    host_options = {  # noqa: RUF012  # read only
        "program": {"type": "str", "default": "/usr/sbin/haproxy"},
        "master_socket": {"type": "str", "default": "/run/haproxy-master.sock"},
        "seconds": {"type": "int", "default": 20},
    }
