# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs what Ansible sends in a PowerShell, with fakes in front of the module's script instead of COM.

The collection's own .ps1 and .psm1 run unchanged, behind ansible's wrapper of core 2.19 and later. The rules of the
host's store are handed over in a text file and taken back from it.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import subprocess
import tempfile
from collections.abc import Mapping
from typing import Any

from .executor import Command, Completed
from .firewall_store import NEW_RULE, FirewallStore, FwRule

_FAKES = pathlib.Path(__file__).resolve().parent / "fake_com.ps1"
_UTIL = "ansible_collections.msuc.lync.plugins.module_utils._Firewall.psm1"
_SEPARATOR = b"\0\0\0\0"


class PowerShellExecutor:
    """Runs commands in a PowerShell 7; program is the path of its executable."""

    def __init__(self, program: str) -> None:
        self._program = program

    def run(self, store: FirewallStore, command: Command) -> Completed:
        """Return what the PowerShell printed; the store has what the module wrote."""
        store.count(executions=1)
        arguments = [self._program, *command.line.split()[1:]]
        with store.lock, tempfile.TemporaryDirectory() as scratch:
            rules = pathlib.Path(scratch) / "rules"
            rules.write_text("".join(_line(FwRule(None, stored).values()) for stored in store.read()["rules"]), encoding="utf-8")
            environment = {**os.environ, "LAB_RULES": str(rules), "TEMP": scratch, "TMP": scratch}
            done = subprocess.run(arguments, input=_with_fakes(command.stdin), env=environment, capture_output=True, check=False)
            written = [_values(line) for line in rules.read_text(encoding="utf-8").splitlines()]
        before = store.read()
        if written != [_values(_line(FwRule(None, stored).values())) for stored in before["rules"]]:
            store.create(before["addresses"], written, before["switches"])
        return Completed(done.stdout, done.stderr, done.returncode)


def _with_fakes(stdin: bytes) -> bytes:
    """Return stdin with the fakes before the script that touches Windows."""
    head, separator, tail = stdin.rpartition(_SEPARATOR)
    sent: dict[str, Any] = json.loads(tail)
    script = sent["scripts"][_UTIL]
    script["script"] = base64.b64encode(_FAKES.read_bytes() + b"\n" + base64.b64decode(script["script"])).decode()
    return head + separator + b"\n" + json.dumps(sent).encode()


def _line(values: Mapping[str, object]) -> str:
    return " ".join(f"{name}:{base64.b64encode(_text(value).encode()).decode()}" for name, value in values.items()) + "\n"


def _text(value: object) -> str:
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def _values(line: str) -> dict[str, object]:
    pairs = (pair.split(":") for pair in line.split())
    return {name: _typed(name, base64.b64decode(text).decode()) for name, text in pairs}


def _typed(name: str, text: str) -> object:
    if name == "Interfaces":
        return text.splitlines()
    kind = type(NEW_RULE[name])
    return text == "True" if kind is bool else int(text) if kind is int else text
