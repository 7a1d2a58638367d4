# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The builds of Windows on which the product runs, and those on which real hosts have shown how it behaves.

    unproven("20348.2700") -> "not proven on Windows Server 2022, build 20348.2700"
    revert_minutes("20348.2700") -> 0        # where a change was seen to come back by itself: 10
"""

from __future__ import annotations

from collections.abc import Mapping

RELEASES: Mapping[int, str] = {
    7601: "Windows Server 2008 R2",
    9200: "Windows Server 2012",
    9600: "Windows Server 2012 R2",
    14393: "Windows Server 2016",
    17763: "Windows Server 2019",
    20348: "Windows Server 2022",
    26100: "Windows Server 2025",
}
# Those of which tests/evidence has the newest evidence of every kind, and all of it good; a test holds the two equal.
PROVEN: frozenset[int] = frozenset()
# Those on which the newest evidence has a change come back that nobody confirmed; the same test holds them equal.
REVERTING: frozenset[int] = frozenset()
_REVERT_MINUTES = 10
"""That of "commit confirmed" of Junos, where nobody says how many."""


def unproven(build: str, proven: frozenset[int] = PROVEN) -> str:
    """Return that nobody has shown how the product behaves on a build, "" when somebody has; build: with its update."""
    return "" if _number(build) in proven else f"not proven on {_text(build)}"


def revert_minutes(build: str, reverting: frozenset[int] | None = None) -> int:
    """Return after how many minutes a change comes back where nobody chose; 0 where nobody has seen one come back.

    build: "" where it is not known. reverting: REVERTING, or other ones.
    """
    seen = REVERTING if reverting is None else reverting
    return _REVERT_MINUTES if build and _number(build) in seen else 0


def unseen_revert(build: str) -> str:
    """Return that nothing comes back by itself, and why."""
    where = _text(build) if build else "a Windows that does not tell its build"
    return f"nothing comes back by itself: lync_confirm_minutes is not set, and nobody has seen it happen on {where}"


def _number(build: str) -> int:
    return int(build.partition(".")[0])


def _text(build: str) -> str:
    return f"{RELEASES.get(_number(build), 'Windows')}, build {build}"
