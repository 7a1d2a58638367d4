# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which pools answer the names that a deployment has once, and where the Internet reaches them: simple URLs, discovery
of clients, SIP domains inside and outside.

    home_pool(topology, "contoso.com")        # where clients of the domain sign in first
    edge_pools(topology, "contoso.com")       # through which they come from outside, the first choice first

What lync_home_pools does not say follows from the topology and never from the order of a mapping.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from .._base.addresses import AddressSet
from .._catalogue.model import Version
from .meaning import has_feature
from .model import Home, Host, MemberState, Method, Pool, Topology

INTERNAL, EXTERNAL = "internal", "external"
# Autodiscover of clients, per view; 2010 has it with mobility only.
_AUTODISCOVER = {INTERNAL: "lyncdiscoverinternal", EXTERNAL: "lyncdiscover"}
_SIGN_IN_ROLES = ("frontend", "standard_edition")
# The Control Panel is for the inside: no table of external names has its URL.
_INSIDE_ONLY = ("admin",)
EVERY_DOMAIN = "*"
_PRIVATE = (
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",
    "fe80::/10",
)  # fmt: skip


@dataclass(frozen=True)
class Discovery:
    """An SRV record by which partners find a SIP domain: its label, where its port is from, and when it is made.

    listener: of the Edge's row in the catalogue. features: one of them is on, and the version has it.
    """

    label: str
    listener: str
    features: tuple[str, ...]

    def applies_to(self, member: Host) -> bool:
        """Return whether an Edge Server like this member needs the record."""
        return any(has_feature(member, feature) for feature in self.features)


OF_PARTNERS = (
    Discovery("_sipfederationtls._tcp", "federation", ("federation", "public_im")),
    Discovery("_xmpp-server._tcp", "xmpp", ("xmpp",)),
)


@functools.cache
def private_addresses() -> AddressSet:
    """Return what no record of the external view may lead to: addresses that the Internet does not route."""
    return AddressSet.parse(_PRIVATE)


def sip_domain_of(name: str, topology: Topology) -> str:
    """Return the longest SIP domain that a name is in, empty for none."""
    holding = [domain for domain in topology.sip_domains if name == domain or name.endswith(f".{domain}")]
    return max(holding, key=len, default="")


def home_pool(topology: Topology, domain: str = "") -> Pool | None:
    """Return the pool that clients of a SIP domain sign in to first: as lync_home_pools says, else the default one."""
    named = topology.pools.get(home_of(topology, domain).internal or "")
    if named is not None and _alive(named, topology):
        return named
    candidates = home_candidates(topology)
    central = [pool for pool in candidates if pool.name == topology.central_management_pool]
    return next(iter(central or candidates), None)


def home_candidates(topology: Topology) -> list[Pool]:
    """Return the pools that clients may sign in to first, by name: those of Directors where there are any."""
    pools = topology.living_pools
    directors = [pool for pool in pools if pool.role == "directors"]
    return directors or [pool for pool in pools if pool.role in _SIGN_IN_ROLES]


def home_of(topology: Topology, domain: str) -> Home:
    """Return what lync_home_pools says of a SIP domain, or of all of them."""
    return topology.home_pools.get(domain) or topology.home_pools.get(EVERY_DOMAIN) or Home()


def site_pools(topology: Topology, domain: str, view: str) -> list[Pool]:
    """Return the pools that lync_home_pools has for sites, by site."""
    sites = home_of(topology, domain).sites
    names = [getattr(sites[site], view) for site in sorted(sites)]
    return [topology.pools[name] for name in names if name in topology.pools]


def edge_pools(topology: Topology, domain: str) -> list[Pool]:
    """Return the Edge pools with somebody at work, in the order in which clients of a SIP domain should try them."""
    pools = [pool for pool in topology.pools.values() if pool.role == "edge" and serving(pool, topology)]
    first = home_of(topology, domain).external
    sites = [pool.name for pool in site_pools(topology, domain, EXTERNAL)]
    return sorted(pools, key=lambda pool: (pool.name != first, pool.name not in sites, pool.name))


