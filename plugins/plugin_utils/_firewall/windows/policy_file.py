# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Registry.pol, which holds what a Group Policy object sets: the keys of its firewall part.

    fe01.pol                                                 Machine\\Registry.pol of the one object that counts
    fe01.gpo/{...}/DomainSysvol/GPO/Machine/registry.pol     backups of objects, as Backup-GPO makes them

Format: [MS-GPREG] 2.2.1, keys of the firewall: [MS-GPFAS] 2.2. Values "**del.NAME" and "**delvals." take back what
stands before them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..._base.errors import InvalidInputError, Problem
from .hive import FILE_BYTES_MAXIMUM

SUFFIX, BACKUPS = ".pol", ".gpo"
_HEAD = b"PReg" + struct.pack("<I", 1)
_OPEN, _NEXT, _CLOSE, _NUL = ("[".encode("utf-16-le"), ";".encode("utf-16-le"), "]".encode("utf-16-le"), b"\0\0")
_TEXT_KINDS, _NUMBER_KIND = (1, 2), 4
_FIREWALL = "software\\policies\\microsoft\\windowsfirewall\\"
_PROFILES = {"domainprofile": "domain", "privateprofile": "private", "publicprofile": "public"}
Entry = tuple[str, str, object]


@dataclass(frozen=True)
class PolicyFile:
    """What the objects of a host set of its firewall.

    rules: pairs of id and string. profiles: the values of each profile by their names, as the registry has them.
    """

    rules: tuple[tuple[str, str], ...] = ()
    profiles: tuple[tuple[str, dict[str, int]], ...] = ()


def policy_paths(directory: Path, host: str) -> list[Path]:
    """Return the files of Group Policy that a directory of dumps has for a host; OSError where it cannot be read."""
    single = directory / f"{host}{SUFFIX}"
    backups = directory / f"{host}{BACKUPS}"
    found = sorted(path for path in backups.rglob("*") if path.name.casefold() == "registry.pol")
    return [*([single] if single.is_file() else []), *found]


def read_policy_files(paths: Sequence[Path]) -> PolicyFile:
    """Return what several objects set together; raises InvalidInputError for a file that is none.

    Of two objects with rules of one id Windows takes one, by an order that no file tells: both are kept.
    """
    rules: list[tuple[str, str]] = []
    profiles: dict[str, dict[str, int]] = {}
    for path in paths:
        values: dict[str, dict[str, object]] = {}
        for key, name, value in _entries(path):
            _set(values.setdefault(key.casefold(), {}), name, value)
        rules += [(name, str(value)) for name, value in values.get(f"{_FIREWALL}firewallrules", {}).items()]
        for key, profile in _PROFILES.items():
            numbers = {name: one for name, one in values.get(_FIREWALL + key, {}).items() if isinstance(one, int)}
            profiles.setdefault(profile, {}).update(numbers)
    return PolicyFile(tuple(rules), tuple(profiles.items()))


def _set(values: dict[str, object], name: str, value: object) -> None:
    command = name.casefold()
    if command.startswith("**delvals"):
        values.clear()
    elif command.startswith("**del."):
        values.pop(name[len("**del.") :], None)
    elif not command.startswith("**") or command.startswith("**soft."):
        values[name.removeprefix("**soft.")] = value


def _entries(path: Path) -> Iterator[Entry]:
    try:
        content = path.read_bytes() if path.stat().st_size <= FILE_BYTES_MAXIMUM else b""
        if not content.startswith(_HEAD):
            raise ValueError("it does not begin like Registry.pol")
        place = len(_HEAD)
        while place < len(content):
            place, entry = _entry(content, place)
            yield entry
    except (OSError, ValueError, struct.error) as error:
        fix = "copy Machine\\Registry.pol of the object again, or make its backup again"
        raise InvalidInputError([Problem(f"policy {path.name}", f"cannot be read: {error}", fix=fix)]) from error


def _entry(content: bytes, place: int) -> tuple[int, Entry]:
    """Return the place behind one entry, and its key, name and value."""
    place = _expect(content, place, _OPEN)
    place, key = _text(content, place)
    place, name = _text(content, _expect(content, place, _NEXT))
    place = _expect(content, place, _NEXT)
    (kind,) = struct.unpack_from("<I", content, place)
    place = _expect(content, place + 4, _NEXT)
    (size,) = struct.unpack_from("<I", content, place)
    start = _expect(content, place + 4, _NEXT)
    data = content[start : start + size]
    return _expect(content, start + size, _CLOSE), (key, name, _value(kind, data))


def _expect(content: bytes, place: int, mark: bytes) -> int:
    if content[place : place + 2] != mark:
        raise ValueError(f"{mark.decode('utf-16-le')} is missing at byte {place}: it is cut off or damaged")
    return place + 2


def _text(content: bytes, place: int) -> tuple[int, str]:
    end = place
    while content[end : end + 2] not in (_NUL, b""):
        end += 2
    if end >= len(content):
        raise ValueError("it is cut off in the middle of a text")
    return end + 2, content[place:end].decode("utf-16-le")


def _value(kind: int, data: bytes) -> object:
    """Return a text or a number; None for values of other kinds."""
    if kind in _TEXT_KINDS:
        return data.decode("utf-16-le").removesuffix("\0")
    return struct.unpack("<I", data)[0] if kind == _NUMBER_KIND else None
