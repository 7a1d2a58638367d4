# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stands in for pwsh where ansible-test asks it for a module's argument specification.

    pwsh ps_argspec.ps1 '{"module_path": "plugins/modules/x.ps1", ...}'  ->  the specification as JSON

It reads the literal `$spec = @{ ... }` of the module: hash tables, arrays, strings, whole numbers, $true, $false,
$null. Anything else in there ends with exit status 1 and the line; it runs no PowerShell.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TypeAlias

Value: TypeAlias = "bool | int | str | list[Value] | dict[str, Value] | None"

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<open>@[{(])
      | (?P<sign>[})=;,])
      | '(?P<single>(?:[^']|'')*)'
      | "(?P<double>[^"$`]*)"
      | (?P<word>\$?[\w]+)""",
    re.VERBOSE,
)
_WORDS: dict[str, Value] = {"$true": True, "$false": False, "$null": None}


class NotLiteralError(Exception):
    """The specification holds something else than literals."""


class _Reader:
    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._at = start
        self.kind, self.token = "", ""
        self._advance()

    def _advance(self) -> None:
        while True:
            found = _TOKEN.match(self._text, self._at)
            if found is None or found.lastgroup is None:
                raise NotLiteralError(
                    f"line {self._text.count(chr(10), 0, self._at) + 1}: not a literal: "
                    f"{self._text[self._at : self._at + 40]!r}"
                )
            self._at, self.kind, self.token = found.end(), found.lastgroup, found[found.lastgroup]
            if self.kind != "space":
                return

    def value(self) -> Value:
        """Read one value; what follows the outermost one is never looked at."""
        kind, token = self.kind, self.token
        if kind == "open":
            return self._table() if token == "@{" else self._array()
        self._advance()
        if kind in ("single", "double"):
            return token.replace("''", "'") if kind == "single" else token
        if kind == "word" and token.lower() in _WORDS:
            return _WORDS[token.lower()]
        if kind == "word" and token.isdigit():
            return int(token)
        raise NotLiteralError(f"not a literal: {token!r}")

    def _table(self) -> dict[str, Value]:
        table: dict[str, Value] = {}
        self._advance()
        while self.token != "}":
            key = self.token
            self._advance()
            if self.token != "=":
                raise NotLiteralError(f"no = after the key {key!r}")
            self._advance()
            table[key] = self._list_or_value()
            while self.token == ";":
                self._advance()
        self._close()
        return table

    def _array(self) -> list[Value]:
        items: list[Value] = []
        self._advance()
        while self.token != ")":
            items.append(self.value())
            while self.token in (",", ";"):
                self._advance()
        self._close()
        return items

    def _list_or_value(self) -> Value:
        first = self.value()
        if self.token != ",":
            return first
        items = [first]
        while self.token == ",":
            self._advance()
            items.append(self.value())
        return items

    def _close(self) -> None:
        # Behind the end of the outermost table stands ordinary PowerShell, which is not ours to read.
        try:
            self._advance()
        except NotLiteralError:
            self.kind, self.token = "end", ""


def specification(source: str) -> Value:
    """Return the literal argument specification of a PowerShell module's source."""
    found = re.search(r"^\$spec\s*=\s*(?=@\{)", source, re.MULTILINE)
    if found is None:
        raise NotLiteralError("no line begins with: $spec = @{")
    return _Reader(source, found.end()).value()


def main(arguments: list[str]) -> int:
    """Print the specification of the module that ansible-test names; 1 with a message when it cannot be read."""
    path = Path(json.loads(arguments[-1])["module_path"])
    try:
        print(json.dumps(specification(path.read_text(encoding="utf-8-sig"))))
    except NotLiteralError as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
