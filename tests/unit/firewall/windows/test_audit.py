# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts judged by their dumps: what differs, what is as planned, and what cannot be told."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.audit import Audited, audited

from tests.simulators.hive_file import write_hive

WANTED = {
    "name": "SIP",
    "group": "msuc.lync",
    "rows": ["S2"],
    "protocol": "tcp",
    "localport": ["5061"],
    "remoteip": ["10.1.0.0/24"],
    "program": "%ProgramFiles%\\x.exe",
}
PLANS: dict[str, Mapping[str, object]] = {"fe01": {"host": "fe01", "firewall_rules": [WANTED]}}
SIP = (
    "v2.28|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5061|RA4=10.1.0.0/255.255.255.0|App=C:\\Program "
    "Files\\x.exe|Name=SIP|EmbedCtxt=msuc.lync|"
)
SETUP = "v2.28|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Name=CS RTCSRV|"


def judged(directory: Path, *rules: str, state: State = State.REPLACED) -> Audited:
    """Return what is found of fe01 with these rules."""
    (directory / "fe01.json").write_text(json.dumps({f"{{{number}}}": text for number, text in enumerate(rules)}))
    return audited(PLANS, directory, state)


def changes(found: Audited, host: str = "fe01") -> list[dict[str, Any]]:
    """Return what would have to change on a host that was judged, in its firewall and in its exemptions."""
    assert not found.hosts[host].problem
    documents: list[Any] = list(found.hosts[host].documents.values())
    assert [document["changed"] for document in documents] == [bool(document["changes"]) for document in documents]
    return [change for document in documents for change in document["changes"]]


def test_a_host_as_planned(tmp_path: Path) -> None:
    found = judged(tmp_path, SETUP, SIP)
    assert changes(found) == []
    assert found.notes == ()
    firewall: Any = found.hosts["fe01"].documents["firewall"]
    assert [(effect["name"], effect["kinds"]) for effect in firewall["effects"]] == [("SIP", ["narrower_than"])]


EXTRA = SIP.replace("Name=SIP", "Name=Old")
DIFFERENT = ("change", "SIP", "different")
# The rules of the dump, and what would have to change: kind, name, cause, effect, properties.
DRIFT: dict[str, tuple[list[str], tuple[str, str, str], str, dict[str, tuple[object, object]]]] = {
    "missing": ([], ("add", "SIP", "missing"), "new admission", {}),
    "missing, and setup's rule admits it": (
        [SETUP.replace("|Name", "|App=C:\\Program Files\\x.exe|Name")],
        ("add", "SIP", "missing"),
        "already admitted by CS RTCSRV",
        {},
    ),
    "extra": ([SIP, EXTRA], ("remove", "Old", "not_wanted"), "still admitted by SIP", {}),
    "disabled": ([SIP.replace("TRUE", "FALSE")], DIFFERENT, "wider than before", {"enabled": (False, True)}),
    "a property": (
        [SIP.replace("5061", "5062")],
        DIFFERENT,
        "moved: admits something new and something less than before",
        {"localport": (["5062"], ["5061"])},
    ),
    "a token of no property": (
        [SIP + "Platform=2:6:2|"],
        DIFFERENT,
        "wider than before",
        {"restrictions": ({"Platform": "2:6:2"}, None)},
    ),
    "another program": (
        [SIP.replace("C:", "D:")],
        DIFFERENT,
        "moved: admits something new and something less than before",
        {"program": ("D:\\Program Files\\x.exe", "C:\\Program Files\\x.exe")},
    ),
    "twice": ([SIP, SIP], ("remove", "SIP", "duplicate"), "still admitted by SIP", {}),
}


@pytest.mark.parametrize(("rules", "change", "effect", "properties"), DRIFT.values(), ids=DRIFT)
def test_what_differs_is_named(
    rules: list[str],
    change: tuple[str, str, str],
    effect: str,
    properties: dict[str, tuple[object, object]],
    tmp_path: Path,
) -> None:
    (found,) = changes(judged(tmp_path, *rules))
    assert (found["kind"], found["name"], found["cause"]) == change
    assert found["effect"] == effect
    assert {item["property"]: (item["before"], item["after"]) for item in found["properties"]} == properties


def test_state_merged_leaves_out_what_is_not_wanted(tmp_path: Path) -> None:
    assert changes(judged(tmp_path, SIP, EXTRA, state=State.MERGED)) == []


def test_nothing_is_told_of_a_host_whose_own_rules_cannot_be_read(tmp_path: Path) -> None:
    bad = [SIP.replace("LPort=5061", f"LPort={number}") for number in (70001, 70002, 70003, 70004)]
    found = judged(tmp_path, SIP, *bad, SETUP.replace("Dir=In", "Dir=Up"))
    host = found.hosts["fe01"]
    message = str(host.documents["firewall"]["msg"])
    assert (host.problem, host.documents["firewall"]["failed"]) == ("unreadable", True)
    assert message.startswith("rule id '{1}', LPort: '70001' is neither a port nor a range; allowed: ")
    assert message.endswith("; and 1 more")
    assert found.notes == (
        "fe01: left out: rule id '{5}', Dir: 'Up' is not one of its words; allowed: In, Out; fix: correct the rule; "
        "of an export: make it again",
    )


