# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values reach COM as COM wants them, and what it cannot tell is never taken for nothing; in a PowerShell."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.lab.lab import Lab
from tests.lab.test_windows_firewall_rules import SIP, playbook, stats
from tests.simulators import tamper
from tests.simulators.powershell import PowerShellExecutor

PWSH = os.environ.get("LYNC_PWSH", "")
pytestmark = [
    pytest.mark.no_cover,
    pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7"),
]
HOST = {"fe01": {"addresses": ["10.1.0.11"]}}
ON_CARDS = {**SIP, "interfaces": ["Ethernet", "LAN [1]"], "interfacetypes": "lan", "localip": "10.1.0.11"}


@pytest.fixture
def powershell(lab: Lab) -> Lab:
    """Return a host that runs the collection's PowerShell behind ansible's wrapper."""
    lab.executor = PowerShellExecutor(PWSH)
    lab.start(HOST)
    return lab


def test_a_rule_for_cards_of_a_host_is_written_and_found_again(powershell: Lab) -> None:
    made = powershell.play(playbook(rules=[ON_CARDS])).result("fe01")
    assert made["status"] == "ok", made
    (rule,) = tamper.show(powershell.stores["fe01"], "msuc.lync")
    assert (rule["Interfaces"], rule["InterfaceTypes"]) == (["Ethernet", "LAN [1]"], "Lan")
    assert rule["LocalAddresses"] == "10.1.0.11/255.255.255.255"
    assert stats(powershell.play(playbook(rules=[ON_CARDS])).result("fe01")) == (1, 1, 0)
    one = powershell.play(playbook(rules=[{**ON_CARDS, "interfaces": ["Ethernet"]}])).result("fe01")
    assert (one["status"], stats(one)) == ("ok", (2, 3, 1)), one


@pytest.mark.parametrize(
    "name", ["CurrentProfileTypes", "LocalPolicyModifyState", "RemoteAddresses", "Profiles", "Enabled", "SecureFlags"]
)
def test_what_cannot_be_read_is_unknown_and_not_nothing(
    powershell: Lab, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_UNREADABLE", name)
    read: dict[str, Any] = powershell.play(playbook(rules=[SIP])).result("fe01")
    assert (read["status"], read["changed"]) == ("failed", False), read
    assert "could not be read" in read["msg"] and f"{name} cannot be read: " in read["msg"]
    assert "0x80004005" in read["msg"]


def test_what_an_old_windows_does_not_have_is_no_error(powershell: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_MISSING", "SecureFlags")
    assert powershell.play(playbook(rules=[SIP])).result("fe01")["status"] == "ok"
    assert stats(powershell.play(playbook(rules=[SIP])).result("fe01")) == (1, 1, 0)


def test_what_windows_refuses_is_told_with_the_rule_and_the_value(powershell: Lab) -> None:
    refused = powershell.play(playbook(rules=[{**SIP, "remoteip": "ff02::1:3"}])).result("fe01")
    assert (refused["status"], refused["changed"]) == ("failed", False), refused
    assert f"rule '{SIP['name']}': RemoteAddresses 'ff02::1:3': " in refused["msg"] and "0x80070057" in refused["msg"]
