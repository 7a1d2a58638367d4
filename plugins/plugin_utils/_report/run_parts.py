# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run did to one concern of one device, or would do: read from the results of its tasks.

part_of("fe01", Concern.FIREWALL, [result of opening, result of closing])
== Part("fe01", Concern.FIREWALL, Status.CHANGED, {"added": 40, ...}, reasons=(...), ...)

A reason against SAFE is one of a kind of risk, every kind has a level, and the level of a run is the worst of them:
risk_of([Reason(Risk.RECREATED, "lb01", "pool01-5061", "...")]) is RiskLevel.NEEDS_WINDOW
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from .._base.changes import Cause, Kind
from .._base.untyped import mapping, mappings, result_text, texts
from .._drift.deviations import Class, Difference, differences_of, member_states, not_counting, record_name
from .._drift.report import unproven_in
from .._firewall.effects import EffectKind
from .._rollout import results
from .._rollout.results import STOPPED_TEXT, UNKNOWN_TEXT, Concern, TaskResult

COUNTS = ("added", "changed", "disabled", "removed", "recreated", "admission_changed")
# How people call the concerns.
NAMES: Mapping[Concern, str] = {
    Concern.FIREWALL: "firewall",
    Concern.NFTABLES: "nftables",
    Concern.IPSEC: "ipsec",
    Concern.LOAD_BALANCER: "load balancer",
    Concern.PUBLICATIONS: "reverse proxy",
    Concern.DNS: "dns",
}
_ACTIVE = "active"
_OUT_OF_SERVICE = ("", "disabled")


class RiskLevel(str, Enum):
    """May the run be made now?

    SAFE: nothing that is used ends. NEEDS_WINDOW: something may. REFUSED: it would fail, or nobody can tell.
    """

    SAFE = "SAFE"
    NEEDS_WINDOW = "NEEDS WINDOW"
    REFUSED = "REFUSED"


class Risk(Enum):
    """Why a run is not simply safe: the level that follows, and what it means of a device and its object."""

    UNREACHABLE = (RiskLevel.REFUSED, "could not be reached")
    FAILED = (RiskLevel.REFUSED, "failed")
    STOPPED = (RiskLevel.REFUSED, "was not looked at")
    NOT_ASKED = (RiskLevel.REFUSED, "did not answer")
    REFUSES = (RiskLevel.REFUSED, "would be refused")
    OPEN = (RiskLevel.REFUSED, "admits what no rule does")
    INEFFECTIVE = (RiskLevel.REFUSED, "would not be in force")
    PARTLY_BLOCKED = (RiskLevel.NEEDS_WINDOW, "is in force in part only")
    CUT = (RiskLevel.NEEDS_WINDOW, "would be cut")
    NARROWED = (RiskLevel.NEEDS_WINDOW, "admits less")
    POLICY = (RiskLevel.NEEDS_WINDOW, "drops what no rule admits")
    DISABLED = (RiskLevel.NEEDS_WINDOW, "is disabled, and belongs to somebody else")
    EXEMPTION = (RiskLevel.NEEDS_WINDOW, "exempts less from IPsec")
    RECREATED = (RiskLevel.NEEDS_WINDOW, "is recreated")
    VIRTUAL_GOES = (RiskLevel.NEEDS_WINDOW, "goes, with its connections")
    MEMBER_GOES = (RiskLevel.NEEDS_WINDOW, "loses a member that was not drained")
    CERTIFICATE = (RiskLevel.NEEDS_WINDOW, "shows clients another certificate")
    UNPUBLISHED = (RiskLevel.NEEDS_WINDOW, "is published no longer")
    RECORD_GOES = (RiskLevel.NEEDS_WINDOW, "is no longer answered, but clients remember it")
    CONTRADICTED = (RiskLevel.NEEDS_WINDOW, "is an assumption of the plan that does not hold")
    NO_ROLLBACK = (RiskLevel.NEEDS_WINDOW, "is not saved before the change")
    HELD = (RiskLevel.NEEDS_WINDOW, "is held: it stays although the plan lacks it")

    def __init__(self, level: RiskLevel, meaning: str) -> None:
        self.level = level
        self.meaning = meaning


@dataclass(frozen=True)
class Reason:
    """One reason; item: the object of the device, empty for the device itself. detail: what is known besides."""

    risk: Risk
    device: str
    item: str = ""
    detail: str = ""

    def document(self) -> dict[str, object]:
        """Return it as plugins/plugin_utils/_report/data/lync_summary.schema.json has it."""
        return {
            "level": self.risk.level.value,
            "cause": self.risk.name.lower(),
            "device": self.device,
            "object": self.item,
            "detail": self.detail,
        }


