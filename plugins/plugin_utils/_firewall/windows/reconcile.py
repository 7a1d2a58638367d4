# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run of msuc.lync.windows_firewall_rules on one host, without the way to it: task in, answers in, result out.

run = Reconciliation(Task.from_options({"rules": [...], "state": "replaced", ...}))
run.gathered(answer of gather); run.apply_arguments(); run.applied(answer of apply); run.confirmed(answer); run.result()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..._base.errors import InvalidInputError
from ..effects import RuleEffect, describe_effects, rule_effects
from ..lockout_guard import Comparison
from ..options import OWNED_GROUP, names_from_options, rules_from_options
from ..planner import Changes, Phase, Present, State, plan_changes
from ..reconcile import Course, HostFailedError, bullets, listed_mappings, listed_texts, option_problems
from ..reconcile import Task as CommonTask
from ..rule import Rule
from ..safety import Safety, Verdict, judge, policy_warnings
from .capability import missing_capabilities
from .host import Host, expanded, read_answer
from .operations import Operation, operations


@dataclass(frozen=True)
class Task(CommonTask):
    """The options of the module, validated."""

    unprotected: frozenset[str] = frozenset()

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> Task:
        """Return the task of the module's options, types already checked; raises InvalidInputError with every problem."""
        rules, group = listed_mappings(options.get("rules")), str(options.get("group") or OWNED_GROUP)
        state, phase = State(options.get("state", "replaced")), Phase(options.get("phase", "all"))
        expected = listed_texts(options.get("expected_addresses"))
        safety, problems = Safety.from_options(options)
        problems += option_problems(group, expected)
        wanted: tuple[Rule, ...] = ()
        try:
            wanted = _wanted(rules, state, group)
        except InvalidInputError as error:
            problems += error.problems
        if problems:
            raise InvalidInputError(problems)
        unprotected = frozenset(listed_texts(options.get("unprotected_rules")))
        return cls(wanted, rules, state, phase, group, expected, safety, bool(options.get("brief")), unprotected)


def _wanted(rules: Sequence[Mapping[str, object]], state: State, group: str) -> tuple[Rule, ...]:
    if state is State.DELETED:
        return tuple(Rule(name=name, group=group) for name in sorted(names_from_options(rules)))
    if state is State.GATHERED:
        return ()
    return rules_from_options(rules, group)


@dataclass
class Reconciliation(Course):
    """The course of one run over firewall rules."""

    task: Task

    def operations(self) -> list[Operation]:
        """Return what the host has to do; nothing when it is as wanted."""
        return operations(self.changes.now)

    def _read(self, answer: Mapping[str, object]) -> Host:
        return read_answer(answer)

    def _wanted(self, host: Host) -> tuple[Rule, ...]:
        return tuple(expanded(rule, host.environment) for rule in self.task.rules)

    def _check(self, host: Host) -> None:
        problems = missing_capabilities(self._want, self.before)
        if problems:
            raise HostFailedError("\n".join(["the host cannot hold the rules; nothing was written:", *bullets(problems)]))

    def _plan(self, have: tuple[Present, ...]) -> Changes:
        return plan_changes(self._want, have, self.task.state, self.task.phase, self.task.group, self.task.unprotected)

    def _described(self, host: Host, changes: Changes) -> tuple[Changes, tuple[RuleEffect, ...]]:
        described = describe_effects(host.rules, changes, host.profiles)
        return described, rule_effects(host.rules, described, host.profiles, self.task.group)

    def _judged(self, host: Host) -> Verdict:
        return judge(host, Comparison(self.before, self.after, self.changes.now), self.task.safety)

    def _warned(self, host: Host) -> list[str]:
        return policy_warnings(host, self._verdict)
