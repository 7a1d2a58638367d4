# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the EXAMPLES of resource modules, which have one for each state, and compares what they show with what is so.

What is no task stands in comments, as YAML below a title:

    # Variables of the inventory:      above the first example
    # Before state of each example:    above the first example, what the device has before the task of each
    # Using merged:                    begins the example of a state, with what is special behind a comma
    # Before state:                    where it is another one
    # Task output:                     parts of the result
    # After state:                     what the device has after the task

What is shown is a part: of a mapping some keys, of a list all items, a list of one as its item. In a text of several
lines a line `...` stands for any lines; one of a single line may be folded anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

WRITING = ("merged", "replaced", "overridden", "deleted")
_SECTION = re.compile(r"^# Using (\w+(?:, .+)?):$", re.MULTILINE)
VARIABLES = "Variables of the inventory"
BEFORE_EACH = "Before state of each example"
BEFORE, OUTPUT, AFTER = "Before state", "Task output", "After state"
_TITLES = (VARIABLES, BEFORE_EACH, BEFORE, OUTPUT, AFTER)
_ANY_LINES = "..."


@dataclass(frozen=True)
class Example:
    """The example of a state; before and after are None where nothing is said.

    title: the state, and behind a comma what is special.
    """

    title: str
    tasks: Sequence[Mapping[str, Any]]
    output: Mapping[str, Any]
    before: Sequence[Mapping[str, Any]] | None
    after: Sequence[Mapping[str, Any]] | None

    @property
    def state(self) -> str:
        return self.title.partition(",")[0]

    def lacks(self) -> list[str]:
        """Return what an example of its state has to have and this one has not."""
        is_writing = self.state in WRITING
        needed = {
            "a task": bool(self.tasks),
            "the state before": self.before is not None or not is_writing,
            "the state after": self.after is not None or not is_writing,
            "the commands, the error, or what the state returns": bool(self._results() & self.output.keys()),
        }
        return [what for what, is_there in needed.items() if not is_there]

    def _results(self) -> set[str]:
        if self.state in WRITING:
            return {"commands", "msg"}
        return {self.state, "document"} if self.state == "rendered" else {self.state}


@dataclass(frozen=True)
class Examples:
    """The examples of a module; variables: what the inventory has for all of them."""

    variables: Mapping[str, Any]
    examples: Sequence[Example]


def read(text: str) -> Examples:
    """Return the examples of a text."""
    head, *parts = _SECTION.split(text)
    common = _titled(head)
    sections = [(title, _titled(part), part) for title, part in zip(parts[::2], parts[1::2], strict=True)]
    return Examples(
        common.get(VARIABLES, {}),
        [
            Example(
                title,
                yaml.safe_load(part) or [],
                found.get(OUTPUT, {}),
                found.get(BEFORE, common.get(BEFORE_EACH)),
                found.get(AFTER),
            )
            for title, found, part in sections
        ],
    )


def _titled(part: str) -> dict[str, Any]:
    """Return what stands in comments below titles."""
    lines: dict[str, list[str]] = {}
    title = ""
    for line in part.splitlines():
        said = line.removeprefix("#").removeprefix(" ")
        if not line.startswith("#"):
            title = ""
        elif said.removesuffix(":") in _TITLES:
            title = said.removesuffix(":")
        if title and said.removesuffix(":") != title:
            lines.setdefault(title, []).append(said)
    return {name: yaml.safe_load("\n".join(found)) for name, found in lines.items()}


def differences(shown: object, real: object, place: str = "") -> Iterator[str]:
    """Yield where what is shown is not so."""
    if isinstance(shown, Mapping) and isinstance(real, Mapping):
        for key, value in shown.items():
            yield from differences(value, real.get(key), f"{place}.{key}")
    elif isinstance(shown, str) and "\n" in shown:
        lines = real if isinstance(real, list) else str(real).splitlines()
        if not _is_text(shown.splitlines(), [str(line).rstrip() for line in lines]):
            yield f"{place}: shown\n{shown}\nbut it is\n" + "\n".join(map(str, lines))
    elif isinstance(shown, list) and isinstance(real, list) and len(shown) == len(real):
        for number, (one, other) in enumerate(zip(shown, real, strict=True)):
            yield from differences(one, other, f"{place}[{number}]")
    elif isinstance(real, list) and len(real) == 1 and not isinstance(shown, list):
        yield from differences(shown, real[0], place)
    elif isinstance(shown, (list, Mapping)) or isinstance(real, (list, Mapping)) or _words(shown) != _words(real):
        yield f"{place}: shown {shown!r}, but it is {real!r}"


def _words(value: object) -> list[str]:
    return str(value).split()


def _is_text(shown: Sequence[str], real: Sequence[str]) -> bool:
    lines = (r"(?:.*\n)*" if line.strip() == _ANY_LINES else re.escape(line.rstrip()) + r"\n" for line in shown)
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in real)) is not None
