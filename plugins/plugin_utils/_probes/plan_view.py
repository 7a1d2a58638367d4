# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan as probes need it, and the values of probes: what is asked from where, and what should come of it.

Of the plan: who is where, what the rules of a host let in, virtual services with their members, names of certificates.

deployment = Deployment.of(plan, servers, asking=["fe01"])
admits(rule, "10.1.0.31")          whether the rule lets this address in
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

from .._base.addresses import ANY, AddressSet
from .._base.errors import InvalidInputError, Problem
from .._inventory.dns_servers import read_dns_servers
from .._inventory.fields import At
from .._inventory.model import DnsServer
from .._plan.documents import load
from .._plan.model import DnsRecord, FirewallRule, HostPlan, Plan, VirtualService
from .._plan.tables import admitting_rules

_ASKING = ("windows", "linux")
_ADDRESSES = ("A", "AAAA")
_ANY = ("any",)
_ALL_PORTS = (1, 65535)
STUN_PORT, DNS_PORT, RPC_PORT = 3478, 53, 135


class Kind(str, Enum):
    """What is said after the connection.

    Nothing, a TLS handshake, a STUN binding request, a bind of the endpoint mapper, a DNS question.
    """

    TCP = "tcp"
    TLS = "tls"
    STUN = "stun"
    RPC = "rpc"
    DNS = "dns"


