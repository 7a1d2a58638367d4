# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes as operations for the host: what msuc.lync.windows_firewall_remote is to write, in a legal order.

    {"kind": "add", "name": "SIP", "rule": {}, "puts": [{"property": "Name", "value": "SIP"}, ...]}
    {"kind": "change", "name": "SIP", "rule": {COM properties as gathered}, "puts": [{"property": "LocalPorts", ...}]}
    {"kind": "remove", "name": "SIP", "rule": {COM properties as gathered}, "puts": []}

Every put on a rule of the store is checked and in force at once. A rule is a product of limits, so whatever the order
of its puts, a packet that it matches before and after is matched all the time. Limits of an allow rule are widened
before others are narrowed, then no half-made rule is refused; those of a block rule are narrowed first, then it never
blocks a packet that is blocked neither before nor after. Two limits of a block that each move cannot be put so: it is
added anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..host_facts import Present
from ..match import covers
from ..planner import RuleChange
from ..rule import Rule, differing
from .com import PROPERTIES, ComValue, com_value, to_com

Operation = dict[str, object]
_COM_NAMES = {option: name for name, option in PROPERTIES.items()}
# What no put can turn round on a live rule without a moment in which the rule is refused or admits what nobody asked
# for; and what no put can take away, as a script cannot give null to COM. Such a rule is added anew, then the old one
# removed.
_TURNED = frozenset({"direction", "action", "protocol", "restrictions"})
_CLEARED = frozenset({"program", "service", "interfaces"})


def operations(changes: Iterable[RuleChange]) -> list[Operation]:
    """Return the operations that make the changes, in the order of the changes."""
    return [operation for change in changes for operation in _operations(change)]


def _operations(change: RuleChange) -> list[Operation]:
    if change.before is None or change.after is None or _must_replace(change):
        found = []
        if change.after is not None:
            found.append(_operation("add", change.name, None, to_com(change.after.rule).items()))
        if change.before is not None:
            found.append(_operation("remove", change.name, change.before, []))
        return found
    return [_operation("change", change.name, change.before, puts(change.before.rule, change.after.rule))]


def _operation(kind: str, name: str, present: Present | None, values: Iterable[tuple[str, ComValue]]) -> Operation:
    written = [{"property": com_name, "value": value} for com_name, value in values]
    return {"kind": kind, "name": name, "rule": {} if present is None else dict(present.com), "puts": written}


def _must_replace(change: RuleChange) -> bool:
    changed = frozenset(change.properties)
    after = change.after.rule if change.after is not None else None
    cleared = any(not getattr(after, name) for name in changed & _CLEARED)
    return bool(changed & _TURNED) or cleared or ("edge" in changed and _defers_to_user(change)) or _block_moves(change)


def _block_moves(change: RuleChange) -> bool:
    """Return whether a rule that blocks moves in two limits, or in local addresses and interface types at once."""
    if change.before is None or change.after is None or change.after.rule.action != "block":
        return False
    before, after = change.before.rule, change.after.rule
    moved = [name for name in change.properties if _narrows(name, before, after) and _widens(name, before, after)]
    return len(moved) > 1 or {"localip", "interfacetypes"} <= set(change.properties)


def _defers_to_user(change: RuleChange) -> bool:
    """Return whether a side defers edge traversal to the user, which binds program, protocol and ports together."""
    return any(side is not None and side.rule.edge == "deferuser" for side in (change.before, change.after))


def puts(before: Rule, after: Rule) -> list[tuple[str, ComValue]]:
    """Return the property puts that turn one live rule into another: (COM property, value), in a legal order."""
    changed = [name for name in differing(before, after) if name != "enabled"]
    changed.sort(key=lambda name: _rank(name, before, after))
    values = [(_COM_NAMES[name], com_value(after, _COM_NAMES[name])) for name in changed]
    if before.enabled == after.enabled:
        return values
    # A rule that is switched off is off before it changes; one that is switched on is complete before it is on.
    return [*values, ("Enabled", True)] if after.enabled else [("Enabled", False), *values]


def _rank(name: str, before: Rule, after: Rule) -> int:
    """Return the place of a put: allow rules are widened before they are narrowed, block rules the other way round."""
    rank = int(_narrows(name, before, after)) - int(_widens(name, before, after))
    return -rank if before.action == "block" else rank


def _narrows(name: str, before: Rule, after: Rule) -> bool:
    """Return whether putting one property of after on before makes the rule match less somewhere."""
    return not covers(replace(before, **{name: getattr(after, name)}), before)


def _widens(name: str, before: Rule, after: Rule) -> bool:
    """Return whether putting one property of after on before makes the rule match more somewhere."""
    return not covers(replace(after, **{name: getattr(before, name)}), after)
