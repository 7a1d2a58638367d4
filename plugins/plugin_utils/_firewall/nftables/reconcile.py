# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The nftables rules of a Linux host as a provider of the one way to reconcile (_base/reconcile.py).

    provider = NftablesProvider(Task.from_options({"rules": [...], "state": "replaced", ...}), link)
    reconcile(provider, check_mode=False)
    provider.result()

What differs is found rule by rule, by name within our table, as on Windows. What is written is what differs line by
line, in one script that nftables takes whole or not at all; lines that stay keep their counters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..._base.addresses import AddressSet
from ..._base.changes import Cause, Change, Changes, Effect, Kind, Phase, Presentation, State
from ..._base.errors import DeviceError, InvalidInputError, Problem
from ..._base.nft_chains import Block, Extent
from ..._base.reconcile import Done, NotApplicable, Provider, SafetyStep, SafetyTable
from ..._base.untyped import mappings
from .. import results
from ..effects import EffectKind, RuleEffect, describe_effects, effect, rule_effects
from ..held_rules import owned_peers, with_held
from ..host_facts import Present
from ..planner import RuleChanges, applied, plan_changes
from ..reconcile import Link
from ..rule import Rule
from .foreign import blocks
from .host import LinuxHost, lockouts, read_answer
from .listing import read_table
from .options import Task, described, rules_from_options
from .ruleset import OWNED_GROUP, TABLE, Table, lines_of, removal, rules_of

WORDING = results.Wording(
    noun="rule",
    nouns="rules",
    store="nftables",
    title="nftables rule",
    options=described,
    head=lambda rule: f"{rule.action} {rule.direction}",
    left_out=frozenset({"name", "group", "direction", "action", "restrictions"}),
)
_ENDED = {"confirm": "confirmed", "revert": "taken back"}
_FILE_HEAD = "# Written by msuc.lync.nftables_rules; changes by hand are drift.\n"


# What of our table is no rule.


@dataclass(frozen=True)
class Setting:
    """The policy or the frame of our table, or the file that keeps it; value: as people are shown it."""

    property: str
    value: str


SettingChange = Change[Setting]
_NO_CHANGE = Effect(EffectKind.NO_CHANGE.value, text="no change of rules")
_CLOSES = Effect(EffectKind.NO_LONGER_ADMITTED.value, text="no longer admitted: what no rule admits")


def _setting_change(name: str, what: str, before: str, after: str, closes: bool = False) -> SettingChange:
    return Change(
        Kind.CHANGE,
        name,
        Cause.DIFFERENT,
        Setting(what, before),
        Setting(what, after),
        properties=(what,),
        closes=closes,
        changes_admission=closes,
        effects=(_CLOSES if closes else _NO_CHANGE,),
    )


def _setting_command(change: SettingChange) -> str:
    before, after = (side.value if side else "" for side in (change.before, change.after))
    return f"change {change.name}: {change.properties[0]} from {before} to {after}"


_SETTINGS: Presentation[Setting] = Presentation(
    title="",
    options=lambda setting: {setting.property: setting.value},
    command=_setting_command,
    reason=lambda change: f"different: {change.properties[0]}",
)


def _setting_diff(change: SettingChange) -> dict[str, str]:
    return {**_SETTINGS.diff(change), "before_header": change.name, "after_header": change.name}


_SAFETY: SafetyTable = {
    SafetyStep.RIGHT_HOST: Done("NftablesProvider.gather: it has the addresses that the inventory gives it"),
    SafetyStep.READ_WHOLE: Done("host.read_answer: every line of our table is understood or kept as it is"),
    SafetyStep.OWNERSHIP: NotApplicable("Our table and its file are ours whole, and the script names no other table."),
    SafetyStep.GUARD: Done("host.lockouts: SSH from the management networks and of who is connected"),
    SafetyStep.FINGERPRINT: Done("nftables_remote.apply: under a lock, against what was gathered"),
    SafetyStep.VALID_CANDIDATE: Done("nftables_remote.apply: nft --check takes the script"),
    SafetyStep.SAVED: Done("nftables_remote.apply: the table as it was, in a file that nft can read"),
    SafetyStep.REVERT_ARMED: Done("nftables_remote.apply: a timer, before the script is run"),
    SafetyStep.REREAD_EQUAL: Done("NftablesProvider.verify: the table is as wanted, read after the change"),
    SafetyStep.CONFIRMED: Done("NftablesProvider.confirm: over a new connection"),
}


