# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Firewall rules of a Windows host: the task, and its Provider.

    provider = WindowsFirewallProvider(Task.from_options({"rules": [...], "state": "replaced", ...}), link)
    reconcile(provider, check_mode=False)

Everything is decided on the controller; the host runs msuc.lync.windows_firewall_remote, which gathers and writes.
Rules and IPsec exemptions that are compared only are gathered in one round trip (msuc.lync.windows_compare):

    parts_of({"addresses": [...], "firewall": {"rules": [...], ...}, "ipsec": {...}})["firewall"]
    == {"addresses": [...], "rules": [...], ...}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from ..._base.absence import Losses
from ..._base.changes import Phase, State
from ..._base.errors import DeviceError, InvalidInputError, Problem, one_of
from ..._base.libraries import MissingLibraryError
from ..._base.reconcile import Done, SafetyStep, SafetyTable, bullets, reconcile
from ..._base.untyped import mappings, printed_lines, texts
from ..comparison import Comparison
from ..effects import RuleEffect, describe_effects, rule_effects
from ..host_facts import LOCAL, Condition, Host, Present, profile_conditions
from ..options import OWNED_GROUP, names_from_options, rules_from_options
from ..planner import RuleChanges, plan_changes
from ..reconcile import Answer, FirewallProvider, Link, option_problems
from ..reconcile import Task as CommonTask
from ..rule import KEYWORDS_OF_2012, Rule
from ..safety import Safety, Verdict, judge, policy_warnings
from .com import Operation, operations
from .dumps import Dump, dump_of_text, read_dump
from .host import ACCOUNT, expanded, failure_text, mapping_of, read_answer, read_stored_of, rollback_command, understood
from .reading import BY_NAME, THROUGH_BOTH, THROUGH_COM, Reading, explain_unread, refuse_disagreement
from .registry_strings import render_rule
from .stored import StoredRules

Options = Mapping[str, object]
_FIX = "leave it out on this host, or upgrade it to Windows Server 2012 or later"


@dataclass(frozen=True)
class Task(CommonTask):
    """The options of the module, validated."""

    unprotected: frozenset[str] = frozenset()
    reading: Reading = Reading()

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> Task:
        """Return the task of the module's options, types already checked.

        Raises InvalidInputError with every problem.
        """
        rules, group = tuple(mappings(options.get("rules"))), str(options.get("group") or OWNED_GROUP)
        state, phase = State(options.get("state", "replaced")), Phase(options.get("phase", "all"))
        expected = tuple(texts(options.get("expected_addresses")))
        safety, problems = Safety.from_options(options)
        reading, found = Reading.from_options(options)
        problems += [*option_problems(group, expected), *found]
        wanted: tuple[Rule, ...] = ()
        try:
            wanted = _read_wanted_rules(rules, state, group)
        except InvalidInputError as error:
            problems += error.problems
        if problems:
            raise InvalidInputError(problems)
        unprotected = frozenset(texts(options.get("unprotected_rules")))
        brief, pending = bool(options.get("brief")), str(options.get("pending") or "")
        return cls(wanted, rules, state, phase, group, expected, safety, brief, pending, unprotected, reading)


def _read_wanted_rules(rules: Sequence[Mapping[str, object]], state: State, group: str) -> tuple[Rule, ...]:
    if state is State.DELETED:
        return tuple(Rule(name=name, group=group) for name in sorted(names_from_options(rules)))
    if state is State.GATHERED:
        return ()
    return rules_from_options(rules, group)


