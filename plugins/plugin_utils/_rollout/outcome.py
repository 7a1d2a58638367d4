# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a run ended: its verdict, the last line that it prints, and the content of summary.json.

RunOutcome.of_devices("drift", {"fe01": Verdict.DIFFERS, "fe02": Verdict.DONE}, "1 deviation on 1 device").line
== "Verdict: differs (1 deviation on 1 device)"

Runs whose last tasks make no report of their own (a remediation, a retirement, a rollback, a plan) end by
lines, outcome = ending_of("remediation", state)
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from .._base.untyped import counted
from .._plan.documents import COLLECTION, VERSION
from .holding import accepted_in, judge_losses
from .results import Concern, Status, Step, TaskResult
from .run_options import RunOptions
from .run_state import RunState


class Verdict(str, Enum):
    """How a run ended; the worst of several is the first in this order.

    INVALID: the input has errors, nothing was asked. UNKNOWN: a device could not be asked, or nobody was.
    LIMITED: a limit stopped the remediation. DIFFERS: a device is not as the plan says.
    HELD: nothing failed, and a gate or a refusal keeps something back.
    """

    INVALID = "invalid"
    UNKNOWN = "unknown"
    LIMITED = "limited"
    DIFFERS = "differs"
    HELD = "held"
    DONE = "done"

    @property
    def exit_status(self) -> int:
        """Return with what ansible-playbook ends: 0, or 2 as for any failed task."""
        return 0 if self is Verdict.DONE else 2


_OF_STATUS = {
    Status.UNCHANGED: Verdict.DONE,
    Status.CHANGED: Verdict.DONE,
    Status.HANDED_OUT: Verdict.DONE,
    Status.STOPPED: Verdict.HELD,
    Status.FAILED: Verdict.DIFFERS,
    Status.UNREACHABLE: Verdict.UNKNOWN,
    Status.UNKNOWN: Verdict.UNKNOWN,
}


def verdict_of(status: Status) -> Verdict:
    """Return what a task's status comes to after a run that was to change something."""
    return _OF_STATUS[status]


def worst_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of some verdicts; UNKNOWN when there is none, because nobody was asked."""
    found = set(verdicts)
    return next((verdict for verdict in Verdict if verdict in found), Verdict.UNKNOWN)


@dataclass(frozen=True)
class RunOutcome:
    """How a run of a playbook ended: the last line that it prints, and the content of summary.json.

    text: what the verdict comes from, in brackets on that line. counts: numbers by name, such as deviations.
    devices: those that are not done, by name of the plan, DNS included. files: paths of the reports that were written.
    """

    playbook: str
    verdict: Verdict
    text: str = ""
    is_check: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    devices: Mapping[str, Verdict] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    reference: str = ""

    @classmethod
    def of_devices(
        cls,
        playbook: str,
        devices: Mapping[str, Verdict],
        text: str = "",
        *,
        counts: Mapping[str, int] | None = None,
        is_check: bool = False,
        files: Iterable[str] = (),
        reference: str = "",
    ) -> RunOutcome:
        """Return the outcome of the verdicts of all devices that the run was for; UNKNOWN when there are none."""
        left = {name: verdict for name, verdict in sorted(devices.items()) if verdict is not Verdict.DONE}
        verdict = worst_verdict(devices.values())
        return cls(playbook, verdict, text, is_check, counts or {}, left, tuple(files), reference)

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> RunOutcome:
        """Return the outcome of a summary; without one, nothing is known."""
        if not document:
            return cls("", Verdict.UNKNOWN)
        return cls(
            str(document["playbook"]),
            Verdict(document["verdict"]),
            str(document["text"]),
            document["check_mode"] is True,
            dict(document["counts"]),
            {name: Verdict(value) for name, value in document["devices"].items()},
            tuple(document["files"]),
            str(document["reference"]),
        )

    @property
    def line(self) -> str:
        """Return the last line of the run: Verdict: differs (3 deviations on 2 devices)."""
        return f"Verdict: {self.verdict.value}" + (f" ({self.text})" if self.text else "")

    def document(self) -> dict[str, object]:
        """Return the content of summary.json."""
        return {
            "schema_version": 1,
            "collection": COLLECTION,
            "version": VERSION,
            "playbook": self.playbook,
            "verdict": self.verdict.value,
            "text": self.text,
            "exit_status": self.verdict.exit_status,
            "check_mode": self.is_check,
            "reference": self.reference,
            "counts": dict(self.counts),
            "devices": {name: verdict.value for name, verdict in self.devices.items()},
            "files": list(self.files),
        }


def ending_hosts(summary: Mapping[str, object], played: Sequence[str]) -> dict[str, Verdict]:
    """Return the hosts of a run that have to fail for its exit status, with their verdicts; none when all is done.

    These are the hosts that are not done; where only something else is not, such as DNS, the first host stands for it.
    played: the hosts of the run; without a summary nothing is known of it.
    """
    whole = _read_verdict(summary.get("verdict"))
    if whole is Verdict.DONE:
        return {}
    devices = summary.get("devices")
    named = {str(name): _read_verdict(value) for name, value in devices.items()} if isinstance(devices, Mapping) else {}
    failing = {name: named[name] for name in played if name in named}
    return failing or dict.fromkeys(played[:1], whole)


def _read_verdict(value: object) -> Verdict:
    return next((verdict for verdict in Verdict if verdict.value == value), Verdict.UNKNOWN)


def write_summary(directory: Path, document: Mapping[str, object]) -> Path:
    """Write summary.json beside the reports of a run, by rename, and return its path; raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / "summary.json"
    handle, temporary = tempfile.mkstemp(dir=directory, prefix=".msuc-lync-")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    os.chmod(temporary, 0o644)
    os.replace(temporary, target)
    return target


