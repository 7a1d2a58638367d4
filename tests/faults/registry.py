# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All sources of the fault matrix, and the matrix as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .device_cells import SOURCES as DEVICES
from .file_cells import SOURCES as FILES
from .model import Cell, Fault, NotApplicable, Source
from .stored_cells import SOURCES as STORED

SOURCES: tuple[Source, ...] = (*DEVICES, *STORED, *FILES)


def cells() -> Iterator[tuple[Source, Fault, Cell]]:
    """Yield each cell that is run."""
    for source in SOURCES:
        for fault, cell in source.cells.items():
            if isinstance(cell, Cell):
                yield source, fault, cell


def rendered() -> str:
    """Return the table, a row per source and a column per fault, and how many cells there are of each word."""
    width = max(len(source.name) for source in SOURCES)
    columns = [max(len(fault.value), len("refused")) for fault in Fault]
    rows = [_row("", [fault.value for fault in Fault], width, columns)]
    rows += [_row(each.name, [each.cells[fault].word for fault in Fault], width, columns) for each in SOURCES]
    words = Counter(cell.word for source in SOURCES for cell in source.cells.values())
    named = {"n refused": "refused", "n unknown": "unknown", "n set right": "differs", "n harmless": "harmless"}
    counted = [text.replace("n", str(words[word]), 1) for text, word in named.items()]
    counted += [f"{words[NotApplicable.word]} not applicable", f"{words['RED']} red"]
    return "\n".join([*rows, f"{words.total()} cells: {', '.join(counted)}"])


def _row(name: str, words: list[str], width: int, columns: list[int]) -> str:
    padded = [word.ljust(column) for word, column in zip(words, columns, strict=True)]
    return "  ".join([name.ljust(width), *padded]).rstrip()
