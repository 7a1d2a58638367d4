# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An outside witness: community.windows.win_firewall_rule, as released, agrees with our module, and ours with it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.lab.test_windows_firewall_rules import stats
from tests.simulators import tamper
from tests.simulators.firewall_store import FirewallStore
from tests.simulators.powershell import PowerShellExecutor
from tests.simulators.rival import GROUP, RIVAL_ENVIRONMENT, our_play, rival_play
from tests.tools import wheel_collections

PWSH = os.environ.get("LYNC_PWSH", "")
BOTH = {"fe01": {"addresses": ["10.1.0.11"]}, "fe02": {"addresses": ["10.1.0.12"]}}

pytestmark = [
    pytest.mark.no_cover,
    pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7"),
    pytest.mark.skipif(not wheel_collections.present(), reason=wheel_collections.ABSENT),
]

RULES: list[dict[str, Any]] = [
    {
        "name": "SIP [TLS] 'in'",
        "description": "Lists",
        "protocol": "tcp",
        "localport": "5061,5070-5075",
        "profiles": ["domain", "private"],
        "remoteip": "10.3.0.1-10.3.0.9,10.1.0.7/24,LocalSubnet,10.2.0.5,2001:db8:1::5,2001:db8::/64",
    },
    {
        "name": "Media",
        "protocol": "udp",
        "localport": "49152-65535",
        "remoteport": "1024-65535",
        "remoteip": "10.0.0.0/255.0.0.0",
    },
    {
        "name": "Program",
        "protocol": "tcp",
        "program": "C:\\Program Files\\Microsoft Lync Server 2010\\Server\\Core\\RTCSrv.exe",
        "profiles": ["domain"],
    },
    {"name": "GRE", "protocol": "47", "localip": "10.1.0.11", "remoteip": "10.9.0.0/16"},
    {"name": "Ping", "protocol": "icmpv4", "icmp_type_code": ["8:*"], "edge": "yes"},
    {"name": "Ping6", "protocol": "icmpv6", "icmp_type_code": ["128:*", "3:0"], "enabled": False},
    {
        "name": "No SQL",
        "direction": "out",
        "action": "block",
        "protocol": "tcp",
        "remoteport": "1433",
        "interfacetypes": ["wireless", "lan"],
    },
    {"name": "Mapper", "protocol": "tcp", "localport": "RPC-EPMap", "service": "RpcSs", "security": "authenticate"},
]


def by_name(store: FirewallStore) -> dict[str, dict[str, Any]]:
    """Return the rules of our group: the order of additions differs."""
    return {rule["Name"]: rule for rule in tamper.show(store, GROUP)}


def test_both_modules_call_the_same_rules_unchanged(lab: Lab) -> None:
    lab.executor = PowerShellExecutor(PWSH)
    lab.start(BOTH)
    ours, rivals = lab.stores["fe01"], lab.stores["fe02"]

    made = lab.play(our_play("fe01", RULES)).result("fe01")
    assert (made["changed"], stats(made)) == (True, (2, 3, len(RULES))), made
    assert (ours.counts()["enumerations"], ours.counts()["writes"]) == (3, len(RULES))
    made = lab.play(rival_play("fe02", RULES), **RIVAL_ENVIRONMENT).result("fe02")
    assert [one["msg"] for one in made["results"]] == [f"Firewall rule '{rule['name']}' created." for rule in RULES], (
        made
    )
    assert by_name(rivals) == by_name(ours)

    before = [(store.path.read_bytes(), store.counts()["writes"]) for store in (ours, rivals)]
    seen = lab.play(rival_play("fe01", RULES), **RIVAL_ENVIRONMENT).result("fe01")
    unchanged = [(False, f"Firewall rule(s) changed '' - unchanged '{rule['name']}'") for rule in RULES]
    assert [(one["changed"], one["msg"]) for one in seen["results"]] == unchanged
    adopted = lab.play(our_play("fe02", RULES)).result("fe02")
    assert (adopted["changed"], adopted["changes"], stats(adopted)) == (False, [], (1, 1, 0))
    assert [(store.path.read_bytes(), store.counts()["writes"]) for store in (ours, rivals)] == before


def test_both_modules_see_the_same_drift_and_mend_it_alike(lab: Lab) -> None:
    lab.executor = PowerShellExecutor(PWSH)
    lab.start(BOTH)
    rule = RULES[0]
    lab.play(our_play("all", [rule]))
    wanted = by_name(lab.stores["fe01"])
    for store in lab.stores.values():
        tamper.change(store, str(rule["name"]), {"remoteip": "10.0.0.0/8", "localport": "5061"})

    mended = lab.play(our_play("fe01", [rule])).result("fe01")
    assert [one["property"] for one in mended["changes"][0]["properties"]] == ["localport", "remoteip"]
    mended = lab.play(rival_play("fe02", [rule]), **RIVAL_ENVIRONMENT).result("fe02")
    assert mended["results"][0]["msg"] == f"Firewall rule(s) changed '{rule['name']}' - unchanged ''"
    assert [by_name(store) for store in lab.stores.values()] == [wanted, wanted]
