# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Peers that rules of a host lose, and rules that keep those of them that are held (_base/absence.py).

    want = with_held(want, own, provider.hold_back(owned_peers(want, own)))

Only what admits counts: to take an address out of a rule that blocks opens something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from .._base.absence import Owned
from .._base.addresses import AddressSet
from .rule import AddressScope, Rule
from .rule_split import base_name


def owned_peers(want: Iterable[Rule], own: Iterable[Rule]) -> Iterator[Owned]:
    """Yield each rule of the owned group with the remote addresses that it has and that it is to have."""
    wanted = {rule.name: rule.remoteip.members for rule in want if rule.action == "allow"}
    had = _by_name(own)
    for name, rules in had.items():
        yield Owned(name, _union_of_peers(rules), wanted.get(name))
    yield from (Owned(name, AddressSet(), peers) for name, peers in wanted.items() if name not in had)


def with_held(want: Sequence[Rule], own: Iterable[Rule], held: AddressSet) -> tuple[Rule, ...]:
    """Return the wanted rules with the held addresses that those of the same name have.

    A rule that is not wanted any more stays for its held addresses alone.
    """
    if not held:
        return tuple(want)
    found = {rule.name: rule for rule in want}
    for name, rules in _by_name(own).items():
        kept = _union_of_peers(rules) & held
        if not kept:
            continue
        rule = found.get(name)
        if rule is None:
            found[name] = replace(rules[0], name=name, remoteip=AddressScope(kept))
        else:
            found[name] = replace(rule, remoteip=rule.remoteip | AddressScope(kept))
    return tuple(found.values())


def _by_name(own: Iterable[Rule]) -> dict[str, list[Rule]]:
    """Return the rules that admit by name; parts of a long rule under the name of the whole."""
    found: dict[str, list[Rule]] = {}
    for rule in own:
        if rule.action == "allow" and rule.enabled:
            found.setdefault(base_name(rule.name), []).append(rule)
    return found


def _union_of_peers(rules: Iterable[Rule]) -> AddressSet:
    return AddressSet.union_of(rule.remoteip.members for rule in rules)
