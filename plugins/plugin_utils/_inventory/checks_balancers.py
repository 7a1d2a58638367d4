# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of load balancers: their drivers, pairs of them, and the options of their vendors."""

from __future__ import annotations

from collections.abc import Iterator

from .._base.addresses import AddressSet
from .._base.errors import Problem, one_of
from .._load_balancers.registry import option_problems
from . import device_variables as d
from . import pool_fields as f
from .draft import Check, Draft
from .messages import names_text
from .model import Host, Pool


def _balancers(draft: Draft, pool: Pool, side: str) -> list[Host]:
    hosts = draft.topology.hosts
    return [hosts[name] for name in pool.balancers.get(side, ()) if name in hosts]


def drivers_present(draft: Draft) -> Iterator[Problem]:
    """Refuse a managed balancer of a pool that no driver configures; one that is not managed is an address in the plan and no more."""
    for host in draft.hosts_with("load_balancers"):
        if not host.managed or host.balancer_driver or not draft.host_records[host.name].good(d.BALANCER_DRIVER):
            continue
        pools = [name for name, pool in draft.topology.pools.items() if any(host.name in names for names in pool.balancers.values())]
        if pools:
            message = f"no driver, and the load balancer of {names_text(pools)} is to be configured"
            fix = "name the driver, or set lync_managed: false where somebody else configures it"
            yield Problem(f"host {host.name}, {d.BALANCER_DRIVER.name}", message, one_of(d.DRIVERS), fix)


def pairs_alike(draft: Draft) -> Iterator[Problem]:
    """Refuse units of a pair that have different drivers, since all get the same content."""
    for pool in draft.topology.pools.values():
        for side in f.SIDES:
            units = _balancers(draft, pool, side)
            drivers = sorted({unit.balancer_driver or "none" for unit in units})
            if len(drivers) > 1:
                message = f"the {side} balancers {', '.join(unit.name for unit in units)} have drivers {' and '.join(drivers)}"
                yield Problem(f"pool {pool.name}, balancer", message, "one driver for all units of a pair", "correct lync_balancer_driver")


def vendor_of_pools(draft: Draft) -> Iterator[Problem]:
    """Refuse options of a pool that no driver of its balancers has, and values that they do not take."""
    for name, pool in draft.topology.pools.items():
        if pool.vendor and draft.pool_records[name].good(f.VENDOR, f.BALANCER):
            drivers = {unit.balancer_driver for side in f.SIDES for unit in _balancers(draft, pool, side)} - {None}
            yield from option_problems(f"pool {name}, vendor", pool.vendor, (driver for driver in drivers if driver))


def vendor_of_balancers(draft: Draft) -> Iterator[Problem]:
    """Refuse options of a balancer that its driver does not have, and values that it does not take."""
    for host in draft.topology.hosts.values():
        if host.balancer_vendor and draft.host_records[host.name].good(d.BALANCER_VENDOR, d.BALANCER_DRIVER):
            place = f"host {host.name}, {d.BALANCER_VENDOR.name}"
            yield from option_problems(place, host.balancer_vendor, (host.balancer_driver,) if host.balancer_driver else ())


def balancers_without_family(draft: Draft) -> Iterator[Problem]:
    """Warn of virtual addresses of a family in which a balancer has no address to speak to members from, so that they admit nothing of it."""
    for pool in draft.topology.pools.values():
        virtual = {"internal": pool.vip | pool.web_vip | pool.external_web_vip, "external": AddressSet.union_of(pool.external_vips.values())}
        for side in f.SIDES:
            for unit in _balancers(draft, pool, side):
                lacking = virtual[side].families - unit.balancer_addresses.families
                families = " and ".join(f"IPv{family}" for family in sorted(lacking))
                if lacking:
                    message = f"{unit.name} has {families} virtual addresses on its {side} side and no {families} address that it speaks to members from"
                    yield Problem(f"pool {pool.name}, balancer", message, fix=f"add one to {d.BALANCER_ADDRESSES.name} of {unit.name}")


ERRORS: tuple[Check, ...] = (drivers_present, pairs_alike, vendor_of_pools, vendor_of_balancers)
WARNINGS: tuple[Check, ...] = (balancers_without_family,)
