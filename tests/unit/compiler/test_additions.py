# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules of a plan that no row of the catalogue knows: those of other roles, and that of management."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.options import rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import InventoryHost
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files

from .plan_schema import schema_errors

MANAGED = {"lync_management_rule": True, "lync_management_networks": ["10.9.0.0/24", "10.9.1.7"]}
EVERY_OPTION: dict[str, Any] = {
    "name": "Ping", "description": "d", "direction": "in", "action": "allow", "enabled": False, "profiles": ["domain"],
    "program": "C:\\a.exe", "service": "x",
    "protocol": "icmpv4", "icmp_type_code": ["8:*"], "interfacetypes": ["lan"], "edge": "yes",
    "security": "authenticate", "remoteip": "10.9.0.1-10.9.0.9",
}  # fmt: skip
EXTRA: list[dict[str, Any]] = [
    {"name": "Worm", "action": "block", "protocol": 47, "interfaces": ["LAN 1"]},
    EVERY_OPTION,
    {
        "name": "Backup",
        "protocol": "tcp",
        "localport": [10000, "10002-10004"],
        "localip": "10.1.0.11",
        "remoteip": "10.9.0.0/24,10.9.0.9",
    },
]


def planned(**variables: object) -> list[dict[str, Any]]:
    """Return the rules that a server has beside those of the catalogue, as in its plan file, which keeps the schema.
    """
    shared = {"lync_version": "2010", "ansible_host": "10.1.0.11", "lync_client_networks": ["10.10.0.0/16"]}
    plan = compile_inventory({"se01": InventoryHost("se01", ("standard_edition",), {**shared, **variables})})
    files = plan_files.rendered(plan)
    assert schema_errors(files) == []
    document: Any = plan_files.parsed(files)["hosts/se01.json"]
    return [rule for rule in document["firewall_rules"] if rule["rows"][0].startswith("lync_")]


def test_extra_rules_keep_what_they_say() -> None:
    rules = planned(lync_extra_firewall_rules=EXTRA)
    assert [rule["name"] for rule in rules] == ["Backup", "Ping", "Worm"]
    assert {rule["group"] for rule in rules} == {"msuc.lync"}
    wanted = {rule.name: rule for rule in rules_from_options(EXTRA)}
    assert {rule.name: rule for rule in rules_from_options(rules)} == wanted
    assert rules[0]["remoteip"] == ["10.9.0.0/24"]


@pytest.mark.parametrize(
    ("variables", "ports"),
    [
        ({}, ["5985-5986"]),
        ({"ansible_port": 15986, "ansible_connection": "psrp"}, ["15986"]),
        ({"ansible_connection": "ssh"}, ["22"]),
        ({"ansible_connection": "winrm", "ansible_port": "none"}, ["5985-5986"]),
    ],
)
def test_the_rule_of_management_admits_its_networks_to_the_ports_of_the_connection(
    variables: dict[str, object], ports: list[str]
) -> None:
    (rule,) = planned(**MANAGED, **variables)
    assert (rule["name"], rule["localport"], rule["remoteip"]) == (
        "Lync management (TCP in)",
        ports,
        ["10.9.0.0/24", "10.9.1.7"],
    )
    assert (rule["direction"], rule["action"], rule["enabled"], rule["localip"]) == ("in", "allow", True, ["any"])


def test_a_plan_holds_neither_unless_it_is_asked_to() -> None:
    assert planned(lync_management_networks=["10.9.0.0/24"]) == []
    assert planned(**MANAGED, lync_extra_firewall_rules=EXTRA, lync_member_state="retired") == []
