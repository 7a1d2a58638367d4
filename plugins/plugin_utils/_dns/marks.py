# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Marks of ownership, and what one run answers for.

    "pool01 A yzRZGH69EOyB7tQZ6WLseg 20261130"     a TXT value at pool01.contoso.com._msuc-lync.contoso.com

Name and type of a set, the proof of who wrote its values, and in zones of Active Directory the day of the last refresh.

Active Directory removes records that nobody refreshes (scavenging). So a mark there also holds the day on which its
set was last written, and a set that is as wanted is written again, unchanged, when that is too long ago.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .._base.changes import State
from .records import TYPES, Key, RecordSet

MARK_LABEL = "_msuc-lync"
# Windows takes a refresh from 7 days after the last one, and removes records 7 days after that, by default.
REFRESH_DAYS = 8
# 128 bits are more than anybody guesses, and leave a name room in the 255 bytes of a TXT string.
_PROOF_BYTES = 16
_MARK = re.compile(
    r"""
    (?P<name>[^ ]+)\ (?P<type>[A-Z]+)
    (?:\ (?P<proof>[A-Za-z0-9_-]{22}))?
    (?:\ (?P<day>[0-9]{8}))?\Z  # of the last refresh: 20261130
    """,
    re.VERBOSE,
)
_DAY = "%Y%m%d"


@dataclass(frozen=True, order=True)
class Mark:
    """The note that a set is owned; owner: on whose behalf. proof: that of the values, empty without a key.

    day: of the last refresh, None where nothing is scavenged; marks that differ in it alone are equal.
    """

    key: Key
    owner: str
    proof: str = ""
    day: datetime.date | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Return the name at which the zone holds the marks of the owner."""
        return mark_name(self.key.zone, self.owner)

    @property
    def text(self) -> str:
        """Return the mark as the TXT value, without quotation marks; the name is relative to the zone."""
        day = self.day.strftime(_DAY) if self.day else ""
        return " ".join(filter(None, [relative(self.key), self.key.type, self.proof, day]))


@dataclass(frozen=True)
class Scope:
    """What one run answers for.

    owners: whose marked sets are removed when they are not wanted. take_over: names whose unknown values are removed.
    gone: names whose marked sets are removed although no proof shows that we wrote them. mark_key: of the proofs.
    today: the day that new marks hold, None where nothing is scavenged. refresh_days: after which a set is refreshed.
    """

    state: State = State.REPLACED
    owners: frozenset[str] = frozenset()
    take_over: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    mark_key: bytes = field(default=b"", repr=False)
    today: datetime.date | None = None
    refresh_days: int = REFRESH_DAYS

    def mark(self, one: RecordSet, owner: str) -> Mark:
        """Return the mark of a set that holds exactly what an owner wants."""
        return Mark(one.key, owner, self._proof(one, owner), self.today)

    def is_due(self, mark: Mark) -> bool:
        """Return whether the set of a mark has to be refreshed; one whose day nobody knows has to be."""
        if self.today is None:
            return False
        return mark.day is None or (self.today - mark.day).days >= self.refresh_days

    def proves(self, mark: Mark | None, one: RecordSet | None) -> bool:
        """Return whether a mark shows that we wrote exactly these values."""
        if not self.mark_key or mark is None or one is None:
            return False
        return hmac.compare_digest(mark.proof, self._proof(one, mark.owner))

    def _proof(self, one: RecordSet, owner: str) -> str:
        if not self.mark_key:
            return ""
        said = json.dumps([owner, one.key.zone, one.key.name, one.key.type, *sorted(one.values)])
        digest = hmac.new(self.mark_key, said.encode(), hashlib.sha256).digest()[:_PROOF_BYTES]
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def mark_name(zone: str, owner: str) -> str:
    """Return the name at which a zone holds the marks of an owner."""
    return f"{owner}.{MARK_LABEL}.{zone}"


def relative(key: Key) -> str:
    """Return the name of a set relative to its zone, @ for the zone's own."""
    return "@" if key.name == key.zone else key.name.removesuffix(f".{key.zone}")


def mark_of(text: str, zone: str, owner: str) -> Mark | None:
    """Return the mark that a TXT value is; None for any other text."""
    found = _MARK.match(text)
    if not found or found["type"] not in TYPES:
        return None
    try:
        day = datetime.datetime.strptime(found["day"], _DAY).date() if found["day"] else None
    except ValueError:
        return None
    name = zone if found["name"] == "@" else f"{found['name']}.{zone}"
    return Mark(Key(zone, name, found["type"]), owner, found["proof"] or "", day)


def choose_marks(marks: Iterable[Mark], sets: Mapping[Key, RecordSet], scope: Scope) -> dict[Key, Mark]:
    """Return one mark for each set: of several, one that proves it; somebody else may have written others."""
    found: dict[Key, Mark] = {}
    for mark in marks:
        if not scope.proves(found.get(mark.key), sets.get(mark.key)):
            found[mark.key] = mark
    return found
