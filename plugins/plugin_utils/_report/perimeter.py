# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What those need who run the perimeter: rows for the firewalls outside and inside of it, DNS records, names of certificates.

They are the tables that a planner of the product expects, made from the same plan as the rules of the hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .._catalogue.model import Interface
from .._plan.flow_matrix import admitting_rules, port_text
from .._plan.model import FirewallRule, HostPlan, PoolPlan

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


def firewall_rows(hosts: Iterable[HostPlan]) -> tuple[FirewallRow, ...]:
    """Return what has to pass the perimeter firewalls, external before internal."""
    perimeter = [host for host in hosts if set(host.roles) & set(_ROLES)]
    rules = ((rule, host) for host in perimeter for rule in admitting_rules(host))
    return tuple(sorted({_firewall_row(rule, host) for rule, host in rules if rule.is_of_catalogue}))


def _firewall_row(rule: FirewallRule, host: HostPlan) -> FirewallRow:
    own, peer = ", ".join(rule.localip), ", ".join(rule.remoteip)
    own = f"{host.host} ({own})" if own != "any" else host.host
    source, destination = (peer, own) if rule.direction == "in" else (own, peer)
    side = "external" if rule.interface in _OUTSIDE else "internal"
    service = ", ".join(rule.services)
    return FirewallRow(side, source, destination, rule.protocol.upper(), port_text(rule), service, ", ".join(rule.rows))


def certificate_rows(pools: Iterable[PoolPlan], members: Mapping[str, tuple[str, ...]]) -> tuple[CertificateRow, ...]:
    """Return the certificates that the names of the plan ask for; members: names of the hosts of each pool."""
    return tuple(sorted(row for pool in pools for row in _certificates(pool, members.get(pool.pool, ()))))


def _certificates(pool: PoolPlan, members: tuple[str, ...]) -> Iterator[CertificateRow]:
    inside, outside = _names(pool, "internal"), _names(pool, "external")
    full = tuple(member for member in members if "." in member)
    yield CertificateRow(pool.pool, "internal", pool.pool, tuple(dict.fromkeys([pool.pool, *inside, *full])))
    if outside:
        holder = pool.pool if pool.role == "edge" else "reverse proxy"
        yield CertificateRow(holder, "external", outside[0], outside)


def _names(pool: PoolPlan, view: str) -> tuple[str, ...]:
    """Return the host names of a pool's records in a view; a service record asks for the name that it leads to."""
    return tuple(dict.fromkeys(record.name for record in pool.dns_records if record.view == view and record.type != "SRV"))
