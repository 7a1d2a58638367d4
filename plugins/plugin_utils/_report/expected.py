# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which results a run must have: those of the devices that its plan and its tags name, so that a lost one is seen.

expected_devices(state)[Concern.FIREWALL] == ("fe01", "fe02")
"""

from __future__ import annotations

from collections.abc import Iterator

from .._load_balancers.registry import CARRIERS
from .._plan.model import Plan
from .._rollout.results import DNS_DEVICE, Concern, Step, TaskResult
from .._rollout.run_state import RunState


def expected_devices(state: RunState) -> dict[Concern, tuple[str, ...]]:
    """Return the devices of this run by concern, sorted, those of concerns that its tags leave out too."""
    scope = state.scope()
    waves = {platform: state.waves(platform).waves for platform in ("windows", "linux")}
    windows, linux = (tuple(sorted(host for wave in waves[platform] for host in wave)) for platform in waves)
    balancers, proxies = (tuple(sorted(filter(scope.plays, names))) for names in (state.balancers(), state.proxies()))
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


def compared(state: RunState, plan: Plan) -> Iterator[TaskResult]:
    """Yield the comparisons of a run: those that its plan and tags expect, and those that it made besides."""
    scope = state.scope()
    for concern, names in expected_devices(state).items():
        for name in names:
            if scope.has(concern) or state.result(name, concern, Step.COMPARE):
                yield from own_results(state, plan, name, concern, Step.COMPARE)
    yield from dns_results(state, Step.COMPARE)


def dns_results(state: RunState, *steps: Step) -> list[TaskResult]:
    """Return the results of DNS, whose tasks run once for all servers; none where there was no server to ask."""
    found = [result for step in steps if (result := state.result(DNS_DEVICE, Concern.DNS, step))]
    if not found and state.scope().has(Concern.DNS):
        return [TaskResult.unknown(DNS_DEVICE, Concern.DNS, steps[0])]
    return found if any(map(was_asked, found)) else []


def was_asked(result: TaskResult) -> bool:
    """Return whether a DNS server was asked, or should have been."""
    return not result.is_done or result.count("stats", "requests") > 0
