# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the controller remembers of builds of Windows: whether their registry has the rules that COM shows.

    20348.2700.json    {"build": "20348.2700", "date": "2026-11-30", "rules": 452, "differences": []}

A file that is not there, cannot be read or is not whole says nothing: then both are read again.
"""

from __future__ import annotations

import datetime
import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ..._base.untyped import integer, mapping, text, texts

_BUILD = re.compile(r"[0-9]{4,6}(\.[0-9]{1,6})?")
_DIFFERENCES_KEPT = 20
REGISTRY, COM = "registry", "com"


@dataclass(frozen=True)
class Comparison:
    """Both readings of one host. build: with its update. date: of the controller, as ISO 8601. rules: how many."""

    build: str
    date: str
    rules: int
    differences: tuple[str, ...] = ()

    @property
    def way(self) -> str:
        """Return through what hosts of this build are read."""
        return COM if self.differences else REGISTRY


class EvidenceFolder:
    """The files of one folder of the controller, one for each build; "" is no folder, which remembers nothing."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder) if folder else None

    @property
    def is_there(self) -> bool:
        """Return whether something can be remembered."""
        return self._folder is not None

    def file_of(self, build: str) -> Path:
        """Return the file of a build."""
        return (self._folder or Path()) / f"{build}.json"

    def known(self) -> list[Comparison]:
        """Return what is recorded, sorted by build."""
        found = [_read(path) for path in sorted(self._folder.glob("*.json"))] if self._folder else []
        return [one for one in found if one is not None]

    def record(self, build: str, rules: int, found: Sequence[str]) -> None:
        """Record a comparison; differences of one host stay, whatever another one of the build shows later.

        Raises OSError.
        """
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with _locked(self._folder):
            path = self.file_of(build)
            before = _read(path) if path.is_file() else None
            if before is None or (found and not before.differences):
                today = datetime.date.today().isoformat()
                kept = tuple(found[:_DIFFERENCES_KEPT])
                _write(path, json.dumps(asdict(Comparison(build, today, rules, kept)), indent=2))


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time look and write."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, content: str) -> None:
    """Replace a file at once."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{content}\n")
    os.replace(name, path)


def _read(path: Path) -> Comparison | None:
    """Return what a file says, None where it is not whole or of another build than its name says."""
    try:
        document: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    found = mapping(document)
    build, date, rules = text(found.get("build")), text(found.get("date")), integer(found.get("rules"), -1)
    listed = found.get("differences")
    is_whole = bool(_BUILD.fullmatch(build)) and path.stem == build and bool(date) and rules >= 0
    if not is_whole or not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        return None
    return Comparison(build, date, rules, tuple(texts(listed)))
