# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""May the changes be made, and what is kept ready to take them back: options of safety, lockout guard, impact.

    verdict = judge(host, comparison, safety)
    verdict.reasons(safety) == []     # nothing stands against it

The guard compares the host before and after the changes, and asks nothing else: a host that nobody reaches is not the
change's fault. Looked at are the ports of WinRM, SSH and RDP that the host listens on, from the peers that are
connected to them now and from every management network, on each address of the host and on every active profile. The
impact is what the changes would cut beside that: TCP peers that are connected now, and listeners that nobody would
reach any more. UDP has no connections, and a peer that is not connected at this moment is not seen. Which program
listens is not known, so a rule for one program only may or may not go on admitting: it is named, and such a cut is not
certain. The verdict holds for the firewall that was gathered. The host compares its fingerprint before the first write,
so nothing needs to be judged there a second time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from .._base.addresses import AddressSet
from .._base.errors import Problem, shown
from .._base.untyped import integer, texts
from .comparison import Comparison
from .host_facts import Host, Profile
from .reachability import Target, touches
from .rule import address_texts

_MOST_MINUTES, _MOST_SNAPSHOTS = 1440, 1000
# The program and the service that listen: HTTP.sys for WinRM, the service hosts of the others.
_PROCESSES: Mapping[str, tuple[str, str]] = {
    "winrm": ("system", ""),
    "ssh": ("sshd.exe", "sshd"),
    "rdp": ("svchost.exe", "termservice"),
}
SNAPSHOT_DIRS = r"C:\folder, %VARIABLE%\folder"
_FOLDER = re.compile(r"(?:[A-Za-z]:|%[\w()]+%)\\[^/:*?\"<>|%\x00-\x1f]*[^/:*?\"<>|%\x00-\x1f\\]\Z")
_WILDCARDS = frozenset({"0.0.0.0", "::"})


@dataclass(frozen=True)
class Safety:
    """The options of safety, validated.

    networks: from where the host is managed. confirm_minutes: 0 arms nothing, None leaves the
    choice to the provider, who knows the host. keep: how many snapshots stay.
    leave_armed: whether a later task confirms.
    accept_cut: any cut is accepted; accepted_cuts: those of these places.
    """

    networks: AddressSet = AddressSet()
    accept_cut: bool = False
    accepted_cuts: frozenset[str] = frozenset()
    snapshot: bool = True
    directory: str = ""
    keep: int = 10
    confirm_minutes: int | None = 0
    leave_armed: bool = False

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> tuple[Safety, list[Problem]]:
        """Return the options, and what is wrong with them."""
        networks, problems = management_networks(options.get("management_networks"))
        minutes = options.get("confirm_minutes")
        safety = cls(
            networks=networks,
            accept_cut=bool(options.get("accept_cut")),
            accepted_cuts=frozenset(texts(options.get("accepted_cuts"))),
            snapshot=bool(options.get("snapshot", True)),
            directory=str(options.get("snapshot_dir") or ""),
            keep=integer(options.get("snapshot_keep"), 10),
            confirm_minutes=None if minutes is None else integer(minutes, 0),
            leave_armed=bool(options.get("leave_armed")),
        )
        problems += _range_problems(safety)
        if message := explain_snapshot_dir(safety.directory):
            problems.append(Problem("snapshot_dir", message, SNAPSHOT_DIRS, "write the folder in full"))
        return safety, problems

    def arguments(self, confirm_minutes: int) -> dict[str, object]:
        """Return the arguments for the host's module; confirm_minutes: those that were chosen, by whomever."""
        found: dict[str, object] = {
            "snapshot": self.snapshot,
            "snapshot_keep": self.keep,
            "confirm_minutes": confirm_minutes,
        }
        return {**found, "snapshot_dir": self.directory} if self.directory else found


def management_networks(value: object) -> tuple[AddressSet, list[Problem]]:
    """Return from where a host is managed, of an option that is a list of texts, and what is wrong with it."""
    found, problems = AddressSet(), []
    allowed, fix = "addresses, networks a/n, ranges a-b", "write where the host is managed from"
    for text in texts(value):
        try:
            found |= AddressSet.parse([text])
        except ValueError as error:
            problems.append(Problem("management_networks", str(error), allowed, fix))
    return found, problems


def explain_snapshot_dir(text: str) -> str:
    """Return why a text cannot be the folder of snapshots, "" when it can or is empty.

    The task that takes a change back runs as SYSTEM in a folder of its own ([MS-TSCH] 2.5.4.1), so it would look for
    another folder, and as another account on another server.
    """
    if not text or (_FOLDER.match(text) and ".." not in text.split("\\")):
        return ""
    return f"{shown(text)} is no folder of a local drive of the host, written in full"


