# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AS3 sees of a tenant and no service shows."""

from __future__ import annotations

from collections.abc import Sequence

from ..._base.untyped import Object, items, mapping, text
from .objects import MODELLED


def describe_diff(diff: object, *, planned: bool) -> list[str]:
    """Return the lines of AS3's diff; beside changes only those of properties that no field of a service is."""
    entries = [mapping(entry) for entry in items(diff)]
    return [
        _describe_diff_entry(entry)
        for entry in entries
        if not planned or not _is_modelled([text(part) for part in items(entry.get("path"))])
    ]


def _is_modelled(path: Sequence[str]) -> bool:
    """Return whether a path of AS3's diff is a whole object, or a property that a service speaks of."""
    return len(path) < len(("path", "properties", "name")) or path[2] in MODELLED


def _describe_diff_entry(entry: Object) -> str:
    path = [text(part) for part in items(entry.get("path"))]
    kinds = {"N": "is missing", "D": "is there and should not be"}
    what = kinds.get(text(entry.get("kind"))) or f"is {entry.get('lhs')!r}, wanted {entry.get('rhs')!r}"
    return f"{' '.join(part for part in path if part != 'properties')} {what}"
