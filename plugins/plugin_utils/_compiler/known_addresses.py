# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every address and network that an inventory or its plan names, whatever for.

    known_addresses(inventory, plan.hosts.values())       # hosts, virtual addresses, NAT, networks, DNS servers

What a device has beyond these belongs to nobody that the inventory knows: to a host that vanished, perhaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._base.addresses import ANY, AddressSet
from .._inventory.model import InventoryHost
from .._inventory.run_variables import RUN_VARIABLES
from .._plan.model import HostPlan

# What a run is asked for may name what is no longer there: lync_gone, lync_accept.
_OF_A_RUN = frozenset(variable.name for variable in RUN_VARIABLES)
_EVERYTHING = (ANY, AddressSet(ANY.ipv4), AddressSet((), ANY.ipv6))


def known_addresses(inventory: Mapping[str, InventoryHost], plans: Iterable[HostPlan]) -> AddressSet:
    """Return the union of all address texts of all variables, hosts without a role included, and of all rules.

    What admits everybody names nobody: any, 0.0.0.0/0 and ::/0 do not count.
    """
    texts = set(_texts(list(_distinct_values(inventory.values()))))
    texts |= {text for plan in plans for rule in plan.firewall_rules for text in (*rule.localip, *rule.remoteip)}
    sets = (_parsed(part.strip()) for text in texts for part in text.split(","))
    return AddressSet.union_of(found for found in sets if found not in _EVERYTHING)


def written_addresses(inventory: Mapping[str, InventoryHost]) -> dict[str, str]:
    """Return the addresses, networks and ranges that variables hold, as they are written there, each as its own name.
    """
    texts = set(_texts(list(_distinct_values(inventory.values()))))
    parts = sorted({part.strip() for text in texts for part in text.split(",")})
    found = {part: _parsed(part) for part in parts}
    return {part: part for part, addresses in found.items() if addresses and addresses not in _EVERYTHING}


def _distinct_values(hosts: Iterable[InventoryHost]) -> Iterable[object]:
    """Return the values of all variables, each object once: what a group sets is one object on all of its hosts."""
    values = (item for host in hosts for item in host.variables.items())
    return {id(value): value for name, value in values if name not in _OF_A_RUN}.values()


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for item in value.values() for text in _texts(item))
    elif isinstance(value, (list, tuple)):
        yield from (text for item in value for text in _texts(item))


def _parsed(text: str) -> AddressSet:
    """Return what a text stands for; nothing where it is no address."""
    # Most texts are words, and to ask the parser of each costs more than the look at one letter.
    if not text or (text[0] not in "0123456789:" and ":" not in text[:5]):
        return AddressSet()
    try:
        return AddressSet.parse([text])
    except ValueError:
        return AddressSet()
