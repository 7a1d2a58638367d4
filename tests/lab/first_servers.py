# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs commands of pages, as they are typed, on a machine where the hosts of their inventories answer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from ..tools import wheel_collections
from .lab import ROOT

PAGE = ROOT / "docs" / "first-servers.md"
_CONFIGURATION = "[inventory]\nany_unparsed_is_failed = true\n"


def inventories(path: Path = PAGE) -> list[str]:
    """Return the inventories of a page."""
    return re.findall(r"^```yaml\n(all:\n.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a controller that has the collections and nothing of the checkout's settings."""
    (folder / "ansible.cfg").write_text(_CONFIGURATION, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "COVERAGE_"))}
    trees = os.pathsep.join([str(ROOT / ".collections"), str(wheel_collections.TREE)])
    return {
        **kept,
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": trees,
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONPATH": str(ROOT),
    }


def run(folder: Path, inventory: str, command: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a command of bash in a folder with the directory inventory, where its hosts answer.

    options: those of tests.simulators.named_hosts.
    """
    (folder / "inventory").mkdir(exist_ok=True)
    (folder / "inventory" / "hosts.yml").write_text(inventory, encoding="utf-8")
    machine = [sys.executable, "-m", "tests.simulators.named_hosts", "inventory", *options, "--"]
    return subprocess.run(
        [*machine, "bash", "-c", command],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
