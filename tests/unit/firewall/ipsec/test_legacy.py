# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Legacy IP Security Policies: the script of netsh ipsec static both ways, and the store of a host."""

from __future__ import annotations

import base64
import ipaddress
import struct
import uuid
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec import legacy
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.exemption import (
    exemptions_from_options,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.ipsec.legacy import PERMIT, read_assigned
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators import netsh_script

from .exemptions import exemptions
from .script_readers import parse_policy

UDP = {"name": "Lync exempt media (UDP)", "protocol": "udp", "localip": ["10.1.0.11"], "description": "Media."}


OWN = "msuc.lync"
ME, RANGE, ONE = 8, 2, 1


def one(**options: Any) -> Rule:
    return exemptions_from_options([{**UDP, **options}])[0]


def test_the_script_of_legacy_policies_is_complete() -> None:
    rules = [
        one(),
        one(
            name="Lync exempt sip",
            protocol="tcp",
            localport=5061,
            remoteip=["10.0.0.0/8", "2001:db8::/32", "10.9.0.1-10.9.0.5"],
        ),
    ]
    text = legacy.render_policy(legacy.policy_of(rules, "Lync exemptions"))
    store = netsh_script.legacy(text)
    assert (list(store["policies"]), store["assigned"]) == (["Lync exemptions"], "")
    assert {name: rule["filteraction"] for name, rule in store["rules"].items()} == dict.fromkeys(
        (rules[0].name, rules[1].name), "Lync permit"
    )
    assert store["actions"]["Lync permit"]["action"] == "permit"
    assert all(each["mirrored"] == "yes" for found in store["lists"].values() for each in found["filters"])
    # The range lies in the network, and an IPv4 address exchanges nothing with IPv6.
    assert [(each["dstaddr"], each["dstmask"]) for each in store["lists"]["Lync exempt sip"]["filters"]] == [
        ("10.0.0.0", "255.0.0.0")
    ]
    (first,) = store["lists"][rules[0].name]["filters"]
    assert (first["srcaddr"], first["dstaddr"], first["protocol"], first["srcport"], first["dstport"]) == (
        "10.1.0.11",
        "any",
        "UDP",
        "0",
        "0",
    )


@settings(max_examples=150)
@given(st.lists(exemptions(), max_size=3, unique_by=lambda rule: rule.name))
def test_parse_of_a_rendered_policy_is_the_same(rules: list[Rule]) -> None:
    policy = legacy.policy_of(rules, "Lync exemptions")
    assert parse_policy(legacy.render_policy(policy)) == policy


def test_a_filter_takes_no_range_of_ports() -> None:
    policy = legacy.policy_of([one(localport="5350-5389"), one(name="Lync exempt wide", localport="49152-65535")], "x")
    assert [(each.name, len(each.filters)) for each in policy.lists] == [(UDP["name"], 40)]
    assert policy.not_rendered == (
        "Lync exempt wide: a filter takes one port or any, and this exemption needs more than 256 filters",
    )


SPOILT = {
    "no description": ('description="Made by msuc.lync: media does not wait for IPsec."', "", "has no description"),
    "not mirrored": ("mirrored=yes", "mirrored=no", "is not mirrored"),
    "another action": ("action=permit", "action=block", "does not permit"),
    "no rule": ("ipsec static add rule", "# ipsec static add rule", "no rule permits it"),
    "nonsense": ("ipsec static add filter ", "ipsec static drop filter ", "adds nothing"),
}


@pytest.mark.parametrize("case", SPOILT.values(), ids=list(SPOILT))
def test_an_incomplete_policy_is_refused(case: tuple[str, str, str]) -> None:
    text = legacy.render_policy(legacy.policy_of([one()], "x"))
    with pytest.raises(InvalidInputError, match=case[2]):
        parse_policy(text.replace(case[0], case[1], 1))


def first_form(
    source: str,
    source_mask: str,
    protocol: int,
    port: int = 0,
    mirrored: int = 1,
    target: tuple[str, str] = ("0.0.0.0", "0.0.0.0"),
    target_port: int = 0,
) -> bytes:
    addresses = b"".join(
        ipaddress.IPv4Address(text).packed for text in (source, source_mask, *target, "0.0.0.0")
    )
    text = "x\0".encode("utf-16-le")
    names = struct.pack("<II", 0, 0) + struct.pack("<I", len(text)) + text
    return (
        names
        + uuid.uuid4().bytes_le
        + struct.pack("<I", mirrored)
        + addresses
        + struct.pack("<IHHBBH", protocol, port, target_port, 0, 0, 0)
    )


def second_form(source: tuple[int, int, bytes, bytes], ports: tuple[int, int, int], protocol: int) -> bytes:
    kind, version, start, end = source
    side = struct.pack("<II", kind, version) + start.ljust(16, b"\0") + end.ljust(16, b"\0")
    anyone = struct.pack("<II", 0, 1) + bytes(32)
    head = struct.pack("<III", 0, 0, 0) + uuid.uuid4().bytes_le + struct.pack("<I", 1)
    return (
        head
        + side
        + anyone
        + struct.pack("<IHH", *ports)
        + struct.pack("<IHH", 0, 0, 0)
        + struct.pack("<II", protocol, 8)
    )


def data(first: list[bytes], second: list[bytes] | None = None) -> dict[str, str]:
    found = (
        uuid.UUID("{80DC20B5-2EC8-11D1-A89E-00A0248D3021}").bytes_le
        + struct.pack("<II", sum(map(len, first)), len(first))
        + b"".join(first)
    )
    if second is not None:
        found += (
            uuid.UUID("{35FECD3D-AE29-4373-8A6A-C5D8FAB2FB08}").bytes_le
            + struct.pack("<III", 0, len(first), len(second))
            + b"".join(second)
        )
    return {"base64": base64.b64encode(found + b"\0").decode()}


def store(filters: dict[str, str], action: str = PERMIT) -> dict[str, Any]:
    """Return the store of a host with one policy that is assigned."""
    path = "SOFTWARE\\Policies\\Microsoft\\Windows\\IPSec\\Policy\\Local\\"
    objects = {
        "ipsecPolicy{1}": {"ipsecName": "Server", "ipsecNFAReference": [f"{path}ipsecNFA{{2}}"]},
        "ipsecNFA{2}": {
            "ipsecNegotiationPolicyReference": f"{path}ipsecNegotiationPolicy{{3}}",
            "ipsecFilterReference": [f"{path}ipsecFilter{{4}}"],
        },
        "ipsecNegotiationPolicy{3}": {"ipsecNegotiationPolicyAction": action},
        "ipsecFilter{4}": {"ipsecName": "Media", "ipsecData": filters},
    }
    return {"assigned": f"{path}ipsecPolicy{{1}}", "name": "Server", "policy_objects": objects, "domain": ""}


LEGACY: dict[str, tuple[dict[str, Any], bool]] = {
    "the same address": (store(data([first_form("10.1.0.11", "255.255.255.255", 17)])), True),
    "its network": (store(data([first_form("10.1.0.0", "255.255.255.0", 17)])), True),
    "any address, any protocol": (store(data([first_form("0.0.0.0", "0.0.0.0", 0)])), True),
    "me": (store(data([first_form("0.0.0.0", "255.255.255.255", 17)])), True),
    "me, as the other side": (
        store(data([first_form("0.0.0.0", "0.0.0.0", 17, target=("0.0.0.0", "255.255.255.255"))])),
        True,
    ),
    "the same address, as the other side": (
        store(data([first_form("0.0.0.0", "0.0.0.0", 17, target=("10.1.0.11", "255.255.255.255"))])),
        True,
    ),
    "another address": (store(data([first_form("10.1.0.12", "255.255.255.255", 17)])), False),
    "another protocol": (store(data([first_form("10.1.0.11", "255.255.255.255", 6)])), False),
    "one port": (store(data([first_form("10.1.0.11", "255.255.255.255", 17, port=5061)])), False),
    "one direction": (store(data([first_form("10.1.0.11", "255.255.255.255", 17, mirrored=0)])), False),
    "a block": (
        store(data([first_form("10.1.0.11", "255.255.255.255", 17)]), "{3F91A819-7647-11D1-864D-D46A00000000}"),
        False,
    ),
    "the pass-through that is no permit": (
        store(data([first_form("10.1.0.11", "255.255.255.255", 17)]), "{3F91A81A-7647-11D1-864D-D46A00000000}"),
        False,
    ),
    "me, in the later form": (store(data([], [second_form((ME, 3, b"", b""), (0, 0, 0), 17)])), True),
    "a range, in the later form": (
        store(data([], [second_form((RANGE, 1, bytes([10, 1, 0, 1]), bytes([10, 1, 0, 99])), (0, 0, 0), 17)])),
        True,
    ),
    "the later form counts": (
        store(
            data(
                [first_form("10.1.0.11", "255.255.255.255", 17)],
                [second_form((ONE, 1, bytes([10, 1, 0, 12]), b""), (0, 0, 0), 17)],
            )
        ),
        False,
    ),
    "a range of ports, in the later form": (
        store(data([], [second_form((ME, 3, b"", b""), (2, 49152, 65535), 17)])),
        False,
    ),
}


@pytest.mark.parametrize("case", LEGACY.values(), ids=list(LEGACY))
def test_what_an_assigned_policy_lacks(case: tuple[dict[str, Any], bool]) -> None:
    found = read_assigned(case[0])
    assert found is not None and (found.name, found.problem) == ("Server", "")
    assert found.lacks([one()]) == ([] if case[1] else [UDP["name"]])


ANYONE, HOST = ("0.0.0.0", "0.0.0.0"), ("0.0.0.0", "255.255.255.255")
# Source and target of a filter for one target port, and where that port is seen from the host.
SIDES: dict[str, tuple[tuple[str, str], tuple[str, str], set[str]]] = {
    "from the host": (HOST, ANYONE, {"remoteport"}),
    "to the host": (ANYONE, HOST, {"localport"}),
    "between anybody": (ANYONE, ANYONE, {"localport", "remoteport"}),
    "to an address that may be the host's": (ANYONE, ("10.1.0.11", "255.255.255.255"), {"localport", "remoteport"}),
}


@pytest.mark.parametrize("case", SIDES.values(), ids=list(SIDES))
def test_the_side_of_the_host_is_the_local_one(case: tuple[tuple[str, str], tuple[str, str], set[str]]) -> None:
    found = read_assigned(store(data([first_form(*case[0], 6, target=case[1], target_port=27017)])))
    assert found is not None
    ports = {name for rule in found.permits for name in ("localport", "remoteport") if not getattr(rule, name).is_any}
    assert (ports, len(found.permits)) == (case[2], len(case[2]))


def test_no_policy_is_assigned() -> None:
    assert read_assigned({"assigned": "", "name": "", "policy_objects": {}, "domain": ""}) is None


def test_a_policy_of_the_domain_is_named() -> None:
    found = read_assigned({"assigned": "", "name": "", "policy_objects": {}, "domain": "Secure Server"})
    assert found is not None and (found.name, found.domain) == ("Secure Server", "Secure Server")


NONSENSE: dict[str, Any] = {
    "short": {"base64": "AAAA"},
    "no base64": {"base64": "no base64!"},
    "missing": None,
    "cut off": data([first_form("10.1.0.11", "255.255.255.255", 17)[:30]]),
}


@pytest.mark.parametrize("filters", NONSENSE.values(), ids=list(NONSENSE))
def test_a_store_that_makes_no_sense_is_said_to_make_none(filters: Any) -> None:
    found = read_assigned(store(filters))
    assert found is not None and found.problem and found.lacks([one()]) == [UDP["name"]]
