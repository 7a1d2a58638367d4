# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Packages of Debian, unpacked below a folder and never installed: it takes apt on this machine, and no root.

    fetch(Path(".build/programs"), ["haproxy"], status=MACHINE)

apt has a configuration of its own, so nothing of the machine's changes, and lists of its own, so that stale ones of
the machine do no harm.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

MACHINE = Path("/var/lib/dpkg/status")
"""What this machine has: what is fetched goes beside it, libraries that are here are not fetched again."""
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
# Files may stand in the root folder or below usr; here they are the same folders, as on every Debian since 12.
_MERGED = ("bin", "lib", "lib64", "sbin")
_SOURCES = (Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*")))
_MIRROR = re.compile(r"^(?:URIs:|deb)\s+(?:\[[^]]*\]\s+)?(\S+/debian)/?(?:\s|$)", re.MULTILINE)
_LINES_OF_APT = 1
_SECONDS = "20"


class UnavailableError(Exception):
    """Packages cannot be had here; says why in one line."""


def mirror() -> str:
    """Return the mirror of Debian of this machine's own sources; raises UnavailableError."""
    texts = (path.read_text(encoding="utf-8") for path in _SOURCES if path.is_file())
    found = [match for text in texts for match in _MIRROR.findall(text)]
    if not found:
        raise UnavailableError("no source of apt on this machine names a mirror of Debian; fix: add one")
    return str(found[0])


def fetch(folder: Path, packages: Sequence[str], *, suite: str = "", status: Path | None = None) -> Path:
    """Return the root folder below which packages are unpacked with all that they depend on; raises UnavailableError.

    suite: of Debian, else the machine's own sources. status: what is there already, nothing unless given.
    """
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    root = fresh / "root"
    for name in _MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    options = _options(fresh, suite, status)
    _run(["apt-get", *options, "update"])
    _run(["apt-get", *options, "install", "--download-only", *packages])
    for package in sorted((fresh / "archives").glob("*.deb")):
        _unpack(package, root)
    _write_status(fresh)
    for name in ("archives", "lists"):
        shutil.rmtree(fresh / name)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return folder / "root"


def _unpack(package: Path, root: Path) -> None:
    """Unpack a package; unlike dpkg-deb -x, which puts a folder in the place of a link such as /lib."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as read:
        tar = ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(root)]
        done = subprocess.run(tar, stdin=read.stdout, check=False, capture_output=True, text=True)
    if read.returncode or done.returncode:
        raise UnavailableError(f"{package.name} cannot be unpacked: {done.stderr.strip()[:200]}")


def _write_status(folder: Path) -> None:
    """Write down what was unpacked, the way dpkg does."""
    controls = [_run(["dpkg-deb", "-f", str(package)]) for package in sorted((folder / "archives").glob("*.deb"))]
    text = "".join(f"{control.rstrip()}\nStatus: install ok installed\n\n" for control in controls)
    (folder / "unpacked").write_text(text, encoding="utf-8")


def _options(folder: Path, suite: str, status: Path | None) -> list[str]:
    lists, archives, nothing = folder / "lists", folder / "archives", folder / "nothing"
    for each in (lists / "partial", archives / "partial"):
        each.mkdir(parents=True)
    nothing.touch()
    settings: dict[str, object] = {
        "Dir::State": folder,
        "Dir::State::lists": lists,
        "Dir::State::status": status or nothing,
        "Dir::Cache::archives": archives,
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "Debug::NoLocking": "true",
        "APT::Sandbox::User": "root",
        "APT::Install-Recommends": "false",
        "APT::Get::List-Cleanup": "false",
        "APT::Update::Error-Mode": "any",
        "Acquire::Languages": "none",
        "Acquire::Retries": "1",
        "Acquire::http::Timeout": _SECONDS,
        "Acquire::https::Timeout": _SECONDS,
    }
    if suite:
        source = folder / "sources.list"
        source.write_text(f"deb [signed-by={KEYS}] {mirror()} {suite} main\n", encoding="utf-8")
        settings |= {"Dir::Etc::sourcelist": source, "Dir::Etc::sourceparts": "/dev/null"}
        settings |= {"Dir::Etc::preferencesparts": "/dev/null"}
    return ["-qq", "-y", *(part for name, value in settings.items() for part in ("-o", f"{name}={value}"))]


def _run(command: Sequence[str]) -> str:
    if shutil.which(command[0]) is None:
        raise UnavailableError(f"there is no {command[0]} on this machine")
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()
        raise UnavailableError(f"{command[0]}: {' '.join(said[:_LINES_OF_APT]) or f'exit status {done.returncode}'}")
    return done.stdout
