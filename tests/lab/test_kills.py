# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller dies in the middle of a remediation: the next run makes everything as planned, and nothing of others
is lost.
"""

from __future__ import annotations

import pathlib

import pytest

from tests.lab.kills import Kills

# What it runs is killed before it could tell what it ran.
pytestmark = pytest.mark.no_cover

SEEDS = range(5)


def test_the_next_run_converges_whenever_the_controller_dies(tmp_path: pathlib.Path) -> None:
    with Kills(tmp_path) as kills:
        hits = [kills.once(seed) for seed in SEEDS]
    assert any(hit.left for hit in hits), hits
