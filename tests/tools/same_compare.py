# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Differences of two documents: by key, by name in lists of named items, by line in texts; a part of same.py."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.tools.same_allowed import ABSENT, KEYS, RENAMES, VALUES, Difference, shown


def renamed(text: str) -> str:
    """Return a text of OLD in NEW's words."""
    for old, new in RENAMES.items():
        text = re.sub(rf"\b{re.escape(old)}\b", new, text)
    return text


def _is_same(old: object, new: object) -> bool:
    return old == new or (isinstance(old, str) and new in (renamed(old), VALUES.get(old, old)))


def differences(place: str, old: Any, new: Any) -> Iterator[Difference]:
    """Yield what differs: by key, by name in lists of named items, by line in texts and lists of them."""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _of_mappings(place, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        by_name = _by_name(old), _by_name(new)
        if by_name[0] and by_name[1]:
            yield from _of_mappings(place, *by_name)
        else:
            yield from _of_lists(place, old, new)
    elif isinstance(old, str) and isinstance(new, str) and "\n" in old:
        yield from _of_lists(place, old.splitlines(), new.splitlines())
    elif not _is_same(old, new):
        yield Difference(place, old, new)


def _of_mappings(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    names = {key: _name(key, old[key], new) for key in old}
    for key, name in names.items():
        if name in new:
            yield from differences(f"{place}/{key}", old[key], new[name])
        else:
            yield Difference(f"{place}/{key}", old[key], ABSENT)
    added = [key for key in new if key not in names.values()]
    yield from (Difference(f"{place}/+{key}", ABSENT, new[key]) for key in added)


def _name(key: str, value: object, new: Mapping[str, Any]) -> str:
    """Return the key under which NEW has what OLD has: one that holds the same, or else one that is there."""
    names = [key, KEYS.get(key, key), renamed(key), *(key.replace(*pair) for pair in VALUES.items())]
    same = [name for name in names if name in new and new[name] == value]
    there = [name for name in names if name in new]
    return [*same, *there, key][0]


def _by_name(items: Sequence[Any]) -> dict[str, Any]:
    """Return items by what tells them apart; nothing when they do not all have it."""
    for keys in (("name",), ("id",), ("device", "concern"), ("row",)):
        if items and all(isinstance(item, dict) and all(key in item for key in keys) for item in items):
            found = {" ".join(str(item[key]) for key in keys): item for item in items}
            return found if len(found) == len(items) else {}
    return {}


def _of_lists(place: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Difference]:
    """Yield differences of items that stand at the same place between equal ones; and of the order, as a whole."""
    texts = [[shown(item) for item in items] for items in (old, new)]
    known = set(texts[1])
    before = [text if text in known else renamed(text) for text in texts[0]]
    matcher = difflib.SequenceMatcher(None, before, texts[1], autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        for one, other in itertools.zip_longest(old[start:end], new[new_start:new_end], fillvalue=ABSENT):
            if isinstance(one, dict | list) and isinstance(other, dict | list):
                yield from differences(f"{place}/{start}", one, other)
            else:
                yield Difference(place, one, other)
