# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collections of others out of a wheel: once for each pin, these and nothing else; a skip without a package index."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.tools import wheel_collections
from tests.tools.runs import Outcome, Run

WANTED = "ansible_collections/community/windows/plugins/modules/win_firewall_rule.ps1"
OTHERS = (
    "ansible_collections/community/windows_more/README.md",
    "ansible_collections/community/general/README.md",
    "ansible/cli.py",
)


def files(tree: Path) -> list[str]:
    return [str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(wheel_collections, "BUILD", tmp_path)
    monkeypatch.setattr(wheel_collections, "TREE", tmp_path / "tree")
    return tmp_path / "tree"


def test_they_are_fetched_once_for_each_pin(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads: list[str] = []

    def download(run: Run, name: str) -> Outcome:
        folder, package = map(str, run.arguments[-2:])
        downloads.append(package)
        Path(folder).mkdir()
        with zipfile.ZipFile(Path(folder) / "ansible-1-py3-none-any.whl", "w") as wheel:
            for path in (WANTED, *OTHERS):
                wheel.writestr(path, "content")
        return Outcome(passed=1)

    monkeypatch.setattr(Run, "execute", download)
    assert not wheel_collections.present()
    assert [wheel_collections.provide("test") for _time in range(2)] == [Outcome(passed=1)] * 2
    assert sorted(files(tree)) == [".ansible==12.3.0", WANTED]
    monkeypatch.setattr(wheel_collections, "PACKAGE", "ansible==0")
    assert not wheel_collections.present()
    assert (wheel_collections.provide("test"), downloads) == (Outcome(passed=1), ["ansible==12.3.0", "ansible==0"])


def test_without_a_package_index_it_is_a_skip_that_says_how_to_get_them(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "execute", lambda run, name: Outcome(failed=1))
    assert wheel_collections.provide("test") == Outcome(skips=(wheel_collections.ABSENT,))
    assert not wheel_collections.present()
    assert "fix: python -m tests.tools.wheel_collections" in wheel_collections.ABSENT
