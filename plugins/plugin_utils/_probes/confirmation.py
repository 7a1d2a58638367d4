# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""May a change that waits be confirmed? Not while a peer no longer gets through that did before, or nobody knows.

    peers_of(probes) == {"fe01": ["edge01", "fe02"]}          who probes whom
    find_objections(state, "fe01", now) == []                 nothing stands against it

Asked are the peers that probe the host itself. What goes through a load balancer depends on others too, and the probes
after the run tell of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from .._base.untyped import mappings
from .._rollout.results import Concern, Step
from .._rollout.run_state import RunState
from .host_io import Facts, read_facts
from .plan_view import Expected, Probe
from .verdicts import Judged, Verdict, judge

NOT_CONFIRMED = "the change is not confirmed, and comes back by itself:"
_GETS_THROUGH = frozenset(
    {Verdict.OPEN, Verdict.EXPIRING, Verdict.EXPIRED, Verdict.WRONG_HOST, Verdict.WRONG_ANSWER, Verdict.UNEXPECTED}
)


def peers_of(probes: Iterable[Probe]) -> dict[str, list[str]]:
    """Return by host who probes it, sorted; what should be closed there takes part in nothing."""
    found: dict[str, set[str]] = {}
    for probe in probes:
        if _counts(probe, probe.destination):
            found.setdefault(probe.destination, set()).add(probe.source)
    return {host: sorted(found[host]) for host in sorted(found)}


def probes_of(own: Mapping[str, object], host: str) -> list[tuple[int, Mapping[str, object]]]:
    """Return what a peer probes of a host, each with its place in the list of that peer; own: its slice."""
    documents = enumerate(mappings(own.get("probes")))
    return [(number, document) for number, document in documents if _counts(Probe.of(document), host)]


def _counts(probe: Probe, host: str) -> bool:
    return probe.destination == host and not probe.service and probe.expected is Expected.OPEN


def find_objections(state: RunState, host: str, now: datetime) -> list[str]:
    """Return why a change of a host must not be confirmed, one line each; now: with time zone."""
    peers = state.probing(host)
    if peers is None:
        return ["no probes were made before the change, so nobody knows what it took from its peers"]
    return [line for peer in peers for line in _compare_peer(state, host, peer, now)]


def _compare_peer(state: RunState, host: str, peer: str, now: datetime) -> Iterator[str]:
    if not state.scope().plays(peer):
        yield f"{peer} is not part of this run, so nobody knows what the change took from it"
        return
    before = read_facts(state.expected(peer, Concern.PROBES, Step.BEFORE))
    after = read_facts(state.peer_probes(host, peer))
    for facts, when in ((before, "before the change"), (after, "after it")):
        if facts.problem:
            yield f"{peer} could not be asked {when}, so nobody knows what the change took from it: {facts.problem}"
    if before.problem or after.problem:
        return
    for place, (number, document) in enumerate(probes_of(state.probes(peer), host)):
        probe = Probe.of(document)
        sides = [_judge(probe, facts, at, now) for facts, at in ((before, number), (after, place))]
        if _is_against(*sides):
            yield f"{_text(probe)}: {sides[0].verdict.value} before, {sides[1].verdict.value} after"


def _judge(probe: Probe, facts: Facts, place: int, now: datetime) -> Judged:
    return judge(probe, facts.answers.get(str(place)), now)


def _is_against(before: Judged, after: Judged) -> bool:
    """Return whether a probe got through and does not, is no longer as it should be, or cannot tell."""
    if Verdict.UNKNOWN in (before.verdict, after.verdict):
        return True
    is_lost = before.verdict in _GETS_THROUGH and after.verdict not in _GETS_THROUGH
    return is_lost or (before.is_as_expected and not after.is_as_expected)


def _text(probe: Probe) -> str:
    return f"{probe.source} to {probe.destination} {probe.transport.upper()} {probe.port}"


def confirmed(closed: Mapping[str, object], answer: Mapping[str, object]) -> dict[str, object]:
    """Return what closing came to after it was, or was not, confirmed: what it changed, and how that ended."""
    left_out = ("left_armed", "msg")
    kept = {name: value for name, value in closed.items() if name not in left_out}
    return {**kept, **answer, **({"left_armed": True} if answer.get("failed") else {})}
