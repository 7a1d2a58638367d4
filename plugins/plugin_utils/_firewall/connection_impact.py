# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a set of changes would cut: TCP peers that are connected now, and listeners that nobody would reach any more.

    would_cut(host, comparison)
    == [Cut("peers", 5061, "10.1.0.11", ("10.10.3.4",), ("Lync fe-sip-tls (TCP in)",), ())]

UDP has no connections, and a peer that is not connected at this moment is not seen. Which program listens is not known, so
a rule for one program only may or may not go on admitting: it is named, and such a cut is not certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from .._base.addresses import ANY, AddressSet
from .lockout_guard import Comparison, in_force
from .reachability import Target, reaching, touches
from .rule import Rule
from .windows.host import Host
from .windows.network import Profile

_WILDCARDS = frozenset({"0.0.0.0", "::"})


@dataclass(frozen=True)
class Cut:
    """What is cut on one port of one address; kind: peers or listener.

    peers: those that are connected now. rules: what admits them now and goes. unless: rules that stay and may admit them.
    """

    kind: str
    port: int
    address: str
    peers: tuple[str, ...]
    rules: tuple[str, ...]
    unless: tuple[str, ...]

    @property
    def is_certain(self) -> bool:
        """Return whether nothing that stays may admit them."""
        return not self.unless

    def to_result(self) -> dict[str, object]:
        """Return the cut as plain data."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def __str__(self) -> str:
        what = f"peers {', '.join(self.peers)}" if self.peers else "the listener"
        return f"{what} on TCP {self.port} of {self.address}: only {', '.join(self.rules)} admits them now"


def would_cut(host: Host, comparison: Comparison) -> list[Cut]:
    """Return what the changes would cut on the active profiles, by port and address."""
    peers: dict[tuple[int, str], set[str]] = {}
    for connection in host.connections:
        peers.setdefault((connection.port, connection.local_address), set()).add(connection.peer)
    found = {cut for profile in _active(host) for target, names in sorted(peers.items()) for cut in _peers(comparison, profile, target, names)}
    found |= {cut for profile in _active(host) for target in _listening(host) for cut in _listener(comparison, profile, target)}
    return sorted(found, key=lambda cut: (cut.port, cut.address, cut.kind, cut.peers))


def _active(host: Host) -> list[Profile]:
    return [profile for profile in host.profiles if profile.active]


def _listening(host: Host) -> set[tuple[int, str]]:
    """Return port and address of each listener; one on all addresses listens on each of them."""
    found: set[tuple[int, str]] = set()
    for listener in host.listeners:
        addresses: Iterable[str] = host.addresses if listener.address in _WILDCARDS else (listener.address,)
        # A listener on :: alone takes IPv6, mostly; where it takes both, 0.0.0.0 is asked for by its twin.
        families = [address for address in addresses if listener.address not in _WILDCARDS or (":" in address) == (listener.address == "::")]
        found |= {(listener.port, address) for address in families}
    return found


def _peers(comparison: Comparison, profile: Profile, target: tuple[int, str], names: set[str]) -> Iterator[Cut]:
    port, address = target
    sources = comparison.lost(Target(port, address), profile) & AddressSet.parse(names)
    if sources:
        gone = sorted(name for name in names if AddressSet.parse([name]) & sources)
        yield _cut(comparison, profile, Target(port, address), sources, tuple(gone))


def _listener(comparison: Comparison, profile: Profile, target: tuple[int, str]) -> Iterator[Cut]:
    """Yield a listener that somebody reaches before, and nobody afterwards."""
    wanted = Target(*target)
    sources = comparison.lost(wanted, profile)
    if sources and not profile.allows_inbound and not _sure(comparison, wanted, profile):
        yield _cut(comparison, profile, wanted, sources, ())


def _sure(comparison: Comparison, target: Target, profile: Profile) -> list[Rule]:
    """Return the rules of afterwards that surely admit somebody."""
    possible = reaching(target, profile, in_force(comparison.after, profile), ANY)
    return [rule for rule in possible if not (rule.program or rule.service)]


def _cut(comparison: Comparison, profile: Profile, target: Target, sources: AddressSet, peers: tuple[str, ...]) -> Cut:
    rules = comparison.ended_by(target, profile, sources)
    stay = tuple(sorted({rule.name for rule in reaching(target, profile, in_force(comparison.after, profile), sources)}))
    blocked = any(rule.action == "block" and touches(rule, target.port) for rule in comparison.made())
    return Cut("peers" if peers else "listener", target.port, target.address, peers, rules, () if blocked else stay)
