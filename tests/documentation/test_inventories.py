# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every inventory of README.md and docs/ reaches its hosts, by its own connection variables and no option besides.

The hosts answer by the names and addresses of the inventory: tests/simulators/named_hosts.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.lab.first_servers import run
from tests.simulators import named_hosts
from tests.tools.documentation import ROOT, Block, blocks, documents

REASON = named_hosts.missing()
pytestmark = [pytest.mark.skipif(bool(REASON), reason=REASON), pytest.mark.no_cover, pytest.mark.slow]
INVENTORY = "inventory with "
EXAMPLES = sorted((ROOT / "examples").glob("*/hosts.yml"))


def inventories() -> list[Block]:
    """Return the blocks that are inventories."""
    found = [
        block
        for path in documents()
        for block in blocks(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    ]
    return [block for block in found if block.language == "yaml" and "all" in yaml.safe_load(block.text)]


@pytest.mark.parametrize("block", inventories(), ids=lambda block: re.sub(r"\W", "-", str(block)))
def test_every_host_of_an_inventory_answers_a_first_check(block: Block, tmp_path: Path) -> None:
    options = block.comment.removeprefix(INVENTORY).split() if block.comment.startswith(INVENTORY) else []
    done = run(tmp_path, block.text, "ansible-playbook -i inventory msuc.lync.site --check", *options)
    # A host that cannot be asked makes it REFUSED, and that is status 2.
    assert done.returncode == 0, done.stdout + done.stderr
    (counted,) = re.findall(r"^Before: \d+ of (\d+) devices? would change", done.stdout, re.MULTILINE)
    assert int(counted) > 0


def test_connection_variables_stand_on_groups_and_never_on_all() -> None:
    tried = [*inventories(), *[Block(str(path), 1, "yaml", "", path.read_text(encoding="utf-8")) for path in EXAMPLES]]
    assert not [
        f"{block}: {name}"
        for block in tried
        for name in (yaml.safe_load(block.text)["all"].get("vars") or {})
        if name.startswith("ansible_")
    ]
