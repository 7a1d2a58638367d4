# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A deployment of any size, as an inventory: what grows are Front End pools of at most 8 servers, all else is constant.

    deployment(500) -> {"all": {"vars": {...}, "children": {"frontend": {"hosts": {"fe0001": {...}}}, ...}}}

The Front Ends have one contiguous block of addresses, their virtual addresses another.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

POOL_SIZE = 8
Document = dict[str, Any]

_FIRST_FRONT_END = IPv4Address("10.16.0.0") + 8
_FIRST_VIP = IPv4Address("10.32.0.0") + 8
_DEPLOYMENT = {
    "lync_version": "2010",
    "lync_client_networks": ["10.64.0.0/12", "2001:db8:64::/48"],
    "lync_management_networks": ["10.9.0.0/24"],
    "lync_features": ["federation", "cac", "legacy_clients"],
    "lync_central_management_pool": "pool0001.contoso.com",
    "lync_sip_domains": ["contoso.com"],
}
_EDGE_ADDRESSES = ("access", "web_conferencing", "av")
_OTHER_POOLS: Document = {
    "edge.contoso.com": {
        "role": "edge", "load_balancing": "hlb", "balancer": {"internal": "lb01", "external": "lb02"},
        "vip": "10.2.0.100",
        "external_vips": {service: f"203.0.113.{100 + number}" for number, service in enumerate(_EDGE_ADDRESSES)},
    },
    "directors.contoso.com": {"role": "directors", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.3.0.100"},
    "mediation.contoso.com": {"role": "mediation", "load_balancing": "dns"},
}  # fmt: skip
_OTHER_HOSTS: Mapping[str, Document] = {
    "edge": {
        f"edge{number}": {
            "ansible_host": f"10.2.0.{20 + number}",
            "lync_pool": "edge.contoso.com",
            "lync_external_addresses": {
                service: f"203.0.113.{10 * (place + 1) + number}" for place, service in enumerate(_EDGE_ADDRESSES)
            },
        }
        for number in (1, 2)
    },
    "directors": {
        f"director{number}": {"ansible_host": f"10.3.0.{20 + number}", "lync_pool": "directors.contoso.com"}
        for number in (1, 2)
    },
    "mediation": {
        f"mediation{number}": {"ansible_host": f"10.4.0.{20 + number}", "lync_pool": "mediation.contoso.com"}
        for number in (1, 2)
    },
    "reverse_proxy": {"proxy1": {"ansible_host": "10.5.0.21"}},
    "pstn_gateways": {f"gateway{number}": {"ansible_host": f"10.6.0.{20 + number}"} for number in (1, 2)},
    "load_balancers": {
        f"lb0{number}": {
            "ansible_host": f"10.7.0.{20 + number}",
            "lync_balancer_driver": "haproxy",
            "lync_balancer_addresses": [f"10.7.0.{20 + number}"],
        }
        for number in (1, 2)
    },
}
CONSTANT_HOSTS = sum(len(hosts) for hosts in _OTHER_HOSTS.values())


def deployment(size: int) -> Document:
    """Return the inventory of a deployment of size hosts; at least one Front End pool of 8 beside the constant part."""
    if size < CONSTANT_HOSTS + POOL_SIZE:
        raise ValueError(f"a deployment has at least {CONSTANT_HOSTS + POOL_SIZE} hosts, not {size}")
    front_ends = [_front_end(number) for number in range(size - CONSTANT_HOSTS)]
    names = list(dict.fromkeys(variables["lync_pool"] for _name, variables in front_ends))
    pools = {name: _front_end_pool(number) for number, name in enumerate(names)}
    children = {
        "frontend": {"hosts": dict(front_ends)},
        **{group: {"hosts": hosts} for group, hosts in _OTHER_HOSTS.items()},
    }
    return {"all": {"vars": {**_DEPLOYMENT, "lync_pools": {**pools, **_OTHER_POOLS}}, "children": children}}


def _front_end(number: int) -> tuple[str, Document]:
    pool = f"pool{number // POOL_SIZE + 1:04}.contoso.com"
    return f"fe{number + 1:04}", {"ansible_host": str(_FIRST_FRONT_END + number), "lync_pool": pool}


def _front_end_pool(number: int) -> Document:
    vip = str(_FIRST_VIP + number)
    return {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": vip}