def _range_problems(safety: Safety) -> list[Problem]:
    ranges = (
        ("confirm_minutes", safety.confirm_minutes or 0, 0, _MOST_MINUTES, "write how many minutes"),
        ("snapshot_keep", safety.keep, 1, _MOST_SNAPSHOTS, "write how many snapshots stay"),
    )
    problems = [
        Problem(option, f"{value} is out of range", f"{first} to {last}", fix)
        for option, value, first, last, fix in ranges
        if not first <= value <= last
    ]
    if safety.confirm_minutes and not safety.snapshot:
        message = "there is nothing to bring back without a snapshot"
        problems.append(Problem("confirm_minutes", message, fix="set snapshot to true"))
    return problems


@dataclass(frozen=True)
class Management:
    """One way in which a host is managed: a port on one address and one active profile, and who uses it or may."""

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
            yield from (
                Management(port.kind, target, profile, networks | AddressSet.parse(peers)) for profile in active
            )


def refusals(host: Host, comparison: Comparison, networks: AddressSet) -> list[str]:
    """Return why the changes must not be made, one line per management port, address and profile.

    Nothing when they may.
    """
    return [line for way in management(host, networks) for line in _explain_lockout(comparison, way)]


def _explain_lockout(comparison: Comparison, way: Management) -> Iterator[str]:
    sources = comparison.lost(way.target, way.profile) & way.sources
    if sources:
        rules = ", ".join(comparison.ended_by(way.target, way.profile, sources))
        shut = ", ".join(address_texts(sources))
        yield f"{way} would be shut for {shut} on profile {way.profile.name}; rules that go or block: {rules}"


@dataclass(frozen=True)
class Cut:
    """What is cut on one port of one address; kind: peers or listener.

    peers: those that are connected now. rules: what admits them now and goes. unless: rules that stay and may admit
    them.
    """

    kind: str
    port: int
    address: str
    peers: tuple[str, ...]
    rules: tuple[str, ...]
    unless: tuple[str, ...]

    @property
    def place(self) -> str:
        """Return what is cut, as it is accepted: TCP 5061 of 10.1.0.11."""
        return f"TCP {self.port} of {self.address}"

    @property
    def is_certain(self) -> bool:
        """Return whether nothing that stays may admit them."""
        return not self.unless

    def to_result(self) -> dict[str, object]:
        """Return the cut as plain data."""
        found = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        return {**found, "place": self.place}

    def __str__(self) -> str:
        what = f"peers {', '.join(self.peers)}" if self.peers else "the listener"
        return f"{what} on TCP {self.port} of {self.address}: only {', '.join(self.rules)} admits them now"


def connection_impact(host: Host, comparison: Comparison) -> list[Cut]:
    """Return what the changes would cut on the active profiles, by port and address."""
    peers: dict[tuple[int, str], set[str]] = {}
    for connection in host.connections:
        peers.setdefault((connection.port, connection.local_address), set()).add(connection.peer)
    found = {
        cut
        for profile in _list_active_profiles(host)
        for target, names in sorted(peers.items())
        for cut in _peers(comparison, profile, target, names)
    }
    found |= {
        cut
        for profile in _list_active_profiles(host)
        for target in _list_listeners(host)
        for cut in _find_cut_listener(comparison, profile, target)
    }
    return sorted(found, key=lambda cut: (cut.port, cut.address, cut.kind, cut.peers))


def _list_active_profiles(host: Host) -> list[Profile]:
    return [profile for profile in host.profiles if profile.active]


def _list_listeners(host: Host) -> set[tuple[int, str]]:
    """Return port and address of each listener; one on all addresses listens on each of them."""
    found: set[tuple[int, str]] = set()
    for listener in host.listeners:
        addresses: Iterable[str] = host.addresses if listener.address in _WILDCARDS else (listener.address,)
        # A listener on :: alone takes IPv6, mostly; where it takes both, 0.0.0.0 is asked for by its twin.
        families = [
            address
            for address in addresses
            if listener.address not in _WILDCARDS or (":" in address) == (listener.address == "::")
        ]
        found |= {(listener.port, address) for address in families}
    return found


