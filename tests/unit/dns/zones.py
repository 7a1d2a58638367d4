# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Wanted records, and zones that have some, for tests of plans and of what is made of them."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.marks import Mark, Scope
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.planner import Have
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.records import Key, RecordSet, Wanted

ZONE, POOL, OTHER = "contoso.com", "pool01.contoso.com", "pool02.contoso.com"
A, AAAA, ALIAS = Key(ZONE, POOL, "A"), Key(ZONE, POOL, "AAAA"), Key(ZONE, POOL, "CNAME")
SRV = Key(ZONE, "_sipinternaltls._tcp.contoso.com", "SRV")
KEY = b"a key of marks, for tests"
OLD, NEW = "10.1.0.11", "10.1.0.12"


def wanted(*values: str, key: Key = A, ttl: int = 300, owner: str = POOL) -> Wanted:
    return Wanted("internal", RecordSet(key, ttl, tuple(sorted(values))), owner)


def have(sets: Mapping[Key, tuple[str, ...]], marked: tuple[Key, ...] = (), ttl: int = 300, owner: str = POOL) -> Have:
    found = {key: RecordSet(key, ttl, tuple(sorted(values))) for key, values in sets.items()}
    proving = Scope(mark_key=KEY)
    return Have(found, {key: proving.mark(found[key], owner) if key in found else Mark(key, owner) for key in marked})


def scope(state: str = "replaced", take_over: tuple[str, ...] = (), owners: tuple[str, ...] = (POOL,)) -> Scope:
    return Scope(State(state), frozenset(owners), frozenset(take_over), mark_key=KEY)


WANT = [wanted(OLD, NEW)]
