# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which probes a plan makes.

Every flow that a host's rules admit from another managed host, and a sample of what they do not.

    matrix(Deployment.of(plan, servers, asking), Limits())
    -> Matrix({"fe01": (Probe("fe01", "edge01", 5061, "tcp", ...), ...)}, (NotProbed("edge01", "udp", ...),))

Same plan, same probes: what is chosen is chosen by a hash of its name. The address that a probe comes from is one
that the rule admits, because a host with several would take another one.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .._inventory.model import DnsServer
from .._plan.model import DnsRecord, FirewallRule, HostPlan
from .plan_view import (
    RPC_PORT,
    STUN_PORT,
    Deployment,
    Expected,
    Kind,
    Limits,
    Matrix,
    NotProbed,
    Probe,
    Service,
    admits,
    covers,
    is_for_anybody,
    is_ipv6,
    port_range,
    targets,
)

_LARGEST_SINGLE_PORT = 49151
"""Ports above belong to ranges that anybody may be given."""
_FEW_PORTS = 10
_TLS_NAMES = ("TLS", "HTTPS")
_OTHER_FIRST = ("XMPP", "WCF", "SRTP")
"""Applications that say something of their own before TLS, or whose TLS is not that of a certificate."""
_INTERNET = "it is for the Internet, and the host that would ask is not on that side"


def matrix(deployment: Deployment, limits: Limits) -> Matrix:
    """Return the probes of every host that can ask, sorted, and what is not probed."""
    skipped: Counter[NotProbed] = Counter()
    found: dict[str, tuple[Probe, ...]] = {}
    questions = dns_probes(deployment)
    listening = {name: _find_listening(host, deployment) for name, host in deployment.hosts.items()}
    for source in deployment.sources:
        others = [host for host in deployment.hosts.values() if host.host != source.host]
        wanted = [probe for other in others for probe in _probe_directly(source, other, deployment, limits, skipped)]
        wanted += [*_through_services(source, deployment), *questions.get(source.host, ())]
        wanted += [probe for other in others for probe in _probe_closed_ports(source, listening[other.host], limits)]
        found[source.host], left_out = _cap_probes(_unique(wanted), deployment, limits.per_host)
        if left_out:
            why = f"{left_out} more probes of {source.host}: lync_probe_max is {limits.per_host}"
            skipped[NotProbed("", "", "", "", why)] += 1
    return Matrix(found, tuple(sorted(replace(item, sources=number) for item, number in skipped.items())))


def _probe_directly(
    source: HostPlan, destination: HostPlan, deployment: Deployment, limits: Limits, skipped: Counter[NotProbed]
) -> Iterator[Probe]:
    for rule in deployment.incoming[destination.host]:
        pairs = list(_address_pairs(source, destination, rule, deployment))
        is_internet = is_for_anybody(rule) and not deployment.outside[source.host]
        why = _explain_unprobed(rule, limits.ranges) if pairs else _INTERNET if is_internet else ""
        if why:
            skipped[NotProbed(destination.host, rule.protocol, ", ".join(rule.localport), rule.name, why)] += 1
            continue
        ports = sorted({port_range(text)[0] for text in rule.localport if limits.ranges or _is_fixed(text)})
        for source_address, address in pairs:
            yield from (
                _make_probe(source, destination, rule, (source_address, address, port), deployment) for port in ports
            )


def _make_probe(
    source: HostPlan, destination: HostPlan, rule: FirewallRule, ends: tuple[str, str, int], deployment: Deployment
) -> Probe:
    source_address, address, port = ends
    return Probe(
        source=source.host,
        destination=destination.host,
        port=port,
        transport=rule.protocol,
        address=address,
        source_address=source_address,
        kind=kind_of(rule, port),
        expected=Expected.OPEN,
        rule=rule.name,
        rows=rule.rows,
        names=deployment.certificate_names[destination.host],
    )


