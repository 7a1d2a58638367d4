# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a LoadMaster cannot express of a service, and the nearest that it can."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ..._base.errors import Problem
from ..driver import (
    INSTEAD_OF_COOKIE,
    WHY_NO_COOKIE,
    Refusal,
    always_member_down,
    has_cookie,
    hides_node_port,
    refuse_member_states,
)
from ..model import Member, MemberDown, MemberState, Persistence, PersistenceKind, Service, affinity_group
from . import fields as f

REMOTE = "remote_members"
"""The option that members are outside the LoadMaster's networks."""
_PORTS = (3, 65530)
_WHY_LAYER_4 = (
    "UDP goes through layer 4, which is always transparent: members see the client's address, their answers have to "
    "leave by the LoadMaster, and clients are in another network than members"
)
_WHY_SWITCH = (
    "'Drop Connections on RS failure' (droponfail) of the whole LoadMaster decides it: it is not touched, and a run "
    "warns where it is off"
)
_WHY_STATES = {
    MemberState.DRAINING: "a Real Server is only disabled: sessions end within the LoadMaster's drain time, "
    "and it reads back as disabled",
    MemberState.BACKUP: "a backup takes fixed weighting instead of the algorithm: the Real Server is added disabled",
}


def limit_service(service: Service) -> Service:
    """Return the service with the nearest that a LoadMaster can express, its name and options apart."""
    monitor = service.monitor
    failures = _clamp(monitor.failures, f.CHECK_RETRIES)
    return replace(
        service,
        # Layer 4, which UDP goes through, is always transparent.
        source_nat=service.source_nat and service.protocol == "tcp",
        members=tuple(sorted(map(_switch_member, service.members))),
        node_port=service.node_port if service.members else service.port,
        monitor=replace(
            monitor,
            interval_seconds=max(_clamp(monitor.interval_seconds, f.CHECK_SECONDS), f.check_seconds_minimum(failures)),
            failures=failures,
        ),
        persistence=_limit_persistence(service),
        idle_seconds=_clamp(service.idle_seconds, f.IDLE_SECONDS),
        nagle=True,
        member_down=MemberDown.KEEP,
    )


def _switch_member(member: Member) -> Member:
    is_on = member.state is MemberState.ACTIVE
    return Member(member.address, MemberState.ACTIVE if is_on else MemberState.DISABLED)


def _limit_persistence(service: Service) -> Persistence:
    """Return affinity by source or none, and shared only by TCP services of one pool and address."""
    if has_cookie(service):
        return INSTEAD_OF_COOKIE
    if service.persistence.kind is not PersistenceKind.SOURCE:
        return Persistence()
    is_shared = service.protocol == "tcp" and service.persistence.group == affinity_group(service.pool, service.vip)
    group = service.persistence.group if is_shared else ""
    return Persistence(PersistenceKind.SOURCE, _clamp(service.persistence.seconds, f.PERSIST_SECONDS), group=group)


def _loses_group(service: Service) -> bool:
    has_group = service.persistence.kind is PersistenceKind.SOURCE and bool(service.persistence.group)
    return has_group and not limit_service(service).persistence.group


def _range_refusal(name: str, value: Callable[[Service], int], limits: tuple[int, int]) -> Refusal:
    """Return the row of a number that a LoadMaster has within limits."""

    def _reasons(service: Service) -> Iterator[str]:
        asked, can = value(service), value(limit_service(service))
        if can and asked != can:
            yield f"{asked} is not within {limits[0]} to {limits[1]}: it is {can}"

    return Refusal(name, _reasons)


def _interval_reasons(service: Service) -> Iterator[str]:
    asked, can = service.monitor, limit_service(service).monitor
    if asked.interval_seconds != can.interval_seconds:
        least = f.check_seconds_minimum(can.failures)
        limits = f"{least} (failures x {f.CHECK_TIMEOUT_SECONDS} + 1) to {f.CHECK_SECONDS[1]}"
        yield f"{asked.interval_seconds} is not within {limits}: it is {can.interval_seconds}"


def _asks_layer_4_for_nat(service: Service) -> bool:
    return service.source_nat and service.protocol == "udp"


REFUSALS = (
    Refusal.when(
        "persistence",
        has_cookie,
        WHY_NO_COOKIE,
    ),
    Refusal.when("persistence.group", _loses_group, "affinity is shared by TCP services of one pool and address only"),
    _range_refusal("persistence.seconds", lambda service: service.persistence.seconds, f.PERSIST_SECONDS),
    _range_refusal("idle_seconds", lambda service: service.idle_seconds, f.IDLE_SECONDS),
    Refusal("monitor.interval_seconds", _interval_reasons),
    _range_refusal("monitor.failures", lambda service: service.monitor.failures, f.CHECK_RETRIES),
    Refusal.when("nagle", lambda service: not service.nagle, "a LoadMaster has no such switch per Virtual Service"),
    Refusal.when("source_nat", _asks_layer_4_for_nat, _WHY_LAYER_4),
    Refusal.when("node_port", hides_node_port, "the port of the members stands at each of them, and there is none"),
    refuse_member_states(_WHY_STATES),
    always_member_down(MemberDown.KEEP, _WHY_SWITCH),
)
"""What a LoadMaster cannot express; the name of a service, made of protocol, address and port, is nobody's traffic."""


def _clamp(value: int, limits: tuple[int, int]) -> int:
    return min(max(value, limits[0]), limits[1])


def remote_problem(service: Service) -> Problem:
    """Return the problem of a service whose members cannot be outside the LoadMaster's networks."""
    why = "members outside the LoadMaster's networks take source NAT, and UDP has none"
    return Problem(f"service {service.name}, options.{REMOTE}", why, fix="put the members in a network of its own")


def check_kemp_ports(service: Service) -> Iterator[Problem]:
    """Yield the ports of a service that a LoadMaster has not."""
    for name, port in (("port", service.port), ("node_port", service.node_port)):
        if not _PORTS[0] <= port <= _PORTS[1]:
            yield Problem(
                f"service {service.name}, {name}",
                f"a LoadMaster has no port {port}",
                f"{_PORTS[0]} to {_PORTS[1]}",
                "choose another balancer",
            )
