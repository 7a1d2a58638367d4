# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of snapshots on a host: which are ours, which go, and who may write beside them; in a PowerShell."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from typing import Any

import pytest

from tests.lab.lab import ROOT

PWSH = os.environ.get("LYNC_PWSH", "")
pytestmark = [
    pytest.mark.no_cover,
    pytest.mark.skipif(not PWSH, reason="LYNC_PWSH does not name a PowerShell 7"),
]
# Functions of _Snapshot.psm1 over the fakes, in one process; each line of output is one answer.
SCRIPT = """
$ErrorActionPreference = 'Stop'
& '{root}/tests/contract/fake.ps1' -Path '{root}/plugins/module_utils' -Util _Windows, _Snapshot, _Change
function Show {{ param($Value) ConvertTo-Json -InputObject $Value -Compress -Depth 4 }}
foreach ($step in ConvertFrom-Json -InputObject $env:LAB_STEPS -AsHashtable) {{
    $env:LAB_FOLDER_ACCESS = $step.access
    try {{
        switch ($step.do) {{
            'export' {{ Show @{{ path = (Export-LyncSnapshot -Directory $step.directory -Keep $step.keep) }} }}
            'import' {{ Show @(Import-LyncSnapshot -Path "$($step.directory)/x.wfw") }}
            'list' {{ Show @(Get-LyncSnapshot -Directory $step.directory | ForEach-Object {{ $_.path }}) }}
        }}
    }} catch {{
        Show @{{ error = $_.Exception.Message }}
    }}
}}
"""


def run(directory: pathlib.Path, *steps: dict[str, Any]) -> list[Any]:
    """Return what the steps answer, in a process of that folder."""
    environment = {**os.environ, "LAB_STEPS": json.dumps(steps)}
    command = [PWSH, "-NoProfile", "-NonInteractive", "-Command", SCRIPT.format(root=ROOT)]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def stamped(directory: pathlib.Path, year: int, count: int) -> list[pathlib.Path]:
    """Make snapshots that say they are of a year, older than now as files."""
    made = [directory / f"firewall-{year}1129T20021093{number}Z-eff877c{number}.wfw" for number in range(count)]
    for number, path in enumerate(made):
        path.write_text("rules", encoding="utf-8")
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
    return made


def test_the_snapshot_that_was_just_taken_stays_whatever_the_clock_said_before(tmp_path: pathlib.Path) -> None:
    old = stamped(tmp_path, 2099, 9)
    (answer,) = run(tmp_path, {"do": "export", "directory": str(tmp_path), "keep": 3})
    assert pathlib.Path(answer["path"]).is_file()
    assert sorted(tmp_path.iterdir()) == sorted([pathlib.Path(answer["path"]), *old[-2:]])


def test_files_that_others_put_there_are_not_ours(tmp_path: pathlib.Path) -> None:
    others = [
        "firewall-before-migration.wfw",
        "firewall-9999.wfw",
        "firewall-20991129T200210938Z-eff877c7.wfw.bak",
        "xfirewall-20991129T200210938Z-eff877c7.wfw",
    ]
    for name in others:
        (tmp_path / name).write_text("rules", encoding="utf-8")
    handout = tmp_path / "firewall-20250102T030405678Z-handout.wfw"
    handout.write_text("rules", encoding="utf-8")
    os.utime(handout, (1_000_000_000, 1_000_000_000))
    listed, taken, after = run(
        tmp_path,
        {"do": "list", "directory": str(tmp_path)},
        {"do": "export", "directory": str(tmp_path), "keep": 1},
        {"do": "list", "directory": str(tmp_path)},
    )
    assert (listed, after) == ([str(handout)], [taken["path"]])
    assert all((tmp_path / name).is_file() for name in others)


def test_a_folder_that_another_process_would_look_for_elsewhere_is_refused(tmp_path: pathlib.Path) -> None:
    directories = ["relsnap", "\\\\server\\share", f"{tmp_path}/../snapshots", ".", "//server/share"]
    answers = run(tmp_path, *({"do": "export", "directory": directory, "keep": 3} for directory in directories))
    assert [
        answer.get("error", "").partition(" is no folder of a local drive, written in full")[0] for answer in answers
    ] == directories
    assert not list(tmp_path.iterdir())


OTHERS = {
    # Owner and who has which rights: Modify for Authenticated Users, as a data volume gives it to new folders.
    "S-1-5-32-544 S-1-5-18:0x1F01FF S-1-5-11:0x1301BF": "S-1-5-11",
    "S-1-5-32-544 S-1-5-32-545:0x4": "S-1-5-32-545",
    "S-1-5-32-544 S-1-1-0:0x10000000 S-1-5-11:0x2": "S-1-1-0, S-1-5-11",
    "S-1-5-21-1-2-3-1000 S-1-5-18:0x1F01FF": "S-1-5-21-1-2-3-1000",
}


def test_a_folder_in_which_others_may_write_is_refused(tmp_path: pathlib.Path) -> None:
    steps = [
        {"do": what, "directory": str(tmp_path), "keep": 3, "access": access}
        for access in OTHERS
        for what in ("export", "import")
    ]
    answers = [answer.get("error", "") for answer in run(tmp_path, *steps)]
    told = f"others may write in {tmp_path}, from which rules are imported: "
    twice = [told + who for who in OTHERS.values() for _engine in range(2)]
    assert [answer.partition(";")[0] for answer in answers] == twice
    assert not list(tmp_path.iterdir())


def test_a_folder_below_that_of_windows_is_good_and_a_new_one_is_made_for_administrators(
    tmp_path: pathlib.Path,
) -> None:
    windows = "S-1-5-32-544 S-1-5-18:0x1F01FF S-1-5-32-544:0x1F01FF S-1-5-32-545:0x1200A9 S-1-3-0:0x10000000"
    good, made = run(
        tmp_path,
        {"do": "export", "directory": str(tmp_path), "keep": 3, "access": windows},
        {"do": "export", "directory": str(tmp_path / "new" / "folder"), "keep": 3},
    )
    assert pathlib.Path(good["path"]).is_file() and pathlib.Path(made["path"]).is_file()
    assert (tmp_path / "new/folder/sddl").read_text() == "O:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)"
