# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Our table read from what nft prints, and from what was rendered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.listing import read_table
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.options import described, rules_from_options
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.reconcile import offline_result
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.nftables.ruleset import rules_of
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.rule import Rule
from hypothesis import given, settings
from hypothesis import strategies as st

from .rules import rules, table

ROOT = Path(__file__).resolve().parents[4]


@settings(max_examples=200)
@given(rules(), st.sampled_from(["accept", "drop"]))
def test_what_is_rendered_is_parsed_as_it_was(found: tuple[Rule, ...], policy: str) -> None:
    read = read_table(table(found, policy).script(), "text")
    assert read is not None and read.has_frame and read.policy == policy
    assert sorted(rules_of(read.lines), key=lambda rule: rule.name) == list(found)
    assert rules_from_options([described(rule) for rule in found]) == found


def test_rules_of_a_whole_plan_there_and_back() -> None:
    for path in sorted((ROOT / "tests" / "golden" / "contoso" / "hosts").glob("*.json")):
        options = [
            rule for rule in json.loads(path.read_text(encoding="utf-8"))["firewall_rules"] if not rule.get("service")
        ]
        document = offline_result({"state": "rendered", "rules": options})["document"]
        parsed = offline_result({"state": "parsed", "running_config": document})["parsed"]
        wanted = [described(rule) for rule in rules_from_options(options)]
        assert sorted(parsed, key=str) == sorted(wanted, key=str), path.name  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "flush ruleset",
        "{",
        "table inet msuc_lync {\n chain input {\n type filter\n }\n}",
        '{"nftables": [{"rule": {"chain": "input", "handle": 1e999, "expr": []}}]}',
    ],
)
def test_a_text_that_is_no_table_is_an_error(text: str) -> None:
    with pytest.raises(InvalidInputError, match="nft list table inet msuc_lync"):
        offline_result({"state": "parsed", "running_config": text})
