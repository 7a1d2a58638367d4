# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""States of the DNS records that ask no server: from records to zone lines, and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .._base.errors import InvalidInputError, Problem, shown
from . import zone_text
from .records import as_options, read_records

STATES = ("rendered", "parsed")


def offline_result(options: Mapping[str, object]) -> dict[str, object]:
    """Return the result of a state of STATES; raises InvalidInputError."""
    return _rendered(options) if options["state"] == "rendered" else _parsed(options)


def _rendered(options: Mapping[str, object]) -> dict[str, object]:
    """Return zone lines by view; owners and marks are not of the zone's text."""
    want = read_records(options["records"])
    views = sorted({one.view for one in want})
    return {"changed": False, "rendered": {view: zone_text.rendered(one.set for one in want if one.view == view) for view in views}}


def _parsed(options: Mapping[str, object]) -> dict[str, object]:
    zone, view = str(options["zone"] or "").lower().rstrip("."), str(options["view"])
    if not zone:
        raise InvalidInputError([Problem("zone", "state parsed needs the zone of the text", fix="add zone")])
    return {"changed": False, "parsed": as_options(zone_text.parsed(_text(options), zone), view)}


def _text(options: Mapping[str, object]) -> str:
    text, path = options["running_config"], options["path"]
    if (text is None) == (path is None):
        raise InvalidInputError([Problem("running_config", "state parsed needs a text or a file", "running_config or path", "give one of them")])
    if path is None:
        return str(text)
    try:
        return Path(str(path)).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InvalidInputError([Problem("path", f"{shown(path)} cannot be read: {error}", fix="name the file of a zone")]) from error
