# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far a long run is: a line every few seconds, told by whichever task has just ended.

    open: wave 3 of 9, 210 of 640 hosts, 0 failed
"""

from __future__ import annotations

from .._base.untyped import counted
from .results import TaskResult
from .run_state import RunState

INTERVAL_SECONDS = 10.0
"""Between two lines, and before the first: a run that is as short says enough by its end."""


def progress_text(state: RunState, result: TaskResult) -> str:
    """Return how far the step of a result is over all hosts of its waves.

    Empty for what goes in no waves, and where a line was told not long ago.
    """
    # First, since waves name all hosts, and each task of each host comes here.
    if not state.is_time_to_tell(INTERVAL_SECONDS):
        return ""
    for platform in ("windows", "linux"):
        waves = state.waves(platform).waves
        number = next((index for index, wave in enumerate(waves, 1) if result.device in wave), 0)
        if number:
            hosts = sum(map(len, waves))
            done, failed = state.count_results(result.concern, result.step)
            place = f"wave {number} of {len(waves)}, {done} of {counted(hosts, 'host')}, {failed} failed"
            return f"{result.step.value}: {place}"
    return ""
