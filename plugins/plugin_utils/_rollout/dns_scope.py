# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which DNS records a run may change: those of pools whose members are all ready for the traffic that DNS brings.

A member that is active in the inventory is ready when this run has opened its firewall. A pool with one that is not, or is
not part of the run, keeps the records that it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from .._plan.files import Document
from .outcome import outcome


@dataclass(frozen=True)
class RunScope:
    """The records that may be changed, on whose behalf, and why those of other pools are left alone."""

    records: tuple[Mapping[str, Any], ...]
    owners: tuple[str, ...]
    left_out: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return it as options of msuc.lync.dns_records, and left_out."""
        return {"records": list(self.records), "owners": list(self.owners), "left_out": dict(self.left_out)}


def run_scope(pools: Iterable[Document], hosts: Iterable[Document], ready: Mapping[str, bool] | None) -> RunScope:
    """Return the scope of a run over plan documents; ready: by host of this run, None to ask for everybody's records."""
    members: dict[str, list[Document]] = {}
    for host in hosts:
        members.setdefault(str(host.get("pool")), []).append(host)
    found = {str(pool["pool"]): pool for pool in pools}
    reasons = {} if ready is None else {name: _why_not(members.get(name, ()), ready) for name in found}
    chosen = [name for name in found if not reasons.get(name)]
    records = tuple({**record, "owner": name} for name in chosen for record in _records(found[name]))
    return RunScope(records, tuple(chosen), {name: why for name, why in reasons.items() if why})


def is_ready(host: str, results: Sequence[Mapping[str, object]]) -> bool:
    """Return whether the results of a host's tasks tell that it is open now; one that got scripts instead may not be."""
    return outcome(host, results).is_done and not any(result.get("handed_out") for result in results)


def _records(pool: Document) -> Sequence[Mapping[str, Any]]:
    return cast("Sequence[Mapping[str, Any]]", pool.get("dns_records", ()))


def _why_not(members: Iterable[Document], ready: Mapping[str, bool]) -> str:
    """Return why the records of a pool are left alone; empty when they are not."""
    needed = [str(host["host"]) for host in members if host["platform"] == "windows" and host["member_state"] == "active"]
    away = [name for name in needed if name not in ready]
    failed = [name for name in needed if not ready.get(name, True)]
    parts = [f"{', '.join(away)} not part of this run"] if away else []
    parts += [f"{', '.join(failed)} not as planned"] if failed else []
    return "; ".join(parts)