def _address_pairs(
    source: HostPlan, destination: HostPlan, rule: FirewallRule, deployment: Deployment
) -> Iterator[tuple[str, str]]:
    """Yield from and to which address a rule is asked for.

    One pair for each address of the destination that the source gets at.
    """
    own = deployment.outside[source.host] if is_for_anybody(rule) else source.addresses
    for address in targets(destination, rule):
        mine = next((one for one in own if is_ipv6(one) == is_ipv6(address) and admits(rule, one)), None)
        if mine is not None:
            yield mine, address


def _explain_unprobed(rule: FirewallRule, ranges: bool) -> str:
    """Return why a rule cannot be probed, empty when it can.

    ranges: whether somebody listens on the first port of a range.
    """
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
    """Return whether a text is a port, or a few that a service has all of.

    Who picks a port of its own has more to pick from.
    """
    first, last = port_range(text)
    return last - first < _FEW_PORTS


def kind_of(rule: FirewallRule, port: int) -> Kind:
    """Return what is said on a port, by the applications of the rows that the rule was made of."""
    if rule.protocol == "udp":
        return Kind.STUN
    if port == RPC_PORT:
        return Kind.RPC
    return Kind.TLS if any(map(_speaks_tls, rule.applications)) else Kind.TCP


def _speaks_tls(application: str) -> bool:
    return any(name in application for name in _TLS_NAMES) and not application.startswith(_OTHER_FIRST)


def _through_services(source: HostPlan, deployment: Deployment) -> Iterator[Probe]:
    """Yield probes through the virtual services that a host may use: those whose members admit it directly too."""
    for service in deployment.services.values():
        planned = service.planned
        is_member = source.host in {member.host for member in service.members}
        found = None if is_member and not planned.source_nat else _way_in(source, service, deployment)
        if found is not None:
            member, rule, source_address = found
            probe = _make_probe(source, member, rule, (source_address, planned.vip, planned.port), deployment)
            names = deployment.names_of_pool(planned.pool, planned.vip)
            yield replace(probe, destination=planned.pool, service=planned.name, names=names)


def _way_in(source: HostPlan, service: Service, deployment: Deployment) -> tuple[HostPlan, FirewallRule, str] | None:
    """Return a member of a service and the rule by which it lets a host in, and from which of its addresses."""
    for member in service.members:
        for rule in deployment.incoming[member.host]:
            if _is_behind(rule, service) and not _explain_unprobed(rule, ranges=True):
                pairs = _address_pairs(source, member, rule, deployment)
                is_family = is_ipv6(service.planned.vip)
                mine = next((one for one, address in pairs if is_ipv6(address) == is_family), None)
                if mine is not None:
                    return member, rule, mine
    return None


def _is_behind(rule: FirewallRule, service: Service) -> bool:
    """Return whether a rule of a member is about what a virtual service passes on."""
    planned = service.planned
    is_same = rule.protocol == planned.protocol and bool(set(rule.rows) & set(planned.rows))
    return is_same and any(covers(rule, address, planned.node_port) for address in planned.members)


def _probe_closed_ports(source: HostPlan, listening: _Listening, limits: Limits) -> Iterator[Probe]:
    """Yield a sample of ports that should be closed, first those that the destination opens to others.

    There somebody listens. Then those of the catalogue that it opens to nobody.
    """
    mine = next((one for one in source.addresses if is_ipv6(one) == is_ipv6(listening.address)), None)
    if mine is None or not listening.ports:
        return
    shut = [port for port, rules in listening.ports.items() if not any(admits(rule, mine) for rule in rules)]
    shut.sort(key=lambda port: (not listening.ports[port], _hash(source.host, listening.host, port)))
    for port in shut[: limits.closed_per_pair]:
        yield Probe(source.host, listening.host, port, "tcp", listening.address, mine, Kind.TCP, Expected.CLOSED)


@dataclass(frozen=True)
class _Listening:
    """The TCP ports of a host on which somebody might listen, at its first address, and the rules about each."""

    host: str
    address: str
    ports: Mapping[int, tuple[FirewallRule, ...]]


