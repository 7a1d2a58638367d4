# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules read from the registry in place of COM: where both are known to be the same, and what happens elsewhere."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError, InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.evidence import EvidenceFolder
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import (
    Task,
    WindowsFirewallProvider,
)

from tests.unit.firewall.memory import MemoryStore, link_to

BUILD = "20348.2700"
SIP: dict[str, Any] = {"name": "SIP", "protocol": "tcp", "localport": "5061", "remoteip": ["10.1.0.0/24"]}
SIP_COM = {
    "Name": "SIP",
    "Grouping": "msuc.lync",
    "Protocol": 6,
    "LocalPorts": "5061",
    "RemoteAddresses": "10.1.0.0/24",
    "Enabled": True,
}
WIDER_COM = {**SIP_COM, "LocalPorts": "5061,5062"}
OF_OTHERS: list[Mapping[str, object]] = [
    {"Name": "Contoso", "Protocol": 17, "LocalPorts": "514", "Interfaces": ["Ethernet 2"], "Enabled": True},
    {"Name": "Contoso", "Protocol": 1, "IcmpTypesAndCodes": "8:*", "RemoteAddresses": "LocalSubnet", "Enabled": True},
    {"Name": "Program", "ApplicationName": "%SystemRoot%\\a.exe", "Direction": 2, "Profiles": 3},
    {"Name": "Remote Desktop", "Grouping": "@FirewallAPI.dll,-28752", "Protocol": 6, "LocalPorts": "3389"},
]
EQUAL = {"build": BUILD, "date": "2026-11-30", "rules": 5, "differences": []}
DIFFERENT = {**EQUAL, "differences": ["rule SIP (id {1}): another localport than COM shows"]}


def evidence(folder: pathlib.Path, document: object) -> None:
    (folder / f"{BUILD}.json").write_text(json.dumps(document), encoding="utf-8")


def recorded(folder: pathlib.Path) -> list[tuple[str, int, int]]:
    return [(one.build, one.rules, len(one.differences)) for one in EvidenceFolder(str(folder)).known()]


def provider(
    store: MemoryStore, rules: list[dict[str, Any]], folder: object, **options: Any
) -> WindowsFirewallProvider:
    given = {"gather_through": "auto", "evidence_dir": str(folder), "rules": rules, **options}
    return WindowsFirewallProvider(Task.from_options(given), link_to(store))


def run(store: MemoryStore, rules: list[dict[str, Any]], folder: object, **options: Any) -> WindowsFirewallProvider:
    made = provider(store, rules, folder, **options)
    reconcile(made, check_mode=False)
    return made


def stats(made: WindowsFirewallProvider) -> tuple[int, int, int]:
    return made.round_trips, made.enumerations, made.writes


def only_warning(made: WindowsFirewallProvider) -> str:
    warnings = made.result()["warnings"]
    assert isinstance(warnings, list) and len(warnings) == 1
    return str(warnings[0])


def by_hand(store: MemoryStore, rules: Mapping[str, str] | None = None, problem: str = "") -> None:
    store.change(registry={"rules": rules or {}, "problem": problem})


def test_both_are_read_on_the_first_contact_with_a_build_and_the_registry_alone_from_then_on(
    tmp_path: pathlib.Path,
) -> None:
    store = MemoryStore.of(SIP_COM, *OF_OTHERS)
    first = run(store, [SIP], tmp_path / "evidence")
    assert stats(first) == (1, 1, 0) and recorded(tmp_path / "evidence") == [(BUILD, 5, 0)]
    assert stats(run(store, [SIP], tmp_path / "evidence")) == (1, 0, 0)
    store.change(build="20348.2701")
    assert stats(run(store, [SIP], tmp_path / "evidence")) == (1, 1, 0)
    assert [build for build, _rules, _count in recorded(tmp_path / "evidence")] == [BUILD, "20348.2701"]


