# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""In which order hosts are changed: a canary per role first, then so many members of each pool at a time.

    waves_of([fe01, fe02, fe03, med01], 1) -> Waves((("fe01", "med01"), ("fe02",), ("fe03",)),
                                                    {"fe02": ("fe01",), "fe03": ("fe01", "fe02")})

No wave holds more than wave_size members of one pool. A host whose predecessor failed is not changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._plan.model import HostPlan


@dataclass(frozen=True)
class Waves:
    """Host names wave by wave, and for each host the ones that must have succeeded before it."""

    waves: tuple[tuple[str, ...], ...] = ()
    predecessors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def waves_of(hosts: Iterable[HostPlan], wave_size: int = 1) -> Waves:
    """Return the waves of some hosts, in their order; wave_size: members of one pool that change at a time."""
    plans = list(hosts)
    canaries = _canaries(plans)
    numbers = _wave_numbers(plans, set(canaries.values()), wave_size)
    waves = tuple(
        tuple(plan.host for plan in plans if numbers[plan.host] == number) for number in sorted(set(numbers.values()))
    )
    return Waves(waves, _predecessors(plans, numbers, canaries))


def _canaries(plans: list[HostPlan]) -> dict[str, str]:
    """Return the canary of each role: its first host.

    None for a role whose first host shares a pool with another canary.
    """
    canaries: dict[str, str] = {}
    pools: dict[str, str] = {}
    for plan in plans:
        for role in plan.roles:
            if role not in canaries and pools.get(plan.pool or "", plan.host) == plan.host:
                canaries[role] = plan.host
                if plan.pool:
                    pools[plan.pool] = plan.host
    return canaries


def _wave_numbers(plans: list[HostPlan], canaries: set[str], wave_size: int) -> dict[str, int]:
    """Return each host's wave: 0 for canaries, 1 and up for the rest, counted per pool.

    Hosts without a pool go in wave 1.
    """
    counts: dict[str, int] = {}
    numbers: dict[str, int] = {}
    for plan in plans:
        if plan.host in canaries:
            numbers[plan.host] = 0
            continue
        place = counts.get(plan.pool, 0) if plan.pool else 0
        numbers[plan.host] = 1 + place // wave_size
        if plan.pool:
            counts[plan.pool] = place + 1
    return numbers


def _predecessors(
    plans: list[HostPlan], numbers: Mapping[str, int], canaries: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    by_pool: dict[str, list[str]] = {}
    for plan in plans:
        if plan.pool:
            by_pool.setdefault(plan.pool, []).append(plan.host)
    found: dict[str, tuple[str, ...]] = {}
    for plan in plans:
        mates = by_pool.get(plan.pool, []) if plan.pool else []
        before = {mate for mate in mates if numbers[mate] < numbers[plan.host]}
        before |= {canaries[role] for role in plan.roles if role in canaries and numbers[plan.host] > 0}
        found[plan.host] = tuple(sorted(before))
    return {host: names for host, names in found.items() if names}
