# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Deviations that somebody has accepted, for a time: who, why, under which ticket, until when.

    lync_accepted_deviations:
      - {device: "fe0*", concern: firewall, name: "Lync fe-rpc*", class: changed, owner: netops, reason: audit tool, ticket: CHG0042, expires: 2027-01-31}

device and name are shell patterns; concern and class may be left out. From the day after expires it is drift again.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .._base.errors import InvalidInputError, Problem, nearest, one_of, shown
from .deviations import Class, Deviation

ENDS_SOON_DAYS = 30
_NEEDED = ("device", "name", "owner", "reason", "ticket", "expires")
_ALLOWED = (*_NEEDED, "concern", "class")
_PLACE = "lync_accepted_deviations"


@dataclass(frozen=True)
class Acceptance:
    """One accepted deviation; expires is the last day on which it holds."""

    device: str
    name: str
    owner: str
    reason: str
    ticket: str
    expires: datetime.date
    concern: str = ""
    kind: Class | None = None

    def covers(self, deviation: Deviation) -> bool:
        """Return whether the deviation is what was accepted."""
        return (
            fnmatchcase(deviation.device, self.device)
            and fnmatchcase(deviation.name, self.name)
            and self.concern in ("", deviation.concern)
            and self.kind in (None, deviation.kind)
        )

    def days_left(self, today: datetime.date) -> int:
        """Return for how many days more it holds; negative when it has expired."""
        return (self.expires - today).days


def read_acceptances(items: object) -> tuple[Acceptance, ...]:
    """Return the acceptances of lync_accepted_deviations; raises InvalidInputError with every problem."""
    entries = items if isinstance(items, Sequence) and not isinstance(items, str) else [items]
    problems = [problem for index, entry in enumerate(entries) for problem in _problems(f"{_PLACE}[{index}]", entry)]
    if problems:
        raise InvalidInputError(problems)
    return tuple(_acceptance(entry) for entry in entries if isinstance(entry, Mapping))


def _problems(place: str, entry: object) -> list[Problem]:
    if not isinstance(entry, Mapping):
        return [Problem(place, f"{shown(entry)} is not a mapping", one_of(_ALLOWED), "write a mapping with these keys")]
    found = [_unknown(place, str(key)) for key in entry if key not in _ALLOWED]
    found += [Problem(place, f"has no {key}", fix=f"add {key}; nobody can tell later why it was accepted") for key in _NEEDED if not entry.get(key)]
    if entry.get("expires") and _date(entry["expires"]) is None:
        found.append(Problem(f"{place}, expires", f"{shown(entry['expires'])} is not a date", fix="write it as 2027-01-31"))
    classes = [kind.value for kind in Class]
    if entry.get("class") and entry["class"] not in classes:
        found.append(Problem(f"{place}, class", f"{shown(entry['class'])} is not a class", one_of(classes), "write one of them, or leave it out"))
    return found


def _unknown(place: str, key: str) -> Problem:
    near = nearest(key, _ALLOWED)
    return Problem(place, f"there is no key {key!r}", one_of(_ALLOWED), f"write {near}" if near else "leave it out")


def _date(value: object) -> datetime.date | None:
    """Return a date that YAML read as one, or that is written as one."""
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        return None


def _acceptance(entry: Mapping[str, object]) -> Acceptance:
    texts = {key: str(entry[key]) for key in _NEEDED if key != "expires"}
    kind = Class(entry["class"]) if entry.get("class") else None
    return Acceptance(**texts, expires=_date(entry["expires"]) or datetime.date.min, concern=str(entry.get("concern") or ""), kind=kind)


def accepted_by(deviation: Deviation, acceptances: Iterable[Acceptance], today: datetime.date) -> Acceptance | None:
    """Return the acceptance that covers a deviation today; the one that holds longest when there are several."""
    holding = [item for item in acceptances if item.days_left(today) >= 0 and item.covers(deviation)]
    return max(holding, key=lambda item: item.expires, default=None)


def ending(acceptances: Iterable[Acceptance], today: datetime.date) -> tuple[Acceptance, ...]:
    """Return the acceptances that end within 30 days or have ended, the earliest first."""
    return tuple(sorted((item for item in acceptances if item.days_left(today) <= ENDS_SOON_DAYS), key=lambda item: (item.expires, item.device, item.name)))