def test_a_change_is_planned_over_com_and_takes_two_enumerations(tmp_path: pathlib.Path) -> None:
    evidence(tmp_path, EQUAL)
    narrowed = MemoryStore.of(WIDER_COM, *OF_OTHERS)
    assert stats(run(narrowed, [SIP], tmp_path)) == (3, 2, 1)
    assert stats(run(narrowed, [SIP], tmp_path)) == (1, 0, 0)
    assert stats(run(MemoryStore.of(*OF_OTHERS), [SIP], tmp_path)) == (3, 2, 1)
    removed = MemoryStore.of(SIP_COM, *OF_OTHERS)
    assert stats(run(removed, [], tmp_path)) == (3, 2, 1)
    assert [rule.name for rule in removed.rules()] == [str(other["Name"]) for other in OF_OTHERS]


@pytest.mark.parametrize("twin", [{**SIP_COM, "Grouping": "Contoso"}, {**SIP_COM, "Name": "sip", "Grouping": "x"}])
def test_a_rule_whose_name_others_have_too_is_found_among_all(twin: dict[str, Any], tmp_path: pathlib.Path) -> None:
    evidence(tmp_path, EQUAL)
    store = MemoryStore.of(twin, SIP_COM)
    made = run(store, [], tmp_path)
    assert (made.round_trips, made.enumerations) == (3, 3)
    assert [rule.group for rule in store.rules()] == [twin["Grouping"]]


def test_a_registry_that_is_behind_is_taken_neither_for_done_nor_for_a_failure(tmp_path: pathlib.Path) -> None:
    evidence(tmp_path, EQUAL)
    store = MemoryStore.of(WIDER_COM, switches={"registry_lags": True})
    assert stats(run(store, [SIP], tmp_path)) == (3, 2, 1)
    # The registry still shows the ports that are gone; COM says that there is nothing to do.
    again = run(store, [SIP], tmp_path)
    assert stats(again) == (2, 1, 0) and again.result()["changed"] is False
    assert stats(run(store, [SIP], tmp_path)) == (1, 0, 0)
    assert recorded(tmp_path) == [(BUILD, 5, 0)]


def test_where_they_differ_com_is_read_and_every_run_says_so(tmp_path: pathlib.Path) -> None:
    store = MemoryStore.of(SIP_COM, *OF_OTHERS)
    rule_id = store.document["rules"][0]["id"]
    by_hand(store, {rule_id: "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5070|Name=SIP|"})
    first = run(store, [SIP], tmp_path)
    assert stats(first) == (1, 1, 0) and recorded(tmp_path) == [(BUILD, 5, 1)]
    second = run(store, [SIP], tmp_path)
    assert stats(second) == (1, 1, 0)
    text = f"Windows build {BUILD} is read through COM, since the registry of one of its hosts differs from it"
    for made in (first, second):
        assert made.result()["warnings"] == [f"{text}: {tmp_path / f'{BUILD}.json'}"]
    (difference,) = EvidenceFolder(str(tmp_path)).known()[0].differences
    assert difference == f"rule SIP (id {rule_id}): another group, localport, remoteip than COM shows"


def test_they_disagree_although_they_were_the_same(tmp_path: pathlib.Path) -> None:
    evidence(tmp_path, EQUAL)
    store = MemoryStore.of(SIP_COM)
    rule_id = store.document["rules"][0]["id"]
    by_hand(store, {rule_id: "v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5070|Name=SIP|"})
    with pytest.raises(DeviceError, match=r"(?s)disagree about 1 rule; nothing was written:\n  - rule SIP .*run again"):
        run(store, [SIP], tmp_path)
    assert len(store.history) == 0
    # From now on COM counts on this build.
    assert stats(run(store, [SIP], tmp_path)) == (1, 1, 0)


