# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with the user's input: place, bad value, what is allowed, how to fix it.

    host fe01, lync_version: '2011' is not a version; allowed: 2010, 2013, 2015, 2019, se; fix: write one of them
    in quotes

Checks collect problems and go on; InvalidInputError carries all of them at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_VALUE_WIDTH = 120
_NAME_CUTOFF = 0.85
_NAMES_SHOWN, _HOSTS_SHOWN = 20, 3


@dataclass(frozen=True, order=True)
class Problem:
    """One fault of the input.

    place: where it stands, in the user's words ("host fe01, lync_version").
    message: what is wrong, with the bad value.
    allowed: the values that would be right, as text; empty when there is no list.
    fix: what to do about it.
    """

    place: str
    message: str
    allowed: str = ""
    fix: str = ""

    def __str__(self) -> str:
        parts = [f"{self.place}: {self.message}"]
        parts += [f"allowed: {self.allowed}"] if self.allowed else []
        parts += [f"fix: {self.fix}"] if self.fix else []
        return "; ".join(parts)


class InvalidInputError(Exception):
    """The input cannot be used; problems holds every reason, sorted and without repetitions."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__(self.report())

    def report(self, *, untouched: bool = False) -> str:
        """Return all problems as text, one a line under a line that counts them.

        untouched: whether nothing was contacted or written in this run before, which the first line then says.
        """
        count = len(self.problems)
        told = "; nothing was contacted or written" if untouched else ""
        head = f"{count} error{'' if count == 1 else 's'} in the input{told}:"
        return "\n".join([head, *(f"  - {problem}" for problem in self.problems)])


class DeviceError(Exception):
    """A device could not do what it was asked to, or did not end up as wanted; the message says what was done."""


class AnswerError(DeviceError):
    """The answer of a device is not understood, so nothing is known of it."""


MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What a program that reads an answer runs into when a part of it is missing, of another kind or of no size."""


@contextmanager
def understood(place: str) -> Iterator[None]:
    """Turn what goes wrong when the answer of a device is read into AnswerError that names the place."""
    try:
        yield
    except MALFORMED as error:
        raise AnswerError(f"{place}: the answer is not understood: {type(error).__name__}: {error}") from error


def shown(value: object) -> str:
    """Return a value as it is shown in a message: its repr, cut to 120 characters."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out whole numbers of thousands of digits
        text = f"a {type(value).__name__} too large to show"
    return text if len(text) <= _VALUE_WIDTH else text[: _VALUE_WIDTH - 3] + "..."


def one_of(words: Iterable[object]) -> str:
    """Return allowed words as text: sorted, comma separated."""
    return ", ".join(sorted(str(word) for word in words))


def nearest(word: str, words: Iterable[str]) -> str:
    """Return the word of words most like word, or an empty string when none is near."""
    found = difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)
    return found[0] if found else ""


def slips(one: str, other: str) -> int:
    """Return the fewest letters added, lost, changed or swapped between two words."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def correction(word: str, words: Iterable[str], otherwise: str = "") -> str:
    """Return the fix of a misspelt word: the nearest of the right ones, or another advice."""
    near = "" if word.isdigit() else nearest(word, words)  # no number is near another
    return f"write {near}" if near else otherwise


def name_correction(name: str, names: Iterable[str], otherwise: str) -> str:
    """Return the fix of a name that does not exist: one that is nearly the same, or another advice.

    Names that people give are like each other by habit (fe01, db01), so only a slip of a letter counts.
    """
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=_NAME_CUTOFF)
    return f"write {near[0]}" if near else otherwise


def names_text(names: Collection[str]) -> str:
    """Return names that exist as text: sorted, the first twenty of them and how many more there are."""
    return one_of(sorted(names)[:_NAMES_SHOWN]) + (
        f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    )


def hosts_text(names: Iterable[str], kind: str = "host") -> str:
    """Return the place that several hosts are: the first three of them by name, and how many more there are.

    kind: what they are, in the singular.
    """
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - _HOSTS_SHOWN} more" if len(distinct) > _HOSTS_SHOWN else ""
    return f"{kind}{'s' if len(distinct) > 1 else ''} {', '.join(distinct[:_HOSTS_SHOWN])}{more}"
