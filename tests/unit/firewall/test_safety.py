# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands against changes: management that would be shut, connections that would be cut, rules without effect."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError, InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import RefusedError, reconcile
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.reconcile import Task, WindowsFirewallProvider

from tests.unit.firewall.memory import MemoryStore
from tests.unit.firewall.windows.test_reconcile import planned, run

PEER, NETWORK = "10.9.0.5", "10.9.0.0/24"
OURS = {"Name": "Old", "Grouping": "msuc.lync", "Protocol": 6, "LocalPorts": "5985", "Enabled": True}
STOCK = {
    "Name": "WinRM",
    "Grouping": "@FirewallAPI.dll,-30267",
    "Protocol": 6,
    "LocalPorts": "5985",
    "ApplicationName": "System",
    "Enabled": True,
}
SIP = {**OURS, "Name": "SIP", "LocalPorts": "5061"}
KEEP = {"name": "Old", "protocol": "tcp", "localport": 5985}
BLOCK = {"name": "Block", "protocol": "tcp", "localport": "5000-6000", "action": "block", "remoteip": "10.9.0.0/16"}
POLICY_RULE = "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5985|Name=From the domain|"
SHUT = "management: winrm (TCP 5985) on 10.1.0.11 would be shut for {} on profile domain; rules that go or block: {}"


def gathered(
    rules: list[dict[str, Any]], want: list[dict[str, Any]], document: dict[str, Any], **options: Any
) -> WindowsFirewallProvider:
    """Return a run on a host that listens on 5985 and 5061, and has one connection to the former."""
    store = MemoryStore.of(*rules)
    store.change(**{"listeners": ["0.0.0.0 5985"], "connections": [f"10.1.0.11 5985 {PEER}"], **document})
    return planned(store, want, **options)


def refused(run: WindowsFirewallProvider) -> list[str]:
    """Return the lines that stand against applying."""
    if not run.has_changes:
        return []
    reasons = run.check()
    first, *lines = str(RefusedError(reasons)).splitlines()
    assert first == "the changes are refused; nothing was written:"
    return lines


OFF = {"settings": {"1": {"firewall_enabled": False}}}
# what the host has, what is wanted, what else the host is, what the task says, and the line that the guard says ("" for
# none)
GUARD: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any], dict[str, Any], str]] = {
    "the only rule for the peer goes": ([OURS], [], {}, {}, SHUT.format(PEER, "Old")),
    "it is narrowed to others": ([OURS], [{**KEEP, "remoteip": "10.8.0.0/24"}], {}, {}, SHUT.format(PEER, "Old")),
    "it is narrowed around the peer": ([OURS], [{**KEEP, "remoteip": NETWORK}], {}, {}, ""),
    "it is narrowed to the peer, and the networks lose": (
        [OURS],
        [{**KEEP, "remoteip": PEER}],
        {},
        {"management_networks": [NETWORK]},
        SHUT.format("10.9.0.0-10.9.0.4, 10.9.0.6-10.9.0.255", "Old"),
    ),
    "it is disabled": ([OURS], [{**KEEP, "enabled": False}], {}, {}, SHUT.format(PEER, "Old")),
    "it loses the active profile": ([OURS], [{**KEEP, "profiles": "public"}], {}, {}, SHUT.format(PEER, "Old")),
    "it keeps the active profile": ([OURS], [{**KEEP, "profiles": "domain"}], {}, {}, ""),
    "it moves to another program": ([OURS], [{**KEEP, "program": "C:\\x.exe"}], {}, {}, SHUT.format(PEER, "Old")),
    "it moves to the program that listens": ([OURS], [{**KEEP, "program": "System"}], {}, {}, ""),
    "it is renamed": ([OURS], [{**KEEP, "name": "New"}], {}, {}, ""),
    "the rule of Windows stays": ([OURS, STOCK], [], {}, {}, ""),
    "the rule of Windows is for the local subnet only": (
        [OURS, {**STOCK, "RemoteAddresses": "LocalSubnet"}],
        [],
        {},
        {},
        SHUT.format(PEER, "Old"),
    ),
    "the rule of Windows is for another address": (
        [OURS, {**STOCK, "LocalAddresses": "10.1.0.99"}],
        [],
        {},
        {},
        SHUT.format(PEER, "Old"),
    ),
    "a rule for the local subnet goes": (
        [{**OURS, "RemoteAddresses": "LocalSubnet"}],
        [],
        {},
        {},
        SHUT.format(PEER, "Old"),
    ),
    "a block beats the rule of Windows": ([STOCK], [BLOCK], {}, {}, SHUT.format(PEER, "Block")),
    "a block for others": ([STOCK], [{**BLOCK, "remoteip": "10.8.0.0/16"}], {}, {}, ""),
    "a block on one remote port may hit": (
        [STOCK],
        [{**BLOCK, "remoteport": 50000}],
        {},
        {},
        SHUT.format(PEER, "Block"),
    ),
    "a block of outbound traffic": ([STOCK], [{**BLOCK, "direction": "out"}], {}, {}, ""),
    "the block was there already": ([OURS, {**STOCK, "Action": 0}], [], {}, {}, ""),
    "the firewall is off": ([OURS], [], OFF, {}, ""),
    "all is blocked anyway": ([OURS], [], {"settings": {"1": {"block_all_inbound": True}}}, {}, ""),
    "all is let in anyway": ([OURS], [], {"settings": {"1": {"default_inbound": 1}}}, {}, ""),
    "Group Policy switches it off": (
        [OURS],
        [],
        {"group_policy": {"rules": {}, "profiles": {"domain": {"EnableFirewall": 0}}}},
        {},
        "",
    ),
    "Group Policy admits too": ([OURS], [], {"group_policy": {"rules": {"{1}": POLICY_RULE}, "profiles": {}}}, {}, ""),
    "nobody is connected": ([OURS], [], {"connections": []}, {}, ""),
    "the networks lose although nobody is connected": (
        [OURS],
        [],
        {"connections": []},
        {"management_networks": [NETWORK]},
        SHUT.format(NETWORK, "Old"),
    ),
    "merged keeps it": ([OURS], [{**KEEP, "name": "New"}], {}, {"state": "merged"}, ""),
}


