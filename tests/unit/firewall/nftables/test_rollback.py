# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is left of a run that was stopped while it armed what takes its change back."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

from ansible_collections.msuc.lync.plugins.modules.nftables_remote import Rollback


def half_armed(folder: Path) -> Rollback:
    """Return a rollback whose marker names no process, as after a stop between its two writes."""
    rollback = Rollback(str(folder))
    Path(rollback.armed).write_text(json.dumps({"until": time.time() + 60}), encoding="utf-8")
    return rollback


def test_a_marker_without_a_process_is_nothing_that_waits(tmp_path: Path) -> None:
    rollback = half_armed(tmp_path)
    assert rollback.pending() == {}
    rollback.refuse_pending()
    assert rollback.disarm() is False and not os.path.exists(rollback.armed)


def test_a_process_that_the_marker_does_not_name_is_found_and_stopped(tmp_path: Path) -> None:
    rollback = half_armed(tmp_path)
    command = ["/bin/sh", "-c", f"sleep 60; test -e {rollback.armed} && nft -f {rollback.before}"]
    with subprocess.Popen(command, start_new_session=True) as waiting:
        # The kernel shows the words of a new process a moment after it tells that it runs.
        while not Path(f"/proc/{waiting.pid}/cmdline").read_bytes():
            time.sleep(0.01)
        assert rollback.pending()["problem"] == "" and rollback.pending()["seconds"] > 0
        assert rollback.disarm() is True and not os.path.exists(rollback.armed)
        assert waiting.wait(5) != 0
