# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of the names that pools have in DNS."""

from __future__ import annotations

from collections.abc import Iterator

from .._base.errors import Problem, shown
from .draft import Check, Draft
from .model import Pool

_FIX = "give each pool names of its own"


def _names(pool: Pool) -> Iterator[tuple[str, str, str]]:
    """Yield (view, key, name) of each name of a pool."""
    yield "internal", "name of the pool", pool.name
    if pool.web_fqdn:
        yield "internal", "web_fqdn", pool.web_fqdn
    if pool.external_web_fqdn:
        yield "external", "external_web_fqdn", pool.external_web_fqdn
    for service, name in pool.external_fqdns.items():
        if name:
            yield "external", f"external_fqdns.{service}", name


def names_unique(draft: Draft) -> Iterator[Problem]:
    """Refuse a name that two pools have in one view: it can lead to one of them only."""
    holders: dict[tuple[str, str], str] = {}
    for pool in draft.topology.pools.values():
        for view, key, name in _names(pool):
            other = holders.setdefault((view, name.lower()), pool.name)
            if other != pool.name:
                yield Problem(f"pool {pool.name}, {key}", f"{shown(name)} is also a name of pool {other}", "a name for one pool in each view", _FIX)


ERRORS: tuple[Check, ...] = (names_unique,)
