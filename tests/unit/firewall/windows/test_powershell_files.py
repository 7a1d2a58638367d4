# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The PowerShell files without a PowerShell on Windows: nothing that Windows PowerShell 5.1 does not have."""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess

import pytest

PLUGINS = pathlib.Path(__file__).resolve().parents[4] / "plugins"
FILES = sorted([*PLUGINS.glob("modules/*.ps1"), *PLUGINS.glob("module_utils/*.psm1")])
CHECK = os.environ.get("LYNC_PWSH_CHECK", "")
COMMANDS = os.environ.get("LYNC_POWERSHELL_COMMANDS", "")
# Every cmdlet has them (about_CommonParameters); the list leaves them out for those that are made of CIM classes.
COMMON = {"ErrorAction"}
_ASIDE = re.compile(r"""<#.*?#>|#[^\n]*|'[^'\n]*'|"[^"\n]*\"""", re.DOTALL)
_CALL = re.compile(r"(?<![\w$.\]-])([A-Z][A-Za-z]+-[A-Z]\w+)((?:[^\n|;{}()]|\([^()]*\))*)")


@pytest.mark.skipif(not CHECK, reason="LYNC_PWSH_CHECK does not name pwsh-check")
def test_pwsh_check_finds_nothing() -> None:
    done = subprocess.run([CHECK, "--strict", *map(str, FILES)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(not COMMANDS, reason="LYNC_POWERSHELL_COMMANDS does not name the list of commands")
def test_every_command_and_parameter_is_there_in_5_1() -> None:
    releases = json.loads(pathlib.Path(COMMANDS).read_text(encoding="utf-8"))["releases"]
    known = {
        name: {*parameters, *COMMON}
        for module in releases["5.1 (2016)"].values()
        for name, parameters in module.items()
    }
    own = {
        name
        for path in FILES
        for name in re.findall(r"^function (\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    used = {call for path in FILES for call in _calls(path.read_text(encoding="utf-8")) if call[0] not in own}
    assert {name for name, _parameter in used} >= {"New-Object", "ForEach-Object", "Export-ModuleMember"}
    assert [
        (name, parameter)
        for name, parameter in used
        if name not in known or (parameter and parameter not in known[name])
    ] == []


def _calls(text: str) -> set[tuple[str, str]]:
    """Return each command that a script calls, with each of its parameters and once with none."""
    found = _CALL.findall(_ASIDE.sub("''", text))
    return {(name, parameter) for name, rest in found for parameter in ["", *re.findall(r"\s-([A-Z]\w+)", rest)]}
