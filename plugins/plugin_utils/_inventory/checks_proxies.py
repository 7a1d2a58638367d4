# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of reverse proxies: what configures them, and the names that they publish."""

from __future__ import annotations

from collections.abc import Iterator

from .._base.errors import Problem, shown
from . import device_variables as d
from . import pool_fields as f
from . import variables as v
from .draft import Check, Draft
from .model import Platform
from .pool_names import home_pool, published_names


def driver_of_proxies(draft: Draft) -> Iterator[Problem]:
    """Refuse a driver on a host that is no reverse proxy, or that runs something else than Linux."""
    for host in draft.topology.hosts.values():
        place = f"host {host.name}, {d.REVERSE_PROXY_DRIVER.name}"
        if not host.reverse_proxy_driver or not draft.host_records[host.name].good(d.REVERSE_PROXY_DRIVER, v.PLATFORM):
            continue
        if "reverse_proxy" not in host.roles:
            group = draft.groups.group_of("reverse_proxy")
            yield Problem(place, f"the host is not in group {group}", "a reverse proxy", f"put the host into group {group}, or remove the variable")
        elif host.platform is not Platform.LINUX:
            yield Problem(place, f"{host.reverse_proxy_driver} is configured on Linux only, lync_platform is {host.platform.value}", "linux", "correct one")


def names_published_once(draft: Draft) -> Iterator[Problem]:
    """Refuse a simple URL or a name of client discovery that is the external web name of another pool than the one they belong to."""
    home = home_pool(draft.topology)
    if home is None or not draft.deployment.good(v.SIMPLE_URLS_OF, v.SIP_DOMAINS):
        return
    common = set(published_names(home, draft.topology, is_home=True)) - set(published_names(home, draft.topology, is_home=False))
    for pool in draft.topology.pools.values():
        name = pool.external_web_fqdn or ""
        if pool is not home and name.lower() in common:
            message = f"{shown(name)} is a simple URL or a name of client discovery, which pool {home.name} answers"
            yield Problem(f"pool {pool.name}, external_web_fqdn", message, "a name of its own", "give the pool another name")


def one_mode_of_nginx(draft: Draft) -> Iterator[Problem]:
    """Refuse both modes of TLS where nginx publishes: one of its listeners either passes through or ends TLS."""
    home = home_pool(draft.topology)
    names = {name: published_names(pool, draft.topology, pool is home) for name, pool in draft.topology.pools.items()}
    modes = {draft.topology.pools[name].tls.mode for name, found in names.items() if found and draft.pool_records[name].good(f.TLS)}
    for host in draft.hosts_with("reverse_proxy"):
        if host.reverse_proxy_driver == "nginx" and len(modes) > 1:
            message = "pools have tls of both modes, and nginx does one at an address"
            yield Problem(f"host {host.name}, {d.REVERSE_PROXY_DRIVER.name}", message, "one mode for all pools, or haproxy", "correct one")


def tls_without_proxy(draft: Draft) -> Iterator[Problem]:
    """Warn about TLS of pools where no reverse proxy is configured."""
    if any(host.reverse_proxy_driver for host in draft.hosts_with("reverse_proxy")):
        return
    for name, record in draft.pool_records.items():
        if record.has(f.TLS):
            yield Problem(f"pool {name}, tls", "nobody reads it: no reverse proxy has lync_reverse_proxy_driver", fix="set it on the proxies, or remove tls")


ERRORS: tuple[Check, ...] = (driver_of_proxies, names_published_once, one_mode_of_nginx)
WARNINGS: tuple[Check, ...] = (tls_without_proxy,)
