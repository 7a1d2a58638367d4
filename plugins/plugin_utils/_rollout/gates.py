# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When may a device be touched, and what may it get now? From the plan, the results and the scope of the run alone.

    gates = Gates(state)
    gates.decide("fe02", Concern.FIREWALL, Step.OPEN) == Decision(Go.STOPPED, "not touched, because ...")
    gates.services("lb01").waiting == {"pool01.contoso.com": "fe02 not as planned"}

What is unknown waits: a result that the scope of the run expects and that is missing, cut off or of an earlier run
keeps a gate shut, as a failure does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property, partial
from itertools import takewhile
from typing import Any

from .._base.absence import PLACES_MINIMUM, Presence
from .._base.addresses import AddressSet
from .._load_balancers.carriers import CARRIERS
from .._plan.model import HostPlan, Plan, VirtualService
from .._publications.model import Publication
from .acceptance import Acceptances
from .closing import Member, Sender, in_the_way, sender_of, suspects, wanted_targets
from .holding import Holding, accepted_in, gone_addresses, judge_losses
from .results import DNS_DEVICE, STOPPED_TEXT, Concern, Status, Step, TaskResult
from .run_state import RunState
from .waves import Waves

_OF_PLATFORM = {"windows": (Concern.FIREWALL, Concern.IPSEC), "linux": (Concern.NFTABLES,)}
_OF_HOST = frozenset(concern for concerns in _OF_PLATFORM.values() for concern in concerns)
_REPAIRING = (Step.REMEDIATE, Step.REMOVE)
FIREWALL_FIRST = "not touched, because the firewall rules of this host could not be brought to the plan"
WANTED_FIRST = "nothing is removed, because what the plan wants could not be made"
UNSEEN_TEXT = "not looked at by the tags of this run (if they are open: -e lync_members_are_ready=true)"
EVERYBODY_FIRST = "nothing is removed, because everybody else is not as planned yet"


class Go(str, Enum):
    """What becomes of a step: taken, nothing to do, stopped by an earlier failure, or a closing that is held back."""

    YES = "yes"
    NOTHING = "nothing"
    STOPPED = "stopped"
    HELD = "held"


@dataclass(frozen=True)
class Decision:
    """Whether a step is taken; message: why not."""

    go: Go = Go.YES
    message: str = ""


@dataclass(frozen=True)
class Scope:
    """What a device gets now, and which pools wait, with the reason of each; nothing is removed meanwhile.

    A pool that waits is left as it is: what is absent from the list could be one of its own.
    """

    items: tuple[Any, ...]
    waiting: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """Return what the list means for what the device has besides."""
        return "merged" if self.waiting else "replaced"


