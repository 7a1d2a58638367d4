# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The builds of Windows on which the product runs, and those on which real hosts have shown how it behaves.

    unproven("20348.2700") -> "not proven on Windows Server 2022, build 20348.2700"
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


def unproven(build: str, proven: frozenset[int] = PROVEN) -> str:
    """Return that nobody has shown how the product behaves on a build, "" when somebody has; build: with its update."""
    number = int(build.partition(".")[0])
    return "" if number in proven else f"not proven on {RELEASES.get(number, 'Windows')}, build {build}"
