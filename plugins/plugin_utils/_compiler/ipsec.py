# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Catalogue x topology x host -> IPsec exemptions, the fewest that mean exactly what the rows say.

A connection security rule has two endpoints and no direction, so an inbound row and the outbound row with the
endpoints swapped are one rule; a rule holds for one protocol, so "UDP and TCP" is two.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from .._base.addresses import ANY, ANY_PORT, AddressSet, PortSet
from .._catalogue.model import CLIENT_RANGES, Catalogue, Interface, IpsecRow, Peer, Transport
from .._inventory.model import Host, MemberState, Topology
from .._plan.model import IpsecExemption, MediaFlow, MirrorPeer, NotOpened, row_order
from .firewall import bound_address, host_ports, joined, media_range, narrow_client_range, row_names
from .peers import Directory, own_addresses

# The A/V Edge takes STUN on UDP 3478 and on a TCP port that is 443 inside.
_EDGE_STUN = {Transport.TCP: 443, Transport.UDP: 3478}
_MEDIA_NAMES = ("audio", "video", "application_sharing")
# Servers that exchange media and may be under somebody else's Group Policy. Phones and gateways are under none.
_MEDIA_ROLES = frozenset(
    {"frontend", "standard_edition", "av_conferencing", "mediation", "edge", "exchange_um", "sba"}
)


@dataclass(frozen=True)
class HostExemptions:
    """The exemptions of one host, the rows that give none, its media, and who would drop media without a mirrored
    exemption.
    """

    exemptions: tuple[IpsecExemption, ...] = ()
    not_opened: tuple[NotOpened, ...] = ()
    media: tuple[MediaFlow, ...] = ()
    mirror_peers: tuple[MirrorPeer, ...] = ()


class IpsecPolicy:
    """Makes the IPsec exemptions of hosts."""

    def __init__(self, catalogue: Catalogue, directory: Directory) -> None:
        self._rows = catalogue.ipsec
        self._directory = directory
        self._topology = directory.topology

    def host_exemptions(self, host: Host) -> HostExemptions:
        """Return the exemptions of one host, in the catalogue's order; none for a retired host."""
        if host.member_state is MemberState.RETIRED:
            return HostExemptions()
        every = [row for row in self._rows if self._applies(row, host)]
        rows = [row for row in every if row.enabled]
        closed = {row.id: why for row in rows if (why := _explain_no_exemption(row, host))}
        not_opened = sorted(
            NotOpened(name, closed[row.id], row.id)
            for row in rows
            if row.id in closed
            for name in row_names(row.rows, row.id)
        )
        opened = [row for row in rows if row.id not in closed]
        exemptions = _merge_equal_items(
            self._exemption(row, host, transport) for row in opened for transport in row.transports
        )
        media = _merge_equal_items(
            self._media_flow(row, host, transport) for row in every for transport in row.transports
        )
        return HostExemptions(exemptions, tuple(not_opened), media, self._mirror_peers(host) if exemptions else ())

    def _applies(self, row: IpsecRow, host: Host) -> bool:
        if host.version not in row.versions:
            return False
        return any(self._directory.is_member(host, name) for name in row.components.get(host.version, ()))

    def _exemption(self, row: IpsecRow, host: Host, transport: Transport) -> IpsecExemption:
        return IpsecExemption(
            name=f"Lync exempt {row.id} ({transport.value.upper()})",
            rows=row_names(row.rows, row.id),
            services=tuple(filter(None, [row.name])),
            peer_classes=self._directory.peer_roles([Peer(row.peer_class)], host.features),
            protocol=transport.value,
            localip=self._local(row, host).to_text(),
            remoteip=remote_networks(self._topology).to_text(),
            localport=self._local_port(row, host, transport).to_text(),
            remoteport=ANY_PORT.to_text(),
            description=row.note,
        )

    def _local(self, row: IpsecRow, host: Host) -> AddressSet:
        """Return the addresses of the server that a row names; those of a Mediation Server include the one towards the
        gateways.
        """
        roles = {role for name in row.components.get(host.version, ()) for role in self._directory.roles_of(name)}
        return bound_address(row.interface, host) or (
            host.addresses | host.pstn_address if "mediation" in roles else host.addresses
        )

    def _media_flow(self, row: IpsecRow, host: Host, transport: Transport) -> MediaFlow:
        """Return the media of a row, with whomever it is exchanged."""
        ports = _media_port_set(row, host, transport).to_text()
        return MediaFlow(
            row_names(row.rows, row.id),
            transport.value,
            self._local(row, host).to_text(),
            ANY.to_text(),
            ports,
            ANY_PORT.to_text(),
        )

    def _local_port(self, row: IpsecRow, host: Host, transport: Transport) -> PortSet:
        is_limited = row.local_port is not None or self._topology.ipsec_ports == "media"
        return _media_port_set(row, host, transport) if is_limited else ANY_PORT

    def _mirror_peers(self, host: Host) -> tuple[MirrorPeer, ...]:
        """Return the clients, and the unmanaged servers that exchange media, as far as exemptions concern them."""
        known = remote_networks(self._topology)
        peers = (
            ("clients", self._directory.clients(host) & known),
            *((name, addresses & known) for name, addresses in self._unmanaged),
        )
        return tuple(
            MirrorPeer(name, addresses.to_text()) for name, addresses in peers if addresses and name != host.name
        )

    @cached_property
    def _unmanaged(self) -> tuple[tuple[str, AddressSet], ...]:
        hosts = (host for host in self._topology.hosts.values() if not host.managed and host.roles & _MEDIA_ROLES)
        return tuple(
            (host.name, own_addresses([host]))
            for host in sorted(hosts, key=lambda host: host.name)
            if host.is_alive
        )


