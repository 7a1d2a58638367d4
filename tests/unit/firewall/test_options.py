# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of a rule: what is wrong with them, all at once, with what is allowed and the fix."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import (
    from_options,
    names_from_options,
    rules_from_options,
)

BAD_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "rule number 1, name: the rule has no name; fix: name it: the name is what the rule is matched by"),
    ({"name": "All"}, "rule All, name: 'All' is not a name that Windows takes; fix: choose another name"),
    (
        {"name": "a|b"},
        "rule a|b, name: 'a|b' cannot be used; allowed: a text of at most 9999 characters without any of |",
    ),
    ({"name": "n" * 10000}, "allowed: a text of at most 9999 characters without any of |"),
    ({"name": 7}, "rule number 1, name: 7 cannot be used"),
    ({"description": "d" * 10000}, "rule x, description: 'ddd"),
    (
        {"description": "a|b"},
        "rule x, description: 'a|b' cannot be used; allowed: a text of at most 9999 characters without any of |",
    ),
    (
        {"group": "a|b"},
        "rule x, group: 'a|b' cannot be used; allowed: a text of at most 9999 characters without any of |",
    ),
    ({"group": "g" * 10000}, "rule x, group: 'ggg"),
    *(
        ({"program": f"C:\\a{letter}b"}, 'allowed: a text of at most 259 characters without any of / * ? " < > |')
        for letter in '/*?"<>|'
    ),
    ({"program": "p" * 260}, "rule x, program: 'ppp"),
    *(
        ({"service": f"a{letter}b"}, "allowed: a text of at most 259 characters without any of / \\ |")
        for letter in "/\\|"
    ),
    ({"service": "s" * 260}, "rule x, service: 'sss"),
    ({"protocol": 257}, "rule x, protocol: 257 is not a protocol"),
    ({"protocol": -1}, "rule x, protocol: -1 is not a protocol"),
    ({"localport": 0, "protocol": "tcp"}, "rule x, localport: '0' is out of order or outside 1-65535"),
    ({"localport": "65536", "protocol": "tcp"}, "rule x, localport: '65536' is out of order or outside 1-65535"),
    ({"icmp_type_code": "8", "protocol": 1}, "rule x, icmp_type_code: 8: not an ICMP type and code"),
    ({"icmp_type_code": "8:256", "protocol": 58}, "rule x, icmp_type_code: 8:256: not an ICMP type and code"),
    (
        {"icmp_type_code": "8:0"},
        "rule x, icmp_type_code: ICMP types go with icmpv4 and icmpv6 only, and the protocol is any",
    ),
    (
        {"icmp_type_code": [f"{kind}:{code}" for kind in range(8) for code in range(128)], "protocol": 1},
        "rule x, icmp_type_code: 1024 entries; Windows takes 1000; fix: split the rule in two",
    ),
    ({"remoteip": "10.0.0.0/255.0.255.0"}, "rule x, remoteip: '10.0.0.0/255.0.255.0' is not an address"),
    (
        {"remoteip": "10.0.0.9-10.0.0.1"},
        "rule x, remoteip: '10.0.0.9-10.0.0.1' is not an address range: first and last must be of one family and in "
        "order",
    ),
    ({"remoteip": "10.0.0.9-2001:db8::1"}, "rule x, remoteip: '10.0.0.9-2001:db8::1' is not an address range"),
    ({"remoteip": "2001:db8::/129"}, "rule x, remoteip: '2001:db8::/129' is not an address"),
    ({"remoteip": "0.0.0.0"}, "rule x, remoteip: 0.0.0.0 is an unspecified or loopback address"),
    ({"localip": "::"}, "rule x, localip: :: is an unspecified or loopback address"),
    ({"remoteip": "::/0"}, "rule x, remoteip: all IPv6 addresses cannot be written"),
    (
        {"remoteip": "Localsubnets"},
        "rule x, remoteip: 'Localsubnets' is not an address, a network a/n or a range a-b; allowed: any, addresses",
    ),
    ({"localport": "RPCX", "protocol": "tcp"}, "rule x, localport: 'RPCX' is not a port or a range a-b"),
    ({"localport": "Teredo", "protocol": "tcp"}, "rule x, localport: Teredo goes with protocol udp only"),
    (
        {"localport": "Ply2Disc", "protocol": "udp", "direction": "out"},
        "rule x, localport: Ply2Disc: words are for inbound rules only",
    ),
    ({"remoteport": "IPHTTPS", "protocol": "tcp"}, "rule x, remoteport: IPHTTPS: words are for outbound rules only"),
    (
        {"remoteport": "IPHTTPS", "protocol": "udp", "direction": "out"},
        "rule x, remoteport: IPHTTPS goes with protocol tcp only",
    ),
    (
        {"interfaces": ["LAN", " "]},
        "rule x, interfaces: ['LAN', ' '] are not names of interfaces; allowed: any, or names as the host shows them",
    ),
    (
        {"interfaces": [f"LAN {number}" for number in range(1001)]},
        "rule x, interfaces: 1001 entries; Windows takes 1000",
    ),
    (
        {"interfacetypes": "wlan"},
        "rule x, interfacetypes: wlan: not among the choices; allowed: any, lan, ras, wireless",
    ),
    ({"edge": "deferapp", "direction": "out"}, "rule x, edge: edge traversal is for inbound rules only"),
    (
        {"edge": "deferuser", "protocol": "tcp", "program": "C:\\a.exe", "localport": 1},
        "rule x, edge: deferuser needs a program and a protocol and takes no ports",
    ),
    *(
        ({"security": word, "action": "block"}, "rule x, security: a rule that blocks")
        for word in ("authnoencap", "authdynenc", "authenc")
    ),
    ({"direction": "inn"}, "rule x, direction: 'inn' is not one of the choices; allowed: in, out; fix: write in"),
    ({"enabled": "maybe"}, "rule x, enabled: 'maybe' is neither true nor false; allowed: false, true"),
    (
        {"profiles": ["domain", "work"]},
        "rule x, profiles: work: not among the choices; allowed: any, domain, private, public",
    ),
    (
        {"protocol": "sctp"},
        "rule x, protocol: 'sctp' is not a protocol; allowed: any, icmpv4, icmpv6, tcp, udp, or a number 0 to 255",
    ),
    ({"protocol": 300}, "rule x, protocol: 300 is not a protocol"),
    ({"localport": True}, "rule x, localport: True is not a list or a comma separated text"),
    ({"localport": {"a": 1}}, "rule x, localport: {'a': 1} is not a list or a comma separated text"),
    (
        {"localport": "90-80"},
        "rule x, localport: '90-80' is out of order or outside 1-65535; allowed: any, ports 1-65535, ranges a-b, "
        "IPHTTPS",
    ),
    (
        {"remoteip": "10.0.0.300"},
        "rule x, remoteip: '10.0.0.300' is not an address, a network a/n or a range a-b; allowed: any, addresses, "
        "networks",
    ),
    (
        {"icmp_type_code": "300:1", "protocol": 1},
        "rule x, icmp_type_code: 300:1: not an ICMP type and code; allowed: any, or type:code",
    ),
    ({"local_port": 80}, "rule x, local_port: 'local_port' is not an option of a rule; allowed: action, "),
    ({"local_port": 80}, "; fix: write localport"),
    ({"xyzzy": 80}, "; fix: remove it"),
    (
        {"group": "mine"},
        "rule x, group: 'mine' is not the group that this task owns; allowed: msuc.lync; fix: leave the option out",
    ),
    (
        {"program": 'C:\\a".exe'},
        "rule x, program: 'C:\\\\a\".exe' cannot be used; allowed: a text of at most 259 characters",
    ),
    (
        {"localport": 80},
        "rule x, localport: ports go with TCP and UDP only, and the protocol is any; fix: set protocol to tcp or udp",
    ),
    ({"remoteport": 80, "protocol": 47}, "rule x, remoteport: ports go with TCP and UDP only, and the protocol is 47"),
    (
        {"icmp_type_code": "8:0", "protocol": "tcp"},
        "rule x, icmp_type_code: ICMP types go with icmpv4 and icmpv6 only, and the protocol is tcp",
    ),
    (
        {"remoteport": "RPC", "protocol": "tcp"},
        "rule x, remoteport: RPC: words are for local ports only; fix: write port numbers",
    ),
    (
        {"localport": "RPC", "protocol": "tcp", "direction": "out"},
        "rule x, localport: RPC: words are for inbound rules only",
    ),
    (
        {"localport": "RPC", "protocol": "udp"},
        "rule x, localport: RPC goes with protocol tcp only; fix: set protocol to tcp",
    ),
    (
        {"localip": "LocalSubnet"},
        "rule x, localip: LocalSubnet: words are for remote addresses only; fix: write addresses of the host",
    ),
    (
        {"remoteip": "::1"},
        "rule x, remoteip: ::1 is an unspecified or loopback address, which Windows refuses",
    ),
    (
        {"remoteip": "0.0.0.0/0"},
        "rule x, remoteip: all IPv4 addresses cannot be written: Windows refuses a mask of 0; fix: write any, which "
        "is IPv4 and IPv6",
    ),
    (
        {"edge": "yes", "direction": "out"},
        "rule x, edge: edge traversal is for inbound rules only; fix: set edge to no, or direction to in",
    ),
    ({"edge": "deferuser"}, "rule x, edge: deferuser needs a program and a protocol and takes no ports"),
    (
        {"security": "authenticate", "action": "block"},
        "rule x, security: a rule that blocks cannot ask for authentication",
    ),
]


