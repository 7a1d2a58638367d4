# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run did to one concern of one device, or would do: read from the registered results of its tasks.

    part_of("fe01", Concern.FIREWALL, [result of opening, result of closing])
    == Part("fe01", Concern.FIREWALL, Status.CHANGED, {"added": 40, ...}, reasons=(...), ...)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from .._rollout.dns_results import notes_of
from .._rollout.outcome import Result
from .run_risk import Cause, Reason

COUNTS = ("added", "changed", "disabled", "removed", "recreated", "admission_changed")
_ACTIVE = "active"


class Concern(str, Enum):
    """What of a device a run is about."""

    FIREWALL = "firewall"
    LINUX = "nftables"
    IPSEC = "ipsec"
    BALANCER = "load balancer"
    PROXY = "reverse proxy"
    DNS = "dns"


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


_CAUSES = {
    Status.STOPPED: Cause.STOPPED,
    Status.NOT_ASKED: Cause.NOT_ASKED,
    Status.FAILED: Cause.FAILED,
    Status.UNREACHABLE: Cause.UNREACHABLE,
}
_NO_REASON = {Concern.DNS: "the servers do not answer with what was written"}
_SILENT = {
    Status.NOT_CLOSED: "opened only, because an earlier host of its pool, or DNS or a load balancer of it, was not done",
    Status.STOPPED: "not touched, because an earlier host of its pool or the canary of its role was not done",
    Status.NOT_ASKED: "it is part of this run, and no task of it has a result",
}


@dataclass(frozen=True)
class Part:
    """One concern of one device.

    counts: by COUNTS. reasons: against SAFE. notes: what is to be told besides. ineffective: rules that do nothing, and why.
    snapshots: how each state before comes back, oldest first, and whether that happens by itself. members: how many of services do what.
    up, down: how many of them are well for the load balancer, and which are not; only of those that tell. again: whether what was
    written was read again and found equal.
    """

    device: str
    concern: Concern
    status: Status
    counts: Mapping[str, int] = field(default_factory=dict)
    message: str = ""
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    ineffective: tuple[tuple[str, str], ...] = ()
    snapshots: tuple[Mapping[str, object], ...] = ()
    members: Mapping[str, int] = field(default_factory=dict)
    up: int = 0
    down: tuple[str, ...] = ()
    again: bool = True

    def document(self) -> dict[str, object]:
        """Return it as plugins/plugin_utils/_report/data/lync_screen.schema.json has it."""
        return {
            "device": self.device, "concern": self.concern.value, "status": self.status.value, "message": self.message,
            "counts": {name: self.counts.get(name, 0) for name in COUNTS}, "notes": list(self.notes),
            "ineffective": [{"rule": name, "why": why} for name, why in self.ineffective],
            "snapshots": [dict(item) for item in self.snapshots], "members": dict(self.members), "members_up": self.up,
            "members_down": list(self.down), "read_again": self.again,
        }  # fmt: skip


def part_of(device: str, concern: Concern, results: Sequence[Result]) -> Part:
    """Return what became of a concern of a device, from the results of its tasks in their order; none of a device that was to be asked."""
    status, message = _status(results, concern)
    kept = [result for result in results if not result.get("skipped")]
    own = [Reason(_CAUSES[status], device, "", message)] if status in _CAUSES else []
    found = [reason for result in kept if not result.get("failed") for reason in _REASONS[concern](device, result)]
    return Part(
        device=device,
        concern=concern,
        status=status,
        counts={name: sum(_number(result.get("summary"), name) for result in kept) for name in COUNTS},
        message=message,
        reasons=(*own, *dict.fromkeys(found)),
        notes=tuple(dict.fromkeys(note for result in kept for note in _notes(result, concern))),
        ineffective=tuple(_ineffective(kept)),
        snapshots=tuple(item for result in kept if isinstance(item := result.get("snapshot"), Mapping)),
        members=_members(kept),
        up=sum(_number(result.get("health"), "up") for result in kept),
        down=tuple(name for result in kept if isinstance(health := result.get("health"), Mapping) for name in _texts(health.get("down"))),
        again=concern not in _NOT_READ_AGAIN,
    )


