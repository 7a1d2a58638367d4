# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topology -> DNS records: pool names, web names, simple URLs, and the SRV records by which clients find the pool.

Internal view: a pool's name resolves to its VIP (hlb), to its active members (dns) or to its server (none); web names
to the web VIP. External view: web names and simple URLs resolve to the reverse proxies, sip.DOMAIN to the Access Edge.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ..addresses import AddressSet
from ..topology.model import DnsServer, Host, MemberState, Method, Pool, Topology
from .model import DnsRecord

INTERNAL, EXTERNAL = "internal", "external"
_TYPES = {4: "A", 6: "AAAA"}
_FEDERATION_PORT = 5061
_SIP_PORT = 5061
_FEDERATION_FEATURES = frozenset({"federation", "public_im"})


class DnsPolicy:
    """Makes the DNS records of pools."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        hosts = topology.hosts.values()
        self._proxies = AddressSet.union_of(_outside(host) for host in hosts if "reverse_proxy" in host.roles and _active(host))
        self._home = home_pool(topology)

    def pool_records(self, pool: Pool) -> tuple[DnsRecord, ...]:
        """Return the records of one pool, by view, name and type."""
        records = list(self._own_names(pool))
        if pool.role == "edge":
            records += self._edge_names(pool)
        if self._home is pool:
            records += self._home_names(pool)
        return tuple(sorted(set(records), key=lambda record: (record.view, record.name, record.type)))

    def _own_names(self, pool: Pool) -> Iterator[DnsRecord]:
        yield from self._addresses(pool.name, self._pool_addresses(pool), INTERNAL)
        if pool.web_fqdn:
            yield from self._addresses(pool.web_fqdn, self._web_addresses(pool), INTERNAL)
        if pool.external_web_fqdn:
            yield from self._addresses(pool.external_web_fqdn, self._proxies or pool.external_web_vip, EXTERNAL)

    def _home_names(self, pool: Pool) -> Iterator[DnsRecord]:
        """Yield simple URLs and client discovery, which exist once in a deployment."""
        for name in simple_url_names(self._topology):
            yield from self._addresses(name, self._web_addresses(pool), INTERNAL)
            yield from self._addresses(name, self._proxies, EXTERNAL)
        for domain in self._topology.sip_domains:
            yield self._srv(f"_sipinternaltls._tcp.{domain}", _SIP_PORT, pool.name, INTERNAL)

    def _edge_names(self, pool: Pool) -> Iterator[DnsRecord]:
        members = self._members(pool)
        if not members:
            return
        access = pool.external_vips.get("access") or AddressSet.union_of(_public(host, "access") for host in members)
        for domain in self._topology.sip_domains:
            name = f"sip.{domain}"
            yield from self._addresses(name, access, EXTERNAL)
            yield self._srv(f"_sip._tls.{domain}", members[0].edge_ports["access"], name, EXTERNAL)
            if members[0].features & _FEDERATION_FEATURES:
                yield self._srv(f"_sipfederationtls._tcp.{domain}", _FEDERATION_PORT, name, EXTERNAL)

    def _pool_addresses(self, pool: Pool) -> AddressSet:
        if pool.method is Method.HLB:
            return pool.vip
        return AddressSet.union_of(host.internal_address or host.addresses for host in self._members(pool))

    def _web_addresses(self, pool: Pool) -> AddressSet:
        return pool.web_vip or self._pool_addresses(pool)

    def _members(self, pool: Pool) -> list[Host]:
        return [host for host in (self._topology.hosts[name] for name in pool.members) if _active(host)]

    def _addresses(self, name: str, addresses: AddressSet, view: str) -> Iterator[DnsRecord]:
        for family, record_type in _TYPES.items():
            values = addresses.of_families(frozenset({family})).each()
            if values:
                yield DnsRecord(name, record_type, values, self._zone(name, view), view)

    def _srv(self, name: str, port: int, target: str, view: str) -> DnsRecord:
        return DnsRecord(name, "SRV", (f"0 0 {port} {target}",), self._zone(name, view), view)

    def _zone(self, name: str, view: str) -> str:
        return zone_of(name, view, self._topology.dns_servers)


def home_pool(topology: Topology) -> Pool | None:
    """Return the pool that clients sign in to first: Directors, else the central management pool, else the first Front End pool."""
    pools = list(topology.pools.values())
    directors = [pool for pool in pools if pool.role == "directors"]
    central = [pool for pool in pools if pool.name == topology.central_management_pool]
    candidates = directors + central + [pool for pool in pools if pool.role in ("frontend", "standard_edition")]
    return candidates[0] if candidates else None


def simple_url_names(topology: Topology) -> tuple[str, ...]:
    """Return the host names of all simple URLs, sorted."""
    urls = (url for values in topology.simple_urls.values() for url in values)
    names = (urlsplit(url if "//" in url else f"//{url}").hostname for url in urls)
    return tuple(sorted({name for name in names if name}))


def zone_of(name: str, view: str, servers: tuple[DnsServer, ...]) -> str:
    """Return the longest zone of the view's servers that holds a name, else the name's parent domain."""
    zones = {zone for server in servers if server.view == view for zone in server.zones}
    holding = [zone for zone in zones if name == zone or name.endswith("." + zone)]
    if holding:
        return max(holding, key=lambda zone: (len(zone), zone))
    if name.startswith("_"):
        return ".".join(label for label in name.split(".") if not label.startswith("_"))
    return name.partition(".")[2] or name


def _active(host: Host) -> bool:
    return host.member_state is MemberState.ACTIVE


def _outside(host: Host) -> AddressSet:
    return host.external_address or host.addresses


def _public(host: Host, service: str) -> AddressSet:
    return host.external_nat_addresses.get(service) or host.external_addresses[service]
