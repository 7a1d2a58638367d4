# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The units of a pair: which one is active, and whether the others have what it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..._base.untyped import Object, text
from ..https import DeviceError, Provider
from .client import BigIp

_DEVICES = "cm/device?$select=name,hostname,failoverState,selfDevice,managementIp"
ALONE = "standalone"


@dataclass(frozen=True)
class Unit:
    """The unit that is worked on. active: whether it carries the traffic. others: the names of the units beside it."""

    name: str
    active: bool
    active_name: str
    others: tuple[str, ...]


def find_active(provider: Provider, peers: Sequence[str], connect: Callable[[Provider], BigIp]) -> tuple[BigIp, Unit]:
    """Return the active unit among a host and its peers, connected; the host itself when none of them is active."""
    first = connect(provider)
    found = unit_of(first)
    if found.active:
        return first, found
    for host in peers:
        other = connect(replace(provider, host=host))
        unit = unit_of(other)
        if unit.active:
            first.close()
            return other, unit
        other.close()
    return first, found


def unit_of(device: BigIp) -> Unit:
    """Return what a unit says of itself and of the others."""
    devices = device.collection(_DEVICES)
    own = next((item for item in devices if text(item.get("selfDevice")) == "true"), devices[0] if len(devices) == 1 else {})
    if not own:
        raise DeviceError(f"{device.place}: does not say which of the units it is")
    active = next((_name(item) for item in devices if item.get("failoverState") == "active"), "")
    return Unit(_name(own), own.get("failoverState") == "active", active, tuple(_name(item) for item in devices if item is not own))


def _name(item: Object) -> str:
    return text(item.get("hostname") or item.get("name"))
