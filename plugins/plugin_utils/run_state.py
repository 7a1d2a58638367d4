# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one run of ansible-playbook compiled, kept in its own temporary directory for the plays and hosts that follow.

    RUN/plan/...      the plan files
    RUN/waves.json    {"waves": [["fe01", "med01"], ["fe02"]], "predecessors": {"fe02": ["fe01"]}}

A plan of hundreds of hosts would weigh on every task as a variable; as files, a host reads only its own slice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from . import plan_files
from .policy.waves import Waves

_WAVES = "waves.json"


class RunState:
    """The compiled state below one directory."""

    def __init__(self, local_tmp: str) -> None:
        self._directory = Path(local_tmp) / "msuc.lync"

    def save(self, files: Mapping[str, str], waves: Waves) -> None:
        """Keep the texts of the plan files and the waves."""
        plan_files.write(self._directory / "plan", files)
        text = json.dumps({"waves": waves.waves, "predecessors": dict(waves.predecessors)})
        (self._directory / _WAVES).write_text(text, encoding="utf-8")

    def host(self, name: str) -> plan_files.Document | None:
        """Return a host's plan document, None when the run has no plan for it."""
        path = self._directory / "plan" / plan_files.host_path(name)
        return plan_files.read_json(path) if path.is_file() else None

    def waves(self) -> Waves:
        """Return the waves of the run, empty before anything was compiled."""
        path = self._directory / _WAVES
        if not path.is_file():
            return Waves()
        document = json.loads(path.read_text(encoding="utf-8"))
        waves = tuple(tuple(wave) for wave in document["waves"])
        return Waves(waves, {name: tuple(before) for name, before in document["predecessors"].items()})
