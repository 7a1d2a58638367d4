# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of AS3 objects from names of the model, and back: the same input gives the same name, and nothing is lost.

AS3 takes letters, digits, dots, dashes and underscores, 190 at most, a letter first and no dash last. An underscore
starts an escape here: _ and two hexadecimal digits stand for one byte of UTF-8.
"""

from __future__ import annotations

import re
from enum import Enum

LENGTH_MAXIMUM = 190
_PLAIN = re.compile(r"[0-9A-Za-z.-]")
_ESCAPE = re.compile(rb"_([0-9a-f]{2})")


class Prefix(str, Enum):
    """What an object is, by the start of its name."""

    APPLICATION = "app-"
    SERVICE = "vs-"
    POOL = "pool-"
    AFFINITY = "affinity-"
    PERSIST = "persist-"
    ADDRESS = "va-"


def encoded(prefix: Prefix, text: str) -> str:
    """Return the name of an object for a name of the model."""
    name = "".join(sign if _PLAIN.fullmatch(sign) else _escaped(sign) for sign in text)
    return prefix.value + (name[:-1] + _escaped("-") if name.endswith("-") else name)


def decoded(prefix: Prefix, name: str) -> str | None:
    """Return the name of the model, None when the object does not carry the prefix."""
    if not name.startswith(prefix.value):
        return None
    bare = name[len(prefix.value) :].encode()
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), bare).decode("utf-8", "replace")


def _escaped(sign: str) -> str:
    return "".join(f"_{byte:02x}" for byte in sign.encode())
