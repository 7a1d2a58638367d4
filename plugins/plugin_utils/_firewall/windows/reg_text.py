# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Registry keys in text: what `reg export` writes and what `reg query` prints.

    [HKEY_LOCAL_MACHINE\\...\\FirewallRules]              HKEY_LOCAL_MACHINE\\...\\FirewallRules
    "{0A1B...}"="v2.28|Action=Allow|..."                     {0A1B...}    REG_SZ    v2.28|Action=Allow|...

Both become {"HKEY_LOCAL_MACHINE\\...\\FirewallRules": [("{0A1B...}", "v2.28|Action=Allow|...")]}: values are texts and
numbers, values of other types are left out. A line that is a rule string and nothing else is a value too, named by its
line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

Value = str | int
Keys = dict[str, list[tuple[str, Value]]]

_EXPORT = re.compile(
    r"""^[ \t]*\[(?P<key>[^\]\n]+)\][ \t]*$
    |^[ \t]*"(?P<name>(?:[^"\\]|\\.)*)"=
    (?:"(?P<text>(?:[^"\\]|\\.)*)"|(?P<kind>dword|hex\([12]\)):(?P<data>(?:[^\n\\]|\\\n)*))""",
    re.MULTILINE | re.VERBOSE | re.DOTALL,
)
_QUERY_KEY = re.compile(r"^HKEY_[A-Z_]+\\.*$")
_QUERY_KINDS = ("REG_SZ", "REG_EXPAND_SZ", "REG_DWORD")
_QUERY_GAP = "    "
_RULE = re.compile(r"^\s*(v[0-9]+\.[0-9]+\|.*)$")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read_keys(text: str) -> Keys:
    """Return the keys of an export or of printed queries; the key of values that stand before any key is ""."""
    # Printed text that went through a redirection ends its lines with more than one return.
    text = re.sub(r"\r+\n", "\n", text)
    return _exported(text) if _EXPORT.search(text) else _queried(text)


def _exported(text: str) -> Keys:
    keys: Keys = {}
    values: list[tuple[str, Value]] = []
    for match in _EXPORT.finditer(text):
        if match["key"] is not None:
            values = keys.setdefault(match["key"], [])
            continue
        value = _unescaped(match["text"]) if match["text"] is not None else _DATA[match["kind"]](match["data"])
        if value is not None:
            values.append((_unescaped(match["name"]), value))
    return keys


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _number(data: str) -> int | None:
    return int(data, 16) if re.fullmatch(r"(0x)?[0-9a-fA-F]{1,8}", data.strip()) else None


def _bytes_text(data: str) -> str | None:
    """Return the text of bytes in UTF-16 as `reg export` writes texts that do not fit on a line of their own."""
    try:
        return bytes.fromhex(re.sub(r"[\s,\\]", "", data)).decode("utf-16-le").removesuffix("\0")
    except ValueError:
        return None


_DATA: Mapping[str, Callable[[str], Value | None]] = {"dword": _number, "hex(1)": _bytes_text, "hex(2)": _bytes_text}


def _queried(text: str) -> Keys:
    keys: Keys = {}
    key = ""
    for number, line in enumerate(text.split("\n"), start=1):
        rule = _RULE.match(line)
        if _QUERY_KEY.match(line):
            key = line.rstrip()
            keys.setdefault(key, [])
        elif rule is not None:
            keys.setdefault(key, []).append((f"line {number}", rule[1]))
        else:
            keys.setdefault(key, []).extend(_query_value(line))
    return {key: values for key, values in keys.items() if key or values}


def _query_value(line: str) -> Iterator[tuple[str, Value]]:
    """Yield the value that a printed line tells of, if it does: a gap, its name, a gap, its type, a gap, its data."""
    name, kind, data = next((parts for parts in _query_parts(line) if parts[1]), ("", "", ""))
    value = _number(data) if kind.strip() == "REG_DWORD" else data
    if line.startswith(_QUERY_GAP) and name and value is not None:
        yield name, value


def _query_parts(line: str) -> Iterator[tuple[str, str, str]]:
    return (line[len(_QUERY_GAP) :].partition(f"{_QUERY_GAP}{kind}{_QUERY_GAP}") for kind in _QUERY_KINDS)
