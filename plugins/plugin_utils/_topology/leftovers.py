# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a topology says of a cluster and no variable takes up, as notes: so that nothing is dropped silently.

    note_leftovers(cluster, work)

Only what the other parts of the mapping read is not told here; both are to be kept together. The law of it changes
every attribute of whole documents, and looks whether the import is another one (tests/unit/topology/test_dropped.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from .draft import Work
from .listeners import LISTENERS, edge_service, line_of, media_kind, row_that_opens, rows_by_id
from .model import Cluster, Interface, Port, Service
from .pools import DATABASE_ROLES, PAIRED
from .roles import KNOWN_USAGES, SERVERS, kind
from .servers import SIP_USAGES, is_application

_TRANSPORTS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("mtls", "tls", "tcp", "http", "https"), frozenset({"tcp"})),
    "udp": frozenset({"udp"}),
    "tcporudp": frozenset({"tcp", "udp"}),
}
_TCP = _TRANSPORTS["tcp"]
# The ports on which reverse proxies publish, by the protocol of a web site outside.
_PUBLISHED = {"http": 80, "https": 443}
# Which service's address and name the other listeners outside of an Edge have, by owner.
_SERVICE_OF_OWNER = {
    "accessedge": "access", "xmppfederationproxy": "access", "dataedge": "web_conferencing", "mediarelayedge": "av",
}  # fmt: skip
_GATEWAYS = ("pstngateway", "videogateway")


@dataclass(frozen=True)
class _Usual:
    """How a listener is that plans know: its side, interface, name for others, and transports; is_range: of media."""

    side: str
    transports: frozenset[str]
    is_range: bool = False
    interface: int = 1
    name: str = ""


def note_leftovers(cluster: Cluster, work: Work) -> None:
    """Note what of a cluster nothing else takes up."""
    services = work.published.services_on(cluster.key)
    for text in (*_addresses(cluster, services, work), *_flags(cluster, services, work), *_web(services)):
        work.note(cluster.place, text)
    for service in services:
        for text in (*_usages(service, work), *_trunks(service, work)):
            work.note(service.where, text)
        for port in service.ports:
            usual = _usual(port, service, cluster, work)
            odd = ", ".join(_oddities(port, usual) if usual else [])
            if usual is None:
                work.note(port.where, _stranger(port, cluster, work))
            elif odd:
                work.note(port.where, f"port {port.number} on {cluster.name} has {odd}, which no variable takes")


def _usual(port: Port, service: Service, cluster: Cluster, work: Work) -> _Usual | None:
    """Return how a listener is where the plan knows it, None where it does not know it."""
    role, version = work.role(cluster), work.version(cluster)
    if is_application(service) or kind(service) in _GATEWAYS:
        if role and media_kind(port):
            return _Usual("primary", _TRANSPORTS["tcporudp"], is_range=True)
        return _Usual("primary", _TCP) if port.usage in SIP_USAGES else None
    if edge_service(port):
        return _Usual("external", _TCP, interface=port.interface, name=port.configured_name)
    if found := media_kind(port):
        usual = _Usual("primary", _TRANSPORTS["tcporudp"], is_range=True)
        return _outside(usual, port, cluster, work) if found == "edge" else usual
    if "health" in port.usage:
        return _Usual("primary", _TCP)
    place, row = line_of(port, role, version)
    if not row:
        return None
    side = LISTENERS[place].side or ("pstn" if port.usage == "sipclient" else "primary")
    usual = _Usual(side, frozenset(one.value for one in rows_by_id()[row].transports))
    return _outside(usual, port, cluster, work) if role == "edge" and side == "external" else usual


def _outside(usual: _Usual, port: Port, cluster: Cluster, work: Work) -> _Usual:
    """Return how a listener outside of an Edge is: where the service of its owner is that clients come to."""
    services = work.published.services_on(cluster.key)
    chief = _SERVICE_OF_OWNER.get(port.owner, "")
    found = next((one for each in services for one in each.ports if edge_service(one) == chief), port)
    name = port.configured_name and found.configured_name
    return replace(usual, side="external", interface=found.interface, name=name)


