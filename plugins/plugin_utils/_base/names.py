# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that stand in the configuration of a proxy: what they may be made of, in one table.

    is_name("service", "pool01.contoso.com-sip-5061") is True
    PATTERNS["service"]                               the same for a JSON schema; lync_plan.schema.json has it too

A name is one word of HAProxy's and of nginx' languages, whatever stands beside it: no blanks, quotes, braces,
semicolons, control characters. A pattern ends where the text ends: a line break after it is part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .errors import Problem, shown

# As ECMA-262 has it, $ is the end of the text; Python takes a line break before that too.
_END = r"$(?!\n)"
PATTERNS: Mapping[str, str] = {
    "service": rf"^[A-Za-z0-9_.:-]+{_END}",
    "pool": rf"^[A-Za-z0-9_.:-]*{_END}",
    "affinity": rf"^[A-Za-z0-9_.:@-]*{_END}",
    "cookie": rf"^[A-Za-z0-9_.-]+{_END}",
    "published": rf"^[A-Za-z0-9_.-]+{_END}",
    "interface": rf"^[A-Za-z0-9_.-]{{1,15}}{_END}",
    "path": rf"^(?!.*/\.\.(/|$))/[A-Za-z0-9/._@%+,=~-]+{_END}",
}
_COMPILED = {kind: re.compile(pattern) for kind, pattern in PATTERNS.items()}
_ALLOWED: Mapping[str, str] = {"path": "a path on the proxy, without blanks, quotes and .."}


def is_name(kind: str, text: str) -> bool:
    """Return whether a text can be a name of this kind, a key of PATTERNS."""
    return _COMPILED[kind].match(text) is not None


def name_problems(place: str, names: Mapping[str, tuple[str, str]]) -> Iterator[Problem]:
    """Yield the names that are none; names: kind and text by the field that has them."""
    for field, (kind, text) in names.items():
        if not is_name(kind, text):
            allowed = _ALLOWED.get(kind, "letters, digits and . _ : -")
            yield Problem(f"{place}, {field}", f"{shown(text)} cannot stand in a configuration", allowed, "rename it")
