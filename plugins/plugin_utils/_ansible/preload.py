# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Loads what the tasks of Windows hosts need.

Lookups of hosts import it: they run in the process that Ansible's workers are forks of, and what that has loaded none
of them loads again for each task.
"""

from __future__ import annotations

from .._firewall.ipsec import reconcile as ipsec
from .._firewall.windows import reconcile as windows
from . import firewall_action

__all__ = ["firewall_action", "ipsec", "windows"]
