# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The collection's PowerShell on a local connection, by ansible_pwsh_interpreter of ansible-core 2.21 and later."""

from __future__ import annotations

import base64
import json
import os
import pathlib
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.lab.test_windows_firewall_rules import MEDIA, SIP, playbook, stats
from tests.simulators import tamper
from tests.simulators.local_powershell import interpreter
from tests.simulators.serve import prepare

PWSH = os.environ.get("LYNC_PWSH", "")
OLD = {"Name": "Old", "Grouping": "msuc.lync", "Protocol": 6, "LocalPorts": "5070", "Enabled": True}
NAMES = {SIP["name"], MEDIA["name"]}

pytestmark = [pytest.mark.no_cover, pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7")]


@pytest.fixture
def local(tmp_path: pathlib.Path) -> Lab:
    """Return a lab of one host that is reached without a wire: this machine, with the fakes of a Windows."""
    lab = Lab(tmp_path)
    lab.stores = prepare(
        {"fe01": {"addresses": ["10.1.0.11", "2001:db8::11"], "seed": [OLD, {"Name": "Contoso"}]}}, tmp_path / "store"
    )
    variables = {
        "ansible_connection": "local",
        "ansible_pwsh_interpreter": interpreter(tmp_path, lab.stores["fe01"], PWSH),
        "ansible_pipelining": True,
    }
    lab.inventory.write_text(json.dumps({"all": {"hosts": {"fe01": variables}}}), encoding="utf-8")
    return lab


def test_the_module_converges_and_stays_on_a_local_connection(local: Lab) -> None:
    store = local.stores["fe01"]
    before = store.read()["rules"]
    task: dict[str, Any] = json.loads(playbook(rules=[SIP, MEDIA]))[0]["tasks"][0]
    wrong = {"name": "Host", "msuc.lync.windows_firewall_remote": {"operation": "Gather"}, "ignore_errors": True}
    tasks = [
        {**task, "check_mode": True},
        {"name": "Looked at", "ansible.builtin.slurp": {"src": str(store.path)}},
        task,
        task,
        wrong,
    ]
    play = [{"hosts": "all", "gather_facts": False, "tasks": tasks}]

    played = local.play(json.dumps(play))
    assert len(played.of("fe01")) == 5, played.output
    checked, looked, first, second, refused = (record["result"] for record in played.of("fe01"))
    assert (checked["changed"], stats(checked)) == (True, (1, 1, 0)), played.output
    assert json.loads(base64.b64decode(looked["content"]))["rules"] == before
    # Two additions and a removal.
    assert (first["changed"], stats(first)) == (True, (2, 3, 3))
    assert (second["changed"], stats(second), second["before"]) == (False, (1, 1, 0), first["after"])
    assert first["after"] == checked["after"]
    allowed = "gather, apply, confirm, revert, snapshots, read, restore"
    assert refused["msg"] == f"operation: 'Gather' is refused; allowed: {allowed}"
    assert {rule["Name"] for rule in tamper.show(store, "msuc.lync")} == NAMES
    assert [rule["Name"] for rule in tamper.show(store) if rule.get("Grouping") != "msuc.lync"] == ["Contoso"]
    assert store.counts()["executions"] == 5
