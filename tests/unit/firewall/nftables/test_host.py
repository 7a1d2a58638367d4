# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers of a Linux host, and the guard of who manages it by SSH."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.addresses import AddressSet
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import AnswerError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.host import (
    LinuxHost,
    Ssh,
    lockouts,
    read_answer,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.options import rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.ruleset import Table

from .rules import table


@pytest.mark.parametrize(
    "text", ["{}", "flush ruleset", "{", "table inet msuc_lync {\n chain input {\n type filter\n }\n}"]
)
def test_an_answer_with_another_listing_is_an_error(text: str) -> None:
    with pytest.raises(AnswerError):
        read_answer({"listing": text, "content": None}, "/x")


def _host(*ssh: Ssh, addresses: tuple[str, ...] = ("10.1.0.5", "127.0.0.1", "2001:db8::5")) -> LinuxHost:
    return LinuxHost(None, "", None, addresses, ssh)


ADMIN = {"name": "SSH", "protocol": "tcp", "localport": 22, "remoteip": ["10.9.0.0/24", "2001:db8:9::/64"]}
BLOCK = {"name": "no", "action": "block", "remoteip": "10.9.0.128/25"}
NETWORKS = AddressSet.parse(["10.9.0.0/24", "2001:db8:9::/64"])


@pytest.mark.parametrize(
    ("rules", "shut"),
    [
        ([ADMIN], []),
        ([{**ADMIN, "remoteip": "10.9.0.0/24"}], ["2001:db8:9::/64"]),
        ([{**ADMIN, "localip": "10.1.0.5"}], ["2001:db8:9::/64"]),
        ([{**ADMIN, "protocol": "udp"}], ["10.9.0.0/24", "2001:db8:9::/64"]),
        ([{**ADMIN, "interfaces": "eth0"}], ["10.9.0.0/24", "2001:db8:9::/64"]),
        ([{**ADMIN, "remoteport": "1-1023"}], ["10.9.0.0/24", "2001:db8:9::/64"]),
        ([{"name": "everybody"}], []),
        ([ADMIN, {**BLOCK, "interfaces": "eth0"}], ["10.9.0.128/25"]),
    ],
)
def test_the_guard_knows_who_loses_ssh(rules: list[dict[str, Any]], shut: list[str]) -> None:
    after = table(rules_from_options(rules))
    found = lockouts(_host(Ssh(22)), None, after, NETWORKS)
    assert [line.split("shut for ")[1].split(";")[0] for line in found] == shut
    assert lockouts(_host(Ssh(22)), after, after, NETWORKS) == []
    assert lockouts(_host(Ssh(22)), after, None, NETWORKS) == []
    # Where nothing listens, and where the policy accepts, nobody loses anything but to a block.
    assert lockouts(_host(), None, after, NETWORKS) == []
    accepting = Table("accept", after.lines)
    has_block = any(rule.get("action") == "block" for rule in rules)
    assert bool(lockouts(_host(Ssh(22)), None, accepting, NETWORKS)) == has_block


def test_the_guard_counts_who_is_connected_and_goes_on_without_addresses() -> None:
    after = table(rules_from_options([ADMIN]))
    assert "192.0.2.7" in lockouts(_host(Ssh(22, "10.1.0.5", ("192.0.2.7",))), None, after, NETWORKS)[0]
    assert "TCP 2222) would be shut" in lockouts(_host(Ssh(2222), addresses=()), None, after, NETWORKS)[0]
