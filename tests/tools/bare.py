# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A bare Debian below .build, and a fresh checkout in it, as a new user has it.

    python -m tests.tools.bare [COMMAND]        one command of the shell in the checkout; `make test-quick && make demo`

It has what every Debian has, python3, python3-venv, git and make, and nothing else; an ordinary user with an empty
home runs the command. The root folder is unpacked by apt like any program, so nothing is installed; to enter it takes
root. What comes along of this machine: how it reaches package indexes (settings of apt and pip).
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from . import collection_copy, debian
from .runs import BUILD, Outcome, Run

FOLDER = BUILD / "bare"
PACKAGES = ("apt", "ca-certificates", "git", "make", "python3", "python3-venv", "?priority(required)")
QUICK = "make --no-print-directory test-quick && make --no-print-directory demo"
USER, NUMBER = "user", "1000"
NEEDS_ROOT = "the quick tests and the demo on a bare Debian: to enter it takes root; fix: run the gate bare as root"
_EMPTY = ("dev", "home", "mnt", "proc", "root", "run", "sys", "tmp", "var/lib/dpkg")
# Settings by which this machine reaches package indexes, and who it trusts there.
_SETTINGS = (
    *("etc/apt", "etc/resolv.conf", "etc/hosts", "etc/pip.conf", "etc/xdg/pip", "etc/ssl/certs", "usr/share/keyrings"),
    *("usr/local/share/ca-certificates", "usr/share/ca-certificates"),
)
_VARIABLES = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_")
# Not chroot: the kernel gives no user namespaces there, and a Debian that was installed has them.
_ENTER = f"""
set -e
root=$1
shift
mount --bind "$root" "$root"
cd "$root"
mount --rbind /dev dev
mount --rbind /proc proc
mount --rbind /sys sys
pivot_root . mnt
umount -l /mnt
exec setpriv --reuid={NUMBER} --regid={NUMBER} --clear-groups -- "$@"
"""


def gate(name: str) -> Outcome:
    """Run the quick tests and the demo there; a skip where the root folder cannot be made."""
    return run(name, QUICK)


def run(name: str, command: str) -> Outcome:
    """Run a command of the shell in a fresh checkout there."""
    if os.geteuid() != 0:
        return Outcome(skips=(NEEDS_ROOT,))
    try:
        root = FOLDER / "root" if (FOLDER / "root").is_dir() else debian.fetch(FOLDER, PACKAGES)
    except debian.UnavailableError as error:
        return Outcome(skips=(f"the quick tests and the demo on a bare Debian: {error}",))
    _furnish(root)
    home = root / "home" / USER
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(collection_copy.refresh(name), home / "lync", symlinks=True)
    for path in (home, *home.rglob("*")):
        os.chown(path, int(NUMBER), int(NUMBER), follow_symlinks=False)
    shell = ["env", "-i", *_environment(), "sh", "-c", f"cd ~/lync && {command}"]
    return Run(["unshare", "--mount", "--", "sh", "-c", _ENTER, "sh", root, *shell]).execute(name)


def _environment() -> list[str]:
    carried = {name: value for name, value in os.environ.items() if name.upper().startswith(_VARIABLES)}
    own = {"HOME": f"/home/{USER}", "USER": USER, "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    return [f"{name}={value}" for name, value in {**carried, **own}.items()]


def _furnish(root: Path) -> None:
    """Write what packages write when they are installed, and copy the settings."""
    for name in _EMPTY:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text(
        f"root:x:0:0::/root:/bin/sh\n{USER}:x:{NUMBER}:{NUMBER}::/home/{USER}:/bin/sh\n", encoding="utf-8"
    )
    (root / "etc/group").write_text(f"root:x:0:\n{USER}:x:{NUMBER}:\n", encoding="utf-8")
    shutil.copy(FOLDER / "unpacked", root / "var/lib/dpkg/status")
    awk = root / "usr/bin/awk"
    if not awk.is_symlink():
        awk.symlink_to("mawk")
    for name in _SETTINGS:
        _copy(Path("/", name), root / name)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore_dangling_symlinks=True)
    elif source.exists():
        target.unlink(missing_ok=True)
        shutil.copy(source, target)


def main() -> int:
    """Run a command there, with its output in .build/logs/bare.log; returns the exit status."""
    outcome = run("bare", " ".join(sys.argv[1:]) or QUICK)
    print(*outcome.skips, outcome.details or outcome.counts(), sep="\n")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
