# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A synthetic run: two Front Ends behind a balancer, a Linux reverse proxy, and what tasks leave in the run state."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    DnsRecord,
    HostPlan,
    LoadBalancerSettings,
    Plan,
    PoolPlan,
    VirtualService,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import Publication
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import RunScope
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves

NOW = datetime.datetime(2026, 11, 28, 5, tzinfo=datetime.timezone.utc)
POOL = "pool01.contoso.com"
SAME: Mapping[str, Any] = {"changed": False, "changes": [], "summary": {}}
ADDED: Mapping[str, Any] = {"changed": True, "changes": [], "summary": {"added": 1}}
ASKED: Mapping[str, Any] = {**SAME, "stats": {"requests": 3}}
ALL = ("fe01", "fe02", "rp01", "lb01")
F, L, X, D = Concern.FIREWALL, Concern.NFTABLES, Concern.IPSEC, Concern.DNS
B, U, P = Concern.LOAD_BALANCER, Concern.LOAD_BALANCER_UDP, Concern.PUBLICATIONS
Key = tuple[str, Concern, Step]
Answers = Mapping[Key, Mapping[str, object]]


def host(name: str, platform: str, address: str, **more: Any) -> HostPlan:
    given = {"pool": None, **more}
    return HostPlan(
        host=name,
        roles=(),
        version="2013",
        platform=platform,
        managed=True,
        member_state="active",
        addresses=(address,),
        **given,
    )


def service(protocol: str = "tcp") -> VirtualService:
    return VirtualService(
        name=f"s-{protocol}",
        pool=POOL,
        rows=(),
        vip="10.1.0.100",
        port=5061,
        protocol=protocol,
        node_port=5061,
        members=("10.1.0.11", "10.1.0.12"),
        persistence={},
        idle_seconds=1800,
        monitor={},
        source_nat=True,
        nagle=False,
        balancers=("lb01",),
    )


def pool(*services: VirtualService) -> PoolPlan:
    records = (DnsRecord(POOL, "A", ("10.1.0.100",), "contoso.com", "internal"),)
    return PoolPlan(POOL, "frontend", "hlb", "2013", services, records)


PUBLISHED: tuple[Publication, ...] = ()
BALANCER = LoadBalancerSettings("haproxy", "lb01")
HOSTS = (
    host("fe01", "windows", "10.1.0.11", pool=POOL),
    host("fe02", "windows", "10.1.0.12", pool=POOL),
    host("rp01", "linux", "10.2.0.61", publications=PUBLISHED),
    host("lb01", "appliance", "10.1.0.5", load_balancer=BALANCER),
)
PLAN = Plan({each.host: each for each in HOSTS}, {POOL: pool(service())})


def compiled(folder: Path, plan: Plan = PLAN, **scope: Any) -> RunState:
    """Return the state of a run after its compile step; scope: as RunScope has it, everything by default."""
    state = RunState(str(folder))
    asked_for = RunScope(**{"played": ALL, **scope})
    state.save(plan_files.rendered(plan), Waves((("fe01",), ("fe02",))), Waves((("rp01",),)), asked_for)
    return state


def complete(step: Step | None = None) -> dict[Key, Mapping[str, object]]:
    """Return what the modules answer when nothing differs anywhere.

    step: the one of all tasks, those of site.yml by default.
    """
    opened, applied = step or Step.OPEN, step or Step.APPLY
    hosts = ("fe01", "fe02")
    rules = {(name, concern, opened): SAME for name in hosts for concern in (F, X)}
    return {
        **rules,
        ("rp01", L, opened): SAME,
        ("rp01", P, applied): SAME,
        ("lb01", B, applied): SAME,
        ("DNS", D, applied): ASKED,
    }


def keep(state: RunState, answers: Answers) -> None:
    for key, answer in answers.items():
        state.save_result(TaskResult.of_answer(*key, answer, is_check=False))
