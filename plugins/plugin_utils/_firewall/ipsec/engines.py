# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of exemptions as operations for the host, by the engine that it has.

    {"kind": "add", "id": "{...}", "name": "Lync exempt media (UDP)", "arguments": {...}}

With "cim" each operation is one cmdlet, with a rule id that follows from the name. With "netsh" all are one script, in which
"set" and "delete" are about every rule of a name: what shall stay of it is added again in the same script.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..planner import LOCAL, Change, Kind, Present, applied
from ..rule import Rule
from ..windows.operations import Operation
from . import cim, netsh
from .exemption import rule_id

CIM, NETSH = "cim", "netsh"


def stored_id(present: Present) -> str:
    """Return the id under which a rule is stored: the name of its registry value."""
    return str(present.com.get("id", ""))


def cim_operations(changes: Iterable[Change], have: Sequence[Present]) -> list[Operation]:
    """Return one operation per cmdlet. What cannot be changed in place is made anew, then the old one goes."""
    taken = {stored_id(present) for present in have if present.store == LOCAL}
    found: list[Operation] = []
    for change in changes:
        after, before = change.after, change.before
        if after is not None and before is not None and cim.can_set(after, change.properties):
            found.append(_operation("change", stored_id(before), change.name, cim.set_arguments(after, change.properties)))
            continue
        if after is not None:
            new = rule_id(after.name, after.group, taken)
            taken.add(new)
            found.append(_operation("add", new, change.name, cim.new_arguments(after)))
        if before is not None:
            found.append(_operation("remove", stored_id(before), change.name, {}))
    return found


def netsh_commands(changes: Sequence[Change], have: Sequence[Present], group: str) -> list[netsh.Command]:
    """Return the commands of the script: a name's rules are set in place where there is one, else taken away and added as they shall be."""
    left = applied(have, changes)
    found: list[netsh.Command] = []
    for name in dict.fromkeys(change.name for change in changes):
        mine = [change for change in changes if change.name == name]
        found += _of_name(mine, _named(have, name, group), [present.rule for present in _named(left, name, group)])
    return found


def _of_name(changes: Sequence[Change], before: Sequence[Present], after: Sequence[Rule]) -> list[netsh.Command]:
    name, only = changes[0].name, changes[0]
    if all(change.kind is Kind.ADD for change in changes):
        return [netsh.add_command(change.after) for change in changes if change.after is not None]
    if len(changes) == len(before) == len(after) == 1 and netsh.can_set(after[0], only.properties):
        return [netsh.set_command(after[0], only.properties)]
    return [netsh.Command("delete", name), *(netsh.add_command(rule) for rule in after)]


def netsh_operations(changes: Iterable[Change]) -> list[Operation]:
    """Return what the script does, rule by rule, for the host to find them before and to count them."""
    kinds = {Kind.ADD: "add", Kind.REMOVE: "remove"}
    return [_operation(kinds.get(change.kind, "change"), "" if change.before is None else stored_id(change.before), change.name, {}) for change in changes]


def shared_names(changes: Iterable[Change], have: Sequence[Present], group: str) -> list[Present]:
    """Return the rules of others that have a name which a script would set or delete."""
    names = {change.name.casefold() for change in changes if change.kind is not Kind.ADD}
    return [present for present in have if present.store == LOCAL and present.rule.group != group and present.rule.name.casefold() in names]


def _named(have: Iterable[Present], name: str, group: str) -> list[Present]:
    return [present for present in have if present.store == LOCAL and present.rule.group == group and present.rule.name == name]


def _operation(kind: str, id_text: str, name: str, arguments: dict[str, object]) -> Operation:
    return {"kind": kind, "id": id_text, "name": name, "arguments": arguments}
