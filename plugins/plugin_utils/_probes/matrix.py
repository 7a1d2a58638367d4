# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which probes a plan makes: every flow that a host's rules admit from another managed host, and a sample of what they do not.

    matrix(Deployment.of(hosts, pools, servers, catalogue), Limits())
    -> Matrix({"fe01": (Probe("fe01", "edge01", 5061, "tcp", ...), ...)}, (NotProbed("edge01", "udp", "50000-59999", ...),))

Same plan, same probes: what is chosen is chosen by a hash of its name. The address that a probe comes from is one that the rule
admits, because a host with several would take another one.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .dns_probes import dns_probes
from .model import RPC_PORT, STUN_PORT, Expected, Kind, Limits, Matrix, NotProbed, Probe
from .plan_view import Deployment, Service
from .planned import PlannedHost, PlannedRule, is_ipv6, port_range

_LARGEST_SINGLE_PORT = 49151
"""Ports above belong to ranges that anybody may be given."""
_FEW_PORTS = 10
_TLS_WORDS = ("TLS", "HTTPS")
_OTHER_FIRST = ("XMPP", "WCF", "SRTP")
"""Applications that say something of their own before TLS, or whose TLS is not that of a certificate."""
_INTERNET = "it is for the Internet, and the host that would ask is not on that side"


def matrix(deployment: Deployment, limits: Limits) -> Matrix:
    """Return the probes of every host that can ask, sorted, and what is not probed."""
    skipped: Counter[NotProbed] = Counter()
    found: dict[str, tuple[Probe, ...]] = {}
    questions = dns_probes(deployment)
    listening = {host.name: _listening(host, deployment) for host in deployment.destinations}
    for source in deployment.sources:
        pairs = [(source, destination) for destination in deployment.destinations if destination.name != source.name]
        wanted = [probe for pair in pairs for probe in _direct(*pair, deployment, limits, skipped)]
        wanted += [*_through_services(source, deployment), *questions.get(source.name, ())]
        wanted += [probe for _source, destination in pairs for probe in _closed(source, listening[destination.name], limits)]
        found[source.name], left_out = _capped(_unique(wanted), deployment, limits.per_host)
        skipped += _left_out(source, left_out, limits)
    return Matrix(found, tuple(sorted(replace(item, sources=number) for item, number in skipped.items())))


def _direct(source: PlannedHost, destination: PlannedHost, deployment: Deployment, limits: Limits, skipped: Counter[NotProbed]) -> Iterator[Probe]:
    for rule in destination.rules:
        pairs = list(_address_pairs(source, destination, rule))
        why = _why_not(rule, limits.ranges) if pairs else _INTERNET if _faces_internet(source, rule) else ""
        if why:
            skipped[NotProbed(destination.name, rule.protocol, ", ".join(rule.localport), rule.name, why)] += 1
            continue
        for source_address, address in pairs:
            for port in sorted({port_range(text)[0] for text in rule.localport if limits.ranges or _is_fixed(text)}):
                yield _probe(source, destination, rule, (source_address, address, port), deployment)


def _probe(source: PlannedHost, destination: PlannedHost, rule: PlannedRule, ends: tuple[str, str, int], deployment: Deployment) -> Probe:
    source_address, address, port = ends
    return Probe(
        source=source.name,
        destination=destination.name,
        port=port,
        transport=rule.protocol,
        address=address,
        source_address=source_address,
        kind=kind_of(rule, port, deployment),
        expected=Expected.OPEN,
        rule=rule.name,
        rows=rule.rows,
        names=deployment.certificate_names[destination.name],
    )


def _address_pairs(source: PlannedHost, destination: PlannedHost, rule: PlannedRule) -> Iterator[tuple[str, str]]:
    """Yield from and to which address a rule is asked for: one pair for each address of the destination that the source gets at."""
    own = source.outside if rule.is_for_anybody else source.addresses
    for address in destination.targets(rule):
        mine = next((one for one in own if is_ipv6(one) == is_ipv6(address) and rule.admits(one)), None)
        if mine is not None:
            yield mine, address


def _faces_internet(source: PlannedHost, rule: PlannedRule) -> bool:
    return rule.is_for_anybody and not source.outside


def _why_not(rule: PlannedRule, ranges: bool) -> str:
    """Return why a rule cannot be probed, empty when it can; ranges: whether somebody listens on the first port of a range."""
    if "any" in rule.localport:
        return "it is for any port"
    if rule.remoteport != ("any",):
        return "it wants a port of the other side that a probe cannot have"
    if rule.protocol == "udp" and rule.localport != (str(STUN_PORT),):
        return "UDP without a question that everybody answers tells nothing"
    if not ranges and not any(map(_is_fixed, rule.localport)):
        return "nobody has to listen in a wide range; with lync_probe_listeners its first port is probed"
    return "" if rule.protocol in ("tcp", "udp") else "it is neither TCP nor UDP"


def _is_fixed(text: str) -> bool:
    """Return whether a text is a port, or a few that a service has all of; who picks a port of its own has more to pick from."""
    first, last = port_range(text)
    return last - first < _FEW_PORTS


