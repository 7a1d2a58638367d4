# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults that other tools for Windows Firewall had, by the number of their report: whole runs on a simulated host."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.firewall.memory import MemoryStore
from tests.unit.firewall.windows.test_reconcile import run, stats

OURS = {"Name": "x", "Grouping": "msuc.lync", "Enabled": True}
TCP80 = {**OURS, "Protocol": 6, "LocalPorts": "80"}
WANT80 = {"name": "x", "protocol": "tcp", "localport": 80}
ICMP = {**OURS, "Protocol": 1}

RDP = {
    **TCP80, "LocalPorts": "3389", "Profiles": 3, "ApplicationName": "%SystemRoot%\\system32\\svchost.exe",
    "ServiceName": "termservice",
    "RemoteAddresses": "172.16.119.0/24,172.16.11.0/24",
}  # fmt: skip
WANT_RDP = {
    **WANT80, "localport": ["3389"], "profiles": "domain,private", "program": "%SystemRoot%\\system32\\svchost.exe",
    "service": "termservice",
    "remoteip": ["172.16.11.0/24", "172.16.119.0/24"],
}  # fmt: skip

# The report, the rule on the host as put there, the rule that is wanted: the host is as wanted, and nothing is written.
UNCHANGED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "community.windows 440: order of addresses",
        {**OURS, "RemoteAddresses": "10.0.0.2,10.0.0.1"},
        {"name": "x", "remoteip": "10.0.0.1,10.0.0.2"},
    ),
    ("community.windows: order of ports", {**TCP80, "LocalPorts": "5062,5061"}, {**WANT80, "localport": "5061,5062"}),
    ("community.windows 472: program any", OURS, {"name": "x", "program": "any"}),
    ("community.windows 180, ansible 28555: service any is no service", OURS, {"name": "x", "service": "any"}),
    ("ansible 22554: profile any", {**OURS, "Profiles": 7}, {"name": "x", "profiles": "any"}),
    ("ansible 22554: every profile", OURS, {"name": "x", "profiles": "domain,private,public"}),
    (
        "ansible 22786: one address",
        {**OURS, "RemoteAddresses": "192.168.1.1"},
        {"name": "x", "remoteip": "192.168.1.1"},
    ),
    (
        "ansible 22799: subnet mask",
        {**OURS, "RemoteAddresses": "192.168.0.0/24"},
        {"name": "x", "remoteip": "192.168.0.0/255.255.255.0"},
    ),
    (
        "ansible 44450: variables in paths",
        {**OURS, "ApplicationName": "%SystemRoot%\\a.exe"},
        {"name": "x", "program": "%systemroot%\\A.exe"},
    ),
    (
        "ansible 44450: escapes in paths",
        {**OURS, "ApplicationName": "C:\\new\\table.exe"},
        {"name": "x", "program": "C:\\new\\table.exe"},
    ),
    (
        "NetworkingDsc 404: host bits of a network",
        {**OURS, "RemoteAddresses": "10.0.240.1/8"},
        {"name": "x", "remoteip": "10.0.240.1/8"},
    ),
    (
        "NetworkingDsc 34: port words of the cmdlets",
        {**TCP80, "LocalPorts": "RPC-EPMap"},
        {**WANT80, "localport": "RPCEPMap"},
    ),
    (
        "NetworkingDsc 150: any that is written out",
        TCP80,
        {**WANT80, "remoteport": "any", "remoteip": "*", "interfacetypes": "any"},
    ),
    ("NetworkingDsc 348: wildcards in names", {**OURS, "Name": "a [b] *?`"}, {"name": "a [b] *?`"}),
    (
        "puppet-windows_firewall 14: order of addresses",
        {**OURS, "RemoteAddresses": "10.9.0.0/16,10.1.0.0/16"},
        {"name": "x", "remoteip": "10.1.0.0/16,10.9.0.0/16"},
    ),
    (
        "puppet-windows_firewall 17: ports of ICMP",
        {**ICMP, "IcmpTypesAndCodes": "8:*"},
        {"name": "x", "protocol": "icmpv4", "icmp_type_code": "8:*"},
    ),
    ("puppet-windows_firewall 18: an empty description", {**OURS, "Description": ""}, {"name": "x"}),
    (
        "chef 9512 and 9711: several addresses",
        {**OURS, "RemoteAddresses": "10.0.0.1,10.0.1.0/24"},
        {"name": "x", "remoteip": ["10.0.1.0/24", "10.0.0.1"]},
    ),
    ("chef: profiles in another order", {**OURS, "Profiles": 3}, {"name": "x", "profiles": "private, domain"}),
    ("chef: ports with blanks", {**TCP80, "LocalPorts": "80,443"}, {**WANT80, "localport": "443, 80"}),
    ("salt 54472 and 60603: no ports for any protocol", OURS, {"name": "x", "protocol": "any", "localport": "any"}),
    ("salt 31435 and 41860: quotes in names", {**OURS, "Name": "a \"b\" 'c' $(d)"}, {"name": "a \"b\" 'c' $(d)"}),
    (
        "community.windows 99, ansible 69984: a blank before the name, several ports",
        {**TCP80, "Name": " FWRule", "LocalPorts": "5000,5003"},
        {"name": " FWRule", "protocol": "tcp", "localport": "5000,5003"},
    ),
    ("chef 9542: ICMP without a type", {**OURS, "Protocol": 58}, {"name": "x", "protocol": "icmpv6"}),
    ("chef 9543, 9544 and 9546: no description is made up", TCP80, {**WANT80, "description": ""}),
    ("NetworkingDsc 130: Any for addresses", OURS, {"name": "x", "remoteip": "Any", "localip": "Any"}),
    ("NetworkingDsc 191: program, service and networks in a group", RDP, WANT_RDP),
    (
        "WindowsFirewallHelper 6: one IPv6 address",
        {**OURS, "RemoteAddresses": "2001:db8::1"},
        {"name": "x", "remoteip": "2001:db8::1"},
    ),
    (
        "WindowsFirewallHelper 64: ranges and networks mixed",
        {**OURS, "RemoteAddresses": "10.0.0.1-10.0.0.3,10.9.0.0/16"},
        {"name": "x", "remoteip": ["10.9.0.0/16", "10.0.0.1-10.0.0.3"]},
    ),
]


