# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which sources reach a TCP port of the host, and which lose it when rules change.

    lost(Target(5985, "10.1.0.11", process=("system", "")), profile, before, after)  -> AddressSet

A block beats an allow, then comes the profile's default ([MS-FASP] 2.2.34, 2.2.38). What cannot be told from the rule
alone (a keyword, an interface, a remote port, a user, the program of an unknown process) makes a match possible, not
sure. A loss is what was sure and is no longer sure, and what was possible and is not left as it was: errors are on the
side of a loss. Which ports answer at the moment can be asked too:

    answering("10.1.0.11", [5061, 5985]) == {5985}
"""

from __future__ import annotations

import functools
import ntpath
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .._base.addresses import ANY, AddressSet
from .host_facts import Profile
from .rule import ANY_PROTOCOL, TCP, Rule

_NOBODY = AddressSet()


@dataclass(frozen=True)
class Target:
    """A TCP port on one address of the host.

    Process: base name of the program and service that listen, None if unknown.
    """

    port: int
    address: str
    process: tuple[str, str] | None = None


@dataclass(frozen=True)
class _Match:
    """The sources that one rule surely matches, and those that it may match; limits: why it only may."""

    rule: Rule
    sure: AddressSet
    possible: AddressSet
    limits: tuple[object, ...]


def lost(target: Target, profile: Profile, before: Sequence[Rule], after: Sequence[Rule]) -> AddressSet:
    """Return the sources that reach the target before, or may reach it, and do not surely reach it after.

    before, after: the rules in force on the profile. Nothing is lost where the firewall is off or lets nothing in.
    """
    if not profile.enabled or profile.shields_up:
        return _NOBODY
    old, new = _match_rules(target, profile, before), _match_rules(target, profile, after)
    old_blocks, new_blocks = _select_action(old, "block"), _select_action(new, "block")
    blocked = _unite_sources(match.sure for match in old_blocks)
    was_blocked, is_blocked = _unite_by_limits(old_blocks), _unite_by_limits(new_blocks)
    newly_blocked = _unite_sources(
        sources - was_blocked.get(limits, _NOBODY) for limits, sources in is_blocked.items()
    )
    reached = _find_admitted(old, profile) - blocked
    still = _find_admitted(new, profile) - _unite_sources(match.sure for match in new_blocks) - newly_blocked
    is_allowed = _unite_by_limits(_select_action(new, "allow"))
    possible = _unite_by_limits(_select_action(old, "allow"), lambda match: match.possible)
    may = {limits: sources - blocked for limits, sources in possible.items()}
    may_lose = _unite_sources(
        (sources - still - is_allowed.get(limits, _NOBODY)) | (sources & newly_blocked)
        for limits, sources in may.items()
    )
    # An address is reached from its own family only.
    return ((reached - still) | may_lose).of_families(frozenset({6 if ":" in target.address else 4}))


def reaching(target: Target, profile: Profile, rules: Iterable[Rule], sources: AddressSet) -> list[Rule]:
    """Return the rules that admit some of the sources to the target, or may do so."""
    return [
        rule
        for rule in rules
        if rule.action == "allow"
        and profile.name in rule.profiles
        and touches(rule, target.port)
        and _is_about(rule, target)
        and (bool(sources) if rule.remoteip.keywords else rule.remoteip.addresses.meets(sources))
    ]


def touches(rule: Rule, port: int) -> bool:
    """Return whether a rule can say anything about inbound TCP traffic to a port.

    One of connection security is about both directions.
    """
    return is_inbound_tcp(rule) and (_lists_port(rule, port) or bool(rule.localport.keywords))


def is_inbound_tcp(rule: Rule) -> bool:
    """Return whether a rule can say anything about inbound TCP traffic at all."""
    return rule.enabled and rule.direction != "out" and rule.protocol in (TCP, ANY_PROTOCOL)


def standing_doubts(rule: Rule) -> tuple[object, ...]:
    """Return what keeps a match of a rule from being sure whatever the target is, where nobody knows who listens."""
    return (*_program_limits(rule), *_other_limits(rule))


def _match_rules(target: Target, profile: Profile, rules: Iterable[Rule]) -> list[_Match]:
    return [
        match
        for rule in rules
        if profile.name in rule.profiles and touches(rule, target.port)
        for match in _match(rule, target)
    ]


def _match(rule: Rule, target: Target) -> Iterator[_Match]:
    if not _is_about(rule, target):
        return
    limits = _list_doubts(rule, target, _process(rule, target))
    sources = ANY if rule.remoteip.keywords else rule.remoteip.addresses
    is_sure = not any(limits[1:])
    yield _Match(rule, rule.remoteip.addresses if is_sure else _NOBODY, sources if any(limits) else _NOBODY, limits)


def _is_about(rule: Rule, target: Target) -> bool:
    """Return whether a rule may be about the address and the process of a target."""
    return _process(rule, target) is not False and (_is_here(rule, target) or bool(rule.localip.keywords))


def _lists_port(rule: Rule, port: int) -> bool:
    return any(first <= port <= last for first, last in rule.localport.ports.pairs)


def _is_here(rule: Rule, target: Target) -> bool:
    return rule.localip.is_any or _only(target.address) <= rule.localip.addresses


@functools.lru_cache(maxsize=4096)
def _only(address: str) -> AddressSet:
    return AddressSet.parse([address])


def _process(rule: Rule, target: Target) -> bool | None:
    """Return whether the rule is for the target's process; None when that is not known."""
    if not rule.program and not rule.service:
        return True
    if target.process is None:
        return None
    program, service = target.process
    is_program = not rule.program or ntpath.basename(rule.program).casefold() == program
    return is_program and rule.service.casefold() in ("", service, "*" if service else service)


