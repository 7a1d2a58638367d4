# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What msuc.lync.windows_firewall_host does on a host, done on a simulated one: same arguments, same answer.

    run_module(store, {"operation": "gather"}, check_mode=False) -> {"changed": False, "rules": [...], ...}
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .firewall_store import ENVIRONMENT, FirewallStore, FwPolicy, FwRule
from .windows_rules import ComError

Answer = dict[str, Any]


class _ConflictError(Exception):
    """A rule is not on the host as it was gathered."""


def run_module(store: FirewallStore, arguments: Mapping[str, Any], check_mode: bool) -> Answer:
    """Return the module's answer; the store on disk is changed write by write."""
    policy = store.policy()
    answer: Answer = {"done": 0}
    try:
        if arguments["operation"] == "apply":
            _apply(policy, arguments.get("operations") or [], check_mode, answer)
    except (ComError, _ConflictError) as error:
        answer.update(failed=True, msg=str(error))
    finally:
        rules = [rule.values() for rule in policy.rules()]
        store.count(enumerations=policy.counters.enumerations, writes=policy.counters.writes)
    return {
        **answer,
        "changed": policy.counters.writes > 0,
        "rules": rules,
        "profiles": policy.profiles,
        "addresses": policy.addresses,
        "environment": ENVIRONMENT,
        "counters": {"enumerations": policy.counters.enumerations, "writes": policy.counters.writes},
    }


def _apply(policy: FwPolicy, operations: Sequence[Mapping[str, Any]], check_mode: bool, answer: Answer) -> None:
    """Locate every rule, then make the operations in their order."""
    present = [(rule, rule.values()) for rule in policy.rules()]
    names = Counter(values["Name"].casefold() for rule, values in present)
    targets = [FwRule() if operation["kind"] == "add" else _take(present, operation) for operation in operations]
    if check_mode:
        return
    for operation, target in zip(operations, targets, strict=True):
        if operation["kind"] == "remove":
            _remove(policy, operation["name"], target, names)
        for put in operation["puts"]:
            target.put(put["property"], put["value"])
        if operation["kind"] == "add":
            policy.add(target)
            names[operation["name"].casefold()] += 1
        answer["done"] += 1


def _take(present: list[tuple[FwRule, Answer]], operation: Mapping[str, Any]) -> FwRule:
    for index, (rule, values) in enumerate(present):
        if values == operation["rule"]:
            del present[index]
            return rule
    raise _ConflictError(f"rule '{operation['name']}' is not on the host as it was gathered: something else has changed it meanwhile")


def _remove(policy: FwPolicy, name: str, target: FwRule, names: Counter[str]) -> None:
    """Remove exactly the target: one of several namesakes gets a name of its own first."""
    alone = name
    if names[name.casefold()] > 1:
        alone = str(uuid.uuid4())
        target.put("Name", alone)
    policy.remove(alone)
    names[name.casefold()] -= 1