def federation_pool(topology: Topology, domain: str) -> Pool | None:
    """Return the Edge pool that partners of a SIP domain come to: lync_federation_pool, else the first one."""
    found = edge_pools(topology, domain)
    named = [pool for pool in found if pool.name == topology.federation_pool]
    return next(iter(named or found), None)


def serving(pool: Pool, topology: Topology) -> list[Host]:
    """Return the members that DNS leads to; behind a balancer, which picks the active ones itself, all that are not
    retired.
    """
    states = set(MemberState) - {MemberState.RETIRED} if pool.method is Method.HLB else {MemberState.ACTIVE}
    return [host for host in map(topology.hosts.__getitem__, pool.members) if host.member_state in states]


def simple_url_names(topology: Topology, view: str = INTERNAL) -> tuple[str, ...]:
    """Return the host names of the simple URLs that a view has, sorted."""
    kinds = [kind for kind in topology.simple_urls if view == INTERNAL or kind not in _INSIDE_ONLY]
    urls = (url for kind in kinds for url in topology.simple_urls[kind])
    names = (urlsplit(url if "//" in url else f"//{url}").hostname for url in urls)
    return tuple(sorted({name for name in names if name}))


def autodiscover_name(member: Host, domain: str, view: str) -> tuple[str, ...]:
    """Return the name by which clients of a SIP domain find the web services in a view; none where members like this
    one have none.
    """
    has_it = member.version is not Version.LYNC_2010 or "mobility" in member.features
    return (f"{_AUTODISCOVER[view]}.{domain}",) if has_it else ()


def common_names(pool: Pool, topology: Topology, view: str) -> tuple[str, ...]:
    """Return the simple URLs and names of discovery that a pool answers in a view, sorted."""
    members = [host for host in map(topology.hosts.__getitem__, pool.members) if host.is_alive]
    names = [
        name
        for name in simple_url_names(topology, view) if home_pool(topology, sip_domain_of(name, topology)) is pool
    ]  # fmt: skip
    for domain in topology.sip_domains if members else ():
        if home_pool(topology, domain) is pool:
            names += autodiscover_name(members[0], domain, view)
    return tuple(sorted(set(names))) if members else ()


def published_names(pool: Pool, topology: Topology) -> tuple[str, ...]:
    """Return the names by which clients outside reach the web services of a pool, in lower case and sorted."""
    names = [*([pool.external_web_fqdn] if pool.external_web_fqdn else []), *common_names(pool, topology, EXTERNAL)]
    return tuple(sorted({name.lower() for name in names}))


def proxy_addresses(topology: Topology) -> AddressSet:
    """Return where the Internet reaches the reverse proxies at work."""
    hosts = (host for host in topology.hosts.values() if "reverse_proxy" in host.roles)
    return AddressSet.union_of(
        proxy_address(host, topology) for host in hosts if host.member_state is MemberState.ACTIVE
    )


def proxy_address(host: Host, topology: Topology) -> AddressSet:
    """Return where the Internet reaches a reverse proxy: the virtual address of its pool where a balancer has one."""
    pool = topology.pools.get(host.pool or "")
    if pool and pool.role == "reverse_proxy" and pool.method is Method.HLB:
        return pool.external_web_nat_vip or pool.vip
    return host.external_nat_address or host.external_address or host.addresses


def public_addresses(pool: Pool, service: str, topology: Topology) -> AddressSet:
    """Return where the Internet reaches a service of an Edge pool."""
    members = serving(pool, topology)
    return pool.external_vips.get(service) or AddressSet.union_of(_translated(host, service) for host in members)


def _translated(host: Host, service: str) -> AddressSet:
    return host.external_nat_addresses.get(service) or host.external_addresses[service]


def _alive(pool: Pool, topology: Topology) -> bool:
    return any(topology.hosts[name].is_alive for name in pool.members)


def pool_addresses(pool: Pool, topology: Topology) -> AddressSet:
    """Return where the inside reaches a pool: its virtual address, or its members."""
    if pool.method is Method.HLB:
        return pool.vip
    return inside_addresses(serving(pool, topology))


def inside_addresses(hosts: Iterable[Host]) -> AddressSet:
    """Return the addresses of hosts inside."""
    return AddressSet.union_of(host.internal_address or host.addresses for host in hosts)
