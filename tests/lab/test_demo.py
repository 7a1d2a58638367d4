# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The demo runs what it prints: each line with $ ansible-playbook is the command of a process, in order."""

from __future__ import annotations

import pathlib
import shlex
import subprocess
from collections.abc import Sequence

import pytest

from tests.lab import lab as lab_module
from tests.simulators import demo

# The number of the command that finds a difference.
DRIFT = 3


@pytest.mark.no_cover
def test_each_printed_command_is_the_one_that_ran(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "DIRECTORY", tmp_path / "lab")
    ran: list[list[str]] = []
    real = subprocess.run

    def watched(command: Sequence[str], **options: object) -> object:
        if "--skip-tags" not in command:
            return real(command, **options)  # type: ignore[call-overload]  # pylint: disable=subprocess-run-check
        ran.append([str(word) for word in command[1:]])
        return subprocess.CompletedProcess(command, 2 if len(ran) == DRIFT else 0, "", "")

    monkeypatch.setattr(lab_module.subprocess, "run", watched)
    # Nothing was really run, so the demo ends where it counts what the repair wrote.
    assert demo.main() == 1
    # A command that is broken goes on in the next line.
    lines = capsys.readouterr().out.replace(" \\\n", " ").splitlines()
    printed = [shlex.split(line)[2:] for line in lines if line.startswith("$ ansible-playbook")]
    assert printed == ran
    assert [line[0] for line in ran] == [f"playbooks/{name}.yml" for name in ("site", "site", "drift", "drift")]
