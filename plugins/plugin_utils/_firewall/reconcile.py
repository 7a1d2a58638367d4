# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The course of one run on one host, whatever kind of rule it is about, without the way to the host.

    run.gathered(answer of gather); run.apply_arguments(); run.applied(answer of apply); run.confirmed(answer); run.result()

A run goes gathered -> apply_arguments -> applied -> confirmed; result() may be asked at any point and tells how far it came.
What differs between firewall rules (reconcile.py) and IPsec exemptions (ipsec/reconcile.py) are the hooks at the end of the class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from .._base.addresses import parse_address
from .._base.errors import Problem
from . import results
from .effects import RuleEffect
from .options import OWNED_GROUP
from .planner import Changes, Phase, Present, State, applied
from .rule import Rule
from .safety import Safety, Verdict
from .windows.host import Host, HostAnswerError, failure_text, missing_addresses
from .windows.operations import Operation


class HostFailedError(Exception):
    """The host could not do what it was told, or did not end up as wanted; the message says what was done."""


@dataclass(frozen=True)
class Task:
    """The options of a module that every kind of rule has, validated; brief leaves whole rules out of the result."""

    rules: tuple[Rule, ...]
    options: tuple[Mapping[str, object], ...]
    state: State = State.REPLACED
    phase: Phase = Phase.ALL
    group: str = OWNED_GROUP
    expected_addresses: tuple[str, ...] = ()
    safety: Safety = Safety()
    brief: bool = False


