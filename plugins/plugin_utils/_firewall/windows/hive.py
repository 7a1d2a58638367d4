# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A registry hive as keys and values: what `netsh advfirewall export` writes (.wfw).

    read_hive(Path("fe01.wfw")) == {"": [("PolicyVersion", 0x21c)], "FirewallRules": [("{0A1B...}", "v2.28|...")], ...}

A hive comes from a host that may be anybody's: every size in it is checked against the size of the file before it is
used, and a part that cannot be read is an error, never a shorter answer.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..._base import libraries as dependencies
from ..._base.errors import InvalidInputError, Problem, shown
from ..._base.libraries import MissingLibraryError

if TYPE_CHECKING:
    from regipy import NKRecord

Value = str | int
Keys = dict[str, list[tuple[str, Value]]]
"""Values by name, in the order of the file, by the path of their key."""

FILE_BYTES_MAXIMUM = 64 * 1024 * 1024
_BASE_BLOCK_BYTES = 4096
_CHECKED_BYTES = 508
# Two values cannot share the cell that names them, which takes at least this much, nor a key its cell.
_CELL_BYTES_MINIMUM = 24
_KEYS_MAXIMUM = 1000
_FIX = "export it again with: netsh advfirewall export FILE"
# The library tells of what it skips; here a skipped part is an error of its own.
logging.getLogger("regipy").addHandler(logging.NullHandler())


class _DamagedError(Exception):
    """A part of the hive contradicts itself or the size of the file."""


def read_hive(path: Path) -> Keys:
    """Return the values of the hive's root (key "") and of the keys below it, two levels deep, by path.

    Raises InvalidInputError when the file is no hive or is damaged, MissingLibraryError without the library that reads
    hives.
    """
    try:
        content = path.read_bytes()
        _check_base_block(content)
        return dict(_walk_keys(dependencies.regipy.RegistryHive(str(path)).root, "", 2, _Budget(len(content))))
    except MissingLibraryError:
        raise
    except _DamagedError as error:
        raise InvalidInputError([_report_bad_hive(path, str(error))]) from error
    except Exception as error:  # whatever the library raises on a hive made to confuse it
        raise InvalidInputError(
            [_report_bad_hive(path, f"cannot be read as a registry hive ({type(error).__name__})")]
        ) from error


def _report_bad_hive(path: Path, message: str) -> Problem:
    return Problem(f"dump {path}", message, fix=_FIX)


def _check_base_block(content: bytes) -> None:
    """Raise _DamagedError when the first block is not whole, or tells of more than the file holds."""
    if len(content) < 2 * _BASE_BLOCK_BYTES or content[:4] != b"regf":
        raise _DamagedError("is not a registry hive")
    numbers = [int.from_bytes(content[at : at + 4], "little") for at in range(0, _CHECKED_BYTES + 4, 4)]
    total = 0
    for number in numbers[:-1]:
        total ^= number
    # 0 and all ones are never written as sums.
    if {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(total, total) != numbers[-1]:
        raise _DamagedError("is damaged: the checksum of its first block is wrong")
    if numbers[1] != numbers[2]:
        raise _DamagedError("was not written to its end: its sequence numbers differ")
    if numbers[10] + _BASE_BLOCK_BYTES > len(content):
        raise _DamagedError("is cut off: it is shorter than it says")


class _Budget:
    """How much a hive of this size can hold; a hive that claims more refers to itself."""

    def __init__(self, size: int) -> None:
        self.size, self.left, self.keys = size, size, _KEYS_MAXIMUM

    def take_value(self, value: object) -> None:
        """Count a value; raises _DamagedError when all values together are larger than the file."""
        self.left -= 2 * len(value) if isinstance(value, (str, bytes, list)) else 4
        if self.left < 0:
            raise _DamagedError("is damaged: its values are larger than the file")

    def take_key(self, key: NKRecord) -> None:
        """Count a key; raises _DamagedError when there are too many, or too many values under it."""
        self.keys -= 1
        if self.keys < 0 or max(key.values_count, key.subkey_count) * _CELL_BYTES_MINIMUM > self.size:
            raise _DamagedError("is damaged: it claims more keys or values than the file can hold")


def _walk_keys(key: NKRecord, path: str, depth: int, budget: _Budget) -> Iterator[tuple[str, list[tuple[str, Value]]]]:
    budget.take_key(key)
    yield path, _read_key_values(key, path, budget)
    for subkey in key.iter_subkeys() if depth else ():
        yield from _walk_keys(subkey, f"{path}\\{subkey.name}" if path else subkey.name, depth - 1, budget)


def _read_key_values(key: NKRecord, path: str, budget: _Budget) -> list[tuple[str, Value]]:
    found: list[tuple[str, Value]] = []
    count = 0
    for value in key.iter_values(trim_values=False):
        count += 1
        budget.take_value(value.value)
        if isinstance(value.value, (str, int)):
            found.append((value.name, value.value))
        elif value.value_type == "REG_SZ":
            raise _DamagedError(f"is damaged: the value {shown(value.name)} of {_key_words(path)} is not text")
    if count != key.values_count:
        raise _DamagedError(f"is damaged: {_key_words(path)} has {key.values_count} values, and {count} could be read")
    return found


def _key_words(path: str) -> str:
    return f"key {shown(path)}" if path else "the root"
