# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guard: what a set of changes would take from those who manage the host.

    refusals(host, have before, have after, moved rules, networks)
    == ["winrm (TCP 5985) on 10.1.0.11 would be shut for 10.9.0.5 on profile domain; rules that go or block: Old"]

Before and after are compared, and nothing else is asked: a host that nobody reaches is not the change's fault. Looked at are
the ports of WinRM, SSH and RDP that the host listens on, from the peers that are connected to them now and from every
management network, on each address of the host and on every active profile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .._base.addresses import AddressSet
from .planner import LOCAL, Change, Present
from .reachability import Target, lost, reaching, touches
from .rule import Rule, address_texts
from .windows.host import Host
from .windows.network import Profile

# The program and the service that listen: HTTP.sys for WinRM, the service hosts of the others.
_PROCESSES: Mapping[str, tuple[str, str]] = {"winrm": ("system", ""), "ssh": ("sshd.exe", "sshd"), "rdp": ("svchost.exe", "termservice")}


@dataclass(frozen=True)
class Comparison:
    """The rules of a host before and after changes, and the changes."""

    before: Sequence[Present]
    after: Sequence[Present]
    changes: Sequence[Change]

    def lost(self, target: Target, profile: Profile) -> AddressSet:
        """Return the sources that the changes take from a target on a profile."""
        if not any(touches(rule, target.port) for rule in self._moved()):
            return AddressSet()
        return lost(target, profile, in_force(self.before, profile), in_force(self.after, profile))

    def ended_by(self, target: Target, profile: Profile, sources: AddressSet) -> tuple[str, ...]:
        """Return the names of the rules whose change ends what the sources have: those that admitted them, and new blocks."""
        old = [change.before.rule for change in self.changes if change.before is not None]
        blocks = [rule for rule in self.made() if rule.action == "block" and touches(rule, target.port)]
        return tuple(sorted({rule.name for rule in [*reaching(target, profile, old, sources), *blocks]}))

    def made(self) -> list[Rule]:
        """Return the rules that the changes make, or change others into."""
        return [change.after for change in self.changes if change.after is not None]

    def _moved(self) -> list[Rule]:
        return [*(change.before.rule for change in self.changes if change.before is not None), *self.made()]


def in_force(have: Iterable[Present], profile: Profile) -> list[Rule]:
    """Return the rules that count on a profile: where Group Policy switches local rules off, only its own."""
    return [present.rule for present in have if profile.merges or present.store != LOCAL]


@dataclass(frozen=True)
class Management:
    """One way in which a host is managed: a port on one of its addresses and on one active profile, and who uses it or may."""

    kind: str
    target: Target
    profile: Profile
    sources: AddressSet

    def __str__(self) -> str:
        """Return the way in words."""
        return f"{self.kind} (TCP {self.target.port}) on {self.target.address}"


def management(host: Host, networks: AddressSet) -> Iterator[Management]:
    """Yield the ways in which a host is managed: from networks, and by the peers that are connected."""
    active = [profile for profile in host.profiles if profile.active]
    listening = {listener.port for listener in host.listeners} | {connection.port for connection in host.connections}
    for port in host.management:
        for address in host.addresses if port.port in listening else ():
            peers = [item.peer for item in host.connections if (item.port, item.local_address) == (port.port, address)]
            target = Target(port.port, address, _PROCESSES.get(port.kind))
            yield from (Management(port.kind, target, profile, networks | AddressSet.parse(peers)) for profile in active)


def refusals(host: Host, comparison: Comparison, networks: AddressSet) -> list[str]:
    """Return why the changes must not be made, one line per management port, address and profile; nothing when they may."""
    return [line for way in management(host, networks) for line in _refusal(comparison, way)]


def _refusal(comparison: Comparison, way: Management) -> Iterator[str]:
    sources = comparison.lost(way.target, way.profile) & way.sources
    if sources:
        rules = ", ".join(comparison.ended_by(way.target, way.profile, sources))
        shut = ", ".join(address_texts(sources))
        yield f"{way} would be shut for {shut} on profile {way.profile.name}; rules that go or block: {rules}"
