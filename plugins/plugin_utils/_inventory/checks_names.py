# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of the names of a deployment: the pools that answer them, and what may be told outside."""

from __future__ import annotations

from collections.abc import Iterator

from .._base.addresses import AddressSet
from .._base.errors import Problem, name_correction, names_text, shown
from . import variables as v
from .build import Check, Draft
from .model import Home
from .naming import (
    EVERY_DOMAIN,
    home_candidates,
    home_of,
    home_pool,
    private_addresses,
)

_INSIDE = ("directors", "frontend", "standard_edition")
_ROLES_OF_KEY = {"internal": _INSIDE, "external": ("edge",)}


def _named_pools(homes: dict[str, Home]) -> Iterator[tuple[str, str, str | None]]:
    """Yield (place, key, pool) of every pool that lync_home_pools names."""
    for domain, home in homes.items():
        for place, each in ((domain, home), *((f"{domain}.sites.{site}", one) for site, one in home.sites.items())):
            yield f"lync_home_pools.{place}", "internal", each.internal
            yield f"lync_home_pools.{place}", "external", each.external


def home_pools_known(draft: Draft) -> Iterator[Problem]:
    """Refuse pools in lync_home_pools and lync_federation_pool that do not exist, or have another role."""
    named = [*_named_pools(dict(draft.topology.home_pools)), ("", "external", draft.topology.federation_pool)]
    for place, key, name in named:
        pools = [pool.name for pool in draft.topology.pools.values() if pool.role in _ROLES_OF_KEY[key]]
        if name and name not in pools and draft.pools_readable:
            roles = ", ".join(_ROLES_OF_KEY[key])
            fix = name_correction(name, pools, f"name a pool of role {roles}")
            where = f"{place}.{key}" if place else v.FEDERATION_POOL.name
            yield Problem(where, f"there is no pool {shown(name)} of role {roles}", names_text(pools), fix)


def home_domains_known(draft: Draft) -> Iterator[Problem]:
    """Refuse domains in lync_home_pools that are no SIP domains."""
    domains = draft.topology.sip_domains
    for domain in draft.topology.home_pools:
        if domain != EVERY_DOMAIN and domain not in domains and draft.deployment.good(v.SIP_DOMAINS):
            fix = name_correction(domain, domains, "add it to lync_sip_domains")
            yield Problem(f"lync_home_pools.{domain}", f"{domain} is no SIP domain", names_text(domains), fix)


def domains_have_a_home(draft: Draft) -> Iterator[Problem]:
    """Refuse SIP domains where there is no pool that anybody could sign in to."""
    has_home = any(pool.role in _INSIDE for pool in draft.topology.pools.values())
    if draft.topology.sip_domains and not has_home and draft.pools_readable:
        message = f"nobody signs in anywhere: there is no pool for {names_text(draft.topology.sip_domains)}"
        yield Problem(v.SIP_DOMAINS.name, message, f"a pool of role {', '.join(_INSIDE)}", "add the pool, or remove it")


def records_of_pools(draft: Draft) -> Iterator[Problem]:
    """Refuse records of the site's own that go with no pool, stand twice, or tell the outside a private address."""
    seen: set[tuple[str, str, str]] = set()
    for each in draft.topology.extra_records:
        place, key = f"{v.EXTRA_DNS_RECORDS.name} {each.name}", (each.name.lower(), each.type, each.view)
        if each.pool not in draft.topology.pools and draft.pools_readable:
            fix = name_correction(each.pool, draft.topology.pools, "name a pool of lync_pools")
            yield Problem(place, f"there is no pool {shown(each.pool)}", names_text(draft.topology.pools), fix)
        if key in seen:
            yield Problem(place, f"the record {each.type} of view {each.view} stands twice", fix="make one of the two")
        seen.add(key)
        if each.view == "external" and each.type in ("A", "AAAA") and any(map(_is_private, each.values)):
            message = f"{names_text(each.values)} has private addresses, which the Internet does not reach"
            yield Problem(place, message, "public addresses", "write the public address, or view: internal")


def _is_private(text: str) -> bool:
    return bool(AddressSet.parse([text]) & private_addresses())


def home_chosen_by_name(draft: Draft) -> Iterator[Problem]:
    """Warn where the first pool by name stands in for a choice that nobody made."""
    candidates = home_candidates(draft.topology)
    central = any(pool.name == draft.topology.central_management_pool for pool in candidates)
    for domain in draft.topology.sip_domains:
        chosen = home_of(draft.topology, domain).internal
        home = home_pool(draft.topology, domain)
        if len(candidates) > 1 and not central and not chosen and home is not None:
            message = f"clients of {domain} are sent to pool {home.name}, the first by name of {len(candidates)}"
            yield Problem("lync_home_pools", message, fix="name the pool that they sign in to first")


ERRORS: tuple[Check, ...] = (home_pools_known, home_domains_known, domains_have_a_home, records_of_pools)
WARNINGS: tuple[Check, ...] = (home_chosen_by_name,)
