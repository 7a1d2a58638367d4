# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every state of every resource module has an example with before, after and commands; the reader of examples itself.

That they are so is shown by tests/lab/test_state_examples.py, on devices.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.options import read_services

from tests.lab.test_state_examples import MODULES
from tests.tools.state_examples import differences, read

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


@pytest.fixture(scope="module")
def documented() -> Mapping[str, Any]:
    """Return what ansible-doc knows of all modules."""
    command = [str(Path(sys.executable).with_name("ansible-doc")), "-t", "module", "-j"]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections")}
    names = [f"msuc.lync.{name}" for name in NAMES]
    done = subprocess.run([*command, *names], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return {name.rpartition(".")[2]: found for name, found in json.loads(done.stdout).items()}


def states(found: Mapping[str, Any]) -> set[str]:
    return set(found["doc"].get("options", {}).get("state", {}).get("choices", ()))


def test_every_module_that_gathers_is_tried_on_a_device(documented: Mapping[str, Any]) -> None:
    assert {name for name, found in documented.items() if "gathered" in states(found)} == MODULES.keys()


@pytest.mark.parametrize("name", MODULES)
def test_every_state_has_an_example_that_is_whole(name: str, documented: Mapping[str, Any]) -> None:
    examples = read(documented[name]["examples"]).examples
    assert {example.state for example in examples} == states(documented[name])
    assert {example.title: example.lacks() for example in examples if example.lacks()} == {}


TEXT = """\
# Variables of the inventory:
#
# sip: {port: 5061}
#
# Before state of each example:
#
# - {name: a}

# Using merged:

- name: One more
  msuc.lync.x: {state: merged}

# Task output:
#
# commands:
#   - "add b"
#
# After state:
#
# - {name: a}
# - {name: b}

# Using replaced, in two phases:

- msuc.lync.x: {state: replaced}

# Before state:
#
# []

# Using parsed:

# Task output:
#
# commands: []
"""


def test_an_example_is_read_with_what_stands_above_all_of_them() -> None:
    found = read(TEXT)
    merged, replaced, parsed = found.examples
    assert (found.variables, merged.before, merged.after) == ({"sip": {"port": 5061}}, [{"name": "a"}],
                                                              [{"name": "a"}, {"name": "b"}])  # fmt: skip
    assert (merged.output, merged.lacks(), merged.tasks[0]["name"]) == ({"commands": ["add b"]}, [], "One more")
    assert (replaced.state, replaced.title, replaced.before) == ("replaced", "replaced, in two phases", [])
    result = "the commands, the error, or what the state returns"
    assert replaced.lacks() == ["the state after", result]
    assert parsed.lacks() == ["a task", result]


SO = [
    ({"name": "a"}, {"name": "a", "more": 1}),
    ({"port": 5061, "on": True}, {"port": ["5061"], "on": True}),
    ([{"name": "a"}], [{"name": "a"}]),
    ("one\n...\nfour\n", "one\ntwo\nthree\nfour\n"),
    ("one\n...\n", ["one", "two"]),
]
NOT_SO = [
    ({"name": "a"}, {"name": "b"}),
    ({"name": "a"}, {}),
    ({"name": "a"}, None),
    ({"on": True}, {"on": False}),
    ([{"name": "a"}], [{"name": "a"}, {"name": "b"}]),
    ([], [{"name": "a"}]),
    ([{"name": "a"}], []),
    ("any", ["10.1.0.0/24", "any"]),
    ("one\n...\nfour\n", "one\ntwo\n"),
    ("one\ntwo\n", None),
]


@pytest.mark.parametrize(("shown", "real"), SO)
def test_what_is_so(shown: object, real: object) -> None:
    assert list(differences(shown, real)) == []


@pytest.mark.parametrize(("shown", "real"), NOT_SO)
def test_what_is_not_so(shown: object, real: object) -> None:
    assert len(list(differences(shown, real))) == 1


def test_a_service_needs_what_its_documentation_requires_and_no_more(documented: Mapping[str, Any]) -> None:
    options = documented["haproxy_services"]["doc"]["options"]["services"]["suboptions"]
    service = read(documented["haproxy_services"]["examples"]).variables["sip"]
    least = {key: value for key, value in service.items() if options[key].get("required")}
    assert "pool" not in least
    (found,) = read_services([least])
    assert (found.pool, found.options) == ("", {})
    for key in least:
        with pytest.raises(InvalidInputError, match=f"'{key}' is a required property"):
            read_services([{name: value for name, value in least.items() if name != key}])
