# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small valid inventory, and copies of it with changes.

    changed({("fe02", "lync_version"): 2011, ("all", "lync_pools", POOL, "vip"): REMOVED})

A path starts with "all" (the variables of every host) or a host's name; a host that does not exist is added.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping

from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost

POOL, DIRECTORS, EDGES, MEDIATION = (
    "pool01.contoso.com",
    "dir01.contoso.com",
    "edge01.contoso.com",
    "med01.contoso.com",
)
GROUPS = "groups"
REMOVED = object()

Path = tuple[str, ...]

_ALL: dict[str, object] = {
    "lync_version": "2010",
    "lync_client_networks": ["10.10.0.0/16", "2001:db8:10::/48"],
    "lync_central_management_pool": POOL,
    "lync_pools": {
        POOL: {"role": "frontend", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.1.0.100"},
        DIRECTORS: {"role": "directors", "load_balancing": "dns", "balancer": "lb01", "web_vip": "10.1.0.131"},
        MEDIATION: {"role": "mediation", "load_balancing": "none"},
        EDGES: {
            "role": "edge",
            "load_balancing": "hlb",
            "balancer": {"internal": "lb01", "external": ["lb02"]},
            "vip": "10.2.0.100",
            "external_vips": {"access": "203.0.113.10", "web_conferencing": "203.0.113.11", "av": "203.0.113.12"},
        },
    },
}


def _edge(number: int) -> dict[str, object]:
    services = {
        service: f"203.0.113.{base + number}"
        for service, base in (("access", 20), ("web_conferencing", 40), ("av", 60))
    }
    return {
        GROUPS: ("edge",),
        "ansible_host": f"10.2.0.{20 + number}",
        "lync_pool": EDGES,
        "lync_external_addresses": services,
    }


_HOSTS: dict[str, dict[str, object]] = {
    "fe01": {GROUPS: ("frontend", "mediation"), "ansible_host": "10.1.0.11", "lync_pool": POOL},
    "fe02": {GROUPS: ("frontend", "mediation"), "ansible_host": "10.1.0.12", "lync_pool": POOL},
    "dir01": {GROUPS: ("directors",), "ansible_host": "10.1.0.31", "lync_pool": DIRECTORS},
    "dir02": {GROUPS: ("directors",), "ansible_host": "10.1.0.32", "lync_pool": DIRECTORS},
    "med01": {GROUPS: ("mediation",), "ansible_host": "10.1.0.41", "lync_pool": MEDIATION},
    "edge01": _edge(1),
    "edge02": _edge(2),
    "gw01": {GROUPS: ("pstn_gateways",), "ansible_host": "10.8.0.1"},
    "lb01": {GROUPS: ("load_balancers",), "ansible_host": "10.1.0.5", "lync_balancer_driver": "haproxy"},
    "lb02": {GROUPS: ("load_balancers",), "ansible_host": "203.0.113.5", "lync_balancer_driver": "haproxy"},
    "other": {GROUPS: ("somebody_else",)},
}


def edges(numbers: Iterable[int]) -> dict[Path, object]:
    """Return the changes that add Edge Servers of these numbers, 3 to 19, to the pool."""
    return {(f"edge{number:02}", key): value for number in numbers for key, value in _edge(number).items()}


def changed(changes: Mapping[Path, object] | None = None) -> dict[str, InventoryHost]:
    """Return the sample with the values at these paths replaced, added or REMOVED; all hosts share one set of common
    values.
    """
    tree: dict[str, dict[str, object]] = copy.deepcopy({"all": _ALL, **_HOSTS})
    for path, value in (changes or {}).items():
        _change(tree, path, value)
    common = tree.pop("all")
    return {name: _host(name, {**common, **variables}) for name, variables in tree.items()}


def _change(tree: dict[str, dict[str, object]], path: Path, value: object) -> None:
    if value is REMOVED and len(path) == 1:
        del tree[path[0]]
        return
    holder: dict[str, object] = tree.setdefault(path[0], {})
    for key in path[1:-1]:
        found = holder.setdefault(key, {})
        assert isinstance(found, dict), path
        holder = found
    if value is REMOVED:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value


def _host(name: str, variables: dict[str, object]) -> InventoryHost:
    groups = variables.pop(GROUPS, ())
    assert isinstance(groups, tuple), name
    return InventoryHost(name, groups, variables)