@pytest.mark.parametrize("case", GUARD.values(), ids=list(GUARD))
def test_the_guard_compares_before_and_after(case: Any) -> None:
    have, want, document, options, line = case
    run = gathered(have, want, document, accept_cut=True, **options)
    assert refused(run) == ([f"  - {line}"] if line else [])


def test_remote_desktop_and_ssh_are_guarded_too() -> None:
    rules = [{**OURS, "Name": "RDP", "LocalPorts": "3389"}, {**OURS, "Name": "SSH", "LocalPorts": "22"}]
    run = gathered(
        rules,
        [],
        {"listeners": ["0.0.0.0 22", "0.0.0.0 3389"], "connections": []},
        accept_cut=True,
        management_networks=[NETWORK],
    )
    assert [line.split(" on ")[0] for line in refused(run)] == [
        "  - management: ssh (TCP 22)",
        "  - management: rdp (TCP 3389)",
    ]


def test_phase_open_is_never_refused() -> None:
    assert refused(gathered([OURS], [{**KEEP, "remoteip": "10.8.0.0/24"}], {}, phase="open")) == []


SIP_HOST = {
    "listeners": ["0.0.0.0 5061"],
    "connections": ["10.1.0.11 5061 10.10.3.4", "10.1.0.11 5061 10.20.3.4", "::1 5061 ::1"],
}
SERVER = {**STOCK, "Name": "CS RTCSRV", "Grouping": None, "LocalPorts": "*", "ApplicationName": "C:\\RTCSrv.exe"}
WANT = {"name": "SIP", "protocol": "tcp", "localport": 5061}
PEERS = {
    "kind": "peers",
    "port": 5061,
    "address": "10.1.0.11",
    "peers": ["10.10.3.4", "10.20.3.4"],
    "rules": ["SIP"],
    "unless": [],
    "place": "TCP 5061 of 10.1.0.11",
}
LISTENER = {**PEERS, "kind": "listener", "peers": []}
CUTS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]] = {
    "the rule goes": ([SIP], [], [LISTENER, PEERS]),
    "it is narrowed to some of the peers": (
        [SIP],
        [{**WANT, "remoteip": "10.10.0.0/16"}],
        [{**PEERS, "peers": ["10.20.3.4"]}],
    ),
    "it takes another port": ([SIP], [{**WANT, "localport": 5062}], [LISTENER, PEERS]),
    "another rule stays": ([SIP, {**SIP, "Name": "Other", "Grouping": "Contoso"}], [], []),
    "a rule of a program stays and may admit them": (
        [SIP, SERVER],
        [],
        [{**LISTENER, "unless": ["CS RTCSRV"]}, {**PEERS, "unless": ["CS RTCSRV"]}],
    ),
    "nothing of theirs changes": ([SIP, OURS], [WANT], []),
    "a new block": (
        [SIP],
        [WANT, {**BLOCK, "remoteip": "10.20.0.0/16"}],
        [{**PEERS, "peers": ["10.20.3.4"], "rules": ["Block"]}],
    ),
}


