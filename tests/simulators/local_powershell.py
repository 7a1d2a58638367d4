# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stands in for a PowerShell on a local connection: what Ansible sends it runs with fakes in front, as behind the wire.

    path = interpreter(tmp_path, store, "/usr/bin/pwsh")    ansible_connection: local, ansible_pwsh_interpreter: path
"""

from __future__ import annotations

import os
import pathlib
import sys

from ..lab.lab import ROOT
from .executor import Command
from .firewall_store import FirewallStore
from .powershell import PowerShellExecutor

_TEXT = """#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.simulators.local_powershell import main
main({directory!r}, {name!r}, {program!r})
"""


def interpreter(directory: pathlib.Path, store: FirewallStore, program: str) -> str:
    """Make an executable below directory that is a PowerShell with the fakes of a store, and return its path."""
    path = directory / f"pwsh-{store.name}"
    values = {
        "python": sys.executable,
        "root": str(ROOT),
        "directory": str(store.directory.resolve()),
        "name": store.name,
        "program": program,
    }
    path.write_text(_TEXT.format(**values), encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def main(directory: str, name: str, program: str) -> None:
    """Run what is on stdin; ansible's wrapper starts its interpreter anew, from then on it is the PowerShell alone."""
    if "LAB_RULES" in os.environ:
        os.execv(program, [program, *sys.argv[1:]])
    command = Command(" ".join(sys.argv), sys.stdin.buffer.read())
    done = PowerShellExecutor(program).run(FirewallStore(pathlib.Path(directory), name), command)
    sys.stdout.buffer.write(done.stdout)
    sys.stderr.buffer.write(done.stderr)
    sys.exit(done.exit_code)
