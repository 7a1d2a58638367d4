# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where Windows is stricter than somebody believed once: each finding has a test, each refusal of the fake a source."""

from __future__ import annotations

import ast
import inspect
import json
import pathlib
from typing import Any

import pytest

from tests.contract.test_contract import EVERY, SCENARIOS, simulated
from tests.lab.lab import ROOT
from tests.simulators import windows_rules

FINDINGS: list[dict[str, Any]] = json.loads((ROOT / "tests/contract/findings.json").read_text(encoding="utf-8"))
REFUSALS = SCENARIOS["refusals"]


def functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}


def test_each_finding_about_windows_names_tests_that_are_there() -> None:
    assert [one["number"] for one in FINDINGS] == list(range(1, 17))
    for finding in FINDINGS:
        assert finding["of"] and finding["tests"]
        for name in finding["tests"]:
            path, test = name.split("::")
            assert test in functions(path), name


@pytest.mark.parametrize("place", range(len(windows_rules._CHECKS)))
def test_each_check_of_a_whole_rule_has_a_scenario_with_its_source(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    checks = windows_rules._CHECKS
    monkeypatch.setattr(windows_rules, "_CHECKS", checks[:place] + checks[place + 1 :])
    told = [one for one in EVERY if one.get("error") == "refused" and simulated(tmp_path, one).differences]
    assert told and all(one["source"] and one["evidence"] for one in told), checks[place][1]


def test_each_other_refusal_has_a_scenario_with_its_source(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, refuse = set(), windows_rules._refuse

    def noted(text: str) -> Exception:
        frame = inspect.currentframe()
        lines.add(frame.f_back.f_lineno if frame and frame.f_back else 0)
        return refuse(text)

    monkeypatch.setattr(windows_rules, "_refuse", noted)
    for scenario in REFUSALS:
        assert scenario["source"]
        simulated(tmp_path, scenario)
    source = inspect.getsource(windows_rules).splitlines()
    raising = {number for number, line in enumerate(source, 1) if "raise _refuse(" in line}
    assert {number: source[number - 1].strip() for number in sorted(raising - lines)} == {}