class WindowsProvider(FirewallProvider):
    """Rules of any kind on a Windows host."""

    safety: ClassVar[SafetyTable] = {
        SafetyStep.RIGHT_HOST: Done("gather compares the addresses of the host with those expected and those of rules"),
        SafetyStep.READ_WHOLE: Done("gather takes an answer only when every part of it is of its kind"),
        SafetyStep.OWNERSHIP: Done("plan looks at the group of each rule that a change falls on"),
        SafetyStep.GUARD: Done("check asks safety.judge over the rules before and after"),
        SafetyStep.FINGERPRINT: Done("apply sends the fingerprint of gather, and the host refuses another one"),
        SafetyStep.VALID_CANDIDATE: Done("plan compares the rules with what the host's version of Windows takes"),
        SafetyStep.SAVED: Done("apply is answered with the path of the snapshot"),
        SafetyStep.REVERT_ARMED: Done("apply is answered that the scheduled task is there"),
        SafetyStep.REREAD_EQUAL: Done("verify plans again over the rules that apply read back"),
        SafetyStep.CONFIRMED: Done("confirm removes the scheduled task over a new connection"),
    }

    def failure_text(self, answer: Answer) -> str:
        """Return why the host failed, with what to do where the code of the error tells it."""
        return failure_text(answer)

    def rollback_command(self, snapshot: str) -> str:
        """Return the command that brings a snapshot back."""
        return rollback_command(snapshot)


class WindowsRulesProvider(WindowsProvider):
    """Firewall rules of a Windows host, wherever it stands which of them are wanted."""

    def operations(self) -> list[Operation]:
        """Return what the host has to do; nothing when it is as wanted."""
        return operations(self.changes.now)

    def _read(self, answer: Answer) -> Host:
        return read_answer(answer)

    def _check_capabilities(self, host: Host) -> None:
        problems = missing_capabilities(self._want, self.before)
        if problems:
            raise DeviceError("\n".join(["the host cannot hold the rules; nothing was written:", *bullets(problems)]))

    def _describe_effects(self, host: Host, changes: RuleChanges) -> tuple[RuleChanges, tuple[RuleEffect, ...]]:
        described = describe_effects(host.rules, changes, host.profiles)
        return described, rule_effects(host.rules, described, host.profiles, self.task.group)

    def _judge_changes(self, host: Host) -> Verdict:
        return judge(host, Comparison(self.before, self.after, self.changes.now), self.task.safety)

    def _list_conditions(self, host: Host) -> tuple[Condition, ...]:
        return profile_conditions(host.profiles)

    def _collect_warnings(self, host: Host) -> list[str]:
        return policy_warnings(host, self._verdict)


