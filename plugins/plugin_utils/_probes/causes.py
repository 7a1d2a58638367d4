# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is most likely behind a probe that did not go as planned, from all that a run knows.

The first that applies is reported: what the destination's rules differ in, what listens there, the members behind a
balancer, and when all of that is right, the way between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .._base.untyped import result_text
from .._drift.deviations import Class, Deviation
from .._plan.model import HostPlan
from .host_io import Facts
from .plan_view import Deployment, Service, covers
from .verdicts import Judged, Verdict


@dataclass(frozen=True)
class Knowledge:
    """All that a run knows: the plan, what each host answered, and whom a probe has reached on which port."""

    deployment: Deployment
    facts: Mapping[str, Facts]
    reached: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def of(cls, deployment: Deployment, facts: Mapping[str, Facts], judged: Iterable[Judged]) -> Knowledge:
        """Return what a run knows once every probe has its verdict."""
        probes = (item.probe for item in judged if item.verdict is Verdict.OPEN)
        return cls(deployment, facts, frozenset((probe.address, probe.port) for probe in probes))

    def destination(self, judged: Judged) -> Facts | None:
        """Return what is known of the host that a probe went to directly."""
        return None if judged.probe.service else self.facts.get(judged.probe.destination)

    def service(self, judged: Judged) -> Service | None:
        """Return the virtual service that a probe went through."""
        return self.deployment.services.get(judged.probe.service)


_LOOPBACK = ("127.0.0.1", "::1")
_Cause = Callable[[Judged, Knowledge], str]


def cause_of(judged: Judged, known: Knowledge) -> str:
    """Return the most likely cause, empty when all is as expected."""
    return next((text for find in _CAUSES.get(judged.verdict, ()) if (text := find(judged, known))), "")


def _blame_rule(judged: Judged, known: Knowledge) -> str:
    """Return what is wrong with the rule that should let the probe in."""
    facts = known.destination(judged)
    found = [item for item in facts.deviations if item.name == judged.probe.rule] if facts else []
    return next((text for item in found if (text := _rule_text(item, judged.probe.destination))), "")


def _rule_text(item: Deviation, host: str) -> str:
    scope = next((one for one in item.properties if one.name == "remoteip"), None)
    if item.kind is Class.CHANGED and scope is not None and item.too_narrow:
        admitted, wanted = result_text(scope.before), result_text(scope.after)
        return f"rule scoped to other addresses: {item.name} of {host} admits {admitted}, should admit {wanted}"
    if item.kind is Class.CHANGED:
        return f"rule changed on {host}: {item.text}" if item.too_narrow else ""
    texts = {
        Class.MISSING: f"no rule on the host: {item.name} is missing on {host}",
        Class.DISABLED: f"rule disabled: {item.name} of {host}",
        Class.INEFFECTIVE: f"rule ineffective: {item.name} of {host}: {item.reason}",
        Class.PARTLY_BLOCKED: f"rule in force in part only: {item.name} of {host}: {item.reason}",
    }
    return texts.get(item.kind, "")


def _blame_listener(judged: Judged, known: Knowledge) -> str:
    facts, probe = known.destination(judged), judged.probe
    if facts is None or facts.listeners is None or facts.listens(probe.transport, probe.address, probe.port):
        return ""
    what = f"{probe.transport.upper()} {probe.port}"
    known_host = known.deployment.hosts.get(probe.destination)
    own = {*(known_host.addresses if known_host else ()), *_LOOPBACK}
    elsewhere = [address for address in facts.listens_elsewhere(probe.transport, probe.port) if address in own]
    if elsewhere:
        places = ", ".join(elsewhere)
        return f"listener absent: on {probe.destination} {what} is listened on at {places}, not at {probe.address}"
    return f"listener absent: nothing listens on {what} of {probe.destination}"


def _blame_members(judged: Judged, known: Knowledge) -> str:
    """Return which members behind a virtual service are down, else that the balancer is the one that fails."""
    service = known.service(judged)
    if service is None:
        return ""
    down = [text for member in service.members if (text := _why_down(member, service, known))]
    if down:
        return f"balancer member down: {'; '.join(down)}"
    planned = service.planned
    who = f"balancer {', '.join(planned.balancers)}" if planned.balancers else "balancer"
    return f"the {who} does not pass {planned.name} on, although nothing is known to be wrong with its members"


