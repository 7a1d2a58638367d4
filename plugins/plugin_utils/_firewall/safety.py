# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""May the changes be made, and what is kept ready to take them back: the options of safety, and the verdict over a plan.

    verdict = judge(host, comparison, safety)
    verdict.reasons(safety) == []     # nothing stands against it

The verdict holds for the firewall that was gathered. The host compares its fingerprint before the first write, so
nothing needs to be judged there a second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._base.addresses import AddressSet
from .._base.errors import Problem
from .connection_impact import Cut, would_cut
from .lockout_guard import Comparison, refusals
from .reachability import Target
from .windows.host import Host

_MOST_MINUTES, _MOST_SNAPSHOTS = 1440, 1000


@dataclass(frozen=True)
class Safety:
    """The options of safety, validated.

    networks: from where the host is managed. confirm_minutes: 0 arms nothing. keep: how many snapshots stay.
    """

    networks: AddressSet = AddressSet()
    accept_cut: bool = False
    snapshot: bool = True
    directory: str = ""
    keep: int = 10
    confirm_minutes: int = 0

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> tuple[Safety, list[Problem]]:
        """Return the options, and what is wrong with them."""
        networks, problems = _networks(options.get("management_networks"))
        safety = cls(
            networks=networks,
            accept_cut=bool(options.get("accept_cut")),
            snapshot=bool(options.get("snapshot", True)),
            directory=str(options.get("snapshot_dir") or ""),
            keep=_number(options.get("snapshot_keep"), 10),
            confirm_minutes=_number(options.get("confirm_minutes"), 0),
        )
        return safety, [*problems, *_range_problems(safety)]

    def arguments(self) -> dict[str, object]:
        """Return the arguments for the host's module."""
        found: dict[str, object] = {"snapshot": self.snapshot, "snapshot_keep": self.keep, "confirm_minutes": self.confirm_minutes}
        return {**found, "snapshot_dir": self.directory} if self.directory else found


def _number(value: object, default: int) -> int:
    return value if isinstance(value, int) else default


def _networks(value: object) -> tuple[AddressSet, list[Problem]]:
    found, problems = AddressSet(), []
    for text in value if isinstance(value, Sequence) and not isinstance(value, str) else ():
        try:
            found |= AddressSet.parse([str(text)])
        except ValueError as error:
            problems.append(Problem("management_networks", str(error), "addresses, networks a/n, ranges a-b", "write where the host is managed from"))
    return found, problems


def _range_problems(safety: Safety) -> list[Problem]:
    problems = []
    if not 0 <= safety.confirm_minutes <= _MOST_MINUTES:
        problems.append(Problem("confirm_minutes", f"{safety.confirm_minutes} is out of range", f"0 to {_MOST_MINUTES}", "write how many minutes"))
    if not 1 <= safety.keep <= _MOST_SNAPSHOTS:
        problems.append(Problem("snapshot_keep", f"{safety.keep} is out of range", f"1 to {_MOST_SNAPSHOTS}", "write how many snapshots stay"))
    if safety.confirm_minutes and not safety.snapshot:
        problems.append(Problem("confirm_minutes", "there is nothing to bring back without a snapshot", fix="set snapshot to true"))
    return problems


@dataclass(frozen=True)
class Verdict:
    """What is to be said about a set of changes before it is made.

    refused: management that would be shut. cuts: what else would be cut. unmerged: active profiles on which Group Policy
    switches local rules off. steady: TCP ports on which those who manage the host lose nothing.
    """

    refused: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    unmerged: tuple[str, ...] = ()
    steady: frozenset[int] = frozenset()

    def reasons(self, safety: Safety) -> list[str]:
        """Return why the changes must not be made; nothing when they may."""
        found = [f"management: {line}" for line in self.refused]
        if self.unmerged:
            found.append(f"Group Policy switches local rules off on profile {', '.join(self.unmerged)}; fix: mark the host lync_apply: handout")
        certain = [] if safety.accept_cut else [cut for cut in self.cuts if cut.is_certain]
        return found + [f"would cut {cut}; fix: keep the rule, or set accept_cut (lync_accept_cut)" for cut in certain]


def judge(host: Host, comparison: Comparison, safety: Safety) -> Verdict:
    """Return the verdict over changes that may be none."""
    unmerged = tuple(profile.name for profile in host.profiles if profile.active and not profile.merges)
    if not comparison.changes:
        return Verdict(unmerged=unmerged)
    return Verdict(
        refused=tuple(refusals(host, comparison, safety.networks)),
        cuts=tuple(would_cut(host, comparison)),
        unmerged=unmerged,
        steady=_steady(host, comparison, safety.networks),
    )


def _steady(host: Host, comparison: Comparison, networks: AddressSet) -> frozenset[int]:
    """Return the ports with a listener that still answers those who manage the host, if it did."""
    management = {port.port for port in host.management}
    managers = networks | AddressSet.parse(item.peer for item in host.connections if item.port in management)
    active = [profile for profile in host.profiles if profile.active]
    ports = {listener.port for listener in host.listeners}
    losing = {port for port in ports for address in host.addresses for profile in active if comparison.lost(Target(port, address), profile) & managers}
    return frozenset(ports - losing)


def policy_warnings(host: Host, verdict: Verdict) -> list[str]:
    """Return what is to be warned about: local rules that do not count, and rules of Group Policy that were not understood."""
    found = [f"Group Policy switches local rules off on profile {name}: what this module writes there does not count" for name in verdict.unmerged]
    return found + [f"a rule of Group Policy is not understood, and was left out of account: {line}" for line in host.unread]
