# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A copy of what git knows, below ansible_collections/, for the tools that refuse a symbolic link, and what
ansible-test wants around it.

Each gate has copies of its own, since gates run beside each other.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from .runs import BUILD, ROOT

COPIES = BUILD / "copies"

# ansible-test downloads get-pip.py to equip its virtual environments; this one asks the pip that is here already.
GET_PIP = """\
import subprocess, sys
wanted = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys._base_executable, "-m", "pip", "--python", sys.executable, "install", "--quiet", *wanted])
"""


def folder(gate: str) -> Path:
    """Return where the copy of a gate is."""
    return COPIES / gate / "ansible_collections" / "msuc" / "lync"


def refresh(gate: str) -> Path:
    """Make the copy of a gate anew from the files that git tracks or would track, and return its folder.

    It is a repository of its own: ansible-test asks git for the files, and the outer one ignores this folder.
    """
    copy = folder(gate)
    shutil.rmtree(copy, ignore_errors=True)
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listing.stdout.decode().split("\0"):
        source = ROOT / name
        if name and (source.is_symlink() or source.is_file()):
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    return copy


def ansible_test_environment(gate: str, path: str, tree: Path | None = None) -> dict[str, str]:
    """Return variables for ansible-test: a home beside the copy with the get-pip stand-in, and the pwsh stand-in
    last on the given PATH; tree: the virtual environment that has ansible-test, if it is not this one.
    """
    home, stand_ins = COPIES / gate / "home", COPIES / gate / "stand-ins"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / f"get_pip_{_pip_version(tree).replace('.', '_')}.py").write_text(GET_PIP, encoding="utf-8")
    stand_ins.mkdir(parents=True, exist_ok=True)
    pwsh = stand_ins / "pwsh"
    pwsh.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).parent / "pwsh_specification.py"}" "$@"\n',
        encoding="utf-8",
    )
    pwsh.chmod(0o755)
    return {"HOME": str(home), "PIP_QUIET": "1", "PATH": f"{path}:{stand_ins}"}


def _pip_version(tree: Path | None) -> str:
    source = _ansible_test(tree) / "_internal" / "python_requirements.py"
    found = re.search(r"pip='([\d.]+)'", source.read_text(encoding="utf-8"))
    if found is None:
        raise RuntimeError(f"{source} no longer names a version of pip; get-pip stand-in cannot be placed")
    return found[1]


def _ansible_test(tree: Path | None) -> Path:
    """Return where ansible-test's own code is."""
    if tree is not None:
        return next(tree.glob("lib/python*/site-packages/ansible_test"))
    package = find_spec("ansible_test")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("ansible-test is not installed; run: make setup-test")
    return Path(package.submodule_search_locations[0])
