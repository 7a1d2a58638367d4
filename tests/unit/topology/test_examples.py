# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topologies of the examples are those of the examples' inventories, and the small one comes to the same rules."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.msuc.lync.plugins.plugin_utils._compiler.compile import compile_inventory
from ansible_collections.msuc.lync.plugins.plugin_utils._topology.run import Request, run_import

from tests.tools.topology_examples import DIRECTORY, texts
from tests.unit.compiler.examples import example, inventory_of


def test_the_topologies_are_those_of_the_examples() -> None:
    found = {name: (DIRECTORY / name).read_text(encoding="utf-8") for name in texts()}
    assert found == texts(), "make golden writes them anew"


def test_the_small_one_with_its_answers_admits_what_the_example_admits(tmp_path: Path) -> None:
    made = run_import(Request(DIRECTORY / "small.tbxml", tmp_path / "small", DIRECTORY / "small.answers.yml"))
    assert not made.questions
    plan, wanted = compile_inventory(inventory_of(tmp_path / "small")), compile_inventory(dict(example("small")))
    names = {"se01.fabrikam.com": "se01.fabrikam.com", "edge01.fabrikam.com": "edge01", "rp01": "rp01"}
    assert {names[name] for name in plan.hosts} == set(wanted.hosts)
    for name, other in names.items():
        assert plan.hosts[name].firewall_rules == wanted.hosts[other].firewall_rules
