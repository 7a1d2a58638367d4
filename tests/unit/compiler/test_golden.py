# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plans of the examples are as reviewed, in tests/golden; `make golden` renews them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, parse, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import Version
from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._report.papers import papers

from .examples import NAMES, ROOT, example
from .plan_schema import schema_errors

PORT_ROWS = {f"S{number}" for number in range(1, 56)}
IPSEC_ROWS = {f"I{number}" for number in range(1, 16)}


def texts(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text(encoding="utf-8")
        for path in directory.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", NAMES)
def test_plan_is_the_golden_one(name: str, tmp_path: Path) -> None:
    plan = compile_inventory(example(name))
    index = (plan.known_addresses, plan.inputs, plan.names)
    plan_files.write(tmp_path, {**plan_files.rendered(plan), **papers(plan)}, *index)
    made, golden = texts(tmp_path), texts(ROOT / "tests" / "golden" / name)
    assert sorted(made) == sorted(golden), "run `make golden` and read what it changes"
    different = [path for path in made if made[path] != golden[path]]
    assert different == [], "run `make golden` and read what it changes"


@pytest.mark.parametrize("name", NAMES)
def test_plan_files_keep_the_schema(name: str) -> None:
    assert schema_errors(plan_files.rendered(compile_inventory(example(name)))) == []


def rows_in(section: str, kind: str) -> set[str]:
    documents = (
        json.loads(text)
        for path, text in texts(ROOT / "tests" / "golden" / "contoso").items()
        if path.startswith(kind)
    )
    return {row for document in documents for item in document[section] for row in item["rows"]}


def test_contoso_uses_every_row_of_the_first_edition() -> None:
    rules, exemptions = rows_in("firewall_rules", "hosts/"), rows_in("ipsec_exemptions", "hosts/")
    assert PORT_ROWS - rules == set()
    assert IPSEC_ROWS - exemptions == set()


# Full examples, their versions, and the classes of peers that have no member there, each with its reason.
FULL = {
    "contoso": (
        Version.LYNC_2010,
        {
            "persistent_chat": "a role from 2013 on",
            "video_interop": "a role from 2015 on",
            "office_web_apps": "served from 2013 on",
            "media_networks": "all media end on hosts and in networks of clients",
        },
    ),
    "fabrikam": (Version.SFB_SE, {"persistent_chat": "a role of 2013 and 2015 alone"}),
}


@pytest.mark.parametrize("name", FULL)
def test_full_examples_use_every_row_of_their_version(name: str) -> None:
    version, without = FULL[name]
    plan, catalogue = compile_inventory(example(name)), parse(read_document(default_path()))
    used = {row for host in plan.hosts.values() for rule in host.firewall_rules for row in rule.rows}
    exempted = {row for host in plan.hosts.values() for rule in host.ipsec_exemptions for row in rule.rows}
    for rows, found in ((catalogue.ports, used), (catalogue.ipsec, exempted)):
        own = [row for row in rows if version in row.versions and row.enabled]
        assert own and [row.id for row in own if not found & set(row.rows or [row.id])] == []
    unmet = [item.empty_classes for host in plan.hosts.values() for item in host.not_opened]
    assert {peer for classes in unmet for peer in classes} == set(without)


def test_contoso_balances_every_row_that_the_first_edition_balances() -> None:
    """Yes or always in its column; 24 and 4 rows, of which the Mediation pool is balanced by DNS and 5070 is printed
    twice.
    """
    balanced = rows_in("virtual_services", "pools/")
    yes = {1, 2, 3, 4, 9, 10, 11, 13, 14, 15, 16, 19, 20, 21, 23, 24, 26, 27, 30, 31, 42, 43, 45, 46}
    assert {row for row in balanced if row in PORT_ROWS} == {f"S{number}" for number in yes}


# A document with one place spoilt, by the part of the path that the schema must name.
SPOILT: dict[str, tuple[str, Mapping[str, object]]] = {
    "a keyword as a port": ("firewall_rules", {"localport": ["rpc"]}),
    "a keyword as an address": ("firewall_rules", {"remoteip": ["LocalSubnet"]}),
    "no address": ("firewall_rules", {"remoteip": []}),
    "another direction": ("firewall_rules", {"direction": "both"}),
    "another protocol": ("firewall_rules", {"protocol": "icmp"}),
    "another action": ("firewall_rules", {"action": "deny"}),
    "a key more": ("firewall_rules", {"colour": "red"}),
    "a name that is no text": ("firewall_rules", {"name": 5}),
    "a text instead of a list": ("ipsec_exemptions", {"localip": "10.1.0.11"}),
    "a number as a port": ("ipsec_exemptions", {"remoteport": [443]}),
}


@pytest.mark.parametrize("case", SPOILT)
def test_the_schema_refuses(case: str) -> None:
    section, change = SPOILT[case]
    path = "hosts/fe01.json"
    document = json.loads(plan_files.rendered(compile_inventory(example("contoso")))[path])
    document[section][0] |= change
    assert schema_errors({path: json.dumps(document)})


@pytest.mark.parametrize(
    "key", ["host", "roles", "version", "firewall_rules", "ipsec_exemptions", "not_opened", "assumptions"]
)
def test_the_schema_asks_for(key: str) -> None:
    document = json.loads(plan_files.rendered(compile_inventory(example("contoso")))["hosts/fe01.json"])
    del document[key]
    assert any(key in error for error in schema_errors({"hosts/fe01.json": json.dumps(document)}))


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("virtual_services", {"port": 0}),
        ("virtual_services", {"port": "5061"}),
        ("virtual_services", {"protocol": "sip"}),
        ("virtual_services", {"vip": "lb01"}),
        ("virtual_services", {"persistence": {"type": "ssl"}}),
        ("virtual_services", {"monitor": {"type": "tcp"}}),
        ("dns_records", {"type": "MX"}),
        ("dns_records", {"ttl": -1}),
        ("dns_records", {"view": "both"}),
    ],
)
def test_the_schema_of_pools_refuses(section: str, change: dict[str, object]) -> None:
    path = "pools/pool01.contoso.com.json"
    document = json.loads(plan_files.rendered(compile_inventory(example("contoso")))[path])
    document[section][0] |= change
    assert schema_errors({path: json.dumps(document)})
