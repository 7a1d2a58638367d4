# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan relies on and does not make, and how each of these assumptions stands after the last verify.yml.

    standing(plan, last_report(Path("reports")))
    -> (Assumption("edge01", "The default gateway is on ...", Standing.CONFIRMED, "0.0.0.0/0 leaves by ..."), ...)

A report of verify.yml has the assumptions of its own plan; one that the report does not know was not read by anybody.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from .._base.untyped import mappings
from .._plan.model import Plan

REPORT_FILE = "verify.json"
NOT_READ = "no run of verify.yml has told"


class Standing(str, Enum):
    """What a run read of an assumption: that it holds, that it does not, or too little to say."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    UNKNOWN = "could not tell"


@dataclass(frozen=True, order=True)
class Assumption:
    """One assumption of a plan.

    place: the host or pool that relies on it. why: what was read, or why that does not tell.
    """

    place: str
    text: str
    standing: Standing = Standing.UNKNOWN
    why: str = NOT_READ

    @property
    def line(self) -> str:
        """Return it as one line without the place."""
        return f"{self.text} {self.standing.value}: {self.why}"

    def document(self) -> dict[str, object]:
        """Return it as plugins/plugin_utils/_probes/data/lync_verify.schema.json has it."""
        return {"place": self.place, "text": self.text, "standing": self.standing.value, "why": self.why}


def assumptions_of(plan: Plan) -> tuple[Assumption, ...]:
    """Return the assumptions of a plan, sorted, as nobody has read anything yet.

    Of hosts only those that are managed.
    """
    managed = [host for host in plan.hosts.values() if host.managed and host.member_state != "retired"]
    found = [Assumption(host.host, text) for host in managed for text in host.assumptions]
    found += [Assumption(pool.pool, text) for pool in plan.pools.values() for text in pool.assumptions]
    return tuple(sorted(dict.fromkeys(found)))


def last_report(directory: Path) -> Mapping[str, object] | None:
    """Return the report that the last verify.yml left in a directory, None when there is none that can be read."""
    try:
        found = json.loads((directory / REPORT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def standing(plan: Plan, report: Mapping[str, object] | None) -> tuple[Assumption, ...]:
    """Return the assumptions of a plan as a report of verify.yml has them; None for no report."""
    read = {(each.place, each.text): each for each in _read(report or {})}
    return tuple(read.get((each.place, each.text), each) for each in assumptions_of(plan))


def unconfirmed(plan: Plan, report: Mapping[str, object] | None) -> tuple[Assumption, ...]:
    """Return the assumptions that a report does not confirm, those that it contradicts first."""
    found = [each for each in standing(plan, report) if each.standing is not Standing.CONFIRMED]
    return tuple(sorted(found, key=lambda each: (each.standing is not Standing.CONTRADICTED, each)))


def _read(report: Mapping[str, object]) -> Iterator[Assumption]:
    known = {each.value for each in Standing}
    for item in mappings(report.get("assumptions")):
        if str(item.get("standing")) in known:
            place, text, why = (str(item.get(key)) for key in ("place", "text", "why"))
            yield Assumption(place, text, Standing(str(item["standing"])), why)
