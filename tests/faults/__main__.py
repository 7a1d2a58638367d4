# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs the fault matrix in one process and prints it as a table; ends as pytest does.

PYTHONPATH=.collections:. python -m tests.faults
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .registry import rendered


def main() -> int:
    """Run every cell, print the table, and return the exit status."""
    status = pytest.main(["-q", "-p", "no:xdist", str(Path(__file__).parent)])
    print(rendered())
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
