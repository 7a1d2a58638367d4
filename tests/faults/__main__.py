# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the fault matrix and prints it as a table; ends as pytest does.

PYTHONPATH=.collections:. python -m tests.faults
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .registry import rendered


def main() -> int:
    """Run every cell, print the table, and return the exit status."""
    # In a process of its own, since pytest loads the collection in its own way.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", str(Path(__file__).parent)]
    status = subprocess.run(command, check=False).returncode
    print(rendered())
    return status


if __name__ == "__main__":
    sys.exit(main())
