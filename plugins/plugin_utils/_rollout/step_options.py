# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a step of a run gives a module as options: a function of the plan, the options of the run and its gates alone.

    request = Request(Concern.NFTABLES, Step.OPEN, "lb01", gates, run_options.for_host("lb01"), host_plan, policy)
    step_options(request) == {"rules": [...], "policy": "drop", "state": "replaced", "phase": "open", ...}

Credentials are no options of a run: the task gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._base.untyped import mapping
from .._load_balancers.carriers import CARRIERS
from .._load_balancers.relied_on import BY_DRIVER
from .._plan.documents import plain
from .._plan.model import HostPlan, HostPolicy, LoadBalancerSettings
from .gates import Gates, Scope
from .results import Concern, Step, TaskResult
from .run_options import Options

ModuleOptions = dict[str, Any]
# The program of a load balancer that carries what the one of its driver does not.
_SECOND_PROGRAM = "nftables_udp"
_WITHOUT_WRITING = frozenset((Step.COMPARE, Step.VERIFY))


@dataclass(frozen=True)
class Request:
    """One step of one concern of a device. is_check: nothing is written, so that all changes are shown at once.

    policy: that of the plan, or of the inventory for a host that has no plan because it leaves.
    """

    concern: Concern
    step: Step
    device: str
    gates: Gates
    options: Options
    host: HostPlan
    policy: HostPolicy
    is_check: bool = False

    @property
    def waits(self) -> bool:
        """Return whether pools wait: not where everything is compared."""
        return self.step is not Step.COMPARE

    @property
    def phase(self) -> str:
        """Return which changes are made: all of them in check mode, where nothing was opened to close upon."""
        return self.step.value if self.step in (Step.OPEN, Step.CLOSE) and not self.is_check else "all"

    def items(self, planned: Iterable[object], state: str) -> tuple[list[Any], str]:
        """Return the rules or exemptions that the step is about, and what the list means for the others."""
        if self.step is Step.RETIRE:
            return [], "deleted"
        if self.step is Step.REMOVE:
            return [{"name": name} for name in self.gates.repair(self.device, self.concern)["extra"]], "deleted"
        documents = [plain(item) for item in planned]
        if self.step is not Step.REMEDIATE:
            return documents, state
        repair = self.gates.repair(self.device, self.concern)
        if repair.get("whole"):
            return documents, self.policy.repair_state
        names = set(repair.get("names", ()))
        return [item for item in documents if isinstance(item, dict) and item["name"] in names], "merged"


def step_options(request: Request) -> ModuleOptions:
    """Return the options of the module of a concern; what is confirmed is what was closed."""
    if request.step is Step.CONFIRM:
        request = replace(request, step=Step.CLOSE)
    return {name: value for name, value in _OPTIONS[request.concern](request).items() if value is not None}


def comparison_options(request: Request, concerns: Iterable[Concern]) -> ModuleOptions:
    """Return the options of a module that compares several concerns of a host, by concern."""
    parts = {concern: Request(**{**vars(request), "concern": concern}) for concern in concerns}
    return {concern.value: step_options(part) for concern, part in parts.items()}


def waiting_of(request: Request) -> dict[str, str]:
    """Return which pools of a device wait, and why."""
    scope = _SCOPES.get(request.concern)
    return dict(scope(request).waiting) if scope else {}


# --- firewalls and IPsec ----------------------------------------------------------------------------------------------


def _snapshots(request: Request) -> ModuleOptions:
    if request.step in _WITHOUT_WRITING:
        return {}
    options = request.options
    return {
        "snapshot": options.snapshot,
        "snapshot_dir": options.snapshot_dir or None,
        "snapshot_keep": options.snapshot_keep,
        "confirm_minutes": options.confirm_minutes,
        # Opening takes nothing from peers, so there is nothing to ask them.
        "leave_armed": (options.verify or None) if request.step is Step.CLOSE else None,
        # A later step of the run would confirm what an earlier one has left to be taken back.
        "pending": (options.pending or None) if request.step in (Step.OPEN, Step.APPLY) else None,
    }


def _handout(request: Request) -> str | None:
    opens = request.step in (Step.OPEN, Step.APPLY)
    return request.options.handout_dir if opens and request.options.hands_out(request.policy) else None


def _make_firewall_options(request: Request) -> ModuleOptions:
    # A comparison names rules of others that site.yml would disable, and no repair touches them.
    rules, state = request.items(request.host.firewall_rules, request.policy.firewall_state)
    return {
        "brief": True,
        "rules": rules,
        "state": state,
        "phase": request.phase,
        "expected_addresses": list(request.host.addresses),
        "management_networks": list(request.policy.management_networks),
        "accepted_cuts": request.gates.accepted_cuts(request.device, request.concern),
        "unprotected_rules": list(request.policy.unprotected_rules),
        "handout_dir": _handout(request),
        "gather_through": request.options.gather_through,
        "evidence_dir": request.options.evidence_dir or None,
        **_snapshots(request),
    }


def _make_ipsec_options(request: Request) -> ModuleOptions:
    exemptions, state = request.items(request.host.ipsec_exemptions, "replaced")
    is_planned = request.step not in (Step.REMEDIATE, Step.REMOVE, Step.RETIRE)
    return {
        "brief": True,
        "exemptions": exemptions,
        "state": "replaced" if state == "overridden" else state,
        "phase": request.phase,
        "expected_addresses": list(request.host.addresses),
        "management_networks": list(request.policy.management_networks),
        "needed": request.policy.ipsec,
        "engine": request.policy.ipsec_engine,
        "media": [plain(flow) for flow in request.host.media_flows] if is_planned else None,
        "mirror_peers": [plain(peer) for peer in request.host.mirror_peers] if is_planned else None,
        "mirror_dir": request.options.handout_dir if request.step in (Step.OPEN, Step.APPLY) else None,
        "handout_dir": _handout(request),
        **_snapshots(request),
    }


