# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text that fits a screen: tables whose cells are wrapped, lines and commands that are broken.

    fit("edge01, edge02: The certificate of the internal interface is for this server or its pool.", 40)
    == "edge01, edge02: The certificate of the\n  internal interface is for this server\n  or its pool."

A command is broken so that it can still be typed:

    ansible-playbook -i examples/contoso msuc.lync.rollback --limit fe01,fe02 \
      -e lync_rollback_to=newest
"""

from __future__ import annotations

import itertools
import re
import sys
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence

SCREEN_COLUMNS = 100
"""Where there is no terminal: what a page of a log or a mail shows."""
LEAST_COLUMNS = 60
EVERYTHING = sys.maxsize
"""A width that leaves nothing out: what differs, or is not known, is said of each host by its name."""
_COMMAND = "ansible-playbook "
_LIST_WIDTH = 48
_GAP = "  "
_GOES_ON = " \\"
_LEAST_CELL = 8
_SIDES = ("before", "after")
_WORDS = re.compile(r"(?:'[^']*'|\"[^\"]*\"|[^\s'\"])+")


def fit(text: str, columns: int = SCREEN_COLUMNS) -> str:
    """Return a text whose lines are not longer than so many columns, except for words that are."""
    lines = text.split("\n")
    parts = [_fit_line(line, columns, before) for before, line in zip(["", *lines], lines, strict=False)]
    return "\n".join(itertools.chain.from_iterable(parts))


def _fit_line(line: str, columns: int, before: str) -> list[str]:
    """Return the lines of a line; one of a command that is broken already stays, though a word of it may be long."""
    if len(line) <= columns or before.endswith(_GOES_ON) or line.endswith(_GOES_ON):
        return [line]
    margin = " " * (len(line) - len(line.lstrip()))
    if line.lstrip().startswith(_COMMAND):
        return _break_command(_WORDS.findall(line), margin, columns)
    return _wrap(line.strip(), columns, margin, f"{margin}  ") or [line]


def _break_command(words: Sequence[str], margin: str, columns: int) -> list[str]:
    """Return the lines of a command; an option and its value stay together."""
    lines = [margin + words[0]]
    for part in _options_of(words[1:]):
        if len(lines[-1]) + len(part) + 3 > columns:
            lines[-1] += _GOES_ON
            lines.append(f"{margin}  {part}")
        else:
            lines[-1] += f" {part}"
    return lines


def _options_of(words: Sequence[str]) -> list[str]:
    parts: list[str] = []
    for word in words:
        follows = bool(parts) and parts[-1].startswith("-") and " " not in parts[-1] and not word.startswith("-")
        takes_value = follows and parts[-1] not in ("--check", "--diff")
        if takes_value:
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts


def _wrap(text: str, columns: int, first: str = "", others: str = "", *, breaks: bool = False) -> list[str]:
    return textwrap.wrap(
        text,
        columns,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=breaks,
        break_on_hyphens=False,
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]], columns: int = SCREEN_COLUMNS) -> str:
    """Return rows under a header in aligned columns, without trailing blanks; cells are wrapped where they have to."""
    lines = [tuple(header), *(tuple(row) for row in rows)]
    widths = _shrink(lines, columns - len(_GAP) * (len(header) - 1))
    return "\n".join(text for line in lines for text in _row_lines(line, widths))


def _shrink(lines: Sequence[Sequence[str]], columns: int) -> list[int]:
    """Return the widths of columns: the widest give way first.

    The first column, which is what people look for, gives way last, and no word is broken where that can be helped.
    """
    cells = list(zip(*lines, strict=True))
    widths = [max(map(len, column)) for column in cells]
    words = [max((len(word) for cell in column for word in cell.split()), default=0) for column in cells]
    for least in ([widths[0], *words[1:]], words, [min(_LEAST_CELL, width) for width in widths]):
        while sum(widths) > columns:
            wide = [number for number, width in enumerate(widths) if width > least[number]]
            if not wide:
                break
            widths[max(wide, key=widths.__getitem__)] -= 1
    return widths


def _row_lines(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    cells = [_wrap(cell, width, breaks=True) if width else [] for cell, width in zip(line, widths, strict=True)]
    return [
        _GAP.join(
            (cell[number] if number < len(cell) else "").ljust(width)
            for cell, width in zip(cells, widths, strict=True)
        ).rstrip()
        for number in range(max(1, *map(len, cells)))
    ]


def indented(text: str) -> str:
    """Return a text moved two columns to the right."""
    return textwrap.indent(text, "  ")


def shortened(texts: Sequence[str], width: int = _LIST_WIDTH) -> str:
    """Return texts joined with commas; what does not fit the width is counted: "10.1.0.0/24, 10.2.0.7 and 5 more"."""
    shown: list[str] = []
    for text in texts:
        if shown and len(", ".join([*shown, text])) > width:
            return f"{', '.join(shown)} and {len(texts) - len(shown)} more"
        shown.append(text)
    return ", ".join(shown)


def hosts_text(names: Sequence[str], width: int = EVERYTHING) -> str:
    """Return who shares something: "fe01, fe02, fe03 (3 hosts)"; one name alone."""
    return shortened(names, width) + (f" ({len(names)} hosts)" if len(names) > 1 else "")


def fit_diff(diff: Mapping[str, str], columns: int = SCREEN_COLUMNS) -> dict[str, str]:
    """Return the before and after of one object, as Ansible's --diff takes them, with lines that fit.

    A list that is too long for a line has a line per item where it changes, so that only what differs is marked.
    """
    sides = {side: str(diff.get(side) or "").splitlines() for side in _SIDES}
    long = {_property(line) for lines in sides.values() for line in lines if len(line) >= columns}
    by_item = long if all(sides.values()) else frozenset()
    fitted = {
        side: "".join(f"{part}\n" for line in lines for part in _property_lines(line, long, by_item, columns - 1))
        for side, lines in sides.items()
    }
    return {**diff, **{side: text for side, text in fitted.items() if side in diff}}


def _property(line: str) -> str:
    return line.partition(": ")[0]


def _property_lines(line: str, long: Collection[str], by_item: Collection[str], columns: int) -> list[str]:
    name, _colon, value = line.partition(": ")
    if name not in long:
        return [line]
    if " " in value or "," not in value:
        return _wrap(line, columns, "", "  ")
    items = value.split(",")
    if name in by_item:
        return [f"{name}:", *(f"  {item}" for item in items)]
    return _wrap(f"{name}: {', '.join(items)}", columns, "", "  ")
