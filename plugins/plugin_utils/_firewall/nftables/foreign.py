# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tables of somebody else do to traffic that a rule admits: a drop anywhere ends it.

blocks(foreign, rule) == [Block("inet theirs c", Extent.WHOLE)]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..._base.match_space import Box
from ..._base.nft_chains import DROPS, Block, Foreign, Search
from ..rule import ANY_PROTOCOL, Rule

_SEARCHES: Mapping[str, Search] = {
    "in": Search("in", ("ingress", "prerouting", "input"), DROPS),
    "out": Search("out", ("output", "postrouting", "egress"), DROPS),
}
_PROTOCOLS = ("6", "17", "1")


def blocks(foreign: Foreign, rule: Rule) -> list[Block]:
    """Return the chains that drop something of what a rule admits, or may as far as anybody knows, sorted."""
    return foreign.found(_SEARCHES[rule.direction], list(_boxes_of(rule)))


def _boxes_of(rule: Rule) -> Iterator[Box]:
    """Yield what a rule admits, by family and protocol: no packet has addresses of two families."""
    protocols = (str(rule.protocol),) if rule.protocol != ANY_PROTOCOL else _PROTOCOLS
    for family in (4, 6):
        one = frozenset({family})
        local, remote = (side.addresses.of_families(one) for side in (rule.localip, rule.remoteip))
        for protocol in protocols:
            yield Box(rule.direction, protocol, local, rule.localport.ports, remote, rule.remoteport.ports)