class NftablesProvider(Provider):
    """The table of one host in one task."""

    safety = _SAFETY

    def __init__(self, task: Task, link: Link) -> None:
        super().__init__()
        self.task = task
        self.changes: RuleChanges = Changes()
        self.settings: tuple[SettingChange, ...] = ()
        self._link = link
        self._host: LinuxHost | None = None
        self._before: Table | None = None
        self._wanted: Table | None = None
        self._after: Table | None = None
        self._effects: tuple[RuleEffect, ...] = ()
        self._warnings: list[str] = []
        self._is_stopped = False
        self._rollback = ""
        self._is_armed = False
        self._not_told = ""
        self._round_trips = 0
        self._writes = 0

    def gather(self) -> None:
        """Read our table and what stands around it; raises DeviceError when this is not the host that is meant."""
        answer = self._link.ask({"operation": "gather", "path": self.task.path})
        host = self._read_counted_answer(answer, "nftables of the host could not be read")
        self.fingerprint = host.fingerprint
        self._host, self._before = host, host.table
        self.evidence.add(SafetyStep.READ_WHOLE)
        self._check_addresses(host)
        if host.pending and self.task.pending and self.task.state is not State.GATHERED:
            self._end_pending(host)

    def _end_pending(self, host: LinuxHost) -> None:
        """Confirm or take back what an earlier run left; in check mode the host only answers."""
        content = _FILE_HEAD + host.table.script() if host.table else ""
        arguments = {"operation": self.task.pending, "path": self.task.path, "content": content}
        failed = f"the change of an earlier run could not be {_ENDED[self.task.pending]}"
        ended = self._read_counted_answer(self._link.ask(arguments), failed)
        self._host, self._before = ended, ended.table
        self._writes += ended.pending is None

    def _check_addresses(self, host: LinuxHost) -> None:
        if not self._checks_addresses:
            return
        expected = sorted(AddressSet.parse(self.task.expected).each())
        lacking = [text for text in expected if not AddressSet.parse([text]) <= AddressSet.parse(host.addresses)]
        if lacking:
            text = f"it lacks {', '.join(lacking)} (it has {', '.join(host.addresses)})"
            head = "this is not the host that the inventory describes; nothing was written"
            raise DeviceError(f"{head}: {text}")
        self.evidence.add(SafetyStep.RIGHT_HOST)

    @property
    def _checks_addresses(self) -> bool:
        """Return whether the host can be told by its addresses: some are expected, and it could tell its own."""
        is_brought = self.task.state in (State.MERGED, State.REPLACED)
        return is_brought and bool(self.task.expected) and self._host is not None and bool(self._host.addresses)

    @property
    def required(self) -> frozenset[SafetyStep]:
        """Return the steps that this task requires; without a script, as for a lost file, nothing is armed."""
        waived = set() if self._checks_addresses else {SafetyStep.RIGHT_HOST}
        if not self.script():
            waived.add(SafetyStep.VALID_CANDIDATE)
        if not self.script() or not self.task.confirm_minutes:
            waived |= {SafetyStep.REVERT_ARMED, SafetyStep.CONFIRMED}
        return super().required - waived

    def plan(self) -> None:
        """Compute the changes of the rules, and of what of the table is no rule."""
        host = self._known_host()
        have = tuple(Present(rule, {}) for rule in (rules_of(host.table.lines) if host.table else ()))
        planned = plan_changes(self._want(have), have, self.task.state, self.task.phase, OWNED_GROUP)
        self.changes = describe_effects(have, planned)
        self._effects = rule_effects(have, self.changes, (), OWNED_GROUP)
        self._wanted = self._after = self._table_after(host, applied(have, self.changes.now))
        self.settings = () if self.task.state is State.GATHERED else tuple(self._setting_changes(host))
        self._warnings = self._warnings_about(host)
        self._note_foreign_drops(host, applied(have, self.changes.now))
        if host.pending and self.task.state is not State.GATHERED:
            self._stop()
            raise DeviceError(host.pending.text)

    def _note_foreign_drops(self, host: LinuxHost, after: Sequence[Present]) -> None:
        """Take down which rules somebody else's tables drop something of, or may."""
        if self.task.state in (State.GATHERED, State.DELETED):
            return
        by_rule = {present.rule.name: blocks(host.foreign, present.rule) for present in after if present.rule.admits}
        self._effects = tuple(_with_blocks(one, by_rule.get(one.name, ())) for one in self._effects)
        found = (block for each in by_rule.values() for block in each)
        unknown = {block.chain for block in found if block.extent is Extent.UNKNOWN}
        fix = "look at the chain; what it may drop, nobody can tell from here"
        chains = ", ".join(f"chain {name}" for name in sorted(unknown))
        self._not_told = (
            host.foreign.problem
            or (chains and f"{chains} may drop what the plan admits, by rules that are not understood; fix: {fix}")
        )

    def _want(self, have: Sequence[Present]) -> tuple[Rule, ...]:
        """Return the wanted rules with what stays of hosts that vanished."""
        want = self.task.rules
        if self.task.state is not State.REPLACED:
            return want
        own = [present.rule for present in have]
        return with_held(want, own, self.hold_back(owned_peers(want, own)))

    def _known_host(self) -> LinuxHost:
        if self._host is None:
            raise DeviceError("nothing is known of the host: it was not read")
        return self._host

    def _table_after(self, host: LinuxHost, after: Sequence[Present]) -> Table | None:
        """Return the table with the rules after the changes; without a rule there is none."""
        if self.task.state is State.GATHERED:
            return host.table
        if not after:
            return host.table if self.task.phase is Phase.OPEN else None
        lines = [line for present in after for line in lines_of(present.rule)]
        keeps_raw = host.table is not None and host.table.has_frame
        return Table(self._policy_after(host), tuple(line for line in lines if keeps_raw or not line.raw))

    def _policy_after(self, host: LinuxHost) -> str:
        """Return the policy after the changes; one that closes waits for the closing phase."""
        was = host.table.policy if host.table else "accept"
        waits = self.task.phase is Phase.OPEN and self.task.policy == "drop"
        keeps = self.task.state is State.DELETED and host.table is not None
        return was if waits or keeps else self.task.policy

    def _setting_changes(self, host: LinuxHost) -> list[SettingChange]:
        before, wanted = host.table, self._wanted
        found = []
        if wanted is not None and (before is None or not before.has_frame):
            state = "missing" if before is None else "changed"
            found.append(_setting_change(f"table {TABLE}", "frame", state, "as rendered"))
        was = before.policy if before else "accept"
        if wanted is not None and was != wanted.policy:
            closes = wanted.policy == "drop"
            found.append(_setting_change(f"policy of table {TABLE}", "policy", was, wanted.policy, closes=closes))
        content = self._content()
        if self.task.path and host.content != content:
            state = "missing" if host.content is None else "other rules"
            after = "missing" if content is None else "the rules of the table"
            found.append(_setting_change(f"file {self.task.path}", "content", state, after))
        return found

    def _content(self) -> str | None:
        """Return what the file is to hold, None for no file."""
        return None if self._wanted is None else _FILE_HEAD + self._wanted.script()

    def _warnings_about(self, host: LinuxHost) -> list[str]:
        strict = host.foreign.dropping()
        found = [f"chain {chain} drops what it does not know, whatever our table admits" for chain in strict]
        if self.task.path and self._wanted is not None and not host.is_included:
            pattern = f'"{self.task.path.rpartition("/")[0]}/*.nft"'
            fix = f"write include {pattern} into /etc/nftables.conf, and enable nftables.service"
            found.append(f"the host does not read {self.task.path} when it starts; fix: {fix}")
        return found

    @property
    def has_changes(self) -> bool:
        """Return whether the host has something to do."""
        return bool(self.changes.now or self.settings)

    def script(self) -> str:
        """Return what nftables is given, empty for nothing."""
        if self._wanted is None:
            return removal() if self._before is not None else ""
        return self._wanted.steps_from(self._before)

    def check(self) -> Sequence[str]:
        """Return who would be shut out of the host."""
        lines = lockouts(self._known_host(), self._before, self._wanted, self.task.networks)
        self.evidence.add(SafetyStep.GUARD)
        if lines:
            self._stop()
        return [f"management: {line}" for line in lines]

    def _stop(self) -> None:
        """Note that the host has what it had before, until it is known to have more."""
        self._after, self._is_stopped = self._before, True

    def forecast(self, refusals: Sequence[str]) -> None:
        """Take down why apply would refuse the changes, and what the host would have after them."""
        super().forecast(refusals)
        self._after, self._is_stopped = self._wanted, False
        self._warnings += [f"apply would refuse the changes: {line}" for line in refusals]

    def apply(self) -> None:
        """Let the host make the changes, under the condition that nobody else changed its table meanwhile."""
        self._stop()
        fingerprint = self._known_host().fingerprint
        answer = self._link.ask(
            {
                "operation": "apply",
                "script": self.script(),
                "fingerprint": fingerprint,
                "confirm_seconds": self.task.confirm_minutes * 60,
                "path": self.task.path,
                "content": self._content() or "",
            }
        )
        self._rollback, self._is_armed = str(answer.get("rollback") or ""), answer.get("armed") is True
        host = self._read_counted_answer(answer, "the changes were not made")
        self._writes += len(self.changes.now) + len(self.settings)
        self._after = host.table
        taken = {
            SafetyStep.FINGERPRINT: bool(fingerprint),
            SafetyStep.VALID_CANDIDATE: answer.get("checked") is True,
            SafetyStep.SAVED: bool(self._rollback),
            SafetyStep.REVERT_ARMED: self._is_armed,
        }
        self.evidence |= {step for step, is_taken in taken.items() if is_taken}

    def verify(self) -> None:
        """Compare the table that the host read after the change; its answer to apply has it."""
        if not _is_same(self._after, self._wanted):
            text = "nftables does not have the rules as wanted; run again to see what differs"
            raise DeviceError(f"the changes were made, but {text}")
        self._is_stopped = False
        self.evidence.add(SafetyStep.REREAD_EQUAL)

    def confirm(self) -> None:
        """Confirm over a new connection what would be taken back otherwise; this also writes the file."""
        if not self._is_armed:
            return
        arguments = {"operation": "confirm", "path": self.task.path, "content": self._content() or ""}
        lost = f"no new connection after the change, which is not confirmed: {self.rollback_text()}"
        self._read_counted_answer(self._link.ask_anew(arguments, lost), "the change could not be confirmed")
        self._is_armed = False
        self.evidence.add(SafetyStep.CONFIRMED)

    def rollback_text(self) -> str:
        """Return how what was there before comes back."""
        minutes = self.task.confirm_minutes
        by_itself = f"it comes back by itself {minutes} minutes after the change, or at once by: "
        return f"{by_itself if self._is_armed else ''}{self._rollback}"

    def missing_text(self, missing: Sequence[SafetyStep], is_written: bool) -> str:
        """Return the error of steps that nobody took."""
        ways = {SafetyStep.REVERT_ARMED: "by itself", SafetyStep.SAVED: "by a snapshot"}
        way = next((text for step, text in ways.items() if step in missing), "")
        if not way:
            return super().missing_text(missing, is_written)
        head = "the changes were made, but the host does not say"
        return f"{head} that what was there before can come back {way}"

    def _read_counted_answer(self, answer: Mapping[str, object], failed_text: str) -> LinuxHost:
        """Count the round trip, and return the host that an answer describes."""
        self._round_trips += 1
        if answer.get("failed"):
            raise DeviceError(f"{failed_text}: {answer.get('msg') or 'the host said nothing more'}")
        return read_answer(answer, self.task.path)

    def result(self) -> dict[str, object]:
        """Return the result of the task as far as it came; after is a prediction until the changes were applied."""
        counts = results.summary(self.changes.now)
        is_open = self.has_changes and not self._is_stopped
        found: dict[str, object] = {
            "changed": self._writes > 0 or is_open,
            "before": _list_rule_options(self._before),
            "after": _list_rule_options(self._after),
            "policy": {"before": _read_policy(self._before), "after": _read_policy(self._after)},
            "changes": [
                *results.change_results(self.changes.now, WORDING),
                *map(_SETTINGS.document, self.settings),
            ],
            "effects": [effect.document() for effect in self._effects],
            "commands": [*results.commands(self.changes.now, WORDING), *map(_setting_command, self.settings)],
            "script": self.script() if is_open and not self._writes else "",
            "summary": {**counts, "changed": counts["changed"] + len(self.settings)},
            "pending": bool(self.changes.later) or self._policy_waits(),
            "refused": list(self.refusals),
            "stats": {"round_trips": self._round_trips, "writes": self._writes},
            "host": {"addresses": list(self._host.addresses) if self._host else []},
            "warnings": list(self._warnings),
            "pending_revert": self._host.pending.document() if self._host and self._host.pending else {},
            **({"failed": True, "msg": self._not_told} if self._not_told else {}),
        }
        if self._rollback:
            found["snapshot"] = {"rollback": self._rollback, "armed": self._is_armed}
        return {**found, "gathered": found["before"]} if self.task.state is State.GATHERED else found

    def _policy_waits(self) -> bool:
        wanted = self._wanted
        return self.task.phase is Phase.OPEN and wanted is not None and wanted.policy != self.task.policy

    def diffs(self) -> list[dict[str, str]]:
        """Return one diff per change, for ansible's --diff."""
        return [*results.diffs(self.changes.now, WORDING), *map(_setting_diff, self.settings)]


