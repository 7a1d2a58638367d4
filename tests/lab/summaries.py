# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the summary of a run of site.yml says, for tests: its document, and what became of each device.

outcomes(played, "load_balancer") == {"lb01": ("changed", 1, 0, 0)}     # added, changed, removed
"""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from .lab import ROOT, Played

_SCHEMA = json.loads((ROOT / "plugins/plugin_utils/_report/data/lync_summary.schema.json").read_text(encoding="utf-8"))


def summary(played: Played) -> dict[str, Any]:
    """Return the document of a run's summary, which keeps its schema."""
    document: dict[str, Any] = next(
        record["result"]["report"] for record in played.results if _is_summary(record["result"])
    )
    jsonschema.validate(document, _SCHEMA)
    return document


def outcomes(played: Played, concern: str) -> dict[str, tuple[str, int, int, int]]:
    """Return status, added, changed and removed by device, of one concern."""
    parts = [part for part in summary(played)["parts"] if part["concern"] == concern]
    return {
        part["device"]: (part["status"], *(part["counts"][name] for name in ("added", "changed", "removed")))
        for part in parts
    }


def _is_summary(result: dict[str, Any]) -> bool:
    return "parts" in result.get("report", {})
