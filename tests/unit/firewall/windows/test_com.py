# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules as COM gives and takes them: what is put, and what Windows reads back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import (
    from_options,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import differing
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.com import from_com, to_com

EVERY_PROFILE = 0x7FFFFFFF


# What was put, and how Windows reads it back.
READ_BACK: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"remoteip": "127.0.0.1,192.168.1.1"},
        {"RemoteAddresses": "127.0.0.1/255.255.255.255,192.168.1.1/255.255.255.255"},
    ),
    ({"remoteip": "192.168.0.0/24"}, {"RemoteAddresses": "192.168.0.0/255.255.255.0"}),
    ({"remoteip": "192.168.0.1-192.168.0.5"}, {"RemoteAddresses": "192.168.0.1-192.168.0.5"}),
    ({"remoteip": "10.0.240.1/8"}, {"RemoteAddresses": "10.0.0.0/255.0.0.0"}),
    ({"remoteip": "2001:db8::1"}, {"RemoteAddresses": "2001:db8::1-2001:db8::1"}),
    ({"remoteip": "DHCP,LocalSubnet"}, {"RemoteAddresses": "LocalSubnet,DHCP"}),
    (
        {"remoteip": "localsubnet,dns,dhcp,wins,defaultgateway"},
        {"RemoteAddresses": "LocalSubnet,DNS,DHCP,WINS,DefaultGateway"},
    ),
    ({"remoteip": ["10.0.0.1-10.0.0.4", "10.9.0.0/16"]}, {"RemoteAddresses": "10.9.0.0/255.255.0.0,10.0.0.1-10.0.0.4"}),
    (
        {},
        {
            "LocalAddresses": "*",
            "RemoteAddresses": "*",
            "LocalPorts": None,
            "InterfaceTypes": "All",
            "Description": None,
        },
    ),
    ({"protocol": "tcp"}, {"Protocol": 6, "LocalPorts": "*", "RemotePorts": "*"}),
    ({"interfaces": ["LAN, first", "b"]}, {"Interfaces": ["B", "lan, first"]}),
    ({"interfaces": "any"}, {"Interfaces": []}),
    ({"interfacetypes": "ras,lan,wireless"}, {"InterfaceTypes": "Lan,Wireless,RemoteAccess"}),
    ({"interfacetypes": "ras,lan"}, {"InterfaceTypes": "Lan,RemoteAccess"}),
    ({"protocol": "icmpv4", "icmp_type_code": "8:*"}, {"Protocol": 1, "IcmpTypesAndCodes": "8:*"}),
    ({"protocol": "icmpv4", "icmp_type_code": ["11:0", "8:*"]}, {"Protocol": 1, "IcmpTypesAndCodes": "8:*,11:0"}),
    ({"protocol": "icmpv4"}, {"Protocol": 1, "IcmpTypesAndCodes": "*", "LocalPorts": "RPC"}),
    ({"protocol": "tcp", "localport": "rpc-epmap,135"}, {"Protocol": 6, "LocalPorts": "RPC-EPMap,135,"}),
    ({"protocol": "tcp", "localport": "rpc"}, {"Protocol": 6, "LocalPorts": "RPC,"}),
    ({"protocol": "tcp", "localport": "iphttps"}, {"Protocol": 6, "LocalPorts": "IPHTTPS"}),
    ({"protocol": "udp", "localport": "teredo"}, {"Protocol": 17, "LocalPorts": "Teredo,"}),
    ({"protocol": "udp", "localport": "ply2disc"}, {"Protocol": 17, "LocalPorts": "Ply2Disc"}),
    ({"protocol": "tcp"}, {"Protocol": 6, "LocalPorts": "*", "RemotePorts": "*", "IcmpTypesAndCodes": None}),
    ({"protocol": "47"}, {"Protocol": 47, "LocalPorts": None, "RemotePorts": None}),
    ({"program": "C:\\Windows\\system32\\x.exe"}, {"ApplicationName": "C:\\WINDOWS\\system32\\x.exe"}),
    ({"profiles": "domain,private,public"}, {"Profiles": 7}),
    ({"profiles": "private"}, {"Profiles": 2}),
    ({"edge": "deferapp"}, {"EdgeTraversalOptions": 2}),
    ({"description": ""}, {"Description": ""}),
]


@pytest.mark.parametrize(("options", "read"), READ_BACK)
def test_what_windows_reads_back_is_what_was_put(options: dict[str, Any], read: dict[str, Any]) -> None:
    put = {
        "Name": "x",
        "Grouping": "msuc.lync",
        "Direction": 1,
        "Action": 1,
        "Protocol": 256,
        "Profiles": EVERY_PROFILE,
        "Enabled": True,
    }
    assert differing(from_options({"name": "x", **options}), from_com({**put, **read})) == ()


def test_a_new_rule_is_put_with_the_protocol_before_the_ports_and_without_defaults() -> None:
    rule = from_options(
        {
            "name": "SIP",
            "protocol": "tcp",
            "localport": "5061",
            "remoteip": ["10.1.0.0/24", "10.2.0.1", "2001:db8::/48"],
            "profiles": "domain",
        }
    )
    assert list(to_com(rule).items()) == [
        ("Name", "SIP"),
        ("Grouping", "msuc.lync"),
        ("Direction", 1),
        ("Action", 1),
        ("Protocol", 6),
        ("LocalPorts", "5061"),
        ("RemoteAddresses", "10.1.0.0/24,10.2.0.1,2001:db8::/48"),
        ("Profiles", 1),
        ("Enabled", True),
    ]


def test_everything_on_a_host_can_be_read() -> None:
    odd = {
        "Name": None,
        "Protocol": "x",
        "LocalPorts": "abc",
        "RemoteAddresses": "what,1.2.3.4",
        "Action": 9,
        "Interfaces": ["b", "a"],
        "LocalUserOwner": "S-1",
        "SecureFlags": None,
    }
    rule = from_com(odd)
    assert rule.remoteip.to_text() == ("what", "1.2.3.4")
    assert rule.action == "9"
    assert (rule.to_options()["interfaces"], rule.to_options()["restrictions"]) == (
        ["a", "b"],
        {"LocalUserOwner": "S-1"},
    )