class WindowsFirewallProvider(WindowsRulesProvider):
    """The firewall rules of one Windows host in one task.

    The registry alone can show that a host is as planned, or that a phase which opens has nothing to do: where
    something is to be changed, or reported as different, the host is asked once more, through COM, and both must say
    the same. So whatever is written was planned over what COM shows.
    """

    task: Task

    def __init__(self, task: Task, link: Link) -> None:
        super().__init__(task, link)
        self._way = task.reading.first_way()
        self._stored: StoredRules | None = None
        # Whether COM told the rules, and what it disagrees about with the registry.
        self._is_com = True
        self._disagreement: tuple[str, ...] = ()
        self._is_trusted = False
        self._told: list[str] = []

    def way(self) -> dict[str, object]:
        """Return through what the host reads, or finds what it writes."""
        return dict(self._way)

    def _read(self, answer: Answer) -> Host:
        host = super()._read(answer)
        self._stored, self._is_com = read_stored_of(answer), "rules" in answer
        return host

    def gather(self) -> None:
        """Ask the host what it has; through COM where its registry does not tell all of it."""
        super().gather()
        reading, stored = self.task.reading, self._stored
        if stored is None:
            self._told += reading.explain_com(self.host.build)
        elif self._is_com:
            # Asked before the comparison is recorded.
            self._is_trusted = reading.trusts(self.host.build) and not stored.problems
            self._disagreement, told = reading.compare(self.host, stored)
            self._told += told
            self._way = THROUGH_COM if self._disagreement else BY_NAME
        elif stored.problems:
            self._told.append(explain_unread(stored))
            self._way = THROUGH_COM
            super().gather()
        if self._stored is not None and not self._stored.problems and not self._disagreement:
            # The same whether COM was asked too or not, so that what a check accepts is known again.
            self.fingerprint = self._stored.fingerprint
        if self.host.not_read:
            self.evidence.discard(SafetyStep.READ_WHOLE)

    def plan(self) -> None:
        """Compute the changes; where the registry alone shows that there are some, over what COM shows."""
        super().plan()
        if self.host.not_read or self._is_as_planned() or self._is_left_to_closing():
            return
        if not self._is_com:
            self._way = THROUGH_BOTH
            self.evidence.clear()
            self.gather()
            super().plan()
        if self._is_trusted:
            refuse_disagreement(self._disagreement)

    def missing_text(self, missing: Sequence[SafetyStep], is_written: bool) -> str:
        """Return the error of steps that nobody took."""
        if SafetyStep.READ_WHOLE not in missing or not self.host.not_read:
            return super().missing_text(missing, is_written)
        title = "the account reads the registry alone, so it is not known whether the host is as planned"
        return "\n".join([f"{title}; nothing was written; not known:", *bullets(self.host.not_read), f"fix: {ACCOUNT}"])

    def result(self) -> dict[str, object]:
        """Return the result of the task as far as it came, with what the account is not told."""
        missing = {"not_read": list(self._host.not_read)} if self._host and self._host.not_read else {}
        return {**super().result(), **missing}

    def _is_as_planned(self) -> bool:
        if self.task.state is State.GATHERED:
            return True
        return not (self.changes.now or self.changes.later or self.losses != Losses())

    def _is_left_to_closing(self) -> bool:
        """Return whether opening has nothing to do: the phase that closes reads through COM before it writes."""
        is_opening = self.task.phase is Phase.OPEN and not self._is_com
        return is_opening and bool(self.changes.later) and not self.changes.now

    def apply_arguments(self) -> dict[str, object]:
        """Return the arguments of apply; rules are found by their names where each of these is of one rule only."""
        found = super().apply_arguments()
        if self._stored is None or self._way != BY_NAME:
            return found
        if self._has_namesakes():
            return {name: value for name, value in found.items() if name not in BY_NAME}
        return {**found, "fingerprint": self._stored.fingerprint}

    def _has_namesakes(self) -> bool:
        counts = Counter(present.rule.name.casefold() for present in self.before if present.store == LOCAL)
        touched = [change.before.rule.name.casefold() for change in self.changes.now if change.before is not None]
        return any(counts[name] > 1 for name in touched)

    def _collect_warnings(self, host: Host) -> list[str]:
        return [*super()._collect_warnings(host), *dict.fromkeys(self._told)]

    def _choose_wanted(self, host: Host) -> tuple[Rule, ...]:
        return tuple(expanded(rule, host.environment) for rule in self.task.rules)

    def _plan_changes(self, have: tuple[Present, ...]) -> RuleChanges:
        task = self.task
        return plan_changes(self._want, have, task.state, task.phase, task.group, task.unprotected)


def missing_capabilities(rules: Iterable[Rule], have: Sequence[Present]) -> list[Problem]:
    """Return a problem for each option of a rule that the host is too old for.

    A host tells its age by its rules: INetFwRule3, which Windows Server 2012 brought with policy version 2.20, gives
    each SecureFlags. A host without any rule tells nothing, and is left to refuse by itself; so does its registry.
    """
    local = [present for present in have if present.store == LOCAL]
    if not local or any({"SecureFlags", "id"} & set(present.com) for present in local):
        return []
    return [
        Problem(
            f"rule {rule.name}, {option}",
            f"{text} is not known to this host, which is older than Windows Server 2012",
            fix=_FIX,
        )
        for rule in rules
        for option, text in _needs(rule)
    ]