@pytest.mark.parametrize(("have", "want", "cuts"), CUTS.values(), ids=list(CUTS))
def test_what_would_be_cut_is_named_with_the_rule(have: list[Any], want: list[Any], cuts: list[Any]) -> None:
    run = gathered(have, want, SIP_HOST)
    assert run.result()["connection_impact"] == cuts
    certain = [cut for cut in cuts if not cut["unless"]]
    assert len(refused(run)) == len(certain)
    assert refused(gathered(have, want, SIP_HOST, accept_cut=True)) == []


def test_a_cut_says_who_which_rule_and_the_way_out() -> None:
    assert refused(gathered([SIP], [], SIP_HOST))[1] == (
        "  - would cut peers 10.10.3.4, 10.20.3.4 on TCP 5061 of 10.1.0.11: only SIP admits them now; fix: keep the "
        "rule, or accept it: accept.yml of site.yml --check, or accept_cut of the module"
    )


@pytest.mark.parametrize(
    "document",
    [
        {"profiles": {"active": 1, "local_policy_modify_state": 1}},
        {"group_policy": {"rules": {}, "profiles": {"domain": {"AllowLocalPolicyMerge": 0}}}},
    ],
)
def test_where_local_rules_do_not_count_nothing_is_written(document: dict[str, Any]) -> None:
    run = gathered([], [WANT], document)
    assert refused(run) == [
        "  - Group Policy switches local rules off on profile domain; fix: mark the host lync_apply: handout"
    ]
    assert run.result()["warnings"] == [
        "Group Policy switches local rules off on profile domain: what this module writes there does not count"
    ]


def test_check_mode_tells_what_would_be_refused_and_does_not_fail() -> None:
    run = gathered([OURS], [], {})
    reconcile(run, check_mode=True)
    warnings = run.result()["warnings"]
    assert isinstance(warnings, list)
    assert warnings[0] == f"apply would refuse the changes: {SHUT.format(PEER, 'Old')}"
    refusing = run.result()["refused"]
    assert isinstance(refusing, list) and refusing[0] == SHUT.format(PEER, "Old")
    assert "refused" not in gathered([OURS], [], {}).result()


@pytest.mark.parametrize("store", ["group_policy", "mdm"])
def test_a_rule_of_group_policy_or_mdm_that_makes_no_sense_leaves_the_host_unknown(store: str) -> None:
    policy = {store: {"rules": {"{1}": "v2.10|Action=Perhaps|Dir=In|Name=x|"}, "profiles": {}}}
    with pytest.raises(DeviceError, match=r"what counts on this host is not known:\n  - rule id '.1.', Action: 'Perh"):
        gathered([], [], policy)


def test_group_policy_that_makes_no_sense_does_not_hide_what_is_there() -> None:
    policy = {"group_policy": {"rules": {"{1}": "v3.0|Action=Block|Dir=In|Name=x|"}, "profiles": {}}}
    warnings = gathered([OURS], [], policy, state="gathered").result()["warnings"]
    assert isinstance(warnings, list) and warnings[0].startswith("a rule of Group Policy or MDM is not understood: ")


def test_group_policy_rules_are_never_owned_nor_written() -> None:
    rule = POLICY_RULE.replace("|Name", "|EmbedCtxt=msuc.lync|Name")
    run = gathered([], [], {"group_policy": {"rules": {"{1}": rule}, "profiles": {}}})
    assert (run.operations(), run.result()["before"]) == ([], [])