@pytest.mark.parametrize(("there", "want"), [case[1:] for case in UNCHANGED], ids=[case[0] for case in UNCHANGED])
@pytest.mark.parametrize("merges_overlaps", [False, True])
def test_no_change_is_reported(there: dict[str, Any], want: dict[str, Any], merges_overlaps: bool) -> None:
    store = MemoryStore.of(there, switches={"merges_overlaps": merges_overlaps})
    assert stats(run(store, [want])) == (1, 1, 0)
    fresh = MemoryStore.of(switches={"merges_overlaps": merges_overlaps})
    assert stats(run(fresh, [want])) == (2, 3, 1)
    assert stats(run(fresh, [want])) == (1, 1, 0)


# The report, the rule on the host, the rule that is wanted, the properties that are said to differ.
CHANGED: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    (
        "ansible 28555: service * on the host makes the rule useless",
        {**OURS, "ServiceName": "*"},
        {"name": "x"},
        ["service"],
    ),
    (
        "voxpupuli 71, salt add_rule: a rule of the name with another port",
        TCP80,
        {**WANT80, "localport": 443},
        ["localport"],
    ),
    (
        "community.windows: a limit that the task does not name",
        {**TCP80, "RemoteAddresses": "10.0.0.1"},
        WANT80,
        ["remoteip"],
    ),
    (
        "community.windows: TCP to ICMP",
        TCP80,
        {"name": "x", "protocol": "icmpv4", "icmp_type_code": "8:0"},
        ["protocol", "localport", "icmp_type_code"],
    ),
    ("community.windows: TCP to any", TCP80, {"name": "x"}, ["protocol", "localport"]),
    ("community.windows: edge traversal is set back", {**TCP80, "EdgeTraversalOptions": 1}, WANT80, ["edge"]),
    ("community.windows: security is set back", {**TCP80, "SecureFlags": 2}, WANT80, ["security"]),
    (
        "voxpupuli 23: port and address at once",
        {**TCP80, "RemoteAddresses": "10.0.0.1"},
        {**WANT80, "localport": 81, "remoteip": "10.0.0.2"},
        ["localport", "remoteip"],
    ),
    ("voxpupuli 49: a rule that is to be disabled", TCP80, {**WANT80, "enabled": False}, ["enabled"]),
    (
        "voxpupuli 134: one address more",
        {**TCP80, "RemoteAddresses": "10.0.0.1"},
        {**WANT80, "remoteip": "10.0.0.1,10.0.0.2"},
        ["remoteip"],
    ),
    (
        "NetworkingDsc 140 and 191: profiles of a rule with a group",
        TCP80,
        {**WANT80, "profiles": "domain,private"},
        ["profiles"],
    ),
    ("ansible 40164: protocol and ports where none were", OURS, WANT80, ["protocol", "localport"]),
    (
        "puppet-windows_firewall 18: a description is set back",
        {**OURS, "Description": "by hand"},
        {"name": "x"},
        ["description"],
    ),
]


