# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every cell of the fault matrix keeps the law, and no source and no provider is without its cells."""

from __future__ import annotations

import functools
import time

import pytest

from tests.tools.safety_table import providers

from .model import Cell, Expect, Fault, NotApplicable, Outcome, Source, is_held, keep
from .registry import SOURCES, cells, rendered

pytestmark = pytest.mark.no_cover
SECONDS_MAXIMUM = 5


@functools.cache
def without_fault(source_name: str) -> tuple[Outcome, ...]:
    """Return the runs over a source that is well."""
    return tuple(next(source for source in SOURCES if source.name == source_name).runs(keep))


def _marks(cell: Cell) -> list[pytest.MarkDecorator]:
    return [pytest.mark.xfail(reason=cell.red, strict=True, raises=AssertionError)] if cell.red else []


CELLS = [pytest.param(*each, id=f"{each[0].name}-{each[1].value}", marks=_marks(each[2])) for each in cells()]


@pytest.mark.parametrize(("source", "fault", "cell"), CELLS)
def test_a_fault_is_never_as_planned_unless_the_cell_says_why(source: Source, fault: Fault, cell: Cell) -> None:
    start = time.process_time()
    pairs = list(zip(source.runs(cell.put), without_fault(source.name), strict=True))
    broken = [found for found, well in pairs if not is_held(cell, found, well)]
    assert not broken, "\n".join(map(str, broken))[:4000]
    assert time.process_time() - start < SECONDS_MAXIMUM * len(pairs)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_source_that_is_well_is_as_planned(source: Source) -> None:
    """Without this, every run of a row could be refused for a reason of its own."""
    found = without_fault(source.name)
    assert [outcome.error for outcome in found if outcome.error] == []
    assert all(outcome.status.is_done for outcome in found)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_source_answers_every_fault_with_its_reason(source: Source) -> None:
    assert set(source.cells) == set(Fault), source.name
    for cell in source.cells.values():
        if isinstance(cell, NotApplicable):
            assert cell.why.endswith(".") and len(cell.why) > 20
        else:
            assert cell.expects is Expect.REFUSED or len(cell.why) > 10


def test_no_provider_is_without_a_source() -> None:
    assert {source.provider for source in SOURCES} >= set(providers())
    assert len({source.name for source in SOURCES}) == len(SOURCES)


def test_the_table_has_a_row_per_source_and_counts_all_cells() -> None:
    lines = rendered().splitlines()
    assert len(lines) == len(SOURCES) + 2
    assert lines[-1].startswith(f"{len(SOURCES) * len(Fault)} cells: ")
