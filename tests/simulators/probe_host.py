# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""windows_probe_remote of a simulated host: the Linux module, in a process of its own, with the real sockets of this
machine.

tests/contract/test_probe.py holds both modules to the same answers. Listeners of addresses that another host has are
seen too.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_ROOT = pathlib.Path(__file__).resolve().parents[2]


def run_module(arguments: Mapping[str, Any], check_mode: bool = False, prefix: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the module answers to arguments; prefix: a command that runs its interpreter."""
    program = str(_ROOT / "plugins" / "modules" / "linux_probe_remote.py")
    given = {
        **arguments,
        "_ansible_check_mode": check_mode,
        "_ansible_remote_tmp": "/tmp",
        "_ansible_keep_remote_files": False,
    }
    environment = {**os.environ, "PYTHONPATH": str(_ROOT / ".collections")}
    text = json.dumps({"ANSIBLE_MODULE_ARGS": given})
    done = subprocess.run(
        [*prefix, sys.executable, program], input=text, env=environment, capture_output=True, text=True, check=False
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    answer.pop("invocation", None)
    return answer
