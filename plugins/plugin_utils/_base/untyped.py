# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values of unknown JSON, read, checked and shown: what is not of the expected kind reads as absent, so that foreign
objects never break a run.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .libraries import MissingLibraryError, jsonschema, jsonschema_rs

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

PLAN_SCHEMA = Path(__file__).parents[1] / "_plan" / "data" / "lync_plan.schema.json"
Object = Mapping[str, object]


def mapping(value: object) -> Object:
    """Return the value when it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Object]:
    """Return the objects of a list; nothing for anything else, and not what else is in the list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, (list, tuple)) else []


def texts(value: object) -> list[str]:
    """Return the items of a list as texts; nothing for anything else, also for a single text."""
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []


def items(value: object) -> list[object]:
    """Return the value when it is a list, the value in a list when it is something else, nothing for nothing."""
    if isinstance(value, (list, tuple)):
        return list(value)
    return [] if value is None else [value]


def text(value: object) -> str:
    """Return the value as text, empty for nothing."""
    return "" if value is None else str(value)


def number(value: object, default: int = 0) -> int:
    """Return a whole number; BIG-IP writes many of them as text, and words such as indefinite for some."""
    try:
        return int(str(value))
    except ValueError:
        return default


def integer(value: object, default: int = 0) -> int:
    """Return the value when it is a whole number, else the default.

    A text of digits is none, nor are true and false.
    """
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 host", "2 hosts"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


# What moves a cursor, sets a colour or a title, ends a line, or turns the direction of writing; half characters.
_UNPRINTED = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printed(text: str) -> str:
    """Return a text of a device as it may be printed on a line: what would do something to a terminal by its number."""
    return _UNPRINTED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def printed_lines(text: str) -> str:
    """Return several lines that hold texts of devices as they may be printed."""
    return "\n".join(map(printed, text.split("\n")))


def result_text(value: object) -> str:
    """Return a value of a result on one line: lists with commas, mappings as name and value, nothing as "nothing"."""
    if value is None or value == []:
        return "nothing"
    if isinstance(value, Mapping):
        return " ".join(f"{name} {result_text(part)}" for name, part in value.items() if part not in ("", None))
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(result_text, value)) if isinstance(value, (list, tuple)) else str(value)


@functools.cache
def plan_validator(definition: str) -> Validator:
    """Return the validator of a definition of the schema of plan files: host, pool, virtual_service, publication."""
    return jsonschema.Draft202012Validator(_plan_schema(definition))


@functools.cache
def _quick_plan_validator(definition: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_plan_schema(definition))


def _plan_schema(definition: str) -> dict[str, object]:
    schema = json.loads(PLAN_SCHEMA.read_text(encoding="utf-8"))
    return {"$defs": schema["$defs"], "$ref": f"#/$defs/{definition}"}


def plan_schema_faults(definition: str, value: object) -> list[str]:
    """Return why a value does not keep a definition of the schema of plan files, a line each.

    Nearly all do, and jsonschema takes seconds for the plan of some hundred hosts to say so.
    """
    with contextlib.suppress(MissingLibraryError, TypeError, ValueError, OverflowError):
        if _quick_plan_validator(definition).is_valid(value):
            return []
    instance: Any = value
    return [f"{error.json_path}: {error.message}" for error in plan_validator(definition).iter_errors(instance)]
