# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan directories: what is written, what is removed, what is left alone, what is refused."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._plan import files as plan_files
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.documents import VERSION
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import (
    DnsRecord,
    FirewallRule,
    HostPlan,
    Plan,
    PoolPlan,
)

RULE = FirewallRule("Lync x (TCP in)", ("S2",), "in", "tcp", ("5061",), ("any",), ("any",), ("10.1.0.0/24",), "SIP")
HOST = HostPlan("fe01", ("frontend",), "2010", "pool01", "windows", True, "active", ("10.1.0.11",), (RULE,))
POOL = PoolPlan(
    "pool01",
    "frontend",
    "none",
    "2010",
    (),
    (DnsRecord("pool01.contoso.com", "A", ("10.1.0.11",), "contoso.com", "internal"),),
)
PLAN = Plan({"fe01": HOST}, {"pool01": POOL})
FILES = plan_files.rendered(PLAN)


def names(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_what_is_written(tmp_path: Path) -> None:
    changed = plan_files.write(tmp_path / "new" / "plan", FILES)
    assert changed == names(tmp_path / "new" / "plan") == ["hosts/fe01.json", "index.json", "pools/pool01.json"]
    index = json.loads((tmp_path / "new" / "plan" / "index.json").read_text())
    files = ["hosts/fe01.json", "pools/pool01.json"]
    unknown = {"catalogue": "", "inventory": "", "known_addresses": [], "names": {}}
    digests = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in FILES.items()}
    made = {"digests": digests, "digest": plan_files.plan_digest(digests)}
    assert index.pop("seal") == plan_files.sealed(index)
    assert index == {"collection": "msuc.lync", "version": VERSION, **unknown, "files": files, **made}
    assert json.loads(FILES["hosts/fe01.json"])["firewall_rules"] == [
        {
            "name": "Lync x (TCP in)", "rows": ["S2"], "direction": "in", "protocol": "tcp", "localport": ["5061"],
            "remoteport": ["any"],
            "localip": ["any"], "remoteip": ["10.1.0.0/24"], "description": "SIP", "group": "msuc.lync",
            "action": "allow", "enabled": True,
            "profiles": ["domain", "private", "public"], "applications": [], "services": [], "peer_classes": [],
            "component_roles": [],
            "interface": "any",
        }
    ]  # fmt: skip


def test_what_has_not_changed_is_left_alone(tmp_path: Path) -> None:
    plan_files.write(tmp_path, FILES)
    before = {name: os.stat(tmp_path / name).st_ino for name in names(tmp_path)}
    assert plan_files.write(tmp_path, FILES) == []
    assert {name: os.stat(tmp_path / name).st_ino for name in names(tmp_path)} == before


def test_files_of_an_earlier_run_are_removed_and_nothing_else(tmp_path: Path) -> None:
    plan_files.write(tmp_path, FILES)
    for foreign in ("README", "hosts/notes.json", "hosts/fe01.json.bak"):
        (tmp_path / foreign).write_text("mine")
    assert plan_files.write(tmp_path, {"pools/pool01.json": FILES["pools/pool01.json"]}) == [
        "index.json",
        "hosts/fe01.json",
    ]
    assert names(tmp_path) == ["README", "hosts/fe01.json.bak", "hosts/notes.json", "index.json", "pools/pool01.json"]
    assert (tmp_path / "hosts/notes.json").read_text() == "mine"


def test_a_file_that_is_gone_already_is_no_error(tmp_path: Path) -> None:
    plan_files.write(tmp_path, FILES)
    (tmp_path / "hosts/fe01.json").unlink()
    assert plan_files.write(tmp_path, {}) == ["index.json", "hosts/fe01.json", "pools/pool01.json"]


def test_files_of_a_run_can_be_read_by_others(tmp_path: Path) -> None:
    plan_files.write(tmp_path, FILES)
    assert {os.stat(tmp_path / name).st_mode & 0o777 for name in names(tmp_path)} == {0o644}


def test_names_of_hosts_make_safe_paths(tmp_path: Path) -> None:
    """A host may be called anything; its file stays below hosts/ and is found again."""
    hosts = {
        name: HostPlan(name, (), "2010", None, "windows", True, "active", ())
        for name in ("../../etc/x", "a b", "ü", ".", "..", "10.1.0.11", "fe80::1")
    }
    plan_files.write(tmp_path / "plan", plan_files.rendered(Plan(hosts)))
    assert all(name.startswith("plan/") for name in names(tmp_path))
    documents = plan_files.read(tmp_path / "plan")
    assert {str(document["host"]) for document in documents.values()} == set(hosts)


