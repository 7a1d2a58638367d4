# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A snapshot of a Windows host comes back: what is ours of it, by a Provider, or the whole policy, by an import.

    provider = RestoreProvider(RestoreTask.from_options({"path": "newest"}), link, show)
    reconcile(provider, check_mode=False)

    restore_whole(RestoreTask.from_options({"path": "newest", "scope": "whole"}), link, show)
    -> {"changed": True, "restored": PATH, "lost": ["rule Web of group Contoso was added since"], ...}

A snapshot is a registry hive. The host hands it out as it is, and the controller reads it. show: takes each line that
the user is to see before the first write.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..._base.changes import State
from ..._base.errors import AnswerError, DeviceError, InvalidInputError
from ..._base.reconcile import Done, NotApplicable, SafetyStep, SafetyTable
from ..host_facts import Host, Present
from ..planner import RuleChange, RuleChanges
from ..reconcile import Answer, Link
from ..restoring import Pair, foreign_differences, name_untold, pair_rules, plan_restoration
from ..rule import Rule
from .dumps import dump_of_content
from .host import expanded, failure_text, read_answer
from .reconcile import Task, WindowsRulesProvider

OWN, WHOLE = "own", "whole"
_WHOLE_FIX = "fix: choose another snapshot, or bring the whole policy back: -e lync_rollback_scope=whole"
Show = Callable[[str], None]


@dataclass(frozen=True)
class RestoreTask(Task):
    """The options of msuc.lync.windows_firewall_rollback, validated; path: a snapshot of the host, or newest."""

    path: str = "newest"

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> RestoreTask:
        """Return the task of the module's options, types already checked; raises InvalidInputError.

        Connections that end are no obstacle: who goes back knows that the rules of now go.
        """
        common = Task.from_options({**options, "rules": [], "state": State.REPLACED.value, "accept_cut": True})
        return cls(**{**common.__dict__, "path": str(options["path"])})


@dataclass(frozen=True)
class Snapshot:
    """The rules of a snapshot, and lines about those that are none and cannot be ours."""

    path: str
    rules: tuple[Rule, ...]
    unread: tuple[str, ...] = ()


def read_snapshot(task: RestoreTask, link: Link, host: Host) -> Snapshot:
    """Return the rules of a snapshot of a host; raises DeviceError when they cannot be read, or ours not all."""
    answer = link.ask({"operation": "read", "path": task.path, **_folder(task)})
    if answer.get("failed"):
        raise DeviceError(f"the snapshot could not be read: {failure_text(answer)}")
    path = answer.get("path")
    if not isinstance(path, str):
        raise AnswerError(f"the host's answer is not understood: path is {path!r}")
    try:
        parsed = dump_of_content(_decode_content(answer)).parse()
    except InvalidInputError as error:
        reasons = "; ".join(problem.message for problem in error.problems)
        raise DeviceError(f"snapshot {path} {reasons}; nothing was written; {_WHOLE_FIX}") from error
    ours = [str(problem) for one in parsed.refused if one.may_be_of(task.group) for problem in one.problems]
    if ours:
        raise DeviceError(f"snapshot {path}: {'; '.join(ours)}; nothing was written; {_WHOLE_FIX}")
    unread = [f"a rule of the snapshot is not understood: {one.problems[0]}" for one in parsed.refused]
    return Snapshot(path, tuple(expanded(stored.rule, host.environment) for stored in parsed.rules), tuple(unread))


def _decode_content(answer: Answer) -> bytes:
    try:
        return base64.b64decode(str(answer["content"]), validate=True)
    except (KeyError, binascii.Error) as error:
        raise AnswerError("the host's answer is not understood: content is no snapshot in base64") from error


def _folder(task: RestoreTask) -> dict[str, object]:
    return {"snapshot_dir": task.safety.directory} if task.safety.directory else {}


