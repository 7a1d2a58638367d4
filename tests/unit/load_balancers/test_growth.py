# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How rendering and planning of virtual services grow."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.registry import DRIVERS

from tests.bench.balancers import document_of, plan, services


def calls(name: str, pools: int) -> int:
    """Return how many functions are called to render and plan 15 services of so many pools."""
    want = services(name, range(pools))
    document, count = document_of(name, want), 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        assert plan(name, want, document)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", sorted(DRIVERS))
def test_ten_times_the_pools_take_ten_times_the_calls(name: str) -> None:
    # Seconds, which a busy machine makes wrong by more than the margin, are measured by make bench.
    calls(name, 2)
    few, many = calls(name, 3), calls(name, 30)
    assert many <= 10.2 * few