def _why_down(member: HostPlan, service: Service, known: Knowledge) -> str:
    """Return why a balancer takes a member for down, or cannot get through to it.

    First what the traffic goes to, then what the monitor asks.
    """
    facts = known.facts.get(member.host)
    if facts is None:
        return ""
    if facts.problem:
        return f"{member.host} could not be asked"
    planned = service.planned
    wanted = _at_member(member, planned.protocol, planned.node_port, facts, known)
    if wanted or not service.monitor_port:
        return wanted
    return _at_member(member, "tcp", service.monitor_port, facts, known, ", which the balancer asks")


def _at_member(member: HostPlan, protocol: str, port: int, facts: Facts, known: Knowledge, purpose: str = "") -> str:
    listens = facts.listeners is None or any(facts.listens(protocol, address, port) for address in member.addresses)
    if not listens:
        return f"nothing listens on {protocol.upper()} {port} of {member.host}{purpose}"
    incoming = (rule for rule in known.deployment.incoming[member.host] if rule.protocol == protocol)
    rules = {rule.name for rule in incoming if any(covers(rule, address, port) for address in member.addresses)}
    found = (item for item in facts.deviations if item.name in rules)
    return next((text for item in found if (text := _rule_text(item, member.host))), "")


def _blame_unasked(judged: Judged, known: Knowledge) -> str:
    if judged.probe.destination not in known.deployment.hosts:
        return ""
    facts = known.destination(judged)
    if facts is None:
        return f"nothing is known of {judged.probe.destination}: it is not in this run"
    return (
        f"nothing is known of {judged.probe.destination}: it could not be asked: {facts.problem}"
        if facts.problem
        else ""
    )


def _blame_way(judged: Judged, known: Knowledge) -> str:
    probe = judged.probe
    if (probe.address, probe.port) in known.reached:
        place = f"{probe.address} on {probe.transport.upper()} {probe.port}"
        return f"dropped on the way from {probe.source}: others reach {place}"
    return f"dropped on the way between {probe.source_address} and {probe.address}: no fault of the host is known"


def _blame_wider_rule(judged: Judged, known: Knowledge) -> str:
    """Return what lets in more than planned."""
    facts = known.destination(judged)
    wide = (
        sorted({item.name for item in facts.deviations if item.too_wide or item.kind is Class.EXTRA}) if facts else []
    )
    if wide:
        return f"rules that let in more than planned: {', '.join(wide)}"
    off = next((item.reason for item in facts.deviations if item.kind is Class.INEFFECTIVE), "") if facts else ""
    return off or "no rule of the plan lets it in: a rule of somebody else does, or the firewall is off"


def _blame_stale(judged: Judged, known: Knowledge) -> str:
    if judged.probe.question:
        return f"record stale on {judged.probe.address}, or another server answers there"
    return _blame_listener(judged, known) or "another service has the port"


def _blame_prober(judged: Judged, known: Knowledge) -> str:
    facts = known.facts.get(judged.probe.source)
    return (facts.problem if facts else "") or judged.detail


_CAUSES: Mapping[Verdict, tuple[_Cause, ...]] = {
    Verdict.FILTERED: (_blame_members, _blame_rule, _blame_listener, _blame_unasked, _blame_way),
    # A refusal is an answer: the firewall let it through, or refuses by itself.
    Verdict.REFUSED: (
        _blame_members,
        _blame_listener,
        _blame_rule,
        _blame_unasked,
        lambda judged, _known: f"something refuses it for {judged.probe.address}: no fault is known",
    ),
    Verdict.WRONG_HOST: (
        lambda judged, _known: (
            f"another server answers at {judged.probe.address}, or the wrong certificate is bound there"
        ),
    ),
    Verdict.EXPIRED: (lambda judged, _known: f"the certificate on {judged.probe.address} was not replaced",),
    Verdict.WRONG_ANSWER: (_blame_stale,),
    Verdict.UNEXPECTED: (_blame_wider_rule,),
    Verdict.UNKNOWN: (_blame_prober,),
}
