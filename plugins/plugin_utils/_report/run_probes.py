# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Probes before a change beside the same probes after it.

comparison(state, now).text == "34 of 120 as expected before, 120 of 120 after"
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .._probes.host_io import read_facts
from .._probes.model import Expected, Probe
from .._probes.verdicts import Judged, judge
from .._rollout.results import Concern, Step, TaskResult
from .._rollout.run_state import RunState


@dataclass(frozen=True)
class Probed:
    """One probe with its verdicts before and after the change."""

    probe: Probe
    before: Judged
    after: Judged

    @property
    def broke(self) -> bool:
        """Return whether the change made it worse."""
        return self.before.is_as_expected and not self.after.is_as_expected

    @property
    def text(self) -> str:
        """Return it as a line."""
        probe = self.probe
        via = f" by {probe.service}" if probe.service else ""
        place = f"{probe.destination} {probe.transport.upper()} {probe.port}{via}"
        return f"{probe.source} to {place}: {self.before.verdict.value} before, {self.after.verdict.value} after"


@dataclass(frozen=True)
class Comparison:
    """All probes of a run, before and after."""

    probed: tuple[Probed, ...] = ()

    @property
    def broken(self) -> tuple[Probed, ...]:
        """Return the probes that were as expected before and are not now."""
        return tuple(item for item in self.probed if item.broke)

    @property
    def wrong(self) -> tuple[Probed, ...]:
        """Return the probes that are not as expected now, and were not before."""
        return tuple(item for item in self.probed if not item.after.is_as_expected and not item.broke)

    @property
    def text(self) -> str:
        """Return how many are as expected."""
        before, after = (
            sum(getattr(item, side).is_as_expected for item in self.probed) for side in ("before", "after")
        )
        return f"{before} of {len(self.probed)} as expected before, {after} of {len(self.probed)} after"

    def members_up(self, balancers: Iterable[str]) -> tuple[int, int]:
        """Return how many members answer the load balancers, and how many were asked."""
        sources = set(balancers)
        states: dict[str, bool] = {}
        for item in self.probed:
            probe = item.probe
            if probe.source not in sources or probe.service or probe.expected is not Expected.OPEN:
                continue
            states[probe.destination] = states.get(probe.destination, True) and item.after.is_as_expected
        return sum(states.values()), len(states)

    def document(self) -> dict[str, object]:
        """Return it as plugins/plugin_utils/_report/data/lync_summary.schema.json has it."""
        return {
            "asked": len(self.probed),
            "as_expected_before": sum(item.before.is_as_expected for item in self.probed),
            "as_expected_after": sum(item.after.is_as_expected for item in self.probed),
            "broken": [item.text for item in self.broken],
            "wrong": [item.text for item in self.wrong],
        }


def comparison(state: RunState, now: datetime) -> Comparison | None:
    """Return the probes of a run before and after the change; None where none were made. now: with time zone."""
    found: list[Probed] = []
    for name in state.common_probes().get("hosts", ()):
        before, after = (state.result(name, Concern.PROBES, step) for step in (Step.BEFORE, Step.AFTER))
        if before:
            # In check mode nothing changes, and nobody asks again.
            results = [before, after or before]
            found += _of_host([Probe.of(each) for each in state.probes(name)["probes"]], results, now)
    return Comparison(tuple(found)) if found else None


def _of_host(probes: Sequence[Probe], results: Sequence[TaskResult], now: datetime) -> list[Probed]:
    answers = [read_facts(result).answers for result in results]
    sides = [[judge(probe, own.get(str(number)), now) for number, probe in enumerate(probes)] for own in answers]
    return [Probed(*item) for item in zip(probes, *sides, strict=True)]
