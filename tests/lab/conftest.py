# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fixture lab: simulated Windows hosts that end with the test."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab


@pytest.fixture
def lab(tmp_path: pathlib.Path) -> Iterator[Lab]:
    """Return a lab without hosts; the test starts those that it needs."""
    made = Lab(tmp_path)
    yield made
    made.stop()
