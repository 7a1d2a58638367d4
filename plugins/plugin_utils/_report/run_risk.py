# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The word that a check of site.yml ends with, and the table that it comes from.

    word_of([Reason(Cause.RECREATED, "lb01", "pool01-5061", "...")]) is Word.NEEDS_WINDOW

Every reason has a cause, every cause a word; the run's word is the worst of them, and SAFE when there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Word(str, Enum):
    """May one press Enter? SAFE: nothing that is used ends. NEEDS_WINDOW: something may. REFUSED: it would fail, or nobody can tell."""

    SAFE = "SAFE"
    NEEDS_WINDOW = "NEEDS WINDOW"
    REFUSED = "REFUSED"


class Cause(Enum):
    """Why a run is not simply safe: the word that follows, and what it means of a device and its object."""

    UNREACHABLE = (Word.REFUSED, "could not be reached")
    FAILED = (Word.REFUSED, "failed")
    STOPPED = (Word.REFUSED, "was not looked at")
    NOT_ASKED = (Word.REFUSED, "did not answer")
    REFUSES = (Word.REFUSED, "would be refused")
    CUT = (Word.NEEDS_WINDOW, "would be cut")
    NARROWED = (Word.NEEDS_WINDOW, "admits less")
    POLICY = (Word.NEEDS_WINDOW, "drops what no rule admits")
    DISABLED = (Word.NEEDS_WINDOW, "is disabled, and belongs to somebody else")
    EXEMPTION = (Word.NEEDS_WINDOW, "exempts less from IPsec")
    RECREATED = (Word.NEEDS_WINDOW, "is recreated")
    VIRTUAL_GOES = (Word.NEEDS_WINDOW, "goes, with its connections")
    MEMBER_GOES = (Word.NEEDS_WINDOW, "loses a member that was not drained")
    CERTIFICATE = (Word.NEEDS_WINDOW, "shows clients another certificate")
    UNPUBLISHED = (Word.NEEDS_WINDOW, "is published no longer")
    RECORD_GOES = (Word.NEEDS_WINDOW, "is no longer answered, but clients remember it")
    CONTRADICTED = (Word.NEEDS_WINDOW, "is an assumption of the plan that does not hold")
    UNCONFIRMED = (Word.NEEDS_WINDOW, "is an assumption of the plan that verify.yml can confirm, and has not")
    NO_WAY_BACK = (Word.NEEDS_WINDOW, "is not saved before the change")

    def __init__(self, word: Word, meaning: str) -> None:
        self.word = word
        self.meaning = meaning


@dataclass(frozen=True)
class Reason:
    """One reason; item: the object of the device, empty for the device itself. detail: what is known besides."""

    cause: Cause
    device: str
    item: str = ""
    detail: str = ""

    def document(self) -> dict[str, object]:
        """Return it as plugins/plugin_utils/_report/data/lync_screen.schema.json has it."""
        cause = self.cause
        return {"word": cause.word.value, "cause": cause.name.lower(), "device": self.device, "object": self.item, "detail": self.detail}


def word_of(reasons: Iterable[Reason]) -> Word:
    """Return the worst word of reasons; SAFE when there are none."""
    order = list(Word)
    return max((reason.cause.word for reason in reasons), key=order.index, default=Word.SAFE)
