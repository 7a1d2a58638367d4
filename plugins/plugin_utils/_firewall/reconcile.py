# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of one host are brought to what is wanted, whatever kind they are of: a Provider of _base/reconcile.py.

    provider = WindowsFirewallProvider(Task.from_options({...}), link)
    reconcile(provider, check_mode=False)
    provider.result()

A host answers in one round trip where nothing differs, in a second one where it applies, and in a third one, over a new
connection, that confirms a change which would otherwise be taken back. What differs between firewall rules
(windows/reconcile.py) and IPsec exemptions (ipsec/reconcile.py) are the hooks at the end of the class.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from .._base.addresses import parse_address
from .._base.changes import Changes, Kind, Phase, State
from .._base.errors import AnswerError, DeviceError, Problem
from .._base.reconcile import Provider, SafetyStep, bullets
from .._base.untyped import counted
from . import results
from .effects import EffectKind, RuleEffect, shortened
from .held_rules import owned_peers, with_held
from .host_facts import DELAY_MINUTES, LOCAL, Condition, Host, Present, missing_addresses
from .options import OWNED_GROUP
from .planner import RuleChange, RuleChanges, applied, plan_changes
from .reachability import answering
from .rule import Rule
from .rule_split import base_name
from .safety import Safety, Verdict
from .windows.builds import revert_minutes, unseen_revert

Answer = Mapping[str, object]
_STATES_THAT_WRITE_RULES = (State.MERGED, State.REPLACED, State.OVERRIDDEN)


@dataclass(frozen=True)
class Link:
    """The way to a host.

    ask: runs the remote module with its options and returns its answer. ask_anew: the same over a new connection; its
    second argument is the begin of the error when there is none. address: where the connection leads. given: what the
    host has told somebody else, in place of asking it what it has for the first time.
    """

    ask: Callable[[Mapping[str, object]], Answer]
    ask_anew: Callable[[Mapping[str, object], str], Answer]
    address: str
    given: Answer | None = None


@dataclass(frozen=True)
class Task:
    """The options of a module that every kind of rule has, validated; brief leaves whole rules out of the result.

    pending: what becomes of a change that waits to be taken back: confirm, revert, or "" to leave the host alone.
    """

    rules: tuple[Rule, ...]
    options: tuple[Mapping[str, object], ...]
    state: State = State.REPLACED
    phase: Phase = Phase.ALL
    group: str = OWNED_GROUP
    expected_addresses: tuple[str, ...] = ()
    safety: Safety = Safety()
    brief: bool = False
    pending: str = ""


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


