# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which results a run must have: those of the devices that its plan and its tags name, so that a lost one is seen.

expected_devices(state, played)[Concern.FIREWALL] == ("fe01", "fe02")
Selection(tags=frozenset({"firewall"})).has(Concern.IPSEC) is False
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .._drift.report import DNS_DEVICE
from .._load_balancers.registry import CARRIERS
from .._plan.model import Plan
from .._rollout.results import Concern, Step, TaskResult
from .._rollout.run_state import RunState

# The tags of the tasks in playbooks, by which a user chooses.
_TAGS = {
    Concern.FIREWALL: "firewall",
    Concern.NFTABLES: "linux_firewall",
    Concern.IPSEC: "ipsec",
    Concern.LOAD_BALANCER: "load_balancer",
    Concern.PUBLICATIONS: "load_balancer",
    Concern.DNS: "dns",
}
_EVERY_TAG = frozenset({"all", "tagged"})


@dataclass(frozen=True)
class Selection:
    """The tags that a run was given, and those that it was to skip."""

    tags: frozenset[str] = frozenset({"all"})
    skipped: frozenset[str] = frozenset()

    def has(self, concern: Concern) -> bool:
        """Return whether the tags of a run include a concern."""
        names = {_TAGS[concern], *_EVERY_TAG}
        return bool(self.tags & names) and not self.skipped & names


def expected_devices(state: RunState, played: Iterable[str]) -> dict[Concern, tuple[str, ...]]:
    """Return the devices of this run by concern, sorted; played: the hosts of the run."""
    hosts = set(played)
    waves = {platform: state.waves(platform).waves for platform in ("windows", "linux")}
    windows, linux = (tuple(sorted(host for wave in waves[platform] for host in wave)) for platform in waves)
    balancers, proxies = (tuple(sorted(hosts & set(names))) for names in (state.balancers(), state.proxies()))
    return {
        Concern.FIREWALL: windows,
        Concern.NFTABLES: linux,
        Concern.IPSEC: windows,
        Concern.LOAD_BALANCER: balancers,
        Concern.PUBLICATIONS: proxies,
    }


def own_results(state: RunState, plan: Plan, device: str, concern: Concern, step: Step) -> list[TaskResult]:
    """Return the results of a step of one concern of a device; what the plan expects and is not there is UNKNOWN."""
    found = [state.expected(device, concern, step)]
    if concern is Concern.LOAD_BALANCER:
        udp = state.result(device, Concern.LOAD_BALANCER_UDP, step)
        if udp is None and found[0].is_done and _has_second_program(plan, device):
            udp = TaskResult.unknown(device, Concern.LOAD_BALANCER_UDP, step)
        found += [udp] if udp else []
    return found


def _has_second_program(plan: Plan, balancer: str) -> bool:
    """Return whether a second program carries services of a load balancer, as nginx does UDP beside HAProxy."""
    host = plan.hosts.get(balancer)
    carriers = CARRIERS.get(host.load_balancer.driver, {}) if host and host.load_balancer else {}
    services = (service for pool in plan.pools.values() for service in pool.virtual_services)
    protocols = {service.protocol for service in services if balancer in service.balancers}
    return "udp" in protocols and carriers.get("udp") != carriers.get("tcp")


def compared(state: RunState, plan: Plan, played: Iterable[str], selection: Selection) -> Iterator[TaskResult]:
    """Yield the comparisons of a run: those that its plan and tags expect, and those that it made besides."""
    for concern, names in expected_devices(state, played).items():
        for name in names:
            if selection.has(concern) or state.result(name, concern, Step.COMPARE):
                yield from own_results(state, plan, name, concern, Step.COMPARE)
    dns = compared_dns(state, selection)
    yield from [dns] if dns else []


def compared_dns(state: RunState, selection: Selection) -> TaskResult | None:
    """Return the comparison of DNS; None where there is no server to ask."""
    found = state.result(DNS_DEVICE, Concern.DNS, Step.COMPARE)
    if found is None:
        return TaskResult.unknown(DNS_DEVICE, Concern.DNS, Step.COMPARE) if selection.has(Concern.DNS) else None
    return found if was_asked(found) else None


def was_asked(result: TaskResult) -> bool:
    """Return whether a DNS server was asked, or should have been."""
    return not result.is_done or result.count("stats", "requests") > 0
