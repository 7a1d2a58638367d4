# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Catalogue x topology x host -> IPsec exemptions, the fewest that mean exactly what the rows say.

A connection security rule has two endpoints and no direction, so an inbound row and the outbound row with the
endpoints swapped are one rule; a rule holds for one protocol, so "UDP and TCP" is two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..addresses import ANY, AddressSet
from ..catalogue.model import Catalogue, IpsecRow, Transport
from ..ports import ANY as ANY_PORT
from ..ports import PortSet
from ..topology.model import Host, MemberState, Topology
from .directory import Directory
from .firewall import bound_address, host_ports, narrow_client_range, row_names
from .model import IpsecExemption, NotOpened, row_order

_EDGE_RELAY = PortSet.parse([443, 3478, "50000-59999"])
_MEDIA_NAMES = ("audio", "video", "application_sharing")


@dataclass(frozen=True)
class HostExemptions:
    """The exemptions of one host and the rows that give none."""

    exemptions: tuple[IpsecExemption, ...] = ()
    not_opened: tuple[NotOpened, ...] = ()


class IpsecPolicy:
    """Makes the IPsec exemptions of hosts."""

    def __init__(self, catalogue: Catalogue, directory: Directory) -> None:
        self._rows = [row for row in catalogue.ipsec if row.enabled]
        self._directory = directory
        self._topology = directory.topology

    def host_exemptions(self, host: Host) -> HostExemptions:
        """Return the exemptions of one host, in the catalogue's order; none for a retired host."""
        if host.member_state is MemberState.RETIRED:
            return HostExemptions()
        rows = [row for row in self._rows if self._applies(row, host)]
        closed = {row.id: why for row in rows if (why := _closed_because(row, host))}
        made: dict[tuple[object, ...], IpsecExemption] = {}
        for row in rows:
            if row.id not in closed:
                self._add(row, host, made)
        not_opened = sorted(NotOpened(name, closed[row.id]) for row in rows if row.id in closed for name in row_names(row.rows, row.id))
        return HostExemptions(tuple(made.values()), tuple(not_opened))

    def _applies(self, row: IpsecRow, host: Host) -> bool:
        if host.version not in row.versions:
            return False
        return any(self._directory.is_member(host, name) for name in row.components.get(host.version, ()))

    def _add(self, row: IpsecRow, host: Host, made: dict[tuple[object, ...], IpsecExemption]) -> None:
        for transport in row.transports:
            rule = self._exemption(row, host, transport)
            key = (rule.protocol, rule.localip, rule.localport, rule.remoteip, rule.remoteport)
            twin = made.get(key)
            made[key] = replace(twin, rows=tuple(sorted({*twin.rows, *rule.rows}, key=row_order))) if twin else rule

    def _exemption(self, row: IpsecRow, host: Host, transport: Transport) -> IpsecExemption:
        local = bound_address(row.interface, host) or host.addresses
        return IpsecExemption(
            name=f"Lync exempt {row.id} ({transport.value.upper()})",
            rows=row_names(row.rows, row.id),
            protocol=transport.value,
            localip=local.to_text(),
            remoteip=remote_networks(self._topology).to_text(),
            localport=self._local_port(row, host, transport).to_text(),
            remoteport=ANY_PORT.to_text(),
            description=row.note,
        )

    def _local_port(self, row: IpsecRow, host: Host, transport: Transport) -> PortSet:
        if row.local_port is not None:
            return host_ports(row.local_port, host) or ANY_PORT
        if self._topology.ipsec_ports != "media":
            return ANY_PORT
        return _EDGE_RELAY if "edge" in host.roles else _media_ports(host, transport)


def remote_networks(topology: Topology) -> AddressSet:
    """Return whom exemptions may concern: lync_ipsec_remote_networks, any address when it is not set."""
    return topology.ipsec_remote_networks or ANY


def _media_ports(host: Host, transport: Transport) -> PortSet:
    names = _MEDIA_NAMES if transport is Transport.TCP else _MEDIA_NAMES[:2]
    ports = PortSet()
    for name in names:
        ports |= PortSet.of(*host.media_ports[name])
    return ports


def _closed_because(row: IpsecRow, host: Host) -> str:
    if row.features and not host.features.intersection(row.features):
        return f"feature {' or '.join(row.features)} is not in lync_features"
    if row.local_port is not None and row.local_port.media == "client" and not narrow_client_range(host):
        return "no client media range is configured: set lync_media_ports.client to a range narrower than 1024-65535"
    return ""
