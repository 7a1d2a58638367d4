# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""IPsec exemptions of a Windows host: the task, and its Provider.

provider = IpsecProvider(IpsecTask.from_options({"exemptions": [...], "needed": "auto", ...}), link)
reconcile(provider, check_mode=False)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from ..._base.changes import Phase, State
from ..._base.errors import DeviceError, InvalidInputError, Problem
from ..._base.reconcile import Done, SafetyStep, SafetyTable, bullets
from ..._base.untyped import mappings, texts
from .. import results
from ..comparison import Comparison
from ..effects import RuleEffect
from ..host_facts import LOCAL, Host
from ..options import OWNED_GROUP, names_from_options
from ..planner import RuleChanges
from ..reconcile import Answer, Link, Task, option_problems
from ..rule import Rule
from ..safety import Safety, Verdict, policy_warnings
from ..windows.com import Operation
from ..windows.reconcile import WindowsProvider
from . import effects, exemption, netsh
from .engines import CIM, NETSH, cim_operations, netsh_commands, netsh_operations, shared_names
from .host import REMINDER, IpsecHost, Report, read_answer, report

AUTO, ALWAYS, NEVER = "auto", "true", "false"
PREFIX = "Lync exempt "
_NOTHING_PROTECTS = "no rule of the host or of Group Policy requests or requires protection"


@dataclass(frozen=True)
class IpsecTask(Task):
    """The options of the module, validated.

    needed: auto, true or false. engine: auto, cim or netsh. store: a Group Policy object as domain\\name, or "" for the
    host's own. prefix: how names of ours begin where there are no groups. media: what exemptions are for. peers: who is
    not managed.
    """

    needed: str = ALWAYS
    engine: str = AUTO
    store: str = ""
    prefix: str = PREFIX
    media: tuple[Rule, ...] = ()
    peers: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> IpsecTask:
        """Return the task of the module's options, types already checked.

        Raises InvalidInputError with every problem.
        """
        rules, group = tuple(mappings(options.get("exemptions"))), str(options.get("group") or OWNED_GROUP)
        state, expected = State(options.get("state", "replaced")), tuple(texts(options.get("expected_addresses")))
        engine, store = str(options.get("engine") or AUTO), str(options.get("policy_store") or "")
        safety, problems = Safety.from_options(options)
        problems += [*option_problems(group, expected), *_store_problems(store, engine)]
        found: list[tuple[Rule, ...]] = [(), ()]
        for place, read in enumerate(
            (lambda: _read_wanted_exemptions(rules, state, group), lambda: media_of(mappings(options.get("media"))))
        ):
            try:
                found[place] = read()
            except InvalidInputError as error:
                problems += error.problems
        if problems:
            raise InvalidInputError(problems)
        return cls(
            rules=found[0],
            options=rules,
            state=state,
            phase=Phase(options.get("phase", "all")),
            group=group,
            expected_addresses=expected,
            safety=safety,
            brief=bool(options.get("brief")),
            pending=str(options.get("pending") or ""),
            needed=str(options.get("needed") or ALWAYS).lower(),
            engine=engine,
            store=store,
            prefix=str(options.get("name_prefix") or PREFIX),
            media=found[1],
            peers=tuple(str(peer.get("name")) for peer in mappings(options.get("mirror_peers"))),
        )


def _read_wanted_exemptions(rules: Sequence[Mapping[str, object]], state: State, group: str) -> tuple[Rule, ...]:
    if state is State.DELETED:
        names = names_from_options(rules, exemption.VOCABULARY)
        return tuple(Rule(name=name, group=group, direction=exemption.BOTH) for name in sorted(names))
    return () if state is State.GATHERED else exemption.exemptions_from_options(rules, group)


def media_of(flows: Sequence[Mapping[str, object]]) -> tuple[Rule, ...]:
    """Return the media flows of a plan as rules that match them, with their rows as description."""
    named = [
        {**flow, "name": f"media {number}", "description": ", ".join(texts(flow.get("rows")))}
        for number, flow in enumerate(flows, start=1)
    ]
    return exemption.exemptions_from_options(named)


