# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What msuc.lync.windows_ipsec_remote does on a host, done on a simulated one: same arguments, same answer.

run_module(store, {"operation": "gather"}, check_mode=False) -> {"changed": False, "rules": {...}, ...}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from . import host_module, ipsec_rules
from .firewall_store import ENVIRONMENT, READ_ONLY, FirewallStore
from .ipsec_rules import RefusedError
from .ipsec_store import GROUP_POLICY, LEGACY, LOCAL, IpsecPolicy
from .windows_rules import ComError

Answer = dict[str, Any]
_MERGE = "AllowLocalIPsecPolicyMerge"


def run_module(store: FirewallStore, arguments: Mapping[str, Any], check_mode: bool) -> Answer:
    """Return the module's answer; the store on disk is changed write by write."""
    run = _Run(IpsecPolicy(store), arguments, check_mode)
    done = run.policy.firewall.counters
    try:
        for step in _STEPS[arguments["operation"]]:
            # What is there after a failure is told too, and the first failure stands.
            try:
                step(run)
            except (ComError, RefusedError, host_module.ConflictError) as error:
                run.answer = {"msg": str(error), **run.answer, "failed": True}
    finally:
        store.count(**asdict(done))
    counters = {"enumerations": done.enumerations, "writes": run.writes}
    return {"changed": run.writes > 0, **run.answer, "counters": counters}


class _Run:
    """One run of the module: what it is asked, and what it answers."""

    def __init__(self, policy: IpsecPolicy, arguments: Mapping[str, Any], check_mode: bool) -> None:
        self.policy, self.arguments, self.check_mode = policy, arguments, check_mode
        self.answer: Answer = {"done": 0}
        self.writes = 0
        # The rules before a script of netsh, whose writes are what differs after it.
        self.before: dict[str, str] | None = None

    @property
    def store(self) -> str:
        """Return the Group Policy object, empty for the host's own rules."""
        return str(self.arguments.get("policy_store") or "")

    def engine(self) -> str:
        """Return what writes; raises ConflictError for what this host has not."""
        engines = _engines(self.policy)
        asked = str(self.arguments.get("engine") or "auto")
        engine = engines[0] if asked == "auto" else asked
        if engine not in engines:
            raise host_module.ConflictError(
                "this Windows has no module NetSecurity: the engine cim and Group Policy objects need it"
            )
        return engine

    def rules(self) -> dict[str, str]:
        """Read the rules once: the host's own from the registry, those of a Group Policy object through CIM."""
        if not self.store:
            return self.policy.rules()
        self.engine()
        session = self.policy.open(self.store)
        self.policy.firewall.counters.enumerations += 1
        return {rule_id: _as_read_by_cim(text) for rule_id, text in session.items()}


def _engines(policy: IpsecPolicy) -> list[str]:
    return ["cim", "netsh"] if policy.has_module else ["netsh"]


def _as_read_by_cim(text: str) -> str:
    """Return a rule as the module writes it down from CIM: no version of its own, nothing empty."""
    return ipsec_rules.render("2.10", [token for token in ipsec_rules.parse(text) if token[1]])


def _facts(policy: IpsecPolicy) -> Answer:
    """Return what bears on the rules besides them."""
    policy.firewall.ask_service()
    profiles = policy.firewall.group_policy_profiles()
    merge = {name: {_MERGE: values[_MERGE]} if _MERGE in values else {} for name, values in profiles.items()}
    local, group = (policy.registry(path).get("IPSecExempt") for path in (LOCAL, GROUP_POLICY))
    return {
        "group_policy": {"rules": policy.registry(f"{GROUP_POLICY}\\ConSecRules"), "profiles": merge},
        "legacy": _legacy(policy),
        "exempt": local if group is None else group,
        "engines": _engines(policy),
        "profiles": policy.firewall.profiles,
    }


def _legacy(policy: IpsecPolicy) -> Answer:
    path = f"{LEGACY}\\Policy\\Local"
    assigned = str(policy.registry(path).get("ActivePolicy", ""))
    objects = {name: policy.registry(f"{path}\\{name}") for name in policy.keys(path)}
    name = objects.get(assigned.rpartition("\\")[2], {}).get("ipsecName", "")
    domain = policy.registry(f"{LEGACY}\\GPTIPSECPolicy").get("DSIPSECPolicyName", "")
    return {"assigned": assigned, "name": name, "policy_objects": objects, "domain": domain}


