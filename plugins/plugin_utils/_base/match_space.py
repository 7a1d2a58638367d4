# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exact algebra of admitted traffic: boxes of local address x local port x remote address x remote port.

subtract(box, others) -> the parts of box that no other box holds
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .addresses import AddressSet, PortSet

_DIMENSIONS = ("localip", "localport", "remoteip", "remoteport")


@dataclass(frozen=True)
class Box:
    """All packets whose four coordinates lie in four sets, for one direction, protocol and program."""

    direction: str
    protocol: str
    localip: AddressSet
    localport: PortSet
    remoteip: AddressSet
    remoteport: PortSet
    program: str | None = None

    @property
    def is_empty(self) -> bool:
        """Return whether no packet lies in the box."""
        return not all(getattr(self, name) for name in _DIMENSIONS)

    def same_kind(self, other: Box) -> bool:
        """Return whether what other admits can stand for what this box admits."""
        return (self.direction, self.protocol) == (other.direction, other.protocol) and other.program in (
            None,
            self.program,
        )


def subtract(box: Box, others: Iterable[Box]) -> list[Box]:
    """Return disjoint boxes that together hold what box holds and none of others does."""
    left = [box]
    for other in others:
        if box.same_kind(other):
            left = [part for piece in left for part in _cut_box(piece, other)]
    return left


def _cut_box(box: Box, other: Box) -> list[Box]:
    """Cut one box dimension by dimension: what sticks out in one is kept, the rest goes on to the next."""
    parts: list[Box] = []
    core = box
    for name in _DIMENSIONS:
        mine, theirs = getattr(core, name), getattr(other, name)
        common = mine & theirs
        if not common:
            return [box]
        if outside := mine - theirs:
            parts.append(replace(core, **{name: outside}))
        core = replace(core, **{name: common})
    return parts