OTHER = {"name": "Contoso Endpoint Firewall", "categories": [0, 2]}


def test_another_owner_of_the_firewall_leaves_the_host_unknown() -> None:
    with pytest.raises(DeviceError, match=r"this host is Contoso Endpoint Firewall, .*nothing was writ"):
        gathered([], [WANT], {"products": [OTHER]})


def test_a_product_that_owns_other_things_is_no_owner_of_the_firewall() -> None:
    assert gathered([], [WANT], {"products": [{**OTHER, "categories": [0, 1, 3]}]}).operations()


def test_what_is_there_can_be_read_beside_another_owner() -> None:
    assert gathered([OURS], [], {"products": [OTHER]}, state="gathered").result()["gathered"]


def test_older_lists_of_group_policy_are_named_and_nothing_is_built_on_them() -> None:
    older = ["GloballyOpenPorts on domain: 5061:TCP:*:Enabled:SIP", "AuthorizedApplications on standard: x:*:Disabled:"]
    outcome = gathered([], [WANT], {"older_lists": older})
    assert outcome.result()["warnings"] == [
        "Group Policy may admit more than the rules say, by its older list " + older[0]
    ]
    effects = outcome.result()["effects"]
    assert isinstance(effects, list) and effects[0]["effect"] == "new admission"


def test_a_product_that_may_filter_beside_the_firewall_is_named_and_changes_nothing_else() -> None:
    running = (["MpsSvc"], ["MpsSvc", "csfalconservice", "EkrnEpfw", "ekrn"])
    quiet, beside = (gathered([], [WANT], {"services": names}) for names in running)
    assert beside.operations() == quiet.operations()
    assert quiet.result()["warnings"] == []
    assert beside.result()["warnings"] == [
        f"{name} runs here and may block what the rules admit: ask it too" for name in ("CrowdStrike Falcon", "ESET")
    ]


def test_a_block_of_mdm_counts_and_is_named() -> None:
    block = "v2.10|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=5061|Name=Segmentation|"
    run = gathered([], [WANT], {"mdm": {"rules": {"{1}": block}, "profiles": {}}})
    effects = run.result()["effects"]
    assert isinstance(effects, list) and effects[0]["effect"].endswith("blocked by Segmentation (MDM)")
    assert run.operations() and not effects[0]["effective"]


@pytest.mark.parametrize(
    ("name", "policy", "open_profiles"),
    [
        ("domain", {}, ["profile domain"]),
        ("standard", {}, []),
        ("domain", {"domain": {"EnableFirewall": 1}}, []),
    ],
    ids=["off by MDM", "another profile", "Group Policy counts before MDM"],
)
def test_mdm_switches_the_firewall_off(name: str, policy: dict[str, Any], open_profiles: list[str]) -> None:
    mdm = {"rules": {}, "profiles": {name: {"EnableFirewall": 0}}}
    run = gathered([], [WANT], {"mdm": mdm, "group_policy": {"rules": {}, "profiles": policy}})
    conditions = run.result()["conditions"]
    assert isinstance(conditions, list) and [one["name"] for one in conditions] == open_profiles


@pytest.mark.parametrize("store", ["group_policy", "mdm"])
def test_what_is_read_only_changes_the_fingerprint(store: str) -> None:
    memory = MemoryStore.of(SIP)
    before = planned(memory, [WANT]).host.fingerprint
    memory.change(**{store: {"rules": {"{1}": POLICY_RULE}, "profiles": {}}})
    assert planned(memory, [WANT]).host.fingerprint != before


def test_what_changes_between_gather_and_apply_stops_it_before_the_first_write() -> None:
    store = MemoryStore.of(SIP)
    made = planned(store, [WANT, KEEP])
    store.change(group_policy={"rules": {"{1}": POLICY_RULE}, "profiles": {}})
    with pytest.raises(DeviceError, match="something else has changed it meanwhile; nothing was written, run again"):
        made.apply()
    assert len(store.rules()) == 1
    run(store, [WANT, KEEP])
    assert len(store.rules()) == 2