def _make_nftables_options(request: Request) -> ModuleOptions:
    # There is nothing to override on Linux: tables of others are never changed.
    rules, state = request.items(request.host.firewall_rules, request.policy.repair_state)
    return {
        "rules": rules,
        "state": state,
        "phase": request.phase,
        "policy": request.policy.linux_policy,
        "path": request.policy.linux_path,
        "expected_addresses": list(request.host.addresses),
        "management_networks": list(request.policy.management_networks),
        "confirm_minutes": None if request.step in _WITHOUT_WRITING else request.options.confirm_minutes,
        "pending": None if request.step in _WITHOUT_WRITING else request.options.pending or None,
    }


# --- load balancers, reverse proxies, DNS -----------------------------------------------------------------------------


def _scope_services(request: Request) -> Scope:
    return request.gates.services(request.device, waits=request.waits and request.step is not Step.VERIFY)


def _scope_publications(request: Request) -> Scope:
    return request.gates.publications(request.device, waits=request.waits)


def _scope_records(request: Request) -> Scope:
    return request.gates.records(waits=request.waits)


_SCOPES: Mapping[Concern, Callable[[Request], Scope]] = {
    Concern.LOAD_BALANCER: _scope_services,
    Concern.LOAD_BALANCER_UDP: _scope_services,
    Concern.PUBLICATIONS: _scope_publications,
    Concern.DNS: _scope_records,
}


def _make_balancer_options(request: Request) -> ModuleOptions:
    """Return the options of a load balancer's own program, and of nftables for what that one does not carry."""
    settings = request.host.load_balancer
    if settings is None:
        return {}
    is_second = request.concern is Concern.LOAD_BALANCER_UDP
    program = _SECOND_PROGRAM if is_second else settings.driver
    carried = {name for name, carrier in CARRIERS[settings.driver].items() if carrier == program}
    scope = _scope_services(request)
    found: ModuleOptions = {
        "services": [plain(service) for service in scope.items if service.protocol in carried],
        "state": settings.state or scope.state,
    }
    if is_second:
        # HAProxy beside it knows who is down.
        return {**found, "nginx_path": settings.udp_path, "master_socket": settings.master_socket, **settings.options}
    if request.step is Step.VERIFY:
        found |= {"state": "gathered", "assumptions": list(BY_DRIVER.get(settings.driver, ()))}
    return {**found, **_OF_DRIVER[settings.driver](settings)}


def _make_path_and_socket_options(settings: LoadBalancerSettings) -> ModuleOptions:
    """Return where HAProxy is; the options of its driver are of an nginx that an earlier version had beside it."""
    return {"path": settings.path, "master_socket": settings.master_socket}


def _make_provider_option(settings: LoadBalancerSettings) -> ModuleOptions:
    """Return where the device is, and how it is configured; who may do so, the task says."""
    return {"provider": {"host": settings.host}, **settings.options}


_OF_DRIVER: Mapping[str, Callable[[LoadBalancerSettings], ModuleOptions]] = {
    "haproxy": _make_path_and_socket_options,
    "f5_as3": _make_provider_option,
    "netscaler": _make_provider_option,
    "kemp": _make_provider_option,
}


def _make_proxy_options(request: Request) -> ModuleOptions:
    settings = request.host.reverse_proxy
    if settings is None:
        return {}
    scope = _scope_publications(request)
    return {
        "driver": settings.driver,
        "publications": [plain(item) for item in scope.items],
        "state": scope.state,
        "path": settings.path,
        "http_path": settings.http_path,
        "master_socket": settings.master_socket,
        **settings.options,
    }


def _make_dns_options(request: Request) -> ModuleOptions:
    scope = _scope_records(request)
    owners = [name for name in request.gates.plan.pools if name not in scope.waiting]
    return {
        "records": [{**mapping(plain(record)), "owner": pool} for pool, record in scope.items],
        "owners": owners,
        "state": request.options.dns_state,
        "take_over": list(request.options.dns_take_over),
        "gone": list(request.options.dns_gone),
        "refresh_days": request.options.dns_refresh_days,
    }


# --- probes -----------------------------------------------------------------------------------------------------------

_OPERATIONS = {Step.OPEN: "listen", Step.CLOSE: "close"}


def _make_probe_options(request: Request) -> ModuleOptions:
    options = request.options
    opened: TaskResult | None = request.gates.result(request.device, Concern.PROBES, Step.OPEN)
    return {
        "operation": _OPERATIONS.get(request.step, "probe"),
        "timeout_seconds": options.probe_seconds,
        "at_once": options.probe_at_once,
        "per_second": options.probe_per_second,
        "total_seconds": options.probe_total_seconds,
        "listen_seconds": options.probe_listen_seconds,
        "temporary_listeners": options.probe_listeners if request.step is Step.VERIFY else None,
        "token": str(opened.document.get("token", "")) if opened and request.step is Step.CLOSE else None,
    }


_OPTIONS: Mapping[Concern, Callable[[Request], ModuleOptions]] = {
    Concern.FIREWALL: _make_firewall_options,
    Concern.NFTABLES: _make_nftables_options,
    Concern.IPSEC: _make_ipsec_options,
    Concern.LOAD_BALANCER: _make_balancer_options,
    Concern.LOAD_BALANCER_UDP: _make_balancer_options,
    Concern.PUBLICATIONS: _make_proxy_options,
    Concern.DNS: _make_dns_options,
    Concern.PROBES: _make_probe_options,
}
