# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fixture lab: simulated Windows hosts that end with the test."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from importlib.metadata import version

import pytest

from tests.lab.lab import Lab

# An older ansible-core runs no PowerShell module on a local connection; the gate core-2.21 runs this one.
collect_ignore = (
    ["test_local_connection.py"] if tuple(map(int, version("ansible-core").split(".")[:2])) < (2, 21) else []
)


@pytest.fixture
def lab(tmp_path: pathlib.Path) -> Iterator[Lab]:
    """Return a lab without hosts; the test starts those that it needs."""
    made = Lab(tmp_path)
    yield made
    made.stop()
