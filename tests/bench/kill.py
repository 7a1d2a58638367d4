# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kills the controller at a random moment of a remediation, again and again; the next run has to converge each time.

python -m tests.bench.kill [TIMES [FIRST_SEED]]

A line for each kill; status 1 at the first one that is not recovered from.
"""

from __future__ import annotations

import shutil
import sys

from tests.lab.kills import Kills
from tests.lab.lab import ROOT

TIMES = 50
WORK = ROOT / ".build" / "bench-kill"


def main() -> int:
    """Print a line for each kill; return the exit status."""
    given = [int(text) for text in sys.argv[1:]]
    times, first = [*given, *(TIMES, 1000)[len(given) :]]
    shutil.rmtree(WORK, ignore_errors=True)
    with Kills(WORK) as kills:
        for number in range(times):
            seed = first + number
            try:
                hit = kills.once(seed)
            except AssertionError as error:
                print(f"seed {seed}: NOT RECOVERED\n{error}")
                return 1
            waiting = f", to be taken back on {', '.join(hit.waiting)}" if hit.waiting else ""
            print(
                f"seed {seed}: killed at request {hit.moment} of {hit.requests}; not as planned then: {hit.left} "
                f"hosts{waiting}; recovered",
                flush=True,
            )
    print(f"{times} of {times} recovered")
    return 0


if __name__ == "__main__":
    sys.exit(main())