BAD = {
    "management_networks": (["10.9.0.0/33"], "management_networks: '10.9.0.0/33' "),
    "confirm_minutes": (1441, "confirm_minutes: 1441 is out of range; allowed: 0 to 1440"),
    "snapshot_keep": (0, "snapshot_keep: 0 is out of range; allowed: 1 to 1000"),
}


def test_bad_options_are_refused_together() -> None:
    with pytest.raises(InvalidInputError) as raised:
        Task.from_options({name: value for name, (value, _text) in BAD.items()})
    for _value, text in BAD.values():
        assert text in str(raised.value)
    with pytest.raises(
        InvalidInputError, match="there is nothing to bring back without a snapshot; fix: set snapshot to true"
    ):
        Task.from_options({"confirm_minutes": 5, "snapshot": False})


# Situations of a host on which rules that are there do not count: its document, other rules, and why.
NOT_COUNTING: dict[str, tuple[dict[str, Any], list[dict[str, Any]], str]] = {
    "off": ({"settings": {"1": {"firewall_enabled": False}}}, [], "profile domain: the firewall is off"),
    "open": ({"settings": {"1": {"default_inbound": 1}}}, [], "profile domain: what comes in is admitted unless"),
    "shields": ({"settings": {"1": {"block_all_inbound": True}}}, [], "without effect: all inbound traffic is blocked"),
    "no profile": ({"profiles": {"active": 0, "local_policy_modify_state": 0}}, [], "its profiles are not active"),
    "blocked": ({}, [{"Name": "Isolation", "Action": 0, "Protocol": 256, "Enabled": True}], "blocked by Isolation"),
}


@pytest.mark.parametrize("name", NOT_COUNTING)
@pytest.mark.parametrize("is_there", [True, False])
def test_rules_that_do_not_count_fail_the_task_after_they_were_brought(name: str, is_there: bool) -> None:
    document, others, reason = NOT_COUNTING[name]
    store = MemoryStore.of(*([OURS] if is_there else []), *others)
    store.change(**document)
    with pytest.raises(DeviceError, match=reason):
        run(store, [KEEP])
    assert [rule.name for rule in store.rules() if rule.group == "msuc.lync"] == [KEEP["name"]]


@pytest.mark.parametrize("name", NOT_COUNTING)
def test_rules_that_do_not_count_can_be_taken_away(name: str) -> None:
    document, others, _reason = NOT_COUNTING[name]
    store = MemoryStore.of(OURS, *others)
    store.change(**document)
    run(store, [], state="deleted")
    assert not [rule for rule in store.rules() if rule.group == "msuc.lync"]


def test_a_rule_for_another_network_than_the_host_is_in_may_stand_beside_others() -> None:
    run(MemoryStore.of(OURS), [KEEP, {**KEEP, "name": "At home", "profiles": ["private"]}])


def test_a_cut_is_accepted_by_its_place_and_no_other() -> None:
    place = "TCP 5061 of 10.1.0.11"
    assert refused(gathered([SIP], [], SIP_HOST, accepted_cuts=[place])) == []
    assert len(refused(gathered([SIP], [], SIP_HOST, accepted_cuts=["TCP 5062 of 10.1.0.11"]))) == 2


@pytest.mark.parametrize(
    ("folder", "is_good"),
    [
        ("D:\\msuc.lync\\snapshots", True),
        ("%ProgramData%\\lync snapshots", True),
        ("%ProgramFiles(x86)%\\lync", True),
        ("snapshots", False),
        ("C:x", False),
        ("..\\x", False),
        ("\\x", False),
        ("C:\\a\\..\\b", False),
        ("\\\\server\\share\\x", False),
        ("//server/share", False),
        ("D:/snapshots", False),
        ("%TEMP%", False),
        ("D:\\a\nb", False),
        ("D:\\snapshots\\", False),
    ],
)
def test_snapshots_lie_in_a_folder_of_a_local_drive_that_every_process_finds(folder: str, is_good: bool) -> None:
    if is_good:
        assert Task.from_options({"snapshot_dir": folder}).safety.directory == folder
        return
    with pytest.raises(InvalidInputError, match="is no folder of a local drive of the host, written in full"):
        Task.from_options({"snapshot_dir": folder})