def _oddities(port: Port, usual: _Usual) -> Iterator[str]:
    """Yield how a listener differs from what plans know of it."""
    if port.side != usual.side:
        yield f"side {port.side or 'nothing'}"
    if port.interface != usual.interface:
        yield f"interface {port.interface}"
    if _TRANSPORTS.get(port.protocol) != usual.transports:
        yield f"protocol {port.protocol or 'nothing'}"
    if port.count > 1 and not usual.is_range:
        yield f"a range of {port.count} ports"
    if port.configured_name != usual.name:
        yield f"the name {port.configured_name} for others"
    published = _PUBLISHED.get(port.protocol, port.number) if port.side == "external" else port.number
    if port.configured_number not in (0, published):
        yield f"port {port.configured_number} for others"


def _stranger(port: Port, cluster: Cluster, work: Work) -> str:
    """Return what is said of a listener that the tables lack; its number may be one that is open."""
    what = f"port {port.number} on {cluster.name} is of a listener that is not known"
    version = work.version(cluster)
    row = row_that_opens(port, work.roles[cluster.key], version) if work.role(cluster) else ""
    return f"{what}; row {row} opens it" if row else f"{what}, and is in no row of its role"


def _addresses(cluster: Cluster, services: tuple[Service, ...], work: Work) -> Iterator[str]:
    ports = [port for service in services for port in service.ports]
    for machine in cluster.machines:
        for one in machine.interfaces:
            if one.address and not _is_taken(one, cluster, ports, work):
                yield f"{machine.name} has {one.address} on side {one.side} {one.number}, which no variable takes"
            elif one.nat_address and one.side != "external":
                yield f"{machine.name} is translated to {one.nat_address} on side {one.side}, which no variable takes"


def _is_taken(one: Interface, cluster: Cluster, ports: list[Port], work: Work) -> bool:
    roles = work.roles[cluster.key]
    if "edge" not in roles:
        return one.side == "primary" or (one.side == "pstn" and "mediation" in roles)
    used = {port.interface for port in ports if edge_service(port)}
    return one.side == "internal" or (one.side == "external" and one.number in used)


def _flags(cluster: Cluster, services: tuple[Service, ...], work: Work) -> Iterator[str]:
    """Yield flags of services and clusters that say something else than the roles that they come to."""
    roles = work.roles[cluster.key]
    directs = any(one.details.get("IsDirector", "").lower() == "true" for one in services if kind(one) == "registrar")
    if directs and "directors" not in roles:
        yield f"its Registrar is one of a Director, and it is {work.role(cluster) or 'none'}"
    if not cluster.is_replica and roles & {*SERVERS, "trusted_applications"}:
        yield "it has no copy of the Central Management store, and plans open the way of one"


def _usages(service: Service, work: Work) -> Iterator[str]:
    """Yield dependencies for what nothing reads: copies and backups are of some roles."""
    role = work.role(work.published.clusters[service.cluster])
    for one in (one for one in service.dependencies if one.usage != "default"):
        word = next((word for word in KNOWN_USAGES if word in one.usage), "")
        other = work.published.clusters[work.published.services[one.service].cluster]
        taken = PAIRED if word == "backup" else (*DATABASE_ROLES, "")
        if not word:
            yield f"a dependency for {one.usage} is not understood"
        elif role not in taken or (word == "backup" and work.role(other) not in PAIRED):
            yield f"{other.name} is there for {one.usage}, which no variable takes"


def _trunks(service: Service, work: Work) -> Iterator[str]:
    """Yield a trunk to a port on which no Mediation Server of its own listens."""
    given = service.details.get("MediationServerPort", "")
    listens = {port.number for one in work.published.needed((service,)) for port in one.ports}
    if given not in ("", "0", *map(str, listens)) and listens:
        yield f"its trunk ends at port {given} of Mediation Servers, which listen elsewhere"


def _web(services: tuple[Service, ...]) -> Iterator[str]:
    """Yield farms of Office Web Apps that are found on another port than the catalogue's."""
    for url in (one.details.get("DiscoveryUrl", "") for one in services if kind(one) == "wacservice"):
        try:
            found = urlsplit(url)
            if found.scheme.lower() == "https" and found.port in (None, 443):
                continue
        except ValueError:
            pass
        yield f"it is found at {url or 'no URL'}, and plans open port 443 of https"
