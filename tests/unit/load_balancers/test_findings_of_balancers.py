# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What went wrong once with load balancers and DNS: each finding names tests that are there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contract.test_findings import functions

FINDINGS = json.loads(Path(__file__).with_name("findings.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", range(len(FINDINGS)))
def test_each_finding_about_balancers_names_tests_that_are_there(number: int) -> None:
    finding = FINDINGS[number]
    assert finding["of"] and finding["tests"]
    for name in finding["tests"]:
        path, test = name.split("::")
        assert test in functions(path), name