class RestoreProvider(WindowsRulesProvider):
    """The rules of our group as a snapshot has them, and foreign rules that were disabled for it."""

    task: RestoreTask
    safety: ClassVar[SafetyTable] = {
        **WindowsRulesProvider.safety,
        SafetyStep.RIGHT_HOST: NotApplicable("the snapshot lies on the host that it was taken of"),
        SafetyStep.OWNERSHIP: Done("plan looks at the group of each rule; of others it only enables disabled ones"),
        SafetyStep.VALID_CANDIDATE: Done("plan brings back what the host had; rules with interfaces are refused"),
    }

    def __init__(self, task: RestoreTask, link: Link, show: Show) -> None:
        super().__init__(task, link)
        self._show = show
        self._snapshot_read = Snapshot(task.path, ())

    def gather(self) -> None:
        """Ask the host what it has, and for the snapshot."""
        super().gather()
        self._snapshot_read = read_snapshot(self.task, self.link, self.host)
        self.round_trips += 1

    def plan(self) -> None:
        """Compute the changes, and show what the snapshot has otherwise and is left alone."""
        super().plan()
        untold = name_untold(self._pair(self.before), self.task.group)
        if untold:
            names = ", ".join(untold)
            message = f"snapshot {self._snapshot_read.path} tells the interfaces of {names} by numbers, not by names"
            raise DeviceError(f"{message}; nothing was written; {_WHOLE_FIX}")
        for line in self.left_alone():
            self._show(f"left alone: {line}")

    def conclude(self) -> None:
        """Take what came back as it is: whether it counts on this host was no question of the snapshot."""

    def left_alone(self) -> tuple[str, ...]:
        """Return in what foreign rules differ from the snapshot afterwards."""
        return foreign_differences(self._pair(self.after), self.task.group)

    def result(self) -> dict[str, object]:
        """Return the result of the task, with the snapshot that came back."""
        found = super().result()
        return {**found, "restored": self._snapshot_read.path, "scope": OWN, "left_alone": list(self.left_alone())}

    def _pair(self, have: tuple[Present, ...]) -> tuple[Pair, ...]:
        return pair_rules(self._snapshot_read.rules, have)

    def _hold_vanished(self, want: tuple[Rule, ...], host: Host) -> tuple[Rule, ...]:
        """Return what is wanted: the snapshot says which addresses there are."""
        return want

    def _choose_wanted(self, host: Host) -> tuple[Rule, ...]:
        return tuple(rule for rule in self._snapshot_read.rules if rule.group == self.task.group)

    def _plan_changes(self, have: tuple[Present, ...]) -> RuleChanges:
        return plan_restoration(self._pair(have), self.task.group, self.task.unprotected)

    def _is_ours(self, change: RuleChange) -> bool:
        if super()._is_ours(change):
            return True
        enables = change.properties == ("enabled",) and change.after is not None and change.after.rule.enabled
        return change.before is not None and not change.before.rule.enabled and enables

    def _collect_warnings(self, host: Host) -> list[str]:
        cuts = [f"coming back cuts {cut}" for cut in self._verdict.cuts]
        return [*super()._collect_warnings(host), *cuts, *self._snapshot_read.unread]


def restore_whole(task: RestoreTask, link: Link, show: Show) -> dict[str, object]:
    """Return the result of importing a snapshot, which shows first what others lose by it; raises DeviceError.

    A snapshot or host that cannot be read is no obstacle to this last resort: then it is shown that nobody knows.
    """
    try:
        lost = _list_losses(task, link)
        lines = [f"lost by the import: {line}" for line in lost]
    except DeviceError as error:
        lost, lines = (), [f"what others lose by the import is not known: {error}"]
    for line in lines:
        show(line)
    answer = link.ask({"operation": "restore", "path": task.path, **_folder(task)})
    if answer.get("failed"):
        raise DeviceError(failure_text(answer))
    found = {name: answer[name] for name in ("restored", "snapshot", "changed") if name in answer}
    return {**found, "scope": WHOLE, "lost": list(lost), "warnings": [] if lost or not lines else lines}


def _list_losses(task: RestoreTask, link: Link) -> tuple[str, ...]:
    answer = link.ask({"operation": "gather"})
    if answer.get("failed"):
        raise DeviceError(failure_text(answer))
    host = read_answer(answer)
    snapshot = read_snapshot(task, link, host)
    return (*foreign_differences(pair_rules(snapshot.rules, host.rules), task.group), *snapshot.unread)
