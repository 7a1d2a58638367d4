# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What msuc.lync.windows_firewall_remote does on a host, done on a simulated one: same arguments, same answer.

run_module(store, {"operation": "gather"}, check_mode=False) -> {"changed": False, "rules": [...], ...}
"""

from __future__ import annotations

import base64
import re
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .firewall_store import ENVIRONMENT, FirewallStore, FwPolicy, FwRule
from .windows_rules import ComError

Answer = dict[str, Any]


class ConflictError(Exception):
    """The host is not as it was gathered, or not as it has to be."""


def run_module(store: FirewallStore, arguments: Mapping[str, Any], check_mode: bool) -> Answer:
    """Return the module's answer; the store on disk is changed write by write."""
    policy = store.policy()
    answer: Answer = {"done": 0}
    try:
        for step in _STEPS[arguments["operation"]]:
            # What is there after a failure is told too, and the first failure stands.
            try:
                step(policy, arguments, check_mode, answer)
            except (ComError, ConflictError) as error:
                answer = {"msg": str(error), **answer, "failed": True}
    finally:
        store.count(**asdict(policy.counters))
    counters = {"enumerations": policy.counters.enumerations, "writes": policy.counters.writes}
    return {"changed": policy.counters.writes > 0, **answer, "counters": counters}


def _answer(policy: FwPolicy, arguments: Mapping[str, Any], check_mode: bool, answer: Answer) -> None:
    """Tell what the host has now; after a write COM tells it, since the registry may be behind."""
    way = _choose_way(policy, arguments)
    if way != "com":
        answer["stored"] = policy.stored()
        answer["fingerprint"] = answer["stored"]["fingerprint"]
    if way != "registry":
        answer["rules"] = [rule.values() for rule in policy.rules()]
        answer["fingerprint"] = policy.fingerprint()
    answer.update(policy.surroundings)
    answer.update(profiles=policy.profiles, addresses=policy.addresses, environment=ENVIRONMENT)
    answer["pending_revert"] = policy.pending_revert
    if way == "registry":
        answer.update(_refused(policy))


def _refused(policy: FwPolicy) -> Answer:
    """Return what an account that reads the registry alone is told in place of the rest."""
    if not policy.is_refused:
        return {"not_read": {}}
    reasons = dict.fromkeys(("profiles", "count", "products", "services"), "Access is denied.")
    stored = {**policy.stored(), "count": 0}
    return {"not_read": reasons, "stored": stored, "profiles": None, "products": [], "services": []}


def _choose_way(policy: FwPolicy, arguments: Mapping[str, Any]) -> str:
    """Return through what the rules are read: com, registry or both."""
    through: str = arguments.get("gather_through", "com") if arguments["operation"] == "gather" else "com"
    known: Mapping[str, str] = arguments.get("known_builds") or {}
    return known.get(str(policy.surroundings["build"]), "both") if through == "auto" else through


def _apply(policy: FwPolicy, arguments: Mapping[str, Any], check_mode: bool, answer: Answer) -> None:
    """Locate every rule, save the way back, then make the operations in their order."""
    operations: Sequence[Mapping[str, Any]] = arguments.get("operations") or []
    is_by_name = arguments.get("gather_through") == "registry"
    now = policy.stored()["fingerprint"] if is_by_name else policy.fingerprint()
    targets = _find_by_name(policy, operations) if is_by_name else None
    present = [(rule, rule.values()) for rule in policy.rules()] if targets is None else []
    assert_no_revert(policy)
    _assert_unchanged(arguments, now)
    if targets is None:
        names = Counter(values["Name"].casefold() for rule, values in present)
        targets = [
            policy.new_rule() if operation["kind"] == "add" else _take(present, operation) for operation in operations
        ]
    else:
        names = Counter(each["rule"]["Name"].casefold() for each in operations if each["kind"] != "add")
    if check_mode:
        return
    save(policy, arguments, answer)
    for operation, target in zip(operations, targets, strict=True):
        try:
            _do(policy, operation, target, names)
        except (ComError, ConflictError) as error:
            raise ConflictError(f"rule '{operation['name']}': {error}") from error
        answer["done"] += 1


def _find_by_name(policy: FwPolicy, operations: Sequence[Mapping[str, Any]]) -> list[FwRule] | None:
    """Return what each operation is about, without an enumeration; None where a rule is not found so, or twice."""
    found: dict[str, FwRule] = {}
    targets = []
    for operation in operations:
        if operation["kind"] == "add":
            targets.append(policy.new_rule())
            continue
        name = operation["rule"]["Name"]
        rule = policy.item(name)
        if rule is None or as_told(rule.values()) != operation["rule"] or name.casefold() in found:
            return None
        found[name.casefold()] = rule
        targets.append(rule)
    return targets


def _do(policy: FwPolicy, operation: Mapping[str, Any], target: FwRule, names: Counter[str]) -> None:
    """Make one operation."""
    if operation["kind"] == "remove":
        _remove(policy, operation["name"], target, names)
    for put in operation["puts"]:
        try:
            target.put(put["property"], put["value"])
        except ComError as error:
            raise ConflictError(f"{put['property']} {_shown(put['value'])}: {error}") from error
    if operation["kind"] == "add":
        policy.add(target)
        names[operation["name"].casefold()] += 1


def _shown(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text[:200]}'"