def kind_of(rule: PlannedRule, port: int, deployment: Deployment) -> Kind:
    """Return what is said on a port, by the application of the rule's row in the catalogue."""
    if rule.protocol == "udp":
        return Kind.STUN
    if port == RPC_PORT:
        return Kind.RPC
    application = deployment.application(rule.name)
    speaks_tls = any(word in application for word in _TLS_WORDS) and not application.startswith(_OTHER_FIRST)
    return Kind.TLS if speaks_tls else Kind.TCP


def _through_services(source: PlannedHost, deployment: Deployment) -> Iterator[Probe]:
    """Yield probes through the virtual services that a host may use: those whose members admit it directly too."""
    for service in deployment.services:
        mine = source.name in {member.name for member in service.members}
        found = None if mine and not service.source_nat else _way_in(source, service)
        if found is not None:
            member, rule, source_address = found
            ends = (source_address, service.vip, service.port)
            probe = _probe(source, member, rule, ends, deployment)
            yield replace(probe, destination=service.pool, service=service.name, names=deployment.names_of_pool(service.pool, service.vip))


def _way_in(source: PlannedHost, service: Service) -> tuple[PlannedHost, PlannedRule, str] | None:
    for member in service.members:
        for rule in member.rules:
            if _is_behind(rule, service) and not _why_not(rule, ranges=True):
                pairs = _address_pairs(source, member, rule)
                mine = next((one for one, address in pairs if is_ipv6(address) == is_ipv6(service.vip)), None)
                if mine is not None:
                    return member, rule, mine
    return None


def _is_behind(rule: PlannedRule, service: Service) -> bool:
    """Return whether a rule of a member is about what a virtual service passes on."""
    is_same = rule.protocol == service.protocol and bool(set(rule.rows) & set(service.rows))
    return is_same and any(rule.covers(address, service.node_port) for address in service.member_addresses)


def _closed(source: PlannedHost, listening: _Listening, limits: Limits) -> Iterator[Probe]:
    """Yield a sample of ports that should be closed, first those that the destination opens to others: there somebody listens."""
    mine = next((one for one in source.addresses if is_ipv6(one) == is_ipv6(listening.address)), None)
    if mine is None or not listening.ports:
        return
    shut = [port for port, rules in listening.ports.items() if not any(rule.admits(mine) for rule in rules)]
    for port in sorted(shut, key=lambda port: (not listening.ports[port], _hash(source.name, listening.host, port)))[: limits.closed_per_pair]:
        yield Probe(source.name, listening.host, port, "tcp", listening.address, mine, Kind.TCP, Expected.CLOSED)


@dataclass(frozen=True)
class _Listening:
    """The TCP ports of a host on which somebody might listen, at its first address, and the rules that are about each."""

    host: str
    address: str
    ports: Mapping[int, tuple[PlannedRule, ...]]


def _listening(host: PlannedHost, deployment: Deployment) -> _Listening:
    """Return what may be asked of a host besides what it admits; nothing of one without rules, whose firewall is not ours."""
    address = next(iter(host.addresses), "")
    rules = [rule for rule in host.rules if rule.protocol == "tcp"]
    ports = {port_range(text)[0] for rule in rules for text in rule.localport if text.isdigit()} | deployment.catalogue_ports
    asked = sorted(port for port in ports if port <= _LARGEST_SINGLE_PORT) if host.rules and address else []
    return _Listening(host.name, address, {port: tuple(rule for rule in rules if rule.covers(address, port)) for port in asked})


def _unique(probes: Iterable[Probe]) -> list[Probe]:
    """Return probes without those that ask the same: an open one stands before a closed one, and the first rule tells."""
    found: dict[tuple[object, ...], Probe] = {}
    for probe in probes:
        key = (probe.source_address, probe.address, probe.port, probe.transport, probe.question)
        kept = found.setdefault(key, probe)
        if kept.kind is Kind.TCP and probe.kind is not Kind.TCP:
            found[key] = replace(kept, kind=probe.kind)
    return list(found.values())


def _capped(probes: list[Probe], deployment: Deployment, most: int) -> tuple[tuple[Probe, ...], int]:
    """Return at most so many probes, sorted, and how many are left out; of each kind of flow one stays before a second one does."""
    if len(probes) <= most:
        return tuple(sorted(probes)), 0
    groups: dict[tuple[object, ...], list[Probe]] = defaultdict(list)
    for probe in sorted(probes, key=lambda probe: _hash(probe.source, probe.address, probe.port)):
        host = deployment.hosts.get(probe.destination)
        groups[(host.roles if host else probe.destination, probe.port, probe.transport, probe.expected, bool(probe.service))].append(probe)
    ranked = [(rank, probe.expected is Expected.CLOSED, probe) for group in groups.values() for rank, probe in enumerate(group)]
    return tuple(sorted(probe for _rank, _closed, probe in sorted(ranked)[:most])), len(probes) - most


def _left_out(source: PlannedHost, number: int, limits: Limits) -> Counter[NotProbed]:
    why = f"{number} more probes of {source.name}: lync_probe_max is {limits.per_host}"
    return Counter({NotProbed("", "", "", "", why): 1} if number else {})


def _hash(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()
