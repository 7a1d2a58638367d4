# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Warnings about records of the table in docs/dns.md that the servers of a deployment have and its plan cannot make,
because an input is missing: each names the record and the input.

What a deployment does without on purpose is no input that is missing: without Edge Servers and reverse proxies nobody
comes from outside, without lync_phone_networks there are no desk phones, and the URL of the Control Panel is optional.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._base.addresses import AddressSet
from .._base.errors import Problem
from .._catalogue.model import EDGE_SERVICES
from . import pool_fields as f
from . import variables as v
from .build import Check, Draft
from .model import Host, Method, Pool
from .naming import (
    EVERY_DOMAIN,
    EXTERNAL,
    INTERNAL,
    OF_PARTNERS,
    autodiscover_name,
    edge_pools,
    federation_pool,
    home_candidates,
    pool_addresses,
    private_addresses,
    proxy_address,
    public_addresses,
    published_names,
)

_WEB_ROLES = ("directors", "frontend", "standard_edition")
_PUBLISHED_ROLES = (*_WEB_ROLES, "office_web_apps")
_NEEDED_URLS = ("meet", "dialin")  # of lync_simple_urls
_CONFERENCE_SERVICES = ("web_conferencing", "av")


def _members(pool: Pool, draft: Draft) -> list[Host]:
    return [host for host in draft.members(pool) if host.is_alive]


def _has_outside(draft: Draft) -> bool:
    """Return whether somebody comes from outside: through Edge Servers or reverse proxies."""
    roles = ("edge", "reverse_proxy")
    return any(host.is_alive for role in roles for host in draft.hosts_with(role))


def _living(draft: Draft, *roles: str) -> list[Pool]:
    return [pool for pool in draft.topology.living_pools if pool.role in roles]


def without_sip_domains(draft: Draft) -> Iterator[Problem]:
    """Warn when no SIP domain is named, so that no client is led to the servers."""
    pools = home_candidates(draft.topology)
    if draft.topology.sip_domains or not (pools or _living(draft, "edge")):
        return
    labels = ["sip", "_sipinternaltls._tcp", "ucupdates-r2", "_ntp._udp"] if pools else ["sip"]
    edges = [host for pool in _living(draft, "edge") for host in _members(pool, draft)]
    labels += ["_sip._tls"] if edges else []
    labels += [each.label for each in OF_PARTNERS if any(map(each.applies_to, edges))]
    for view in (INTERNAL, EXTERNAL) if pools else ():
        found = autodiscover_name(_members(pools[0], draft)[0], "DOMAIN", view)
        labels += [name.partition(".")[0] for name in found]
    message = f"not set, so that there are no records {', '.join(f'{label}.DOMAIN' for label in labels)}"
    yield Problem(v.SIP_DOMAINS.name, message, fix="name the domains of SIP addresses")


def without_time_server(draft: Draft) -> Iterator[Problem]:
    """Warn when phones are not told where the time is."""
    topology = draft.topology
    has_phones = any(host.phone_networks for pool in home_candidates(topology) for host in _members(pool, draft))
    if has_phones and topology.sip_domains and not topology.time_server:
        message = "not set, so that there is no record _ntp._udp, by which desk phones find the time"
        yield Problem(v.TIME_SERVER.name, message, fix="name it; without desk phones write lync_phone_networks: []")


