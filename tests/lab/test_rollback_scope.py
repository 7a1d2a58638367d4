# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A rollback brings back what is ours, and what others changed stays; that of the whole policy says what they lose.

Simulated and in a PowerShell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tests.lab.lab import Lab
from tests.lab.test_safety import BOTH, HOST, OWN_WINRM, lab, owned
from tests.lab.test_windows_firewall_rules import SIP, playbook
from tests.simulators import tamper

__all__ = ["lab"]

OURS = {"Name": "Old", "Grouping": "msuc.lync", "Protocol": 6, "LocalPorts": "5070", "Enabled": True}
WIDE = {"Name": "Wide SIP", "Grouping": "Contoso", "Protocol": 6, "LocalPorts": "5061", "Enabled": True}
HAND = {"Name": "Backup", "Grouping": "Contoso", "Protocol": 6, "LocalPorts": "9999", "Enabled": True}
GONE = {"Name": "Gone", "Protocol": 17, "LocalPorts": "161", "Enabled": True}
NEW = {"Name": "Web", "Grouping": "Contoso", "Protocol": 6, "LocalPorts": "443", "Enabled": True}
ICMP = {"Name": "Ping", "Protocol": 1, "IcmpTypesAndCodes": "8:*", "InterfaceTypes": "Lan", "Enabled": True}
CARDS = {"Name": "Cards", "Protocol": 6, "LocalPorts": "7000", "Interfaces": ["Ethernet 2"], "Enabled": True}
SEED = [OURS, WIDE, HAND, GONE, ICMP, CARDS]
LOST = [
    "rule Backup of group Contoso was disabled since",
    "rule Gone was removed since",
    "rule Web of group Contoso was added since",
]


def rollback(**options: object) -> str:
    task = {"msuc.lync.windows_firewall_rollback": {"path": "newest", **options}}
    return json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}])


def shown(rules: Iterable[dict[str, Any]]) -> dict[str, bool]:
    return {str(rule["Name"]): bool(rule["Enabled"]) for rule in rules}


def changed_host(lab: Lab, *more: dict[str, Any]) -> Any:
    """Return a host that the collection changed, and others after it."""
    lab.start({"fe01": {**HOST["fe01"], "seed": [*SEED, *more]}})
    store = lab.stores["fe01"]
    result = lab.play(playbook(rules=[SIP], state="overridden")).result("fe01")
    assert result["status"] == "ok" and shown(tamper.show(store))["Wide SIP"] is False, result
    document = store.read()
    rules = [rule for rule in document["rules"] if rule["Name"] != "Gone"]
    for rule in rules:
        rule["Enabled"] = rule["Enabled"] and rule["Name"] != "Backup"
    store.write({**document, "rules": rules})
    tamper.add(store, "Web", NEW)
    return store


@BOTH
def test_what_is_ours_comes_back_and_what_others_changed_stays(lab: Lab) -> None:
    store = changed_host(lab)
    before = tamper.show(store)
    played = lab.play(rollback(), "--check")
    found = played.result("fe01")
    assert (found["status"], found["changed"], tamper.show(store)) == ("ok", True, before), found
    assert found["left_alone"] == LOST and f"fe01: left alone: {LOST[0]}" in played.output
    result = lab.play(rollback()).result("fe01")
    assert result["status"] == "ok", result
    now = shown(tamper.show(store))
    assert owned(lab) == {"Old"} and now["Wide SIP"] and not now["Backup"] and now["Web"] and "Gone" not in now
    assert (result["left_alone"], result["scope"]) == (LOST, "own")
    # What was there before is a snapshot too, and the way back from the way back.
    assert len(store.read()["files"]) == 2 and result["snapshot"]["path"] != result["restored"]
    again = lab.play(rollback(path=result["restored"])).result("fe01")
    assert (again["status"], again["changed"], again["stats"]["writes"]) == ("ok", False, 0), again


@BOTH
def test_the_whole_policy_comes_back_and_says_first_what_others_lose(lab: Lab) -> None:
    store = changed_host(lab)
    before = tamper.show(store)
    played = lab.play(rollback(scope="whole"), "--check")
    assert f"fe01: lost by the import: {LOST[2]}" in played.output and tamper.show(store) == before
    result = lab.play(rollback(scope="whole")).result("fe01")
    lost = [*LOST, "rule Wide SIP of group Contoso was disabled since"]
    assert (result["status"], result["changed"], result["lost"]) == ("ok", True, lost), result
    now = shown(tamper.show(store))
    assert owned(lab) == {"Old"} and now["Gone"] and now["Backup"] and "Web" not in now


@BOTH
def test_a_snapshot_that_cannot_be_read_brings_nothing_back(lab: Lab) -> None:
    store = changed_host(lab)
    before = tamper.show(store)
    if lab.executor.__class__.__name__ == "PowerShellExecutor":
        for path in store.directory.rglob("*.wfw"):
            path.write_bytes(path.read_bytes()[:5000])
    else:
        store.change(files=dict.fromkeys(store.read()["files"], "regf"))
    result = lab.play(rollback()).result("fe01")
    assert (result["status"], tamper.show(store)) == ("failed", before), result
    assert "nothing was written; fix: choose another snapshot" in result["msg"], result["msg"]


def test_who_manages_the_host_is_not_locked_out_by_a_rollback(lab: Lab) -> None:
    lab.start({"fe01": {**HOST["fe01"], "seed": [OURS]}})
    assert lab.play(playbook(rules=[SIP])).result("fe01")["status"] == "ok"
    store = lab.stores["fe01"]
    tamper.add(store, "Own WinRM", OWN_WINRM)
    before = tamper.show(store)
    result = lab.play(rollback(management_networks=["10.9.0.0/24"])).result("fe01")
    assert (result["status"], tamper.show(store)) == ("failed", before)
    assert "management: winrm (TCP 5985)" in result["msg"], result["msg"]


def test_a_protected_rule_is_enabled_again_where_it_is_named(lab: Lab) -> None:
    protected = {**WIDE, "Name": "CS SIP"}
    lab.start({"fe01": {**HOST["fe01"], "seed": [protected]}})
    options = {"rules": [SIP], "state": "overridden", "unprotected_rules": ["CS SIP"]}
    assert lab.play(playbook(**options)).result("fe01")["status"] == "ok"
    store = lab.stores["fe01"]
    path = next(iter(store.read()["files"]))
    assert shown(tamper.show(store))["CS SIP"] is False
    assert lab.play(rollback(path=path)).result("fe01")["left_alone"]
    assert shown(tamper.show(store))["CS SIP"] is False
    assert lab.play(playbook(**options)).result("fe01")["status"] == "ok"
    assert lab.play(rollback(path=path, unprotected_rules=["CS SIP"])).result("fe01")["status"] == "ok"
    assert shown(tamper.show(store)) == {"CS SIP": True}
