# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fault matrix as data: every source of what a run knows, with every fault that it may have.

    Source("DNS server", runs, {Fault.ABSENT: Cell(silent, Expect.REFUSED), Fault.EMPTY: NotApplicable("..."), ...})

A cell puts its fault into a source that is well and as planned. The law is that the run then never says that all is as
planned, and writes nothing that rests on what it does not know, unless the cell says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError, InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import Provider
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Status

Answer = dict[str, Any]
# A fault is that somebody does this with the source; what it gets depends on the source.
Put = Callable[[Any], object]
REFUSALS = (DeviceError, InvalidInputError)


class Fault(str, Enum):
    """What may be wrong with a source."""

    ABSENT = "absent"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    CUT_OFF = "cut off"
    MALFORMED_FOREIGN = "malformed foreign part"
    HOSTILE = "hostile size or text"
    OTHER_VERSION = "older or newer version"
    PENDING = "pending state"


class Expect(str, Enum):
    """What a run does then.

    REFUSED: an error, and nothing is written. UNKNOWN: it is not done, and what was not understood stays. DIFFERS: it
    is known what is missing or wrong, so that a check tells it and a run sets it right. HARMLESS: as without the fault.
    """

    REFUSED = "refused"
    UNKNOWN = "unknown"
    DIFFERS = "differs"
    HARMLESS = "harmless"


@dataclass(frozen=True)
class Cell:
    """One fault of one source; why: needed where not everything stops. red: what is seen where the law is broken."""

    put: Put
    expects: Expect
    why: str = ""
    red: str = ""

    @property
    def word(self) -> str:
        """Return the word of the cell in the table."""
        return "RED" if self.red else self.expects.value


@dataclass(frozen=True)
class NotApplicable:
    """The source cannot have this fault; why: the reason, a sentence."""

    why: str
    word = "-"


@dataclass(frozen=True)
class Outcome:
    """What became of one run over a source.

    error: why it was refused. writes: whether anything was changed. lost: what was there before and is not any more.
    told: what was found, for a comparison with a run without the fault. state: what is there afterwards.
    """

    name: str
    status: Status
    error: str = ""
    is_check: bool = True
    writes: bool = False
    lost: tuple[str, ...] = ()
    told: object = None
    state: object = None


Runs = Callable[[Put], Iterator[Outcome]]


@dataclass(frozen=True)
class Source:
    """One source; runs: puts a fault into a new one for each run over it. provider: the class of a device's source."""

    name: str
    runs: Runs
    cells: Mapping[Fault, Cell | NotApplicable]
    provider: type[Provider] | None = None


def keep(_source: object) -> None:
    """Put no fault into a source."""


def is_held(cell: Cell, found: Outcome, well: Outcome) -> bool:
    """Return whether a run keeps the law; well: the same run without the fault."""
    if cell.expects is Expect.REFUSED:
        return bool(found.error) and not found.status.is_done and not found.writes
    if cell.expects is Expect.UNKNOWN:
        return not found.status.is_done and not found.lost
    if cell.expects is Expect.DIFFERS:
        return found.status is not Status.UNCHANGED and (found.is_check or _has_all(found.state, well.state))
    same = (found.status, found.error, found.told, found.writes) == (well.status, well.error, well.told, well.writes)
    return same and found.lost == well.lost


def _has_all(state: object, wanted: object) -> bool:
    """Return whether a state has each part of another one, as it is there."""
    if isinstance(state, Mapping) and isinstance(wanted, Mapping):
        return all(name in state and state[name] == part for name, part in wanted.items())
    return state == wanted
