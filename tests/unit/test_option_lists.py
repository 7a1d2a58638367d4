# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of every module are two lists, what its action takes and what its documentation tells: they are equal."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ACTIONS = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("*.py"))
# What is inside these is read by the core, which tells all that is wrong with a list at once; the documentation lists
# it, or, of windows_compare, says whose options they are.
READ_BY_CORE: Mapping[str, tuple[str, ...]] = {
    "dns_records": ("records.", "servers.", "owners."),
    **dict.fromkeys(
        ("f5_as3", "haproxy_services", "kemp_services", "netscaler_services", "nftables_udp_services",
         "nginx_stream_services"),
        ("services.",),
    ),
    "nftables_rules": ("rules.",),
    "publications": ("publications.",),
    "windows_compare": ("firewall.", "ipsec."),
    "windows_firewall_rules": ("rules.",),
    "windows_ipsec_exemptions": ("exemptions.",),
}
_DEFAULTS: Mapping[str, object] = {"type": "str", "default": None, "choices": None, "elements": None, "required": False}


@pytest.fixture(scope="module")
def documented() -> Mapping[str, Any]:
    """Return the options of all modules as ansible-doc reads them, fragments included."""
    names = [f"msuc.lync.{name}" for name in ACTIONS]
    program = str(Path(sys.executable).with_name("ansible-doc"))
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections")}
    done = subprocess.run(
        [program, "-t", "module", "-j", *names], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return {name.rpartition(".")[2]: item["doc"].get("options", {}) for name, item in json.loads(done.stdout).items()}


def specification(name: str) -> Mapping[str, Any]:
    """Return the argument specification of an action."""
    module = importlib.import_module(f"ansible_collections.msuc.lync.plugins.action.{name}")
    found: Mapping[str, Any] = getattr(module.ActionModule, "argument_spec", None) or getattr(module, "_SPEC", {})
    return found


def flat(options: Mapping[str, Any], inner: str, place: str = "") -> dict[str, dict[str, object]]:
    """Return every option by its dotted name with what both lists have to agree on.

    Inner: the key of what is inside one.
    """
    found: dict[str, dict[str, object]] = {}
    for name, option in options.items():
        agreed = {key: option.get(key, default) for key, default in _DEFAULTS.items()}
        # Whatever is written as text or number, and in whatever order choices are.
        agreed["default"] = None if agreed["default"] is None else json.dumps(agreed["default"])
        agreed["choices"] = sorted(map(str, option.get("choices") or ()))
        found[place + name] = agreed
        found |= flat(option.get(inner) or {}, inner, f"{place}{name}.")
    return found


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_takes_the_options_that_its_module_documents(name: str, documented: Mapping[str, Any]) -> None:
    inside = READ_BY_CORE.get(name, ())
    lists = flat(specification(name), "options"), flat(documented[name], "suboptions")
    taken, listed = ({option: found[option] for option in found if not option.startswith(inside)} for found in lists)
    assert taken == listed


def test_what_the_core_reads_is_listed_on_one_side_only(documented: Mapping[str, Any]) -> None:
    for name, prefixes in READ_BY_CORE.items():
        both = flat(specification(name), "options").keys() & flat(documented[name], "suboptions").keys()
        assert not [option for option in both if option.startswith(prefixes)], name


def test_the_comparison_sees_an_option_inside_another_one() -> None:
    taken = {"provider": {"type": "dict", "options": {"port": {"type": "int", "default": 443}}}}
    listed = {"provider": {"type": "dict", "suboptions": {"port": {"type": "int", "default": 8443}}}}
    assert flat(taken, "options") != flat(listed, "suboptions")
    assert set(flat(taken, "options")) == {"provider", "provider.port"}
