# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a topology says of the servers of a cluster and no variable says: each is a note with its place.

    note_leftovers(cluster, work)

Only what the other parts of the mapping read is not told here; both are to be kept together.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from .draft import Work
from .listeners import EDGE_LISTENERS
from .model import Cluster, Interface, Port, Service
from .roles import kind

_TRANSPORTS = frozenset({"mtls", "tls", "tcp", "udp", "tcporudp", "http", "https"})
# The ports on which reverse proxies publish, by the protocol of a web site outside.
_PUBLISHED = {"http": 80, "https": 443}


def note_leftovers(cluster: Cluster, work: Work) -> None:
    """Note addresses, ports and names of a cluster that nothing else takes up."""
    services = work.published.services_on(cluster.key)
    ports = [port for service in services for port in service.ports]
    for text in (*_addresses(cluster, ports, work), *_trunks(services, work), *_web(services)):
        work.note(cluster.place, text)
    for port in ports:
        if port.protocol not in _TRANSPORTS:
            work.note(port.where, f"protocol {port.protocol or 'nothing'} is not understood")
        usual = _PUBLISHED.get(port.protocol, port.number) if port.side == "external" else port.number
        if port.configured_number not in (0, usual):
            work.note(port.where, f"clients come to port {port.configured_number}, and plans have {usual}")


def _addresses(cluster: Cluster, ports: list[Port], work: Work) -> Iterator[str]:
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
    listeners = (port for port in ports if (port.owner.rpartition(":")[2], port.usage, port.protocol) in EDGE_LISTENERS)
    used = {port.interface for port in listeners if port.side == "external"}
    return one.side == "internal" or (one.side == "external" and one.number in used)


def _trunks(services: tuple[Service, ...], work: Work) -> Iterator[str]:
    """Yield trunks to a port on which no Mediation Server of theirs listens."""
    for service in services:
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
