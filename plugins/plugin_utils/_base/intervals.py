# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Algebra of sets of whole numbers kept as sorted, disjoint, non-adjacent closed intervals.

    ((1, 5), (8, 8))  holds 1 to 5 and 8

Ports and addresses are such sets, so that two spellings of one set compare equal and
inclusion is exact. All functions take and return normal form; normalise() makes it.
"""

from __future__ import annotations

from collections.abc import Iterable

Interval = tuple[int, int]
Intervals = tuple[Interval, ...]


def normalise(pairs: Iterable[Interval]) -> Intervals:
    """Return the pairs sorted, with overlapping and adjacent ones merged."""
    merged: list[Interval] = []
    for first, last in sorted(pairs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def union(one: Intervals, other: Intervals) -> Intervals:
    """Return what is in either set."""
    return normalise(one + other)


def intersection(one: Intervals, other: Intervals) -> Intervals:
    """Return what is in both sets."""
    found: list[Interval] = []
    i = j = 0
    while i < len(one) and j < len(other):
        first, last = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if first <= last:
            found.append((first, last))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def difference(one: Intervals, other: Intervals) -> Intervals:
    """Return what is in one and not in other."""
    left: list[Interval] = []
    j = 0
    for first, last in one:
        start = first
        while j < len(other) and other[j][1] < start:
            j += 1
        k = j
        while k < len(other) and other[k][0] <= last:
            if other[k][0] > start:
                left.append((start, other[k][0] - 1))
            start = other[k][1] + 1
            k += 1
        if start <= last:
            left.append((start, last))
    return tuple(left)


def is_subset(one: Intervals, other: Intervals) -> bool:
    """Return whether every number of one is in other."""
    return not difference(one, other)
