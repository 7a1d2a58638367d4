# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was observed on real systems (observed.json): held by a scenario, or a stored string, or seen by another view.

Seen by: W the WiX toolset's end-to-end tests, R tests of windows-firewall-rs on hosted Windows, N integration tests of
NetworkingDsc, H issues of WindowsFirewallHelper, A issues of Ansible, D active-directory-firewall, P the Puppet type of
webalexeu, S stored strings of public exports.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.windows.registry_strings import parse_rule

from tests.contract.test_contract import EVERY

OBSERVED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "observed.json").read_text(encoding="utf-8"))
STRENGTH = {"INFER": 0, "OWN": 0, "REPORT": 1, "CODE": 1, "DOC": 2, "SPEC": 2, "REAL": 3}
BY_NAME = {scenario["name"]: scenario for scenario in EVERY}
# The only place where the list and what was reported differ: there is a switch for the other way.
DISPUTED = {31: "merges_overlaps"}


def test_every_observation_is_there_once_with_its_evidence_and_who_saw_it() -> None:
    assert [each["number"] for each in OBSERVED] == list(range(1, 46))
    assert all(each["evidence"] in STRENGTH and each["seen_by"] for each in OBSERVED)
    assert all(len(each.keys() & {"scenario", "string", "other_view"}) == 1 for each in OBSERVED)


@pytest.mark.parametrize("each", [one for one in OBSERVED if "scenario" in one], ids=lambda one: one["number"])
def test_an_observation_through_com_is_a_scenario(each: dict[str, Any]) -> None:
    scenario = BY_NAME[each["scenario"]]
    assert scenario.get("switch") == DISPUTED.get(each["number"], scenario.get("switch"))


@pytest.mark.parametrize("each", [one for one in OBSERVED if "string" in one], ids=lambda one: one["number"])
def test_a_stored_string_is_read_as_what_it_did(each: dict[str, Any]) -> None:
    options = parse_rule("x", each["string"]).to_options()
    assert {name: options[name] for name in each["options"]} == each["options"]
