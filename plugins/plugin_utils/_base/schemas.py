# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The JSON Schema of plan files, by its definitions: modules take the same objects as plan files have."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING

from .libraries import jsonschema

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

PLAN_SCHEMA = Path(__file__).parents[1] / "_plan" / "data" / "lync_plan.schema.json"


@functools.cache
def plan_validator(definition: str) -> Validator:
    """Return the validator of a definition of the schema of plan files: host, pool, virtual_service, publication."""
    schema = json.loads(PLAN_SCHEMA.read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator({"$defs": schema["$defs"], "$ref": f"#/$defs/{definition}"})
