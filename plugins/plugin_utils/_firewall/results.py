# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of the module as plain data: changes, commands in words, summary and diff.

commands(...) == ["add rule SIP: allow in, protocol tcp, localport 5061, remoteip 10.1.0.0/24"]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .planner import LOCAL, Change, Kind, Present
from .rule import Rule
from .rule_split import joined


@dataclass(frozen=True)
class Wording:
    """How one kind of rule is told of.

    store: where they are, at the begin of a sentence. title: of a diff. options: the rule as options. head: what a rule
    does, before its limits. unsaid: options that a command leaves out.
    """

    noun: str
    nouns: str
    store: str
    title: str
    options: Callable[[Rule], dict[str, object]]
    head: Callable[[Rule], str]
    unsaid: frozenset[str]

    @property
    def defaults(self) -> dict[str, object]:
        """Return the options of a rule without limits, which need not be said."""
        return self.options(Rule(name=""))


FIREWALL = Wording(
    noun="rule",
    nouns="rules",
    store="the firewall",
    title="firewall rule",
    options=Rule.to_options,
    head=lambda rule: f"{rule.action} {rule.direction}",
    # The rule's name stands before.
    unsaid=frozenset({"name", "group", "description", "direction", "action"}),
)


def rule_options(rules: Iterable[Rule], wording: Wording = FIREWALL) -> list[dict[str, object]]:
    """Return rules as options, sorted by name and content."""
    return sorted((wording.options(rule) for rule in rules), key=lambda options: (str(options["name"]), str(options)))


def owned(have: Iterable[Present], group: str) -> list[Rule]:
    """Return the rules of the owned group; the parts of a long one are one."""
    return joined(present.rule for present in have if present.rule.group == group and present.store == LOCAL)


def change_results(changes: Iterable[Change], wording: Wording = FIREWALL) -> list[dict[str, object]]:
    """Return changes as mappings: kind, name, reason, properties (property, before, after), opens, closes, effect, changes_admission."""
    return [_change_result(change, wording) for change in changes]


def _change_result(change: Change, wording: Wording) -> dict[str, object]:
    before, after = _sides(change, wording)
    properties = [{"property": name, "before": before.get(name), "after": after.get(name)} for name in change.properties]
    return {
        "kind": change.kind.value,
        "name": change.name,
        "reason": change.reason,
        "properties": properties,
        "opens": change.moves.opens,
        "closes": change.moves.closes,
        "effect": change.effect,
        "changes_admission": change.changes_admission,
    }


def _sides(change: Change, wording: Wording) -> tuple[dict[str, object], dict[str, object]]:
    before = {} if change.before is None else wording.options(change.before.rule)
    return before, {} if change.after is None else wording.options(change.after)


def commands(changes: Iterable[Change], wording: Wording = FIREWALL) -> list[str]:
    """Return each change as one line of words."""
    return [_command(change, wording) for change in changes]


def _command(change: Change, wording: Wording) -> str:
    before, after = _sides(change, wording)
    if change.after is not None and change.kind is Kind.ADD:
        defaults = wording.defaults
        said = [f"{name} {_words(value)}" for name, value in after.items() if name not in wording.unsaid and value != defaults.get(name)]
        return ", ".join([f"add {wording.noun} {change.name}: {wording.head(change.after)}", *said])
    if change.kind is Kind.REMOVE:
        return f"remove {wording.noun} {change.name}: {change.reason}"
    said = [f"{name} from {_words(before.get(name))} to {_words(after.get(name))}" for name in change.properties]
    return f"change {wording.noun} {change.name}: {', '.join(said)}"


def _words(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else repr(value) if value == "" else str(value)


def rollback(snapshot: str) -> str:
    """Return the command that brings a snapshot back, to be run on the host."""
    return f'netsh advfirewall import "{snapshot}"'


_COUNTED = {"added": Kind.ADD, "changed": Kind.CHANGE, "disabled": Kind.DISABLE, "removed": Kind.REMOVE}


def summary(changes: Sequence[Change]) -> dict[str, int]:
    """Return how many rules are added, changed, disabled, removed, and how many of the changes change what is admitted."""
    counts = {word: sum(change.kind is kind for change in changes) for word, kind in _COUNTED.items()}
    return {**counts, "admission_changed": sum(change.changes_admission for change in changes)}


def diffs(changes: Iterable[Change], wording: Wording = FIREWALL) -> list[dict[str, str]]:
    """Return one diff per change for ansible's --diff: headers, and the rule before and after as sorted lines."""
    return [_diff(change, wording) for change in changes]


def _diff(change: Change, wording: Wording) -> dict[str, str]:
    before, after = _sides(change, wording)
    header = f"{wording.title} {change.name} ({change.effect})"
    # Lines that would say "no limit" on both sides are left out.
    defaults = wording.defaults
    shown = sorted(name for name in {**before, **after} if any(side and side.get(name) != defaults.get(name) for side in (before, after)))
    return {"before_header": header, "after_header": header, "before": _lines(before, shown), "after": _lines(after, shown)}


def _lines(options: dict[str, object], shown: Iterable[str]) -> str:
    return "".join(f"{name}: {_words(options[name])}\n" for name in shown if name in options)