def _fingerprint(rules: Mapping[str, str], facts: Answer) -> str:
    return hashlib.sha256(json.dumps([rules, facts], sort_keys=True).encode()).hexdigest()


def _write_answer(run: _Run) -> None:
    """Tell what the host has now."""
    rules, facts = run.rules(), _facts(run.policy)
    if run.before is not None:
        run.writes = sum(1 for rule_id in {*run.before, *rules} if run.before.get(rule_id) != rules.get(rule_id))
    firewall = run.policy.firewall.surroundings
    surroundings = {name: value for name, value in firewall.items() if name not in READ_ONLY}
    run.answer.update(surroundings, rules=rules, fingerprint=_fingerprint(rules, facts), **facts)
    run.answer["pending_revert"] = run.policy.firewall.pending_revert
    run.answer.update(addresses=run.policy.firewall.addresses, environment=ENVIRONMENT)


def _apply(run: _Run) -> None:
    """Locate every rule, save the way back, then make the operations in their order."""
    engine, rules = run.engine(), run.rules()
    if run.store and engine != "cim":
        raise host_module.ConflictError("a Group Policy object is written with the engine cim only")
    host_module.assert_no_revert(run.policy.firewall)
    if run.arguments.get("fingerprint") not in (None, "", _fingerprint(rules, _facts(run.policy))):
        raise host_module.ConflictError(
            "the connection security rules are not as they were gathered: something else has changed them meanwhile; "
            "nothing was written, run again"
        )
    _locate(run, rules)
    if run.check_mode:
        return
    if run.store:
        _apply_session(run)
        return
    host_module.save(run.policy.firewall, run.arguments, run.answer)
    if engine == "netsh":
        _apply_script(run, rules)
        return
    for operation in run.arguments.get("operations") or []:
        _operate(run.policy, operation, None)
        run.writes += 1
        run.answer["done"] += 1


def _locate(run: _Run, rules: Mapping[str, str]) -> None:
    for operation in run.arguments.get("operations") or []:
        if operation["kind"] != "add" and operation["id"] not in rules:
            raise host_module.ConflictError(
                f"rule '{operation['name']}' is not on the host as it was gathered: something else has changed it "
                "meanwhile"
            )


def _operate(policy: IpsecPolicy, operation: Mapping[str, Any], session: dict[str, str] | None) -> None:
    pattern = "".join(f"`{letter}" if letter in "*?[]" else letter for letter in operation["id"])
    if operation["kind"] == "add":
        policy.new(operation["id"], operation.get("arguments") or {}, session)
    elif operation["kind"] == "change":
        policy.set(pattern, operation.get("arguments") or {}, session)
    else:
        policy.remove(pattern, session)


def _apply_session(run: _Run) -> None:
    """Make all operations in one session of a Group Policy object and save it once: nothing is written before that."""
    session = run.policy.open(run.store)
    operations = run.arguments.get("operations") or []
    for operation in operations:
        _operate(run.policy, operation, session)
    run.policy.save(run.store, session)
    run.writes += 1
    run.answer["done"] = len(operations)


def _apply_script(run: _Run, rules: dict[str, str]) -> None:
    """Run the script; what it did is what differs after it, whatever it ends with."""
    if not str(run.arguments.get("script") or "").isascii():
        raise host_module.ConflictError("the script holds letters that netsh may read as others; nothing was written")
    run.before = rules
    code, complaint = run.policy.netsh(str(run.arguments.get("script") or ""))
    if code:
        raise host_module.ConflictError(f"netsh -f ended with {code}: {complaint}")
    run.answer["done"] = len(run.arguments.get("operations") or [])


def _confirm(run: _Run) -> None:
    host_module.confirm(run.policy.firewall, run.check_mode)
    run.answer["changed"] = True


def _revert(run: _Run) -> None:
    host_module.revert(run.policy.firewall, run.check_mode)
    run.answer["changed"] = True


_STEPS: Mapping[str, tuple[Callable[[_Run], None], ...]] = {
    "gather": (_write_answer,),
    "apply": (_apply, _write_answer),
    "confirm": (_confirm,),
    "revert": (_revert,),
}
