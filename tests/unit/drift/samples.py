# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers of modules to comparisons, and the reports that they come to."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.msuc.lync.plugins.plugin_utils._drift.report import Context, Report
from ansible_collections.msuc.lync.plugins.plugin_utils._plan.model import HostPlan
from ansible_collections.msuc.lync.plugins.plugin_utils._rollout.results import Concern, Step, TaskResult

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[3] / "plugins/plugin_utils/_drift/data/lync_drift.schema.json").read_text("utf-8")
)
NOW = datetime.datetime(2026, 11, 28, 3, 0, tzinfo=datetime.timezone.utc)
HOSTS = {
    "fe02": HostPlan("fe02", ("frontend",), "2013", "pool01.contoso.com", "windows", True, "active", ("10.1.0.12",)),
    "lb01": HostPlan("lb01", ("load_balancers",), "2013", None, "linux", True, "active", ("10.1.0.5",)),
}
Answers = Mapping[str, Mapping[str, Mapping[str, Any]]]


def compared(device: str, concern: str, answer: Mapping[str, object]) -> TaskResult:
    """Return what a module answered to a comparison as the run state has it."""
    return TaskResult.of_answer(device, Concern(concern), Step.COMPARE, answer, is_check=True)


def change(kind: str, name: str = "SIP", **more: object) -> dict[str, object]:
    return {"kind": kind, "name": name, "reason": "it is missing", "properties": [], **more}


def differing(name: str, before: object, after: object) -> dict[str, object]:
    return {"property": name, "before": before, "after": after}


def effect(*kinds: str, detail: str = "") -> dict[str, object]:
    """Return the effect of a rule whose text is that of its kinds."""
    facts = [{"kind": kind, "by": [], "text": kind, "detail": detail} for kind in kinds]
    return {"kinds": list(kinds), "effect": "; ".join(kinds), "facts": facts}


CLEAN: Mapping[str, Any] = {"changed": False, "changes": [], "effects": []}
DRIFTED: Mapping[str, Any] = {"changed": True, "changes": [change("add", opens=True)]}
GONE: Mapping[str, Any] = {"unreachable": True, "msg": "no route"}
SHADOW: Mapping[str, Any] = {"changes": [], "effects": [{"name": "SIP", **effect("narrower_than")}]}


def report(answers: Answers, now: datetime.datetime = NOW, **context: Any) -> Report:
    """Return the report of answers by device and concern."""
    results = [compared(device, concern, answer) for device, own in answers.items() for concern, answer in own.items()]
    return Report.of(results, Context(now, HOSTS, **context))