def risk_of(reasons: Iterable[Reason]) -> RiskLevel:
    """Return the worst level of reasons; SAFE when there are none."""
    order = list(RiskLevel)
    return max((reason.risk.level for reason in reasons), key=order.index, default=RiskLevel.SAFE)


class Status(str, Enum):
    """What became of it."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    HANDED_OUT = "handed out"
    NOT_CLOSED = "not closed"
    STOPPED = "stopped"
    NOT_ASKED = "not asked"
    FAILED = "failed"
    UNREACHABLE = "unreachable"

    @property
    def is_done(self) -> bool:
        """Return whether it is known to be as the plan says, or was left to somebody else on purpose."""
        return self in (Status.UNCHANGED, Status.CHANGED, Status.HANDED_OUT)


_NOT_COUNTING = {
    Class.OPEN: Risk.OPEN,
    Class.INEFFECTIVE: Risk.INEFFECTIVE,
    Class.PARTLY_BLOCKED: Risk.PARTLY_BLOCKED,
}
_RISKS = {
    Status.STOPPED: Risk.STOPPED,
    Status.NOT_ASKED: Risk.NOT_ASKED,
    Status.FAILED: Risk.FAILED,
    Status.UNREACHABLE: Risk.UNREACHABLE,
}
_BROKEN = {results.Status.FAILED: Status.FAILED, results.Status.UNREACHABLE: Status.UNREACHABLE}
_NO_REASON = {Concern.DNS: "the servers do not answer with what was written"}
_NOT_CLOSED = "opened only, because an earlier host of its pool, or DNS or a load balancer of it, was not done"


@dataclass(frozen=True)
class Part:
    """One concern of one device.

    counts: by COUNTS; those that nobody knows are left out. reasons: against SAFE. notes: what is to be known besides.
    ineffective: rules that do nothing, and why. not_counting: what is as planned and does not do all that it says, and
    why. snapshots: how each state before comes back, oldest first, and whether that happens by itself.
    of_catalogue: what changes only because of another version of the catalogue.
    members: how many of services do what. up, down: how many of them are well for the load balancer, and which are
    not, where it says so.
    """

    device: str
    concern: Concern
    status: Status
    counts: Mapping[str, int] = field(default_factory=dict)
    message: str = ""
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    ineffective: tuple[tuple[str, str], ...] = ()
    not_counting: tuple[tuple[str, str], ...] = ()
    snapshots: tuple[Mapping[str, object], ...] = ()
    of_catalogue: tuple[str, ...] = ()
    members: Mapping[str, int] = field(default_factory=dict)
    up: int = 0
    down: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Return whether it is known to be as the plan says, and all of it counts."""
        return self.status.is_done and not self.not_counting

    @property
    def is_read(self) -> bool:
        """Return whether the device was read, after a change once more, and found as planned."""
        return self.status in (Status.UNCHANGED, Status.CHANGED) and not self.not_counting

    def document(self) -> dict[str, object]:
        """Return it as plugins/plugin_utils/_report/data/lync_summary.schema.json has it."""
        return {
            "device": self.device,
            "concern": self.concern.value,
            "status": self.status.value,
            "message": self.message,
            "counts": {name: self.counts[name] for name in COUNTS if name in self.counts},
            "notes": list(self.notes),
            "ineffective": [{"rule": name, "why": why} for name, why in self.ineffective],
            "not_counting": [{"object": name, "why": why} for name, why in self.not_counting],
            "of_catalogue": list(self.of_catalogue),
            "snapshots": [dict(item) for item in self.snapshots],
            "members": dict(self.members),
            "members_up": self.up,
            "members_down": list(self.down),
            "read_again": self.is_read,
        }


