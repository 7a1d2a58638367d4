# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Evidence of real Windows hosts: what counts as such, and that README.md says neither more nor less."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.builds import (
    PROVEN,
    REVERTING,
    revert_minutes,
    unproven,
)

from tests.tools.evidence import KINDS, EvidenceError, proven, read_evidence, reverting, table

README = Path(__file__).resolve().parents[2] / "README.md"
RULES = {"kind": "rules", "build": "20348.2700", "date": "2026-12-01", "seconds": 900, "scenarios": 3, "outcomes": [
    {"name": "a", "verdict": "confirmed"}, {"name": "b", "verdict": "refuted"}, {"name": "c", "verdict": "not asked"},
]}  # fmt: skip
FIRED = {"kind": "revert_fired", "build": "20348", "date": "2026-12-02", "passed": True}


def put(folder: Path, *documents: dict[str, Any]) -> Path:
    for number, document in enumerate(documents):
        (folder / f"{number}.json").write_text(json.dumps(document))
    return folder


def test_the_table_in_readme_is_what_the_files_say() -> None:
    assert table(read_evidence()) in README.read_text(encoding="utf-8")


def test_the_builds_that_the_collection_ships_as_proven_are_those_of_the_files() -> None:
    assert (proven(read_evidence()), reverting(read_evidence())) == (PROVEN, REVERTING)


def test_a_change_comes_back_by_itself_where_the_newest_evidence_has_it(tmp_path: Path) -> None:
    assert reverting(read_evidence(put(tmp_path, RULES, FIRED))) == {20348}
    assert not reverting(read_evidence(put(tmp_path, FIRED, {**FIRED, "passed": False, "date": "2026-12-03"})))
    assert [revert_minutes(build, frozenset({20348})) for build in ("20348.1", "26100.1", "")] == [10, 0, 0]


def test_a_build_is_proven_by_the_newest_evidence_of_every_kind(tmp_path: Path) -> None:
    good = {**RULES, "scenarios": 1, "outcomes": RULES["outcomes"][:1]}
    counted = [good, {**good, "kind": "ipsec"}]
    whole = [*counted, *({**FIRED, "kind": kind} for kind in KINDS if kind not in ("rules", "ipsec"))]
    assert proven(read_evidence(put(tmp_path, *whole))) == {20348}
    assert not proven(read_evidence(put(tmp_path, *whole, {**RULES, "date": "2026-12-03"})))
    assert not proven(read_evidence(put(tmp_path, *whole, {**FIRED, "passed": False, "date": "2026-12-03"})))
    assert not proven(read_evidence(tmp_path)[:3])


def test_a_report_of_some_scenarios_proves_nothing_and_is_shown_as_such(tmp_path: Path) -> None:
    asked = {"name": "a", "verdict": "confirmed"}
    some = {**RULES, "scenarios": 76, "outcomes": [asked]}
    none = {**RULES, "scenarios": 1, "outcomes": [{"name": "a", "verdict": "not asked"}]}
    whole = {**RULES, "scenarios": 1, "outcomes": [asked]}
    found = [(one.text, one.is_good) for one in read_evidence(put(tmp_path, some, none, whole))]
    partial = ("1 confirmed, **only 1 of 76 run**", False)
    assert found == [partial, ("0 confirmed", False), ("1 confirmed", True)]


def test_what_is_not_proven_is_said_with_the_release_and_the_build() -> None:
    assert unproven("20348.2700", frozenset({20348})) == ""
    assert unproven("26100.1", frozenset({20348})) == "not proven on Windows Server 2025, build 26100.1"
    assert unproven("19045") == "not proven on Windows, build 19045"


def test_a_cell_is_the_newest_evidence_and_what_nobody_saw_is_empty(tmp_path: Path) -> None:
    older = {**FIRED, "passed": False, "date": "2026-11-01"}
    lines = table(read_evidence(put(tmp_path, RULES, FIRED, older))).splitlines()
    (row,) = (line for line in lines if line.startswith("| Windows Server 2022"))
    cells = "1 confirmed, 1 refuted (20348.2700, 2026-12-01) | | yes (20348, 2026-12-02)"
    assert row == f"| Windows Server 2022 (20348) | {cells} | | |"
    assert "| Windows Server 2025 (26100) | | | | | |" in lines


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({**RULES, "build": "1"}, "0.json: build '1'; allowed: one of 7601, "),
        ({**RULES, "kind": "hope"}, "0.json: kind 'hope'; allowed: rules, "),
        ({**RULES, "scenarios": None}, "0.json: scenarios None; allowed: how many there are, 3 or more"),
        ({**RULES, "scenarios": 2}, "0.json: scenarios 2; allowed: how many there are, 3 or more"),
        ({**RULES, "outcomes": []}, "0.json: outcomes; allowed: a list of scenarios"),
        ({**RULES, "kind": "ipsec", "outcomes": None}, "0.json: outcomes; allowed: a list of scenarios"),
        ({**RULES, "outcomes": [{"verdict": "well"}]}, "0.json: outcomes; allowed: a list of scenarios"),
        ({**RULES, "date": "soon"}, "0.json: ValueError: "),
        ({**FIRED, "passed": "yes"}, "0.json: passed 'yes'; allowed: true, false"),
    ],
)
def test_what_is_no_evidence_is_refused(tmp_path: Path, document: dict[str, Any], message: str) -> None:
    with pytest.raises(EvidenceError) as raised:
        read_evidence(put(tmp_path, document))
    assert str(raised.value).startswith(message)
