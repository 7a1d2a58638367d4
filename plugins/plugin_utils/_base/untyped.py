# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading values of unknown JSON: what is not of the expected kind reads as absent, so that foreign objects never break a run."""

from __future__ import annotations

from collections.abc import Mapping

Object = Mapping[str, object]


def mapping(value: object) -> Object:
    """Return the value when it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Object]:
    """Return the objects of a list; nothing for anything else, and not what else is in the list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, (list, tuple)) else []


def texts(value: object) -> list[str]:
    """Return the items of a list as texts; nothing for anything else, also for a single text."""
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []


def items(value: object) -> list[object]:
    """Return the value when it is a list, the value in a list when it is something else, nothing for nothing."""
    if isinstance(value, (list, tuple)):
        return list(value)
    return [] if value is None else [value]


def text(value: object) -> str:
    """Return the value as text, empty for nothing."""
    return "" if value is None else str(value)


def number(value: object, default: int = 0) -> int:
    """Return a whole number; BIG-IP writes many of them as text, and words such as indefinite for some."""
    try:
        return int(str(value))
    except ValueError:
        return default


def integer(value: object, default: int = 0) -> int:
    """Return the value when it is a whole number, else the default; a text of digits is none, nor are true and false."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default
