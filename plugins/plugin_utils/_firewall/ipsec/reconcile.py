# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run of msuc.lync.windows_ipsec_exemptions on one host, without the way to it: task in, answers in, result out.

run = IpsecReconciliation(IpsecTask.from_options({"exemptions": [...], "state": "replaced", "needed": "auto", ...}))
run.gathered(answer of gather); run.apply_arguments(); run.applied(answer of apply); run.result()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..._base.errors import InvalidInputError, Problem
from ..effects import RuleEffect
from ..lockout_guard import Comparison
from ..options import OWNED_GROUP, names_from_options
from ..planner import LOCAL, Changes, Phase, Present, State, plan_changes
from ..reconcile import Course, HostFailedError, Task, bullets, listed_mappings, listed_texts, option_problems
from ..results import Wording
from ..rule import Rule
from ..safety import Safety, Verdict, policy_warnings
from ..windows.host import Host
from ..windows.operations import Operation
from . import effect, exemption, netsh
from .engines import CIM, NETSH, cim_operations, netsh_commands, netsh_operations, shared_names
from .guard import judge
from .host import IpsecHost, read_answer
from .report import REMINDER, Report, report

AUTO, ALWAYS, NEVER = "auto", "true", "false"
PREFIX = "Lync exempt "
_NOTHING_PROTECTS = "no rule of the host or of Group Policy requests or requires protection"


@dataclass(frozen=True)
class IpsecTask(Task):
    """The options of the module, validated.

    needed: auto, true or false. engine: auto, cim or netsh. store: a Group Policy object as domain\\name, or "" for the host's own.
    prefix: how names of ours begin where there are no groups. media: what exemptions are for. peers: who is not managed.
    """

    needed: str = ALWAYS
    engine: str = AUTO
    store: str = ""
    prefix: str = PREFIX
    media: tuple[Rule, ...] = ()
    peers: tuple[str, ...] = ()

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> IpsecTask:
        """Return the task of the module's options, types already checked; raises InvalidInputError with every problem."""
        rules, group = listed_mappings(options.get("exemptions")), str(options.get("group") or OWNED_GROUP)
        state, expected = State(options.get("state", "replaced")), listed_texts(options.get("expected_addresses"))
        engine, store = str(options.get("engine") or AUTO), str(options.get("policy_store") or "")
        safety, problems = Safety.from_options(options)
        problems += [*option_problems(group, expected), *_store_problems(store, engine)]
        found: list[tuple[Rule, ...]] = [(), ()]
        for place, read in enumerate((lambda: _wanted(rules, state, group), lambda: media_of(listed_mappings(options.get("media"))))):
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
            needed=str(options.get("needed") or ALWAYS).lower(),
            engine=engine,
            store=store,
            prefix=str(options.get("name_prefix") or PREFIX),
            media=found[1],
            peers=tuple(str(peer.get("name")) for peer in listed_mappings(options.get("mirror_peers"))),
        )


def _wanted(rules: Sequence[Mapping[str, object]], state: State, group: str) -> tuple[Rule, ...]:
    if state is State.DELETED:
        names = names_from_options(rules, exemption.VOCABULARY)
        return tuple(Rule(name=name, group=group, direction=exemption.BOTH) for name in sorted(names))
    return () if state is State.GATHERED else exemption.exemptions_from_options(rules, group)


def media_of(flows: Sequence[Mapping[str, object]]) -> tuple[Rule, ...]:
    """Return the media flows of a plan as rules that match them, with their rows as description."""
    named = [{**flow, "name": f"media {number}", "description": ", ".join(listed_texts(flow.get("rows")))} for number, flow in enumerate(flows, start=1)]
    return exemption.exemptions_from_options(named)


def _store_problems(store: str, engine: str) -> list[Problem]:
    problems = []
    if store and engine == NETSH:
        problems.append(Problem("policy_store", "netsh does not write Group Policy objects", "engine cim, auto", "leave engine out"))
    if store and not all(store.partition("\\")):
        problems.append(Problem("policy_store", f"{store!r} names no Group Policy object", "domain\\name", "write the domain and the name of the object"))
    return problems


