# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filters over hostvars: the plan's rules, exemptions, services and records of one host or pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from ansible.errors import AnsibleFilterError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError, nearest, one_of
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import HostVars, read_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import Plan

_Item = TypeVar("_Item")


def firewall_rules(hostvars: HostVars, host: str) -> object:
    """Return the firewall rules that a managed host should have."""
    return plain(_find_named(_compile_hostvars(hostvars).hosts, "managed host", host).firewall_rules)


def ipsec_exemptions(hostvars: HostVars, host: str) -> object:
    """Return the IPsec exemptions that a managed host should have."""
    return plain(_find_named(_compile_hostvars(hostvars).hosts, "managed host", host).ipsec_exemptions)


def virtual_services(hostvars: HostVars, pool: str) -> object:
    """Return the virtual services that a pool's load balancers should have."""
    return plain(_find_named(_compile_hostvars(hostvars).pools, "pool", pool).virtual_services)


def dns_records(hostvars: HostVars, pool: str) -> object:
    """Return the DNS records that a pool should have."""
    return plain(_find_named(_compile_hostvars(hostvars).pools, "pool", pool).dns_records)


def _compile_hostvars(hostvars: HostVars) -> Plan:
    try:
        return compile_inventory(read_inventory(hostvars))
    except (InvalidInputError, MissingLibraryError) as error:
        raise AnsibleFilterError(str(error)) from None


def _find_named(items: Mapping[str, _Item], noun: str, name: str) -> _Item:
    if name not in items:
        near = nearest(name, items)
        fix = f"; fix: did you mean {near}?" if near else ""
        raise AnsibleFilterError(f"{name!r} is no {noun} of this inventory; allowed: {one_of(items)}{fix}")
    return items[name]


class FilterModule:
    """The filters firewall_rules, ipsec_exemptions, virtual_services and dns_records."""

    def filters(self) -> dict[str, Callable[[HostVars, str], object]]:
        """Return the filters by name."""
        return {
            function.__name__: function
            for function in (firewall_rules, ipsec_exemptions, virtual_services, dns_records)
        }