def _list_doubts(rule: Rule, target: Target, process: bool | None) -> tuple[object, ...]:
    """Return what keeps a match from being sure, empty parts where nothing does.

    Keywords of remote addresses come first.
    """
    programs = _program_limits(rule) if process is None else ()
    ports = () if _lists_port(rule, target.port) else rule.localport.keywords
    addresses = () if _is_here(rule, target) else rule.localip.keywords
    return (
        rule.remoteip.keywords,
        ports,
        addresses,
        programs,
        *_other_limits(rule),
    )


def _program_limits(rule: Rule) -> tuple[str, str]:
    return rule.program.casefold(), rule.service.casefold()


def _other_limits(rule: Rule) -> tuple[object, ...]:
    remote = () if rule.remoteport.is_any else (rule.remoteport,)
    security = rule.security if rule.action == "allow" and rule.security != "notrequired" else ""
    return remote, rule.interfaces, rule.interfacetypes, rule.restrictions, security


def _select_action(matches: Iterable[_Match], action: str) -> list[_Match]:
    return [match for match in matches if match.rule.action == action]


def _find_admitted(matches: Iterable[_Match], profile: Profile) -> AddressSet:
    return ANY if profile.allows_inbound else _unite_sources(match.sure for match in _select_action(matches, "allow"))


def _all_sources(match: _Match) -> AddressSet:
    return match.sure | match.possible


def _unite_by_limits(
    matches: Iterable[_Match], sources: Callable[[_Match], AddressSet] = _all_sources
) -> dict[tuple[object, ...], AddressSet]:
    """Return what rules with exactly the same limits match, which is one pass over however many rules."""
    found: dict[tuple[object, ...], list[AddressSet]] = {}
    for match in matches:
        found.setdefault(match.limits, []).append(sources(match))
    return {limits: _unite_sources(sets) for limits, sets in found.items()}


def _unite_sources(sets: Iterable[AddressSet]) -> AddressSet:
    return AddressSet.union_of(sets)


_AT_ONCE = 32


def answering(host: str, ports: Iterable[int], seconds: float = 3.0) -> frozenset[int]:
    """Return the ports on which a connection is made within so many seconds; nothing is sent."""
    asked = sorted(set(ports))
    if not asked:
        return frozenset()
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(asked))) as pool:
        answers = list(pool.map(lambda port: _answers(host, port, seconds), asked))
    return frozenset(port for port, answers_here in zip(asked, answers, strict=True) if answers_here)


def _answers(host: str, port: int, seconds: float) -> bool:
    try:
        with socket.create_connection((host, port), timeout=seconds):
            return True
    except OSError:
        return False