_COUNTS = ("added", "changed", "disabled", "removed")
_OF_RECORDS = ("added", "changed", "removed")
_RETIRED = (Concern.FIREWALL, Concern.IPSEC, Concern.NFTABLES)
_NAMES = {Concern.PUBLICATIONS: "reverse proxy"}
_SCOPES = {"own": "our firewall rules, and those disabled for them", "whole": "the whole policy"}
KINDS = ("remediation", "leaving", "retire", "rollback", "plan")


@dataclass(frozen=True)
class Restored:
    """What became of a rollback: the hosts on which its task was done, with the snapshot that came back or nothing,
    and those that were left because they are handed out.
    """

    done: Mapping[str, str] = field(default_factory=dict)
    handed_out: Collection[str] = ()

    def verdict_of(self, host: str) -> Verdict:
        """Return how a host ended."""
        if host in self.handed_out:
            return Verdict.HELD
        return Verdict.DONE if host in self.done else Verdict.UNKNOWN


def ending_of(kind: str, state: RunState, restored: Restored = Restored()) -> tuple[list[str], RunOutcome]:
    """Return what is printed of the end of a run, and its outcome; restored: of a rollback."""
    options = state.run_options().common
    if kind == "plan":
        size = state.plan_size()
        text = f"{counted(size['hosts'], 'host')}, {counted(size['pools'], 'pool')}"
        return [], RunOutcome(kind, Verdict.DONE, text, state.scope().is_check, reference=options.change_reference)
    if kind == "rollback":
        return _conclude_rollback(state, restored)
    if kind == "leaving":
        return _conclude_look(_retire_results(state, options.retire, is_look=True), state.scope().is_check)
    results = _repair_results(state) if kind == "remediation" else _retire_results(state, options.retire)
    verdicts = {name: worst_verdict(verdict_of(result.status) for result in own) for name, own in results.items()}
    found = [result for own in results.values() for result in own]
    held = judge_losses(state).lifted(accepted_in(state)).holds if kind == "remediation" else ()
    for device in {device for one in held for device in one.devices}:
        verdicts[device] = worst_verdict([verdicts.get(device, Verdict.HELD), Verdict.HELD])
    not_rendered = dict.fromkeys(f"{one.device}: {text}" for one in found for text in one.not_rendered_texts())
    lines = [*_describe_tasks(found), *not_rendered, *(one.text for one in held)]
    return lines, _conclude_follow_up(state, kind, verdicts)


def _repair_results(state: RunState) -> dict[str, list[TaskResult]]:
    """Return the results of what was to be repaired, by device."""
    found: dict[str, list[TaskResult]] = {}
    for device, concerns in state.repairs().items():
        for name, repair in concerns.items():
            steps = [Step.REMEDIATE] if repair["whole"] or repair["names"] else []
            steps += [Step.REMOVE] if repair["extra"] else []
            found.setdefault(device, []).extend(state.expected(device, Concern(name), step) for step in steps)
        udp = state.result(device, Concern.LOAD_BALANCER_UDP, Step.REMEDIATE)
        found[device] += [udp] if udp else []
    return found


