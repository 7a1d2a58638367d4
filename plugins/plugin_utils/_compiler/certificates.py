# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topology -> the certificates that pools ask for, and the public addresses of what is behind translation.

    CertificatePolicy(topology).of_pool(pool)      # Certificate("members", "external interface", "outside", ...)

Subjects and names are those of Microsoft's tables: MicrosoftDocs/OfficeDocs-SkypeForBusiness,
Skype/SfbServer/plan-your-deployment/requirements-for-your-environment/environmental-requirements.md, and of the Edge
Lync/LyncServer/lync-server-2013-certificate-summary-scaled-consolidated-edge-dns-load-balancing-with-private-ip-addresses-using-nat.md.
The A/V Edge service shows no certificate, so no name of it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._base.addresses import AddressSet
from .._inventory.meaning import has_feature
from .._inventory.model import Host, Pool, Topology
from .._inventory.naming import EXTERNAL, INTERNAL, autodiscover_name, home_pool, published_names, simple_url_names
from .._plan.model import Certificate
from .._publications.model import TlsMode

_MEMBERS, _PROXIES = "members", "reverse proxies"
_INSIDE, _OUTSIDE = "inside", "outside"
_WEB_ROLES = ("frontend", "standard_edition", "directors")


class CertificatePolicy:
    """Makes the certificates of pools."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        proxies = [host for host in topology.hosts.values() if "reverse_proxy" in host.roles and host.is_alive]
        self._has_proxies = bool(proxies)
        self._is_published_by_others = any(not host.reverse_proxy_driver for host in proxies)

    def of_pool(self, pool: Pool) -> tuple[Certificate, ...]:
        """Return the certificates of one pool; none of a pool that has no member, or whose members are proxies."""
        members = [host for host in map(self._topology.hosts.__getitem__, pool.members) if host.is_alive]
        if not members or pool.role == "reverse_proxy":
            return ()
        own = [pool.name, *sorted(host.fqdn for host in members if "." in host.fqdn)]
        if pool.role == "edge":
            return tuple(self._of_edge(pool, members[0], own))
        return (*self._of_members(pool, members[0], own), *self._of_proxies(pool))

    def _of_members(self, pool: Pool, member: Host, own: list[str]) -> Iterator[Certificate]:
        """Yield what the members hold: servers with web services three, which may be one; a farm of others one."""
        published, seen_by = published_names(pool, self._topology), self._outer_witness(pool)
        if pool.role not in _WEB_ROLES:
            subject = pool.web_fqdn or pool.name
            names = _names([subject], own, published)
            yield Certificate(_MEMBERS, "default", seen_by if published else _INSIDE, subject, names)
            return
        yield Certificate(_MEMBERS, "default", _INSIDE, pool.name, _names(own, self._sign_in_names(pool)))
        inside = _names(own, filter(None, [pool.web_fqdn]), self._web_names(member, INTERNAL))
        yield Certificate(_MEMBERS, "web services internal", _INSIDE, pool.name, inside)
        if published:
            names = _names(own, published, self._web_names(member, EXTERNAL))
            yield Certificate(_MEMBERS, "web services external", seen_by, pool.name, names)

    def _outer_witness(self, pool: Pool) -> str:
        """Return who meets the certificate of the members for names outside: everybody, where TLS passes through."""
        return _PROXIES if self._is_hidden(pool) else _OUTSIDE

    def _is_hidden(self, pool: Pool) -> bool:
        return self._has_proxies and (pool.tls.mode == TlsMode.BRIDGE or self._is_published_by_others)

    def _of_proxies(self, pool: Pool) -> Iterator[Certificate]:
        names = published_names(pool, self._topology)
        if names and self._is_hidden(pool):
            first, path = pool.external_web_fqdn or names[0], pool.tls.certificate or None
            yield Certificate(_PROXIES, "listener", _OUTSIDE, first, _names([first], names), path)

    def _of_edge(self, pool: Pool, member: Host, own: list[str]) -> Iterator[Certificate]:
        yield Certificate(_MEMBERS, "internal interface", _INSIDE, pool.name, _names(own))
        domains = self._topology.sip_domains
        names = [f"sip.{domain}" for domain in domains]
        partners = domains if has_feature(member, "xmpp") else ()
        access = pool.external_fqdns.get("access") or next(iter(names), "")
        if access:
            conferences = filter(None, [pool.external_fqdns.get("web_conferencing")])
            held = _names([access, *conferences], names, partners)
            yield Certificate(_MEMBERS, "external interface", _OUTSIDE, access, held)

    def _web_names(self, member: Host, view: str) -> list[str]:
        """Return simple URLs and names of discovery, which each pool has that may have to take over from another."""
        found = [name for domain in self._topology.sip_domains for name in autodiscover_name(member, domain, view)]
        return [*simple_url_names(self._topology, view), *found]

    def _sign_in_names(self, pool: Pool) -> list[str]:
        domains = self._topology.sip_domains
        return [f"sip.{domain}" for domain in domains if home_pool(self._topology, domain) is pool]


def public_addresses(host: Host) -> Mapping[str, tuple[str, ...]] | None:
    """Return the addresses that the Internet knows of a host, by its own; None where nothing is translated."""
    pairs = [(host.external_addresses.get(service), public) for service, public in host.external_nat_addresses.items()]
    pairs.append((host.external_address or host.addresses, host.external_nat_address))
    found: dict[str, set[str]] = {}
    for text, values in (pair for own, public in pairs if own for pair in _translations(own, public)):
        found.setdefault(text, set()).update(values)
    return {text: tuple(sorted(values)) for text, values in sorted(found.items())} or None


def _translations(own: AddressSet, public: AddressSet) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each address with the public ones of its family."""
    for family in sorted(public.families):
        values = public.of_families(frozenset({family})).each()
        yield from ((text, values) for text in own.of_families(frozenset({family})).each())


def _names(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in parts for name in part))
