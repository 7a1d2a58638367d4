# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A list of more entries than Windows takes in one rule is kept in several numbered rules, and reads back as one.

    split(rule of 2500 addresses, [])  -> "NAME (1 of 3)", "NAME (2 of 3)", "NAME (3 of 3)"
    joined(those three)                -> [rule of 2500 addresses]

An address that is wanted stays in the rule that has it, and new ones go where there is room: so no write moves an
address from one rule to another, and none is without a rule for a moment. Where there is no room the list is dealt
out anew under other names, which are added before the old ones are removed.
"""

from __future__ import annotations

import functools
import itertools
import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from .._base.addresses import AddressSet, PortSet
from .._base.errors import Problem
from .checks import by_kind, long_lists, longest
from .rule import LIST_LIMIT, AddressScope, PortScope, Rule, differing

# The parts of a rule have nothing but their names on a host: there the name is the storage format, and read as such.
_PART = re.compile(r"^(?P<base>.+) \((?P<number>[1-9][0-9]*) of (?P<count>[1-9][0-9]*)\)$", re.DOTALL)
_LISTS = ("localip", "remoteip", "localport", "remoteport")
_Scope = TypeVar("_Scope", AddressScope, PortScope)


def base_name(name: str) -> str:
    """Return the name of the rule that a rule of this name may be a part of, or the name itself."""
    match = _PART.match(name)
    return match["base"] if match else name


def name_problems(rules: Iterable[Rule]) -> list[Problem]:
    """Return a problem for each rule that is named like a part of another one of the list."""
    names = [rule.name for rule in rules]
    fix = "choose another name"
    known = set(names)
    mistaken = (name for name in names if base_name(name) != name and base_name(name) in known)
    return [
        Problem(f"rule {name}, name", f"it would be taken for a part of rule {base_name(name)}", fix=fix)
        for name in mistaken
    ]


def split(rule: Rule, present: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the rules in which to keep a rule: itself, or its parts, chosen to fit the parts that are present.

    present: the rules of the owned group that may be parts of it. Rules that are there already come back as they are.
    """
    option = next(iter(long_lists(rule)), None)
    if option is None:
        return (rule,)
    wanted = getattr(rule, option)
    needed = -(-longest(wanted) // LIST_LIMIT)
    counts = _by_count(rule.name, present)
    fitting = (
        _fit_parts(wanted, _collect_scopes(counts[count], option, count))
        for count in (needed, needed + 1)
        if count in counts
    )
    fresh = next(count for count in itertools.count(needed) if count not in counts)
    scopes = next((scopes for scopes in fitting if scopes), None) or deal_out(wanted, fresh)
    names = (f"{rule.name} ({number} of {len(scopes)})" for number in range(1, len(scopes) + 1))
    return tuple(replace(rule, **{"name": name, option: scope}) for name, scope in zip(names, scopes, strict=True))


def joined(rules: Iterable[Rule]) -> list[Rule]:
    """Return rules with complete sets of parts, equal but for one list, put together under their common name."""
    listed = list(rules)
    found = [rule for rule in listed if not _PART.match(rule.name)]
    taken = {rule.name for rule in found}
    groups: dict[tuple[str, str], list[Rule]] = {}
    for rule in listed:
        match = _PART.match(rule.name)
        if match:
            groups.setdefault((match["base"], match["count"]), []).append(rule)
    bases = [base for base, count in groups]
    for (base, _count), parts in groups.items():
        whole = _rejoin_parts(base, parts) if base not in taken and bases.count(base) == 1 else None
        found += parts if whole is None else [whole]
    return found


def _rejoin_parts(base: str, parts: Sequence[Rule]) -> Rule | None:
    """Return the rule of which these are the parts, or None when they are not exactly those of one."""
    first = parts[0]
    names = {f"{base} ({number} of {len(parts)})" for number in range(1, len(parts) + 1)}
    different = {name for part in parts for name in differing(first, replace(part, name=first.name))}
    if {part.name for part in parts} != names or len(different) != 1 or not different <= set(_LISTS):
        return None
    option = different.pop()
    return replace(
        first, name=base, **{option: functools.reduce(operator.or_, (getattr(part, option) for part in parts))}
    )


def _by_count(name: str, present: Iterable[Rule]) -> dict[int, dict[int, Rule]]:
    """Return the present parts of a rule by their count and number; of twins the first."""
    found: dict[int, dict[int, Rule]] = {}
    for rule in present:
        match = _PART.match(rule.name)
        if match and match["base"] == name:
            found.setdefault(int(match["count"]), {}).setdefault(int(match["number"]), rule)
    return found


def _collect_scopes(parts: Mapping[int, Rule], option: str, count: int) -> list[Any]:
    """Return the lists of the parts 1 to count, empty ones for parts that are not there."""
    nothing = getattr(Rule(""), option) - getattr(Rule(""), option)
    return [getattr(parts[number], option) if number in parts else nothing for number in range(1, count + 1)]


def _fit_parts(wanted: _Scope, present: Sequence[_Scope]) -> list[_Scope] | None:
    """Return the parts with what is not wanted taken out and what is missing put where there is most room.

    None without room.
    """
    parts: list[_Scope] = []
    missing = wanted
    for scope in present:
        parts.append(scope & missing)
        missing = missing - scope
    for index in sorted(range(len(parts)), key=lambda index: longest(parts[index])):
        put = _that_fit(missing, parts[index])
        parts[index], missing = parts[index] | put, missing - put
    fits = not missing and all(part and longest(part) <= LIST_LIMIT for part in parts)
    return parts if fits else None


def _that_fit(missing: _Scope, part: _Scope) -> _Scope:
    """Return as many of the missing entries as a part has room for, kind by kind; keywords take no room."""
    used = by_kind(part)
    fitting: list[str] = [
        text
        for kind, texts in by_kind(missing).items()
        for text in texts[: max(0, LIST_LIMIT - len(used.get(kind, ())))]
    ]
    return _from_entries(missing, [*sorted(missing.keywords), *fitting])


def deal_out(scope: _Scope, count: int) -> list[_Scope]:
    """Return the entries of a scope dealt out evenly, each kind in its order; keywords go into the first part."""
    dealt: list[list[str]] = [[] for _number in range(count)]
    dealt[0] += sorted(scope.keywords)
    for texts in by_kind(scope).values():
        edges = [len(texts) * number // count for number in range(count + 1)]
        for part, (first, last) in zip(dealt, itertools.pairwise(edges), strict=True):
            part += texts[first:last]
    return [_from_entries(scope, texts) for texts in dealt]


def _from_entries(like: _Scope, entries: Sequence[str]) -> _Scope:
    """Return the scope of the kind of like that these of its entries make."""
    keywords = like.keywords & frozenset(entries)
    texts = [entry for entry in entries if entry not in keywords]
    members = AddressSet.parse(texts) if isinstance(like, AddressScope) else PortSet.parse(texts)
    return type(like)(members, keywords)
