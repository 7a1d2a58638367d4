# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which driver speaks to which load balancer: lync_balancer_driver and a service's protocol -> name of the driver.

A table of names alone: most tasks of a run need no driver, and to load them all takes a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Mapping

# HAProxy carries no UDP, so the kernel leads it by nftables; HAProxy beside it asks the members.
CARRIERS: Mapping[str, Mapping[str, str]] = {
    "haproxy": {"tcp": "haproxy", "udp": "nftables_udp"},
    "f5_as3": {"tcp": "f5_as3", "udp": "f5_as3"},
    "netscaler": {"tcp": "netscaler", "udp": "netscaler"},
    "kemp": {"tcp": "kemp", "udp": "kemp"},
}
