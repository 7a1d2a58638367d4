# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HAProxy of newer Debian suites beside the installed one, unpacked below .build and never installed.

    python -m tests.tools.newer_haproxy        fetches what is not there; prints one line per version

The program is started by a loader and libraries of its own suite. Exit status 1, with what apt says, when a suite
cannot be had.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from . import debian
from .runs import BUILD

SUITES = ("trixie", "sid")
_TESTED = ("haproxy", "broken_candidates", "traffic", "publishing", "dead_member", "udp_ring")
TESTS = tuple(f"tests/lab/test_{name}.py" for name in _TESTED)
"""What has to hold with each version."""
FOLDER = BUILD / "haproxy"


def program(suite: str) -> Path:
    """Return where the program of a suite is, or would be."""
    return FOLDER / suite / "haproxy"


def version(path: Path | str) -> str:
    """Return the version of a HAProxy, like 3.2.26-1; raises OSError where it does not run."""
    output = subprocess.run([str(path), "-v"], capture_output=True, text=True, check=True).stdout
    return output.split()[2]


def fetch(suite: str) -> Path:
    """Return the program of a suite, fetched where it is not there; raises UnavailableError."""
    target = program(suite)
    if not target.is_file():
        FOLDER.mkdir(parents=True, exist_ok=True)
        debian.fetch(target.parent, ["haproxy"], suite=suite)
        _write_starter(target)
    return target


def _write_starter(target: Path) -> None:
    """Write a script that starts the program by the loader of its suite; exec keeps the number of the process."""
    root = target.parent / "root"
    (loader,) = [*root.glob("usr/lib*/ld-linux-*.so.*"), *root.glob("lib*/ld-linux-*.so.*")][:1]
    libraries = ":".join(map(str, sorted({path.parent for path in root.rglob("*.so*") if "gconv" not in path.parts})))
    binary = root / "usr/sbin/haproxy"
    arguments = f'--library-path "{libraries}" --argv0 "{target}" "{binary}" "$@"'
    target.write_text(f'#!/bin/sh\nexec "{loader}" {arguments}\n', encoding="utf-8")
    target.chmod(0o755)


def main() -> int:
    """Fetch what is not there and print which versions are at hand."""
    status = 0
    for suite in SUITES:
        try:
            print(f"HAProxy of {suite}: {version(fetch(suite))}")
        except (debian.UnavailableError, OSError, subprocess.CalledProcessError) as error:
            print(f"HAProxy of {suite} cannot be had: {error}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
