# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run of msuc.lync.nftables_rules on one host, without the way to it: task in, answers in, result out.

    run = Run(Task.from_options({"rules": [...], "state": "replaced", ...}))
    run.gathered(answer of gather); run.apply_arguments(); run.applied(answer of apply); run.confirmed(answer); run.result()

What differs is found rule by rule, by name within our table, as on Windows. What is written is what differs line by line, in one
script that nftables takes whole or not at all; lines that stay keep their counters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from ..._base.addresses import AddressSet
from .. import results
from ..effects import RuleEffect, describe_effects, rule_effects
from ..planner import Changes, Phase, Present, State, applied, plan_changes
from . import other_tables as others
from .host import LinuxHost, read_answer
from .options import described
from .ruleset import OWNED_GROUP, lines_of, rules_of
from .ssh_guard import refusals
from .table import TABLE, Table, removal
from .task import Task

WORDING = results.Wording(
    noun="rule",
    nouns="rules",
    store="nftables",
    title="nftables rule",
    options=described,
    head=lambda rule: f"{rule.action} {rule.direction}",
    unsaid=frozenset({"name", "group", "direction", "action", "restrictions"}),
)


class HostFailedError(Exception):
    """The host could not do what it was told, or did not end up as wanted; the message says what was done."""


@dataclass
class Run:
    """The course of one run: gathered, then apply_arguments and applied when something differs, then confirmed when it waits."""

    task: Task
    changes: Changes = field(default_factory=Changes)
    round_trips: int = 0
    writes: int = 0
    _host: LinuxHost | None = None
    _before: Table | None = None
    _after: Table | None = None
    _effects: tuple[RuleEffect, ...] = ()
    _others: list[dict[str, object]] = field(default_factory=list)
    _pending: bool = False
    _warnings: list[str] = field(default_factory=list)
    _refused: list[str] = field(default_factory=list)
    _forecast: list[str] = field(default_factory=list)
    _rollback: str = ""
    _armed: bool = False
    _failed: bool = False

    def gathered(self, answer: Mapping[str, object]) -> None:
        """Take what the host answered to gather, and plan; raises HostFailedError or HostAnswerError when it cannot go on."""
        host = self._answered(answer, "nftables of the host could not be read")
        self._host, self._before = host, host.table
        self._check_addresses(host)
        self._plan(host)
        if self.is_changed:
            self._refused = refusals(host, self._before, self._after, self.task.networks)
        self._warnings = self._warned(host)

    def _plan(self, host: LinuxHost) -> None:
        have = tuple(Present(rule, {}) for rule in (rules_of(host.table.lines) if host.table else ()))
        planned = plan_changes(self.task.rules, have, self.task.state, self.task.phase, OWNED_GROUP)
        self.changes = describe_effects(have, planned)
        self._effects = rule_effects(have, self.changes, (), OWNED_GROUP)
        self._after = self._table_after(host, applied(have, self.changes.now))
        self._others = [] if self.task.state is State.GATHERED else list(self._other_changes(host))
        self._pending = bool(self.changes.later) or self._policy_waits()

    def _table_after(self, host: LinuxHost, after: Sequence[Present]) -> Table | None:
        """Return the table with the rules after the changes; without a rule there is none."""
        if self.task.state is State.GATHERED or not after:
            return host.table if self.task.state is State.GATHERED or self.task.phase is Phase.OPEN else None
        lines = [line for present in after for line in lines_of(present.rule)]
        return Table(self._policy_after(host), tuple(line for line in lines if not line.raw or (host.table and host.table.has_frame)))

    def _policy_after(self, host: LinuxHost) -> str:
        if self.task.state is State.DELETED and host.table:
            return host.table.policy
        was = host.table.policy if host.table else "accept"
        return was if self.task.phase is Phase.OPEN and self.task.policy == "drop" else self.task.policy

    def _policy_waits(self) -> bool:
        return self.task.phase is Phase.OPEN and self._after is not None and self._after.policy != self.task.policy

    def _other_changes(self, host: LinuxHost) -> list[dict[str, object]]:
        """Return what differs beside the rules: policy, frame and file."""
        found = []
        before, after = host.table, self._after
        if after is not None and (before is None or not before.has_frame):
            found.append(others.change_of(f"table {TABLE}", "frame", "missing" if before is None else "changed", "as rendered"))
        was = before.policy if before else "accept"
        if after is not None and was != after.policy:
            found.append(others.change_of(f"policy of table {TABLE}", "policy", was, after.policy, closes=after.policy == "drop"))
        if self.task.path and host.content != self._content():
            said = ["missing" if text is None else "other rules" for text in (host.content, self._content())]
            found.append(others.change_of(f"file {self.task.path}", "content", said[0], "missing" if self._content() is None else "the rules of the table"))
        return found

    def _content(self) -> str | None:
        """Return what the file is to hold, None for no file."""
        return None if self._after is None else _HEAD + self._after.script()

    @property
    def is_changed(self) -> bool:
        """Return whether the host has something to do."""
        return bool(self.changes.now or self._others)

    def script(self) -> str:
        """Return what nftables is given, empty for nothing."""
        if self._after is None:
            return removal() if self._before is not None else ""
        return self._after.steps_from(self._before)

    def gather_arguments(self) -> dict[str, object]:
        """Return the arguments of gather."""
        return {"operation": "gather", "path": self.task.path}

    def apply_arguments(self) -> dict[str, object]:
        """Return the arguments of apply; raises HostFailedError when the guard stands against the changes."""
        if self._refused:
            self._after, self._failed = self._before, True
            raise HostFailedError("\n".join(["the changes are refused; nothing was written:", *(f"  - management: {line}" for line in self._refused)]))
        fingerprint = self._host.fingerprint if self._host else ""
        kept = {"path": self.task.path, "content": self._content() or ""}
        return {"operation": "apply", "script": self.script(), "fingerprint": fingerprint, "confirm_seconds": self.task.confirm_minutes * 60, **kept}

    def forecast(self) -> None:
        """Take down as warnings why apply would refuse the changes: for check mode."""
        self._forecast = [f"management: {line}" for line in self._refused]
        self._warnings += [f"apply would refuse the changes: {line}" for line in self._forecast]

    def applied(self, answer: Mapping[str, object]) -> None:
        """Take what the host answered to apply, and compare what it has now with what was wanted."""
        self._failed = True
        expected = self._after
        self._after = self._before
        self._rollback, self._armed = str(answer.get("rollback") or ""), bool(answer.get("armed"))
        host = self._answered(answer, "the changes were not made")
        self.writes = len(self.changes.now) + len(self._others)
        self._after = host.table
        if not _is_same(host.table, expected):
            raise HostFailedError("the changes were made, but nftables does not have the rules as wanted; run again to see what differs")
        self._failed = False

    @property
    def waits(self) -> bool:
        """Return whether the change is taken back unless it is confirmed."""
        return self._armed

    def confirm_arguments(self) -> dict[str, object]:
        """Return the arguments of confirm, which also writes the file."""
        return {"operation": "confirm", "path": self.task.path, "content": self._content() or ""}

    def confirmed(self, answer: Mapping[str, object]) -> None:
        """Take what the host answered to confirm; raises HostFailedError when it could not, so that the change is taken back."""
        self._answered(answer, "the change could not be confirmed")
        self._armed = False

    def way_back(self) -> str:
        """Return how what was there before comes back."""
        by_itself = f"it comes back by itself {self.task.confirm_minutes} minutes after the change, or at once by: " if self._armed else ""
        return f"{by_itself}{self._rollback}"

    def result(self) -> dict[str, object]:
        """Return the result of the task as far as it came; after is a prediction until the changes were applied."""
        counts = results.summary(self.changes.now)
        found: dict[str, object] = {
            "changed": self.writes > 0 if self._failed else self.is_changed,
            "before": _options(self._before),
            "after": _options(self._after),
            "policy": {"before": _policy(self._before), "after": _policy(self._after)},
            "changes": [*results.change_results(self.changes.now, WORDING), *self._others],
            "effects": [asdict(effect) for effect in self._effects],
            "commands": [*results.commands(self.changes.now, WORDING), *map(others.command, self._others)],
            "script": self.script() if self.is_changed and not self.writes else "",
            "summary": {**counts, "changed": counts["changed"] + len(self._others)},
            "pending": self._pending,
            "stats": {"round_trips": self.round_trips, "writes": self.writes},
            "host": {"addresses": list(self._host.addresses) if self._host else []},
            "warnings": list(self._warnings),
        }
        if self._forecast:
            found["refused"] = list(self._forecast)
        if self._rollback:
            found["snapshot"] = {"rollback": self._rollback, "armed": self._armed}
        return {**found, "gathered": found["before"]} if self.task.state is State.GATHERED else found

    def diffs(self) -> list[dict[str, str]]:
        """Return one diff per change, for ansible's --diff."""
        return [*results.diffs(self.changes.now, WORDING), *map(others.diff, self._others)]

    def _answered(self, answer: Mapping[str, object], failed_text: str) -> LinuxHost:
        self.round_trips += 1
        if answer.get("failed"):
            raise HostFailedError(f"{failed_text}: {answer.get('msg') or 'the host said nothing more'}")
        return read_answer(answer, self.task.path)

    def _check_addresses(self, host: LinuxHost) -> None:
        missing = sorted(AddressSet.parse(self.task.expected).each()) if host.addresses else []
        lacking = [text for text in missing if not AddressSet.parse([text]) <= AddressSet.parse(host.addresses)]
        if lacking and self.task.state in (State.MERGED, State.REPLACED):
            have = ", ".join(host.addresses)
            raise HostFailedError(f"this is not the host that the inventory describes; nothing was written: it lacks {', '.join(lacking)} (it has {have})")

    def _warned(self, host: LinuxHost) -> list[str]:
        found = [f"chain {chain} drops what it does not know, whatever our table admits" for chain in host.dropping]
        if self.task.path and self._after is not None and not host.is_included:
            fix = f'write include "{self.task.path.rpartition("/")[0]}/*.nft" into /etc/nftables.conf, and enable nftables.service'
            found.append(f"the host does not read {self.task.path} when it starts; fix: {fix}")
        return found


_HEAD = "# Written by msuc.lync.nftables_rules; changes by hand are drift.\n"


def _is_same(one: Table | None, other: Table | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.keys == other.keys and one.policy == other.policy and one.has_frame


def _options(table: Table | None) -> list[dict[str, object]]:
    return results.rule_options(rules_of(table.lines) if table else (), WORDING)


def _policy(table: Table | None) -> str:
    return table.policy if table else "accept"
