# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What those need of a plan who run the perimeter's firewalls and the authority of certificates: rows, and CSV.

    papers(plan) == {"perimeter.csv": "Firewall,Direction,...", "certificates.csv": "Pool,Held by,..."}

A row is one flow as the firewall meets it: from source and source port to destination and destination port, with the
addresses that the servers have. Where addresses are translated, the public ones stand beside; which of them a rule
names is a matter of the firewall's make.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .._base.addresses import AddressSet, PortSet
from .._catalogue.model import Interface
from .._plan.files import CERTIFICATES, PERIMETER
from .._plan.model import Certificate, FirewallRule, HostPlan, Plan, PoolPlan, VirtualService
from .._plan.tables import admitting_rules

_ROLES = ("edge", "reverse_proxy")
_OUTSIDE = (Interface.ACCESS, Interface.WEB_CONFERENCING, Interface.AV, Interface.EXTERNAL)
_ANY = "any"


@dataclass(frozen=True, order=True)
class FirewallRow:
    """One flow that a perimeter firewall lets pass; side: external or internal. Addresses and ports as texts with
    commas.

    direction: in towards a server of the perimeter, out from it. public: the addresses that the Internet knows of it.
    """

    side: str
    direction: str
    source: str
    source_port: str
    destination: str
    transport: str
    port: str
    public: str
    service: str
    rows: str


@dataclass(frozen=True, order=True)
class CertificateRow:
    """One certificate of a pool."""

    pool: str
    certificate: Certificate


def firewall_rows(plan: Plan) -> tuple[FirewallRow, ...]:
    """Return what has to pass the perimeter firewalls, external before internal."""
    perimeter = [host for host in plan.hosts.values() if set(host.roles) & set(_ROLES)]
    rules = [(rule, host) for host in perimeter for rule in admitting_rules(host) if rule.is_of_catalogue]
    services = [service for pool in plan.pools.values() if pool.role in _ROLES for service in pool.virtual_services]
    found = {_row(rule, host) for rule, host in rules}
    found |= {row for service in services for row in _service_rows(service, rules)}
    return tuple(sorted(found))


def _row(rule: FirewallRule, host: HostPlan) -> FirewallRow:
    own, peer = ", ".join(rule.localip), ", ".join(rule.remoteip)
    named = f"{host.host} ({own})" if own != _ANY else host.host
    return _flow(rule, named, peer, ", ".join(_public(rule, host)), rule.localport)


def _flow(rule: FirewallRule, own: str, peer: str, public: str, ports: Sequence[str]) -> FirewallRow:
    """Return the row of a rule; own: the end within the perimeter, with the ports that it has there."""
    ends = ((peer, rule.remoteport), (own, ports))
    (source, source_port), (destination, port) = ends if rule.direction == "in" else reversed(ends)
    side = "external" if rule.interface in _OUTSIDE else "internal"
    ports_of = {"source_port": ", ".join(source_port), "port": ", ".join(port)}
    texts = {"service": ", ".join(rule.services), "rows": ", ".join(rule.rows), "public": public}
    ends_of = {"source": source, "destination": destination}
    return FirewallRow(side, rule.direction, transport=rule.protocol.upper(), **ends_of, **ports_of, **texts)


def _public(rule: FirewallRule, host: HostPlan) -> Iterator[str]:
    """Yield the public addresses of those that a rule is bound to, on the side where they are translated."""
    known: Mapping[str, tuple[str, ...]] = host.public_addresses or {}
    if rule.interface in _OUTSIDE:
        yield from dict.fromkeys(text for own, texts in known.items() if _binds(rule, own) for text in texts)


def _binds(rule: FirewallRule, address: str) -> bool:
    return _ANY in rule.localip or AddressSet.parse([address]) <= AddressSet.parse(rule.localip)


def _service_rows(
    service: VirtualService, rules: Iterable[tuple[FirewallRule, HostPlan]]
) -> Iterator[FirewallRow]:
    """Yield the flows to a virtual address: from whom its members admit, the balancer in between."""
    for rule, host in rules:
        if _serves(rule, host, service):
            yield _flow(rule, f"{service.pool} ({service.vip})", ", ".join(rule.remoteip), "", [str(service.port)])


def _serves(rule: FirewallRule, host: HostPlan, service: VirtualService) -> bool:
    members = [address for address in service.members if address in host.addresses]
    return (
        rule.direction == "in"
        and rule.protocol == service.protocol
        and bool(set(rule.rows) & set(service.rows))
        and PortSet.of(service.node_port) <= PortSet.parse(rule.localport)
        and any(_binds(rule, address) for address in members)
    )


def certificate_rows(pools: Iterable[PoolPlan]) -> tuple[CertificateRow, ...]:
    """Return the certificates that pools ask for, by pool."""
    found = (CertificateRow(pool.pool, certificate) for pool in pools for certificate in pool.certificates)
    return tuple(sorted(found, key=lambda row: (row.pool, row.certificate.holder, row.certificate.use)))


def papers(plan: Plan) -> dict[str, str]:
    """Return the papers of a plan as CSV, by the name of the file."""
    flows = [
        (row.side, row.direction, row.source, row.source_port, row.destination, row.public, row.transport, row.port,
         row.service, row.rows)
        for row in firewall_rows(plan)
    ]  # fmt: skip
    held = [
        (row.pool, item.holder, item.use, item.seen_by, item.subject, " ".join(item.names), item.path or "")
        for row in certificate_rows(plan.pools.values())
        for item in [row.certificate]
    ]
    return {PERIMETER: _csv(_FLOW_COLUMNS, flows), CERTIFICATES: _csv(_CERTIFICATE_COLUMNS, held)}


_FLOW_COLUMNS = (
    "Firewall", "Direction", "Source", "Source port", "Destination", "Public addresses", "Transport",
    "Destination port", "Service", "Rows",
)  # fmt: skip
_CERTIFICATE_COLUMNS = ("Pool", "Held by", "Used for", "Seen by", "Subject", "Names", "File on the proxy")


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    return text.getvalue()