def test_what_was_written_can_be_read(tmp_path: Path) -> None:
    texts = {**FILES, plan_files.AFFECTED: plan_files.affected_text(["lb01", "fe01", "fe01"])}
    plan_files.write(tmp_path, texts)
    assert plan_files.read(tmp_path) == plan_files.parsed(FILES)
    assert (tmp_path / plan_files.AFFECTED).read_text() == "fe01\nlb01\n"


def refusal(directory: Path) -> str:
    with pytest.raises(InvalidInputError) as caught:
        plan_files.read(directory)
    return str(caught.value).replace(str(directory), "DIR")


def test_a_directory_without_a_plan_is_refused(tmp_path: Path) -> None:
    told = "1 error in the input:\n"
    told += "  - plan DIR: holds no plan: there is no index.json; "
    assert refusal(tmp_path) == told + "fix: name a directory that playbooks/plan.yml wrote"
    (tmp_path / "file").write_text("")
    assert "holds no plan" in refusal(tmp_path / "file")


HOSTILE = [
    "../victim", "hosts/../../victim", "/etc/passwd", "hosts/a/b.json", "hosts/notes.txt", "victim.json", "hosts", "",
    5, None, ["hosts/x.json"],
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE, ids=str)
def test_an_index_that_leads_elsewhere_is_refused(path: object, tmp_path: Path) -> None:
    directory = tmp_path / "plan"
    plan_files.write(directory, FILES)
    (tmp_path / "victim").write_text("precious")
    (directory / "index.json").write_text(json.dumps({"files": [path]}))
    assert "plan DIR/index.json: is not the index of a plan; fix: choose another lync_plan_dir" in refusal(directory)
    with pytest.raises(InvalidInputError, match="is not the index of a plan"):
        plan_files.write(directory, {})
    assert (tmp_path / "victim").read_text() == "precious"
    assert names(directory) == ["hosts/fe01.json", "index.json", "pools/pool01.json"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"{", "cannot be read: Expecting property name"),
        (b"[]", "is not a JSON object"),
        (b"\xff\xfe", "cannot be read: 'utf-8' codec"),
        (b"null", "is not a JSON object"),
        (b"[" * 100_000, "cannot be read"),
    ],
)
@pytest.mark.parametrize("name", ["index.json", "hosts/fe01.json"])
def test_files_that_are_no_documents_are_refused(name: str, text: bytes, told: str, tmp_path: Path) -> None:
    plan_files.write(tmp_path, FILES)
    (tmp_path / name).write_bytes(text)
    assert f"plan DIR/{name}: {told}" in refusal(tmp_path)


def test_a_listed_file_that_is_gone_is_told(tmp_path: Path) -> None:
    plan_files.write(tmp_path, FILES)
    (tmp_path / "pools/pool01.json").unlink()
    assert "plan DIR/pools/pool01.json: cannot be read: [Errno 2]" in refusal(tmp_path)


def test_documents_that_the_schema_refuses_are_told_with_their_places_all_at_once(tmp_path: Path) -> None:
    plan_files.write(tmp_path, FILES)
    for name, key, value in (
        ("hosts/fe01.json", "firewall_rules", [{"name": "x"}]),
        ("pools/pool01.json", "method", 5),
    ):
        document = json.loads(FILES[name]) | {key: value}
        (tmp_path / name).write_text(json.dumps(document))
    text = refusal(tmp_path)
    assert (
        "plan DIR/hosts/fe01.json: $.firewall_rules[0]: 'rows' is a required property; fix: make the plan again with "
        "playbooks/plan.yml"
        in text
    )
    assert "plan DIR/pools/pool01.json: $.method" in text


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("remoteip", "10.1.0.999", "'10.1.0.999' is not an address, a network a/n or a range a-b"),
        ("localip", "10.1.0.0/99", "'10.1.0.0/99' is not an address, a network a/n or a range a-b"),
        ("localport", "9-1", "'9-1' is out of order or outside 1-65535"),
        ("remoteport", "70000", "'70000' is out of order or outside 1-65535"),
    ],
)
def test_values_that_only_look_right_are_told(key: str, value: str, told: str, tmp_path: Path) -> None:
    plan_files.write(tmp_path, FILES)
    document = json.loads(FILES["hosts/fe01.json"])
    document["firewall_rules"][0][key] = [value]
    (tmp_path / "hosts/fe01.json").write_text(json.dumps(document))
    assert f"plan DIR/hosts/fe01.json: $.firewall_rules[0].{key}: {told}; fix: make the plan again" in refusal(
        tmp_path
    )


def test_an_unreadable_directory_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "plan").write_text("a file")
    with pytest.raises(OSError, match="plan"):
        plan_files.write(tmp_path / "plan", FILES)