def _peers(comparison: Comparison, profile: Profile, target: tuple[int, str], names: set[str]) -> Iterator[Cut]:
    port, address = target
    sources = comparison.lost(Target(port, address), profile) & AddressSet.parse(names)
    if sources:
        gone = sorted(name for name in names if AddressSet.parse([name]) & sources)
        yield _make_cut(comparison, profile, Target(port, address), sources, tuple(gone))


def _find_cut_listener(comparison: Comparison, profile: Profile, target: tuple[int, str]) -> Iterator[Cut]:
    """Yield a listener that somebody reaches before, and nobody afterwards."""
    wanted = Target(*target)
    sources = comparison.lost(wanted, profile)
    if sources and not profile.allows_inbound and not comparison.reaches_anybody_after(wanted, profile):
        yield _make_cut(comparison, profile, wanted, sources, ())


def _make_cut(
    comparison: Comparison, profile: Profile, target: Target, sources: AddressSet, peers: tuple[str, ...]
) -> Cut:
    rules = comparison.ended_by(target, profile, sources)
    stay = tuple(sorted({rule.name for rule in comparison.reaching_after(target, profile, sources)}))
    blocked = any(rule.action == "block" and touches(rule, target.port) for rule in comparison.made())
    return Cut("peers" if peers else "listener", target.port, target.address, peers, rules, () if blocked else stay)


@dataclass(frozen=True)
class Verdict:
    """What is to be said about a set of changes before it is made.

    refused: management that would be shut. cuts: what else would be cut. unmerged: active profiles on which Group
    Policy switches local rules off. steady: TCP ports on which those who manage the host lose nothing.
    """

    refused: tuple[str, ...] = ()
    cuts: tuple[Cut, ...] = ()
    unmerged: tuple[str, ...] = ()
    steady: frozenset[int] = frozenset()

    def reasons(self, safety: Safety) -> list[str]:
        """Return why the changes must not be made; nothing when they may."""
        found = [f"management: {line}" for line in self.refused]
        if self.unmerged:
            off = f"Group Policy switches local rules off on profile {', '.join(self.unmerged)}"
            found.append(f"{off}; fix: mark the host lync_apply: handout")
        fix = "fix: keep the rule, or accept it: accept.yml of site.yml --check, or accept_cut of the module"
        return found + [f"would cut {cut}; {fix}" for cut in self.refused_cuts(safety)]

    def refused_cuts(self, safety: Safety) -> list[Cut]:
        """Return the certain cuts that nobody accepted."""
        if safety.accept_cut:
            return []
        return [cut for cut in self.cuts if cut.is_certain and cut.place not in safety.accepted_cuts]


def judge(host: Host, comparison: Comparison, safety: Safety) -> Verdict:
    """Return the verdict over changes that may be none."""
    unmerged = tuple(profile.name for profile in host.profiles if profile.active and not profile.merges)
    if not comparison.changes:
        return Verdict(unmerged=unmerged)
    return Verdict(
        refused=tuple(refusals(host, comparison, safety.networks)),
        cuts=tuple(connection_impact(host, comparison)),
        unmerged=unmerged,
        steady=_find_steady_ports(host, comparison, safety.networks),
    )


def _find_steady_ports(host: Host, comparison: Comparison, networks: AddressSet) -> frozenset[int]:
    """Return the ports with a listener that still answers those who manage the host, if it did."""
    management = {port.port for port in host.management}
    managers = networks | AddressSet.parse(item.peer for item in host.connections if item.port in management)
    active = [profile for profile in host.profiles if profile.active]
    ports = {listener.port for listener in host.listeners}
    losing = {
        port
        for port in ports
        for address in host.addresses
        for profile in active
        if comparison.lost(Target(port, address), profile) & managers
    }
    return frozenset(ports - losing)


def policy_warnings(host: Host, verdict: Verdict) -> list[str]:
    """Return what to warn about: a change that did not come back, local rules that do not count, rules of Group Policy
    that were not understood, lists of it that may admit more, and products that may filter what the rules admit.
    """
    found = [host.stuck] if host.stuck else []
    found += [
        f"Group Policy switches local rules off on profile {name}: what this module writes there does not count"
        for name in verdict.unmerged
    ]
    found += [f"a rule of Group Policy or MDM is not understood: {line}" for line in host.unread]
    # Whether these count beside rules depends on a switch of theirs; so they are named, and nothing is built on them.
    older = [text for text in host.older_lists if ":disabled:" not in text.casefold()]
    found += [f"Group Policy may admit more than the rules say, by its older list {text}" for text in older]
    return found + [f"{name} runs here and may block what the rules admit: ask it too" for name in host.agents]
