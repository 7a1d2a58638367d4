# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The drivers of load balancers by name.

A new driver is one folder beside this file, one entry in DRIVERS and one in CARRIERS. No other file knows all drivers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._base.errors import Problem
from .carriers import CARRIERS
from .driver import Driver
from .f5.driver import F5As3
from .haproxy import driver as haproxy
from .kemp.driver import Kemp
from .netscaler.driver import NetScaler
from .nftables import driver as nftables_udp
from .options import vendor_option_problems

_ALL: tuple[Driver, ...] = (haproxy.DRIVER, nftables_udp.DRIVER, F5As3(), NetScaler(), Kemp())
DRIVERS: Mapping[str, Driver] = {driver.name: driver for driver in _ALL}


def drivers_of(balancer_driver: str, protocols: Iterable[str] = ("tcp", "udp")) -> Iterator[Driver]:
    """Yield the drivers that a load balancer needs for these protocols, each once."""
    carriers = CARRIERS.get(balancer_driver, {})
    for name in dict.fromkeys(carriers[protocol] for protocol in protocols if protocol in carriers):
        if name in DRIVERS:
            yield DRIVERS[name]


def options_of(balancer_driver: str, protocols: Iterable[str] = ("tcp", "udp")) -> dict[str, Mapping[str, object]]:
    """Return the vendor options of a load balancer, each with the JSON Schema of its value."""
    found: dict[str, Mapping[str, object]] = {}
    for driver in drivers_of(balancer_driver, protocols):
        found.update(driver.options)
    return found


def option_problems(place: str, options: Mapping[str, object], balancer_drivers: Iterable[str]) -> Iterator[Problem]:
    """Yield what is wrong with vendor options of something that load balancers of these drivers carry."""
    drivers = sorted(set(balancer_drivers))
    known = {name: schema for driver in drivers for name, schema in options_of(driver).items()}
    return vendor_option_problems(place, options, known, drivers)