def _conclude_rollback(state: RunState, restored: Restored) -> tuple[list[str], RunOutcome]:
    options = RunOptions.from_document(state.options())
    hosts = [host for wave in state.waves().waves for host in wave]
    verdicts = {host: restored.verdict_of(host) for host in hosts}
    task = "brought back" if any(options.for_host(host).rollback_to for host in hosts) else "asked for snapshots"
    done = sum(verdict is Verdict.DONE for verdict in verdicts.values())
    text = f"{done} of {counted(len(hosts), 'host')} {task}"
    lines = [
        f"{host}: {snapshot} came back: {_SCOPES[options.for_host(host).rollback_scope]}"
        for host, snapshot in restored.done.items()
        if snapshot
    ]
    lines += [f"{host}: left alone, because it is handed out" for host in sorted(restored.handed_out)]
    return lines, RunOutcome.of_devices("rollback", verdicts, text, reference=options.common.change_reference)


def _conclude_look(results: Mapping[str, list[TaskResult]], is_check: bool) -> tuple[list[str], RunOutcome]:
    """Return what is printed of a look at those that leave, and its outcome: all could be asked, or nothing is done."""
    verdicts = {name: worst_verdict(verdict_of(result.status) for result in own) for name, own in results.items()}
    failed = [result for own in results.values() for result in own if not result.is_done]
    text = f"nothing was changed anywhere: {counted(len({each.device for each in failed}), 'host')} cannot be retired"
    return _describe_tasks(failed), RunOutcome.of_devices("retire", verdicts, text if failed else "", is_check=is_check)


def _retire_results(state: RunState, hosts: Collection[str], *, is_look: bool = False) -> dict[str, list[TaskResult]]:
    """Return the results of what was to be removed, by host; a first look in a run that removes is none."""
    scope = state.scope()
    concerns = [concern for concern in _RETIRED if scope.has(concern)]
    asked = state.expected if is_look else partial(_expect_removal, state)
    return {host: [asked(host, concern, Step.RETIRE) for concern in concerns] for host in hosts}


def _expect_removal(state: RunState, host: str, concern: Concern, step: Step) -> TaskResult:
    result = state.expected(host, concern, step)
    is_look = result.is_check and not state.scope().is_check
    return TaskResult.unknown(host, concern, step) if is_look else result


def _describe_tasks(found: Iterable[TaskResult]) -> list[str]:
    """Return what became of tasks, a line for each concern of a device: its steps, and the two programs of a load
    balancer, are one where they are done.
    """
    grouped: dict[tuple[object, ...], list[TaskResult]] = {}
    for result in found:
        task = () if result.is_done else (result.concern, result.step)
        grouped.setdefault((result.device, result.concern.whole, *task), []).append(result)
    return [_describe_concern(own) for own in grouped.values()]


def _describe_concern(own: Sequence[TaskResult]) -> str:
    """Return what became of tasks as one: fe01: firewall: changed (2 changed, 1 removed)."""
    result = max(own, key=lambda each: list(Status).index(each.status))
    total = {name: sum(each.count("summary", name) for each in own) for name in _COUNTS}
    if result.concern is Concern.DNS and result.is_done:
        return f"DNS record sets {', '.join(f'{total[name]} {name}' for name in _OF_RECORDS)}."
    numbers = ", ".join(f"{number} {name}" for name, number in total.items() if number)
    detail = numbers if result.is_done else result.message
    place = (
        []
        if result.concern is Concern.DNS
        else [_NAMES.get(result.concern, result.concern.whole.value.replace("_", " "))]
    )
    status = result.status.value.replace("_", " ") + (f" ({detail})" if detail else "")
    return ": ".join([result.device, *place, status])


def _conclude_follow_up(state: RunState, kind: str, verdicts: Mapping[str, Verdict]) -> RunOutcome:
    """Return the outcome of a report and of the tasks that followed it."""
    before = RunOutcome.of_document(state.summary())
    left = {**before.devices, **{name: each for name, each in verdicts.items() if each is not Verdict.DONE}}
    worst = worst_verdict([before.verdict, *verdicts.values()])
    playbook = before.playbook if kind == "remediation" else kind
    verb = "repaired" if kind == "remediation" else "removed"
    done = sum(each is Verdict.DONE for each in verdicts.values())
    told = f"{done} of {counted(len(verdicts), 'device')} {verb}" if verdicts else ""
    text = "; ".join(part for part in (before.text, told) if part)
    counts = {**before.counts, verb: done}
    return RunOutcome(playbook, worst, text, before.is_check, counts, left, before.files, before.reference)
