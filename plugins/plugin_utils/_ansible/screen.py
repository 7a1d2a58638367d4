# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where everything that the collection prints goes through: the one place that knows how wide the screen is, and which
colour a verdict has.
"""

from __future__ import annotations

import os
import shutil

from ansible import constants as C
from ansible import context
from ansible.utils.display import Display

from .._base.screen import LEAST_COLUMNS, SCREEN_COLUMNS, fit
from .._rollout.outcome import Verdict

# Seen at import, which is in the process that has the terminal: those that run tasks have none.
COLUMNS = max(LEAST_COLUMNS, shutil.get_terminal_size().columns) if os.isatty(1) else SCREEN_COLUMNS
"""The columns of the terminal, or what $COLUMNS says of it; 100 without one."""

_GOOD, _CAREFUL, _BAD = "COLOR_OK", "COLOR_CHANGED", "COLOR_ERROR"
# The last words of summaries, and the verdicts, in the colours that Ansible has for ok, changed and failed.
_COLOURS = {
    "SAFE": _GOOD,
    "DONE": _GOOD,
    "NEEDS WINDOW": _CAREFUL,
    "REFUSED": _BAD,
    "NOT DONE": _BAD,
    Verdict.DONE.value: _GOOD,
    Verdict.HELD.value: _CAREFUL,
    Verdict.LIMITED.value: _CAREFUL,
    Verdict.DIFFERS.value: _CAREFUL,
    Verdict.UNKNOWN.value: _BAD,
    Verdict.INVALID.value: _BAD,
}


def show(text: str, verdict: str = "") -> None:
    """Print a text so that its lines fit; verdict: a last word or verdict that gives it its colour."""
    colour = getattr(C, _COLOURS[verdict]) if verdict else None
    Display().display(fit(text, COLUMNS), color=colour)


def is_verbose() -> bool:
    """Return whether -v was given."""
    return int(context.CLIARGS.get("verbosity") or 0) > 0
