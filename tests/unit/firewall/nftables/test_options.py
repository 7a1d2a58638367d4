# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of rules and of the module: what is refused, with its fix, and all at once."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.options import Task, rules_from_options


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("service", "W32Time", "nftables has no such limit"),
        ("program", "x.exe", "no such limit"),
        ("edge", "yes", "no such limit"),
        ("icmp_type_code", ["8:0"], "no such limit"),
        ("interfacetypes", "lan", "no such limit"),
        ("security", "authenticate", "no such limit"),
        ("profiles", "domain", "no profiles"),
        ("enabled", False, "switched off"),
        ("remoteip", "LocalSubnet", "words are for Windows"),
        ("localport", "RPC", "words are for Windows"),
        ("name", 'a "b"', "cannot be the comment"),
        ("name", "x" * 121, "cannot be the comment"),
        ("interfaces", "Local Area Connection", "not names of network interfaces"),
        ("localip", "2001:db8::1", "no address family in common"),
        ("protocol", "icmpv4", "ports go with TCP and UDP only"),
        ("remotip", "any", "write remoteip"),
    ],
)
def test_what_nftables_cannot_express_is_refused_with_its_fix(option: str, value: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message) as caught:
        rules_from_options(
            [{"name": "SIP", "protocol": "tcp", "localport": 5061, "remoteip": "10.1.0.0/24", option: value}]
        )
    assert all(problem.fix for problem in caught.value.problems)


def test_all_faults_of_a_task_are_told_at_once() -> None:
    wrong = {"management_networks": ["x"], "confirm_minutes": -1, "path": "a", "expected_addresses": ["b"]}
    options = {"state": "overridden", "rules": [{"protocol": "tcp"}], **wrong}
    with pytest.raises(InvalidInputError) as caught:
        Task.from_options(options)
    assert {problem.place for problem in caught.value.problems} == {
        "state", "rule number 1, name", "management_networks", "confirm_minutes", "path", "expected_addresses",
    }  # fmt: skip