def test_rules_of_others_that_cannot_be_read_are_noted(tmp_path: Path) -> None:
    found = judged(tmp_path, SIP, SETUP.replace("Protocol=6", "Protocol=x"))
    assert changes(found) == []
    assert len(found.notes) == 1


UNKNOWN: dict[str, tuple[dict[str, str], str, str]] = {
    "no dump": ({}, "no dump", "{dir} holds none of fe01.wfw, fe01.reg, fe01.json"),
    "several dumps": ({"fe01.reg": "", "fe01.json": "{}"}, "several dumps", "fe01.json, fe01.reg: keep one of them"),
    "no dump inside": (
        {"fe01.wfw": "text"},
        "unreadable",
        "dump {dir}/fe01.wfw: holds no key of local firewall rules; allowed: one of "
        "HKLM\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters"
        "\\FirewallPolicy\\FirewallRules; fix: export it again as docs/audit.md says",
    ),
}


@pytest.mark.parametrize(("files", "status", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_cannot_be_told(files: dict[str, str], status: str, message: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    host = audited(PLANS, tmp_path).hosts["fe01"]
    assert host.problem == status
    for document in host.documents.values():
        assert document == {"failed": True, "changed": False, "msg": message.format(dir=tmp_path)}
    assert host.documents.keys() == {"firewall", "ipsec"}
    assert audited(PLANS, tmp_path, ipsec="false").hosts["fe01"].documents.keys() == {"firewall"}


def test_dumps_of_nobody_are_noted_and_other_files_are_not(tmp_path: Path) -> None:
    for name in ("fe02.reg", "fe10.wfw", "notes.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "old.wfw").mkdir()
    assert judged(tmp_path, SIP).notes == ("no host of this run has the dumps fe02.reg, fe10.wfw",)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        audited(PLANS, tmp_path / "none")
    fix = "fix: name the directory that holds HOST.wfw, HOST.reg or HOST.json"
    assert list(map(str, caught.value.problems)) == [
        f"lync_audit_dir, {tmp_path / 'none'}: cannot be read: No such file or directory; {fix}"
    ]


PROFILES: list[tuple[dict[str, int], list[str]]] = [
    ({"EnableFirewall": 1, "DefaultInboundAction": 1, "DoNotAllowExceptions": 0}, []),
    ({"EnableFirewall": 0}, ["fe01: the firewall is off on profile private: it admits everything"]),
    (
        {"EnableFirewall": 1, "DoNotAllowExceptions": 1},
        ["fe01: profile private blocks everything that comes in, whatever the rules allow"],
    ),
    (
        {"EnableFirewall": 1, "DefaultInboundAction": 0},
        ["fe01: profile private allows what comes in unless a rule blocks it"],
    ),
]


@pytest.mark.parametrize(("values", "notes"), PROFILES)
def test_profiles_that_make_rules_ineffective_are_noted(
    values: dict[str, Any], notes: list[str], tmp_path: Path
) -> None:
    write_hive(tmp_path / "fe01.wfw", {"FirewallRules": [("{1}", SIP)], "StandardProfile": list(values.items())})
    found = audited(PLANS, tmp_path)
    assert changes(found) == []
    assert list(found.notes) == notes


POLICY_KEY = "HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"
MDM_BLOCK = "v2.32|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=5061|Name=Segmentation|"


def exported_with_mdm(directory: Path, rule: str, **profile: int) -> Audited:
    """Return what is found of an export as planned whose key of MDM has one rule, and settings of the domain."""
    keys = {"FirewallRules": {"{1}": SIP}, "Mdm\\FirewallRules": {"{2}": rule}, "Mdm\\DomainProfile": profile}
    lines = ["Windows Registry Editor Version 5.00"]
    for key, values in keys.items():
        lines += ["", f"[{POLICY_KEY}\\{key}]"]
        for name, value in values.items():
            escaped = str(value).replace("\\", "\\\\")
            lines.append(f'"{name}"=dword:{value:08x}' if isinstance(value, int) else f'"{name}"="{escaped}"')
    (directory / "fe01.reg").write_text("\n".join([*lines, ""]))
    return audited(PLANS, directory)


def test_a_block_of_mdm_counts_in_an_export(tmp_path: Path) -> None:
    found = exported_with_mdm(tmp_path, MDM_BLOCK)
    firewall: Any = found.hosts["fe01"].documents["firewall"]
    assert [effect["effect"] for effect in firewall["effects"]] == [
        "admits what no other rule does; ineffective: blocked by Segmentation (MDM)"
    ]
    assert (firewall["effects"][0]["effective"], changes(found)) == (False, [])


def test_a_rule_of_mdm_that_makes_no_sense_leaves_the_host_of_an_export_unknown(tmp_path: Path) -> None:
    found = exported_with_mdm(tmp_path, MDM_BLOCK.replace("Block", "Perhaps")).hosts["fe01"]
    message = str(found.documents["firewall"]["msg"])
    assert (found.problem, "Perhaps" in message) == ("unreadable", True)


def test_what_mdm_sets_of_a_profile_is_told_of_an_export(tmp_path: Path) -> None:
    found = exported_with_mdm(tmp_path, MDM_BLOCK, EnableFirewall=0)
    assert found.notes == ("fe01: the firewall is off on profile domain: it admits everything",)


def test_a_blocker_whose_name_is_a_text_of_a_library_is_named_by_its_id(tmp_path: Path) -> None:
    block = MDM_BLOCK.replace("Segmentation", "@FirewallAPI.dll,-36858")
    (tmp_path / "fe01.json").write_text(json.dumps({"{1}": SIP, "WFDPRINT-SPOOL-In-Active": block}))
    firewall: Any = audited(PLANS, tmp_path).hosts["fe01"].documents["firewall"]
    assert firewall["effects"][0]["effect"].endswith("ineffective: blocked by WFDPRINT-SPOOL-In-Active")


POLICY = "Software\\Policies\\Microsoft\\WindowsFirewall"
GROUP_BLOCK = "v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=5061|Name=Segmentation|"


def policy_file(*entries: tuple[str, str, str | int]) -> bytes:
    """Return the bytes of Registry.pol with these entries: key, name, value."""
    found = b"PReg" + struct.pack("<I", 1)
    for key, name, value in entries:
        data = struct.pack("<I", value) if isinstance(value, int) else f"{value}\0".encode("utf-16-le")
        kind = struct.pack("<I", 4 if isinstance(value, int) else 1)
        names = (f"{text}\0".encode("utf-16-le") for text in (key, name))
        parts = (*names, kind, struct.pack("<I", len(data)), data)
        found += "[".encode("utf-16-le") + ";".encode("utf-16-le").join(parts) + "]".encode("utf-16-le")
    return found


def effect_with(directory: Path, content: bytes, name: str = "fe01.pol") -> Any:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return judged(directory, SIP).hosts["fe01"].documents["firewall"]


BACKUP = "fe01.gpo/{1}/DomainSysvol/GPO/Machine/registry.pol"


@pytest.mark.parametrize("name", ["fe01.pol", BACKUP])
def test_a_block_of_a_group_policy_object_counts(tmp_path: Path, name: str) -> None:
    content = policy_file((POLICY, "PolicyVersion", 543), (f"{POLICY}\\FirewallRules", "{9}", GROUP_BLOCK))
    (effect,) = effect_with(tmp_path, content, name)["effects"]
    assert (effect["effective"], effect["effect"].partition("; ")[2]) == (
        False,
        "ineffective: blocked by Segmentation (Group Policy)",
    )


def test_an_object_that_switches_local_rules_or_the_firewall_off_counts(tmp_path: Path) -> None:
    merge = (f"{POLICY}\\DomainProfile", "AllowLocalPolicyMerge", 0)
    (effect,) = effect_with(tmp_path, policy_file(merge))["effects"]
    assert "Group Policy switches local rules off on domain" in effect["effect"]
    off = effect_with(tmp_path, policy_file((f"{POLICY}\\DomainProfile", "EnableFirewall", 0)))
    assert [condition["name"] for condition in off["conditions"]] == ["profile domain"]


def test_what_a_later_entry_takes_back_does_not_count(tmp_path: Path) -> None:
    rules = f"{POLICY}\\FirewallRules"
    for last in ((rules, "**delvals.", " "), (rules, "**del.{9}", " ")):
        (effect,) = effect_with(tmp_path, policy_file((rules, "{9}", GROUP_BLOCK), last))["effects"]
        assert effect["effective"]


@pytest.mark.parametrize("cut", [4, 9, 40, 200, -1])
def test_a_policy_file_that_is_damaged_leaves_the_host_unreadable(tmp_path: Path, cut: int) -> None:
    content = policy_file((f"{POLICY}\\FirewallRules", "{9}", GROUP_BLOCK))
    effect_with(tmp_path, content[:cut])
    host = judged(tmp_path, SIP).hosts["fe01"]
    assert host.problem == "unreadable"
    assert str(host.documents["firewall"]["msg"]).startswith("policy fe01.pol: cannot be read: ")


def test_a_rule_of_an_object_that_makes_no_sense_leaves_the_host_unreadable(tmp_path: Path) -> None:
    bad = (f"{POLICY}\\FirewallRules", "{9}", GROUP_BLOCK.replace("Block", "Perhaps"))
    assert "Perhaps" in effect_with(tmp_path, policy_file(bad))["msg"]
