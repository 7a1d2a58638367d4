# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topology -> DNS records: pool names, web names, simple URLs, and the names by which clients and partners find the
deployment.

Internal view: a pool's name resolves to its VIP (hlb), to its active members (dns) or to its server (none); web names
to the web VIP. External view: web names and simple URLs resolve to the reverse proxies, the Edge's names to its public
addresses. What exists once in a deployment belongs to its home pool or, outside, to its first Edge pool.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._base.addresses import AddressSet
from .._inventory.meaning import has_feature
from .._inventory.model import (
    EXTERNAL,
    INTERNAL,
    DnsServer,
    Host,
    MemberState,
    Method,
    Pool,
    Topology,
    autodiscover_name,
    home_pool,
    simple_url_names,
)
from .._plan.model import DnsRecord

_TYPES = {4: "A", 6: "AAAA"}
_SIP_PORT = 5061


@dataclass(frozen=True)
class _Discovery:
    """An SRV record of a SIP domain in the external view: its label, its port, and when it is made.

    port: None for that of the Access Edge service. features: one of them is on, and the version has it; empty for
    always.
    """

    label: str
    port: int | None
    features: frozenset[str] = frozenset()

    def applies_to(self, member: Host) -> bool:
        """Return whether an Edge Server like this member needs the record."""
        return not self.features or any(has_feature(member, feature) for feature in self.features)


_EDGE_DISCOVERY = (
    _Discovery("_sip._tls", None),
    _Discovery("_sipfederationtls._tcp", _SIP_PORT, frozenset({"federation", "public_im"})),
    _Discovery("_xmpp-server._tcp", 5269, frozenset({"xmpp"})),
)


class DnsPolicy:
    """Makes the DNS records of pools."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        proxies = [host for host in topology.hosts.values() if "reverse_proxy" in host.roles and _is_active(host)]
        self._proxies = AddressSet.union_of(_proxy_address(host, topology) for host in proxies)
        self._home = home_pool(topology)
        self._edge = next(
            (pool for pool in topology.pools.values() if pool.role == "edge" and self._serving(pool)), None
        )

    def pool_records(self, pool: Pool) -> tuple[DnsRecord, ...]:
        """Return the records of one pool, by view, name and type; none when nobody of it takes traffic."""
        members = self._serving(pool)
        if not members:
            return ()
        records = [] if pool.role == "reverse_proxy" else list(self._own_names(pool))
        if pool.role == "edge":
            records += self._edge_names(pool, members[0])
        if self._home is pool:
            records += self._home_names(pool, members[0])
        return tuple(sorted(set(records), key=lambda record: (record.view, record.name, record.type)))

    def _own_names(self, pool: Pool) -> Iterator[DnsRecord]:
        yield from self._addresses(pool.name, self._pool_addresses(pool), INTERNAL)
        if pool.web_fqdn:
            yield from self._addresses(pool.web_fqdn, self._web_addresses(pool), INTERNAL)
        if pool.external_web_fqdn:
            yield from self._addresses(pool.external_web_fqdn, self._proxies or pool.external_web_vip, EXTERNAL)

    def _home_names(self, pool: Pool, member: Host) -> Iterator[DnsRecord]:
        """Yield simple URLs and client discovery, which exist once in a deployment."""
        for name in simple_url_names(self._topology):
            yield from self._addresses(name, self._web_addresses(pool), INTERNAL)
            yield from self._addresses(name, self._proxies, EXTERNAL)
        for domain in self._topology.sip_domains:
            yield self._srv(f"_sipinternaltls._tcp.{domain}", _SIP_PORT, pool.name, INTERNAL)
            for name in autodiscover_name(member, domain, INTERNAL):
                yield from self._addresses(name, self._web_addresses(pool), INTERNAL)
            for name in autodiscover_name(member, domain, EXTERNAL):
                yield from self._addresses(name, self._proxies or pool.external_web_vip, EXTERNAL)

    def _edge_names(self, pool: Pool, member: Host) -> Iterator[DnsRecord]:
        for service, name in pool.external_fqdns.items():
            yield from self._addresses(name, self._public_addresses(pool, service), EXTERNAL)
        if pool is self._edge:
            for domain in self._topology.sip_domains:
                yield from self._domain_names(pool, member, domain)

    def _domain_names(self, pool: Pool, member: Host, domain: str) -> Iterator[DnsRecord]:
        """Yield the names of a SIP domain outside; a client trusts the target of an SRV record only in the domain."""
        sip, access = f"sip.{domain}", pool.external_fqdns.get("access", "")
        yield from self._addresses(sip, self._public_addresses(pool, "access"), EXTERNAL)
        for each in _EDGE_DISCOVERY:
            if each.applies_to(member):
                target = access if access.endswith(f".{domain}") else sip
                yield self._srv(f"{each.label}.{domain}", each.port or member.edge_ports["access"], target, EXTERNAL)

    def _pool_addresses(self, pool: Pool) -> AddressSet:
        if pool.method is Method.HLB:
            return pool.vip
        return AddressSet.union_of(host.internal_address or host.addresses for host in self._serving(pool))

    def _web_addresses(self, pool: Pool) -> AddressSet:
        return pool.web_vip or self._pool_addresses(pool)

    def _public_addresses(self, pool: Pool, service: str) -> AddressSet:
        return pool.external_vips.get(service) or AddressSet.union_of(
            _translated_addresses(host, service) for host in self._serving(pool)
        )

    def _serving(self, pool: Pool) -> list[Host]:
        """Return the members that DNS leads to; behind a balancer, which picks the active ones itself, all that are
        not retired.
        """
        members = [self._topology.hosts[name] for name in pool.members]
        if pool.method is Method.HLB:
            return [host for host in members if _is_not_retired(host)]
        return [host for host in members if _is_active(host)]

    def _addresses(self, name: str, addresses: AddressSet, view: str) -> Iterator[DnsRecord]:
        for family, record_type in _TYPES.items():
            values = addresses.of_families(frozenset({family})).each()
            if values:
                yield DnsRecord(name, record_type, values, self._zone(name, view), view)

    def _srv(self, name: str, port: int, target: str, view: str) -> DnsRecord:
        return DnsRecord(name, "SRV", (f"0 0 {port} {target}",), self._zone(name, view), view)

    def _zone(self, name: str, view: str) -> str:
        return zone_of(name, view, self._topology.dns_servers)


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


def _is_active(host: Host) -> bool:
    return host.member_state is MemberState.ACTIVE


def _is_not_retired(host: Host) -> bool:
    return host.member_state is not MemberState.RETIRED


def _proxy_address(host: Host, topology: Topology) -> AddressSet:
    """Return where the Internet reaches a reverse proxy: the virtual address of its pool where a balancer has one."""
    pool = topology.pools.get(host.pool or "")
    return pool.vip if pool and pool.role == "reverse_proxy" and pool.method is Method.HLB else _outside_addresses(host)


def _outside_addresses(host: Host) -> AddressSet:
    return host.external_address or host.addresses


def _translated_addresses(host: Host, service: str) -> AddressSet:
    return host.external_nat_addresses.get(service) or host.external_addresses[service]