def assert_no_revert(policy: FwPolicy) -> None:
    """Raise ConflictError while a change waits to be confirmed."""
    if policy.revert_state in ("waits", "running"):
        raise ConflictError(
            "a change that was not confirmed waits to be taken back; nothing was written, run again when it was taken "
            "back"
        )


def _assert_unchanged(arguments: Mapping[str, Any], fingerprint: str) -> None:
    if arguments.get("fingerprint") not in (None, "", fingerprint):
        raise ConflictError(
            "the firewall is not as it was gathered: something else has changed it meanwhile; nothing was written, "
            "run again"
        )


def _directory(arguments: Mapping[str, Any]) -> str:
    text: str = arguments.get("snapshot_dir") or "%SystemRoot%\\msuc.lync\\snapshots"
    return text.replace("%SystemRoot%", ENVIRONMENT["SystemRoot"])


def save(policy: FwPolicy, arguments: Mapping[str, Any], answer: Answer) -> None:
    """Prepare the way back before the first write; what is left of one that ran goes."""
    if policy.task:
        policy.disarm()
    if arguments.get("snapshot", True):
        answer["snapshot"] = policy.export(_directory(arguments), arguments.get("snapshot_keep", 10))
    if arguments.get("confirm_minutes"):
        policy.arm(answer["snapshot"], arguments["confirm_minutes"])
        answer["armed"] = True


_NOT_CONFIRMED = {
    "none": "no change waits to be confirmed: it was confirmed, or taken back, before",
    "running": "the change is being taken back at this moment",
    "done": "the change was taken back before it was confirmed",
    "failed": "the change was to be taken back, and netsh ended with {result}: it is still in force",
    "expired": "the change was to be taken back, and its task never ran: it is still in force",
}


def confirm(policy: FwPolicy, check_mode: bool) -> None:
    """Remove the task that would take the last change back; raises ConflictError when there is none to remove."""
    state = policy.revert_state
    if state != "waits":
        raise ConflictError(_NOT_CONFIRMED[state].format_map(policy.task or {}))
    if not check_mode:
        policy.disarm()


def revert(policy: FwPolicy, check_mode: bool) -> None:
    """Take the last change back at once; raises ConflictError when none waits for that."""
    if policy.task is None or policy.revert_state in ("running", "done"):
        raise ConflictError("no change waits to be taken back")
    if policy.task["path"] not in policy.files:
        raise ConflictError(f"there is no snapshot {policy.task['path']}")
    if not check_mode:
        policy.import_(policy.task["path"])
        policy.disarm()


def _revert(policy: FwPolicy, arguments: Mapping[str, Any], check_mode: bool, answer: Answer) -> None:
    revert(policy, check_mode)
    answer["changed"] = True


def _confirm(policy: FwPolicy, arguments: Mapping[str, Any], check_mode: bool, answer: Answer) -> None:
    confirm(policy, check_mode)
    answer["changed"] = True


def _snapshots(policy: FwPolicy, arguments: Mapping[str, Any], check_mode: bool, answer: Answer) -> None:
    answer["snapshots"] = [{"path": path, "bytes": 1} for path in policy.snapshots(_directory(arguments))]


def _find_snapshot(policy: FwPolicy, arguments: Mapping[str, Any]) -> str:
    directory = _directory(arguments)
    known = policy.snapshots(directory)
    path: str = next(iter(known), "") if arguments["path"] == "newest" else arguments["path"]
    if path not in known:
        raise ConflictError(f"there is no snapshot {path} in {directory}")
    return path


def _read(policy: FwPolicy, arguments: Mapping[str, Any], check_mode: bool, answer: Answer) -> None:
    path = _find_snapshot(policy, arguments)
    answer.update(path=path, content=base64.b64encode(policy.exported(path)).decode())


def _restore(policy: FwPolicy, arguments: Mapping[str, Any], check_mode: bool, answer: Answer) -> None:
    directory, path = _directory(arguments), _find_snapshot(policy, arguments)
    if not check_mode:
        answer["snapshot"] = policy.export(directory, len(policy.snapshots(directory)) + 1)
        policy.import_(path)
        policy.disarm()
    answer.update(restored=path, changed=True)


_STEPS: Mapping[str, tuple[Callable[[FwPolicy, Mapping[str, Any], bool, Answer], None], ...]] = {
    "gather": (_answer,),
    "apply": (_apply, _answer),
    "confirm": (_confirm,),
    "revert": (_revert,),
    "snapshots": (_snapshots,),
    "read": (_read,),
    "restore": (_restore,),
}


def whole_text(text: str) -> str:
    """Return a text with U+FFFD for each half of a character, which no JSON may hold."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def as_told(values: Mapping[str, Any]) -> Answer:
    """Return the properties of a rule as an answer has them."""
    return {name: whole_text(value) if isinstance(value, str) else value for name, value in values.items()}


def _take(present: list[tuple[FwRule, Answer]], operation: Mapping[str, Any]) -> FwRule:
    for index, (rule, values) in enumerate(present):
        if as_told(values) == operation["rule"]:
            del present[index]
            return rule
    raise ConflictError(
        f"rule '{operation['name']}' is not on the host as it was gathered: something else has changed it meanwhile"
    )


def _remove(policy: FwPolicy, name: str, target: FwRule, names: Counter[str]) -> None:
    """Remove exactly the target: one of several namesakes gets a name of its own first."""
    alone = name
    if names[name.casefold()] > 1:
        alone = str(uuid.uuid4())
        target.put("Name", alone)
    policy.remove(alone)
    names[name.casefold()] -= 1
