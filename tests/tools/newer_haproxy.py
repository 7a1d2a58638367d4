# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HAProxy of newer Debian suites beside the installed one, unpacked below .build and never installed.

    python -m tests.tools.newer_haproxy        fetches what is not there; prints one line per version

Packages come from the mirror of this machine's own sources, with an apt configuration of its own, so that nothing of
the machine's changes. The program is started by a loader and libraries of its own suite. Exit status 1, with what apt
says, when a suite cannot be had.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .runs import BUILD

SUITES = ("trixie", "sid")
_TESTED = ("haproxy", "broken_candidates", "traffic", "publishing", "dead_member")
TESTS = tuple(f"tests/lab/test_{name}.py" for name in _TESTED)
"""What has to hold with each version."""
FOLDER = BUILD / "haproxy"
_SOURCES = (Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*")))
_MIRROR = re.compile(r"^(?:URIs:|deb)\s+(?:\[[^]]*\]\s+)?(\S+/debian)/?(?:\s|$)", re.MULTILINE)
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Unavailable(Exception):
    """A suite cannot be had here; says why and what to do."""


def program(suite: str) -> Path:
    """Return where the program of a suite is, or would be."""
    return FOLDER / suite / "haproxy"


def version(path: Path | str) -> str:
    """Return the version of a HAProxy, like 3.2.26-1; raises OSError where it does not run."""
    output = subprocess.run([str(path), "-v"], capture_output=True, text=True, check=True).stdout
    return output.split()[2]


def _mirror() -> str:
    texts = (path.read_text(encoding="utf-8") for path in _SOURCES if path.is_file())
    found = [match for text in texts for match in _MIRROR.findall(text)]
    if not found:
        raise Unavailable("no source of apt on this machine names a mirror of Debian; fix: add one")
    return str(found[0])


def _apt(folder: Path, *arguments: str) -> None:
    lists, archives, status = folder / "lists", folder / "archives", folder / "status"
    for each in (lists / "partial", archives / "partial"):
        each.mkdir(parents=True, exist_ok=True)
    status.touch()
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::lists": lists,
        "Dir::State::status": status,
        "Dir::Cache::archives": archives,
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        "APT::Get::List-Cleanup": "false",
        "Acquire::Languages": "none",
    }
    given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
    done = subprocess.run(["apt-get", "-qq", "-y", *given, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"apt-get {' '.join(arguments)}: {done.stderr.strip()}")


def fetch(suite: str) -> Path:
    """Return the program of a suite, fetched where it is not there; raises Unavailable."""
    target = program(suite)
    if target.is_file():
        return target
    folder = FOLDER / f"{suite}.new"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb [signed-by={_KEYS}] {_mirror()} {suite} main\n", encoding="utf-8")
    _apt(folder, "update")
    _apt(folder, "install", "--download-only", "haproxy")
    for package in sorted((folder / "archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", str(package), str(folder / "root")], check=True)
    shutil.rmtree(folder / "archives")
    shutil.rmtree(folder / "lists")
    shutil.rmtree(target.parent, ignore_errors=True)
    folder.rename(target.parent)
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
        except (Unavailable, OSError, subprocess.CalledProcessError) as error:
            print(f"HAProxy of {suite} cannot be had: {error}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
