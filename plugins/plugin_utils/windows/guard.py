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

from ..addresses import AddressSet
from .changes import LOCAL, Change, Present
from .host import Host
from .network import ManagementPort, Profile
from .reach import Target, lost, reaching, touches
from .rule import Rule, address_texts

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


def refusals(host: Host, comparison: Comparison, networks: AddressSet) -> list[str]:
    """Return why the changes must not be made, one line per management port, address and profile; nothing when they may."""
    active = [profile for profile in host.profiles if profile.active]
    listening = {listener.port for listener in host.listeners} | {connection.port for connection in host.connections}
    ports = [port for port in host.management if port.port in listening]
    return [line for port in ports for address in host.addresses for profile in active for line in _refusal(host, comparison, networks, port, address, profile)]


def _refusal(host: Host, comparison: Comparison, networks: AddressSet, port: ManagementPort, address: str, profile: Profile) -> Iterator[str]:
    target = Target(port.port, address, _PROCESSES.get(port.kind))
    peers = [item.peer for item in host.connections if (item.port, item.local_address) == (port.port, address)]
    sources = comparison.lost(target, profile) & (networks | AddressSet.parse(peers))
    if sources:
        rules = ", ".join(comparison.ended_by(target, profile, sources))
        shut = ", ".join(address_texts(sources))
        yield f"{port.kind} (TCP {port.port}) on {address} would be shut for {shut} on profile {profile.name}; rules that go or block: {rules}"
