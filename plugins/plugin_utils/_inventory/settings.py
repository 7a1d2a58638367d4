# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the variables of an inventory, each distinct value once.

Pool and deployment variables are the same on thousands of hosts. A value is recognised by identity, else by its
text, and a fault in it is one problem that names the first host and says how many more there are.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .._base.errors import Problem, hosts_text, nearest, shown, slips
from .fields import At, Fault, Record, Variable
from .model import InventoryHost
from .variables import KNOWN_NAMES, LOCAL_VARIABLES

PREFIX = "lync_"


@dataclass(frozen=True)
class _Reading:
    """One distinct value of one variable, and the hosts that have it when something is wrong with it."""

    value: object
    faults: list[Fault]
    hosts: list[str] = field(default_factory=list)

    @property
    def bad(self) -> bool:
        """Return whether a fault is more than a warning."""
        return any(not fault.warning for fault in self.faults)


class Settings:
    """The variables of an inventory as records of values; what is wrong with them gathers in findings()."""

    def __init__(self, inventory: Mapping[str, InventoryHost]) -> None:
        self._inventory = inventory
        # The raw value is kept beside its reading: an identity is only good while the object lives.
        self._by_identity: dict[tuple[str, int], tuple[object, _Reading]] = {}
        self._by_text: dict[tuple[str, str], _Reading] = {}
        self._conflicts: list[Problem] = []

    def of_host(self, host: InventoryHost, variables: Sequence[Variable[object]]) -> Record:
        """Return the host's values; a variable without a value (null) counts as not set."""
        values: dict[str, object] = {}
        bad: list[str] = []
        for variable in variables:
            raw = host.variables.get(variable.name)
            if raw is None:
                continue
            reading = self._reading(variable, raw)
            values[variable.name] = reading.value
            if reading.faults:
                reading.hosts.append(host.name)
            if reading.bad:
                bad.append(variable.name)
        return Record(values, frozenset(bad))

    def of_deployment(self, variables: Sequence[Variable[object]]) -> Record:
        """Return the values that are the same for all hosts; two different ones are an error, absent ones are not."""
        values: dict[str, object] = {}
        bad: set[str] = set()
        for variable in variables:
            holder = self._first_holder(variable)
            if holder is not None:
                reading = self._reading(variable, holder.variables[variable.name])
                values[variable.name] = reading.value
                bad |= {variable.name} if reading.bad else set()
        return Record(values, frozenset(bad))

    def findings(self) -> Iterator[tuple[Problem, bool]]:
        """Yield (problem, whether it is a warning) for everything found so far."""
        for problem in self._conflicts:
            yield problem, False
        for reading in self._by_text.values():
            owner = f"{hosts_text(reading.hosts)}, " if reading.hosts else ""
            for fault in reading.faults:
                yield Problem(owner + fault.place, fault.message, fault.allowed, fault.fix), fault.warning

    def _reading(self, variable: Variable[object], raw: object) -> _Reading:
        by_identity = (variable.name, id(raw))
        if by_identity not in self._by_identity:
            self._by_identity[by_identity] = (raw, self._reading_of_text(variable, raw))
        return self._by_identity[by_identity][1]

    def _reading_of_text(self, variable: Variable[object], raw: object) -> _Reading:
        by_text = (variable.name, repr(raw))
        reading = self._by_text.get(by_text)
        if reading is None:
            at = At(variable.name)
            reading = self._by_text[by_text] = _Reading(variable.read(raw, at), at.faults)
        return reading

    def _first_holder(self, variable: Variable[object]) -> InventoryHost | None:
        first: InventoryHost | None = None
        for host in self._inventory.values():
            raw = host.variables.get(variable.name)
            if raw is None:
                continue
            if first is None:
                first = host
            elif not _are_equal(raw, first.variables[variable.name]):
                self._conflicts.append(_conflict_problem(variable, first, host))
                break
        return first


@functools.lru_cache(maxsize=4096)
def is_ours(name: str) -> bool:
    """Return whether a variable is of this collection, or would be without one slip of a key in its prefix."""
    if name.startswith(PREFIX):
        return True
    ends = (known for known in KNOWN_NAMES if name.endswith(known.removeprefix(PREFIX)))
    return any(slips(name, known) == 1 for known in ends)


def unknown_variables(inventory: Mapping[str, InventoryHost], local: Record) -> Iterator[Problem]:
    """Yield a problem for each name lync_*, or nearly so, that no variable has and lync_local_variables lacks."""
    known = KNOWN_NAMES | frozenset(local[LOCAL_VARIABLES])
    holders: dict[str, list[str]] = {}
    for host in inventory.values():
        for name in host.variables:
            if name not in known and is_ours(name):
                holders.setdefault(name, []).append(host.name)
    for name, hosts in holders.items():
        near = nearest(name, KNOWN_NAMES)
        advice = (
            f"write {near}, or list it in lync_local_variables"
            if near
            else "remove it, or list it in lync_local_variables"
        )
        yield Problem(hosts_text(hosts), f"there is no variable {shown(name)}", fix=advice)


def _are_equal(one: object, other: object) -> bool:
    try:
        return one is other or bool(one == other)
    except RecursionError:  # of a YAML anchor that holds itself
        return False


def _conflict_problem(variable: Variable[object], one: InventoryHost, other: InventoryHost) -> Problem:
    name = variable.name
    values = "" if variable.is_secret else f": {shown(one.variables[name])} and {shown(other.variables[name])}"
    place = f"hosts {one.name} and {other.name}, {name}"
    return Problem(
        place, f"the values differ{values}", "one value for the whole deployment", "set it once, for group all"
    )
