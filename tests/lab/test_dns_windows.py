# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tasks for a Windows DNS server, run by win_dns_record as released, in a PowerShell, over WinRM, onto a BIND."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lab.lab import ROOT, Lab
from tests.simulators.bind import MISSING, ZONE, Bind, present, secret
from tests.simulators.powershell import PowerShellExecutor
from tests.simulators.rival import RIVAL_ENVIRONMENT
from tests.tools import wheel_collections

PWSH = os.environ.get("LYNC_PWSH", "")
POOL = f"pool01.{ZONE}"

pytestmark = [
    pytest.mark.no_cover,
    pytest.mark.skipif(not present(), reason=MISSING),
    pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7"),
    pytest.mark.skipif(not wheel_collections.present(), reason=wheel_collections.ABSENT),
]


def play(server: dict[str, Any]) -> str:
    """Return a play that plans, writes by the role's own task, and looks again."""
    records = [
        {"name": POOL, "type": "A", "values": ["10.1.0.11", "10.1.0.12"], "zone": ZONE, "owner": POOL},
        {
            "name": f"_sipinternaltls._tcp.{ZONE}",
            "type": "SRV",
            "values": [f"0 0 5061 {POOL}"],
            "zone": ZONE,
            "owner": POOL,
        },
    ]
    bring = {"records": records, "servers": [{**server, "windows_host": "dc01"}], "take_over": [POOL]}
    write = yaml.safe_load((ROOT / "roles" / "dns_records" / "tasks" / "windows.yml").read_text(encoding="utf-8"))[0]
    tasks = [
        {"name": "Plan", "msuc.lync.dns_records": bring, "register": "dns_records_applied"},
        write,
        {"name": "Again", "msuc.lync.dns_records": bring},
    ]
    return json.dumps([{"name": "DNS", "hosts": "dc01", "gather_facts": False, "tasks": tasks}])


def test_the_released_module_makes_what_was_planned(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Bind(
        tmp_path / "bind", {"internal": {ZONE: "pool01 60 A 10.1.0.11\npool01 60 A 10.1.0.99\nwww A 10.9.9.9\n"}}
    ) as bind:
        monkeypatch.setenv("LAB_DNS", json.dumps({"port": bind.port, "key": "internal", "secret": secret("internal")}))
        lab.executor = PowerShellExecutor(PWSH)
        lab.start({"dc01": {"addresses": ["10.1.0.93"]}})
        server = {"address": "127.0.0.1", "port": bind.port, "zones": [ZONE]}
        foreign = [line for line in bind.zone() if "pool01" not in line]
        played = lab.play(play(server), **RIVAL_ENVIRONMENT)
        assert played.status == 0, played.output
        again = played.result("dc01")
        assert (again["changed"], again["commands"]) == (False, []), played.output
        assert [line for line in bind.zone() if line not in foreign] == [
            f"_sipinternaltls._tcp.{ZONE}. 300 IN SRV 0 0 5061 {POOL}.",
            f"{POOL}. 300 IN A 10.1.0.11", f"{POOL}. 300 IN A 10.1.0.12",
            f'{POOL}._msuc-lync.{ZONE}. 300 IN TXT "_sipinternaltls._tcp SRV"',
            f'{POOL}._msuc-lync.{ZONE}. 300 IN TXT "pool01 A"',
        ]  # fmt: skip
        assert set(foreign) <= set(bind.zone())
