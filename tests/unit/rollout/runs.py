# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run of a small deployment: two pools, a pair of load balancers, two reverse proxies; and results of its tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Member
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    DnsRecord,
    FirewallRule,
    HostPlan,
    HostPolicy,
    IpsecExemption,
    LoadBalancerSettings,
    Plan,
    PoolPlan,
    ReverseProxySettings,
    VirtualService,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import Publication
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.gates import Gates
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import (
    DNS_DEVICE,
    Concern,
    Status,
    Step,
    TaskResult,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_options import RunScope
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.run_state import RunState
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.waves import Waves

POOL, OTHER = "pool01.contoso.com", "pool02.contoso.com"
BALANCER_ADDRESS = "10.1.0.5"
POLICY = HostPolicy(management_networks=("10.9.0.0/24",))


def rule(name: str, port: str, *peers: str) -> FirewallRule:
    return FirewallRule(name, ("S1",), "in", "tcp", (port,), (), (), peers, "", applications=("sip",), interface="any")


def exemption(name: str) -> IpsecExemption:
    return IpsecExemption(name, ("I1",), "udp", ("10.1.0.11",), ("any",), ("3478",), (), "")


def host(name: str, role: str, address: str, pool: str | None = None, **more: object) -> HostPlan:
    platform = "windows" if role == "frontend" else "linux"
    plan = HostPlan(name, (role,), "2015", pool, platform, True, "active", (address,), policy=POLICY)
    return replace(plan, **more)  # type: ignore[arg-type]


def front_end(number: int, pool: str, **more: object) -> HostPlan:
    rules = (rule("SIP", "5061", "10.1.0.0/24"), rule("Focus", "444", "10.1.0.0/24"))
    name, address = f"fe{number}", f"10.1.0.{number}"
    return host(name, "frontend", address, pool, firewall_rules=rules, ipsec_exemptions=(exemption("Media"),), **more)


def service(pool: str, protocol: str, members: Iterable[str], *balancers: str) -> VirtualService:
    return VirtualService(
        f"{pool}-{protocol}", pool, ("L1",), "10.1.0.100", 5061, protocol, 5061, tuple(members), {"type": "none"}, 1200,
        {"type": "tcp", "port": 5061, "interval_seconds": 10, "failures": 3}, True, False, balancers,
    )  # fmt: skip


def publication(pool: str, member: str) -> Publication:
    return Publication(pool, (f"web.{pool}",), ("203.0.113.61",), (Member(member),))


def deployment() -> Plan:
    published = (publication(POOL, "10.1.0.100"), publication(OTHER, "10.1.0.21"))
    hosts = [
        front_end(11, POOL),
        front_end(12, POOL),
        front_end(13, POOL, member_state="draining"),
        front_end(21, OTHER),
        host(
            "lb01",
            "load_balancers",
            "10.3.0.5",
            load_balancer=LoadBalancerSettings("haproxy", "10.3.0.5", path="/etc/a.cfg"),
            balancer_addresses=(BALANCER_ADDRESS,),
            firewall_rules=(rule("SIP", "5061", "any"),),
        ),
        host(
            "lb02",
            "load_balancers",
            "10.3.0.6",
            load_balancer=LoadBalancerSettings("kemp", "lm02", options={"prefix": "x-"}),
        ),
        host("rp01", "reverse_proxy", "10.2.0.61", publications=published, reverse_proxy=ReverseProxySettings("nginx")),
        host(
            "rp02", "reverse_proxy", "10.2.0.62", publications=published, reverse_proxy=ReverseProxySettings("haproxy")
        ),
    ]
    services = (
        service(POOL, "tcp", ["10.1.0.11"], "lb01", "lb02"),
        service(POOL, "udp", ["10.1.0.11"], "lb01", "lb02"),
    )
    record = DnsRecord("sip.contoso.com", "A", ("10.1.0.11",), "contoso.com", "internal")
    pools = [
        PoolPlan(POOL, "frontend", "hlb", "2015", services, (record,)),
        PoolPlan(OTHER, "frontend", "dns", "2015", (), (replace(record, name="web.contoso.com"),)),
    ]
    return Plan({each.host: each for each in hosts}, {each.pool: each for each in pools})


WINDOWS = Waves((("fe11", "fe21"), ("fe12",), ("fe13",)), {"fe12": ("fe11",), "fe13": ("fe11", "fe12")})
LINUX = Waves((("lb01",),), {})
SENT: Mapping[str, object] = {"sends": []}


@dataclass(frozen=True)
class Run:
    """The state of a run below a directory of its own."""

    state: RunState

    @classmethod
    def below(cls, path: Path, scope: RunScope = RunScope(), plan: Plan | None = None) -> Run:  # noqa: B008  # frozen
        state = RunState(str(path))
        state.save(plan_files.rendered(plan or deployment()), WINDOWS, LINUX, scope)
        return cls(state)

    @property
    def gates(self) -> Gates:
        return Gates(self.state)

    def keep(
        self, device: str, concern: Concern, step: Step, status: Status = Status.UNCHANGED, **document: object
    ) -> None:
        self.state.save_result(TaskResult(device, concern, step, status, document=document))

    def opened(self, *hosts: str, status: Status = Status.UNCHANGED, **document: object) -> None:
        for name in hosts:
            for concern in (Concern.FIREWALL, Concern.IPSEC):
                self.keep(name, concern, Step.OPEN, status, **document)

    def balanced(self, status: Status = Status.UNCHANGED, *names: str, step: Step = Step.APPLY) -> None:
        """Keep results of load balancers and reverse proxies, of all when none is named."""
        for name in names or ("lb01", "lb02", "rp01", "rp02"):
            if name.startswith("rp"):
                self.keep(name, Concern.PUBLICATIONS, step, status, **SENT)
            else:
                self.keep(name, Concern.LOAD_BALANCER, step, status, **SENT)
        if not names or "lb01" in names:
            self.keep("lb01", Concern.LOAD_BALANCER_UDP, step, status, **SENT)

    def named(self, status: Status = Status.UNCHANGED, **document: object) -> None:
        self.keep(DNS_DEVICE, Concern.DNS, Step.APPLY, status, **document)

    def all_opened(self) -> None:
        self.opened("fe11", "fe12", "fe13", "fe21")

    def cut(self, device: str, name: str) -> None:
        """Cut a result off in the middle, as a full disk does."""
        path = next(self.state._directory.glob(f"results/{device}/{name}.*.json"))
        path.write_text(path.read_text(encoding="utf-8")[:40], encoding="utf-8")
