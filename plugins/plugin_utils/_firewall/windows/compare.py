# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Firewall rules and IPsec exemptions of one host, gathered in one round trip and compared as two.

    chosen_parts(["ipsec"], []) == ("ipsec",)
    parts_of({"addresses": [...], "firewall": {"rules": [...], ...}, "ipsec": {...}})["firewall"] == {"addresses": [...], "rules": [...], ...}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..reconcile import Course, HostFailedError
from .host import HostAnswerError, mapping_of, understood

PARTS = ("firewall", "ipsec")


def chosen_parts(run_tags: Iterable[str], skip_tags: Iterable[str]) -> tuple[str, ...]:
    """Return the parts that the tags of a run leave: those that are named, or all when none is, without those to skip."""
    named = set(PARTS) & set(run_tags) or set(PARTS)
    return tuple(part for part in PARTS if part in named - set(skip_tags))


def parts_of(answer: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    """Return what the hands of each part would have answered to gather; raises HostAnswerError when a part is missing."""
    if answer.get("failed"):
        return dict.fromkeys(PARTS, answer)
    shared = {name: value for name, value in answer.items() if name not in PARTS}
    with understood():
        return {part: {**shared, **mapping_of(answer, part)} for part in PARTS}


def compared(course: Course, answer: Mapping[str, object]) -> dict[str, object]:
    """Return the result of a course that only looks, as in check mode."""
    failure: dict[str, object] = {}
    try:
        course.gathered(answer)
        if course.operations():
            course.forecast()
    except (HostAnswerError, HostFailedError) as error:
        failure = {"failed": True, "msg": str(error)}
    return {**failure, **course.result()}


def together(results: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Return one result that holds those of the parts, and tells what they warn of and why they failed."""
    failed = [f"{part}: {result.get('msg')}" for part, result in results.items() if result.get("failed")]
    warnings = [warning for result in results.values() if isinstance(found := result.get("warnings"), list) for warning in found]
    told: dict[str, object] = {"failed": True, "msg": "\n".join(failed)} if failed else {}
    return {**told, **results, "changed": any(result.get("changed") for result in results.values()), "warnings": list(dict.fromkeys(warnings))}
