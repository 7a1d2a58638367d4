# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which versions of programs on Linux hosts README says are supported, and which ones the tests really run with."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from ..tools.newer_haproxy import SUITES, program
from .lab import ROOT
from .test_traffic import told

Version = tuple[int, int]


class Program(NamedTuple):
    """How a program tells its version, and how README says what is supported: the last one, empty for no end."""

    command: str
    words: tuple[str, ...]
    first: str
    last: str = ""

    def phrase(self, name: str) -> str:
        return f"{name} {self.first} to {self.last}" if self.last else f"{name} {self.first} or newer"


PROGRAMS = {
    "nftables": Program("nft", ("--version",), "1.0"),
    "HAProxy": Program("haproxy", ("-v",), "2.6", "3.2"),
    "nginx": Program("nginx", ("-v",), "1.22"),
    "BIND": Program("named", ("-v",), "9.18"),
    "conntrack": Program("conntrack", ("--version",), "1.4"),
}


def version(path: str, words: tuple[str, ...]) -> Version:
    """Return the first two numbers of what a program says of itself."""
    done = subprocess.run([path, *words], capture_output=True, text=True, check=True)
    found = re.search(r"(\d+)\.(\d+)", done.stdout + done.stderr)
    assert found, done
    return int(found[1]), int(found[2])


def parsed(text: str) -> Version:
    first, second = map(int, text.split("."))
    return first, second


def at_hand(name: str) -> list[Version]:
    """Return the versions that the tests run with here, sorted: the installed one, and HAProxy of newer suites."""
    command, words, *_range = PROGRAMS[name]
    paths = [shutil.which(command, path="/usr/sbin:/usr/bin:/sbin")]
    paths += [str(program(suite)) for suite in SUITES if name == "HAProxy" and program(suite).is_file()]
    return sorted(version(path, words) for path in paths if path)


@pytest.mark.parametrize("name", PROGRAMS)
def test_readme_says_what_the_tests_run_with(name: str) -> None:
    supported = PROGRAMS[name]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert supported.phrase(name) in readme
    found = at_hand(name)
    if not found:
        pytest.skip(f"{supported.command} is not on this machine")
    told(f"{supported.phrase(name)}: run with {', '.join(f'{first}.{second}' for first, second in found)}")
    assert found[0] >= parsed(supported.first)
    if Path("/etc/debian_version").exists() and Path("/etc/debian_version").read_text(encoding="ascii")[:3] == "12.":
        assert found[0] == parsed(supported.first)  # what nothing runs with is not supported
    if supported.last and len(found) > len(SUITES):
        assert found[-1] == parsed(supported.last)