@pytest.mark.parametrize(("options", "text"), BAD_OPTIONS)
def test_a_bad_option_is_named_with_what_is_allowed_and_the_fix(options: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        from_options({"name": "x", **options})
    assert text in str(raised.value)


def test_all_errors_of_all_rules_come_at_once() -> None:
    rules: list[dict[str, Any]] = [
        {"name": "a", "localport": 0, "remoteip": "x"},
        {"name": "b", "edge": "up"},
        {"name": "a"},
    ]
    with pytest.raises(InvalidInputError) as raised:
        rules_from_options(rules)
    places = [problem.place for problem in raised.value.problems]
    assert places == ["rule a, localport", "rule a, name", "rule a, remoteip", "rule b, edge"]
    assert str(raised.value).startswith("4 errors in the input:")


def test_names_alone_are_enough_where_rules_are_deleted() -> None:
    assert names_from_options([{"name": "a", "protocol": "nonsense"}, {"name": "b"}]) == {"a", "b"}
    with pytest.raises(InvalidInputError, match=r"rule number 1, name: the rule has no name"):
        names_from_options([{"protocol": "tcp"}])
    with pytest.raises(InvalidInputError, match=r"'nam' is not an option of a rule"):
        names_from_options([{"name": "a", "nam": "b"}])


@pytest.mark.parametrize("addresses", ["255.255.255.255", "224.0.0.251", "ff02::1:3"])
def test_addresses_of_many_hosts_beside_cards_are_for_windows_to_judge(addresses: str) -> None:
    rule = {"name": "x", "remoteip": addresses, "localip": "10.0.0.1", "interfaces": "LAN", "interfacetypes": "lan"}
    (made,) = rules_from_options([rule])
    assert made.remoteip.to_text() == (addresses,)
