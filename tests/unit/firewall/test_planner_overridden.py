# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""State overridden: foreign rules that admit more than the list on its ports are disabled, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError

from tests.unit.firewall.memory import MemoryStore
from tests.unit.firewall.windows.test_reconcile import SIP, run, stats

WANT: list[dict[str, Any]] = [
    SIP,
    {"name": "B", "protocol": "tcp", "localport": "5061-5063", "remoteip": "10.2.0.0/24"},
    {"name": "U", "protocol": "udp", "localport": 3478},
]
THEIRS = {"Name": "Theirs", "Grouping": "Contoso", "Protocol": 6, "LocalPorts": "5061", "Enabled": True}
MORE = "it admits more than the list on "

# The foreign rule, and why it is disabled; "" where it is not.
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("any source", {}, MORE + "tcp 5061"),
    ("another source", {"RemoteAddresses": "10.3.0.1"}, MORE + "tcp 5061"),
    ("every port", {"LocalPorts": "*"}, MORE + "tcp 5061-5063"),
    ("any protocol", {"Protocol": 256, "LocalPorts": "*"}, MORE + "tcp 5061-5063"),
    ("a program of setup by another name", {"LocalPorts": "*", "ApplicationName": "C:\\a.exe"}, MORE + "tcp 5061-5063"),
    ("what two rules of the list admit together", {"RemoteAddresses": "10.1.0.0/24,10.2.0.0/24"}, ""),
    ("less", {"RemoteAddresses": "10.1.0.7", "Profiles": 1}, ""),
    ("other ports", {"LocalPorts": "5060,5064"}, ""),
    ("udp that the list admits to all", {"Protocol": 17, "LocalPorts": "3478"}, ""),
    ("outbound", {"Direction": 2}, ""),
    ("disabled", {"Enabled": False}, ""),
    ("of Windows", {"Grouping": "@FirewallAPI.dll,-1"}, ""),
    ("of setup", {"Name": "CS RTCSRV"}, ""),
    ("of an older setup", {"Name": "OCS SQL RTC Access"}, ""),
    ("of the database", {"Name": "SQL RTC Access"}, ""),
    ("named almost like setup's", {"Name": "CSRTC"}, MORE + "tcp 5061"),
]


@pytest.mark.parametrize(("differs", "reason"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_disabled_and_why(differs: dict[str, Any], reason: str) -> None:
    store = MemoryStore.of({**THEIRS, **differs})
    run(store, WANT)
    before = store.document["rules"][0]
    done = run(store, WANT, state="overridden")
    changes = done.result()["changes"]
    assert isinstance(changes, list)
    assert [(change["kind"], change["reason"]) for change in changes] == ([("disable", reason)] if reason else [])
    assert store.document["rules"][0] == {**before, "Enabled": before["Enabled"] and not reason}
    assert stats(run(store, WANT, state="overridden")) == (1, 1, 0)


def test_a_rule_that_blocks_is_not_disabled_and_the_host_is_not_as_planned() -> None:
    store = MemoryStore.of({**THEIRS, "Action": 0})
    with pytest.raises(DeviceError, match="without effect: blocked by Theirs"):
        run(store, WANT, state="overridden")
    assert store.document["rules"][0]["Enabled"] is True


def test_a_protected_rule_is_disabled_when_it_is_named_exactly() -> None:
    store = MemoryStore.of({**THEIRS, "Name": "CS RTCSRV"}, {**THEIRS, "Name": "CS RTCSRV 2"})
    run(store, WANT, state="overridden", unprotected_rules=["CS RTCSRV"])
    assert [(rule.name, rule.enabled) for rule in store.rules()][:2] == [("CS RTCSRV", False), ("CS RTCSRV 2", True)]


def test_rules_of_the_group_are_replaced_and_disables_wait_for_the_closing_phase() -> None:
    store = MemoryStore.of(THEIRS, {**THEIRS, "Name": "Old", "Grouping": "msuc.lync"})
    assert run(store, WANT, state="overridden", phase="open").result()["pending"] is True
    assert [rule.enabled for rule in store.rules()] == [True] * 5
    closed = run(store, WANT, state="overridden", phase="close").result()
    assert closed["commands"] == ["change rule Theirs: enabled from true to false", "remove rule Old: it is not wanted"]
    assert closed["summary"] == {"added": 0, "changed": 0, "disabled": 1, "removed": 1, "admission_changed": 2}


def test_a_rule_of_the_list_without_ports_names_none() -> None:
    store = MemoryStore.of({**THEIRS, "LocalPorts": "5985"})
    run(store, [{"name": "A", "protocol": "tcp", "program": "C:\\a.exe"}], state="overridden")
    assert store.rules()[0].enabled