@pytest.mark.parametrize(
    ("rules", "problem", "told"),
    [
        ({}, "Requested registry access is not allowed.", "Requested registry access is not allowed."),
        ({"{x}": "v2.31|Action=Allow|Dir=In|Protocol=6|LPo"}, "", "it has 2 rules, and COM counts 1"),
        ({"{x}": "v2.31|Action=Allow|Dir=In|Name=x|"}, "", "it has 2 rules, and COM counts 1"),
    ],
)  # fmt: skip
def test_a_registry_that_does_not_tell_all_is_said_and_com_asked(
    rules: dict[str, str], problem: str, told: str, tmp_path: pathlib.Path
) -> None:
    evidence(tmp_path, EQUAL)
    store = MemoryStore.of(SIP_COM)
    by_hand(store, rules, problem)
    made = run(store, [SIP], tmp_path)
    assert stats(made) == (2, 1, 0)
    warning = only_warning(made)
    assert f"the registry does not tell all rules, so COM was asked: {told}" in warning
    assert recorded(tmp_path) == [(BUILD, 5, 0)]


@pytest.mark.parametrize("text", ["v2.31|Action=Allow|Dir=In|Na", "v2.31|Action=Allow|Dir=In|IF={no}|Name=x|"])
def test_a_string_that_nobody_understands_is_no_evidence(text: str, tmp_path: pathlib.Path) -> None:
    store = MemoryStore.of(SIP_COM, {"Name": "x"})
    by_hand(store, {store.document["rules"][1]["id"]: text})
    assert stats(run(store, [SIP], tmp_path)) == (1, 1, 0) and recorded(tmp_path) == []


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"build": "20348.2700"}', json.dumps({**EQUAL, "differences": [1]}),
     json.dumps({**EQUAL, "rules": -1}), json.dumps({**EQUAL, "build": "20348.2699"}), json.dumps(EQUAL)[:-20], "\0"],
)  # fmt: skip
def test_evidence_that_is_not_whole_is_none(content: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / f"{BUILD}.json").write_text(content, encoding="utf-8")
    store = MemoryStore.of(SIP_COM)
    assert stats(run(store, [SIP], tmp_path)) == (1, 1, 0)
    assert recorded(tmp_path) == [(BUILD, 1, 0)]


def test_what_differs_on_one_host_stays_whatever_another_one_shows(tmp_path: pathlib.Path) -> None:
    folder = EvidenceFolder(str(tmp_path))
    folder.record(BUILD, 5, ())
    folder.record(BUILD, 4, ["rule A: it is not in the registry"])
    folder.record(BUILD, 5, ())
    assert recorded(tmp_path) == [(BUILD, 4, 1)]
    assert [path.name for path in tmp_path.iterdir()] == [f"{BUILD}.json"]


def test_evidence_that_cannot_be_kept_is_said(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    path.write_text("", encoding="utf-8")
    made = run(MemoryStore.of(SIP_COM), [SIP], path)
    assert stats(made) == (1, 1, 0)
    warning = only_warning(made)
    assert f"are the same on Windows build {BUILD} is not kept: " in warning


@pytest.mark.parametrize(("through", "enumerations"), [("registry", 0), ("com", 1)])
def test_one_way_is_asked_for(through: str, enumerations: int, tmp_path: pathlib.Path) -> None:
    made = run(MemoryStore.of(SIP_COM, *OF_OTHERS), [SIP], tmp_path, gather_through=through)
    assert stats(made) == (1, enumerations, 0) and recorded(tmp_path) == []


def test_without_a_folder_com_is_read_as_nothing_would_be_remembered() -> None:
    made = run(MemoryStore.of(SIP_COM), [SIP], "")
    assert stats(made) == (1, 1, 0) and made.result()["warnings"] == []
    with pytest.raises(InvalidInputError, match="gather_through: 'wmi' is no way; allowed: auto, com, registry"):
        Task.from_options({"gather_through": "wmi"})


def test_a_rule_that_changes_between_both_looks_is_not_written(tmp_path: pathlib.Path) -> None:
    evidence(tmp_path, EQUAL)
    store = MemoryStore.of(WIDER_COM, {"Name": "x", "Protocol": 6, "LocalPorts": "1"})
    made = provider(store, [SIP], tmp_path)
    made.gather()
    made.plan()
    rules = store.document["rules"]
    store.change(rules=[rules[0], {**rules[1], "LocalPorts": "2"}])
    writes = len(store.history)
    with pytest.raises(DeviceError, match="the firewall is not as it was gathered"):
        made.apply()
    assert len(store.history) == writes
