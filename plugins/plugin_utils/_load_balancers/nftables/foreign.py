# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who else leads datagrams of a UDP service: chains of nftables of somebody else that translate its address and port.

Of two chains that translate the same connection the first one wins, so one of both owners gets nothing. What a chain
does to a part of the clients is as bad: a service has all of its clients.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..._base.addresses import ANY, ANY_PORT, AddressSet, PortSet
from ..._base.match_space import Box
from ..._base.nft_chains import TRANSLATES, Block, Extent, Foreign, Search
from ..conflicts import Listener
from ..model import Service
from .driver import allowed_clients

_UDP = "17"
_PROXIES = frozenset({"tproxy"})
_SEARCHES = (
    Search("in", ("prerouting",), TRANSLATES, ("nat",)),
    Search("in", ("prerouting",), _PROXIES, ("filter",)),
    Search("out", ("output",), TRANSLATES, ("nat",)),
)


def translating(foreign: Foreign, services: Iterable[Service]) -> Iterator[Listener]:
    """Yield the chains that lead clients of services elsewhere, as what has their addresses and ports."""
    for service in services:
        for block in _blocks(foreign, service):
            if block.extent is not Extent.UNKNOWN:
                owner = f"chain {block.chain} of nftables, which translates it"
                yield Listener(owner, service.vip, service.port, service.protocol)


def unknown_chains(foreign: Foreign, services: Iterable[Service]) -> list[str]:
    """Return the chains that may do so by rules that are not understood, sorted."""
    blocks = (block for service in services for block in _blocks(foreign, service))
    return sorted({block.chain for block in blocks if block.extent is Extent.UNKNOWN})


def _blocks(foreign: Foreign, service: Service) -> Iterator[Block]:
    vip, port = AddressSet.parse([service.vip]), PortSet.parse([str(service.port)])
    everybody = ANY.of_families(vip.families)
    boxes = {
        "in": Box("in", _UDP, vip, port, allowed_clients(service), ANY_PORT),
        "out": Box("out", _UDP, everybody, ANY_PORT, vip, port),
    }
    for search in _SEARCHES:
        yield from foreign.found(search, [boxes[search.direction]])
