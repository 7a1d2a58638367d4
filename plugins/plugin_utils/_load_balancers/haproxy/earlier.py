# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The layout of our files before 0.2: a frontend had the name of its backend, and a dead member kept its clients.

A file of it is known, and written anew in today's layout. What it said differently is a table, from today's lines.
"""

from __future__ import annotations

import re

_LINES = (
    (r"^(frontend lync-(?:publish-)?)in-", r"\1"),
    (r"^    (?:timeout check|clitcpka-idle|srvtcpka-idle|srvtcpka-intvl) .*\n", ""),
    (r"^    timeout connect 3s$", "    timeout connect 5s"),
    (r"^(    source 0\.0\.0\.0 usesrc client)$", r"\1ip"),
    (r" tcp-ut \d+ms", ""),
    (r" on-marked-down shutdown-sessions", ""),
)


def as_earlier(text: str) -> str:
    """Return a file of today's layout as it was in the earlier one."""
    for pattern, earlier in _LINES:
        text = re.sub(pattern, earlier, text, flags=re.MULTILINE)
    return text
