# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets of TCP or UDP ports, with one canonical text for each set.

    PortSet.parse([443, "5061-5063", "5064"]).to_text() == ("443", "5061-5064")

Accepted: a number 1 to 65535, a range a-b of such numbers, and "any".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from . import intervals

ANY_TEXT = "any"
FIRST, LAST = 1, 65535
_RANGE = re.compile(r"^([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?$")


@dataclass(frozen=True)
class PortSet:
    """An immutable set of ports, as intervals."""

    pairs: intervals.Intervals = ()

    @classmethod
    def parse(cls, texts: Iterable[int | str]) -> PortSet:
        """Return the union of ports and ranges; raises ValueError that names the first bad one and why."""
        return cls(intervals.normalise(parse_range(text) for text in texts))

    @classmethod
    def of(cls, first: int, last: int | None = None) -> PortSet:
        """Return the ports first to last, or first alone."""
        return cls(((first, first if last is None else last),))

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def __or__(self, other: PortSet) -> PortSet:
        return PortSet(intervals.union(self.pairs, other.pairs))

    def __and__(self, other: PortSet) -> PortSet:
        return PortSet(intervals.intersection(self.pairs, other.pairs))

    def __sub__(self, other: PortSet) -> PortSet:
        return PortSet(intervals.difference(self.pairs, other.pairs))

    def __le__(self, other: PortSet) -> bool:
        return intervals.is_subset(self.pairs, other.pairs)

    def to_text(self) -> tuple[str, ...]:
        """Return ports and ranges a-b in ascending order; ("any",) for all ports."""
        if self == ANY:
            return (ANY_TEXT,)
        return tuple(str(first) if first == last else f"{first}-{last}" for first, last in self.pairs)


ANY = PortSet(((FIRST, LAST),))


def parse_range(text: int | str) -> intervals.Interval:
    """Return (first, last) of a port, a range a-b or "any"; raises ValueError that names the text."""
    if text == ANY_TEXT:
        return (FIRST, LAST)
    match = None if isinstance(text, bool) else _RANGE.match(str(text))
    if match is None:
        raise ValueError(f"{text!r} is not a port or a range a-b")
    first, last = int(match[1]), int(match[2] or match[1])
    if not FIRST <= first <= last <= LAST:
        raise ValueError(f"{text!r} is out of order or outside {FIRST}-{LAST}")
    return first, last
