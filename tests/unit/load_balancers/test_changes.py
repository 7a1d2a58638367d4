# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes of services: in which order, with which effects, and how they are shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import State
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.changes import (
    PRESENTATION,
    change_document,
    plan_changes,
)
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.driver import EffectKind
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import Service

from .samples import service

EFFECTS = {"members": EffectKind.MODIFIES_MEMBERS, "port": EffectKind.RECREATES, "": EffectKind.MODIFIES}
A, B, C = (service(name, port=port) for name, port in (("a", 1001), ("b", 1002), ("c", 1003)))
STATES = [
    (State.MERGED, ["add c", "change b"]),
    (State.REPLACED, ["add c", "change b", "remove a"]),
    (State.DELETED, ["remove b"]),
]


def kinds(want: list[Service], have: list[Service], state: State) -> list[str]:
    return [f"{change.kind.value} {change.name}" for change in plan_changes(want, have, state, EFFECTS)]


@pytest.mark.parametrize(("state", "expected"), STATES)
def test_additions_come_before_changes_and_those_before_removals(state: State, expected: list[str]) -> None:
    assert kinds([C, replace(B, idle_seconds=60)], [A, B], state) == expected


def test_deleted_without_names_removes_all_of_ours() -> None:
    assert kinds([], [A, B], State.DELETED) == ["remove a", "remove b"]


def test_the_effects_of_a_change_are_those_of_its_properties() -> None:
    after = replace(A, port=2001, idle_seconds=60, source_nat=False)
    (change,) = plan_changes([after], [A], State.REPLACED, EFFECTS)
    assert change.properties == ("port", "idle_seconds", "source_nat")
    assert {effect.kind for effect in change.effects} == {"modifies", "recreates"} and change.recreates
    assert PRESENTATION.impact(change) == "modifies the service in place; recreates the virtual"


OPENS = [
    (["10.1.0.11"], ["10.1.0.12"], True),  # 10.1.0.12 was disabled and comes back
    (["10.1.0.11", "10.1.0.12"], [], False),
]


@pytest.mark.parametrize(("active", "disabled", "opens"), OPENS)
def test_a_member_that_comes_back_opens(active: list[str], disabled: list[str], opens: bool) -> None:
    have = service("a", port=1001, members=active, disabled_members=disabled)
    for change in plan_changes([A], [have], State.REPLACED, EFFECTS):
        assert (change.opens, change.closes) == (opens, False)
    (added,) = plan_changes([A], [], State.REPLACED, EFFECTS)
    (removed,) = plan_changes([], [A], State.REPLACED, EFFECTS)
    assert (added.opens, removed.closes) == (True, True)


def test_a_change_is_shown_as_a_line_a_document_and_a_difference() -> None:
    (change,) = plan_changes([A], [replace(A, idle_seconds=60)], State.REPLACED, EFFECTS)
    assert PRESENTATION.command(change) == "change a (modifies the service in place): idle_seconds from 60 to 1800"
    document = change_document(change)
    assert document["properties"] == [{"property": "idle_seconds", "before": 60, "after": 1800}]
    assert document["impact"] == document["effect"] == "modifies the service in place"
    assert PRESENTATION.diff(change) == {
        "before_header": "virtual service a (modifies the service in place)",
        "after_header": "virtual service a (modifies the service in place)",
        "before": "idle_seconds: 60\n",
        "after": "idle_seconds: 1800\n",
    }
    (added,) = plan_changes([A], [], State.REPLACED, EFFECTS)
    assert PRESENTATION.command(added) == "add a: tcp 10.1.0.100 port 1001 to port 1001 of 10.1.0.11, 10.1.0.12"