def remote_networks(topology: Topology) -> AddressSet:
    """Return whom exemptions may concern: lync_ipsec_remote_networks, any address when it is not set."""
    return topology.ipsec_remote_networks or ANY


_Made = TypeVar("_Made", IpsecExemption, MediaFlow)


def _merge_equal_items(items: Iterable[_Made]) -> tuple[_Made, ...]:
    """Return the items with those that say the same made one, under the first one's name, with the rows of all."""
    made: dict[tuple[object, ...], _Made] = {}
    for item in items:
        key = (item.protocol, item.localip, item.localport, item.remoteip, item.remoteport)
        twin = made.get(key)
        made[key] = item if twin is None else _merge_origins(twin, item)
    return tuple(made.values())


def _merge_origins(one: _Made, other: _Made) -> _Made:
    """Return an item with the provenance of both."""
    names = ("services", "peer_classes") if isinstance(one, IpsecExemption) else ()
    origin: dict[str, Any] = {name: joined(getattr(one, name), getattr(other, name)) for name in names}
    return replace(one, rows=_join_rows(one.rows, other.rows), **origin)


def _join_rows(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}, key=row_order))


def _media_port_set(row: IpsecRow, host: Host, transport: Transport) -> PortSet:
    """Return the ports on which a host has the media of a row."""
    if row.local_port is not None and row.local_port.media == "client":
        return functools.reduce(operator.or_, (media_range(name, host) for name in CLIENT_RANGES))
    if row.local_port is not None:
        return host_ports(row.local_port, host) or ANY_PORT
    if "edge" in host.roles:
        is_outside = transport is Transport.TCP and row.interface is Interface.AV
        return host.media_ports["edge"] | PortSet.of(host.edge_ports["av"] if is_outside else _EDGE_STUN[transport])
    names = _MEDIA_NAMES if transport is Transport.TCP else _MEDIA_NAMES[:2]
    return functools.reduce(operator.or_, (host.media_ports[name] for name in names))


def _explain_no_exemption(row: IpsecRow, host: Host) -> str:
    if row.features and not host.features.intersection(row.features):
        return f"feature {' or '.join(row.features)} is not in lync_features"
    if row.local_port is not None and row.local_port.media == "client" and not _is_narrow(host):
        return "no client media range is configured: set lync_media_ports.client to a range narrower than 1024-65535"
    return ""


def _is_narrow(host: Host) -> bool:
    return all(narrow_client_range(host, name) for name in CLIENT_RANGES)