def listed_texts(value: object) -> tuple[str, ...]:
    """Return the items of a list as texts; nothing for anything else."""
    return tuple(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else ()


def listed_mappings(value: object) -> tuple[Mapping[str, object], ...]:
    """Return the mappings of a list; nothing for anything else."""
    return tuple(item for item in value if isinstance(item, Mapping)) if isinstance(value, Sequence) else ()


def option_problems(group: str, expected: Sequence[str]) -> list[Problem]:
    """Return what is wrong with the name of the owned group and with addresses that the host is expected to have."""
    problems = []
    if group.startswith("@") or "|" in group:
        fix = "choose a name of your own; groups that start with @ are those of Windows"
        problems.append(Problem("group", f"{group!r} cannot be an owned group", fix=fix))
    for text in expected:
        try:
            parse_address(text)
        except ValueError as error:
            problems.append(Problem("expected_addresses", str(error), fix="write an address of the host"))
    return problems


@dataclass
class Course(ABC):
    """The course of one run; it changes as the host answers."""

    task: Task
    before: tuple[Present, ...] = ()
    after: tuple[Present, ...] = ()
    changes: Changes = field(default_factory=Changes)
    round_trips: int = 0
    enumerations: int = 0
    writes: int = 0
    _want: tuple[Rule, ...] = ()
    _effects: tuple[RuleEffect, ...] = ()
    _applied: bool = False
    _may_have_written: bool = False
    _facts: Mapping[str, object] = field(default_factory=dict)
    _verdict: Verdict = Verdict()
    _warnings: list[str] = field(default_factory=list)
    _refused: list[str] = field(default_factory=list)
    _fingerprint: str = ""
    _snapshot: str = ""
    _armed: bool = False

    @property
    def wording(self) -> results.Wording:
        """Return how rules of this kind are told of."""
        return results.FIREWALL

    def gathered(self, answer: Mapping[str, object]) -> None:
        """Take what the host answered to gather, and plan.

        Raises HostFailedError when it failed or does not have an address that the inventory or a rule says it has,
        HostAnswerError when the answer is not understood.
        """
        host = self._answered(answer, f"{self.wording.store} of the host could not be read")
        if host.writes:
            raise HostAnswerError(f"the host's answer is not understood: {host.writes} writes, and it was only asked what it has")
        self.before = self.after = host.rules
        self._want = self._wanted(host)
        self._check_addresses(host)
        self._check(host)
        self.changes, self._effects = self._described(host, self._plan(host.rules))
        self.after = applied(host.rules, self.changes.now)
        self._verdict = self._judged(host)
        self._warnings = self._warned(host)
        self._fingerprint = host.fingerprint

    @property
    def steady_ports(self) -> frozenset[int]:
        """Return the TCP ports that answer those who manage the host after the changes when they answer before."""
        return self._verdict.steady

    def apply_arguments(self) -> dict[str, object]:
        """Return the arguments of apply; raises HostFailedError when the guard stands against the changes."""
        reasons = self._verdict.reasons(self.task.safety)
        if reasons:
            self.after, self._applied = self.before, True
            raise HostFailedError("\n".join(["the changes are refused; nothing was written:", *bullets(reasons)]))
        safety = self.task.safety.arguments()
        return {"operation": "apply", "operations": self.operations(), "fingerprint": self._fingerprint, **safety, **self.way()}

    def forecast(self) -> None:
        """Take down as warnings why apply would refuse the changes: for check mode."""
        self._refused = self._verdict.reasons(self.task.safety)
        self._warnings += [f"apply would refuse the changes: {reason}" for reason in self._refused]

    def applied(self, answer: Mapping[str, object]) -> None:
        """Take what the host answered to apply, and compare what it has now with what was wanted.

        Raises HostFailedError when it failed half-way or a rule is not as wanted, HostAnswerError as gathered().
        """
        self.after, self._applied, self._may_have_written = self.before, True, True
        snapshot = answer.get("snapshot")
        self._snapshot, self._armed = snapshot if isinstance(snapshot, str) else "", answer.get("armed") is True
        self.after = self._answered(answer, _stopped_text(answer, self.operations())).rules
        left = self._plan(self.after).now
        if left:
            title = f"the changes were made, but the {self.wording.nouns} are not as wanted; what is left:"
            raise HostFailedError("\n".join([title, *bullets(results.commands(left, self.wording))]))
        self._check_way_back()

    def _check_way_back(self) -> None:
        """Raise HostFailedError when the host does not say that it has prepared what it was told to."""
        safety = self.task.safety
        if self.has_way_back and ((safety.snapshot and not self._snapshot) or (safety.confirm_minutes and not self._armed)):
            what = "by itself" if safety.confirm_minutes and not self._armed else "by a snapshot"
            raise HostFailedError(f"the changes were made, but the host does not say that what was there before can come back {what}")

    @property
    def has_way_back(self) -> bool:
        """Return whether the host saves what it has before it writes."""
        return True

    @property
    def waits(self) -> bool:
        """Return whether the change is taken back unless it is confirmed."""
        return self._armed

    def confirmed(self, answer: Mapping[str, object]) -> None:
        """Take what the host answered to confirm; raises HostFailedError when it could not, so that the change is taken back."""
        self.round_trips += 1
        if answer.get("failed") or answer.get("changed") is not True:
            raise HostFailedError(f"the change could not be confirmed: {failure_text(answer)}")
        self._armed = False

    def not_confirmed(self, shut: Sequence[int]) -> HostFailedError:
        """Return the error of a change that is left to be taken back, because ports do not answer any more."""
        ports = ", ".join(map(str, shut))
        return HostFailedError(f"TCP {ports} answered before the change and does not now; the change is not confirmed: {self.way_back()}")

    def way_back(self) -> str:
        """Return how what was there before comes back."""
        minutes = self.task.safety.confirm_minutes
        by_itself = f"it comes back by itself {minutes} minutes after the first write, or at once by: " if self._armed else ""
        return f"{by_itself}{results.rollback(self._snapshot)}"

    def result(self) -> dict[str, object]:
        """Return the result of the task as far as it came; after is a prediction until the changes were applied."""
        changes, wording = self.changes.now, self.wording
        found: dict[str, object] = {
            "changed": self._changed(),
            **self._rules(),
            "changes": results.change_results(changes, wording),
            "effects": [asdict(effect) for effect in self._effects],
            "commands": results.commands(changes, wording),
            "summary": results.summary(changes),
            "pending": bool(self.changes.later),
            "stats": {"round_trips": self.round_trips, "enumerations": self.enumerations, "writes": self.writes},
            "host": self._facts,
            "would_cut": [cut.to_result() for cut in self._verdict.cuts],
            "warnings": list(self._warnings),
        }
        if self._refused:
            found["refused"] = list(self._refused)
        if self._snapshot:
            found["snapshot"] = {"path": self._snapshot, "rollback": results.rollback(self._snapshot), "armed": self._armed}
        return found

    def _rules(self) -> dict[str, object]:
        """Return the rules of the owned group before and after."""
        if self.task.state is State.GATHERED:
            return dict.fromkeys(("before", "after", "gathered"), self._owned(self.before))
        if not self.task.brief:
            return {"before": self._owned(self.before), "after": self._owned(self.after)}
        # Whoever asks whether this host may close has to know what it still admits.
        return {"after": self._owned(self.after)} if self.changes.later else {}

    def _owned(self, have: Sequence[Present]) -> list[dict[str, object]]:
        return results.rule_options(results.owned(have, self.task.group), self.wording)

    def diffs(self) -> list[dict[str, str]]:
        """Return one diff per changed rule, for ansible's --diff."""
        return results.diffs(self.changes.now, self.wording)

    def _changed(self) -> bool:
        """Return whether the host changes, or has changed; where it did not say what it wrote, it may have."""
        if not self._applied:
            return bool(self.changes.now)
        return self.writes > 0 or self._may_have_written or self.after != self.before

    def _answered(self, answer: Mapping[str, object], failed_text: str) -> Host:
        """Count the round trip and return the host it describes; after a failure keep what the host still told."""
        self.round_trips += 1
        failed = bool(answer.get("failed"))
        if failed and "rules" not in answer:
            raise HostFailedError(f"{failed_text}: {failure_text(answer)}")
        host = self._read(answer)
        self._may_have_written = False
        self.enumerations += host.enumerations
        self.writes += host.writes
        if failed:
            self.after = host.rules
            raise HostFailedError(f"{failed_text}: {failure_text(answer)}")
        self._facts = {"addresses": list(host.addresses), "profiles": [asdict(profile) for profile in host.profiles]}
        return host

    def _check_addresses(self, host: Host) -> None:
        if self.task.state not in (State.MERGED, State.REPLACED, State.OVERRIDDEN):
            return
        problems = missing_addresses(self.task.options, self.task.expected_addresses, host)
        if problems:
            raise HostFailedError("\n".join(["this is not the host that the inventory describes; nothing was written:", *bullets(problems)]))

    def gather_arguments(self) -> dict[str, object]:
        """Return the arguments of gather."""
        return {"operation": "gather", **self.way()}

    def way(self) -> dict[str, object]:
        """Return the arguments that say how and where the host reads and writes."""
        return {}

    @abstractmethod
    def operations(self) -> list[Operation]:
        """Return what the host has to do; nothing when it is as wanted."""

    @abstractmethod
    def _read(self, answer: Mapping[str, object]) -> Host:
        """Return the host that an answer describes."""

    @abstractmethod
    def _wanted(self, host: Host) -> tuple[Rule, ...]:
        """Return the rules that are wanted on this host."""

    @abstractmethod
    def _check(self, host: Host) -> None:
        """Raise HostFailedError when the host cannot have the rules."""

    @abstractmethod
    def _plan(self, have: tuple[Present, ...]) -> Changes:
        """Return what has to change."""

    @abstractmethod
    def _described(self, host: Host, changes: Changes) -> tuple[Changes, tuple[RuleEffect, ...]]:
        """Return the changes with their effects, and the effect of each owned rule after them."""

    @abstractmethod
    def _judged(self, host: Host) -> Verdict:
        """Return what is to be said about the changes before they are made."""

    @abstractmethod
    def _warned(self, host: Host) -> list[str]:
        """Return what is to be warned about."""


def bullets(items: Sequence[object]) -> list[str]:
    """Return the lines of a list in a message."""
    return [f"  - {item}" for item in items]


def _stopped_text(answer: Mapping[str, object], planned: Sequence[Operation]) -> str:
    """Return what was done and what was not when apply stopped half-way."""
    done = answer.get("done")
    count = done if isinstance(done, int) else 0
    names = [f"{operation['kind']} {operation['name']}" for operation in planned]
    texts = [", ".join(part) or "nothing" for part in (names[:count], names[count:])]
    return f"the changes stopped half-way (done: {texts[0]}; not done: {texts[1]}); run again to go on"