@pytest.mark.parametrize(
    ("there", "want", "properties"), [case[1:] for case in CHANGED], ids=[case[0] for case in CHANGED]
)
def test_a_difference_is_named_and_made_good(
    there: dict[str, Any], want: dict[str, Any], properties: list[str]
) -> None:
    store = MemoryStore.of(there)
    changes = run(store, [want]).result()["changes"]
    assert isinstance(changes, list)
    assert [[prop["property"] for prop in change["properties"]] for change in changes] == [properties]
    assert stats(run(store, [want])) == (1, 1, 0)
    assert len(store.rules()) == 1


def test_community_windows_40_and_ansible_59824_namesakes_of_windows_and_of_appx_are_not_touched() -> None:
    theirs: list[dict[str, Any]] = [
        {
            "Name": "x",
            "Grouping": "@FirewallAPI.dll,-30267",
            "Protocol": 6,
            "LocalPorts": "5985",
            "Profiles": 4,
            "Enabled": True,
        },
        {
            "Name": "x",
            "Grouping": "@FirewallAPI.dll,-30267",
            "Protocol": 6,
            "LocalPorts": "5985",
            "Profiles": 3,
            "Enabled": True,
        },
        {"Name": "@{App_1.0?ms-resource://App/Resources/Name}", "Enabled": True},
        {"Name": "ms-resource://App/Name", "Enabled": True},
        # ansible 18807 and 20504: a host that speaks German.
        {
            "Name": "Windows-Remoteverwaltung (HTTP eingehend)",
            "Grouping": "Windows-Remoteverwaltung",
            "Protocol": 6,
            "LocalPorts": "5985",
            "Enabled": True,
        },
    ]
    store = MemoryStore.of(*theirs)
    foreign = list(store.document["rules"])
    assert stats(run(store, [WANT80])) == (2, 3, 1)
    assert stats(run(store, [WANT80])) == (1, 1, 0)
    run(store, [], state="replaced")
    assert store.document["rules"] == foreign


def test_ansible_24976_and_networkingdsc_130_removal_takes_no_more_than_it_should() -> None:
    """Removing by name or by group took rules of others along."""
    other = {"Name": "x", "Grouping": "msuc.lync2", "Enabled": True}
    store = MemoryStore.of(other, OURS, {**OURS, "Name": "y"}, other)
    run(store, [{"name": "x"}], state="deleted")
    assert [(rule.name, rule.group) for rule in store.rules()] == [
        ("x", "msuc.lync2"),
        ("y", "msuc.lync"),
        ("x", "msuc.lync2"),
    ]


def test_networkingdsc_112_503_and_dsc_1579_1667_what_nobody_declared_goes_from_the_group_and_nowhere_else() -> None:
    """Wishes since 2016; where they were granted without a limit, the rules of Windows went too."""
    stock = [
        {"Name": f"Stock {number}", "Grouping": "@FirewallAPI.dll,-1", "Direction": 1 + number % 2, "Enabled": True}
        for number in range(180)
    ]
    store = MemoryStore.of(*stock, {**OURS, "Name": "by hand"}, TCP80)
    result = run(store, [WANT80])
    assert [(rule.name, rule.group) for rule in store.rules() if rule.group != "@FirewallAPI.dll,-1"] == [
        ("x", "msuc.lync")
    ]
    assert (stats(result), len(store.rules())) == ((2, 3, 1), 181)
