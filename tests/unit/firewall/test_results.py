# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Results of modules as data: causes and kinds of effects, the same keys always, and texts beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._firewall.effects import EffectKind

from tests.unit.firewall.results import FIREWALL, IPSEC

ALL = {
    **{f"firewall, {name}": make for name, make in FIREWALL.items()},
    **{f"ipsec, {name}": make for name, make in IPSEC.items()},
}
KEYS = {
    "changed", "changes", "effects", "commands", "summary", "pending", "stats", "host", "warnings", "check_mode",
    "pending_revert",
}  # fmt: skip
MAY = {
    "firewall": {"connection_impact", "conditions", "brought", "refused", "refused_cuts", "snapshot", "failed", "msg"}
    | {"gathered", "before", "after", "not_armed"},
    "ipsec": {"engine", "not_needed", "report", "legacy", "refused", "snapshot", "failed", "msg", "after", "not_armed"},
}
CHANGE = {
    "kind", "name", "cause", "reason", "properties", "opens", "closes", "changes_admission", "effect", "effects",
    "recreates", "notice",
}  # fmt: skip
EFFECT = {"name", "kinds", "effect", "effective", "by", "facts"}


@pytest.mark.parametrize("name", ALL)
def test_every_result_has_the_same_keys(name: str) -> None:
    result = ALL[name]()
    json.dumps(result)
    assert result.keys() >= KEYS and result.keys() - KEYS <= MAY[name.partition(",")[0]]
    assert all(change.keys() == CHANGE for change in result["changes"])
    assert all(effect.keys() == EFFECT for effect in result["effects"])
    for effect in result["effects"]:
        assert [EffectKind(kind) for kind in effect["kinds"]] == [fact["kind"] for fact in effect["facts"]]
        assert all(fact["text"] in effect["effect"] for fact in effect["facts"])


# What is the case: the kind, the cause and the kinds of effects of each change, and the text of the first.
CHANGES: dict[str, list[tuple[str, str, list[str], str]]] = {
    "as planned": [],
    "missing": [("add", "missing", ["new_admission"], "it is missing")],
    "changed": [("change", "different", ["wider"], "different: remoteip")],
    "too wide": [("change", "different", ["narrower"], "different: remoteip")],
    "disabled": [("change", "different", ["wider"], "different: enabled")],
    "duplicate": [("remove", "duplicate", ["still_admitted_by"], "another rule has its name and group")],
    "extra": [("remove", "not_wanted", ["no_longer_admitted"], "it is not wanted")],
    "already admitted": [("add", "missing", ["already_admitted_by"], "it is missing")],
    "shadowed": [],
    "blocked by Group Policy": [],
    "local rules do not count": [("add", "missing", ["new_admission", "ineffective"], "it is missing")],
    "other rules are disabled": [
        ("change", "different", ["narrower"], "different: remoteip"),
        ("disable", "admits_more", ["narrower"], "it admits more than the list on tcp 5061"),
    ],
    "pending": [],
    "pending, moved": [
        (
            "add",
            "beside_until_close",
            ["new_admission"],
            "different: localport; the old rule stays until phase close",
        )
    ],
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_tells_its_cause_and_its_effects_as_data(name: str) -> None:
    changes = FIREWALL[name]()["changes"]
    found = [
        (change["kind"], change["cause"], [effect["kind"] for effect in change["effects"]], change["reason"])
        for change in changes
    ]
    assert found == CHANGES[name]


STANDING = {
    "as planned": (["admits_alone"], True),
    "shadowed": (["narrower_than"], True),
    "blocked by Group Policy": (["admits_alone", "ineffective"], False),
    "firewall off": (["admits_alone", "ineffective"], False),
    "shields up": (["admits_alone", "ineffective"], False),
    "partly blocked": (["admits_alone", "partly_blocked_by"], True),
}


@pytest.mark.parametrize("name", STANDING)
def test_a_rule_that_stays_tells_what_is_true_of_it(name: str) -> None:
    (effect,) = FIREWALL[name]()["effects"]
    assert (effect["kinds"], effect["effective"]) == STANDING[name]


def test_exemptions_have_kinds_of_their_own() -> None:
    (change,) = IPSEC["still exempt"]()["changes"]
    assert (change["effects"][0]["kind"], change["effects"][0]["by"]) == ("still_exempt_by", ["Everything"])
    (change,) = IPSEC["cuts into a narrower rule"]()["changes"]
    assert [(one["kind"], one["by"]) for one in change["effects"]] == [
        ("newly_exempt", []),
        ("cuts_into", ["Domain isolation"]),
        ("wider_than_protection", ["Domain isolation"]),
    ]


# What stands in a result beside its changes.
REST: dict[str, Callable[[dict[str, Any]], bool]] = {
    "pending": lambda result: result["pending"] and not result["changes"] and result["after"] != [],
    "would cut": lambda result: len(result["refused"]) == 2 and len(result["connection_impact"]) == 2,
    "would cut, accepted": lambda result: "refused" not in result and len(result["connection_impact"]) == 2,
    "management would be shut": lambda result: result["refused"][0].startswith("management: winrm (TCP 5985)"),
    "wrong host": lambda result: result["failed"] and not result["changed"],
    "applied": lambda result: result["snapshot"]["armed"] is False and result["changed"],
    "applied, waited": lambda result: result["snapshot"]["armed"] is False and not result.get("failed"),
    "applied, refused": lambda result: result["failed"] and not result["changed"] and result["stats"]["writes"] == 0,
    "applied, stopped half-way": lambda result: result["failed"] and result["changed"],
}


@pytest.mark.parametrize("name", REST)
def test_the_rest_of_a_result(name: str) -> None:
    assert REST[name](FIREWALL[name]())
