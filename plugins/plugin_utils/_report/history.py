# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Since when a deviation is there, from a folder of past reports.

    DIR/drift-2026-11-27T220000Z.json, DIR/drift-2026-11-28T220000Z.json ...

A report in which the device could not be asked neither starts nor ends anything. Files that are no reports are left out.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

Key = tuple[str, str, str, str]
_MOST_REPORTS = 400
_UNKNOWN = ("unreachable", "failed")


def file_name(now: datetime.datetime) -> str:
    """Return the name of a report of a moment, which sorts by time."""
    return f"drift-{now.astimezone(datetime.timezone.utc).strftime('%Y-%m-%dT%H%M%SZ')}.json"


def first_seen(directory: Path, keys: Iterable[Key]) -> dict[Key, datetime.datetime]:
    """Return when each deviation was seen first without having been away since; new ones are left out.

    At most the 400 newest reports are looked at.
    """
    seen: dict[Key, datetime.datetime] = {}
    open_keys = set(keys)
    for made, present, unknown in _reports(directory):
        if not open_keys:
            break
        seen.update((key, made) for key in open_keys & present)
        open_keys = {key for key in open_keys if key in present or key[:2] in unknown}
    return seen


def _reports(directory: Path) -> Iterator[tuple[datetime.datetime, set[Key], set[tuple[str, str]]]]:
    """Yield per report, newest first: when it was made, what it found, and which concerns of devices it could not tell."""
    for path in sorted(directory.glob("drift-*.json"), reverse=True)[:_MOST_REPORTS]:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            yield _moment(document["made"]), set(_keys(document)), set(_unknown(document))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # cut off while it was written, or somebody else's


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)


def _keys(document: Mapping[str, list[Mapping[str, object]]]) -> Iterator[Key]:
    for device in document["devices"]:
        for item in device["deviations"]:  # type: ignore[attr-defined]  # the errors of other shapes are caught where they are read
            yield (str(device["device"]), item["concern"], item["class"], item["name"])


def _unknown(document: Mapping[str, list[Mapping[str, object]]]) -> Iterator[tuple[str, str]]:
    for device in document["devices"]:
        for item in device["concerns"]:  # type: ignore[attr-defined]  # as above
            if item["status"] in _UNKNOWN:
                yield (str(device["device"]), item["concern"])