@dataclass
class IpsecReconciliation(Course):
    """The course of one run over connection security rules."""

    task: IpsecTask
    _report: Report = Report()
    _engine: str = ""
    _host: IpsecHost | None = None
    _is_needed: bool = True

    @property
    def is_needed(self) -> bool:
        """Return whether exemptions are made on this host."""
        return self._is_needed

    @property
    def wording(self) -> Wording:
        """Return how exemptions are told of."""
        return exemption.WORDING

    def way(self) -> dict[str, object]:
        """Return the engine and the store."""
        engine = CIM if self.task.store else self._engine or self.task.engine
        return {"engine": engine, "policy_store": self.task.store}

    @property
    def has_way_back(self) -> bool:
        """Return whether the host saves what it has before it writes: a Group Policy object has no snapshots."""
        return not self.task.store

    def operations(self) -> list[Operation]:
        """Return what the host has to do; nothing when it is as wanted."""
        if self._engine == NETSH:
            return netsh_operations(self.changes.now)
        return cim_operations(self.changes.now, self.before)

    def apply_arguments(self) -> dict[str, object]:
        """Return the arguments of apply; raises HostFailedError when the guard stands against the changes."""
        found = super().apply_arguments()
        if self._engine == NETSH:
            found["script"] = netsh.render_script(netsh_commands(self.changes.now, self.before, self.task.group))
        return found

    def result(self) -> dict[str, object]:
        """Return the result of the task as far as it came."""
        legacy = self._host.legacy if self._host is not None else None
        found = super().result()
        found.pop("would_cut")
        found |= {
            "engine": self._engine,
            "not_needed": "" if self._is_needed or not self.task.rules else _NOTHING_PROTECTS,
            "report": self._report.to_result(),
        }
        if legacy is not None:
            found["legacy"] = {"name": legacy.name, "domain": legacy.domain, "lacks": legacy.lacks(self.task.rules), "problem": legacy.problem}
        return found

    def _read(self, answer: Mapping[str, object]) -> Host:
        self._host = read_answer(answer, self.task.group, self.task.prefix)
        return self._host

    def _wanted(self, host: Host) -> tuple[Rule, ...]:
        """Return the exemptions of the task; where none is needed, those alone that are there already."""
        found = self._gathered_host()
        self._is_needed = self.task.needed == ALWAYS or bool(self.task.store) or bool(found.protecting)
        names = {present.rule.name for present in host.rules if present.store == LOCAL and present.rule.group == self.task.group}
        return tuple(rule for rule in self.task.rules if self._is_needed or rule.name in names)

    def _check(self, host: Host) -> None:
        found = self._gathered_host()
        self._engine = self.task.engine if self.task.engine != AUTO else _best(found.engines)
        problems: list[object] = [] if self._engine in found.engines else [f"the host cannot be written by {self._engine}: it has {', '.join(found.engines)}"]
        problems += [problem for refused in found.refused if refused.may_be_of(self.task.group) for problem in refused.problems]
        if self._engine == NETSH and self.task.state is not State.DELETED:
            problems += [problem for rule in self._want for problem in netsh.problems_of(rule, self.task.prefix)]
        self._refuse_for(problems)

    def _refuse_for(self, problems: Sequence[object]) -> None:
        if problems:
            raise HostFailedError("\n".join(["the host cannot hold the exemptions; nothing was written:", *bullets(problems)]))

    def _plan(self, have: tuple[Present, ...]) -> Changes:
        return plan_changes(self._want, have, self.task.state, self.task.phase, self.task.group)

    def _described(self, host: Host, changes: Changes) -> tuple[Changes, tuple[RuleEffect, ...]]:
        self._check_names(changes)
        return effect.described(self._gathered_host(), changes, self.task.group)

    def _check_names(self, changes: Changes) -> None:
        """Refuse what would fall on rules of others: an id that is theirs, and with netsh a name that is theirs too."""
        if self._engine == NETSH:
            shared = shared_names(changes.now, self.before, self.task.group)
            self._refuse_for([f"rule {each.rule.name} of another owner has the same name, and netsh tells rules apart by name only" for each in shared])
            return
        added = (change.after for change in changes.now if change.before is None and change.after is not None)
        ids = {exemption.rule_id(rule.name, rule.group): rule.name for rule in added}
        foreign = [each for each in self.before if each.store == LOCAL and each.rule.group != self.task.group and each.com.get("id") in ids]
        texts = [f"the id {each.com['id']} of exemption {ids[str(each.com['id'])]} is that of rule {each.rule.name}, which is not ours" for each in foreign]
        self._refuse_for(texts)

    def _judged(self, host: Host) -> Verdict:
        comparison = Comparison(self.before, self.after, self.changes.now)
        return judge(self._gathered_host(), comparison, self.task.safety, is_local=not self.task.store)

    def _warned(self, host: Host) -> list[str]:
        found = self._gathered_host()
        wanted = self._want if self._is_needed else ()
        self._report = report(found, self.after, self.task.media, wanted, self.task.peers)
        unread = [str(problem) for refused in found.refused for problem in refused.problems]
        lines = [f"a connection security rule is not understood, and was left out of account: {line}" for line in unread]
        return [*policy_warnings(found, self._verdict), *lines, *self._report.warnings(), *_legacy_warnings(found, wanted)]

    def _gathered_host(self) -> IpsecHost:
        if self._host is None:
            raise HostFailedError("nothing was gathered yet")
        return self._host


def _best(engines: Sequence[str]) -> str:
    return CIM if CIM in engines else NETSH


def _legacy_warnings(host: IpsecHost, wanted: Sequence[Rule]) -> list[str]:
    """Return what is to be said of a legacy policy that is assigned: it counts beside all exemptions, the stricter result stands."""
    if host.legacy is None:
        return []
    if host.legacy.problem:
        return [f"IP Security Policy {host.legacy.name} is assigned, and its filters could not be read: {host.legacy.problem}"]
    lacks = host.legacy.lacks(wanted)
    return [f"IP Security Policy {host.legacy.name} is assigned and does not permit what is exempt here: {', '.join(lacks)}"] if lacks else []


def never_needed(task: IpsecTask) -> dict[str, object]:
    """Return the result of a task for a host that shall have no exemptions made; it is not contacted."""
    reason = "lync_ipsec is false" if task.rules else ""
    counts = dict.fromkeys(("added", "changed", "disabled", "removed", "admission_changed"), 0)
    return {"changed": False, "changes": [], "summary": counts, "pending": False, "not_needed": reason, "report": {"reminder": REMINDER}}
