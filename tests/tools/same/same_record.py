# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes each result as a JSON line to the file that SAME_RECORD names, and prints nothing: the rest plugins print."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: same_record
type: stdout
short_description: Records results for same.py
description: Writes one JSON line per result to the file named by the environment variable SAME_RECORD.
"""


class CallbackModule(CallbackBase):
    """Records results."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "same_record"

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a result that is ok or changed."""
        _record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a failure."""
        _record("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record a host that cannot be reached."""
        _record("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Record the data of set_stats."""
        _write({"custom": stats.custom})


def _record(status: str, result: Any) -> None:
    task = result._task
    _write(
        {
            "status": status,
            "host": result._host.get_name(),
            "module": task.resolved_action or task.action,
            "result": result._result,
        }
    )


def _write(document: dict[str, Any]) -> None:
    with open(os.environ["SAME_RECORD"], "a", encoding="utf-8") as stream:
        stream.write(json.dumps(document, default=str) + "\n")
