# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The guard of exemptions: what a set of changes would leave to a rule that drops what is not protected.

    judge(host, comparison, safety).refused
    == ("winrm (TCP 5985) on 10.1.0.11 would be left to Domain isolation, which requires protection, for 10.9.0.5 on profile domain; ...",)

Traffic that loses its exemption under a requiring rule is dropped silently; so is the connection that made the change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..._base.addresses import AddressSet
from ..lockout_guard import Comparison, Management, in_force, management
from ..reachability import Target, reaching
from ..rule import address_texts
from ..safety import Safety, Verdict
from ..windows.network import Profile
from .exemption import EXEMPT, REQUIRING
from .host import IpsecHost


def judge(host: IpsecHost, comparison: Comparison, safety: Safety, is_local: bool = True) -> Verdict:
    """Return the verdict over changes that may be none; is_local: they are of the host's own store, which Group Policy may switch off."""
    unmerged = tuple(profile.name for profile in host.profiles if is_local and profile.active and not profile.merges)
    if not comparison.changes:
        return Verdict(unmerged=unmerged)
    ways = list(management(host, safety.networks))
    return Verdict(
        refused=tuple(line for way in ways for line in _refusal(comparison, way)),
        unmerged=unmerged,
        steady=frozenset(listener.port for listener in host.listeners) - _losing(host, comparison, ways),
    )


def _refusal(comparison: Comparison, way: Management) -> Iterator[str]:
    sources = _lost(comparison, way.target, way.profile) & way.sources
    names = _requiring(comparison, way.target, way.profile, sources)
    if names:
        gone = ", ".join(comparison.ended_by(way.target, way.profile, sources))
        whom = ", ".join(address_texts(sources))
        verb = "requires" if len(names) == 1 else "require"
        yield f"{way} would be left to {', '.join(names)}, which {verb} protection, for {whom} on profile {way.profile.name}; exemptions that go: {gone}"


def _losing(host: IpsecHost, comparison: Comparison, ways: list[Management]) -> frozenset[int]:
    """Return the ports whose listeners would drop those who manage the host."""
    managers = AddressSet.union_of(way.sources for way in ways)
    active = [profile for profile in host.profiles if profile.active]
    return frozenset(
        listener.port
        for listener in host.listeners
        for address in host.addresses
        for profile in active
        if _requiring(comparison, Target(listener.port, address), profile, _lost(comparison, Target(listener.port, address), profile) & managers)
    )


def _lost(comparison: Comparison, target: Target, profile: Profile) -> AddressSet:
    """Return the sources whose exemption the changes end; the state of the firewall is all the same to it."""
    return comparison.lost(target, replace(profile, enabled=True, shields_up=False, allows_inbound=False))


def _requiring(comparison: Comparison, target: Target, profile: Profile, sources: AddressSet) -> list[str]:
    """Return the names of the rules that require protection of some of the sources after the changes."""
    if not sources:
        return []
    rules = [replace(rule, action=EXEMPT) for rule in in_force(comparison.after, profile) if rule.action in REQUIRING]
    return sorted({rule.name for rule in reaching(target, profile, rules, sources)})
