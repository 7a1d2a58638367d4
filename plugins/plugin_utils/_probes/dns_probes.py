# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who asks which DNS server for what: each record set once of each server, and every host one question to each server that is for it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from .._inventory.model import DnsServer
from .model import Expected, Kind, Probe
from .plan_view import Deployment, Record
from .planned import PlannedHost, is_ipv6


def dns_probes(deployment: Deployment) -> Mapping[str, tuple[Probe, ...]]:
    """Return the questions of each host, by host."""
    found: dict[str, list[Probe]] = defaultdict(list)
    for server in deployment.servers:
        records = [record for record in deployment.records if record.view == server.view and record.zone in server.zones]
        for source, record in _shared_out(_askers(deployment, server), records):
            found[source.name].append(_probe(source, server, record))
    return {name: tuple(dict.fromkeys(probes)) for name, probes in found.items()}


def _askers(deployment: Deployment, server: DnsServer) -> list[PlannedHost]:
    """Return who asks a server: of the external view those with a foot in the Internet, of the internal view everybody."""
    able = [host for host in deployment.sources if _own_address(host, server)]
    return [host for host in able if host.outside] if server.view == "external" else able


def _shared_out(askers: Sequence[PlannedHost], records: Sequence[Record]) -> Iterator[tuple[PlannedHost, Record]]:
    if not askers or not records:
        return
    for record in records:
        yield min(askers, key=lambda host: _hash(host.name, record.name, record.type)), record
    for host in askers:
        yield host, min(records, key=lambda record: _hash(record.name, record.type, host.name))


def _own_address(host: PlannedHost, server: DnsServer) -> str:
    own = host.outside if server.view == "external" else host.addresses
    return next((address for address in own if is_ipv6(address) == is_ipv6(server.address)), "")


def _probe(source: PlannedHost, server: DnsServer, record: Record) -> Probe:
    return Probe(
        source=source.name,
        destination=server.address,
        port=server.port,
        transport="udp",
        address=server.address,
        source_address=_own_address(source, server),
        kind=Kind.DNS,
        expected=Expected.OPEN,
        question=(record.name, record.type),
        answers=tuple(sorted(value.rstrip(".").lower() for value in record.values)),
    )


def _hash(*parts: str) -> str:
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
