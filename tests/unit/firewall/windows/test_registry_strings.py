# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rule strings of the registry: published ones, every token, what is refused and why, laws of reading and writing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import AddressScope, Rule, differing
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.registry_strings import (
    parse_rule,
    parse_rules,
    render_rule,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.firewall import universe

LEAST = "v2.10|Action=Allow|Dir=In|Name=x|"
TCP = "v2.10|Action=Allow|Dir=In|Protocol=6|Name=x|"
# The example of [MS-GPFAS] 4.2, and rules as an export of Windows 10 has them.
SPECIFIED = (
    "v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Public|LPort=RPC|RPort=49000|"
    "LA4=192.168.1.0/255.255.255.0|"
    "LA4=192.168.0.0/255.255.255.0|RA4=LocalSubnet|RA6=LocalSubnet|App=c:\\path\\foo.exe|Name=Firewall Rule Test|"
    "Security=Authenticate|Security2_9=An-NoEncap|"
)
NETSH = "v2.28|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=5985|Name=winrm|"
SHIPPED = (
    "v2.28|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Public|LPort=5985|RA4=LocalSubnet|RA6=LocalSubnet|"
    "App=System|"
    "Name=@FirewallAPI.dll,-30253|Desc=@FirewallAPI.dll,-30256|EmbedCtxt=@FirewallAPI.dll,-30267|"
)
APPX = (
    "v2.28|Action=Allow|Active=TRUE|Dir=Out|Profile=Domain|Profile=Private|Profile=Public|"
    "Name=@{Microsoft.Windows.Search?ms-resource://x/y}|"
    "Desc=@{Microsoft.Windows.Search?ms-resource://x/z}|LUOwn=S-1-5-21-1-2-3-1001|AppPkgId=S-1-15-2-1-2|"
    "EmbedCtxt=@{Microsoft.Windows.Search?ms-resource://x/y}|"
    "Platform=2:6:2|Platform2=GTEQ|"
)


def with_tokens(tokens: str, base: str = LEAST) -> str:
    return f"{base}{tokens}|"


def options_of(text: str) -> dict[str, Any]:
    """Return what a string says beyond the least string with the same name."""
    least = parse_rule("id", LEAST).to_options()
    return {name: value for name, value in parse_rule("id", text).to_options().items() if least.get(name) != value}


def test_what_is_absent_has_the_default_of_the_grammar() -> None:
    assert parse_rule("id", LEAST) == Rule(name="x", enabled=False)
    assert Rule(name="x").protocol == 256
    assert Rule(name="x").profiles == {"domain", "private", "public"}


PUBLISHED: dict[str, tuple[str, dict[str, Any]]] = {
    "specification": (
        SPECIFIED,
        {
            "name": "Firewall Rule Test",
            "enabled": True,
            "protocol": "tcp",
            "profiles": ["public"],
            "localport": ["RPC"],
            "remoteport": ["49000"],
            "localip": ["192.168.0.0/23"],
            "remoteip": ["LocalSubnet"],
            "program": "c:\\path\\foo.exe",
            "security": "authnoencap",
        },
    ),
    "netsh": (NETSH, {"name": "winrm", "enabled": True, "protocol": "tcp", "localport": ["5985"]}),
    "shipped": (
        SHIPPED,
        {
            "name": "@FirewallAPI.dll,-30253",
            "description": "@FirewallAPI.dll,-30256",
            "group": "@FirewallAPI.dll,-30267",
            "enabled": True,
            "protocol": "tcp",
            "profiles": ["public"],
            "localport": ["5985"],
            "remoteip": ["LocalSubnet"],
            "program": "System",
        },
    ),
    "AppX": (
        APPX,
        {
            "name": "@{Microsoft.Windows.Search?ms-resource://x/y}",
            "description": "@{Microsoft.Windows.Search?ms-resource://x/z}",
            "group": "@{Microsoft.Windows.Search?ms-resource://x/y}",
            "direction": "out",
            "enabled": True,
            "restrictions": {
                "LocalUserOwner": "S-1-5-21-1-2-3-1001",
                "LocalAppPackageId": "S-1-15-2-1-2",
                "Platform": "2:6:2",
                "Platform2": "GTEQ",
            },
        },
    ),
}


@pytest.mark.parametrize(("text", "expected"), PUBLISHED.values(), ids=PUBLISHED)
def test_published_strings(text: str, expected: dict[str, Any]) -> None:
    assert options_of(text) == expected


# What one token, or one kind of token, says; on a rule of any protocol unless the base says otherwise.
SAID: dict[str, tuple[str, dict[str, Any]]] = {
    "Action": (LEAST.replace("Allow", "Block"), {"action": "block"}),
    "Action of IPsec": (LEAST.replace("Allow", "ByPass"), {"action": "bypass"}),
    "Dir": (LEAST.replace("In", "Out"), {"direction": "out"}),
    "Active": (with_tokens("Active=TRUE"), {"enabled": True}),
    "Active, false": (with_tokens("Active=FALSE"), {}),
    "Profile": (with_tokens("Profile=Domain|Profile=Private"), {"profiles": ["domain", "private"]}),
    "all profiles by name": (with_tokens("Profile=Public|Profile=Domain|Profile=Private"), {}),
    "Protocol": (with_tokens("Protocol=47"), {"protocol": "47"}),
    "Protocol, any": (with_tokens("Protocol=256"), {}),
    "LPort": (
        with_tokens("LPort=80|LPort=443|LPort=RPC-EPMap", TCP),
        {"protocol": "tcp", "localport": ["RPC-EPMap", "80", "443"]},
    ),
    "LPort2_10": (
        with_tokens("LPort=80|LPort2_10=81-90|LPort2_10=IPHTTPSIn", TCP),
        {"protocol": "tcp", "localport": ["IPHTTPS", "80-90"]},
    ),
    "LPort2_10, old word": (with_tokens("LPort2_10=IPTLSIn", TCP), {"protocol": "tcp", "localport": ["IPHTTPS"]}),
    "LPort2_20": (with_tokens("LPort2_20=Ply2Disc", TCP), {"protocol": "tcp", "localport": ["Ply2Disc"]}),
    "LPort, later words": (
        with_tokens("LPort2_24=mDNS|LPort2_29=TcpCDPSvc", TCP),
        {"protocol": "tcp", "localport": ["TcpCDPSvc", "mDNS"]},
    ),
    "LPort, words in any case": (
        with_tokens("LPort=rpc|LPort=TEREDO", TCP),
        {"protocol": "tcp", "localport": ["RPC", "Teredo"]},
    ),
    "LPort, all": (with_tokens("LPort2_10=1-65535", TCP), {"protocol": "tcp"}),
    "RPort": (with_tokens("RPort=1024|RPort2_10=1025-65535", TCP), {"protocol": "tcp", "remoteport": ["1024-65535"]}),
    "RPort, words": (
        with_tokens("RPort2_10=IPHTTPSOut|RPort2_28=CortanaOut", TCP),
        {"protocol": "tcp", "remoteport": ["CortanaOut", "IPHTTPS"]},
    ),
    "LA4, LA6": (with_tokens("LA4=10.0.0.1|LA6=2001:db8::1"), {"localip": ["10.0.0.1", "2001:db8::1"]}),
    "RA4 in all forms": (
        with_tokens("RA4=10.0.0.0/255.255.255.0|RA4=10.0.1.0/24|RA4=10.0.2.0-10.0.2.255|RA4=10.9.0.1"),
        {"remoteip": ["10.0.0.0-10.0.2.255", "10.9.0.1"]},
    ),
    "RA6 in all forms": (
        with_tokens("RA6=2001:db8::/64|RA6=2001:db8:9::1-2001:db8:9::1"),
        {"remoteip": ["2001:db8::/64", "2001:db8:9::1"]},
    ),
    "RA6 alone shuts IPv4 out": (with_tokens("RA6=2001:db8::1"), {"remoteip": ["2001:db8::1"]}),
    "words of both families": (
        with_tokens("RA4=DNS|RA6=DNS|RA4=DefaultGateway|RA6=DefaultGateway"),
        {"remoteip": ["DNS", "DefaultGateway"]},
    ),
    "words of one family": (with_tokens("RA4=LocalSubnet|RA6=DNS"), {"remoteip": ["DNS6", "LocalSubnet4"]}),
    "RA42, RA62": (
        with_tokens("RA42=IntrAnet|RA62=IntrAnet|RA42=RmtIntrAnet|RA62=RmtIntrAnet"),
        {"remoteip": ["Intranet", "RmtIntranet"]},
    ),
    "all addresses by range": (
        with_tokens("RA4=0.0.0.0-255.255.255.255|RA6=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        {},
    ),
    "ICMP4": (with_tokens("Protocol=1|ICMP4=8:*|ICMP4=3:4"), {"protocol": "icmpv4", "icmp_type_code": ["3:4", "8:*"]}),
    "ICMP6": (with_tokens("Protocol=58|ICMP6=128:*"), {"protocol": "icmpv6", "icmp_type_code": ["128:*"]}),
    "IF": (with_tokens("IF={A}|IF={B}"), {"interfaces": ["{A}", "{B}"]}),
    "IFType": (with_tokens("IFType=Lan|IFType=RemoteAccess"), {"interfacetypes": ["lan", "ras"]}),
    "IFType, all": (with_tokens("IFType=Lan|IFType=RemoteAccess|IFType=Wireless"), {}),
    "App": (with_tokens("App=%SystemRoot%\\system32\\svchost.exe"), {"program": "%SystemRoot%\\system32\\svchost.exe"}),
    "Svc": (with_tokens("Svc=*"), {"service": "*"}),
    "Name with signs": ("v2.10|Action=Allow|Dir=In|Name=a = b, \"c\" 'ü' [*]|", {"name": "a = b, \"c\" 'ü' [*]"}),
    "Desc": (with_tokens("Desc=Text = text"), {"description": "Text = text"}),
    "EmbedCtxt": (with_tokens("EmbedCtxt=msuc.lync"), {"group": "msuc.lync"}),
    "empty texts": (with_tokens("Desc=|EmbedCtxt=|App=|Svc="), {}),
    "Edge": (with_tokens("Edge=TRUE"), {"edge": "yes"}),
    "Edge, false": (with_tokens("Edge=FALSE"), {}),
    "Defer to the program": (with_tokens("Edge=TRUE|Defer=App"), {"edge": "deferapp"}),
    "Defer to the user": (with_tokens("Edge=TRUE|Defer=User"), {"edge": "deferuser"}),
    "Security": (with_tokens("Security=Authenticate"), {"security": "authenticate"}),
    "Security, encrypted": (with_tokens("Security=AuthenticateEncrypt"), {"security": "authenc"}),
    "Security2_9": (with_tokens("Security=Authenticate|Security2_9=An-NoEncap"), {"security": "authnoencap"}),
    "Security2": (with_tokens("Security=AuthenticateEncrypt|Security2=AnE-Nego"), {"security": "authdynenc"}),
    "flags that are off": (with_tokens("LSM=FALSE|LOM=FALSE|PCross=FALSE|AuthByPassOut=FALSE"), {}),
    "flags that are on": (with_tokens("LSM=TRUE"), {"restrictions": {"LSM": "TRUE"}}),
    "RMauth": (with_tokens("RMauth=O:LSD:"), {"restrictions": {"RemoteMachineAuthorizedList": "O:LSD:"}}),
    "RMAuth, RUAuth": (
        with_tokens("RMAuth=x|RUAuth=y"),
        {"restrictions": {"RemoteMachineAuthorizedList": "x", "RemoteUserAuthorizedList": "y"}},
    ),
    "LUAuth": (
        with_tokens("LUAuth=O:LSD:|LUAuth2_24=z"),
        {"restrictions": {"LocalUserAuthorizedList": "O:LSD:", "LUAuth2_24": "z"}},
    ),
    "unknown tokens": (
        with_tokens("NNm=a|Platform=2:6:1|Platform=2:6:2|New2_40=b"),
        {"restrictions": {"NNm": "a", "Platform": "2:6:1,2:6:2", "New2_40": "b"}},
    ),
    "the same twice": (with_tokens("Active=TRUE|Active=TRUE|EmbedCtxt=g|EmbedCtxt=g"), {"enabled": True, "group": "g"}),
    "ports without a protocol that has them": (
        with_tokens("Protocol=1|LPort=80"),
        {"protocol": "icmpv4", "restrictions": {"LPort": "80"}},
    ),
    "ICMP types of another protocol": (
        with_tokens("Protocol=58|ICMP4=8:*"),
        {"protocol": "icmpv6", "restrictions": {"ICMP4": "8:*"}},
    ),
    "an old version": (LEAST.replace("v2.10", "v2.0"), {}),
    "a later version": (LEAST.replace("v2.10", "v2.33"), {}),
}


@pytest.mark.parametrize(("text", "expected"), SAID.values(), ids=SAID)
def test_tokens(text: str, expected: dict[str, Any]) -> None:
    assert options_of(text) == expected


FIX = "fix: correct the rule; of an export: make it again"
PORTS = "is neither a port nor a range; allowed: 1-65535, a range a-b, a word such as RPC"
IPV4 = "is not IPv4; allowed: an IPv4 address, a network a/n, a range a-b, a word such as LocalSubnet"
REFUSED = {
    "nothing": (
        "",
        ["version: '' is not a version; allowed: v2.0 to v2.255", "end: the string is cut off: it does not end with |"],
    ),
    "another kind of text": (
        "hello",
        [
            "version: 'hello' is not a version; allowed: v2.0 to v2.255",
            "end: the string is cut off: it does not end with |",
        ],
    ),
    "another major version": (
        LEAST.replace("v2.10", "v3.0"),
        ["version: 'v3.0' is not a version; allowed: v2.0 to v2.255"],
    ),
    "a version alone": ("v2.10|", ["Action: is missing", "Dir: is missing", "Name: is missing"]),
    "cut off": (LEAST.rstrip("|"), ["end: the string is cut off: it does not end with |"]),
    "no name": ("v2.10|Action=Allow|Dir=In|", ["Name: is missing"]),
    "an empty name": ("v2.10|Action=Allow|Dir=In|Name=|", ["Name: is missing"]),
    "a bar in a name": (with_tokens("b", LEAST), ["'b': is not TOKEN=VALUE"]),
    "action": (
        LEAST.replace("Allow", "Drop"),
        ["Action: 'Drop' is not one of its words; allowed: Allow, Block, ByPass"],
    ),
    "direction": (LEAST.replace("=In", "=Forward"), ["Dir: 'Forward' is not one of its words; allowed: In, Out"]),
    "profile": (
        with_tokens("Profile=Home"),
        ["Profile: 'Home' is not one of its words; allowed: Domain, Private, Public"],
    ),
    "boolean": (with_tokens("Active=1"), ["Active: '1' is not one of its words; allowed: FALSE, TRUE"]),
    "protocol": (with_tokens("Protocol=257"), ["Protocol: '257' is not a protocol; allowed: a number 0 to 256"]),
    "port": (with_tokens("LPort=70000|LPort=0", TCP), [f"LPort: '{port}' {PORTS}" for port in (0, 70000)]),
    "port, any": (with_tokens("LPort=any", TCP), [f"LPort: 'any' {PORTS}"]),
    "empty port": (with_tokens("LPort=", TCP), [f"LPort: '' {PORTS}"]),
    "address": (with_tokens("RA4=10.0.0.256"), [f"RA4: '10.0.0.256' {IPV4}"]),
    "address, any": (with_tokens("RA4=Any"), [f"RA4: 'Any' {IPV4}"]),
    "family": (with_tokens("LA6=10.0.0.1"), [f"LA6: '10.0.0.1' {IPV4.replace('IPv4', 'IPv6')}"]),
    "ICMP": (
        with_tokens("Protocol=1|ICMP4=256:0"),
        ["ICMP4: '256:0' is not an ICMP type and code; allowed: type:code with numbers 0 to 255, the code also *"],
    ),
    "interface type": (
        with_tokens("IFType=Wired"),
        ["IFType: 'Wired' is not a type of interface; allowed: Lan, RemoteAccess, Wireless"],
    ),
    "twice with different values": (
        with_tokens("EmbedCtxt=a|EmbedCtxt=b"),
        ["EmbedCtxt: stands there 2 times with different values"],
    ),
}


@pytest.mark.parametrize(("text", "messages"), REFUSED.values(), ids=REFUSED)
def test_strings_that_are_refused(text: str, messages: list[str]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_rule("{1}", text)
    assert sorted(map(str, caught.value.problems)) == sorted(
        f"rule id '{{1}}', {message}; {FIX}" for message in messages
    )


def test_a_rule_with_tokens_of_no_field_equals_no_rule_without() -> None:
    marked = parse_rule("id", with_tokens("Platform=2:6:2"))
    assert differing(marked, parse_rule("id", LEAST)) == ("restrictions",)


def test_one_bad_string_leaves_the_others() -> None:
    parsed = parse_rules([("a", LEAST), ("b", "v2.10|Action=Allow|Dir=In|EmbedCtxt=msuc.lync|"), ("c", NETSH)])
    assert [rule.rule_id for rule in parsed.rules] == ["a", "c"]
    assert [refused.rule_id for refused in parsed.refused] == ["b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v2.10|Action=Allow|EmbedCtxt=msuc.lync|", True),
        ("v2.10|Action=Allow|EmbedCtxt=other|", False),
        ("v2.10|Action=Allow|Name=x|", False),
        ("v2.10|Action=Allow|Na", True),
        ("v2.10|Action=Allow|Name=x|EmbedCtxt=msuc", True),
        ("v2.10|Action=Allow|Name=x|Desc=long", True),
        ("v2.10|Action=Allow|Name=x|Em", True),
        ("v2.10|Action=Allow|Dir=Up|Name=x|EmbedCtxt=msuc.lync", True),
        ("v2.30|Action=Block|Name=theirs|RemoteIP=13.107.4.50", False),
        ("v2.10|Action=Allow|Name=x|EmbedCtxt=other", False),
        ("v2.10|Action=Allow|Name=x|EmbedCtxt=other|Edge=TR", False),
    ],
)
def test_a_refused_string_may_be_of_the_group_unless_it_shows_that_it_is_not(text: str, expected: bool) -> None:
    assert parse_rules([("a", text)]).refused[0].may_be_of("msuc.lync") is expected


@pytest.mark.parametrize(
    "text",
    [
        SPECIFIED.replace("LA4=192.168.1.0/255.255.255.0|LA4=192.168.0.0/255.255.255.0", "LA4=192.168.0.0/23"),
        NETSH,
        SHIPPED,
    ],
)
def test_published_strings_are_written_back_token_by_token(text: str) -> None:
    assert render_rule(parse_rule("id", text)) == text.replace("v2.28", "v2.10")


UNWRITABLE = {
    "restrictions": (
        Rule("x", restrictions=frozenset({("LSM", "TRUE")})),
        "rule x, LSM: 'TRUE' cannot be written; fix: write rules without restrictions only",
    ),
    "action": (Rule("x", action="7"), "rule x, action: '7' cannot be written; allowed: allow, block"),
    "text": (
        Rule("x", description="a|b"),
        "rule x, description: a text of a rule cannot hold |; fix: write another sign",
    ),
}


@pytest.mark.parametrize(("rule", "message"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_is_not_written(rule: Rule, message: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        render_rule(rule)
    assert list(map(str, caught.value.problems)) == [message]


_LETTERS = st.characters(exclude_characters="|", exclude_categories=("Cs", "Cc"))
_TEXT = st.text(_LETTERS, min_size=1, max_size=12).filter(lambda text: text.casefold() not in ("all", "any"))
_PORTS = st.lists(st.sampled_from(["80", "443", "1024-2048", "49152-65535"]), max_size=3)
_ADDRESSES = [
    "10.0.0.1",
    "10.1.0.0/16",
    "10.2.0.5-10.2.0.9",
    "2001:db8::/48",
    "2001:db8:9::1",
    "LocalSubnet",
    "DNS",
    "Intranet",
    "RmtIntranet",
]
_REMOTE = st.lists(st.sampled_from(_ADDRESSES), max_size=4)


@st.composite
def written(draw: st.DrawFn) -> Rule:
    """Return a rule of the module's options, over all that they can say."""
    protocol = draw(st.sampled_from(["tcp", "udp", "icmpv4", "icmpv6", "47", "any"]))
    has_ports, is_in = protocol in ("tcp", "udp"), draw(st.booleans())
    words = {"tcp": ["RPC", "RPC-EPMap", "IPHTTPS"], "udp": ["Teredo", "Ply2Disc"]}.get(protocol, []) if is_in else []
    options: dict[str, object] = {
        "name": draw(_TEXT),
        "description": draw(st.just("") | _TEXT),
        "direction": "in" if is_in else "out",
        "action": draw(st.sampled_from(["allow", "block"])),
        "enabled": draw(st.booleans()),
        "profiles": sorted(draw(st.sets(st.sampled_from(["domain", "private", "public"])))),
        "program": draw(st.sampled_from(["any", "%ProgramFiles%\\x.exe", "System"])),
        "service": draw(st.sampled_from(["any", "*", "RTCSRV"])),
        "protocol": protocol,
        "localport": draw(_PORTS) + draw(st.lists(st.sampled_from(words), max_size=2)) if has_ports and words else [],
        "remoteport": draw(_PORTS) if has_ports else [],
        "remoteip": draw(_REMOTE),
        "icmp_type_code": draw(st.sampled_from(["any", "8:*", "3:4,0:0"])) if protocol.startswith("icmp") else "any",
        "edge": draw(st.sampled_from(["no", "yes", "deferapp"])) if is_in else "no",
    }
    if draw(st.booleans()):
        options["localip"] = ["10.0.0.1"]
    else:
        options["interfacetypes"] = sorted(draw(st.sets(st.sampled_from(["lan", "wireless", "ras"]))))
    if options["action"] == "allow":
        options["security"] = draw(
            st.sampled_from(["notrequired", "authnoencap", "authenticate", "authdynenc", "authenc"])
        )
    return from_options(options)


@given(written())
def test_what_is_written_is_read_back(rule: Rule) -> None:
    assert parse_rule("id", render_rule(rule)) == rule


@given(written(), st.randoms())
def test_the_order_of_tokens_says_nothing(rule: Rule, random: Any) -> None:
    head, *tokens, end = render_rule(rule).split("|")
    random.shuffle(tokens)
    assert parse_rule("id", "|".join([head, *tokens, end])) == rule


@given(universe.rules())
def test_rules_of_the_small_universe_are_read_back(rule: Rule) -> None:
    assert parse_rule("id", render_rule(rule)) == rule


def test_a_word_of_one_family_is_written_for_that_family() -> None:
    rule = Rule("x", remoteip=AddressScope(AddressSet(), frozenset({"LocalSubnet4", "Intranet6"})))
    assert render_rule(rule) == "v2.20|Action=Allow|Active=TRUE|Dir=In|RA4=LocalSubnet|RA62=Intranet|Name=x|"
    assert parse_rule("id", render_rule(rule)).remoteip == AddressScope(
        AddressSet(), frozenset({"LocalSubnet4", "Intranet6"})
    )


_NAMES = [
    "Action",
    "Active",
    "Dir",
    "Profile",
    "Protocol",
    "LPort",
    "LPort2_10",
    "RPort",
    "RA4",
    "RA6",
    "LA4",
    "RA42",
    "ICMP4",
    "IF",
    "IFType",
    "Name",
    "EmbedCtxt",
    "Edge",
    "Defer",
    "Security",
    "Platform",
]
_VALUES = [
    "Allow",
    "TRUE",
    "In",
    "Public",
    "6",
    "1",
    "80",
    "1-",
    "10.0.0.1",
    "10.0.0.0/33",
    "::1",
    "fe80::1%4",
    "8:*",
    "Lan",
    "App",
    "x",
    "=",
    "\x00",
    "²",
    "any",
    "*",
    "-",
]
_TOKEN = st.tuples(st.sampled_from(_NAMES), st.sampled_from(_VALUES) | st.text(max_size=6)).map("=".join)


@given(
    st.lists(_TOKEN | st.text(max_size=5), max_size=12).map("|".join),
    st.sampled_from(["v2.10|", "v2.|", ""]),
    st.sampled_from(["|", ""]),
)
def test_hostile_strings_end_in_a_rule_or_in_reasons(body: str, head: str, end: str) -> None:
    parsed = parse_rules([("id", f"{head}{body}{end}")])
    assert len(parsed.rules) + len(parsed.refused) == 1
    assert all(refused.problems for refused in parsed.refused)
    for stored in parsed.rules:
        assert stored.rule.name
        assert stored.rule.direction in ("in", "out")
