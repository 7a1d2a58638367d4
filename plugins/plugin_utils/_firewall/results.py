# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of the module as plain data: changes, commands in words, summary and diff.

commands(...) == ["add rule SIP: allow in, protocol tcp, localport 5061, remoteip 10.1.0.0/24"]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from .._base import changes as base
from .._base.changes import Cause, Kind, Presentation, value_text
from .effects import effects_text
from .host_facts import LOCAL, Present
from .planner import RuleChange
from .rule import Rule
from .rule_split import joined

# Why a change is made, for people. {detail}: that of the change, else the names of the properties that differ.
_REASONS: Mapping[Cause, str] = {
    Cause.MISSING: "it is missing",
    Cause.DIFFERENT: "different: {detail}",
    Cause.NOT_WANTED: "it is not wanted",
    Cause.DELETED: "it is to be deleted",
    Cause.DUPLICATE: "another rule has its name and group",
    Cause.KEPT_IN_PARTS: "rule {detail} is kept in other rules",
    Cause.ADMITS_MORE: "it admits more than the list on {detail}",
    Cause.SUPERSEDED: "a rule with the new content has taken its place",
    Cause.BESIDE_UNTIL_CLOSE: "different: {detail}; the old rule stays until phase close",
    Cause.BESIDE_UNTIL_LAST: "different: {detail}; the old rule goes when all others are in place",
    Cause.WAS_THERE: "the snapshot has it so",
    Cause.WAS_NOT_THERE: "the snapshot does not have it",
    Cause.WAS_ENABLED: "it was disabled for rules of the collection",
}


@dataclass(frozen=True)
class Wording:
    """How one kind of rule is presented.

    store: where they are, at the begin of a sentence. title: of a diff. options: the rule as options. head: what a rule
    does, before its limits. left_out: options that a command does not show.
    """

    noun: str
    nouns: str
    store: str
    title: str
    options: Callable[[Rule], dict[str, object]]
    head: Callable[[Rule], str]
    left_out: frozenset[str]

    @property
    def defaults(self) -> dict[str, object]:
        """Return the options of a rule without limits, which a command need not show."""
        return self.options(Rule(name=""))

    def presentation(self) -> Presentation[Present]:
        """Return how changes of such rules are shown in a result and in a diff."""
        return Presentation(
            title=self.title,
            options=lambda present: self.options(present.rule),
            command=lambda change: _describe_command(change, self),
            reason=reason_text,
            impact=lambda change: effects_text(change.effects),
            defaults=self.defaults,
        )


FIREWALL = Wording(
    noun="rule",
    nouns="rules",
    store="the firewall",
    title="firewall rule",
    options=Rule.to_options,
    head=lambda rule: f"{rule.action} {rule.direction}",
    # The rule's name stands before.
    left_out=frozenset({"name", "group", "description", "direction", "action"}),
)


def reason_text(change: RuleChange) -> str:
    """Return why a change is made, as text."""
    return _REASONS[change.cause].format(detail=change.detail or ", ".join(change.properties))


def rule_options(rules: Iterable[Rule], wording: Wording = FIREWALL) -> list[dict[str, object]]:
    """Return rules as options, sorted by name and content."""
    return sorted((wording.options(rule) for rule in rules), key=lambda options: (str(options["name"]), str(options)))


def owned(have: Iterable[Present], group: str) -> list[Rule]:
    """Return the rules of the owned group; the parts of a long one are one."""
    return joined(present.rule for present in have if present.rule.group == group and present.store == LOCAL)


def change_results(changes: Iterable[RuleChange], wording: Wording = FIREWALL) -> list[dict[str, object]]:
    """Return changes as every module of this collection returns them."""
    presentation = wording.presentation()
    return [presentation.document(change) for change in changes]


def commands(changes: Iterable[RuleChange], wording: Wording = FIREWALL) -> list[str]:
    """Return each change as one line of text."""
    return [_describe_command(change, wording) for change in changes]


def _describe_command(change: RuleChange, wording: Wording) -> str:
    before, after = ({} if side is None else wording.options(side.rule) for side in (change.before, change.after))
    if change.after is not None and change.kind is Kind.ADD:
        defaults = wording.defaults
        shown = [name for name, value in after.items() if name not in wording.left_out and value != defaults.get(name)]
        limits = [f"{name} {value_text(after[name])}" for name in shown]
        return ", ".join([f"add {wording.noun} {change.name}: {wording.head(change.after.rule)}", *limits])
    if change.kind is Kind.REMOVE:
        return f"remove {wording.noun} {change.name}: {reason_text(change)}"
    pairs = [(name, value_text(before.get(name)), value_text(after.get(name))) for name in change.properties]
    return (
        f"change {wording.noun} {change.name}: {', '.join(f'{name} from {old} to {new}' for name, old, new in pairs)}"
    )


_COUNTED = ("added", "changed", "disabled", "removed", "admission_changed")
NOTHING: Mapping[str, int] = dict.fromkeys(_COUNTED, 0)
"""The summary of a task without changes."""


def summary(changes: Iterable[RuleChange]) -> dict[str, int]:
    """Return how many rules are added, changed, disabled, removed, and how many changes change what is admitted."""
    counts = base.summary(changes)
    return {name: counts[name] for name in _COUNTED}


def diffs(changes: Iterable[RuleChange], wording: Wording = FIREWALL) -> list[dict[str, str]]:
    """Return one diff per change for ansible's --diff: headers, and the whole rule before and after as sorted lines."""
    presentation = wording.presentation()
    return [presentation.diff(replace(change, properties=())) for change in changes]
