# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The JSON Schema of plan files, applied from its file."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping

import jsonschema
from ansible_collections.msuc.lync.plugins.plugin_utils._base.untyped import PLAN_SCHEMA


@functools.cache
def _validator(kind: str) -> jsonschema.Draft202012Validator:
    schema = json.loads(PLAN_SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator({"$defs": schema["$defs"], "$ref": f"#/$defs/{kind}"})


def schema_errors(files: Mapping[str, str]) -> list[str]:
    """Return what the schema has against rendered plan files, with their paths."""
    kinds = {path: "host" if path.startswith("hosts/") else "pool" for path in files}
    return [
        f"{path}: {error.json_path}: {error.message}"
        for path, text in files.items()
        for error in _validator(kinds[path]).iter_errors(json.loads(text))
    ]