def _needs(rule: Rule) -> list[tuple[str, str]]:
    """Return the options of a rule that need Windows Server 2012, with what of them does."""
    scopes = ((option, getattr(rule, option)) for option in ("localport", "remoteip"))
    keywords = [(option, scope.keywords & KEYWORDS_OF_2012) for option, scope in scopes]
    found = [(option, one_of(some)) for option, some in keywords if some]
    return found + ([("security", rule.security)] if rule.security != "notrequired" else [])


# The states that contact no host: parsed and rendered.


def offline_result(options: Options) -> dict[str, object]:
    """Return the result of a task with state parsed or rendered.

    Raises InvalidInputError with every problem of the input.
    """
    return {"changed": False, **_STATES[str(options["state"])](options)}


def _parse_given_dump(options: Options) -> dict[str, object]:
    parsed = given_dump(options).parse()
    return {"parsed": [stored.to_options() for stored in parsed.rules], "not_parsed": parsed.refused_documents()}


def given_dump(options: Options) -> Dump:
    """Return the dump that a task with state parsed gives; raises InvalidInputError when it is not exactly one."""
    text, path = options.get("running_config"), options.get("path")
    if (text is None) == (path is None):
        message = "state parsed needs exactly one of running_config and path"
        raise InvalidInputError(
            [
                Problem(
                    "running_config, path",
                    message,
                    fix="give the text of the rules, or the path of a dump on the controller",
                )
            ]
        )
    return dump_of_text(str(text), "running_config") if text is not None else read_dump(Path(str(path)))


def _render_windows_rules(options: Options) -> dict[str, object]:
    rules = rules_from_options(mappings(options.get("rules")), str(options.get("group") or OWNED_GROUP))
    return {"rendered": [render_rule(rule) for rule in rules]}


_STATES: Mapping[str, Callable[[Options], dict[str, object]]] = {
    "parsed": _parse_given_dump,
    "rendered": _render_windows_rules,
}


PARTS = ("firewall", "ipsec")


def chosen_parts(run_tags: Iterable[str], skip_tags: Iterable[str]) -> tuple[str, ...]:
    """Return the parts that the tags of a run leave: the named ones, or all when none is, without those to skip."""
    named = set(PARTS) & set(run_tags) or set(PARTS)
    return tuple(part for part in PARTS if part in named - set(skip_tags))


def parts_of(answer: Answer) -> dict[str, Answer]:
    """Return what the remote module of each part would have answered to gather; raises AnswerError without a part."""
    if answer.get("failed"):
        return dict.fromkeys(PARTS, answer)
    shared = {name: value for name, value in answer.items() if name not in PARTS}
    with understood():
        return {part: {**shared, **mapping_of(answer, part)} for part in PARTS}


def link_to(answer: Answer, link: Link) -> Link:
    """Return the way to a host that has answered the first question already."""
    answers = [answer]
    return replace(link, ask=lambda arguments: answers.pop() if answers else link.ask(arguments))


def compared(provider: FirewallProvider) -> dict[str, object]:
    """Return the result of a provider that only looks, as in check mode."""
    failure: dict[str, object] = {}
    try:
        reconcile(provider, check_mode=True)
    except (DeviceError, MissingLibraryError) as error:
        failure = {"failed": True, "msg": printed_lines(str(error))}
    return {**provider.result(), **provider.absence(), **failure, "check_mode": True}


def together(results: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Return one result that holds those of the parts, with what they warn of and why they failed."""
    failed = [f"{part}: {result.get('msg')}" for part, result in results.items() if result.get("failed")]
    failure: dict[str, object] = {"failed": True, "msg": "\n".join(failed)} if failed else {}
    lists = [found for result in results.values() if isinstance(found := result.get("warnings"), list)]
    warnings = list(dict.fromkeys(warning for found in lists for warning in found))
    is_changed = any(result.get("changed") for result in results.values())
    return {**failure, **results, "changed": is_changed, "warnings": warnings}
