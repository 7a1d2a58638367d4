# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is most likely behind a probe that did not go as planned, from all that a run knows.

The first that applies is told: what the destination's rules differ in, what listens there, the members behind a balancer, and
when all of that is right, the way between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .._drift.deviations import Class, Deviation, spoken
from .host_io import Facts
from .plan_view import Deployment, Service
from .planned import PlannedHost
from .verdicts import Judged, Verdict


@dataclass(frozen=True)
class Knowledge:
    """All that a run knows: the plan, what each host told, and whom a probe has reached on which port."""

    deployment: Deployment
    facts: Mapping[str, Facts]
    reached: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def of(cls, deployment: Deployment, facts: Mapping[str, Facts], judged: Iterable[Judged]) -> Knowledge:
        """Return what a run knows once every probe has its verdict."""
        return cls(deployment, facts, frozenset((item.probe.address, item.probe.port) for item in judged if item.verdict is Verdict.OPEN))

    def destination(self, judged: Judged) -> Facts | None:
        """Return what the host told that a probe went to directly."""
        return None if judged.probe.service else self.facts.get(judged.probe.destination)

    def service(self, judged: Judged) -> Service | None:
        """Return the virtual service that a probe went through."""
        return next((service for service in self.deployment.services if judged.probe.service == service.name), None)


_LOOPBACK = ("127.0.0.1", "::1")
_Cause = Callable[[Judged, Knowledge], str]


def cause_of(judged: Judged, known: Knowledge) -> str:
    """Return the most likely cause in words, empty when all is as expected."""
    return next((text for find in _CAUSES.get(judged.verdict, ()) if (text := find(judged, known))), "")


def _rule(judged: Judged, known: Knowledge) -> str:
    """Return what is wrong with the rule that should let the probe in."""
    facts = known.destination(judged)
    found = [item for item in facts.deviations if item.name == judged.probe.rule] if facts else []
    return next((text for item in found if (text := _rule_words(item, judged.probe.destination))), "")


def _rule_words(item: Deviation, host: str) -> str:
    scope = next((one for one in item.properties if one.name == "remoteip"), None)
    if item.kind is Class.CHANGED and scope is not None and item.too_narrow:
        return f"rule scoped to other addresses: {item.name} of {host} admits {spoken(scope.before)}, should admit {spoken(scope.after)}"
    if item.kind is Class.CHANGED:
        return f"rule changed on {host}: {item.words}" if item.too_narrow else ""
    words = {Class.MISSING: f"no rule on the host: {item.name} is missing on {host}", Class.DISABLED: f"rule disabled: {item.name} of {host}"}
    return words.get(item.kind, f"rule ineffective: {item.name} of {host}: {item.reason}" if item.kind is Class.INEFFECTIVE else "")


def _listener(judged: Judged, known: Knowledge) -> str:
    facts, probe = known.destination(judged), judged.probe
    if facts is None or facts.listeners is None or facts.listens(probe.transport, probe.address, probe.port):
        return ""
    what = f"{probe.transport.upper()} {probe.port}"
    known_host = known.deployment.hosts.get(probe.destination)
    own = {*(known_host.addresses if known_host else ()), *_LOOPBACK}
    elsewhere = [address for address in facts.listens_elsewhere(probe.transport, probe.port) if address in own]
    if elsewhere:
        return f"listener absent: on {probe.destination} {what} is listened on at {', '.join(elsewhere)}, not at {probe.address}"
    return f"listener absent: nothing listens on {what} of {probe.destination}"


def _members(judged: Judged, known: Knowledge) -> str:
    """Return which members behind a virtual service are down, else that the balancer is the one that fails."""
    service = known.service(judged)
    if service is None:
        return ""
    down = [text for member in service.members if (text := _why_down(member, service, known))]
    if down:
        return f"balancer member down: {'; '.join(down)}"
    who = f"balancer {', '.join(service.balancers)}" if service.balancers else "balancer"
    return f"the {who} does not pass {service.name} on, although nothing is known to be wrong with its members"


def _why_down(member: PlannedHost, service: Service, known: Knowledge) -> str:
    """Return why a balancer takes a member for down, or cannot get through to it: first what the traffic goes to, then what the monitor asks."""
    facts = known.facts.get(member.name)
    if facts is None:
        return ""
    if facts.problem:
        return f"{member.name} could not be asked"
    asked = [("", service.protocol, service.node_port), (", which the balancer asks", "tcp", service.monitor_port)]
    return next((text for words, protocol, port in asked if port and (text := _at_member(member, facts, protocol, port, words))), "")


def _at_member(member: PlannedHost, facts: Facts, protocol: str, port: int, words: str) -> str:
    listens = facts.listeners is None or any(facts.listens(protocol, address, port) for address in member.addresses)
    if not listens:
        return f"nothing listens on {protocol.upper()} {port} of {member.name}{words}"
    rules = {rule.name for rule in member.rules if rule.protocol == protocol and any(rule.covers(address, port) for address in member.addresses)}
    return next((text for item in facts.deviations if item.name in rules and (text := _rule_words(item, member.name))), "")


def _unasked(judged: Judged, known: Knowledge) -> str:
    if judged.probe.destination not in known.deployment.hosts:
        return ""
    facts = known.destination(judged)
    if facts is None:
        return f"nothing is known of {judged.probe.destination}: it is not in this run"
    return f"nothing is known of {judged.probe.destination}: it could not be asked: {facts.problem}" if facts.problem else ""


def _way(judged: Judged, known: Knowledge) -> str:
    probe = judged.probe
    if (probe.address, probe.port) in known.reached:
        return f"dropped on the way from {probe.source}: others reach {probe.address} on {probe.transport.upper()} {probe.port}"
    return f"dropped on the way between {probe.source_address} and {probe.address}: no fault of the host is known"


def _wider(judged: Judged, known: Knowledge) -> str:
    """Return what lets in more than planned."""
    facts = known.destination(judged)
    wide = sorted({item.name for item in facts.deviations if item.too_wide or item.kind is Class.EXTRA}) if facts else []
    if wide:
        return f"rules that let in more than planned: {', '.join(wide)}"
    off = next((item.reason for item in facts.deviations if item.kind is Class.INEFFECTIVE), "") if facts else ""
    return off or "no rule of the plan lets it in: a rule of somebody else does, or the firewall is off"


def _stale(judged: Judged, known: Knowledge) -> str:
    if judged.probe.question:
        return f"record stale on {judged.probe.address}, or another server answers there"
    return _listener(judged, known) or "another service has the port"


def _untold(judged: Judged, known: Knowledge) -> str:
    facts = known.facts.get(judged.probe.source)
    return (facts.problem if facts else "") or judged.detail


_CAUSES: Mapping[Verdict, tuple[_Cause, ...]] = {
    Verdict.FILTERED: (_members, _rule, _listener, _unasked, _way),
    # A refusal is an answer: the firewall let it through, or refuses by itself.
    Verdict.REFUSED: (_members, _listener, _rule, _unasked, lambda judged, _known: f"something refuses it for {judged.probe.address}: no fault is known"),
    Verdict.WRONG_HOST: (lambda judged, _known: f"another server answers at {judged.probe.address}, or the wrong certificate is bound there",),
    Verdict.EXPIRED: (lambda judged, _known: f"the certificate on {judged.probe.address} was not replaced",),
    Verdict.WRONG_ANSWER: (_stale,),
    Verdict.UNEXPECTED: (_wider,),
    Verdict.UNKNOWN: (_untold,),
}