def _find_listening(host: HostPlan, deployment: Deployment) -> _Listening:
    """Return what may be asked of a host besides what it admits.

    Nothing of one without rules, whose firewall is not ours.
    """
    address = next(iter(host.addresses), "")
    incoming = deployment.incoming[host.host]
    rules = [rule for rule in incoming if rule.protocol == "tcp"]
    single = [text for rule in rules for text in rule.localport if text.isdigit()]
    known = {port for first, last in map(port_range, (*single, *host.closed_ports)) for port in range(first, last + 1)}
    asked = sorted(port for port in known if port <= _LARGEST_SINGLE_PORT) if incoming and address else []
    ports = {port: tuple(rule for rule in rules if covers(rule, address, port)) for port in asked}
    return _Listening(host.host, address, ports)


def dns_probes(deployment: Deployment) -> Mapping[str, tuple[Probe, ...]]:
    """Return the questions of each host, by host.

    Each record set once of each server, and one of every host to each server for it.
    """
    found: dict[str, list[Probe]] = defaultdict(list)
    for server in deployment.servers:
        of_view = (record for _pool, record in deployment.records if record.view == server.view)
        records = [record for record in of_view if record.zone in server.zones]
        for source, record in _shared_out(_askers(deployment, server), records):
            found[source.host].append(_make_question_probe(source, server, record, deployment))
    return {name: tuple(dict.fromkeys(probes)) for name, probes in found.items()}


def _askers(deployment: Deployment, server: DnsServer) -> list[HostPlan]:
    """Return who asks a server.

    Of the external view those with a foot in the Internet, of the internal view everybody.
    """
    return [host for host in deployment.sources if _own_address(host, server, deployment)]


def _shared_out(askers: Sequence[HostPlan], records: Sequence[DnsRecord]) -> Iterator[tuple[HostPlan, DnsRecord]]:
    if not askers or not records:
        return
    for record in records:
        yield min(askers, key=lambda host: _hash(host.host, record.name, record.type)), record
    for host in askers:
        yield host, min(records, key=lambda record: _hash(record.name, record.type, host.host))


def _own_address(host: HostPlan, server: DnsServer, deployment: Deployment) -> str:
    own = deployment.outside[host.host] if server.view == "external" else host.addresses
    return next((address for address in own if is_ipv6(address) == is_ipv6(server.address)), "")


def _make_question_probe(source: HostPlan, server: DnsServer, record: DnsRecord, deployment: Deployment) -> Probe:
    return Probe(
        source=source.host,
        destination=server.address,
        port=server.port,
        transport="udp",
        address=server.address,
        source_address=_own_address(source, server, deployment),
        kind=Kind.DNS,
        expected=Expected.OPEN,
        question=(record.name, record.type),
        answers=tuple(sorted(value.rstrip(".").lower() for value in record.values)),
    )


def _unique(probes: Iterable[Probe]) -> list[Probe]:
    """Return probes without those that ask the same.

    An open one stands before a closed one, and the first rule tells.
    """
    found: dict[tuple[object, ...], Probe] = {}
    for probe in probes:
        key = (probe.source_address, probe.address, probe.port, probe.transport, probe.question)
        kept = found.setdefault(key, probe)
        if kept.kind is Kind.TCP and probe.kind is not Kind.TCP:
            found[key] = replace(kept, kind=probe.kind)
    return list(found.values())


def _cap_probes(probes: list[Probe], deployment: Deployment, most: int) -> tuple[tuple[Probe, ...], int]:
    """Return at most so many probes, sorted, and how many are left out.

    Of each kind of flow one stays before a second one does.
    """
    if len(probes) <= most:
        return tuple(sorted(probes)), 0
    groups: dict[tuple[object, ...], list[Probe]] = defaultdict(list)
    for probe in sorted(probes, key=lambda probe: _hash(probe.source, probe.address, probe.port)):
        host = deployment.hosts.get(probe.destination)
        where = host.roles if host else probe.destination
        groups[(where, probe.port, probe.transport, probe.expected, bool(probe.service))].append(probe)
    ranked: list[tuple[int, bool, Probe]] = []
    for group in groups.values():
        ranked += ((rank, probe.expected is Expected.CLOSED, probe) for rank, probe in enumerate(group))
    return tuple(sorted(probe for _rank, _is_closed, probe in sorted(ranked)[:most])), len(probes) - most


def _hash(*parts: object) -> str:
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()
