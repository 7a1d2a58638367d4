# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What those need who run the perimeter: rows for the firewalls outside and inside of it, DNS records, names of certificates.

They are the tables that a planner of the product expects, made from the same plan as the rules of the hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .._catalogue.model import Catalogue, Interface, PortRow
from .._plan.files import Document
from .._plan.flow_matrix import port_text, row_of, rules_of, texts

_ROLES = ("edge", "reverse_proxy")
_OUTSIDE = (Interface.ACCESS, Interface.WEB_CONFERENCING, Interface.AV, Interface.EXTERNAL)


@dataclass(frozen=True, order=True)
class FirewallRow:
    """One rule that a perimeter firewall needs; side: external or internal. Addresses as texts with commas."""

    side: str
    source: str
    destination: str
    transport: str
    port: str
    service: str
    rows: str


@dataclass(frozen=True, order=True)
class CertificateRow:
    """One certificate: who presents it, to whom (internal or external), its subject, and every name that it must hold."""

    holder: str
    side: str
    subject: str
    names: tuple[str, ...]


def firewall_rows(catalogue: Catalogue, hosts: Iterable[Document]) -> tuple[FirewallRow, ...]:
    """Return what has to pass the perimeter firewalls, external before internal."""
    by_id = {row.id: row for row in catalogue.ports}
    perimeter = [host for host in hosts if set(texts(host, "roles")) & set(_ROLES)]
    return tuple(sorted({found for host in perimeter for rule in rules_of(host) for found in _firewall_row(rule, host, by_id)}))


def _firewall_row(rule: Mapping[str, object], host: Document, by_id: Mapping[str, PortRow]) -> Iterator[FirewallRow]:
    row = row_of(rule, by_id)
    if row is None:
        return
    own, peer = ", ".join(texts(rule, "localip")), ", ".join(texts(rule, "remoteip"))
    own = f"{host.get('host')} ({own})" if own != "any" else str(host.get("host"))
    source, destination = (peer, own) if rule.get("direction") == "in" else (own, peer)
    side = "external" if row.interface in _OUTSIDE else "internal"
    yield FirewallRow(side, source, destination, str(rule.get("protocol")).upper(), port_text(rule), row.service, ", ".join(texts(rule, "rows")))


def certificate_rows(pools: Iterable[Document], members: Mapping[str, tuple[str, ...]]) -> tuple[CertificateRow, ...]:
    """Return the certificates that the names of the plan ask for; members: names of the hosts of each pool."""
    return tuple(sorted(row for pool in pools for row in _certificates(pool, members.get(str(pool.get("pool")), ()))))


def _certificates(pool: Document, members: tuple[str, ...]) -> Iterator[CertificateRow]:
    name, role = str(pool.get("pool")), str(pool.get("role"))
    inside, outside = _names(pool, "internal"), _names(pool, "external")
    full = tuple(member for member in members if "." in member)
    yield CertificateRow(name, "internal", name, tuple(dict.fromkeys([name, *inside, *full])))
    if outside:
        holder = name if role == "edge" else "reverse proxy"
        yield CertificateRow(holder, "external", outside[0], outside)


def _names(pool: Document, view: str) -> tuple[str, ...]:
    """Return the host names of a pool's records in a view; a service record asks for the name that it leads to."""
    records = pool.get("dns_records")
    found = (record for record in (records if isinstance(records, list) else []) if record.get("view") == view and record.get("type") != "SRV")
    return tuple(dict.fromkeys(str(record["name"]) for record in found))
