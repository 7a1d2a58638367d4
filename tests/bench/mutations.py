# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inputs damaged at random, always the same for a seed: documents, texts and bytes.

damaged({"rules": []}, random.Random(7))      a copy with up to three places changed, left out, or of another kind
damaged("frontend x\\n", random.Random(7))     a text that is cut, doubled, spliced or has something strange in it
"""

from __future__ import annotations

import random
import struct
from typing import Any

from tests.unit.firewall.windows.test_host import SPOILED, places, spoiled

_MOST = 3
STRANGE = (
    "\0", "\x1b[2J", "\u202e", "\u2028", "\u00b2", "\U0001f600", "{", "}", ";", '"', "'", "|", "=", "\\", "#", "\r",
    "\t", "-1", "0", "65536", "99999999999", "9" * 5000, "1-65535", "11-999999990444", "::/0", "0.0.0.0/0",
    "10.0.0.0/33", "1.2.3.4.5", "any", "*", "null", "%s", "[" * 3000, "{" * 3000, "A" * 100_000,
)  # fmt: skip
_NUMBERS = (0, 1, 8, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFF)


def damaged(value: Any, chance: random.Random) -> Any:
    """Return the value with one to three things wrong."""
    for _time in range(chance.randint(1, _MOST)):
        value = _KINDS[type(value)](value, chance) if type(value) in _KINDS else value
    return value


def _document(value: Any, chance: random.Random) -> Any:
    found = list(places(value))
    if not found:
        return chance.choice(SPOILED[1:])
    place = chance.choice(found)
    old = value
    for key in place:
        old = old[key]
    if isinstance(old, str) and chance.random() < 0.5:
        return spoiled(value, place, _text(old, chance))
    return spoiled(value, place, chance.choice(SPOILED))


def _text(value: str, chance: random.Random) -> str:
    start = chance.randint(0, len(value))
    end = min(len(value), start + chance.choice((0, 1, 4, 40, 400)))
    return chance.choice(
        (
            lambda: value[:start] + value[end:],
            lambda: value[:start] + chance.choice(STRANGE) + value[end:],
            lambda: value[:start],
            lambda: value[:end] + value[start:],
            lambda: value[:start] + value[start:end] * 50 + value[end:],
            lambda: _lines(value, chance),
        )
    )()


def _lines(value: str, chance: random.Random) -> str:
    """Return a text with one of its lines somewhere else, too."""
    lines = value.splitlines(keepends=True) or [""]
    lines.insert(chance.randint(0, len(lines)), chance.choice(lines))
    if chance.random() < 0.5:
        del lines[chance.randrange(len(lines))]
    return "".join(lines)


def _bytes(value: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(value))
    end = min(len(value), start + chance.choice((1, 2, 4, 64)))
    number = struct.pack("<I", chance.choice((*_NUMBERS, chance.getrandbits(32), chance.randrange(len(value) + 1))))
    return chance.choice(
        (
            lambda: value[:start] + chance.randbytes(end - start) + value[end:],
            lambda: value[:start] + number + value[start + 4 :],
            lambda: value[:start],
            lambda: value[:start] + value[end:],
            lambda: value[:end] + value[start:],
        )
    )()


_KINDS: dict[type, Any] = {dict: _document, list: _document, str: _text, bytes: _bytes}
