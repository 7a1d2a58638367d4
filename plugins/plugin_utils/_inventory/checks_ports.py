# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of media port ranges against each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from .._base.errors import Problem
from .draft import Check, Draft
from .messages import hosts_text
from .model import DEFAULT_MEDIA_PORTS

# Ranges of one server; the client's range is on other machines.
_OF_SERVERS = ("audio", "video", "application_sharing")
_FIX = "give each kind of media a range of its own, so that its packets can be marked"


def media_ranges_apart(draft: Draft) -> Iterator[Problem]:
    """Warn about ranges that overlap, except two that both are the documented defaults; once per distinct setting."""
    holders: dict[tuple[tuple[str, tuple[int, int]], ...], list[str]] = {}
    for host in draft.topology.hosts.values():
        if host.media_ports is not DEFAULT_MEDIA_PORTS:
            holders.setdefault(tuple(host.media_ports.items()), []).append(host.name)
    for ranges, hosts in holders.items():
        for message in _overlaps(dict(ranges)):
            yield Problem(f"{hosts_text(hosts)}, lync_media_ports", message, fix=_FIX)


def _overlaps(ranges: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    for one, other in combinations(_OF_SERVERS, 2):
        documented = all(ranges[name] == DEFAULT_MEDIA_PORTS[name] for name in (one, other))
        if not documented and ranges[one][0] <= ranges[other][1] and ranges[other][0] <= ranges[one][1]:
            first, second = (f"{name} {ranges[name][0]}-{ranges[name][1]}" for name in (one, other))
            yield f"{first} and {second} overlap"


WARNINGS: tuple[Check, ...] = (media_ranges_apart,)