def looked_at_again(part: Part, results: Sequence[Result]) -> Part:
    """Return a part that was changed with what another look in check mode told; a difference is a failure."""
    told = part_of(part.device, part.concern, results)
    if not told.status.is_done:
        return replace(part, status=told.status, message=f"it took the change, and could not be looked at again: {told.message}", again=False)
    if told.status is Status.CHANGED:
        differing = "; ".join(line for result in results for line in _texts(result.get("commands")) or _texts(result.get("lines")))
        return replace(part, status=Status.FAILED, message=f"it took the change, and differs from the plan all the same: {differing}", again=False)
    return replace(part, members=told.members, up=told.up, down=told.down, again=True)


# A load balancer takes a change or refuses it; what it has then, only another look tells.
_NOT_READ_AGAIN = (Concern.BALANCER, Concern.PROXY)


def _status(results: Sequence[Result], concern: Concern) -> tuple[Status, str]:
    bad = next((result for result in results if result.get("failed") or result.get("unreachable")), None)
    if bad is not None:
        status = Status.UNREACHABLE if bad.get("unreachable") else Status.FAILED
        return status, str(bad.get("msg") or _NO_REASON.get(concern, "no reason was given"))
    if not results or results[0].get("skipped"):
        status = Status.STOPPED if results else Status.NOT_ASKED
        return status, _SILENT[status]
    if any(result.get("handed_out") for result in results):
        return Status.HANDED_OUT, ""
    if results[0].get("pending") and all(result.get("skipped") for result in results[1:]):
        return Status.NOT_CLOSED, _SILENT[Status.NOT_CLOSED]
    return Status.CHANGED if any(result.get("changed") for result in results) else Status.UNCHANGED, ""


def _of_rules(device: str, result: Result) -> Iterator[Reason]:
    """Yield what stands against changes of rules: what the host would refuse, what is cut, what admits less."""
    yield from (Reason(Cause.REFUSES, device, "", text) for text in _texts(result.get("refused")))
    yield from (Reason(Cause.CUT, device, *_cut_words(cut)) for cut in mappings(result.get("would_cut")))
    for change in mappings(result.get("changes")):
        if change.get("closes") and change.get("changes_admission"):
            yield Reason(_closing_cause(change), device, str(change.get("name")), str(change.get("effect") or change.get("reason") or ""))


def _closing_cause(change: Mapping[str, object]) -> Cause:
    names = {item.get("property") for item in mappings(change.get("properties"))}
    return Cause.DISABLED if change.get("kind") == "disable" else Cause.POLICY if names == {"policy"} else Cause.NARROWED


def _cut_words(cut: Mapping[str, object]) -> tuple[str, str]:
    what = f"peers {', '.join(_texts(cut.get('peers')))}" if cut.get("kind") == "peers" else "the listener"
    unless = f"; unless {', '.join(_texts(cut.get('unless')))} admits them" if cut.get("unless") else ""
    return f"{what} on TCP {cut.get('port')} of {cut.get('address')}", f"only {', '.join(_texts(cut.get('rules')))} admits them now{unless}"


def _of_exemptions(device: str, result: Result) -> Iterator[Reason]:
    yield from (Reason(Cause.REFUSES, device, "", text) for text in _texts(result.get("refused")))
    for change in mappings(result.get("changes")):
        effect = str(change.get("effect") or change.get("reason") or "")
        if change.get("closes") and "still exempt by" not in effect:
            yield Reason(Cause.EXEMPTION, device, str(change.get("name")), effect)


