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


@dataclass(frozen=True)
class Approved:
    """An approved plan: its digest, the texts of its files by path, and what the computed plan changes of it, a line each."""

    digest: str
    files: Mapping[str, str]
    pending: tuple[str, ...]

    def has(self, host: str) -> bool:
        """Return whether the plan knows a host."""
        return plan_files.host_path(host) in self.files


def approved_plan(directory: Path, computed: Mapping[str, str]) -> Approved:
    """Return the approved plan of a directory beside the texts of the computed one; raises InvalidInputError when it is none."""
    documents = plan_files.read(directory)
    files = {path: plan_files.text_of(document) for path, document in documents.items()}
    pending = difference(documents, plan_files.parsed(computed)).lines
    return Approved(plan_files.digest(files), files, pending)
