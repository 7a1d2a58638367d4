# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""msuc.lync.windows_compare beside the two actions whose comparison it makes: the same results for one question."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.action import (
    windows_compare,
    windows_firewall_rules,
    windows_ipsec_exemptions,
)

from tests.simulators import gather_host, host_module, ipsec_host, ipsec_store
from tests.unit.firewall.memory import MemoryStore

Result = dict[str, Any]
REMOTES = {
    "windows_gather_remote": gather_host,
    "windows_firewall_remote": host_module,
    "windows_ipsec_remote": ipsec_host,
}
FIREWALL = {"rules": [{"name": "SIP", "protocol": "tcp", "localport": "5061", "localip": "10.1.0.11"}]}
IPSEC = {"exemptions": [{"name": "Media", "protocol": "udp", "localip": ["10.1.0.11"]}], "needed": "auto"}
OLD = {"Name": "Old", "Grouping": "msuc.lync", "Protocol": 6, "LocalPorts": "5062", "Enabled": True}
ISOLATION = {"{1}": {"DisplayName": "Isolation", "InboundSecurity": "Require", "OutboundSecurity": "Request"}}


def host() -> MemoryStore:
    """Return a host that has a rule too many, lacks another, and whose isolation makes the exemption needed."""
    store = MemoryStore.of(OLD)
    ipsec_store.change(store, module=True, rules=ipsec_store.exempted(ISOLATION))
    return store


def run(
    kind: Any, store: MemoryStore, options: Result, spoil: Result | None = None, **variables: Any
) -> tuple[Result, list[str]]:
    """Return the result of an action in check mode, and the modules that the host was asked through."""
    task = SimpleNamespace(args=copy.deepcopy(options), async_val=0, check_mode=True, diff=False, action="x")
    connection = SimpleNamespace(
        _shell=SimpleNamespace(tmpdir="/none"), get_options=lambda: {"remote_addr": "127.0.0.1"}
    )
    made = kind(task, connection, SimpleNamespace(remote_addr="127.0.0.1"), None, None, None)
    asked: list[str] = []

    def answer(module_name: str, module_args: Result, task_vars: Result) -> Result:
        asked.append(module_name.rpartition(".")[2])
        return {**REMOTES[asked[-1]].run_module(store, {"operation": "gather", **module_args}, True), **(spoil or {})}

    made._execute_module = answer
    return made.run(task_vars={"inventory_hostname": "fe01", **variables}), asked


def compare(firewall: Result, ipsec: Result, spoil: Result | None = None, **variables: Any) -> tuple[Result, list[str]]:
    """Return the result of the comparison, and the modules that the host was asked through."""
    return run(windows_compare.ActionModule, host(), {"firewall": firewall, "ipsec": ipsec}, spoil, **variables)


def test_it_tells_what_both_tell_and_asks_once() -> None:
    found, asked = compare(FIREWALL, IPSEC)
    assert asked == ["windows_gather_remote"]
    # Besides, a comparison says what the host would lose, which other devices have to know.
    losses = ("leaving", "goes", "loses_all", "held_addresses", "exceeded_pools", "fingerprint")
    assert found["firewall"]["goes"] == ["Old"] and all(key in found["ipsec"] for key in losses)
    alone = {
        "firewall": run(windows_firewall_rules.ActionModule, host(), FIREWALL)[0],
        "ipsec": run(windows_ipsec_exemptions.ActionModule, host(), IPSEC)[0],
    }
    # It asked once for both, so the round trip is counted with one; warnings of a module are broken to fit the screen.
    assert [found[name]["stats"]["round_trips"] for name in alone] == [1, 0]
    for name, result in alone.items():
        together = {key: value for key, value in found[name].items() if key not in losses}
        apart = {**result, "warnings": [" ".join(text.split()) for text in result["warnings"]]}
        assert {**together, "stats": {}} == {**apart, "stats": {}}
    assert (found["changed"], "failed" in found) == (True, False)
    assert [change["kind"] for change in found["firewall"]["changes"]] == ["add", "remove"]
    assert [change["kind"] for change in found["ipsec"]["changes"]] == ["add"]
    brief = compare({**FIREWALL, "brief": True}, {**IPSEC, "brief": True})[0]
    for part in ("firewall", "ipsec"):
        assert found[part].keys() - brief[part].keys() == {"before", "after"}


@pytest.mark.parametrize(
    ("variables", "parts", "asked"),
    [
        ({"ansible_run_tags": ["all"], "ansible_skip_tags": []}, {"firewall", "ipsec"}, ["windows_gather_remote"]),
        ({"ansible_run_tags": ["ipsec", "dns"]}, {"ipsec"}, ["windows_ipsec_remote"]),
        ({"ansible_run_tags": ["firewall"]}, {"firewall"}, ["windows_firewall_remote"]),
        ({"ansible_run_tags": ["all"], "ansible_skip_tags": ["ipsec"]}, {"firewall"}, ["windows_firewall_remote"]),
    ],
)
def test_the_tags_of_the_run_choose(variables: Result, parts: set[str], asked: list[str]) -> None:
    found, modules = compare(FIREWALL, IPSEC, **variables)
    assert (found.keys() & {"firewall", "ipsec"}, modules) == (parts, asked)


def test_a_host_that_needs_no_exemptions_is_asked_for_its_firewall_alone() -> None:
    found, asked = compare(FIREWALL, {**IPSEC, "needed": "false"})
    assert asked == ["windows_firewall_remote"]
    assert (found["ipsec"]["not_needed"], found["ipsec"]["changed"], found["changed"]) == (
        "lync_ipsec is false",
        False,
        True,
    )


def test_what_fails_is_told_part_by_part() -> None:
    elsewhere = {**FIREWALL, "expected_addresses": ["10.9.9.9"]}
    found, _asked = compare(elsewhere, IPSEC)
    assert found["failed"] and found["msg"].startswith("firewall: this is not the host that the inventory describes")
    assert found["firewall"]["failed"] and not found["ipsec"].get("failed") and found["ipsec"]["changed"]
    refused, _asked = compare(FIREWALL, IPSEC, {"failed": True, "msg": "access is denied", "firewall": None})
    assert [refused[part]["msg"].rpartition(": ")[2] for part in ("firewall", "ipsec")] == ["access is denied"] * 2


@pytest.mark.parametrize("spoil", [{"firewall": None}, {"ipsec": []}, {"firewall": {}}, {"addresses": 1}])
def test_an_answer_without_a_part_is_not_understood(spoil: Result) -> None:
    found, _asked = compare(FIREWALL, IPSEC, spoil)
    assert found["failed"] and "the host's answer is not understood" in found["msg"]


def test_errors_of_both_parts_are_told_before_contact() -> None:
    found, asked = compare(
        {"rules": [{"name": "x", "localport": "0-70000"}]}, {"exemptions": [{"name": "y", "protocol": "none"}]}
    )
    assert found["failed"] and not asked
    assert "0-70000" in found["msg"] and "'none'" in found["msg"]
