# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a run ended whose last tasks make no report of their own: a remediation, a retirement, a rollback, a plan.

lines, outcome = ending_of("remediation", state, done={"fe01"})
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .._base.text import counted
from .outcome import RunOutcome, Verdict, verdict_of, worst_verdict
from .results import Concern, Step, TaskResult
from .run_options import RunOptions
from .run_state import RunState

_COUNTS = ("added", "changed", "disabled", "removed")
_OF_RECORDS = ("added", "changed", "removed")
_RETIRED = (Concern.FIREWALL, Concern.IPSEC, Concern.NFTABLES)
_NAMES = {Concern.PUBLICATIONS: "reverse proxy"}
KINDS = ("remediation", "retire", "rollback", "plan")


def ending_of(kind: str, state: RunState, done: Collection[str]) -> tuple[list[str], RunOutcome]:
    """Return what is printed of the end of a run, and its outcome.

    done: the hosts on which no task of a rollback failed.
    """
    options = RunOptions.from_document(state.options()).common if state.options() else RunOptions().common
    if kind == "plan":
        plan = state.plan()
        text = f"{counted(len(plan.hosts), 'host')}, {counted(len(plan.pools), 'pool')}"
        return [], RunOutcome(kind, Verdict.DONE, text, state.scope().is_check, reference=options.change_reference)
    if kind == "rollback":
        hosts = [host for wave in state.waves().waves for host in wave]
        verdicts = {host: Verdict.DONE if host in done else Verdict.UNKNOWN for host in hosts}
        task = "brought back" if options.rollback_to else "asked for snapshots"
        text = f"{sum(host in done for host in hosts)} of {counted(len(hosts), 'host')} {task}"
        return [], RunOutcome.of_devices(kind, verdicts, text, reference=options.change_reference)
    results = _repair_results(state) if kind == "remediation" else _retire_results(state, options.retire)
    verdicts = {name: worst_verdict(verdict_of(result.status) for result in own) for name, own in results.items()}
    found = [result for own in results.values() for result in own]
    return [_line(result) for result in found], _after(state, kind, verdicts)


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


def _retire_results(state: RunState, hosts: Collection[str]) -> dict[str, list[TaskResult]]:
    """Return the results of what was to be removed, by host; a first look in a run that removes is none."""
    scope = state.scope()
    concerns = [concern for concern in _RETIRED if scope.has(concern)]
    return {host: [_removal(state, host, concern) for concern in concerns] for host in hosts}


def _removal(state: RunState, host: str, concern: Concern) -> TaskResult:
    result = state.expected(host, concern, Step.RETIRE)
    is_look = result.is_check and not state.scope().is_check
    return TaskResult.unknown(host, concern, Step.RETIRE) if is_look else result


def _line(result: TaskResult) -> str:
    """Return what became of one task: fe01: firewall: changed (2 changed, 1 removed)."""
    if result.concern is Concern.DNS and result.is_done:
        counts = ", ".join(f"{result.count('summary', name)} {name}" for name in _OF_RECORDS)
        return f"DNS record sets {counts}."
    numbers = ", ".join(f"{number} {name}" for name in _COUNTS if (number := result.count("summary", name)))
    detail = numbers if result.is_done else result.message
    place = (
        []
        if result.concern is Concern.DNS
        else [_NAMES.get(result.concern, result.concern.whole.value.replace("_", " "))]
    )
    status = result.status.value.replace("_", " ") + (f" ({detail})" if detail else "")
    return ": ".join([result.device, *place, status])


def _after(state: RunState, kind: str, verdicts: Mapping[str, Verdict]) -> RunOutcome:
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
