# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of load balancers and reverse proxies: what configures them, their options, and the names that they publish.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._base.addresses import AddressSet
from .._base.errors import Problem, names_text, one_of, shown
from .._load_balancers.registry import option_problems
from . import device_variables as d
from . import pool_fields as f
from . import variables as v
from .build import Check, Draft
from .model import Host, Platform, Pool
from .naming import EXTERNAL, common_names, published_names


def _balancers_of_side(draft: Draft, pool: Pool, side: str) -> list[Host]:
    hosts = draft.topology.hosts
    return [hosts[name] for name in pool.balancers.get(side, ()) if name in hosts]


def drivers_present(draft: Draft) -> Iterator[Problem]:
    """Refuse a managed balancer of a pool that no driver configures; one that is not managed is an address in the plan
    and no more.
    """
    for host in draft.hosts_with("load_balancers"):
        if not host.managed or host.balancer_driver or not draft.host_records[host.name].good(d.BALANCER_DRIVER):
            continue
        pools = [
            name
            for name, pool in draft.topology.pools.items()
            if any(host.name in names for names in pool.balancers.values())
        ]
        if pools:
            message = f"no driver, and the load balancer of {names_text(pools)} is to be configured"
            fix = "name the driver, or set lync_managed: false where somebody else configures it"
            yield Problem(f"host {host.name}, {d.BALANCER_DRIVER.name}", message, one_of(d.DRIVERS), fix)


def pairs_alike(draft: Draft) -> Iterator[Problem]:
    """Refuse units of a pair that have different drivers, since all get the same content."""
    for pool in draft.topology.pools.values():
        for side in f.SIDES:
            units = _balancers_of_side(draft, pool, side)
            drivers = sorted({unit.balancer_driver or "none" for unit in units})
            if len(drivers) > 1:
                names = ", ".join(unit.name for unit in units)
                message = f"the {side} balancers {names} have drivers {' and '.join(drivers)}"
                yield Problem(
                    f"pool {pool.name}, balancer",
                    message,
                    "one driver for all units of a pair",
                    "correct lync_balancer_driver",
                )


def vendor_of_pools(draft: Draft) -> Iterator[Problem]:
    """Refuse options of a pool that no driver of its balancers has, and values that they do not take."""
    for name, pool in draft.topology.pools.items():
        if pool.vendor and draft.pool_records[name].good(f.VENDOR, f.BALANCER):
            drivers = {unit.balancer_driver for side in f.SIDES for unit in _balancers_of_side(draft, pool, side)} - {
                None
            }
            yield from option_problems(f"pool {name}, vendor", pool.vendor, (driver for driver in drivers if driver))


def vendor_of_balancers(draft: Draft) -> Iterator[Problem]:
    """Refuse options of a balancer that its driver does not have, and values that it does not take."""
    for host in draft.topology.hosts.values():
        if host.balancer_vendor and draft.host_records[host.name].good(d.BALANCER_VENDOR, d.BALANCER_DRIVER):
            place = f"host {host.name}, {d.BALANCER_VENDOR.name}"
            yield from option_problems(
                place, host.balancer_vendor, (host.balancer_driver,) if host.balancer_driver else ()
            )


def balancers_without_family(draft: Draft) -> Iterator[Problem]:
    """Warn of virtual addresses of a family in which a balancer has no address to speak to members from, so that they
    admit nothing of it.
    """
    for pool in draft.topology.pools.values():
        virtual = {
            "internal": pool.vip | pool.web_vip | pool.external_web_vip,
            "external": AddressSet.union_of(pool.external_vips.values()),
        }
        for side in f.SIDES:
            for unit in _balancers_of_side(draft, pool, side):
                lacking = virtual[side].families - unit.balancer_addresses.families
                families = " and ".join(f"IPv{family}" for family in sorted(lacking))
                if lacking:
                    virtual_ones = f"{unit.name} has {families} virtual addresses on its {side} side"
                    message = f"{virtual_ones} and no {families} address that it speaks to members from"
                    yield Problem(
                        f"pool {pool.name}, balancer",
                        message,
                        fix=f"add one to {d.BALANCER_ADDRESSES.name} of {unit.name}",
                    )


def driver_of_proxies(draft: Draft) -> Iterator[Problem]:
    """Refuse a driver on a host that is no reverse proxy, or that runs something else than Linux."""
    for host in draft.topology.hosts.values():
        place = f"host {host.name}, {d.REVERSE_PROXY_DRIVER.name}"
        if not host.reverse_proxy_driver or not draft.host_records[host.name].good(d.REVERSE_PROXY_DRIVER, v.PLATFORM):
            continue
        if "reverse_proxy" not in host.roles:
            group = draft.groups.group_of("reverse_proxy")
            yield Problem(
                place,
                f"the host is not in group {group}",
                "a reverse proxy",
                f"put the host into group {group}, or remove the variable",
            )
        elif host.platform is not Platform.LINUX:
            yield Problem(
                place,
                f"{host.reverse_proxy_driver} is configured on Linux only, lync_platform is {host.platform.value}",
                "linux",
                "correct one",
            )


def names_published_once(draft: Draft) -> Iterator[Problem]:
    """Refuse a simple URL or a name of client discovery that is the external web name of another pool than the one
    they belong to.
    """
    if not draft.deployment.good(v.SIMPLE_URLS_OF, v.SIP_DOMAINS, v.HOME_POOLS):
        return
    pools = draft.topology.pools.values()
    owners = {name.lower(): pool for pool in pools for name in common_names(pool, draft.topology, EXTERNAL)}
    for pool in pools:
        name = pool.external_web_fqdn or ""
        home = owners.get(name.lower(), pool)
        if home is not pool:
            message = f"{shown(name)} is a simple URL or a name of client discovery, which pool {home.name} answers"
            yield Problem(
                f"pool {pool.name}, external_web_fqdn", message, "a name of its own", "give the pool another name"
            )


def one_mode_of_nginx(draft: Draft) -> Iterator[Problem]:
    """Refuse both modes of TLS where nginx publishes: one of its listeners either passes through or ends TLS."""
    names = {name: published_names(pool, draft.topology) for name, pool in draft.topology.pools.items()}
    modes = {
        draft.topology.pools[name].tls.mode
        for name, found in names.items()
        if found and draft.pool_records[name].good(f.TLS)
    }
    for host in draft.hosts_with("reverse_proxy"):
        if host.reverse_proxy_driver == "nginx" and len(modes) > 1:
            message = "pools have tls of both modes, and nginx does one at an address"
            yield Problem(
                f"host {host.name}, {d.REVERSE_PROXY_DRIVER.name}",
                message,
                "one mode for all pools, or haproxy",
                "correct one",
            )


def tls_without_proxy(draft: Draft) -> Iterator[Problem]:
    """Warn about TLS of pools where no reverse proxy is configured."""
    if any(host.reverse_proxy_driver for host in draft.hosts_with("reverse_proxy")):
        return
    for name, record in draft.pool_records.items():
        if record.has(f.TLS):
            yield Problem(
                f"pool {name}, tls",
                "nobody reads it: no reverse proxy has lync_reverse_proxy_driver",
                fix="set it on the proxies, or remove tls",
            )


ERRORS: tuple[Check, ...] = (
    drivers_present, pairs_alike, vendor_of_pools, vendor_of_balancers, driver_of_proxies, names_published_once,
    one_mode_of_nginx,
)  # fmt: skip
WARNINGS: tuple[Check, ...] = (balancers_without_family, tls_without_proxy)