class FirewallProvider(Provider):
    """The rules of one kind on one host in one task; it changes as the host answers."""

    wording = results.FIREWALL
    """How rules of this kind are presented."""

    def __init__(self, task: Task, link: Link) -> None:
        super().__init__()
        self.task, self.link = task, link
        self.before: tuple[Present, ...] = ()
        self.after: tuple[Present, ...] = ()
        self.changes: RuleChanges = Changes()
        self.round_trips = self.enumerations = self.writes = 0
        self._host: Host | None = None
        self._want: tuple[Rule, ...] = ()
        self._effects: tuple[RuleEffect, ...] = ()
        self._verdict = Verdict()
        self._warnings: list[str] = []
        # Until apply, and in check mode, the result tells what would be.
        self._is_prediction = True
        self._may_have_written = False
        self._snapshot, self._is_armed = "", False
        self._is_in_vain = self._has_ended_pending = False
        self._answering_before: frozenset[int] = frozenset()

    def gather(self) -> None:
        """Ask the host what it has.

        Raises DeviceError, also when it lacks an address that the inventory or a rule names.
        """
        host = self._ask_what_it_has()
        if host.pending and self.task.pending and self.task.state is not State.GATHERED:
            self._end_pending()
            host = self._ask_what_it_has()
        self.fingerprint = host.fingerprint
        self._host, self.before, self.after = host, host.rules, host.rules
        self.evidence.add(SafetyStep.READ_WHOLE)
        self._check_addresses(host)

    def _ask_what_it_has(self) -> Host:
        given, self.link = self.link.given, replace(self.link, given=None)
        answer = given or self.link.ask({"operation": "gather", **self.way()})
        self.round_trips += not given
        host = self._read_counted_answer(answer, f"{self.wording.store} of the host could not be read")
        if host.writes:
            message = f"{host.writes} writes, and it was only asked what it has"
            raise AnswerError(f"the host's answer is not understood: {message}")
        return host

    def _end_pending(self) -> None:
        """Confirm or take back what an earlier run left; in check mode the host only answers whether it would."""
        answer = self.link.ask({**self.way(), "operation": self.task.pending})
        self.round_trips += 1
        if answer.get("failed"):
            done = {"confirm": "confirmed", "revert": "taken back"}[self.task.pending]
            raise DeviceError(f"the change of an earlier run could not be {done}: {self.failure_text(answer)}")
        self._has_ended_pending = True

    def plan(self) -> None:
        """Compute the changes, what they do, and what stands against them."""
        host = self.host
        if self.task.state is not State.GATHERED:
            if host.pending and not self._has_ended_pending:
                raise DeviceError(host.pending.text)
            _check_readable(host)
            _check_owner(host)
        self._want = self._hold_vanished(self._choose_wanted(host), host)
        self._check_capabilities(host)
        self.evidence.add(SafetyStep.VALID_CANDIDATE)
        self.changes, self._effects = self._describe_effects(host, self._plan_changes(host.rules))
        if all(map(self._is_ours, self.changes.now)):
            self.evidence.add(SafetyStep.OWNERSHIP)
        self.after = applied(host.rules, self.changes.now)
        self._verdict = self._judge_changes(host)
        self._warnings = self._collect_warnings(host)

    def _hold_vanished(self, want: tuple[Rule, ...], host: Host) -> tuple[Rule, ...]:
        """Return the wanted rules with what stays of hosts that vanished."""
        if self.task.state not in _STATES_THAT_WRITE_RULES:
            return want
        own = results.owned(host.rules, self.task.group)
        if self.task.state is State.MERGED:
            names = {rule.name for rule in want}
            own = [rule for rule in own if rule.name in names]
        return with_held(want, own, self.hold_back(owned_peers(want, own)))

    @property
    def has_changes(self) -> bool:
        """Return whether the host has something to do."""
        return bool(self.operations())

    def check(self) -> Sequence[str]:
        """Return what the guard has against the changes."""
        self._is_prediction, self.after = False, self.before
        self.evidence.add(SafetyStep.GUARD)
        return self._verdict.reasons(self.task.safety)

    def forecast(self, refusals: Sequence[str]) -> None:
        """Take down as warnings why apply would refuse the changes."""
        super().forecast(refusals)
        self._is_prediction, self.after = True, applied(self.before, self.changes.now)
        self._warnings += [f"apply would refuse the changes: {reason}" for reason in refusals]

    def apply(self) -> None:
        """Make the changes; what the host has afterwards is part of its answer."""
        arguments = self.apply_arguments()
        if self.confirm_minutes:
            self._answering_before = answering(self.link.address, self._verdict.steady)
        self._is_prediction, self._may_have_written, self.after = False, True, self.before
        answer = self.link.ask(arguments)
        self.round_trips += 1
        snapshot = answer.get("snapshot")
        self._snapshot, self._is_armed = snapshot if isinstance(snapshot, str) else "", answer.get("armed") is True
        self.after = self._read_counted_answer(answer, _stopped_text(answer, self.operations())).rules
        # The host compares the fingerprint before the first write, and fails where it is another one.
        taken = {
            SafetyStep.FINGERPRINT: bool(arguments["fingerprint"]),
            SafetyStep.SAVED: bool(self._snapshot),
            SafetyStep.REVERT_ARMED: self._is_armed,
        }
        self.evidence |= {step for step, is_taken in taken.items() if is_taken}

    def verify(self) -> None:
        """Compare what the host has after its writes with what was wanted."""
        left = self._plan_changes(self.after).now
        if left:
            title = f"the changes were made, but the {self.wording.nouns} are not as wanted; what is left:"
            raise DeviceError("\n".join([title, *bullets(results.commands(left, self.wording))]))
        self.evidence.add(SafetyStep.REREAD_EQUAL)

    def confirm(self) -> None:
        """Confirm over a new connection what shut nothing; otherwise leave it to be taken back."""
        if not self._is_armed:
            return
        shut = sorted(self._answering_before - answering(self.link.address, self._answering_before))
        if shut:
            ports = ", ".join(map(str, shut))
            text = f"TCP {ports} answered before the change and does not now; the change is not confirmed"
            raise DeviceError(f"{text}: {self.rollback_text()}")
        if not self.task.safety.leave_armed:
            self.confirm_armed(f"no new connection after the change, which is not confirmed: {self.rollback_text()}")

    def confirm_armed(self, lost_text: str) -> None:
        """Confirm over a new connection what is armed; lost_text: the error without one."""
        answer = self.link.ask_anew({**self.way(), "operation": "confirm"}, lost_text)
        self.round_trips += 1
        if answer.get("failed") or answer.get("changed") is not True:
            raise DeviceError(f"the change could not be confirmed: {self.failure_text(answer)}")
        self._is_armed = False
        self.evidence.add(SafetyStep.CONFIRMED)

    def conclude(self) -> None:
        """Fail where the rules are there and do not count, or where the host admits what no rule does."""
        reasons = self._explain_not_counting()
        if reasons and self.task.state in _STATES_THAT_WRITE_RULES:
            self._is_in_vain = True
            title = f"the {self.wording.nouns} are there, and the host is not as planned all the same:"
            raise DeviceError("\n".join([title, *bullets(reasons)]))

    def _explain_not_counting(self) -> list[str]:
        """Return why the host does not do what the rules say: one line for each reason."""
        active = {profile.name for profile in self.host.profiles if profile.active}
        # Rules for other networks than the host is in may stand beside those for the one that it is in.
        counting = [rule for rule in self._want if rule.profiles & active] or self._want
        wanted = {rule.name for rule in counting if rule.enabled}
        rules: dict[str, list[str]] = {}
        for one in self._effects:
            detail = next((fact.detail for fact in one.effects if fact.kind == EffectKind.INEFFECTIVE), "")
            if detail and wanted & {one.name, base_name(one.name)}:
                rules.setdefault(detail, []).append(one.name)
        lines = [
            f"without effect: {detail}: {counted(len(names), self.wording.noun)}, {shortened(names)}"
            for detail, names in rules.items()
        ]
        return [*lines, *(condition.text for condition in self._list_conditions(self.host))]

    @property
    def confirm_minutes(self) -> int:
        """Return after how many minutes the changes come back unless they are confirmed, 0 for never.

        Where nobody chose, what admits less does, on builds of Windows on which somebody saw that it works.
        """
        chosen = self.task.safety.confirm_minutes
        if chosen is not None:
            return chosen
        return revert_minutes(self.host.build) if self._is_choosing() else 0

    def _is_choosing(self) -> bool:
        """Return whether nobody chose whether the changes come back by themselves, and it would matter."""
        safety = self.task.safety
        is_open = safety.confirm_minutes is None and safety.snapshot and self.has_snapshots
        return is_open and any(change.closes for change in self.changes.now)

    @property
    def required(self) -> frozenset[SafetyStep]:
        """Return the steps that this task requires: what its state and its options of safety leave."""
        safety, minutes = self.task.safety, self.confirm_minutes
        not_asked_for = {
            SafetyStep.RIGHT_HOST: self.task.state not in _STATES_THAT_WRITE_RULES,
            SafetyStep.SAVED: not (self.has_snapshots and safety.snapshot),
            SafetyStep.REVERT_ARMED: not (self.has_snapshots and minutes),
            SafetyStep.CONFIRMED: not (self.has_snapshots and minutes) or safety.leave_armed,
        }
        return super().required - {step for step, is_so in not_asked_for.items() if is_so}

    def missing_text(self, missing: Sequence[SafetyStep], is_written: bool) -> str:
        """Return the error of steps that nobody took."""
        if not {SafetyStep.SAVED, SafetyStep.REVERT_ARMED} & set(missing):
            return super().missing_text(missing, is_written)
        way = "by itself" if SafetyStep.REVERT_ARMED in missing else "by a snapshot"
        return f"the changes were made, but the host does not say that what was there before can come back {way}"

    def rollback_text(self) -> str:
        """Return how what was there before comes back."""
        minutes = self.confirm_minutes
        late = f"up to {DELAY_MINUTES} minutes later where the host is off then"
        by_itself = f"it comes back by itself {minutes} minutes after the first write ({late}), or at once by: "
        return f"{by_itself if self._is_armed else ''}{self.rollback_command(self._snapshot)}"

    def result(self) -> dict[str, object]:
        """Return the result of the task as far as it came; after is a prediction until the changes were applied."""
        changes, wording = self.changes.now, self.wording
        found: dict[str, object] = {
            "changed": self._is_changed(),
            **self._rules(),
            "changes": results.change_results(changes, wording),
            "effects": [effect.document() for effect in self._effects],
            "commands": results.commands(changes, wording),
            "summary": results.summary(changes),
            "pending": bool(self.changes.later),
            "stats": {"round_trips": self.round_trips, "enumerations": self.enumerations, "writes": self.writes},
            "host": self._host_facts(),
            "connection_impact": [cut.to_result() for cut in self._verdict.cuts],
            "conditions": [] if self._host is None else [one.document() for one in self._list_conditions(self._host)],
            "warnings": list(self._warnings),
            "pending_revert": self._host.pending.document() if self._host and self._host.pending else {},
        }
        if self._is_in_vain:
            found["brought"] = True
        if self._is_choosing() and not self.confirm_minutes:
            found["not_armed"] = unseen_revert(self.host.build)
        if self.refusals:
            found["refused"] = list(self.refusals)
            found["refused_cuts"] = [cut.place for cut in self._verdict.refused_cuts(self.task.safety)]
        if self._is_armed and self.task.safety.leave_armed:
            found |= {"left_armed": True, "msg": f"the change waits to be confirmed: {self.rollback_text()}"}
        if self._snapshot:
            rollback = self.rollback_command(self._snapshot)
            found["snapshot"] = {"path": self._snapshot, "rollback": rollback, "armed": self._is_armed}
        return found

    def diffs(self) -> list[dict[str, str]]:
        """Return one diff per changed rule, for ansible's --diff."""
        return results.diffs(self.changes.now, self.wording)

    @property
    def host(self) -> Host:
        """Return the host as gathered."""
        if self._host is None:
            raise DeviceError("nothing was gathered yet")
        return self._host

    def apply_arguments(self) -> dict[str, object]:
        """Return the arguments of apply."""
        safety = self.task.safety.arguments(self.confirm_minutes)
        fingerprint = self.host.fingerprint
        return {
            "operation": "apply",
            "operations": self.operations(),
            "fingerprint": fingerprint,
            **safety,
            **self.way(),
        }

    def _rules(self) -> dict[str, object]:
        """Return the rules of the owned group before and after."""
        if self.task.state is State.GATHERED:
            return dict.fromkeys(("before", "after", "gathered"), self._list_owned_options(self.before))
        if not self.task.brief:
            return {"before": self._list_owned_options(self.before), "after": self._list_owned_options(self.after)}
        # Whoever asks whether this host may close has to know what it still admits.
        return {"after": self._list_owned_options(self.after)} if self.changes.later else {}

    def _list_owned_options(self, have: Sequence[Present]) -> list[dict[str, object]]:
        return results.rule_options(results.owned(have, self.task.group), self.wording)

    def _host_facts(self) -> dict[str, object]:
        host = self._host
        if host is None:
            return {}
        facts = {"addresses": list(host.addresses), "profiles": [asdict(profile) for profile in host.profiles]}
        return {**facts, "build": host.build} if host.build else facts

    def _is_changed(self) -> bool:
        """Return whether the host changes, or has changed; where it did not say what it wrote, it may have."""
        if self._is_prediction:
            return bool(self.changes.now)
        return self.writes > 0 or self._may_have_written or self.after != self.before

    def _read_counted_answer(self, answer: Answer, failed_text: str) -> Host:
        """Return the host that an answer describes, and count what it took.

        Keep what a failed one still tells of it.
        """
        is_failed = bool(answer.get("failed"))
        if is_failed and "rules" not in answer:
            raise DeviceError(f"{failed_text}: {self.failure_text(answer)}")
        host = self._read(answer)
        self._may_have_written = False
        self.enumerations += host.enumerations
        self.writes += host.writes
        if is_failed:
            self.after = host.rules
            raise DeviceError(f"{failed_text}: {self.failure_text(answer)}")
        return host

    def _check_addresses(self, host: Host) -> None:
        if self.task.state not in _STATES_THAT_WRITE_RULES:
            return
        problems = missing_addresses(self.task.options, self.task.expected_addresses, host)
        if problems:
            title = "this is not the host that the inventory describes; nothing was written:"
            raise DeviceError("\n".join([title, *bullets(problems)]))
        self.evidence.add(SafetyStep.RIGHT_HOST)

    def _is_ours(self, change: RuleChange) -> bool:
        """Return whether a change falls on rules of the owned group alone; OVERRIDDEN may disable others."""
        if change.before is None:
            return True
        may_disable = self.task.state is State.OVERRIDDEN and change.kind is Kind.DISABLE
        return change.before.store == LOCAL and (change.before.rule.group == self.task.group or may_disable)

    def way(self) -> dict[str, object]:
        """Return the arguments that say how and where the host reads and writes."""
        return {}

    @property
    def has_snapshots(self) -> bool:
        """Return whether the host saves what it has before it writes."""
        return True

    @abstractmethod
    def operations(self) -> Sequence[Mapping[str, object]]:
        """Return what the host has to do, each with kind and name; nothing when it is as wanted."""

    @abstractmethod
    def failure_text(self, answer: Answer) -> str:
        """Return why the host failed."""

    @abstractmethod
    def rollback_command(self, snapshot: str) -> str:
        """Return the command that brings a snapshot back, to be run on the host."""

    @abstractmethod
    def _read(self, answer: Answer) -> Host:
        """Return the host that an answer describes; raises AnswerError."""

    @abstractmethod
    def _choose_wanted(self, host: Host) -> tuple[Rule, ...]:
        """Return the rules that are wanted on this host."""

    @abstractmethod
    def _check_capabilities(self, host: Host) -> None:
        """Raise DeviceError when the host cannot have the rules."""

    def _plan_changes(self, have: tuple[Present, ...]) -> RuleChanges:
        """Return what has to change."""
        return plan_changes(self._want, have, self.task.state, self.task.phase, self.task.group)

    @abstractmethod
    def _describe_effects(self, host: Host, changes: RuleChanges) -> tuple[RuleChanges, tuple[RuleEffect, ...]]:
        """Return the changes with their effects, and the effects of each owned rule after them."""

    def _list_conditions(self, host: Host) -> tuple[Condition, ...]:
        """Return what is true of the host as a whole and not as planned."""
        return ()

    @abstractmethod
    def _judge_changes(self, host: Host) -> Verdict:
        """Return what is to be said about the changes before they are made."""

    @abstractmethod
    def _collect_warnings(self, host: Host) -> list[str]:
        """Return what is to be warned about."""


def _check_readable(host: Host) -> None:
    """Raise DeviceError when Group Policy or MDM has a rule that nobody understands: then nothing is known."""
    if host.unread:
        title = "rules of Group Policy or MDM cannot be read, so what counts on this host is not known:"
        raise DeviceError("\n".join([title, *bullets(host.unread)]))


def _check_owner(host: Host) -> None:
    """Raise DeviceError when another product is the firewall of the host: what it lets through, nobody here knows."""
    if host.owners:
        text = f"the firewall of this host is {', '.join(host.owners)}, in place of Windows' own rules"
        fix = "fix: open the ports there and mark the host lync_apply: handout, or give the firewall back to Windows"
        raise DeviceError(f"{text}, so what counts on this host is not known; nothing was written; {fix}")


def _stopped_text(answer: Answer, planned: Sequence[Mapping[str, object]]) -> str:
    """Return what was done and what was not when apply stopped half-way."""
    done = answer.get("done")
    count = done if isinstance(done, int) else 0
    names = [f"{operation['kind']} {operation['name']}" for operation in planned]
    made, left = (", ".join(part) or "nothing" for part in (names[:count], names[count:]))
    return f"the changes stopped half-way (done: {made}; not done: {left}); run again to go on"
