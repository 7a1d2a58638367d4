# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Parts of error messages: corrections of words and names, lists of names that may be long."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from .._base.errors import nearest, one_of

_NAME_CUTOFF = 0.85
_NAMES_SHOWN, _HOSTS_SHOWN = 20, 3


def correction(word: str, words: Iterable[str], otherwise: str = "") -> str:
    """Return the fix of a misspelt word: the nearest of the right ones, or another advice."""
    near = "" if word.isdigit() else nearest(word, words)  # no number is near another
    return f"write {near}" if near else otherwise


def name_correction(name: str, names: Iterable[str], otherwise: str) -> str:
    """Return the fix of a name that does not exist: one that is nearly the same, or another advice.

    Names that people give are like each other by habit (fe01, db01), so only a slip of a letter counts.
    """
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=_NAME_CUTOFF)
    return f"write {near[0]}" if near else otherwise


def names_text(names: Collection[str]) -> str:
    """Return names that exist as text: sorted, the first twenty of them and how many more there are."""
    return one_of(sorted(names)[:_NAMES_SHOWN]) + (
        f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    )


def hosts_text(names: Iterable[str]) -> str:
    """Return the place that several hosts are: the first three of them by name, and how many more there are."""
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - _HOSTS_SHOWN} more" if len(distinct) > _HOSTS_SHOWN else ""
    return f"host{'s' if len(distinct) > 1 else ''} {', '.join(distinct[:_HOSTS_SHOWN])}{more}"
