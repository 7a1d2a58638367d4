# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One rule is one value, however it is spelt."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import (
    from_options,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import differing

# Two spellings of one rule each; the right one in comma strings, other cases, masks, ranges or defaults written out.
SAME_OPTIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"localport": [5061, "5062"], "protocol": "tcp"}, {"localport": "5062,5061", "protocol": "6"}),
    ({"localport": "80-90", "protocol": "udp"}, {"localport": ["80-85", "86-90"], "protocol": 17}),
    ({"remoteip": ["10.0.0.0/24"]}, {"remoteip": "10.0.0.0/255.255.255.0"}),
    ({"remoteip": ["10.0.0.0/24"]}, {"remoteip": "10.0.0.7/24"}),
    ({"remoteip": ["10.0.0.0/25", "10.0.0.128/25"]}, {"remoteip": "10.0.0.0-10.0.0.255"}),
    ({"remoteip": ["10.0.0.1"]}, {"remoteip": "10.0.0.1-10.0.0.1"}),
    ({"remoteip": ["2001:db8::/64"]}, {"remoteip": "2001:DB8:0::/64"}),
    ({"remoteip": "LocalSubnet,DNS"}, {"remoteip": ["dns", "localsubnet"]}),
    ({"remoteip": "any"}, {"remoteip": ["0.0.0.0/0", "::/0"]}),
    ({"remoteip": "any"}, {"remoteip": ["10.0.0.0/8", "*", "LocalSubnet"]}),
    ({"remoteip": "any", "localip": "10.1.0.11"}, {"remoteip": "0.0.0.0/0", "localip": ["10.1.0.11"]}),
    ({"remoteip": "any", "localip": "2001:db8::1"}, {"remoteip": "::/0", "localip": ["2001:db8::1"]}),
    (
        {},
        {"profiles": "domain,private,public", "program": "any", "service": "Any", "protocol": "ANY", "enabled": "yes"},
    ),
    (
        {},
        {
            "direction": "In",
            "action": "ALLOW",
            "edge": False,
            "security": "notrequired",
            "interfacetypes": "any",
            "rows": ["S1"],
        },
    ),
    ({}, {"interfacetypes": ["lan", "wireless", "ras"], "localport": None, "description": None}),
    ({"protocol": "icmpv4", "icmp_type_code": "8:*"}, {"protocol": "1", "icmp_type_code": ["8:*"]}),
    ({"program": "C:\\Windows\\a.exe"}, {"program": "c:\\windows\\A.EXE"}),
]


@pytest.mark.parametrize(("one", "other"), SAME_OPTIONS)
def test_spellings_of_one_rule_do_not_differ(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert differing(from_options({"name": "x", **one}), from_options({"name": "x", **other})) == ()


DIFFERENT_OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("description", {"description": "new"}),
    ("direction", {"direction": "out"}),
    ("action", {"action": "block"}),
    ("enabled", {"enabled": False}),
    ("profiles", {"profiles": ["domain"]}),
    ("program", {"program": "C:\\b.exe"}),
    ("service", {"service": "*"}),
    ("protocol", {"protocol": "udp"}),
    ("localport", {"localport": "443"}),
    ("localport", {"localport": "80,RPC"}),
    ("remoteport", {"remoteport": "1024-65535"}),
    ("localip", {"localip": "10.0.0.1"}),
    ("remoteip", {"remoteip": "10.0.0.0/25"}),
    ("remoteip", {"remoteip": ["10.0.0.0/24", "LocalSubnet"]}),
    ("interfaces", {"interfaces": ["LAN 1"]}),
    ("interfacetypes", {"interfacetypes": ["lan"]}),
    ("edge", {"edge": "yes"}),
    ("security", {"security": "authenticate"}),
]


_BASE = {"name": "x", "protocol": "tcp", "localport": "80", "remoteip": "10.0.0.0/24"}


@pytest.mark.parametrize(("name", "options"), DIFFERENT_OPTIONS)
def test_each_property_is_compared_under_its_own_name(name: str, options: dict[str, Any]) -> None:
    assert differing(from_options(_BASE), from_options({**_BASE, **options})) == (name,)


def test_options_and_back_are_the_same_rule() -> None:
    for spellings in SAME_OPTIONS:
        rule = from_options({"name": "x", **spellings[0]})
        assert from_options(rule.to_options()) == rule