def _with_blocks(one: RuleEffect, found: Sequence[Block]) -> RuleEffect:
    """Return what a rule does with who else drops what it admits."""
    whole = next((block for block in found if block.extent is Extent.WHOLE), None)
    if whole is not None:
        hindrance = effect(EffectKind.INEFFECTIVE, detail=f"chain {whole.chain} drops all that it admits")
        return RuleEffect(one.name, (*one.effects, hindrance), False)
    parts = [f"chain {block.chain}" for block in found if block.extent is Extent.PART]
    return replace(one, effects=(*one.effects, effect(EffectKind.PARTLY_BLOCKED_BY, parts))) if parts else one


def _is_same(one: Table | None, other: Table | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.keys == other.keys and one.policy == other.policy and one.has_frame


def _list_rule_options(table: Table | None) -> list[dict[str, object]]:
    return results.rule_options(rules_of(table.lines) if table else (), WORDING)


def _read_policy(table: Table | None) -> str:
    return table.policy if table else "accept"


# States that ask no host.


def offline_result(options: Mapping[str, object]) -> dict[str, object]:
    """Return the result of a task with state parsed or rendered; raises InvalidInputError with every problem.

    {"state": "rendered", "rules": [{"name": "SIP", ...}]} -> {"rendered": lines of a script, "document": the script}
    {"state": "parsed", "running_config": "..."} -> {"parsed": rules, "policy": "drop"}
    """
    of_state = _parse_listing if options["state"] == State.PARSED.value else _render_linux_rules
    return {"changed": False, **of_state(options)}


def _parse_listing(options: Mapping[str, object]) -> dict[str, object]:
    text = options.get("running_config")
    if text is None:
        message, fix = "state parsed needs running_config", f"give the output of: nft list table {TABLE}"
        raise InvalidInputError([Problem("running_config", message, fix=fix)])
    table = read_table(str(text), "running_config")
    rules = rules_of(table.lines) if table else ()
    return {"parsed": [described(rule) for rule in rules], "policy": _read_policy(table)}


def _render_linux_rules(options: Mapping[str, object]) -> dict[str, object]:
    rules = rules_from_options(mappings(options.get("rules")))
    lines = tuple(line for rule in rules for line in lines_of(rule))
    document = Table(str(options.get("policy") or "drop"), lines).script()
    return {"rendered": document.splitlines(), "document": document}
