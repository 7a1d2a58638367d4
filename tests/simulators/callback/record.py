# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes each task's result as one JSON line to the file that LAB_RECORD names, for tests to read.

With LAB_MEASURE it starts coverage, configured by that, in each process that imports a plugin of ours.
"""

from __future__ import annotations

import importlib.abc
import json
import os
import sys
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: notification
short_description: Records results for the lab's tests
description: Writes one JSON line per result to the file named by the environment variable LAB_RECORD.
"""


class CallbackModule(CallbackBase):
    """Records results."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a result that is ok or changed."""
        _record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a failure."""
        _record("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record a host that cannot be reached."""
        _record("unreachable", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Record a task that was skipped."""
        _record("skipped", result)


def _record(status: str, result: Any) -> None:
    line = {
        "status": status,
        "host": result._host.get_name(),
        "task": result._task.get_name(),
        "result": result._result,
    }
    with open(os.environ["LAB_RECORD"], "a", encoding="utf-8") as stream:
        stream.write(json.dumps(line, default=str) + "\n")


class _MeasureOurs(importlib.abc.MetaPathFinder):
    """Starts coverage before the first import of ours: measured from its start, ansible-playbook takes twice the
    time.
    """

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname.startswith("ansible_collections.msuc.lync.plugins"):
            sys.meta_path.remove(self)
            os.environ["COVERAGE_PROCESS_CONFIG"] = os.environ["LAB_MEASURE"]
            coverage.process_startup()


if os.environ.get("LAB_MEASURE"):
    import coverage

    sys.meta_path.insert(0, _MeasureOurs())