def without_simple_urls(draft: Draft) -> Iterator[Problem]:
    """Warn about simple URLs that meetings need."""
    missing = [kind for kind in _NEEDED_URLS if not draft.topology.simple_urls.get(kind)]
    if missing and home_candidates(draft.topology):
        message = f"no record of the simple URL {' and '.join(missing)}, which {_are(missing)} not set"
        yield Problem(v.SIMPLE_URLS_OF.name, message, fix=f"add {missing[0]}: https://{missing[0]}.DOMAIN")


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def names_without_a_domain(draft: Draft) -> Iterator[Problem]:
    """Warn about pools and Edge Servers whose names cannot be in DNS."""
    pools = [pool for pool in draft.topology.living_pools if pool.role != "reverse_proxy" and "." not in pool.name]
    for pool in pools:
        fix = "give the pool its full name, in lync_pools and as lync_pool of its members"
        yield Problem(f"pool {pool.name}", "the name has no domain, so that no record leads to the pool", fix=fix)
    for host in draft.hosts_with("edge"):
        if host.is_alive and "." not in host.fqdn:
            message = "the name has no domain, so that no record leads to the server"
            yield Problem(f"host {host.name}, {v.FQDN.name}", message, fix="write its full name")


def servers_named_like_a_pool(draft: Draft) -> Iterator[Problem]:
    """Warn about servers that have the name of a pool of several servers: one name leads to the pool or to the server.
    """
    for pool in draft.topology.living_pools:
        members = _members(pool, draft)
        for host in members if len(members) > 1 else ():
            if host.fqdn.lower() == pool.name.lower():
                message = f"{host.fqdn} is the name of its pool of {len(members)} servers, so that no record is its own"
                yield Problem(f"host {host.name}, {v.FQDN.name}", message, fix="write the server's own name")


def without_web_fqdn(draft: Draft) -> Iterator[Problem]:
    """Warn about a virtual address of web services that has no name of its own, where the pool's leads elsewhere."""
    for pool in _living(draft, *_WEB_ROLES):
        apart = pool.method is not Method.NONE and pool.web_vip - pool_addresses(pool, draft.topology)
        if apart and not pool.web_fqdn:
            message = f"not set, so that no record leads to {', '.join(pool.web_vip.to_text())}, its web services"
            yield Problem(f"pool {pool.name}, {f.WEB_FQDN.name}", message, fix="write the internal web FQDN")


def without_external_web_fqdn(draft: Draft) -> Iterator[Problem]:
    """Warn about web services that nobody outside can name although people come from there."""
    for pool in _living(draft, *_PUBLISHED_ROLES) if _has_outside(draft) else ():
        if not pool.external_web_fqdn:
            message = "not set, so that no record leads to its web services from outside, and nothing publishes them"
            yield Problem(f"pool {pool.name}, {f.EXTERNAL_WEB_FQDN.name}", message, fix="write the external web FQDN")


def published_nowhere(draft: Draft) -> Iterator[Problem]:
    """Warn about names outside for which there is no public address."""
    topology = draft.topology
    proxies = [host for host in draft.hosts_with("reverse_proxy") if host.is_alive]
    published = [pool for pool in topology.living_pools if published_names(pool, topology)]
    for host in proxies if published else ():
        private = proxy_address(host, topology) & private_addresses()
        if private:
            yield _left_out(f"host {host.name}, {v.EXTERNAL_NAT_ADDRESS.name}", private, "the reverse proxy")
    for pool in published if not proxies else ():
        found = pool.external_web_nat_vip or pool.external_web_vip
        names, place = ", ".join(published_names(pool, topology)), f"pool {pool.name}, {f.EXTERNAL_WEB_NAT_VIP.name}"
        if found & private_addresses():
            yield _left_out(place, found & private_addresses(), names)
        elif not found and (_has_outside(draft) or pool.external_web_fqdn):
            message = f"no reverse proxy and no virtual address, so that no record outside leads to {names}"
            yield Problem(place, message, fix="add the reverse proxies, or write the address that publishes them")


def without_external_fqdns(draft: Draft) -> Iterator[Problem]:
    """Warn about services of Edge pools that have no name outside; sip.DOMAIN is the first pool's Access Edge."""
    found = [edge_pools(draft.topology, domain) for domain in draft.topology.sip_domains]
    first = {pools[0].name for pools in found if pools}
    for pool in edge_pools(draft.topology, ""):
        nameless = [service for service in _CONFERENCE_SERVICES if not pool.external_fqdns.get(service)]
        if nameless:
            message = f"no record outside of {' and '.join(nameless)}, which {_are(nameless)} not set"
            yield Problem(f"pool {pool.name}, {f.EXTERNAL_FQDNS.name}", message, fix="write the names that clients get")
        if pool.name not in first:
            yield from _unfound_access(pool, draft.topology.sip_domains)