def _of_services(device: str, result: Result) -> Iterator[Reason]:
    """Yield what stands against changes of virtual services."""
    for change in mappings(result.get("changes")):
        name, impact = str(change.get("name")), str(change.get("impact") or "")
        if change.get("kind") == "remove":
            yield Reason(Cause.VIRTUAL_GOES, device, name, impact)
        elif change.get("recreates"):
            yield Reason(Cause.RECREATED, device, name, impact)
        else:
            yield from (Reason(Cause.MEMBER_GOES, device, name, f"member {address}") for address in _leaving(change))


def _leaving(change: Mapping[str, object]) -> list[str]:
    """Return the addresses of members that took traffic until now, and do no longer."""
    members = next((item for item in mappings(change.get("fields")) if item.get("field") == "members"), {})
    before, after = ({str(one.get("address")): str(one.get("state")) for one in mappings(members.get(side))} for side in ("before", "after"))
    return sorted(address for address, state in before.items() if state == _ACTIVE and after.get(address, "") in ("", "disabled"))


def _of_publications(device: str, result: Result) -> Iterator[Reason]:
    for change in mappings(result.get("changes")):
        name, impact = str(change.get("name")), str(change.get("impact") or "")
        if change.get("kind") == "remove":
            yield Reason(Cause.UNPUBLISHED, device, name, impact)
        elif change.get("notice"):
            yield Reason(Cause.CERTIFICATE, device, name, impact)


def _of_records(device: str, result: Result) -> Iterator[Reason]:
    """Yield the answers that go: resolvers and clients keep them for as long as they live."""
    for change in mappings(result.get("changes")):
        gone = [value for item in mappings(change.get("properties")) if item.get("property") == "values" for value in _gone(item)]
        if gone:
            yield Reason(Cause.RECORD_GOES, device, f"{change.get('name')} {change.get('type')} ({change.get('view')})", f"value {', '.join(gone)}")


def _gone(item: Mapping[str, object]) -> list[str]:
    after = set(_texts(item.get("after")))
    return [value for value in _texts(item.get("before")) if value not in after]


_REASONS: Mapping[Concern, Callable[[str, Result], Iterator[Reason]]] = {
    Concern.FIREWALL: _of_rules,
    Concern.LINUX: _of_rules,
    Concern.IPSEC: _of_exemptions,
    Concern.BALANCER: _of_services,
    Concern.PROXY: _of_publications,
    Concern.DNS: _of_records,
}


def _notes(result: Result, concern: Concern) -> Iterator[str]:
    if result.get("not_needed"):
        yield f"IPsec exemptions are not needed: {result['not_needed']}"
    refused = {f"apply would refuse the changes: {text}" for text in _texts(result.get("refused"))}
    yield from (text for text in _texts(result.get("warnings")) if text not in refused)
    counted = Counter((str(item.get("field")), str(item.get("why"))) for item in mappings(result.get("not_rendered")))
    for (name, why), number in sorted(counted.items()):
        yield f"not rendered: {name} of {number} service{'' if number == 1 else 's'}: {why}"
    yield from notes_of(result) if concern is Concern.DNS else ()
    yield from (f"handed out: {name}" for name in _texts(result.get("handed_out")))


def _ineffective(results: Iterable[Result]) -> Iterator[tuple[str, str]]:
    """Yield the rules that do nothing after the last task that told."""
    told = [result for result in results if "effects" in result]
    for effect in mappings(told[-1].get("effects")) if told else ():
        if effect.get("effective") is False:
            yield str(effect.get("name")), str(effect.get("effect"))


def _members(results: Iterable[Result]) -> dict[str, int]:
    """Return how many members of virtual services are in which state afterwards."""
    services = (service for result in results if not result.get("failed") for service in mappings(result.get("after")) if "node_port" in service)
    return dict(sorted(Counter(str(one.get("state")) for service in services for one in mappings(service.get("members"))).items()))


def _number(value: object, name: str) -> int:
    number = value.get(name, 0) if isinstance(value, Mapping) else 0
    return number if isinstance(number, int) else 0


def mappings(value: object) -> list[Mapping[str, object]]:
    """Return the mappings of a list; nothing for anything else."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, (list, tuple)) else []


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []
