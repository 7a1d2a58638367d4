# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The last plan that somebody approved, in place of the one computed from the inventory.

A device unlike the approved plan is drift; a computed plan unlike the approved one is a pending change, which is listed
and never made by a remediation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import files as plan_files
from .diff import difference
from .model import Plan


@dataclass(frozen=True)
class Approved:
    """An approved plan, the texts of its files by path, their digest, and what the computed plan changes of it, a line each."""

    plan: Plan
    files: Mapping[str, str]
    digest: str
    pending: tuple[str, ...]


def approved_plan(directory: Path, computed: Plan) -> Approved:
    """Return the approved plan of a directory beside the computed one; raises InvalidInputError when it is none."""
    plan = plan_files.read_plan(directory)
    files = plan_files.rendered(plan)
    return Approved(plan, files, plan_files.digest(files), difference(plan, computed).lines)