def _store_problems(store: str, engine: str) -> list[Problem]:
    problems = []
    if store and engine == NETSH:
        problems.append(
            Problem("policy_store", "netsh does not write Group Policy objects", "engine cim, auto", "leave engine out")
        )
    if store and not all(store.partition("\\")):
        problems.append(
            Problem(
                "policy_store",
                f"{store!r} names no Group Policy object",
                "domain\\name",
                "write the domain and the name of the object",
            )
        )
    return problems


class IpsecProvider(WindowsProvider):
    """The connection security rules of one Windows host in one task."""

    wording = exemption.WORDING
    safety: ClassVar[SafetyTable] = {
        **WindowsProvider.safety,
        SafetyStep.OWNERSHIP: Done("plan looks at the group of each rule, and at names and ids that others have too"),
        SafetyStep.GUARD: Done("check asks effects.judge what is left to a rule that requires protection"),
        SafetyStep.VALID_CANDIDATE: Done("plan asks the engine of the host whether it can hold the exemptions"),
    }
    task: IpsecTask

    def __init__(self, task: IpsecTask, link: Link) -> None:
        super().__init__(task, link)
        self._found: IpsecHost | None = None
        self._report = Report()
        self._engine = ""
        self._is_needed = True

    @property
    def is_needed(self) -> bool:
        """Return whether exemptions are made on this host."""
        return self._is_needed

    def way(self) -> dict[str, object]:
        """Return the engine and the store."""
        engine = CIM if self.task.store else self._engine or self.task.engine
        return {"engine": engine, "policy_store": self.task.store}

    @property
    def has_snapshots(self) -> bool:
        """Return whether the host saves what it has before it writes: a Group Policy object has no snapshots."""
        return not self.task.store

    def operations(self) -> list[Operation]:
        """Return what the host has to do; nothing when it is as wanted."""
        if self._engine == NETSH:
            return netsh_operations(self.changes.now)
        return cim_operations(self.changes.now, self.before)

    def apply_arguments(self) -> dict[str, object]:
        """Return the arguments of apply."""
        found = super().apply_arguments()
        if self._engine == NETSH:
            commands = netsh_commands(self.changes.now, self.before, self.task.group)
            found["script"] = netsh.render_script(commands)
        return found

    def result(self) -> dict[str, object]:
        """Return the result of the task as far as it came."""
        found = super().result()
        # These are about rules that admit.
        del found["connection_impact"], found["conditions"]
        found |= {
            "engine": self._engine,
            "not_needed": "" if self._is_needed or not self.task.rules else _NOTHING_PROTECTS,
            "report": self._report.to_result(),
        }
        legacy = None if self._found is None else self._found.legacy
        if legacy is not None:
            lacks = legacy.lacks(self.task.rules)
            found["legacy"] = {
                "name": legacy.name,
                "domain": legacy.domain,
                "lacks": lacks,
                "problem": legacy.problem,
            }
        return found

    @property
    def host(self) -> IpsecHost:
        """Return the host as it answered last."""
        if self._found is None:
            raise DeviceError("nothing was gathered yet")
        return self._found

    def _read(self, answer: Answer) -> Host:
        self._found = read_answer(answer, self.task.group, self.task.prefix)
        return self._found

    def _choose_wanted(self, host: Host) -> tuple[Rule, ...]:
        """Return the exemptions of the task; where none is needed, those alone that are there already."""
        group = self.task.group
        self._is_needed = self.task.needed == ALWAYS or bool(self.task.store) or bool(self.host.protecting)
        # Whether one that cannot be read protects is not known, and an exemption too many does no harm.
        self._is_needed = self._is_needed or self.host.may_protect
        own = [present.rule for present in host.rules if present.store == LOCAL and present.rule.group == group]
        names = {rule.name for rule in own}
        return tuple(rule for rule in self.task.rules if self._is_needed or rule.name in names)

    def _check_capabilities(self, host: Host) -> None:
        found = self.host
        best = CIM if CIM in found.engines else NETSH
        self._engine = best if self.task.engine == AUTO else self.task.engine
        problems: list[object] = []
        if self._engine not in found.engines:
            problems.append(f"the host cannot be written by {self._engine}: it has {', '.join(found.engines)}")
        unread = [refused for refused in found.refused if refused.may_be_of(self.task.group)]
        problems += [problem for refused in unread for problem in refused.problems]
        if self._engine == NETSH and self.task.state is not State.DELETED:
            problems += [problem for rule in self._want for problem in netsh.problems_of(rule, self.task.prefix)]
        self._refuse_for(problems)

    def _refuse_for(self, problems: Sequence[object]) -> None:
        if problems:
            title = "the host cannot hold the exemptions; nothing was written:"
            raise DeviceError("\n".join([title, *bullets(problems)]))

    def _describe_effects(self, host: Host, changes: RuleChanges) -> tuple[RuleChanges, tuple[RuleEffect, ...]]:
        self._check_names(changes)
        return effects.described(self.host, changes, self.task.group)

    def _check_names(self, changes: RuleChanges) -> None:
        """Refuse what would fall on rules of others: an id that is theirs, and with netsh a name that is theirs too."""
        if self._engine == NETSH:
            shared = shared_names(changes.now, self.before, self.task.group)
            same = "of another owner has the same name, and netsh tells rules apart by name only"
            self._refuse_for([f"rule {each.rule.name} {same}" for each in shared])
            return
        added = [change.after.rule for change in changes.now if change.before is None and change.after is not None]
        ids = {exemption.rule_id(rule.name, rule.group): rule.name for rule in added}
        of_others = [each for each in self.before if each.store == LOCAL and each.rule.group != self.task.group]
        taken = [(str(each.com.get("id")), each.rule.name) for each in of_others if each.com.get("id") in ids]
        self._refuse_for(
            [f"the id {key} of exemption {ids[key]} is that of rule {name}, which is not ours" for key, name in taken]
        )

    def _judge_changes(self, host: Host) -> Verdict:
        comparison = Comparison(self.before, self.after, self.changes.now)
        return effects.judge(self.host, comparison, self.task.safety, is_local=not self.task.store)

    def _collect_warnings(self, host: Host) -> list[str]:
        found = self.host
        wanted = self._want if self._is_needed else ()
        self._report = report(found, self.after, self.task.media, wanted, self.task.peers)
        unread = [str(problem) for refused in found.refused for problem in refused.problems]
        start = "a connection security rule is not understood, and was left out of account"
        lines = [f"{start}: {line}" for line in unread]
        warnings = [*policy_warnings(found, self._verdict), *lines, *self._report.warnings()]
        return [*warnings, *_legacy_warnings(found, wanted)]


def _legacy_warnings(host: IpsecHost, wanted: Sequence[Rule]) -> list[str]:
    """Return what to warn about with an assigned legacy policy: beside exemptions the stricter result stands."""
    if host.legacy is None:
        return []
    start = f"IP Security Policy {host.legacy.name} is assigned"
    if host.legacy.problem:
        return [f"{start}, and its filters could not be read: {host.legacy.problem}"]
    lacks = ", ".join(host.legacy.lacks(wanted))
    return [f"{start} and does not permit what is exempt here: {lacks}"] if lacks else []


def never_needed(task: IpsecTask) -> dict[str, object]:
    """Return the result of a task for a host that shall have no exemptions made; it is not contacted."""
    reason = "lync_ipsec is false" if task.rules else ""
    return {
        "changed": False,
        "changes": [],
        "summary": dict(results.NOTHING),
        "pending": False,
        "not_needed": reason,
        "report": {"reminder": REMINDER},
    }