def _unfound_access(pool: Pool, domains: tuple[str, ...]) -> Iterator[Problem]:
    """Yield what keeps clients from an Edge pool that sip.DOMAIN does not stand for."""
    access, place = pool.external_fqdns.get("access"), f"pool {pool.name}, {f.EXTERNAL_FQDNS.name}"
    fix = "add access, a name in the SIP domain"
    if not access:
        message = "no name outside leads to this Edge pool, so that no client comes through it"
        yield Problem(place, message, fix=fix)
    elif domains and not any(access.endswith(f".{domain}") for domain in domains):
        message = f"{access} is in no SIP domain, so that no record _sip._tls leads to this Edge pool"
        yield Problem(f"{place}.access", message, fix="write a name in the SIP domain")


def private_edges(draft: Draft) -> Iterator[Problem]:
    """Warn about services of Edge pools whose only addresses are private, and so are left out of DNS."""
    for pool in edge_pools(draft.topology, ""):
        found = {service: public_addresses(pool, service, draft.topology) for service in EDGE_SERVICES}
        private = {service: addresses & private_addresses() for service, addresses in found.items()}
        services = [service for service in EDGE_SERVICES if private[service]]
        if services:
            place = f"pool {pool.name}, {v.EXTERNAL_NAT_ADDRESSES.name}"
            yield _left_out(place, AddressSet.union_of(private.values()), f"{', '.join(services)} of its members")


def _left_out(place: str, private: AddressSet, whose: str) -> Problem:
    message = f"{', '.join(private.to_text())} is private, so that no record outside leads to {whose}"
    return Problem(place, message, fix="write the public address that it is translated to")


def partners_not_told(draft: Draft) -> Iterator[Problem]:
    """Warn where partners are led to an Edge pool that lacks the feature, and another one has it."""
    edges = [host for host in draft.hosts_with("edge") if host.is_alive]
    pools = {domain: federation_pool(draft.topology, domain) for domain in draft.topology.sip_domains}
    for domain, pool in pools.items():
        for each in OF_PARTNERS if pool else ():
            able = [host for host in edges if each.applies_to(host)]
            if pool and able and not any(host.pool == pool.name for host in able):
                message = f"no record {each.label}.{domain}: pool {pool.name} has not {' or '.join(each.features)}"
                fix = f"name a pool that has it, as {able[0].pool}, or add the feature to its members"
                yield Problem(v.FEDERATION_POOL.name, message, fix=fix)


def site_pools_in_the_domain(draft: Draft) -> Iterator[Problem]:
    """Warn about pools of sites that no SRV record inside can have as a target."""
    for domain in draft.topology.sip_domains:
        key = domain if domain in draft.topology.home_pools else EVERY_DOMAIN
        home = draft.topology.home_pools.get(key)
        for site, each in home.sites.items() if home else ():
            if each.internal and not each.internal.endswith(f".{domain}"):
                message = f"{each.internal} is not in {domain}, so that _sipinternaltls._tcp.{domain} leaves it out"
                yield Problem(f"{v.HOME_POOLS.name}.{key}.sites.{site}.internal", message, fix="name a pool in it")


WARNINGS: tuple[Check, ...] = (
    without_sip_domains, without_time_server, without_simple_urls, names_without_a_domain, servers_named_like_a_pool,
    without_web_fqdn,
    without_external_web_fqdn, published_nowhere, without_external_fqdns, private_edges, partners_not_told,
    site_pools_in_the_domain,
)  # fmt: skip
