# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run was asked for: which hosts it plays, and which tags choose what is done to them.

    RunScope(played=("fe01",), tags=frozenset({"firewall"})).has(Concern.IPSEC) is False

A result that the scope leaves out is not missing: whoever runs load balancers alone takes the members for ready.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .results import Concern

# The tags of the tasks in playbooks.
TAGS = {
    Concern.FIREWALL: "firewall",
    Concern.NFTABLES: "linux_firewall",
    Concern.IPSEC: "ipsec",
    Concern.LOAD_BALANCER: "load_balancer",
    Concern.LOAD_BALANCER_UDP: "load_balancer",
    Concern.PUBLICATIONS: "load_balancer",
    Concern.DNS: "dns",
}
_EVERY_TAG = frozenset({"all", "tagged"})


@dataclass(frozen=True)
class RunScope:
    """The hosts of a run, None where that is not known, the tags that it was given, and those that it was to skip."""

    played: tuple[str, ...] | None = None
    tags: frozenset[str] = frozenset({"all"})
    skipped: frozenset[str] = frozenset()
    is_check: bool = False

    def has(self, concern: Concern) -> bool:
        """Return whether the tags of the run include a concern."""
        names = {TAGS[concern], *_EVERY_TAG}
        return bool(self.tags & names) and not self.skipped & names

    def plays(self, host: str) -> bool:
        """Return whether a host is part of the run."""
        return self.played is None or host in self.played

    def document(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "played": None if self.played is None else list(self.played),
            "tags": sorted(self.tags),
            "skipped": sorted(self.skipped),
            "check_mode": self.is_check,
        }

    @classmethod
    def of(cls, document: Mapping[str, object]) -> RunScope:
        """Return the scope of a document; without one, everything."""
        if not document:
            return cls()
        played = document["played"]
        return cls(
            tuple(map(str, played)) if isinstance(played, list) else None,
            frozenset(map(str, _items(document["tags"]))) or frozenset({"all"}),
            frozenset(map(str, _items(document["skipped"]))),
            document["check_mode"] is True,
        )


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []
