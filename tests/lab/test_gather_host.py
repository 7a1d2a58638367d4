# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""msuc.lync.windows_gather_remote over the wire: what the modules of firewall and IPsec answer, in one answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.lab.test_ipsec_host import REQUIRE, executors
from tests.simulators import ipsec_store
from tests.simulators.executor import Executor
from tests.simulators.powershell import PowerShellExecutor

GATHER = {"operation": "gather"}
MODULES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("windows_gather_remote", {}),
    ("windows_firewall_remote", GATHER),
    ("windows_ipsec_remote", GATHER),
)
ANSIBLE = {"changed", "failed", "_ansible_no_log", "done"}


@pytest.mark.parametrize("executor", executors())
def test_one_answer_holds_both(lab: Lab, executor: Executor | str) -> None:
    lab.executor = PowerShellExecutor(executor) if isinstance(executor, str) else executor
    lab.start({"fe01": {"addresses": ["10.1.0.11"], "seed": [{"Name": "Contoso", "Protocol": 6, "LocalPorts": "443"}]}})
    mdm = {"rules": {"{5}": "v2.10|Action=Block|Dir=In|Name=M|"}, "profiles": {"standard": {"EnableFirewall": 1}}}
    older = ["GloballyOpenPorts on domain: 3389:TCP:*:Enabled:Remote Desktop"]
    running = ["CSFalconService", "MpsSvc"]
    products = [{"name": "Theirs", "categories": [0, 2]}]
    lab.stores["fe01"].change(mdm=mdm, older_lists=older, products=products, services=running)
    ipsec_store.change(lab.stores["fe01"], rules=ipsec_store.exempted({"{1}": REQUIRE}))
    tasks = [{"name": name, f"msuc.lync.{name}": arguments} for name, arguments in MODULES]
    played = lab.play(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    assert played.status == 0, played.output
    both, firewall, ipsec = (
        {name: value for name, value in record["result"].items() if name not in ANSIBLE} for record in played.of("fe01")
    )
    parts = {"firewall": both.pop("firewall"), "ipsec": both.pop("ipsec")}
    assert {**both, **parts["firewall"]} == firewall
    assert {**both, **parts["ipsec"]} == ipsec
    assert [len(part["rules"]) for part in parts.values()] == [1, 1]
    names = ("domain", "standard", "private", "public")
    wanted = {"rules": mdm["rules"], "profiles": {name: {} for name in names} | mdm["profiles"]}
    found = firewall["mdm"]
    assert {**found, "profiles": {name: found["profiles"].get(name, {}) for name in names}} == wanted
    assert firewall["build"] == ipsec["build"] == "20348.2700"
    assert (firewall["older_lists"], firewall["products"], firewall["services"]) == (older, products, running)