def part_of(device: str, concern: Concern, own: Sequence[TaskResult]) -> Part:
    """Return what became of a concern of a device, from the results of its tasks in their order.

    None of one that did not answer.
    """
    status, message = _status(own, concern)
    asked = [result for result in own if result.status not in (results.Status.STOPPED, results.Status.UNKNOWN)]
    reasons = [Reason(_RISKS[status], device, "", message)] if status in _RISKS else []
    standing = next((not_counting(result) for result in reversed(asked) if "effects" in result.document), ())
    reasons += [Reason(_NOT_COUNTING[item.kind], device, item.name, item.reason) for item in standing]
    for result in asked:
        # What a failed task would have done, nobody does.
        if result.status is not results.Status.FAILED:
            reasons += _REASONS[concern](device, result)
    return Part(
        device=device,
        concern=concern,
        status=status,
        counts=_add_counts(asked),
        message=message,
        reasons=tuple(dict.fromkeys(reasons)),
        notes=tuple(dict.fromkeys(note for result in asked for note in _collect_notes(result))),
        ineffective=tuple(_find_ineffective(asked)),
        not_counting=tuple((item.name, item.reason) for item in standing),
        snapshots=tuple(snapshot for result in asked if (snapshot := mapping(result.document.get("snapshot")))),
        of_catalogue=tuple(dict.fromkeys(name for result in asked for name in _names_of_catalogue(result))),
        members=_count_members(asked),
        up=sum(result.count("health", "up") for result in asked),
        down=tuple(name for result in asked for name in texts(mapping(result.document.get("health")).get("down"))),
    )


def _names_of_catalogue(result: TaskResult) -> Iterator[str]:
    return (str(change.get("name")) for change in result.changes if change.get("cause") == Cause.CATALOGUE)


def _status(own: Sequence[TaskResult], concern: Concern) -> tuple[Status, str]:
    """Return what the results of a concern come to, and why; the worst one counts."""
    broken = next((result for result in own if result.status in _BROKEN), None)
    if broken is not None:
        return _BROKEN[broken.status], broken.message or _NO_REASON.get(concern, "no reason was given")
    unknown = next((result for result in own if result.status is results.Status.UNKNOWN), None)
    if not own or unknown is not None:
        return Status.NOT_ASKED, unknown.message if unknown else UNKNOWN_TEXT
    first, *later = own
    if first.status is results.Status.STOPPED:
        return Status.STOPPED, first.message or STOPPED_TEXT
    if any(result.status is results.Status.HANDED_OUT for result in own):
        return Status.HANDED_OUT, ""
    if first.is_pending and all(result.status is results.Status.STOPPED for result in later):
        return Status.NOT_CLOSED, _NOT_CLOSED
    changed = any(result.status is results.Status.CHANGED for result in own)
    return Status.CHANGED if changed else Status.UNCHANGED, ""


def _of_rules(device: str, result: TaskResult) -> Iterator[Reason]:
    """Yield what stands against changes of rules: what the host would refuse, what is cut, what admits less."""
    yield from (Reason(Risk.REFUSES, device, "", text) for text in result.texts("refused"))
    impacts = result.mappings("connection_impact")
    yield from (Reason(Risk.CUT, device, *_impact_texts(impact)) for impact in impacts)
    for change in result.changes:
        if change.get("closes") and change.get("changes_admission"):
            detail = str(change.get("effect") or change.get("reason") or "")
            yield Reason(_closing_risk(change), device, str(change.get("name")), detail)


def _closing_risk(change: Mapping[str, object]) -> Risk:
    names = {difference.name for difference in differences_of(change)}
    return (
        Risk.DISABLED if change.get("kind") == Kind.DISABLE else Risk.POLICY if names == {"policy"} else Risk.NARROWED
    )


def _impact_texts(impact: Mapping[str, object]) -> tuple[str, str]:
    """Return who is cut off, and which rules admit them now."""
    is_peers = impact.get("kind") == "peers"
    what = f"peers {', '.join(texts(impact.get('peers')))}" if is_peers else "the listener"
    unless = f"; unless {', '.join(texts(impact.get('unless')))} admits them" if impact.get("unless") else ""
    admitting = ", ".join(texts(impact.get("rules")))
    return f"{what} on TCP {impact.get('port')} of {impact.get('address')}", f"only {admitting} admits them now{unless}"


def _of_exemptions(device: str, result: TaskResult) -> Iterator[Reason]:
    yield from (Reason(Risk.REFUSES, device, "", text) for text in result.texts("refused"))
    for change in result.changes:
        kinds = {effect.get("kind") for effect in mappings(change.get("effects"))}
        if change.get("closes") and EffectKind.STILL_EXEMPT_BY not in kinds:
            detail = str(change.get("effect") or change.get("reason") or "")
            yield Reason(Risk.EXEMPTION, device, str(change.get("name")), detail)


