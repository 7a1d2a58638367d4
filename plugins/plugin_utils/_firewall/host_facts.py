# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of a host: rules that it has, profiles, TCP connections, listeners, addresses.

    Host(rules=(Present(Rule(...), {...}),), addresses=("10.1.0.11",), profiles=(Profile("domain"),), ...)

UDP has no connections, and idle peers none that could be seen.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .._base.addresses import AddressSet, parse_address
from .._base.errors import Problem
from .options import listed
from .rule import ADDRESS_KEYWORDS, Rule

LOCAL, GROUP_POLICY, MDM = "local", "group_policy", "mdm"
DELAY_MINUTES = 10
"""How long after it is on again a host starts a task whose time it missed (TaskSettings.StartWhenAvailable)."""


@dataclass(frozen=True)
class Present:
    """A rule that is on the host: its value, and its COM properties as gathered, by which the host finds it again.

    store: "local"; or "group_policy" or "mdm" for a rule that is read from there and never written.
    """

    rule: Rule
    com: Mapping[str, object]
    store: str = LOCAL


@dataclass(frozen=True)
class Profile:
    """How the firewall works on one profile, Group Policy's settings included.

    shields_up: all inbound traffic is blocked whatever the rules say. merges: local rules are in force.
    """

    name: str
    active: bool = True
    enabled: bool = True
    shields_up: bool = False
    allows_inbound: bool = False
    merges: bool = True


@dataclass(frozen=True)
class Condition:
    """What is true of a host as a whole and not as planned; opens: it admits more than planned, otherwise less."""

    name: str
    reason: str
    opens: bool

    @property
    def text(self) -> str:
        """Return it as one line."""
        return f"{self.name}: {self.reason}"

    def document(self) -> dict[str, object]:
        """Return it as the result of a module has it."""
        return {"name": self.name, "reason": self.reason, "opens": self.opens}


def profile_conditions(profiles: Iterable[Profile]) -> tuple[Condition, ...]:
    """Return what of the active profiles admits what no rule does."""
    return tuple(
        Condition(f"profile {profile.name}", reason, opens=True)
        for profile in profiles
        if profile.active and (reason := _explain_open(profile))
    )


def _explain_open(profile: Profile) -> str:
    if not profile.enabled:
        return "the firewall is off, so everything is admitted"
    return "what comes in is admitted unless a rule blocks it" if profile.allows_inbound else ""


@dataclass(frozen=True)
class Connection:
    """An established TCP connection to a listener of the host, as the host sees it."""

    local_address: str
    port: int
    peer: str


@dataclass(frozen=True)
class Listener:
    """A TCP listener; address is one of the host, or 0.0.0.0 or :: for all."""

    address: str
    port: int


@dataclass(frozen=True)
class ManagementPort:
    """A TCP port through which the host is managed; kind: winrm, ssh or rdp."""

    kind: str
    port: int


@dataclass(frozen=True)
class PendingRevert:
    """A change of an earlier run that waits to be taken back; seconds: until then. problem: why nobody can tell.

    late_minutes: how much later a host does it that was off at that time.
    """

    seconds: int = 0
    problem: str = ""
    late_minutes: int = 0

    @property
    def text(self) -> str:
        """Return it for people, with what they can do."""
        choices = "keep it with -e lync_pending=confirm, or take it back now with -e lync_pending=revert"
        if self.problem:
            head = f"whether a change of an earlier run waits to be taken back is not known: {self.problem}"
            return f"{head}; nothing was written; fix: {choices}"
        wait = f"{-(-self.seconds // 60)} min"
        if self.late_minutes and not self.seconds:
            wait += f", up to {self.late_minutes} min later where the host was off"
        head = f"a change of an earlier run was not confirmed and is taken back in {wait}; nothing was written"
        return f"{head}; fix: wait until then, {choices}"

    def document(self) -> dict[str, object]:
        """Return it as results have it."""
        return {"seconds": self.seconds, "problem": self.problem}


@dataclass(frozen=True)
class Host:
    """The firewall of a host as gathered.

    rules: the local ones, then those of Group Policy. addresses: its own addresses. environment: the variables that
    programs may name, by upper-case name. profiles: Group Policy's settings included. unread: rules of Group Policy
    or MDM that make no sense. fingerprint: stands for all that was gathered of the firewall; the host made it.
    enumerations, writes: what it did to answer. pending: a change that waits to be taken back, None for none. stuck:
    why one that was to be taken back is still in force, "" for none. owners: products of others that are the firewall
    in place of Windows' own. older_lists: what Group Policy admits beside rules.
    agents: products that run there and may filter traffic beside Windows Firewall. build: of Windows, "" where it
    was not asked. not_read: what the account is not told, with the reason, a line each.
    """

    rules: tuple[Present, ...]
    addresses: tuple[str, ...]
    environment: Mapping[str, str]
    profiles: tuple[Profile, ...]
    listeners: tuple[Listener, ...]
    connections: tuple[Connection, ...]
    management: tuple[ManagementPort, ...]
    unread: tuple[str, ...]
    fingerprint: str
    enumerations: int
    writes: int
    pending: PendingRevert | None = None
    stuck: str = ""
    owners: tuple[str, ...] = ()
    older_lists: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    build: str = ""
    not_read: tuple[str, ...] = ()


def read_pending(value: object) -> PendingRevert | None:
    """Return what an answer says of a change that waits to be taken back; raises TypeError, KeyError, ValueError."""
    if not isinstance(value, Mapping):
        raise TypeError("pending_revert is no mapping")
    return PendingRevert(int(str(value["seconds"])), str(value["problem"])) if value else None


def missing_addresses(rules: Iterable[Mapping[str, object]], expected: Iterable[str], host: Host) -> list[Problem]:
    """Return a problem for each expected address, and each entry of a rule's localip, that the host does not have.

    A network or a range of localip is there when the host has an address in it.
    """
    own = AddressSet.parse(host.addresses)
    has = ", ".join(host.addresses) or "none"
    problems = [
        _report_missing_address("expected_addresses", text, has)
        for text in expected
        if not AddressSet.parse([text]) & own
    ]
    for options in rules:
        texts = [
            text for text in listed(options.get("localip")) if text.casefold() not in ("any", "*", *ADDRESS_KEYWORDS)
        ]
        problems += [
            _report_missing_address(f"rule {options.get('name')}, localip", text, has)
            for text in texts
            if not AddressSet.parse([text]) & own
        ]
    return problems


def _report_missing_address(place: str, text: str, has: str) -> Problem:
    return Problem(
        place,
        f"{text} is not an address of the host",
        f"{has} (the host's addresses)",
        "correct the inventory or the network card",
    )


def plain_address(text: object) -> str:
    """Return an address in canonical text: without the zone of a link-local one, and IPv4 that came in IPv6 as IPv4."""
    address = ipaddress.ip_address(str(parse_address(str(text).partition("%")[0])))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
