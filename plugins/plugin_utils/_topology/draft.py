# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a topology comes to as an inventory: the values that the mapping makes and the writer writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._base.errors import Problem
from .._base.untyped import printed
from .model import Cluster, Published
from .roles import SERVERS

VERSIONS: Mapping[int, str] = {5: "2010", 6: "2013", 7: "2015", 8: "2019"}
Variables = Mapping[str, object]


@dataclass(frozen=True, order=True)
class Question:
    """What the topology cannot know.

    section: all, hosts, pools or more_hosts of the answers. name: of the host or pool. keys: the variables that answer
    it, sql.port for a part of one. is_needed: no plan without an answer.
    """

    section: str
    name: str
    keys: tuple[str, ...]
    text: str
    is_needed: bool = True


@dataclass(frozen=True)
class Imported:
    """An inventory made of a topology; what it has and no variable says is in notes, a line each.

    hosts: variables by name. groups: names of hosts by role. deployment: variables of all hosts, lync_pools too.
    """

    hosts: Mapping[str, Variables]
    groups: Mapping[str, tuple[str, ...]]
    deployment: Variables
    questions: tuple[Question, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def pools(self) -> Mapping[str, Mapping[str, object]]:
        """Return the entries of lync_pools."""
        found = self.deployment.get("lync_pools", {})
        return found if isinstance(found, Mapping) else {}

    @property
    def note_lines(self) -> list[str]:
        """Return what the topology has and no variable says, as an import and a comparison tell it."""
        return [f"not expressed: {printed(note)}" for note in self.notes]


@dataclass
class Work:
    """An import under way: the topology, the roles of its clusters, and what was made of it so far."""

    published: Published
    roles: Mapping[str, frozenset[str]]
    hosts: dict[str, dict[str, object]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    pools: dict[str, dict[str, object]] = field(default_factory=dict)
    deployment: dict[str, object] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def ask(self, section: str, name: str, keys: tuple[str, ...], text: str, *, is_needed: bool = True) -> None:
        """Note a question; a second one about the same is left out."""
        if not any((one.section, one.name, one.keys) == (section, name, keys) for one in self.questions):
            self.questions.append(Question(section, name, keys, text, is_needed))

    def note(self, place: str, text: str) -> None:
        """Note what no variable says."""
        self.notes.append(f"{place}: {text}")

    def refuse(self, place: str, message: str, allowed: str = "", fix: str = "") -> None:
        """Note what cannot be."""
        self.problems.append(Problem(place, message, allowed, fix))

    def version(self, cluster: Cluster) -> str:
        """Return the version of a cluster: that of its oldest service, since it is being upgraded until all are new."""
        numbers = [service.version for service in self.published.services_on(cluster.key)]
        return VERSIONS[min(numbers)] if numbers else ""

    def role(self, cluster: Cluster) -> str:
        """Return the role of a cluster's servers of the product; empty where they are none."""
        found = sorted(self.roles[cluster.key] & SERVERS)
        return next((role for role in found if role != "mediation"), found[0] if found else "")

    def host_names(self, cluster: Cluster) -> tuple[str, ...]:
        """Return the names of the machines of a cluster."""
        return tuple(machine.name for machine in cluster.machines)