def _of_services(device: str, result: TaskResult) -> Iterator[Reason]:
    """Yield what stands against changes of virtual services."""
    for change in result.changes:
        name, impact = str(change.get("name")), str(change.get("impact") or "")
        if change.get("kind") == Kind.REMOVE:
            yield Reason(Risk.VIRTUAL_GOES, device, name, impact)
        elif change.get("recreates"):
            yield Reason(Risk.RECREATED, device, name, impact)
        else:
            yield from (
                Reason(Risk.MEMBER_GOES, device, name, f"member {address}") for address in _find_leaving_members(change)
            )


def _find_leaving_members(change: Mapping[str, object]) -> list[str]:
    """Return the addresses of members that took traffic until now, and do no longer."""
    nothing = Difference("members", (), ())
    members = next((item for item in differences_of(change) if item.name == "members"), nothing)
    before, after = member_states(members.before), member_states(members.after)
    gone = (address for address, state in before.items() if state == _ACTIVE)
    return sorted(address for address in gone if after.get(address, "") in _OUT_OF_SERVICE)


def _of_publications(device: str, result: TaskResult) -> Iterator[Reason]:
    for change in result.changes:
        name, impact = str(change.get("name")), str(change.get("impact") or "")
        if change.get("kind") == Kind.REMOVE:
            yield Reason(Risk.UNPUBLISHED, device, name, impact)
        elif change.get("notice"):
            yield Reason(Risk.CERTIFICATE, device, name, impact)


def _of_records(device: str, result: TaskResult) -> Iterator[Reason]:
    """Yield the answers that go: resolvers and clients keep them for as long as they live."""
    for change in result.changes:
        values = (difference for difference in differences_of(change) if difference.name == "values")
        gone = [value for difference in values for value in _find_gone_values(difference)]
        if gone:
            yield Reason(Risk.RECORD_GOES, device, record_name(change), f"value {', '.join(gone)}")


def _find_gone_values(difference: Difference) -> list[str]:
    after = set(texts(difference.after))
    return [value for value in texts(difference.before) if value not in after]


_REASONS: Mapping[Concern, Callable[[str, TaskResult], Iterator[Reason]]] = {
    Concern.FIREWALL: _of_rules,
    Concern.NFTABLES: _of_rules,
    Concern.IPSEC: _of_exemptions,
    Concern.LOAD_BALANCER: _of_services,
    Concern.PUBLICATIONS: _of_publications,
    Concern.DNS: _of_records,
}


def _collect_notes(result: TaskResult) -> Iterator[str]:
    """Yield what is to be known besides the changes; what is refused is a reason, and no note."""
    if result.document.get("not_needed"):
        yield f"IPsec exemptions are not needed: {result.document['not_needed']}"
    refused = result.texts("refused")
    yield from (text for text in result.texts("warnings") if not any(why in text for why in refused))
    yield from result.not_rendered_texts()
    if result.concern is Concern.DNS:
        yield from (*result.texts("not_applied"), *_unknown_values(result), *result.texts("lagging"))
        count = len(result.texts("refreshed"))
        yield from [f"written again, unchanged, so that nothing scavenges them: {count}"] if count else []
    yield from unproven_in(result)
    yield from [str(result.document["not_armed"])] if "not_armed" in result.document else []
    yield from (f"handed out: {name}" for name in result.texts("handed_out"))


def _unknown_values(result: TaskResult) -> Iterator[str]:
    for item in result.mappings("unknown"):
        place = f"{item.get('name')} {item.get('type')} ({item.get('view')}, zone {item.get('zone')})"
        yield f"{place}: unknown value {result_text(item.get('values'))}, which stays"


def _add_counts(asked: Sequence[TaskResult]) -> dict[str, int]:
    """Return the sums of numbers of results, without those that one of them does not know."""
    summaries = [mapping(result.document.get("summary")) for result in asked]
    known = [name for name in COUNTS if not any(name in own and own[name] is None for own in summaries)]
    return {name: sum(result.count("summary", name) for result in asked) for name in known}


def _find_ineffective(own: Iterable[TaskResult]) -> Iterator[tuple[str, str]]:
    """Yield the rules that do nothing after the last task that says so."""
    effects = [result.mappings("effects") for result in own if "effects" in result.document]
    for effect in effects[-1] if effects else ():
        if effect.get("effective") is False:
            yield str(effect.get("name")), str(effect.get("effect"))


def _count_members(own: Iterable[TaskResult]) -> dict[str, int]:
    """Return how many members of virtual services are in which state afterwards."""
    total: Counter[str] = Counter()
    for result in own:
        if result.status is not results.Status.FAILED:
            total.update(
                {str(state): int(str(number)) for state, number in mapping(result.document.get("members")).items()}
            )
    return dict(sorted(total.items()))
