# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Wording that all reports share: numbers with their nouns, and values of results."""

from __future__ import annotations

from collections.abc import Mapping


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 host", "2 hosts"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def result_text(value: object) -> str:
    """Return a value of a result on one line: lists with commas, mappings as name and value, nothing as "nothing"."""
    if value is None or value == []:
        return "nothing"
    if isinstance(value, Mapping):
        return " ".join(f"{name} {result_text(part)}" for name, part in value.items() if part not in ("", None))
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(result_text, value)) if isinstance(value, (list, tuple)) else str(value)
