# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collections of others that tests run beside this one, taken from the `ansible` package of the Python package index.

    python -m tests.tools.wheel_collections        puts ansible.windows and community.windows below .build/collections

The package holds released collections as they are; it is downloaded, not installed, and unpacked once for each pin.
"""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

from .runs import BUILD, Outcome, Run

PACKAGE = "ansible==12.3.0"
"""Goes with the ansible-core of requirements.txt; holds ansible.windows 3.3.0 and community.windows 3.1.0."""

COLLECTIONS = ("ansible.windows", "community.windows")
TREE = BUILD / "collections"
ABSENT = (
    f"the collections of {PACKAGE} are not in .build; fix: python -m tests.tools.wheel_collections, which needs a "
    "package index"
)


def present() -> bool:
    """Return whether the collections of this pin are there."""
    return _stamp().is_file()


def provide(name: str) -> Outcome:
    """Fetch what is missing, with output to the log of that name; a skip where no package index answers."""
    if present():
        return Outcome(passed=1)
    wheels = BUILD / "wheel"
    shutil.rmtree(wheels, ignore_errors=True)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary",
        ":all:",
    ]
    if Run([*pip, "-d", wheels, PACKAGE]).execute(name).failed:
        return Outcome(skips=(ABSENT,))
    shutil.rmtree(TREE, ignore_errors=True)
    unpack(next(wheels.glob("*.whl")), TREE)
    shutil.rmtree(wheels)
    _stamp().touch()
    return Outcome(passed=1)


def unpack(wheel: Path, tree: Path) -> None:
    """Unpack the collections of a wheel, and nothing else, below tree/ansible_collections."""
    wanted = tuple(f"ansible_collections/{collection.replace('.', '/')}/" for collection in COLLECTIONS)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tree, [member for member in archive.namelist() if member.startswith(wanted)])


def _stamp() -> Path:
    return TREE / f".{PACKAGE}"


def main() -> int:
    """Provide the collections; returns the exit status."""
    outcome = provide("wheel-collections")
    print(*outcome.skips or [f"{', '.join(COLLECTIONS)} of {PACKAGE} are below {TREE}"])
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
