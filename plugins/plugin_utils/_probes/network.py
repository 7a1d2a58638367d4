# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host told of its network cards, routes and DNS servers, and which way it sends what.

    network = read_network(result["network"])
    network.ways(AddressSet.parse(["10.1.0.0/16"])) == [(AddressSet(10.1.0.0/16), Route("10.0.0.0/8", "eth0", "10.2.0.1", 0))]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .._base.addresses import AddressSet

_ON_LINK = ("", "0.0.0.0", "::")
NOT_TOLD = "the host was not asked for its network"


@dataclass(frozen=True)
class Route:
    """A route: to a network in CIDR notation, by a network card, via a gateway (empty on the link itself)."""

    to: str
    by: str
    via: str
    metric: int

    @property
    def is_default(self) -> bool:
        """Return whether it is for whatever no other route is for."""
        return self.to.endswith("/0")

    @property
    def is_on_link(self) -> bool:
        """Return whether its network is that of the card itself."""
        return self.via in _ON_LINK

    @property
    def words(self) -> str:
        """Return it in words: "10.0.0.0/8 by eth0 to 10.2.0.1"."""
        return f"{self.to} by {self.by}{'' if self.is_on_link else f' to {self.via}'}"


@dataclass(frozen=True)
class Network:
    """What was told. interfaces: addresses in CIDR notation by the card's name, of those that are up.

    lasting: networks whose routes outlast a restart, None when nobody knows. problem: why nothing, or not all, is known of routes.
    """

    interfaces: Mapping[str, tuple[str, ...]]
    routes: tuple[Route, ...] = ()
    lasting: frozenset[str] | None = None
    dns_servers: tuple[str, ...] = ()
    problem: str = ""

    def cards_of(self, addresses: Iterable[str]) -> frozenset[str]:
        """Return the network cards that have one of the addresses."""
        wanted = AddressSet.parse(addresses)
        return frozenset(name for name, own in self.interfaces.items() if wanted & AddressSet.parse(each.partition("/")[0] for each in own))

    def networks_of(self, addresses: Iterable[str]) -> AddressSet:
        """Return the networks that the addresses are in, as their cards say."""
        wanted = AddressSet.parse(addresses)
        each = (text for own in self.interfaces.values() for text in own)
        return AddressSet.parse(text for text in each if AddressSet.parse([text.partition("/")[0]]) <= wanted)

    def defaults(self, family: int) -> tuple[Route, ...]:
        """Return the default routes of a family, the one in use first."""
        found = [route for route in self.routes if route.is_default and (":" in route.to) == (family == 6)]
        return tuple(sorted(found, key=lambda route: route.metric))

    def ways(self, wanted: AddressSet) -> list[tuple[AddressSet, Route | None]]:
        """Return which part of the addresses goes by which route, None for no route: the longest network, then the lowest metric."""
        found: list[tuple[AddressSet, Route | None]] = []
        for route in sorted(self.routes, key=lambda route: (-int(route.to.rpartition("/")[2]), route.metric)):
            part = wanted & AddressSet.parse([route.to])
            if part:
                found.append((part, route))
                wanted = wanted - part
        return [*found, *([(wanted, None)] if wanted else [])]


def read_network(told: object) -> Network:
    """Return what the hands answered under "network"; raises KeyError, TypeError or ValueError for what they never answer."""
    if not isinstance(told, Mapping):
        return Network({}, problem=NOT_TOLD)
    interfaces = {str(each["name"]): tuple(map(_plain, each["addresses"])) for each in told["interfaces"]}
    routes = [Route(_plain(each["to"]), str(each["by"]), _plain(each["via"]), int(each["metric"])) for each in told["routes"]]
    lasting = told["lasting"]
    return Network(
        interfaces=interfaces,
        # A route by a card that is down leads nowhere.
        routes=tuple(route for route in routes if route.by in interfaces),
        lasting=None if lasting is None else frozenset(map(_plain, lasting)),
        dns_servers=tuple(map(_plain, told["dns_servers"])),
        problem=str(told["problem"]),
    )


def _plain(text: object) -> str:
    """Return an address or network without the card that some systems append to one of its link."""
    address, slash, length = str(text).partition("/")
    return f"{address.partition('%')[0].lower()}{slash}{length}"
