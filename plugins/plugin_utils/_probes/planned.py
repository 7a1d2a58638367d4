# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan documents as probes need them: who is where, and what the rules of a host let in.

    host = PlannedHost.of(document)
    host.admits(rule, "10.1.0.31")     whether the rule lets this address in
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .._base.addresses import ANY, AddressSet
from .._plan.files import Document
from .._plan.flow_matrix import rules_of, texts

_ANY = ("any",)


@dataclass(frozen=True)
class PlannedRule:
    """A rule that lets something in; its texts are those of the plan."""

    name: str
    rows: tuple[str, ...]
    protocol: str
    localport: tuple[str, ...]
    remoteport: tuple[str, ...]
    localip: tuple[str, ...]
    remoteip: tuple[str, ...]
    program: str

    @classmethod
    def of(cls, rule: Mapping[str, object]) -> PlannedRule:
        """Return a rule of a plan document."""
        lists = {name: texts(rule, name) for name in ("rows", "localport", "remoteport", "localip", "remoteip")}
        return cls(name=str(rule.get("name")), protocol=str(rule.get("protocol")), program=str(rule.get("program") or ""), **lists)

    def admits(self, address: str) -> bool:
        """Return whether it lets an address in."""
        return _within(address, self.remoteip)

    def covers(self, address: str, port: int) -> bool:
        """Return whether it is about a port of an address of its host."""
        return _has_port(self.localport, port) and _within(address, self.localip)

    @property
    def is_for_anybody(self) -> bool:
        """Return whether it lets every address in on one address of the host: the side of the Internet."""
        return self.remoteip == _ANY and self.localip != _ANY


@dataclass(frozen=True)
class PlannedHost:
    """A managed host of the plan."""

    name: str
    roles: tuple[str, ...]
    platform: str
    pool: str
    addresses: tuple[str, ...]
    rules: tuple[PlannedRule, ...]

    @classmethod
    def of(cls, document: Document) -> PlannedHost:
        """Return the host of a plan document."""
        rules = tuple(PlannedRule.of(rule) for rule in rules_of(document) if rule.get("direction") == "in")
        own = (texts(document, "roles"), str(document.get("platform")), str(document.get("pool") or ""), texts(document, "addresses"))
        return cls(str(document.get("host")), *own, rules)

    @property
    def outside(self) -> tuple[str, ...]:
        """Return the addresses on the side of the Internet: those where its rules let anybody in."""
        open_to_all = {address for rule in self.rules if rule.is_for_anybody for address in rule.localip}
        return tuple(address for address in self.addresses if address in open_to_all)

    def targets(self, rule: PlannedRule) -> tuple[str, ...]:
        """Return the addresses where a rule is asked for: those it is bound to, else the first of each family."""
        if rule.localip != _ANY:
            return tuple(address for address in self.addresses if _within(address, rule.localip))
        return first_of_each_family(self.addresses)


def first_of_each_family(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return the first IPv4 and the first IPv6 address."""
    found: dict[bool, str] = {}
    for address in addresses:
        found.setdefault(is_ipv6(address), address)
    return tuple(found.values())


def is_ipv6(address: str) -> bool:
    """Return whether an address text is one of IPv6."""
    return ":" in address


@functools.lru_cache(maxsize=262144)
def _within(address: str, scope: tuple[str, ...]) -> bool:
    return scope == _ANY or AddressSet.parse([address]) <= _set(scope)


@functools.lru_cache(maxsize=65536)
def _set(scope: tuple[str, ...]) -> AddressSet:
    return ANY if scope == _ANY else AddressSet.parse(scope)


@functools.lru_cache(maxsize=262144)
def _has_port(spec: tuple[str, ...], port: int) -> bool:
    return any(first <= port <= last for first, last in map(port_range, spec))


def port_range(text: str) -> tuple[int, int]:
    """Return first and last port of a text of the plan."""
    if text == "any":
        return (1, 65535)
    first, _dash, last = text.partition("-")
    return (int(first), int(last or first))
