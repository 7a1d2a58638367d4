# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of variables, and the documentation of it that users see."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.fields import At, Scope, Variable
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.pool_fields import POOL_FIELDS
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.run_variables import OF_HOSTS, RUN_VARIABLES
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.variables import (
    DEPLOYMENT_VARIABLES,
    HOST_VARIABLES,
    KNOWN_NAMES,
    POOLS,
)

SPECS = Path(__file__).resolve().parents[3] / "roles" / "plan" / "meta" / "argument_specs.yml"
VARIABLES = HOST_VARIABLES + DEPLOYMENT_VARIABLES + RUN_VARIABLES
ENTRY_POINTS = {"inventory": HOST_VARIABLES + DEPLOYMENT_VARIABLES, "run": RUN_VARIABLES}
SCOPES = {Scope.HOST: "Read per host.", Scope.DEPLOYMENT: "Equal wherever it is set, so set it for group C(all)."}
OF_HOSTS_TEXT = "May differ from host to host."


@pytest.fixture(scope="module")
def options() -> dict[str, dict[str, object]]:
    points = yaml.safe_load(SPECS.read_text(encoding="utf-8"))["argument_specs"]
    return {name: option for point in ENTRY_POINTS for name, option in points[point]["options"].items()}


@pytest.mark.parametrize("point", ENTRY_POINTS)
def test_documentation_has_every_variable_and_no_other(point: str) -> None:
    found = yaml.safe_load(SPECS.read_text(encoding="utf-8"))["argument_specs"][point]["options"]
    assert list(found) == [variable.name for variable in ENTRY_POINTS[point]]


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_documentation_agrees_with_the_table(
    variable: Variable[object], options: dict[str, dict[str, object]]
) -> None:
    option = options[variable.name]
    default = (
        list(variable.documented_default)
        if isinstance(variable.documented_default, tuple)
        else variable.documented_default
    )
    documented = {key: option.get(key) for key in ("type", "elements", "default")}
    assert documented == {"type": variable.type, "elements": variable.elements, "default": default}
    assert option.get("choices", []) == list(variable.choices)
    description = option["description"]
    assert isinstance(description, list)
    scope = SCOPES.get(variable.scope, OF_HOSTS_TEXT if variable in OF_HOSTS else variable.description)
    assert (description[0], description[-1]) == (variable.description, scope)


@pytest.mark.parametrize(
    "variable", [each for each in VARIABLES if each.documented_default is not None], ids=lambda variable: variable.name
)
def test_documented_default_is_the_default(variable: Variable[object]) -> None:
    at = At(variable.name)
    assert (variable.read(variable.documented_default, at), at.faults) == (variable.default, [])


@pytest.mark.parametrize("variable", [each for each in VARIABLES if each.choices], ids=lambda variable: variable.name)
def test_every_choice_is_taken(variable: Variable[object]) -> None:
    at = At(variable.name)
    for choice in variable.choices:
        variable.read(choice, at)
    assert at.faults == []


def test_pools_are_documented_key_by_key(options: dict[str, dict[str, object]]) -> None:
    text = str(options[POOLS.name]["description"])
    assert [field.name for field in POOL_FIELDS if f"C({field.name})" not in text] == []


def test_names_are_known_once() -> None:
    names = [variable.name for variable in VARIABLES]
    assert len(names) == len(set(names)) == len(KNOWN_NAMES)
