# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topology -> DNS records: pool names, web names, simple URLs, and the names by which clients and partners find the
deployment.

Internal view: a pool's name resolves to its VIP (hlb), to its active members (dns) or to its server (none); web names
to the web VIP. External view: web names and simple URLs resolve to the reverse proxies, the Edge's names to its public
addresses. What exists once in a deployment belongs to its home pool or, outside, to the Edge pool that clients of the
SIP domain try first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._base.addresses import AddressSet
from .._inventory.model import DnsServer, Host, Pool, Topology
from .._inventory.naming import (
    EXTERNAL,
    INTERNAL,
    OF_PARTNERS,
    common_names,
    edge_pools,
    federation_pool,
    home_pool,
    inside_addresses,
    pool_addresses,
    private_addresses,
    proxy_addresses,
    public_addresses,
    serving,
    site_pools,
)
from .._plan.model import DnsRecord
from .ports import PoolPorts

_TYPES = {4: "A", 6: "AAAA"}
_NTP_PORT = 123
_PRIORITY_STEP = 10
_WEB_ROLES = frozenset(("frontend", "standard_edition", "directors"))


class DnsPolicy:
    """Makes the DNS records of pools."""

    def __init__(self, topology: Topology, pool_ports: PoolPorts) -> None:
        self._topology = topology
        self._pool_ports = pool_ports
        self._proxies = proxy_addresses(topology)
        self._inner_zones = _inner_zones(topology)

    def pool_records(self, pool: Pool) -> tuple[DnsRecord, ...]:
        """Return the records of one pool, by view, name and type; none when nobody of it takes traffic."""
        members = serving(pool, self._topology)
        if not members:
            return ()
        records = [*self._own_names(pool), *self._extra_records(pool)]
        if pool.role == "edge":
            records += self._edge_names(pool, members)
        for domain in self._topology.sip_domains:
            if home_pool(self._topology, domain) is pool:
                records += self._domain_inside(pool, domain)
        records += self._common_names(pool)
        return tuple(sorted(set(records), key=lambda record: (record.view, record.name, record.type)))

    def _own_names(self, pool: Pool) -> Iterator[DnsRecord]:
        if pool.role != "reverse_proxy" and "." in pool.name:
            yield from self._addresses(pool.name, pool_addresses(pool, self._topology), INTERNAL)
        if pool.web_fqdn:
            yield from self._addresses(pool.web_fqdn, self._web_addresses(pool), INTERNAL)
        if pool.external_web_fqdn:
            yield from self._published(pool.external_web_fqdn, pool)

    def _published(self, name: str, pool: Pool) -> Iterator[DnsRecord]:
        """Yield an external web name: outside, and inside where the inside has its zone, since mobile clients use the
        external name wherever they are. A name that the inside has for the pool itself stays there what it is.
        """
        outside = self._proxies or pool.external_web_nat_vip or pool.external_web_vip
        yield from self._addresses(name, outside, EXTERNAL)
        if self._is_split(name) and name not in (pool.web_fqdn, pool.name):
            yield from self._addresses(name, outside, INTERNAL)

    def _common_names(self, pool: Pool) -> Iterator[DnsRecord]:
        """Yield simple URLs and client discovery, which exist once in a deployment."""
        for name in common_names(pool, self._topology, INTERNAL):
            yield from self._addresses(name, self._web_addresses(pool), INTERNAL)
        for name in common_names(pool, self._topology, EXTERNAL):
            outside = self._proxies or pool.external_web_nat_vip or pool.external_web_vip
            yield from self._addresses(name, outside, EXTERNAL)

    def _domain_inside(self, pool: Pool, domain: str) -> Iterator[DnsRecord]:
        """Yield the names of a SIP domain inside; clients and phones trust the target of an SRV record only in the
        domain itself.
        """
        sip = f"sip.{domain}"
        yield from self._addresses(sip, pool_addresses(pool, self._topology), INTERNAL)
        yield from self._addresses(f"ucupdates-r2.{domain}", self._web_addresses(pool), INTERNAL)
        targets = [(pool, _in_domain(pool.name, domain) or sip)]
        targets += [(each, _in_domain(each.name, domain)) for each in site_pools(self._topology, domain, INTERNAL)]
        ports = [(self._pool_ports.of(each, "sip"), target) for each, target in targets]
        yield self._srv(f"_sipinternaltls._tcp.{domain}", ports, INTERNAL)
        if self._topology.time_server:
            yield self._srv(f"_ntp._udp.{domain}", [(_NTP_PORT, self._topology.time_server)], INTERNAL)

    def _edge_names(self, pool: Pool, members: list[Host]) -> Iterator[DnsRecord]:
        for host in members:
            # Under the name of a pool stands the pool.
            if "." in host.fqdn and host.fqdn not in self._topology.pools:
                yield from self._addresses(host.fqdn, inside_addresses([host]), INTERNAL)
        taken = {f"sip.{domain}" for domain in self._topology.sip_domains}
        for service, name in pool.external_fqdns.items():
            public = public_addresses(pool, service, self._topology)
            yield from self._addresses(name, public, EXTERNAL)
            if self._is_split(name) and name not in taken and name != pool.name:
                yield from self._addresses(name, public, INTERNAL)
        for domain in self._topology.sip_domains:
            if edge_pools(self._topology, domain)[0] is pool:
                yield from self._domain_outside(pool, domain)
            if federation_pool(self._topology, domain) is pool:
                yield from self._partners(pool, members[0], domain)

    def _domain_outside(self, pool: Pool, domain: str) -> Iterator[DnsRecord]:
        """Yield the names of a SIP domain outside; further Edge pools are the next choices, by names in the domain."""
        found = edge_pools(self._topology, domain)
        sip, names = f"sip.{domain}", {each.external_fqdns.get("access") for each in found if each is not pool}
        if sip not in names:
            yield from self._addresses(sip, public_addresses(pool, "access", self._topology), EXTERNAL)
        targets = [(each, _in_domain(each.external_fqdns.get("access", ""), domain)) for each in found]
        targets[0] = (pool, targets[0][1] or sip)
        ports = [(self._access_port(each), target) for each, target in targets]
        yield self._srv(f"_sip._tls.{domain}", ports, EXTERNAL)

    def _partners(self, pool: Pool, member: Host, domain: str) -> Iterator[DnsRecord]:
        """Yield by what partners find a SIP domain, and mobile clients inside the way of their notifications; there,
        sip.DOMAIN is the home pool, so the Edge pool's own name stands for the Access Edge.
        """
        sip = f"sip.{domain}"
        access = _in_domain(pool.external_fqdns.get("access", ""), domain) or sip
        inside = access if access != sip else _in_domain(pool.name, domain) or sip
        for each in OF_PARTNERS:
            if each.applies_to(member):
                port = self._pool_ports.of(pool, each.listener)
                yield self._srv(f"{each.label}.{domain}", [(port, access)], EXTERNAL)
        if OF_PARTNERS[0].applies_to(member) and self._has_mobile_clients():
            port = self._pool_ports.of(pool, OF_PARTNERS[0].listener)
            yield self._srv(f"{OF_PARTNERS[0].label}.{domain}", [(port, inside)], INTERNAL)

    def _has_mobile_clients(self) -> bool:
        return any("mobility" in host.features and host.roles & _WEB_ROLES for host in self._topology.hosts.values())

    def _access_port(self, pool: Pool) -> int:
        return self._topology.hosts[pool.members[0]].edge_ports["access"]

    def _extra_records(self, pool: Pool) -> Iterator[DnsRecord]:
        for each in self._topology.extra_records:
            if each.pool == pool.name:
                zone = each.zone or self._zone(each.name, each.view)
                yield DnsRecord(each.name, each.type, each.values, zone, each.view, each.ttl)

    def _web_addresses(self, pool: Pool) -> AddressSet:
        return pool.web_vip or pool_addresses(pool, self._topology)

    def _is_split(self, name: str) -> bool:
        """Return whether the inside has a zone that holds a name, so that it must answer what is outside too."""
        return any(name.lower().endswith(f".{zone}") for zone in self._inner_zones)

    def _addresses(self, name: str, addresses: AddressSet, view: str) -> Iterator[DnsRecord]:
        """Yield the records of a name; the outside is never told an address that only the inside has."""
        found = addresses - private_addresses() if view == EXTERNAL else addresses
        for family, record_type in _TYPES.items():
            values = found.of_families(frozenset({family})).each()
            if values:
                yield DnsRecord(name, record_type, values, self._zone(name, view), view)

    def _srv(self, name: str, targets: Sequence[tuple[int, str]], view: str) -> DnsRecord:
        """Return an SRV record; several targets are tried one after the other."""
        found = [(port, target) for port, target in targets if target]
        first = _PRIORITY_STEP if len(found) > 1 else 0
        values = [f"{first + _PRIORITY_STEP * place} 0 {port} {target}" for place, (port, target) in enumerate(found)]
        return DnsRecord(name, "SRV", tuple(sorted(values)), self._zone(name, view), view)

    def _zone(self, name: str, view: str) -> str:
        return zone_of(name, view, self._topology.dns_servers)


def _in_domain(name: str, domain: str) -> str:
    """Return a name when it is in a domain, else nothing."""
    return name if name.endswith(f".{domain}") else ""


def _inner_zones(topology: Topology) -> frozenset[str]:
    """Return the zones that the inside has: of its servers, of SIP domains, and those of the pools' own names."""
    zones = {zone for server in topology.dns_servers if server.view == INTERNAL for zone in server.zones}
    parents = (name.partition(".")[2] for name in topology.pools)
    return frozenset(zone.lower() for zone in (*zones, *topology.sip_domains, *parents) if zone)


def zone_of(name: str, view: str, servers: tuple[DnsServer, ...]) -> str:
    """Return the longest zone of the view's servers that holds a name, else the name's parent domain."""
    zones = {zone for server in servers if server.view == view for zone in server.zones}
    lower = name.lower()
    holding = [zone for zone in zones if lower == zone or lower.endswith("." + zone)]
    if holding:
        return max(holding, key=lambda zone: (len(zone), zone))
    if name.startswith("_"):
        return ".".join(label for label in name.split(".") if not label.startswith("_"))
    return name.partition(".")[2] or name
