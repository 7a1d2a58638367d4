# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts of devices as they may be printed: nothing in them does something to a terminal."""

from __future__ import annotations

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.changes import Cause, Change, Kind, Presentation
from ansible_collections.msuc.lync.plugins.plugin_utils._base.reconcile import RefusedError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import printed, printed_lines

HOSTILE = "\x1b[2J\x1b]0;owned\x07 \u202eENOD \x9b31m \ud800 \u2028 \0\r\nDONE"
TEXTS = {
    "\x1b[2J": r"\u001b[2J",
    "a\nDONE": r"a\u000aDONE",
    "\x9b31m": r"\u009b31m",
    "\u202eENOD\u2066": r"\u202eENOD\u2066",
    "half \ud800": r"half \ud800",
    "Größe, 規則, 😀": "Größe, 規則, 😀",
}


@pytest.mark.parametrize(("text", "shown"), TEXTS.items())
def test_what_does_something_to_a_terminal_is_shown_by_its_number(text: str, shown: str) -> None:
    assert printed(text) == shown
    assert printed(shown) == shown


def test_lines_stay_lines() -> None:
    assert printed_lines("one\x07\ntwo") == "one\\u0007\ntwo"


def test_diffs_and_reasons_hold_no_other_text() -> None:
    change: Change[str] = Change(Kind.ADD, HOSTILE, Cause.MISSING, None, HOSTILE)
    shown = Presentation[str]("rule", lambda item: {"name": item}, lambda change: "").diff(change)
    message = str(RefusedError([HOSTILE])).splitlines()
    assert len(message) == 2 and shown["after"].count("\n") == 1
    assert all(text == printed_lines(text) for text in (*shown.values(), *message))
