# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which driver speaks to which load balancer: lync_balancer_driver and a service's protocol -> driver.

A new driver is one file beside this one and one entry in DRIVERS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._base.errors import Problem, nearest, one_of, shown
from .._base.libraries import jsonschema
from .driver import Driver
from .f5.driver import F5As3
from .haproxy import driver as haproxy
from .kemp.driver import Kemp
from .netscaler.driver import NetScaler
from .nginx import driver as nginx_stream

_ALL: tuple[Driver, ...] = (haproxy.DRIVER, nginx_stream.DRIVER, F5As3(), NetScaler(), Kemp())
DRIVERS: Mapping[str, Driver] = {driver.name: driver for driver in _ALL}
# lync_balancer_driver -> protocol -> name of the driver; HAProxy carries no UDP, so nginx does it beside it.
CARRIERS: Mapping[str, Mapping[str, str]] = {
    "haproxy": {"tcp": "haproxy", "udp": "nginx_stream"},
    "nginx": {"tcp": "nginx_stream", "udp": "nginx_stream"},
    "f5_as3": {"tcp": "f5_as3", "udp": "f5_as3"},
    "netscaler": {"tcp": "netscaler", "udp": "netscaler"},
    "kemp": {"tcp": "kemp", "udp": "kemp"},
}


def drivers_of(balancer_driver: str, protocols: Iterable[str] = ("tcp", "udp")) -> Iterator[Driver]:
    """Yield the drivers that a load balancer needs for these protocols, each once."""
    carriers = CARRIERS.get(balancer_driver, {})
    for name in dict.fromkeys(carriers[protocol] for protocol in protocols if protocol in carriers):
        if name in DRIVERS:
            yield DRIVERS[name]


def options_of(balancer_driver: str, protocols: Iterable[str] = ("tcp", "udp")) -> dict[str, Mapping[str, object]]:
    """Return the vendor options of a load balancer, each with the JSON Schema of its value."""
    return {name: schema for driver in drivers_of(balancer_driver, protocols) for name, schema in driver.options.items()}


def option_problems(place: str, options: Mapping[str, object], balancer_drivers: Iterable[str]) -> Iterator[Problem]:
    """Yield what is wrong with vendor options of something that load balancers of these drivers carry."""
    drivers = sorted(set(balancer_drivers))
    known = {name: schema for driver in drivers for name, schema in options_of(driver).items()}
    for name, value in options.items():
        if name not in known:
            allowed = one_of(known) or "none"
            fix = f"write {nearest(name, known)}" if nearest(name, known) else "remove it"
            yield Problem(f"{place}.{name}", f"{shown(name)} is not an option of {' or '.join(drivers) or 'any driver'}", allowed, fix)
            continue
        for error in jsonschema.Draft202012Validator(known[name]).iter_errors(value):
            yield Problem(f"{place}.{name}", f"{shown(value)} cannot be used: {error.message}", fix="correct the value")
