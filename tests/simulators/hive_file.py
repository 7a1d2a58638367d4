# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes registry hives, for tests: keys of texts and numbers, as `netsh advfirewall export` lays them out.

    write_hive(path, {"": [("PolicyVersion", 0x21C)], "FirewallRules": [("{0A1B...}", "v2.28|Action=Allow|...")]})

Layout: a base block of 4096 bytes, then bins of cells; a cell is its negative size and its content, and each cell is
named by its offset behind the base block. It shares no code with the reader; tests/fixtures/wfw holds hives of another
writer.
"""

from __future__ import annotations

import pathlib
import struct
from collections.abc import Mapping, Sequence

Values = Sequence[tuple[str, str | int]]
_BLOCK = 4096
_BIN_HEADER_BYTES = 32
_NOTHING = 0xFFFFFFFF
_SZ, _DWORD = 1, 4
_INLINE = 0x80000000
_ROOT_FLAGS, _COMPRESSED = 0x2C, 0x20


class _Cells:
    """The cells of one bin that grows; the first one is the root key."""

    def __init__(self) -> None:
        self.data = bytearray()

    def add(self, content: bytes) -> int:
        """Add a cell and return its offset."""
        offset = _BIN_HEADER_BYTES + len(self.data)
        size = (len(content) + 4 + 7) // 8 * 8
        self.data += struct.pack("<i", -size) + content.ljust(size - 4, b"\0")
        return offset

    def put(self, offset: int, content: bytes) -> None:
        """Write the content of a cell again."""
        at = offset - _BIN_HEADER_BYTES + 4
        self.data[at : at + len(content)] = content


def write_hive(path: pathlib.Path, keys: Mapping[str, Values]) -> None:
    """Write a hive with the keys; "" is the root, all others stand right below it."""
    path.write_bytes(hive(keys))


def policy_hive(rules: Values) -> bytes:
    """Return the export of a firewall policy with rules: pairs of id and string."""
    return hive({"": [("PolicyVersion", 0x21C)], "FirewallRules": rules})


def hive(keys: Mapping[str, Values]) -> bytes:
    """Return a hive with the keys, as write_hive writes it."""
    cells = _Cells()
    root = cells.add(_key("{root}", _ROOT_FLAGS, 0, 0, 0, 0, 0, 0))
    rights = cells.add(_rights(len(keys)))
    cells.put(rights, _rights(len(keys), rights))
    names = sorted(name for name in keys if name)
    children = [(name, *_values(cells, keys[name])) for name in names]
    offsets = [
        cells.add(_key(name, _COMPRESSED, root, rights, 0, _NOTHING, count, values)) for name, count, values in children
    ]
    leaf = cells.add(
        b"lf"
        + struct.pack("<H", len(names))
        + b"".join(_leaf_entry(*pair) for pair in zip(offsets, names, strict=True))
    )
    count, values = _values(cells, keys.get("", ()))
    cells.put(root, _key("{root}", _ROOT_FLAGS, 0, rights, len(names), leaf if names else _NOTHING, count, values))
    return _file(bytes(cells.data))


def _leaf_entry(offset: int, name: str) -> bytes:
    return struct.pack("<I", offset) + name.encode("ascii")[:4].ljust(4, b"\0")


def _key(
    name: str, flags: int, parent: int, rights: int, subkeys: int, leaf: int, values: int, values_list: int
) -> bytes:
    head = struct.pack(
        "<2sHQ10I", b"nk", flags, 0, 0, parent, subkeys, 0, leaf, _NOTHING, values, values_list, rights, _NOTHING
    )
    return head + struct.pack("<5IHH", 0, 0, 0, 0, 0, len(name), 0) + name.encode("ascii")


def _rights(keys: int, offset: int = 0) -> bytes:
    """Return the cell of access rights that all keys share; the descriptor in it names nobody."""
    descriptor = struct.pack("<BBH4I", 1, 0, 0x8000, 0, 0, 0, 0)
    return struct.pack("<2sHIIII", b"sk", 0, offset, offset, max(keys, 1), len(descriptor)) + descriptor


def _values(cells: _Cells, values: Values) -> tuple[int, int]:
    """Return how many values there are, and the offset of the list of their cells."""
    offsets = [cells.add(_value(cells, name, value)) for name, value in values]
    return len(offsets), cells.add(struct.pack(f"<{len(offsets)}I", *offsets)) if offsets else _NOTHING


def _value(cells: _Cells, name: str, value: str | int) -> bytes:
    is_plain = name.isascii()
    stored = name.encode("ascii" if is_plain else "utf-16-le")
    if isinstance(value, int):
        size, data, kind = _INLINE | 4, value, _DWORD
    else:
        content = f"{value}\0".encode("utf-16-le")
        size, data, kind = len(content), cells.add(content), _SZ
    return struct.pack("<2sHIIIHH", b"vk", len(stored), size, data, kind, int(is_plain), 0) + stored


def _file(cells: bytes) -> bytes:
    size = (len(cells) + _BIN_HEADER_BYTES + _BLOCK - 1) // _BLOCK * _BLOCK
    rest = size - _BIN_HEADER_BYTES - len(cells)
    bins = (
        struct.pack("<4sIIQQI", b"hbin", 0, size, 0, 0, 0)
        + cells
        + (struct.pack("<i", rest) if rest else b"").ljust(rest, b"\0")
    )
    base = struct.pack("<4sIIQIIIIIII", b"regf", 1, 1, 0, 1, 3, 0, 1, _BIN_HEADER_BYTES, size, 1).ljust(508, b"\0")
    return (base + struct.pack("<I", checksum(base))).ljust(_BLOCK, b"\0") + bins


def checksum(base: bytes) -> int:
    """Return the sum of the first 508 bytes of a base block."""
    total = 0
    for (word,) in struct.iter_unpack("<I", base[:508]):
        total ^= word
    return {0: 1, _NOTHING: _NOTHING - 1}.get(total, total)
