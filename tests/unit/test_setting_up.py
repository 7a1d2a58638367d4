# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a machine lacks: programs are unpacked and seen without being installed, what cannot be had is one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import debian, programs

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9"
ABSENT = (
    programs.Need(("lync-a", "lync-b"), ("lync-absent",), "what a proves"),
    programs.Need(("lync-c",), ("/usr/share/lync-absent",), "what c proves"),
)

pytestmark = pytest.mark.no_cover


@pytest.fixture
def absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this machine lack programs, and return the root folder of what is unpacked."""
    monkeypatch.setattr(programs, "NEEDS", ABSENT)
    monkeypatch.setattr(programs, "FOLDER", tmp_path / "programs")
    monkeypatch.setattr(programs, "ROOT_FOLDER", tmp_path / "programs" / "root")
    monkeypatch.delenv("LYNC_PROGRAMS_SEEN", raising=False)
    return tmp_path / "programs" / "root"


def told(why: str) -> list[str]:
    return [
        f"not proven here: what a proves ({why}); to have it: apt-get install lync-a lync-b",
        f"not proven here: what c proves ({why}); to have it: apt-get install lync-c",
    ]


def test_without_apt_each_need_is_one_line(
    absent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert programs.main([]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == told("there is no apt-get on this machine")


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="there is no apt-get on this machine")
def test_without_a_network_each_need_is_one_line(
    absent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = debian._options
    monkeypatch.setattr(debian, "mirror", lambda: f"{NOWHERE}/debian")
    monkeypatch.setattr(debian, "_options", lambda folder, suite, status: options(folder, "bookworm", status))
    assert programs.main([]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == len(ABSENT)
    for name, line in zip("ac", lines, strict=True):
        assert line.startswith(f"not proven here: what {name} proves (apt-get: E: ") and "127.0.0.1" in line


def _unpacked(root: Path) -> None:
    program, data = root / "usr/bin/lync-absent", root / "usr/share/lync-absent"
    for path in (program, data, root / "etc/lync-absent"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\ncat /usr/share/lync-absent /etc/lync-absent; id -u\n" if path == program else "x\n")
    program.chmod(0o755)


def test_a_command_sees_what_was_unpacked_where_it_expects_it_and_nobody_else_does(absent: Path) -> None:
    _unpacked(absent)
    try:
        command = programs.command(["sh", "-c", "lync-absent; touch /usr/lync-written || test -e /etc/passwd"])
    except debian.UnavailableError as error:
        pytest.skip(str(error))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["x", "x", str(os.geteuid())]
    assert "Read-only" in done.stderr
    assert not Path("/usr/bin/lync-absent").exists() and not Path("/usr/lync-written").exists()
    assert not programs.lacking()


def test_where_the_kernel_refuses_each_need_is_one_line_and_the_command_runs_all_the_same(
    absent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _unpacked(absent)
    (tmp_path / "unshare").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(debian.UnavailableError, match="this kernel lets nobody but root lay programs over /usr"):
        programs.command(["true"])


def test_where_nothing_is_lacking_a_command_stays_as_it_is(absent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "NEEDS", ())
    assert programs.command(["true"]) == ["true"]
    assert programs.fetch() == []


def _make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "-s", f"VENV={folder / 'venv'}", *arguments]
    variables = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)


def test_a_python_that_is_too_old_is_named_with_the_fix(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\nexec "$REAL" -c "import sys; sys.version_info = (3, 9, 2); $2"\n', encoding="utf-8")
    old.chmod(0o755)
    done = _make(tmp_path, f"PYTHON={old}", "setup", REAL=sys.executable)
    assert done.returncode
    assert f"Python 3.11 or newer is needed, {old} is 3.9; fix: make PYTHON=..." in done.stderr.splitlines()


def test_without_a_package_index_the_set_up_says_so_with_the_fix(tmp_path: Path) -> None:
    index = {"PIP_INDEX_URL": f"{NOWHERE}/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
    done = _make(tmp_path, f"PYTHON={sys.executable}", "setup", **index, PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL="")
    assert done.returncode
    told = "fix: connect to a package index of Python, or name one in PIP_INDEX_URL"
    assert [line for line in done.stderr.splitlines() if line.endswith(told)]
    assert "Traceback" not in done.stderr