class Expected(str, Enum):
    """What the plan says of a probe."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, order=True)
class Probe:
    """One probe of one host.

    source, source_address: who asks, and from which of its addresses. destination: a host, the pool of a virtual
    service, or a DNS server. service: name of the virtual service that is gone through, empty for none. rule: of the
    destination's plan, which admits it. names: what the certificate may be for; empty when nobody knows. question:
    name and type; answers: what DNS should say.
    """

    source: str
    destination: str
    port: int
    transport: str
    address: str
    source_address: str
    kind: Kind
    expected: Expected
    service: str = ""
    rule: str = ""
    rows: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    question: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, object]) -> Probe:
        """Return the probe that plain (_plan/documents.py) made plain data of; raises DocumentError."""
        return load(cls, document)


@dataclass(frozen=True, order=True)
class NotProbed:
    """What the plan admits and no probe asks for, and why; sources: how many hosts it is admitted from."""

    destination: str
    transport: str
    port: str
    rule: str
    why: str
    sources: int = 0


@dataclass(frozen=True)
class Limits:
    """What the matrix is bounded by: probes of one host, and ports that should be closed, per pair of hosts.

    ranges: whether the first port of a range is probed, which makes sense only where a temporary listener may be.
    """

    per_host: int = 400
    closed_per_pair: int = 2
    ranges: bool = False


@dataclass(frozen=True)
class Matrix:
    """All probes by source, and what is not probed."""

    probes: Mapping[str, tuple[Probe, ...]]
    not_probed: tuple[NotProbed, ...] = ()

    @property
    def each(self) -> Iterable[Probe]:
        """Return the probes of all hosts, by host."""
        return (probe for probes in self.probes.values() for probe in probes)


@dataclass(frozen=True)
class Service:
    """A virtual service of a pool, with the hosts that take traffic of it."""

    planned: VirtualService
    members: tuple[HostPlan, ...]

    @property
    def monitor_port(self) -> int:
        """Return the TCP port by which the balancer knows that a member is well, 0 for none."""
        return int(str(self.planned.monitor.get("port") or 0))


@dataclass(frozen=True)
class Deployment:
    """A plan, ready to be probed.

    hosts: those that are managed, by name. records: with their pool, names in small letters. asking: names of the
    hosts in this run.
    """

    hosts: Mapping[str, HostPlan]
    services: Mapping[str, Service]
    records: tuple[tuple[str, DnsRecord], ...]
    servers: tuple[DnsServer, ...] = ()
    asking: frozenset[str] = frozenset()

    @classmethod
    def of(cls, plan: Plan, servers: Sequence[DnsServer] = (), asking: Iterable[str] = ()) -> Deployment:
        """Return the deployment of a plan."""
        hosts = {name: host for name, host in plan.hosts.items() if host.managed and host.member_state != "retired"}
        by_address = {address: host for host in hosts.values() for address in host.addresses}
        services: dict[str, Service] = {}
        records: list[tuple[str, DnsRecord]] = []
        for pool in plan.pools.values():
            records += ((pool.pool, _in_small_letters(record)) for record in pool.dns_records)
            for service in pool.virtual_services:
                found = (by_address[address] for address in service.members if address in by_address)
                members = tuple({host.host: host for host in found}.values())
                if members:
                    services[service.name] = Service(service, members)
        return cls(hosts, services, tuple(records), tuple(servers), frozenset(asking))

    @property
    def sources(self) -> tuple[HostPlan, ...]:
        """Return the hosts of the run that a probe can start from."""
        able = (host for host in self.hosts.values() if host.platform in _ASKING and host.addresses)
        return tuple(host for host in able if host.host in self.asking)

    @cached_property
    def incoming(self) -> Mapping[str, tuple[FirewallRule, ...]]:
        """Return the rules of each host that let something in."""
        rules = {name: admitting_rules(host) for name, host in self.hosts.items()}
        return {name: tuple(rule for rule in own if rule.direction == "in") for name, own in rules.items()}

    @cached_property
    def outside(self) -> Mapping[str, tuple[str, ...]]:
        """Return the addresses of each host on the side of the Internet: those where its rules let anybody in."""
        found: dict[str, tuple[str, ...]] = {}
        for name, host in self.hosts.items():
            open_to_all = {address for rule in self.incoming[name] if is_for_anybody(rule) for address in rule.localip}
            found[name] = tuple(address for address in host.addresses if address in open_to_all)
        return found

    @cached_property
    def certificate_names(self) -> Mapping[str, tuple[str, ...]]:
        """Return per host what a certificate of it may be for; nothing when no full name of it is known."""
        return {name: self._names_of(host) for name, host in self.hosts.items()}

    def _names_of(self, host: HostPlan) -> tuple[str, ...]:
        own = set(host.addresses)
        known = {record.name for _pool, record in self._addresses if own & set(record.values)}
        known |= set(self.names_of_pool(host.pool)) if host.pool else set()
        return tuple(sorted(known | {host.host})) if known or "." in host.host else ()

    def names_of_pool(self, pool: str, vip: str = "") -> tuple[str, ...]:
        """Return what a certificate of a pool, or at a virtual address, may be for."""
        own = {record.name for place, record in self._addresses if place == pool or vip in record.values}
        return tuple(sorted(own | ({pool} if "." in pool else set())))

    @cached_property
    def _addresses(self) -> tuple[tuple[str, DnsRecord], ...]:
        return tuple((pool, record) for pool, record in self.records if record.type in _ADDRESSES)


def _in_small_letters(record: DnsRecord) -> DnsRecord:
    return replace(record, name=record.name.lower(), zone=record.zone.lower())


def admits(rule: FirewallRule, address: str) -> bool:
    """Return whether a rule lets an address in."""
    return _is_within_scope(address, rule.remoteip)


def covers(rule: FirewallRule, address: str, port: int) -> bool:
    """Return whether a rule is about a port of an address of its host."""
    return _includes_port(rule.localport, port) and _is_within_scope(address, rule.localip)


def is_for_anybody(rule: FirewallRule) -> bool:
    """Return whether a rule lets every address in on one address of the host: the side of the Internet."""
    return rule.remoteip == _ANY and rule.localip != _ANY


def targets(host: HostPlan, rule: FirewallRule) -> tuple[str, ...]:
    """Return the addresses of a host where a rule is asked for: those it is bound to, else the first of each family."""
    if rule.localip != _ANY:
        return tuple(address for address in host.addresses if _is_within_scope(address, rule.localip))
    found: dict[bool, str] = {}
    for address in host.addresses:
        found.setdefault(is_ipv6(address), address)
    return tuple(found.values())


def is_ipv6(address: str) -> bool:
    """Return whether an address text is one of IPv6."""
    return ":" in address


@functools.lru_cache(maxsize=262144)
def _is_within_scope(address: str, scope: tuple[str, ...]) -> bool:
    return scope == _ANY or AddressSet.parse([address]) <= _set(scope)


@functools.lru_cache(maxsize=65536)
def _set(scope: tuple[str, ...]) -> AddressSet:
    return ANY if scope == _ANY else AddressSet.parse(scope)


@functools.lru_cache(maxsize=262144)
def _includes_port(ports: tuple[str, ...], port: int) -> bool:
    return any(first <= port <= last for first, last in map(port_range, ports))


def port_range(text: str) -> tuple[int, int]:
    """Return first and last port of a text of the plan."""
    if text == "any":
        return _ALL_PORTS
    first, _dash, last = text.partition("-")
    return (int(first), int(last or first))


def servers_of(raw: Sequence[object]) -> tuple[DnsServer, ...]:
    """Return the servers of lync_dns_servers; raises InvalidInputError with every fault."""
    at = At("lync_dns_servers")
    found = read_dns_servers(raw, at)
    if at.faults:
        raise InvalidInputError(Problem(fault.place, fault.message, fault.allowed, fault.fix) for fault in at.faults)
    return found
