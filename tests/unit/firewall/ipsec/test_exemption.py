# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connection security rules as strings of the registry: examples of the specification, grammar, law of both ways."""

from __future__ import annotations

import random

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.exemption import (
    check_exemption,
    exemptions_from_options,
    parse_exemption,
    parse_exemptions,
    render_exemption,
    to_options,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from hypothesis import given, settings

from .exemptions import exemptions

# [MS-GPFAS] 4.3: an exemption, and the rule that it cuts into.
EXEMPTION = (
    "v2.10|Action=DoNotSecure|Protocol=6|Active=TRUE|EP1Port=5357|EP1Port=5358|EP1Port=5363|EP2_4=157.56.56.23|"
    "EP2_4=157.56.59.42|EP2_4=157.56.56.92|"
    "EP2_4=157.56.59.49|EP2_4=157.56.61.37|Name=Exempt TCP Ports on Specific boxes|Desc=|EmbedCtxt=|"
)
ISOLATION = (
    "v2.10|Action=SecureServer|Active=TRUE|Name=Domain Isolation Rule|Desc=AuthIP policy|"
    "Auth1Set={212D4E36-DB6C-4EDC-9A4F-EAA7CB0D5C18}|"
    "Auth2Set={1AFB4C4D-9B9E-4E1B-9B0D-3D7C6A2A6A30}|Crypto2Set={E5A5D32A-4BCE-4e4d-B07F-4AB1BA7E5FE2}|"
)


def test_the_exemption_of_the_specification() -> None:
    rule = parse_exemption("{1}", EXEMPTION)
    assert to_options(rule) == {
        "name": "Exempt TCP Ports on Specific boxes",
        "group": "",
        "description": "",
        "enabled": True,
        "profiles": ["domain", "private", "public"],
        "protocol": "tcp",
        "localip": ["any"],
        "remoteip": ["157.56.56.23", "157.56.56.92", "157.56.59.42", "157.56.59.49", "157.56.61.37"],
        "localport": ["5357-5358", "5363"],
        "remoteport": ["any"],
        "interfacetypes": ["any"],
    }


def test_the_rule_that_it_cuts_into() -> None:
    options = to_options(parse_exemption("{1}", ISOLATION))
    assert (options["action"], options["name"], options["protocol"], options["description"]) == (
        "require",
        "Domain Isolation Rule",
        "any",
        "AuthIP policy",
    )
    assert sorted(options["restrictions"]) == ["Auth1Set", "Auth2Set", "Crypto2Set"]  # type: ignore[call-overload]


@pytest.mark.parametrize("seed", range(5))
def test_tokens_stand_in_any_order(seed: int) -> None:
    for text in (EXEMPTION, ISOLATION):
        version, *tokens = text.removesuffix("|").split("|")
        random.Random(seed).shuffle(tokens)
        assert parse_exemption("{1}", "|".join([version, *tokens, ""])) == parse_exemption("{1}", text)


ACTIONS = {"DoNotSecure": None, "Boundary": "request", "SecureServer": "require", "Secure": "require_both"}


@pytest.mark.parametrize("action", ACTIONS)
def test_actions(action: str) -> None:
    assert to_options(parse_exemption("{1}", f"v2.33|Action={action}|Name=x|")).get("action") == ACTIONS[action]


def test_what_has_no_field_is_kept_and_what_says_nothing_is_not() -> None:
    """Tokens of later versions and tunnels make a rule another one; FALSE, 0 and an empty token do not."""
    plain = parse_exemption("{1}", "v2.10|Action=DoNotSecure|Active=TRUE|Name=x|")
    silent = "v2.33|Action=DoNotSecure|Active=TRUE|Name=x|SecureInClearOut=FALSE|FwdLifetime=0|KeyMod=|Desc=|"
    assert parse_exemption("{1}", silent) == plain
    assert parse_exemption("{1}", "v2.33|Action=DoNotSecure|Active=TRUE|Name=x|Future=1|").restrictions == {
        ("Future", "1")
    }
    assert parse_exemption("{1}", "v2.33|Action=Secure|Active=TRUE|Name=x|RTunnel4=10.0.0.1|").restrictions == {
        ("RTunnel4", "10.0.0.1")
    }
    # Ports of a protocol that has none are no limit of a Rule.
    assert parse_exemption("{1}", "v2.10|Action=DoNotSecure|Name=x|Protocol=47|EP1Port=5|").restrictions == {
        ("EP1Port", "5")
    }


def test_a_rule_without_active_is_off() -> None:
    assert parse_exemption("{1}", "v2.10|Action=DoNotSecure|Name=x|").enabled is False


BROKEN = {
    "v3.0|Action=DoNotSecure|Name=x|": "'v3.0' is not a version",
    "v2.10|Action=DoNotSecure|Name=x": "the string is cut off",
    "v2.10|Action=Allow|Name=x|": "'Allow' is not one of its words; allowed: Boundary, DoNotSecure, Secure, "
    "SecureServer",
    "v2.10|Action=DoNotSecure|Name=a|b|": "'b'",
    "v2.10|Action=DoNotSecure|": "Name",
    "v2.10|Action=DoNotSecure|Name=x|EP1_4=10.1.0.999|": "is not IPv4",
    "v2.10|Action=DoNotSecure|Name=x|EP2_6=10.1.0.9|": "is not IPv6",
    "v2.10|Action=DoNotSecure|Name=x|Protocol=6|EP1Port=70000|": "is neither a port nor a range",
    "v2.10|Action=DoNotSecure|Name=x|Active=TRUE|Active=FALSE|": "stands there 2 times with different values",
}


@pytest.mark.parametrize("text", BROKEN)
def test_broken_strings_are_refused_with_the_reason(text: str) -> None:
    (refused,) = parse_exemptions([("{1}", text)]).refused
    assert BROKEN[text] in "; ".join(map(str, refused.problems))


@settings(max_examples=200)
@given(exemptions())
def test_parse_of_render_is_the_same(rule: Rule) -> None:
    assert parse_exemption("{1}", render_exemption(rule)) == rule


def test_only_exemptions_are_written() -> None:
    for text in (ISOLATION, EXEMPTION.replace("Desc=|", "Auth1Set={1}|")):
        with pytest.raises(InvalidInputError):
            render_exemption(parse_exemption("{1}", text))


def test_an_exemption_carries_no_sets() -> None:
    rule = parse_exemption("{1}", EXEMPTION.replace("Desc=|", "Auth1Set={1}|"))
    assert "an exemption carries no authentication or crypto set" in str(check_exemption(rule, "rule x")[0])


UDP = {"name": "x", "protocol": "udp"}
BAD: dict[str, tuple[dict[str, object], str]] = {
    "a word for ports": ({**UDP, "localport": "RPC"}, "connection security rules take no words for ports"),
    "ports without a protocol": ({"name": "x", "localport": 80}, "ports go with TCP and UDP only"),
    "ports of ICMP": ({"name": "x", "protocol": "icmpv4", "remoteport": 80}, "ports go with TCP and UDP only"),
    "an address and an interface": (
        {**UDP, "localip": "10.1.0.11", "interfacetypes": "lan"},
        "interface types and local addresses exclude each other",
    ),
    "two interface types": (
        {**UDP, "interfacetypes": "lan,wireless"},
        "neither New-NetIPsecRule nor netsh takes two types",
    ),
    "multicast": ({**UDP, "remoteip": "224.0.0.1"}, "multicast"),
    "no name": ({"protocol": "udp"}, "the rule has no name"),
    "a name of no use": ({**UDP, "name": "ALL"}, "is not a name that Windows takes"),
    "a bar": ({**UDP, "name": "a|b"}, "cannot be used"),
    "a long description": ({**UDP, "description": "x" * 10000}, "at most 9999"),
    "an authentication set": ({**UDP, "auth1set": "{1}"}, "an exemption carries no authentication or crypto set"),
    "a direction": ({**UDP, "direction": "in"}, "'direction' is not an option of a rule"),
    "an action": ({**UDP, "action": "block"}, "'action' is not an option of a rule"),
    "another group": ({**UDP, "group": "Contoso"}, "is not the group that this task owns"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=list(BAD))
def test_what_windows_would_refuse_is_refused_before_contact(case: tuple[dict[str, object], str]) -> None:
    with pytest.raises(InvalidInputError) as raised:
        exemptions_from_options([case[0]])
    assert case[1] in str(raised.value)


def test_every_fault_of_every_exemption_comes_at_once() -> None:
    with pytest.raises(InvalidInputError) as raised:
        exemptions_from_options([options for options, _message in BAD.values() if options.get("name") == "x"])
    assert len(raised.value.problems) >= 10