class Gates:
    """The gates of one run.

    remediates: whether members and balancers are judged by their comparison and repair, not by site's steps.
    """

    def __init__(self, state: RunState, *, remediates: bool = False) -> None:
        self._state = state
        self._remediates = remediates
        self._scope = state.scope()

    @cached_property
    def plan(self) -> Plan:
        """Return the plan of the run."""
        return self._state.plan()

    def result(self, device: str, concern: Concern, step: Step) -> TaskResult | None:
        """Return what became of a task at its last attempt, None when it left nothing."""
        return self._state.result(device, concern, step)

    @cached_property
    def _waves(self) -> Mapping[str, Waves]:
        return {platform: self._state.waves(platform) for platform in _OF_PLATFORM}

    @cached_property
    def _repairs(self) -> Mapping[str, Any]:
        return self._state.repairs()

    # --- whether a step is taken ------------------------------------------------------------------------------------

    def decide(self, device: str, concern: Concern, step: Step) -> Decision:
        """Return whether a step of a device is taken now."""
        if step is Step.CLOSE and concern in _OF_HOST:
            return self._decide_closing(device, concern)
        if step in _REPAIRING:
            return self._decide_repair(device, concern, step)
        if step is Step.RETIRE:
            return self._decide_retirement()
        if step is Step.CONFIRM:
            waits = self._state.is_left_armed(device, concern)
            return Decision() if waits else Decision(Go.NOTHING, "nothing waits to be confirmed")
        if step not in (Step.OPEN, Step.APPLY) or concern not in _OF_HOST:
            return Decision()
        if self.stopped_by(device, step):
            return Decision(Go.STOPPED, STOPPED_TEXT)
        if concern is Concern.IPSEC and not self._is_brought(device, Concern.FIREWALL, step):
            return Decision(Go.STOPPED, FIREWALL_FIRST)
        return Decision()

    def _decide_closing(self, device: str, concern: Concern) -> Decision:
        if not self._state.expected(device, concern, Step.OPEN).is_pending:
            return Decision(Go.NOTHING, "opening left nothing to close")
        if self.stopped_by(device, Step.CLOSE):
            return Decision(Go.STOPPED, STOPPED_TEXT)
        narrowing = self._holding.narrowing_reasons(device, self._accepted)
        reasons = [*narrowing, *self.stopped_by_dns(device), *self.in_the_way(device)]
        return Decision(Go.HELD, "; ".join(reasons)) if reasons else Decision()

    def _decide_repair(self, device: str, concern: Concern, step: Step) -> Decision:
        if step not in self._repair_steps(device, concern):
            return Decision(Go.NOTHING, "nothing of it is repaired in this run")
        if concern not in _OF_HOST:
            return Decision()
        if self.stopped_by(device, step):
            return Decision(Go.STOPPED, STOPPED_TEXT)
        if concern is Concern.IPSEC and not self._is_brought(device, Concern.FIREWALL, step):
            return Decision(Go.STOPPED, FIREWALL_FIRST)
        wanted_first = step is Step.REMOVE and Step.REMEDIATE in self._repair_steps(device, concern)
        if wanted_first and not self._state.expected(device, concern, Step.REMEDIATE).is_done:
            return Decision(Go.STOPPED, WANTED_FIRST)
        return Decision()

    def _decide_retirement(self) -> Decision:
        """Nobody sends a host anything any more when everybody else is as planned."""
        verdict = self._state.summary().get("verdict")
        return (
            Decision() if self._scope.is_check or verdict in (None, "done") else Decision(Go.STOPPED, EVERYBODY_FIRST)
        )

    # --- what is held back ------------------------------------------------------------------------------------------

    @cached_property
    def _holding(self) -> Holding:
        """Return what is held, as it was judged before this play."""
        return Holding.of_document(self._state.holding())

    @cached_property
    def _accepted(self) -> Acceptances:
        return accepted_in(self._state)

    def accepted_cuts(self, device: str, concern: Concern) -> list[str]:
        """Return what may be cut on a host, which is as it was before this run when that was accepted."""
        seen = self._state.first_of(device, concern, (Step.OPEN, Step.COMPARE))
        fingerprint = seen.document.get("fingerprint") if seen else ""
        return self._accepted.cuts(device, str(fingerprint or ""))

    def presence(self, device: str, concern: Concern) -> Presence:
        """Return what the run knows of addresses when a device is brought to the plan."""
        # Senders are few, and each has to know what the one before it would lose.
        holding = self._holding if concern in _OF_HOST else judge_losses(self._state)
        own = f"{device} {concern.value}"
        counts = {address: sum(map(len, places.values())) for address, places in holding.leaving.items()}
        others = {
            address: counts[address] - len(places.get(own, ())) for address, places in holding.leaving.items()
        }
        return Presence(
            known=AddressSet.parse(self._state.known_addresses()),
            gone=gone_addresses(self._state) | self._accepted.gone(device),
            vanished=AddressSet.parse(address for address, count in counts.items() if count >= PLACES_MINIMUM),
            unreached=AddressSet.parse(holding.unreached),
            elsewhere={address: count for address, count in others.items() if count},
            quorums=frozenset() if concern in _OF_HOST else self._quorums(),
            accepted_pools=self._accepted.pools(device),
            holds_all=bool(holding.narrowing_reasons(device, self._accepted)),
        )

    def _quorums(self) -> frozenset[str]:
        """Return the pools of which so many servers must run, as Microsoft's table says."""
        pools = self.plan.pools.values()
        return frozenset(pool.pool for pool in pools if pool.role == "frontend" and pool.version != "2010")

    # --- the order of hosts -----------------------------------------------------------------------------------------

    def stopped_by(self, host: str, step: Step) -> tuple[str, ...]:
        """Return the hosts that must be done before a host, and are not, sorted."""
        before = {name for found in self._waves.values() for name in found.predecessors.get(host, ())}
        return tuple(sorted(name for name in before if not self._is_host_done(name, step)))

    def _is_host_done(self, host: str, step: Step) -> bool:
        concerns = self._concerns(host)
        return all(self._is_brought(host, concern, step) for concern in concerns)

    def _is_brought(self, device: str, concern: Concern, step: Step) -> bool:
        return all(result.is_brought for result in self._results(device, concern, step))

    def _concerns(self, host: str) -> tuple[Concern, ...]:
        return _OF_PLATFORM["linux" if any(host in wave for wave in self._waves["linux"].waves) else "windows"]

    def _results(self, device: str, concern: Concern, step: Step) -> list[TaskResult]:
        """Return the results by which a device is judged in one concern when others ask at a step."""
        if not self._scope.has(concern):
            return []
        result, expected = self._state.result, self._state.expected
        if step in _REPAIRING:
            return [expected(device, concern, each) for each in self._repair_steps(device, concern)]
        if step is Step.APPLY:
            # A playbook of the user's own has its own order: what it has not done yet stops nobody.
            return [found for found in [result(device, concern, Step.APPLY)] if found]
        opened = expected(device, concern, Step.OPEN)
        if step is not Step.CLOSE or not opened.is_pending:
            return [opened]
        closed = expected(device, concern, Step.CLOSE)
        return [opened] if closed.is_held else [opened, closed]

    @staticmethod
    def _are_done(results: Iterable[TaskResult]) -> bool:
        return all(result.is_done for result in results)

    def _repair_steps(self, device: str, concern: Concern) -> tuple[Step, ...]:
        """Return the steps that repair a concern of a device, in their order."""
        repair = self.repair(device, concern)
        wants = bool(repair.get("whole") or repair.get("names"))
        return ((Step.REMEDIATE,) if wants else ()) + ((Step.REMOVE,) if repair.get("extra") else ())

    def repair(self, device: str, concern: Concern) -> Mapping[str, Any]:
        """Return what is repaired of a concern of a device: whole, names and extra; nothing when nothing is."""
        found: Mapping[str, Any] = self._repairs.get(device, {}).get(concern.whole.value, {})
        return found

    # --- closing ----------------------------------------------------------------------------------------------------

    def stopped_by_dns(self, host: str) -> tuple[str, ...]:
        """Return why a host does not close while DNS may still send traffic to it; nothing when it does not."""
        pool = self._host(host).pool or ""
        if not pool or not self._scope.has(Concern.DNS):
            return ()
        applied = self._state.expected(DNS_DEVICE, Concern.DNS, Step.APPLY)
        verified = self._state.result(DNS_DEVICE, Concern.DNS, Step.VERIFY)
        if verified is None and applied.mappings("windows_tasks") and not self._scope.is_check:
            verified = TaskResult.unknown(DNS_DEVICE, Concern.DNS, Step.VERIFY)
        if pool.lower() in applied.texts("kept_owners"):
            return (f"DNS of {pool} keeps values of before, which nothing proves to be ours",)
        failed = [result for result in (applied, verified) if result and not result.is_done]
        return (f"DNS of {pool} is not as planned",) if any(_concerns_pool(result, pool) for result in failed) else ()

    def in_the_way(self, host: str) -> tuple[str, ...]:
        """Return which load balancers and reverse proxies may still send what the host would refuse, and why."""
        return in_the_way(self._member(host), self._suspects)

    def _member(self, host: str) -> Member:
        plan = self._host(host)
        opened = [self._state.expected(host, concern, Step.OPEN) for concern in self._concerns(host)]
        pending = [result for result in opened if result.is_pending and result.concern is not Concern.IPSEC]
        is_known = all("after" in result.document for result in pending)
        now = [rule for result in pending for rule in result.mappings("after")] if is_known else None
        later = [vars(rule) for rule in plan.firewall_rules]
        return Member(host, plan.addresses, plan.pool or "", now, later)

    @cached_property
    def _suspects(self) -> tuple[Sender, ...]:
        senders = tuple(self._senders())
        if not any(sender.failed or sender.targets for sender in senders):
            return ()
        # Each host that closes asks this, so the plans of all others are left alone.
        proxies = [self._host(name) for name in self._state.proxies()]
        return suspects(senders, wanted_targets(self._state.pool_plans(), proxies))

    def _senders(self) -> Iterator[Sender]:
        """Yield the load balancers and reverse proxies of the run."""
        pools = {name: list(served) for name, served in self._state.balancers().items()}
        for name in self._state.proxies():
            pools.setdefault(name, []).extend(item.name for item in self._host(name).publications or ())
        for name, served in pools.items():
            results = self._sender_results(name, Step.APPLY)
            if results:
                host = self._host(name)
                yield sender_of(name, served, (*host.addresses, *host.balancer_addresses), results)

    def _sender_results(self, name: str, step: Step) -> list[TaskResult]:
        """Return the results of a sender: those that the run expects, and those that are there."""
        is_expected = self._scope.has(Concern.LOAD_BALANCER) and self._scope.plays(name)
        asked = self._state.expected if is_expected else self._state.result
        found = (asked(name, concern, step) for concern in self._sender_concerns(name))
        return [result for result in found if result]

    def _sender_concerns(self, name: str) -> list[Concern]:
        settings = self._host(name).load_balancer
        programs = set(CARRIERS.get(settings.driver, {}).values()) if settings else set()
        return [
            *([Concern.LOAD_BALANCER] if name in self._state.balancers() else []),
            *([Concern.LOAD_BALANCER_UDP] if len(programs) > 1 else []),
            *([Concern.PUBLICATIONS] if name in self._state.proxies() else []),
        ]

    # --- pools that wait --------------------------------------------------------------------------------------------

    def services(self, balancer: str, *, waits: bool = True) -> Scope:
        """Return the virtual services that a load balancer gets now; waits: whether pools wait at all."""
        chosen: list[VirtualService] = []
        waiting: dict[str, str] = {}
        for name, pool in self.plan.pools.items():
            own = [service for service in pool.virtual_services if balancer in service.balancers]
            why = (self._members_missing(name) or self._earlier_unit(balancer, own)) if waits and own else ""
            if why:
                waiting[name] = why
            else:
                chosen += own
        return Scope(tuple(chosen), waiting)

    def publications(self, proxy: str, *, waits: bool = True) -> Scope:
        """Return what a reverse proxy publishes now.

        A pool also waits for its load balancers and the reverse proxies before this one.
        """
        items: Sequence[Publication] = self._host(proxy).publications or ()
        if not waits:
            return Scope(tuple(items))
        earlier = takewhile(lambda name: name != proxy, self._state.proxies())
        before = list(self._state.balancers().items())
        before += [(name, [item.name for item in self._host(name).publications or ()]) for name in earlier]
        failed = {
            pool: f"{name} is not as planned"
            for name, pools in before
            if not self._is_sender_done(name)
            for pool in pools
        }
        reasons = {item.name: self._members_missing(item.name) or failed.get(item.name, "") for item in items}
        waiting = {name: why for name, why in reasons.items() if why}
        return Scope(tuple(item for item in items if item.name not in waiting), waiting)

    def records(self, *, waits: bool = True) -> Scope:
        """Return the DNS records that may be changed now, each with its pool.

        A member that got scripts is not known to be open.
        """
        missing = partial(self._members_missing, counts_scripts=False)
        reasons = {name: missing(name) for name in self.plan.pools} if waits else {}
        waiting = {name: why for name, why in reasons.items() if why}
        pools = ((name, pool) for name, pool in self.plan.pools.items() if name not in waiting)
        return Scope(tuple((name, record) for name, pool in pools for record in pool.dns_records), waiting)

    def _members_missing(self, pool: str, *, counts_scripts: bool = True) -> str:
        """Return which active Windows members of a pool are not open for traffic yet; empty when all are."""
        members = [host for host in self.plan.hosts.values() if host.pool == pool and host.platform == "windows"]
        needed = [host.host for host in members if host.member_state == "active"]
        played = {name for wave in self._waves["windows"].waves for name in wave}
        is_looked_at = self._scope.has(Concern.FIREWALL)
        away = [name for name in needed if name not in played]
        here = [name for name in needed if name in played]
        failed = [name for name in here if is_looked_at and not self._is_open(name, counts_scripts)]
        unseen = [] if is_looked_at else here
        if self._members_are_ready:
            away, unseen = [], []
        reasons = {"not part of this run": away, UNSEEN_TEXT: unseen, "not as planned": failed}
        return "; ".join(f"{', '.join(names)} {why}" for why, names in reasons.items() if names)

    @cached_property
    def _members_are_ready(self) -> bool:
        """Return whether somebody else knows that members which this run does not look at are open."""
        return self._state.run_options().common.members_are_ready

    def _is_open(self, host: str, counts_scripts: bool) -> bool:
        """Return whether a member is known to be open for traffic."""
        results = self._find_deciding_results(host, Concern.FIREWALL, (Step.OPEN, Step.APPLY))
        return self._are_done(results) and (
            counts_scripts or all(result.status is not Status.HANDED_OUT for result in results)
        )

    def _is_sender_done(self, name: str) -> bool:
        """Return whether a load balancer or reverse proxy is done, as far as it is part of the run."""
        if not self._remediates:
            return self._are_done(self._sender_results(name, Step.APPLY))
        repaired = [concern for concern in self._sender_concerns(name) if self._repair_steps(name, concern)]
        compared = self._sender_results(name, Step.COMPARE)
        results = [result for concern in repaired for result in self._find_deciding_results(name, concern, ())]
        return self._are_done([*results, *(result for result in compared if result.concern not in repaired)])

    def _find_deciding_results(self, device: str, concern: Concern, steps: Sequence[Step]) -> list[TaskResult]:
        """Return by which results a device counts as ready: its repair or comparison, or the first of some steps."""
        repairs = self._repair_steps(device, concern) if self._remediates else ()
        if repairs:
            return [self._state.expected(device, concern, step) for step in repairs]
        wanted = (Step.COMPARE,) if self._remediates else steps
        return [self._state.first_of(device, concern, wanted) or TaskResult.unknown(device, concern, wanted[0])]

    def _earlier_unit(self, balancer: str, services: Iterable[VirtualService]) -> str:
        before = {unit for service in services for unit in service.balancers[: service.balancers.index(balancer)]}
        failed = sorted(unit for unit in before if not self._is_sender_done(unit))
        return f"{', '.join(failed)} of the same pair is not as planned" if failed else ""

    def _host(self, name: str) -> HostPlan:
        """Return the plan of a host, an empty one for a host without."""
        return self._state.host_plan(name) or HostPlan(name, (), "", None, "windows", False, "active", ())


def _concerns_pool(result: TaskResult, pool: str) -> bool:
    """Return whether a failed result of DNS is about a pool; one that names none is about all."""
    owners = result.document.get("failed_owners")
    return not isinstance(owners, (list, tuple)) or pool.lower() in owners
